//! import_evidently

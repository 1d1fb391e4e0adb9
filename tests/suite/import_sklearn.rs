//! import_sklearn

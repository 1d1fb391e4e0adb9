//! import_native

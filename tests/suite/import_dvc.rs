//! import_dvc

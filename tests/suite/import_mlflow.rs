//! import_mlflow

//! import_huggingface

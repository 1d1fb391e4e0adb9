//! The `presscheck` binary: everything lives in the library.

fn main() -> std::process::ExitCode {
    presscheck::cli::run().into()
}

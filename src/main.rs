//! The `exhibit` program.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    exhibit::cli::main()
}

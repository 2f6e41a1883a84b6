use std::process::ExitCode;

fn main() -> ExitCode {
    oldgrowth_agent::cli::run()
}

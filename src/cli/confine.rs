//! `exhibit confine`: for the program itself, around a downloader.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::exit::Failure;
use crate::fetch::{Bounds, confine, run_confined};

/// What a program is confined to.
#[derive(clap::Args)]
pub struct Args {
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    read: Vec<PathBuf>,
    #[arg(long)]
    port: u16,
    #[arg(long)]
    bytes: u64,
    #[arg(long)]
    seconds: u64,
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

/// Runs the program to its end, and ends with its exit code; 124 if it was stopped by the clock.
pub fn run(args: Args) -> Failure {
    let bounds = Bounds { dir: args.dir, read: args.read, port: args.port, bytes: args.bytes };
    let confined = match confine(&bounds) {
        Ok(confined) => confined,
        Err(why) => return Failure::new(why),
    };
    super::plain::complain(&format!("exhibit: {}", confined.as_str()));
    let ran = run_confined(Command::new(&args.command[0]).args(&args.command[1..]), Duration::from_secs(args.seconds));
    match ran {
        Ok(code) => std::process::exit(code),
        Err(error) => Failure::new(format!("{} cannot be run: {error}", args.command[0].to_string_lossy())),
    }
}

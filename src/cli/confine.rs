//! `exhibit confine`: for the program itself, around a downloader.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::exit::Failure;
use crate::fetch::{Bounds, confine};

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
    #[arg(last = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

/// Becomes the program; what is given back is why not.
pub fn run(args: Args) -> Failure {
    let bounds = Bounds { dir: args.dir, read: args.read, port: args.port, bytes: args.bytes };
    let confined = match confine(&bounds) {
        Ok(confined) => confined,
        Err(why) => return Failure::new(why),
    };
    eprintln!("exhibit: {}", confined.as_str());
    let error = Command::new(&args.command[0]).args(&args.command[1..]).exec();
    Failure::new(format!("{} cannot be run: {error}", args.command[0].to_string_lossy()))
}

//! The command line: one file a command, each parses, calls, and prints. Only this room prints.

mod add;
mod anchor;
mod archive;
mod confine;
mod context;
mod examine;
mod exit;
mod export;
mod handle;
mod import;
mod init;
mod key;
mod list;
mod log;
mod plain;
mod purge;
mod rebuild;
mod recapture;
mod refs;
mod render;
mod replica;
mod reports;
mod review;
mod search;
mod show;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use context::{Context, Global};
use exit::{Exit, Failure};

/// Turns reports that mention footage into evidence that can be checked: archive, verify, export.
#[derive(Parser)]
#[command(name = "exhibit", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit codes:\n  0 done (verify: green)\n  1 could not do it\n  2 usage\n  3 findings (verify: amber or red)\n  4 done, some captures failed or were cut\n\nA first run:\n  exhibit archive --case my-case report.html\n  exhibit --case my-case verify"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    Refs(refs::Args),
    Examine(examine::Args),
    Archive(archive::Args),
    Add(add::Args),
    Recapture(recapture::Args),
    List(list::Args),
    Show(show::Args),
    Search(search::Args),
    Verify(verify::Args),
    Log(log::Args),
    Anchor(anchor::Args),
    Key(key::Args),
    Handle(handle::Args),
    Hold(handle::Hold),
    Purge(purge::Args),
    Mirror(replica::Mirror),
    Repair(replica::Repair),
    Export(export::Args),
    Import(import::Args),
    Rebuild(rebuild::Args),
    /// Print a completion script for a shell
    #[command(hide = true)]
    Completions {
        shell: clap_complete::Shell,
    },
    /// Take the PDF or spreadsheet on standard input apart (for `exhibit` itself, which bounds it)
    #[command(hide = true)]
    Extract,
    /// Keep a program in its directory and run it (for `exhibit` itself)
    #[command(hide = true)]
    Confine(confine::Args),
    /// Write the man pages into a directory
    #[command(hide = true)]
    Man {
        dir: std::path::PathBuf,
    },
}

/// Runs the program and gives its exit code.
pub fn main() -> ExitCode {
    // A reader that closes its end (`exhibit list | head`) ends the program quietly; a page of a panic
    // on a closed pipe helps nobody.
    let cli = Cli::parse();
    let context = Context::new(cli.global);
    let result = match cli.command {
        Command::Init(args) => init::run(&context, args),
        Command::Refs(args) => refs::run(&context, args),
        Command::Examine(args) => examine::run(&context, args),
        Command::Archive(args) => archive::run(&context, args),
        Command::Add(args) => add::run(&context, args),
        Command::Recapture(args) => recapture::run(&context, args),
        Command::List(args) => list::run(&context, args),
        Command::Show(args) => show::run(&context, args),
        Command::Search(args) => search::run(&context, args),
        Command::Verify(args) => verify::run(&context, args),
        Command::Log(args) => log::run(&context, args),
        Command::Anchor(args) => anchor::run(&context, args),
        Command::Key(args) => key::run(&context, args),
        Command::Handle(args) => handle::run(&context, args),
        Command::Hold(args) => handle::hold(&context, args),
        Command::Purge(args) => purge::run(&context, args),
        Command::Mirror(args) => replica::run_mirror(&context, args),
        Command::Repair(args) => replica::run_repair(&context, args),
        Command::Export(args) => export::run(&context, args),
        Command::Import(args) => import::run(&context, args),
        Command::Rebuild(args) => rebuild::run(&context, args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "exhibit", &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Command::Extract => crate::stages::extract(std::io::stdin().lock(), std::io::stdout().lock())
            .map(|()| Exit::Done)
            .map_err(|error| Failure::new(format!("What was taken apart could not be passed on: {error}"))),
        Command::Confine(args) => Err(confine::run(args)),
        Command::Man { dir } => man(&dir),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

fn man(dir: &std::path::Path) -> Result<Exit, Failure> {
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .map_err(|error| Failure::new(format!("The man pages cannot be written to {}: {error}", dir.display())))?;
    Ok(Exit::Done)
}

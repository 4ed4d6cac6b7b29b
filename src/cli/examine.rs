//! `exhibit examine`

use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{fit, pad, print, print_json, safe, strong};
use crate::stages::examine_file;

/// Show what media files themselves say, without recording anything
#[derive(clap::Args)]
#[command(after_help = "Example:\n  exhibit examine clip.mp4 photo.jpg --json")]
pub struct Args {
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(_: &Context, args: Args) -> Result<Exit, Failure> {
    let (mut all, mut failed) = (Vec::new(), false);
    for path in &args.files {
        match examine_file(path) {
            Ok(examined) => all.push(examined),
            Err(error) => {
                Failure::from(error).tell();
                failed = true;
            }
        }
    }
    if args.json {
        print_json(&all);
    } else {
        for examined in &all {
            let mut text = format!("{}\n  {} {}\n", strong(&safe(&examined.file)), pad("sha256", 14), examined.sha256);
            for (name, value) in examined.facts.as_object().into_iter().flatten() {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text.push_str(&format!("  {} {}\n", pad(&name.replace('_', " "), 14), fit(&value, 60)));
            }
            for problem in &examined.problems {
                text.push_str(&format!("  {} {}\n", pad("problem", 14), fit(problem, 60)));
            }
            print(&text);
        }
    }
    Ok(if failed { Exit::NotAll } else { Exit::Done })
}

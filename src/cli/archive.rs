//! `exhibit archive`

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{fit, pad, print, print_json, safe};
use super::{init, render};
use crate::evidence::{Item, Outcome};
use crate::fetch::Permit;
use crate::stages::{Coverage, Progress, Source, archive, obtain_file};
use crate::vault::{Layout, Vault};

/// The main job: record reports, capture all footage they refer to, and say what is covered
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit archive --case idlib-2015 report.html\n  exhibit archive https://news.example/a other.csv\n  exhibit archive saved.html --url https://news.example/a --published 2015-10-04\n  exhibit archive report.html --recapture      (fetch again what was fetched before)"
)]
pub struct Args {
    /// Files, directories of them, `-` for standard input, or http(s) addresses
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<String>,
    /// Record the references, fetch nothing
    #[arg(long)]
    no_fetch: bool,
    /// Try items again that were tried before: each try is a dated record, changed bytes a new version
    #[arg(long, conflicts_with = "no_fetch")]
    recapture: bool,
    /// Where a saved page came from: relative links resolve against it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The report's date, where it does not say (EDTF, such as 2015-10-04)
    #[arg(long, value_name = "DATE", value_parser = super::reports::date)]
    published: Option<String>,
    /// A review of the reports, as `exhibit refs --review` or `refs --json` and an editor make it
    #[arg(long, value_name = "FILE")]
    from_json: Option<std::path::PathBuf>,
    /// A host or network that may be asked although it is not public (repeatable); recorded in the log
    #[arg(long = "allow-host", value_name = "HOST|CIDR")]
    allow: Vec<Permit>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let sources: Vec<Source> = super::reports::expand(&args.reports).iter().map(|report| Source::parse(report)).collect();
    // A case is not begun for reports that are not there.
    let unusable = |source: &Source| match source {
        Source::File(path) => obtain_file(path).err(),
        Source::Url(_) | Source::Input => None,
    };
    let begins = context.global.case.as_ref().is_some_and(|root| !root.exists());
    let errors: Vec<_> = if begins { sources.iter().filter_map(unusable).collect() } else { Vec::new() };
    if begins && errors.len() == sources.len() {
        errors.into_iter().for_each(|error| Failure::from(error).tell());
        return Ok(Exit::NotAll);
    }
    let (mut vault, config) = match &context.global.case {
        Some(root) if (!Layout::is_case(root) || Vault::was_begun(root)) && !root.is_file() => {
            let (vault, made) = match init::create(context, root, None) {
                // Another run made it a moment ago: then it is there to be used.
                Err(_) if Layout::is_case(root) && !Vault::was_begun(root) => (context.vault()?.0, None),
                other => other?,
            };
            if !args.json {
                context.say(&format!("Started the case {}.\n", safe(&root.display().to_string())));
                context.say(&init::told(&vault.key().fingerprint(), made));
                context.say("\n");
            }
            (vault, context.config(root)?)
        }
        _ => context.vault()?,
    };
    let mut how = context.archiving(&config, &args.allow)?;
    how.fetch = !args.no_fetch;
    how.recapture = args.recapture;
    how.url = args.url.clone();
    how.published = args.published.clone();
    how.reviews = args.from_json.as_deref().map(super::review::load).transpose()?.unwrap_or_default();
    stop_on_interrupt(how.stop.clone());
    let mut progress = Shown::new(context.global.quiet || args.json, context.global.verbose);
    let told = archive(&mut vault, &sources, &how, &mut progress);
    progress.end();
    let told = told?;
    let (mut covered, mut failed) = (Vec::new(), false);
    for statement in told {
        match statement {
            Ok(coverage) => covered.push(coverage),
            Err(error) => {
                Failure::from(error).tell();
                failed = true;
            }
        }
    }
    if args.json {
        print_json(&covered);
    } else if !context.global.quiet {
        covered.iter().for_each(|coverage| print(&render::coverage(coverage)));
        let root = context.root()?;
        print(&next_steps(&covered, &root.display().to_string(), context.global.case.is_some()));
    }
    let missed = covered.iter().any(Coverage::is_lacking);
    Ok(match (failed, missed) {
        (true, _) => Exit::NotAll,
        (false, true) => Exit::SomeFailed,
        (false, false) => Exit::Done,
    })
}

fn next_steps(covered: &[Coverage], root: &str, named: bool) -> String {
    let case = if named { format!(" --case {}", safe(root)) } else { String::new() };
    if covered.iter().all(|coverage| coverage.lines.is_empty()) {
        return String::new();
    }
    format!("Next:\n  exhibit{case} list\n  exhibit{case} verify\n  exhibit{case} export --all --to BAG\n")
}

/// The first Ctrl-C stops after what is under way; the second stops at once (nothing acknowledged is
/// lost either way).
pub(super) fn stop_on_interrupt(stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return };
        runtime.block_on(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                if stop.swap(true, Ordering::Relaxed) {
                    std::process::exit(1);
                }
                super::plain::complain("exhibit: Stopping after what is under way; press Ctrl-C again to stop at once");
            }
        });
    });
}

/// A bar on a terminal, a line for each item elsewhere or when asked to say more.
pub(super) struct Shown {
    bar: Option<ProgressBar>,
    quiet: bool,
    verbose: bool,
}

impl Shown {
    pub(super) fn new(quiet: bool, verbose: bool) -> Shown {
        Shown { bar: None, quiet, verbose }
    }

    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Progress for Shown {
    fn begin(&mut self, total: usize) {
        if self.quiet || self.verbose || total == 0 || !std::io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::new(total as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        self.bar = Some(bar);
    }

    fn done(&mut self, item: &Item, outcome: Outcome, because: &str) {
        let name = item.url.as_deref().unwrap_or(&item.key);
        if let Some(bar) = &self.bar {
            bar.inc(1);
            bar.set_message(fit(name, 50));
        } else if !self.quiet {
            let why = if outcome == Outcome::Ok && !self.verbose { String::new() } else { format!(" ({})", safe(because)) };
            // In one piece: a receipt is read while the run goes on, and half of one would name something else.
            let line = format!("{} {}{why}\n", pad(outcome.as_str(), 18), safe(name));
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
}

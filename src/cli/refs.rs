//! `exhibit refs`

use serde::Serialize;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::print_json;
use super::render;
use crate::evidence::{Origin, Reference, Report};
use crate::fetch::Permit;
use crate::reading::{self, Excluded, Hints};
use crate::stages::{Source, obtain_file, obtain_input, read_report};

/// List what reports refer to and claim, without recording anything
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit refs report.html\n  exhibit refs saved.html --url https://news.example/a --published 2015-10-04 --json\n  cat notes.txt | exhibit refs -"
)]
pub struct Args {
    /// Files, directories of them, `-` for standard input, or http(s) addresses
    #[arg(required = true, value_name = "REPORT")]
    reports: Vec<String>,
    /// Where a saved page came from: relative links resolve against it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The report's date, where it does not say (EDTF, such as 2015-10-04)
    #[arg(long, value_name = "DATE", value_parser = super::reports::date)]
    published: Option<String>,
    /// List what was left out as belonging to the site, too
    #[arg(long)]
    excluded: bool,
    /// Go through what was found, and accept, correct, reject or add; the result is saved for `archive --from-json`
    #[arg(long, conflicts_with_all = ["json", "from_json"])]
    review: bool,
    /// Show what a review makes of the report
    #[arg(long, value_name = "FILE")]
    from_json: Option<std::path::PathBuf>,
    /// Where the review is saved [default: the report's name with .review.json, in this directory]
    #[arg(long, value_name = "FILE", requires = "review")]
    save: Option<std::path::PathBuf>,
    /// A host or network that may be asked although it is not public (repeatable)
    #[arg(long = "allow-host", value_name = "HOST|CIDR")]
    allow: Vec<Permit>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Told {
    report: Report,
    references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    excluded: Vec<Excluded>,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let (mut all, mut failed) = (Vec::new(), false);
    for report in &super::reports::expand(&args.reports) {
        match read(context, &args, report) {
            Ok(told) => all.push(told),
            Err(failure) => {
                failure.tell();
                failed = true;
            }
        }
    }
    if args.review {
        for told in &all {
            super::review::run(context, &told.report, &told.references, args.save.as_deref())?;
        }
    } else if args.json {
        print_json(&all);
    } else {
        for told in &all {
            super::plain::print(&render::references(&told.report, &told.references));
            if args.excluded {
                super::plain::print(&render::excluded(&told.excluded));
            }
        }
    }
    Ok(if failed { Exit::NotAll } else { Exit::Done })
}

fn read(context: &Context, args: &Args, report: &str) -> Result<Told, Failure> {
    let source = Source::parse(report);
    let (origin, bytes, declared_type) = match &source {
        Source::File(path) => {
            let obtained = obtain_file(path)?;
            (obtained.origin, obtained.bytes, None)
        }
        Source::Input => {
            let obtained = obtain_input(std::io::stdin().lock())?;
            (obtained.origin, obtained.bytes, None)
        }
        Source::Url(url) => {
            let how = context.archiving(&context.settings()?, &args.allow)?;
            let (bytes, declared) = crate::stages::peek(url, &how)?;
            (Origin::Url(url.clone()), bytes, declared)
        }
    };
    let url = match &origin {
        Origin::Url(url) => Some(url.clone()),
        _ => args.url.clone(),
    };
    let hints = Hints { origin: origin.text().to_owned(), url, published: args.published.clone(), declared_type };
    let document = read_report(&bytes, &hints, std::env::current_exe().ok().as_deref())?;
    let references = reading::refer(&document);
    let problems = reading::problems(&document, &references);
    let references = match &args.from_json {
        Some(file) => super::review::applied(references, &document.report, file)?,
        None => references,
    };
    let excluded = if args.excluded { document.excluded } else { Vec::new() };
    Ok(Told { report: Report { problems, ..document.report }, references, excluded })
}

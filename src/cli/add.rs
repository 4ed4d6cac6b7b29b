//! `exhibit add`

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{print_json, safe};
use crate::evidence::{Claim, Completeness, Outcome, Reading};
use crate::fetch::Permit;
use crate::reading::read_date;
use crate::stages::{Handed, Received, Source, Thing, hand_over, parcel};

/// Admit footage that was handed over or found directly
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit add clip.mp4 --acquired-from \"a witness\" --date 2015-10-04 --by \"A. Archivist\"\n  exhibit add https://video.example/clip.mp4 --location \"southwest of Idlib\""
)]
pub struct Args {
    /// Files, directories, archives (zip, tar, tar.gz; admitted themselves, and all that is in them), or http(s) addresses
    #[arg(required = true, value_name = "FILE|URL")]
    sources: Vec<String>,
    /// Where it is said to be from: a claim of yours
    #[arg(long, value_name = "PLACE")]
    location: Option<String>,
    /// When it is said to be from: a claim of yours
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
    /// Who is said to have uploaded it: a claim of yours
    #[arg(long, value_name = "NAME")]
    uploader: Option<String>,
    /// From whom you have it: a claim of yours
    #[arg(long, value_name = "NAME")]
    acquired_from: Option<String>,
    /// When you got it: a claim of yours
    #[arg(long, value_name = "DATE")]
    acquired_on: Option<String>,
    /// A remark of yours
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A host or network that may be asked although it is not public (repeatable); recorded in the log
    #[arg(long = "allow-host", value_name = "HOST|CIDR")]
    allow: Vec<Permit>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let (mut vault, config) = context.vault()?;
    let how = context.archiving(&config, &args.allow)?;
    let (mut told, mut failed, mut missed) = (Vec::new(), false, false);
    let scratch = vault.reader().layout().root.join("scratch");
    for text in &args.sources {
        let found = match parcel(&Source::parse(text), &scratch, how.client.route().limits.max_bytes) {
            Ok(found) => found,
            Err(error) => {
                Failure::from(error).tell();
                failed = true;
                continue;
            }
        };
        for source in found {
            let text = match &source {
                Thing::Member(member) => member.name.clone(),
                Thing::Whole(_) => text.clone(),
            };
            let handed = Handed { source, claims: claims(&args), note: args.note.clone(), by: "person" };
            match hand_over(&mut vault, &handed, &how) {
                Err(error) => {
                    Failure::from(error).tell();
                    failed = true;
                }
                Ok(received) => {
                    missed |= received.outcome != Outcome::Ok || received.completeness == Completeness::Truncated;
                    if !args.json {
                        context.say(&line(&received, &safe(&text)));
                    }
                    let mut all = serde_json::json!(received);
                    all["source"] = serde_json::json!(text);
                    told.push(all);
                }
            }
        }
    }
    if args.json {
        print_json(&told);
    }
    Ok(match (failed, missed) {
        (true, _) => Exit::NotAll,
        (false, true) => Exit::SomeFailed,
        (false, false) => Exit::Done,
    })
}

/// What became of one thing, for people.
fn line(received: &Received, source: &str) -> String {
    let because = safe(&received.because);
    match &received.exhibit {
        Some(id) if received.completeness == Completeness::Complete => format!("{id}  {source}: complete\n"),
        Some(id) => format!("{id}  {source}: {}: {because}\n", received.completeness),
        None => format!("{}  {source}: {because}\n", received.outcome),
    }
}

fn claims(args: &Args) -> Vec<Claim> {
    let said = [
        ("location", &args.location),
        ("date", &args.date),
        ("uploader", &args.uploader),
        ("acquired-from", &args.acquired_from),
        ("acquired-on", &args.acquired_on),
    ];
    let claim = |(property, value): (&str, &Option<String>)| {
        let value = value.clone()?;
        let edtf = matches!(property, "date" | "acquired-on").then(|| read_date(&value)).flatten();
        let reading = edtf.map(|edtf| Reading { place: None, edtf: Some(edtf) });
        Some(Claim {
            property: property.to_owned(),
            value,
            via: None,
            hedges: Vec::new(),
            quote: None,
            reading,
            rule: "person/command@1".into(),
        })
    };
    said.into_iter().filter_map(claim).collect()
}

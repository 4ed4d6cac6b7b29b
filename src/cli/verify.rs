//! `exhibit verify`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::context::{Context, TrustOutside};
use super::exit::{Exit, Failure};
use super::plain::{Bar, print_json};
use super::render;
use crate::bag::is_bag;
use crate::evidence::{Digest, Time, Verdict};
use crate::stages::{Depth, Looking, Verification, audit, verify_bag, verify_case};
use crate::vault::Reader;

/// Prove that nothing changed, or name what did
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit verify                     (the case here)\n  exhibit verify bags/E7             (an exported bag)\n  exhibit verify --quick --json\n  exhibit verify --due --rate 50M    (what was not checked for fixity.days; each result is recorded)\n\nGreen: all recomputed, nothing extra. Amber: explained by what you do not know here, such as a\nkey that you do not trust yet. Red: anything else."
)]
pub struct Args {
    /// A case or an exported bag [default: the case]
    path: Option<PathBuf>,
    /// Structure, and BLAKE3 of every object
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Structure, and SHA-256 of every object (the default)
    #[arg(long)]
    full: bool,
    /// Bytes of those objects only that came at this time or later (2026-11-23, or with a time of day in UTC)
    #[arg(long, value_name = "TIME", conflicts_with_all = ["sample", "due"])]
    since: Option<String>,
    /// Bytes of so many objects only, chosen by chance: a number, or a percentage such as 5%
    #[arg(long, value_name = "N", conflicts_with = "due")]
    sample: Option<String>,
    /// Bytes of those objects only that were not checked for so many days [default: fixity.days of exhibit.toml]; recorded
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "", value_name = "DAYS")]
    due: Option<String>,
    /// Record in the log what each object's bytes said
    #[arg(long)]
    record: bool,
    /// Read no more than so many bytes a second: 50M, 1G
    #[arg(long, value_name = "BYTES")]
    rate: Option<String>,
    /// A command that gets the JSON on its standard input when the verdict is not green
    #[arg(long, value_name = "COMMAND", env = "EXHIBIT_NOTIFY", hide_env_values = true)]
    notify: Option<String>,
    /// A head noted earlier, such as 66-e478-3550-666f-686f: the log must still begin with it
    #[arg(long, value_name = "HEAD")]
    head: Option<String>,
    /// More keys to trust: an allowed_signers file (repeatable)
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    #[command(flatten)]
    outside: TrustOutside,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Bytes: `1000`, `50M`, `1.5G` (powers of 1000).
fn bytes(text: &str) -> Result<u64, Failure> {
    let wrong = || Failure::new(format!("{text:?} is not a number of bytes")).next("write 50M or 1G, say");
    let (number, unit) = match text.char_indices().last() {
        Some((at, letter)) if letter.is_ascii_alphabetic() => (&text[..at], letter.to_ascii_uppercase()),
        _ => (text, ' '),
    };
    let factor = match unit {
        ' ' => 1e0,
        'K' => 1e3,
        'M' => 1e6,
        'G' => 1e9,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if number.is_finite() && number * factor >= 1.0 { Ok((number * factor) as u64) } else { Err(wrong()) }
}

/// A day, or a moment, in UTC.
pub fn moment(text: &str) -> Result<Time, Failure> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ if text.ends_with('Z') => text.to_owned(),
        _ => format!("{}Z", text.replace(' ', "T")),
    };
    whole.parse().map_err(|_| Failure::new(format!("{text:?} is not a time")).next("write 2026-11-23, or 2026-11-23T08:00:00Z"))
}

impl Args {
    /// The objects whose bytes are asked for; none: all.
    fn only(&self, context: &Context, root: &Path) -> Result<Option<BTreeSet<Digest>>, Failure> {
        if let Some(since) = &self.since {
            return Ok(Some(Reader::open(root)?.objects_since(moment(since)?)?));
        }
        if let Some(days) = &self.due {
            let days: u32 = match days.as_str() {
                "" => context.config(root)?.fixity.days,
                days => days
                    .parse()
                    .map_err(|_| Failure::new(format!("{days:?} is not a number of days")).next("write --due=90, say"))?,
            };
            let before = context.clock.now().micros() - i64::from(days) * 86_400_000_000;
            return Ok(Some(Reader::open(root)?.due(Time::from_micros(before))?));
        }
        let Some(sample) = &self.sample else { return Ok(None) };
        let objects = Reader::open(root)?.objects()?;
        let wrong = || Failure::new(format!("{sample:?} is no number of objects")).next("write 1000, or 5%");
        let most = match sample.strip_suffix('%') {
            Some(share) => {
                let share: f64 = share.parse().ok().filter(|share| (0.0..=100.0).contains(share)).ok_or_else(wrong)?;
                (objects.len() as f64 * share / 100.0).ceil() as usize
            }
            None => sample.parse().map_err(|_| wrong())?,
        };
        // Each object draws a number; those with the lowest are taken.
        let mut drawn: Vec<(u64, Digest)> = objects
            .iter()
            .map(|object| {
                let mut number = [0; 8];
                context.random.fill(&mut number);
                (u64::from_le_bytes(number), object.sha256)
            })
            .collect();
        drawn.sort();
        Ok(Some(drawn.into_iter().take(most).map(|(_, digest)| digest).collect()))
    }

    fn case(&self, context: &Context, root: &Path) -> Result<Verification, Failure> {
        let trusted = context.trusted(&self.trust);
        let bar = Bar::new(context.global.quiet || self.json);
        let tick = |done: u64, total: u64| bar.tick(done, total);
        let depth = if self.quick { Depth::Quick } else { Depth::Full };
        let rate = self.rate.as_deref().map(bytes).transpose()?;
        let outside = context.outside(&self.outside)?;
        let mut looking = Looking { depth, only: None, rate, tick: &tick, outside, now: Some(context.clock.now()) };
        let verification = if self.record || self.due.is_some() {
            // Without its key nothing can be recorded: that is known before hours of reading.
            let mut vault = context.vault_at(root)?.0;
            looking.only = Some(BTreeSet::new());
            let mut verification = verify_case(root, &trusted, &looking)?;
            looking.only = self.only(context, root)?;
            audit(&mut vault, &mut verification, &looking)?;
            verification
        } else {
            // What cannot even be opened to choose from is for the whole check to name.
            looking.only = if Reader::open(root).is_ok() { self.only(context, root)? } else { None };
            verify_case(root, &trusted, &looking)?
        };
        Ok(verification)
    }
}

/// Tells a command of the person's own what was found. That it fails changes no verdict.
fn notify(command: &str, verification: &Verification) {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let told =
        Command::new("sh").arg("-c").arg(command).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().and_then(|mut child| {
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(&serde_json::to_vec(verification).unwrap_or_default())?;
            }
            child.wait()
        });
    match told {
        Ok(status) if status.success() => {}
        Ok(status) => super::plain::complain(&format!("exhibit: The command of --notify ended with {status}")),
        Err(error) => super::plain::complain(&format!("exhibit: The command of --notify could not be told: {error}")),
    }
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let path = match &args.path {
        Some(path) => path.clone(),
        None => context.root()?,
    };
    let verification = if is_bag(&path) {
        verify_bag(&path, &context.trusted(&args.trust), &context.outside(&args.outside)?)?
    } else {
        let mut verification = args.case(context, &path)?;
        if let Some(head) = &args.head {
            verification.compare_head(&path, head.trim())?;
        }
        verification
    };
    if args.json {
        print_json(&verification);
    } else if !context.global.quiet || verification.verdict != Verdict::Green {
        super::plain::print(&render::verification(&verification));
    }
    match &args.notify {
        Some(command) if verification.verdict != Verdict::Green => notify(command, &verification),
        _ => {}
    }
    Ok(if verification.verdict == Verdict::Green { Exit::Done } else { Exit::Findings })
}

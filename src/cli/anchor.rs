//! `exhibit anchor`

use serde_json::json;

use super::context::{Context, TrustOutside};
use super::exit::{Exit, Failure};
use super::plain::{print, print_json, safe};
use crate::evidence::Digest;
use crate::fetch::{Proxy, ask_authority};
use crate::ledger::{nonce_of, timestamp_request, verify_timestamp};
use crate::stages::{Anchored, Answer, Authority, Question, anchor, upgrade};

/// Have others attest, with the time, that the log stood as it does: timestamp authorities (RFC 3161), calendars of
/// OpenTimestamps, witnesses
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit anchor                                 (those of exhibit.toml)\n  exhibit anchor http://timestamp.example.org --tsa-root root.pem\n  exhibit anchor --calendar https://calendar.example.org\n  exhibit anchor --upgrade --headers blocks.txt  (hours later: the block that a calendar promised)\n  exhibit anchor --witness https://witness.example.org --witness-key witness.vkey\n  exhibit anchor --list\n\nA timestamp authority and a calendar get the fingerprint of the log's head only; a witness gets the head: the case's name\nin the log, its number of entries, its fingerprint. A certificate behind a timestamp expires: anchor again before that.\nWithout anybody to ask, print or mail the head that `exhibit verify` shows: it can be held against the log later."
)]
pub struct Args {
    /// Addresses of timestamp authorities [default: all that exhibit.toml names in [anchor], and its calendars and witnesses]
    authorities: Vec<String>,
    /// Address of a calendar of OpenTimestamps (repeatable)
    #[arg(long, value_name = "URL")]
    calendar: Vec<String>,
    /// Address of a witness of logs, C2SP tlog-witness (repeatable)
    #[arg(long, value_name = "URL")]
    witness: Vec<String>,
    /// Ask calendars for what they promised before, and nobody for anything new
    #[arg(long, conflicts_with_all = ["authorities", "witness", "list"])]
    upgrade: bool,
    #[command(flatten)]
    outside: TrustOutside,
    /// Ask nobody; list the anchors that there are
    #[arg(long)]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    if args.list {
        return list(context, args.json);
    }
    let (mut vault, config) = context.vault()?;
    let outside = context.outside(&args.outside)?;
    let proxy = context.proxy(&config)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("The network cannot be used: {error}")))?;
    let ask = |question: Question| {
        let Question { url, body, media_type } = question;
        let answer = runtime.block_on(ask_authority(&url, media_type, body, proxy.as_ref()));
        answer.map(|(status, bytes)| Answer { status, bytes })
    };
    let told = if args.upgrade {
        let named: Vec<String> = args.calendar.into_iter().chain(config.anchor.calendars).collect();
        upgrade(&mut vault, &named, &outside, &ask)?
    } else {
        let none = args.authorities.is_empty() && args.calendar.is_empty() && args.witness.is_empty();
        let (stamps, calendars, witnesses) = if none {
            (config.anchor.authorities, config.anchor.calendars, config.anchor.witnesses)
        } else {
            (args.authorities, args.calendar, args.witness)
        };
        let stamps = stamps.into_iter().map(Authority::Stamps);
        let others = calendars.into_iter().map(Authority::Calendar).chain(witnesses.into_iter().map(Authority::Witness));
        let asked: Vec<Authority> = stamps.chain(others).collect();
        if asked.is_empty() {
            return Err(Failure::new("No timestamp authority is named, no calendar and no witness").next(
                "name one: exhibit anchor http://…, --calendar URL or --witness URL; or put it into [anchor] of the case's exhibit.toml",
            ));
        }
        let random = context.random.clone();
        let nonce = move || {
            let mut bytes = [0; 8];
            random.fill(&mut bytes);
            u64::from_be_bytes(bytes)
        };
        anchor(&mut vault, &asked, &outside, &nonce, &ask)?
    };
    if args.json {
        print_json(&json!(told));
    } else if told.is_empty() {
        context.say("Nothing is pending.\n");
    }
    let failed = told.iter().filter(|one| !tell(context, one, args.json)).count();
    Ok(match failed {
        0 => Exit::Done,
        all if all == told.len() => Exit::NotAll,
        _ => Exit::SomeFailed,
    })
}

fn list(context: &Context, as_json: bool) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    let (anchors, pending) = (reader.anchors()?, reader.pending_anchors()?);
    if as_json {
        let promises = pending.iter().map(|promise| {
            let mut row = json!(promise);
            row["time"] = serde_json::Value::Null;
            row
        });
        print_json(&anchors.iter().map(|anchor| json!(anchor)).chain(promises).collect::<Vec<_>>());
        return Ok(Exit::Done);
    }
    if anchors.is_empty() && pending.is_empty() {
        context.say("There is no anchor yet.\n");
    }
    for anchor in anchors {
        let (way, authority) = (safe(&anchor.way), safe(&anchor.authority));
        print(&format!("{}  {} entries  {}  {way}  {authority}\n", anchor.id, anchor.size, anchor.time));
    }
    for promise in pending {
        print(&format!("-  {} entries  promised by {}\n", promise.size, safe(&promise.authority)));
    }
    Ok(Exit::Done)
}

/// Says what became of one; false if it failed.
fn tell(context: &Context, one: &Anchored, quiet: bool) -> bool {
    let authority = &one.authority;
    let said = |line: String| {
        if !quiet {
            context.say(&line);
        }
        true
    };
    match (&one.time, &one.problem) {
        (Some(time), None) => said(format!("{}: {} entries existed at {}\n", safe(authority), one.size, time.plain())),
        (Some(time), Some(why)) => {
            Failure::new(format!(
                "{authority} says that {} entries existed at {}; it was recorded, but nobody here trusts that authority: {why}",
                one.size,
                time.plain()
            ))
            .next("get the authority's root certificate from it, compare its fingerprint, and name it with --tsa-root FILE, here and to `exhibit verify`")
            .tell();
            true
        }
        (None, None) => said(format!(
            "{}: it will put {} entries into a block of Bitcoin; ask for that in some hours: exhibit anchor --upgrade\n",
            safe(authority),
            one.size
        )),
        (None, Some(why)) if one.pending => {
            Failure::new(format!("What {authority} promised for {} entries is not complete: {why}", one.size))
                .next("name the header of the block with --headers FILE (`bitcoin-cli getblockheader HASH false`, or compare two block explorers), or the calendar with --calendar URL, and run it again")
                .tell();
            false
        }
        (None, Some(why)) => {
            Failure::new(format!(
                "{authority} gave no {}: {why}",
                if one.way == "witness" { "cosignature" } else { "timestamp" }
            ))
            .next("the case is as it was; try again later, or another authority")
            .tell();
            false
        }
    }
}

impl Context {
    /// A timestamp of bytes, by one authority, checked on receipt.
    pub fn stamped(&self, url: &str, bytes: &[u8], proxy: Option<&Proxy>) -> Result<Vec<u8>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let mut nonce = [0; 8];
        self.random.fill(&mut nonce);
        let nonce = u64::from_be_bytes(nonce);
        let request = timestamp_request(&Digest::of(bytes).0, nonce);
        let answer = runtime.block_on(ask_authority(url, "application/timestamp-query", Some(request), proxy));
        let answer = answer.and_then(|(status, bytes)| Answer { status, bytes }.good());
        let answer = answer.map_err(|why| format!("{url}: {why}"))?;
        verify_timestamp(&answer, bytes, Some(&nonce_of(nonce)), &[], &[]).map_err(|error| format!("{url}: {error}"))?;
        Ok(answer)
    }

    /// The way out that the person or the case's settings name.
    pub fn proxy(&self, config: &crate::config::Config) -> Result<Option<Proxy>, Failure> {
        let named = self.global.proxy.clone().unwrap_or_else(|| config.capture.proxy.clone());
        let named = Some(named.trim().to_owned()).filter(|proxy| !proxy.is_empty());
        named.map(|proxy| proxy.parse::<Proxy>()).transpose().map_err(|error| {
            Failure::new(error.to_string()).next("correct --proxy, or capture.proxy in the case's exhibit.toml; nothing was sent")
        })
    }
}

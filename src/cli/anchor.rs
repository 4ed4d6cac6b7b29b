//! `exhibit anchor`

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{print, print_json, safe};
use crate::evidence::Digest;
use crate::fetch::{Proxy, ask_authority};
use crate::ledger::{nonce_of, timestamp_request, verify_timestamp};
use crate::stages::anchor;

/// Have outside authorities attest, with the time, that the log stood as it does (RFC 3161)
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit anchor                                 (the authorities of exhibit.toml)\n  exhibit anchor http://timestamp.example.org --tsa-root root.pem\n  exhibit anchor --list\n\nOnly the fingerprint of the log's head is sent. A certificate behind a timestamp expires: anchor again before that.\nWithout any authority, print or mail the head that `exhibit verify` shows: it can be held against the log later."
)]
pub struct Args {
    /// Addresses of timestamp authorities [default: anchor.authorities of exhibit.toml]
    authorities: Vec<String>,
    /// Certificates of authorities to trust, PEM (repeatable) [default: timestamp_roots.pem in your configuration]
    #[arg(long, value_name = "FILE")]
    tsa_root: Vec<PathBuf>,
    /// Ask nobody; list the anchors that there are
    #[arg(long)]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    if args.list {
        let anchors = context.reader()?.anchors()?;
        if args.json {
            print_json(&anchors);
        } else if anchors.is_empty() {
            context.say("There is no anchor yet.\n");
        }
        for anchor in anchors.iter().filter(|_| !args.json) {
            print(&format!("{}  {} entries  {}  {}\n", anchor.id, anchor.size, anchor.time, safe(&anchor.authority)));
        }
        return Ok(Exit::Done);
    }
    let (mut vault, config) = context.vault()?;
    let authorities = if args.authorities.is_empty() { config.anchor.authorities.clone() } else { args.authorities };
    if authorities.is_empty() {
        return Err(Failure::new("No timestamp authority is named")
            .next("name one: exhibit anchor http://…; or put it into anchor.authorities of the case's exhibit.toml"));
    }
    let roots = context.timestamp_roots(&args.tsa_root)?;
    let proxy = context.proxy(&config)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("The network cannot be used: {error}")))?;
    let ask = |url: &str, request: Vec<u8>| {
        runtime.block_on(ask_authority(url, "application/timestamp-query", request, proxy.as_ref()))
    };
    let random = context.random.clone();
    let nonce = move || {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        u64::from_be_bytes(bytes)
    };
    let told = anchor(&mut vault, &authorities, &roots, &nonce, &ask)?;
    if args.json {
        print_json(&json!(told));
    }
    let mut failed = 0;
    for one in &told {
        match (&one.time, &one.problem) {
            (Some(time), None) => {
                let line = format!("{}: {} entries existed at {}\n", safe(&one.authority), one.size, time.plain());
                if !args.json {
                    context.say(&line);
                }
            }
            (Some(time), Some(why)) => Failure::new(format!(
                "{} says that {} entries existed at {}; it was recorded, but nobody here trusts that authority: {why}",
                one.authority,
                one.size,
                time.plain()
            ))
            .next("get the authority's root certificate from it, compare its fingerprint, and name it with --tsa-root FILE, here and to `exhibit verify`")
            .tell(),
            (None, why) => {
                failed += 1;
                let why = why.as_deref().unwrap_or_default();
                Failure::new(format!("{} gave no timestamp: {why}", one.authority))
                    .next("the case is as it was; try again later, or another authority")
                    .tell();
            }
        }
    }
    Ok(if failed == told.len() {
        Exit::NotAll
    } else if failed > 0 {
        Exit::SomeFailed
    } else {
        Exit::Done
    })
}

impl Context {
    /// A timestamp of bytes, by one authority, checked on receipt.
    pub fn stamped(&self, url: &str, bytes: &[u8], proxy: Option<&Proxy>) -> Result<Vec<u8>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let mut nonce = [0; 8];
        self.random.fill(&mut nonce);
        let nonce = u64::from_be_bytes(nonce);
        let request = timestamp_request(&Digest::of(bytes).0, nonce);
        let answer = runtime.block_on(ask_authority(url, "application/timestamp-query", request, proxy));
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

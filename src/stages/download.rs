//! Footage by the downloader: what it left is judged by its own bytes, never by the word of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::capture::{Acquisition, Arrived, Kept, Means, Part, disk, finish};
use super::judge::Judgement;
use crate::evidence::{Claim, Completeness, Exchange, Item, MediaKind, Outcome, Reading, Role};
use crate::fetch::{Downloaded, Downloader, open_left, read_info};
use crate::probe::Structure;
use crate::vault::VaultError;

/// Words of yt-dlp's errors, and what they say about the footage. The first that fits counts.
const SAYS: &[(&str, Outcome)] = &[
    ("private video", Outcome::Private),
    ("video is private", Outcome::Private),
    ("removed by the uploader", Outcome::RemovedByUser),
    ("removed by the user", Outcome::RemovedByUser),
    ("deleted by its owner", Outcome::RemovedByUser),
    ("deleted by the author", Outcome::RemovedByUser),
    ("account associated with this video has been terminated", Outcome::RemovedByPlatform),
    ("removed for violating", Outcome::RemovedByPlatform),
    ("suspended", Outcome::RemovedByPlatform),
    ("copyright", Outcome::RemovedByPlatform),
    ("confirm your age", Outcome::AgeGated),
    ("age-restricted", Outcome::AgeGated),
    ("not available in your country", Outcome::GeoBlocked),
    ("geo restrict", Outcome::GeoBlocked),
    ("geo-restrict", Outcome::GeoBlocked),
    ("login required", Outcome::LoginWall),
    ("sign in", Outcome::LoginWall),
    ("log in", Outcome::LoginWall),
    ("--cookies", Outcome::LoginWall),
    ("not a public address", Outcome::RefusedByPolicy),
    ("http error 404", Outcome::Gone),
    ("http error 410", Outcome::Gone),
    ("video unavailable", Outcome::Gone),
    ("no longer available", Outcome::Gone),
    ("does not exist", Outcome::Gone),
    ("has been removed", Outcome::Gone),
    ("http error 401", Outcome::LoginWall),
    ("http error 403", Outcome::Blocked),
    ("http error 429", Outcome::Blocked),
    ("timed out", Outcome::Timeout),
];

impl Means {
    /// Obtains an item. A page is shown in a browser where there is one; other things are asked for by http, and where
    /// that brings the page around the footage, the footage by the downloader, or out of the browser. What counts as
    /// the item's own attempt is the last. A file that broke off in an earlier attempt is gone on with.
    pub async fn obtain(&self, key: &str, item: &Item, kept: Option<Kept>) -> Result<Vec<Acquisition>, VaultError> {
        let own = self.at_its_address(key, item, kept).await?;
        let stands = own.last().map_or(Outcome::Error, Acquisition::outcome);
        // Before the item's own: what a third party has is not where the item was.
        let mut all = self.third_party(key, item, stands).await?;
        all.extend(own);
        Ok(all)
    }

    async fn at_its_address(&self, key: &str, item: &Item, kept: Option<Kept>) -> Result<Vec<Acquisition>, VaultError> {
        let mut page = match self.page(key, item).await? {
            Some(shown) => shown,
            None => vec![self.fetch_rest(key, item, kept).await?],
        };
        let last = &page[0];
        if let Some((mime, address)) = last.playlist() {
            let stream = self.stream(key, item, last, &mime, &address).await?;
            let mut all: Vec<_> = page.into_iter().enumerate().map(|(nth, one)| renamed(one, key, "playlist", nth)).collect();
            all.push(stream);
            return Ok(all);
        }
        let (outcome, kind) = (last.outcome(), last.kind());
        let meant = matches!(item.kind, MediaKind::Video | MediaKind::Audio | MediaKind::Post);
        let around = outcome == Outcome::Ok && kind == MediaKind::Page;
        let elsewhere = item.platform.is_some() && outcome != Outcome::RefusedByPolicy;
        if !meant || !(around || elsewhere) {
            return Ok(own_last(page));
        }
        let Some(downloader) = self.downloader().await else {
            page[0].because_too("no downloader (yt-dlp) was found on this machine");
            return Ok(own_last(page));
        };
        let media = self.download(&downloader, key, item).await?;
        // A program that knows nothing of such pages says nothing about the footage.
        let unknown = media.outcome() == Outcome::Error && item.platform.is_none();
        if !unknown {
            let mut all: Vec<_> = page.into_iter().enumerate().map(|(nth, one)| renamed(one, key, "page", nth)).collect();
            all.push(media);
            return Ok(all);
        }
        let mut all = vec![media.under(&format!("{key}-downloader"))];
        // A player that no program knows: what it loads when it is shown is the footage.
        if !page[0].is_shown()
            && let Some(shown) = self.browse(key, item, &BTreeSet::new()).await?
        {
            all.extend(page.into_iter().enumerate().map(|(nth, one)| renamed(one, key, "page", nth)));
            page = shown;
        }
        all.extend(own_last(page));
        Ok(all)
    }

    /// A page by the browser; none where no page is meant, or where nothing can show it.
    async fn page(&self, key: &str, item: &Item) -> Result<Option<Vec<Acquisition>>, VaultError> {
        let meant = matches!(item.kind, MediaKind::Page | MediaKind::Post) || item.platform.is_some();
        if !meant {
            return Ok(None);
        }
        let (mut all, why) = match self.browse(key, item, &BTreeSet::new()).await? {
            // The browser's own trouble is not the page's.
            Some(shown) if shown[0].outcome() == Outcome::Error => {
                let why = "the browser could not show it".to_owned();
                (shown.into_iter().map(|one| one.under(&format!("{key}-browser"))).collect(), why)
            }
            Some(shown) => return Ok(Some(shown)),
            None => (Vec::new(), "no browser (chromium) was found on this machine".to_owned()),
        };
        let mut fetched = self.fetch(key, item).await?;
        fetched.because_too(&why);
        all.insert(0, fetched);
        Ok(Some(all))
    }

    async fn downloader(&self) -> Option<Downloader> {
        let wanted = self.downloader.clone()?;
        tokio::task::spawn_blocking(move || wanted.find().cloned()).await.ok().flatten()
    }

    async fn download(&self, downloader: &Downloader, key: &str, item: &Item) -> Result<Acquisition, VaultError> {
        let mut capture = self.blank(key, item, "yt-dlp", self.clock.now());
        let url = item.url.as_deref().unwrap_or_default();
        let downloaded = match downloader.download(&self.client, url, &self.scratch, (self.token)()).await {
            Ok(downloaded) => downloaded,
            Err(why) => {
                capture.finished = self.clock.now();
                return Ok(Acquisition::failed(capture, &format!("yt-dlp: {why}")));
            }
        };
        let intake = self.intake.clone();
        // Copying and hashing block.
        let kept = tokio::task::spawn_blocking(move || -> Result<_, VaultError> {
            let keep = |path: &Path| -> Result<Option<Arrived>, VaultError> {
                let mut staging = intake()?;
                let Ok(mut file) = open_left(path) else { return Ok(None) };
                io::copy(&mut file, &mut staging).map_err(disk)?;
                staging.flush().map_err(disk)?;
                finish(staging)
            };
            let named = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
            let info: BTreeMap<String, Value> =
                downloaded.info.iter().filter_map(|(number, path)| Some((number.clone(), read_info(path)?))).collect();
            let mut parts = Vec::new();
            for path in downloaded.media.iter().chain(&downloaded.unfinished) {
                if let Some(arrived) = keep(path)? {
                    parts.push(Part { arrived, role: Some(Role::Original), name: named(path), always: false });
                }
            }
            let mut sidecars = Vec::new();
            for (_, path) in &downloaded.info {
                if let Some(arrived) = keep(path)? {
                    sidecars.push(Part { arrived, role: Some(Role::Sidecar), name: named(path), always: true });
                }
            }
            Ok((downloaded, parts, sidecars, info))
        });
        let (downloaded, mut parts, sidecars, info) = match kept.await {
            Ok(kept) => kept?,
            Err(error) => return Err(disk(io::Error::other(error))),
        };
        let judged = judge(&downloaded, &parts, &info);
        capture.finished = self.clock.now();
        capture.received = parts.iter().map(|part| part.arrived.size()).sum();
        capture.tool = Some(downloaded.tool.clone());
        capture.address = downloaded.hops.iter().rev().find_map(|hop| hop.connected.clone());
        capture.exchange =
            Some(Exchange { hops: downloaded.hops.clone(), steps: Vec::new() }).filter(|exchange| !exchange.hops.is_empty());
        if parts.iter().any(|part| joined(&info, part)) {
            capture.alterations.push("fragments joined by yt-dlp".to_owned());
        }
        let first = if parts.is_empty() { None } else { Some(parts.remove(0)) };
        parts.extend(sidecars);
        let claims = info.values().flat_map(claims).collect();
        Ok(Acquisition::with_parts(capture, judged, first, parts, claims))
    }
}

/// The first is the item's own: told last.
pub(super) fn own_last(mut all: Vec<Acquisition>) -> Vec<Acquisition> {
    all.rotate_left(1);
    all
}

fn renamed(one: Acquisition, key: &str, what: &str, nth: usize) -> Acquisition {
    if nth == 0 { one.under(&format!("{key}-{what}")) } else { one }
}

/// Whether a file is put together from fragments.
fn joined(info: &BTreeMap<String, Value>, part: &Part) -> bool {
    let format = format_of(info, part.name.as_deref().unwrap_or(""));
    format
        .and_then(|format| format["protocol"].as_str())
        .is_some_and(|protocol| protocol.contains("m3u8") || protocol.contains("dash"))
}

/// What an error says beside addresses, titles and the like, in small letters: these are the platform's words.
fn words_of(error: &str) -> String {
    let mut words = String::new();
    let mut quoted = None;
    for word in error.split_whitespace().filter(|word| !word.contains("://")) {
        match quoted {
            None if word.starts_with(['"', '\'', '“', '[']) => quoted = Some(()),
            _ => {}
        }
        if quoted.is_none() {
            words.push_str(&word.to_lowercase());
            words.push(' ');
        }
        if word.trim_end_matches(['.', ',', ':', ';']).ends_with(['"', '\'', '”', ']']) {
            quoted = None;
        }
    }
    words
}

fn last_error(said: &str) -> String {
    let line = said
        .lines()
        .rev()
        .find(|line| line.contains("ERROR"))
        .or_else(|| said.lines().rev().find(|line| !line.trim().is_empty()));
    let line = line.unwrap_or("it said nothing").trim().trim_start_matches("ERROR: ");
    line.chars().filter(|letter| !letter.is_control()).take(400).collect()
}

fn judge(downloaded: &Downloaded, parts: &[Part], info: &BTreeMap<String, Value>) -> Judgement {
    let told = |outcome, completeness, because: String| Judgement { outcome, completeness, because };
    let error = last_error(&downloaded.said);
    let Some(first) = parts.first() else {
        let words = words_of(&error);
        let unknown = words.contains("unsupported url") || words.contains("no video formats");
        let says = SAYS.iter().find(|(part, _)| words.contains(part) && !unknown).map(|(_, outcome)| *outcome);
        if let Some(why) = &downloaded.refused {
            // Our own gate said no: that is not the platform's word.
            return told(
                Outcome::RefusedByPolicy,
                Completeness::Unverifiable,
                format!("yt-dlp asked for what is not permitted: {why}"),
            );
        }
        let (outcome, why) = match (says, downloaded.stopped, downloaded.claimed) {
            (_, true, _) => (Outcome::Timeout, "it was stopped by our clock".to_owned()),
            (_, _, true) => (Outcome::Error, "it said that all went well, and left no footage".to_owned()),
            (says, ..) => (says.unwrap_or(Outcome::Error), error),
        };
        return told(outcome, Completeness::Unverifiable, format!("yt-dlp: {why}"));
    };
    if parts.iter().all(|part| !part.arrived.is_media()) {
        return told(Outcome::Placeholder, Completeness::Unverifiable, "yt-dlp left no footage, but another file".to_owned());
    }
    // The first reason why something is missing.
    let cut = || -> Option<String> {
        if downloaded.too_many {
            return Some("yt-dlp left more files than are kept".to_owned());
        }
        let films: BTreeSet<&str> = parts.iter().filter_map(|part| number_of(part.name.as_deref()?)).collect();
        let most = info.values().filter_map(|info| info["n_entries"].as_u64().or(info["playlist_count"].as_u64())).max();
        if let Some(most) = most.filter(|most| *most > films.len() as u64) {
            return Some(format!("the page has {most} films, {} came", films.len()));
        }
        if downloaded.media.is_empty() || !downloaded.unfinished.is_empty() {
            return Some("yt-dlp left unfinished files".to_owned());
        }
        if downloaded.stopped {
            return Some("yt-dlp was stopped by our clock".to_owned());
        }
        for part in parts {
            let name = part.name.as_deref().unwrap_or("a file");
            if let Structure::Cut(why) = part.arrived.structure() {
                return Some(format!("{name} is cut: {why}"));
            }
            let format = format_of(info, name);
            let exact = format.and_then(|format| format["filesize"].as_u64()).filter(|size| *size > 0);
            if let Some(size) = exact.filter(|size| *size > part.arrived.size()) {
                return Some(format!("the platform says that {name} has {size} bytes, {} came", part.arrived.size()));
            }
            let of = number_of(name).and_then(|number| info.get(number));
            let (stated, found) = (of.and_then(|info| info["duration"].as_f64()), part.arrived.duration());
            if let (Some(stated), Some(found)) = (stated, found)
                && found + (stated * 0.02).max(1.5) < stated
            {
                return Some(format!("the platform says that it lasts {stated:.1} s, {name} lasts {found:.1} s"));
            }
        }
        (!downloaded.claimed).then(|| format!("yt-dlp failed: {error}"))
    };
    if let Some(why) = cut() {
        return told(Outcome::Ok, Completeness::Truncated, why);
    }
    let whole = parts.iter().all(|part| {
        let sized = format_of(info, part.name.as_deref().unwrap_or("")).and_then(|format| format["filesize"].as_u64());
        part.arrived.is_media() && (*part.arrived.structure() == Structure::Whole || sized == Some(part.arrived.size()))
    });
    let files = if parts.len() > 1 { format!("{} files", parts.len()) } else { "one file".to_owned() };
    // What is still going on has no end yet.
    let live = info.values().any(|info| {
        info["is_live"].as_bool() == Some(true)
            || matches!(info["live_status"].as_str(), Some("is_live" | "post_live" | "is_upcoming"))
    });
    match whole && !live && !info.is_empty() && first.arrived.size() > 0 {
        true => told(
            Outcome::Ok,
            Completeness::Complete,
            format!("{files} by yt-dlp; each ends where its own structure or the platform says"),
        ),
        false => {
            told(Outcome::Ok, Completeness::Unverifiable, format!("{files} by yt-dlp; nothing tells where the end should be"))
        }
    }
}

/// The number of the film that a file `media.NUMBER.FORMAT.EXT` is of.
fn number_of(name: &str) -> Option<&str> {
    name.strip_prefix("media.")?.split('.').next()
}

/// The format that a file `media.NUMBER.FORMAT.EXT` is of.
fn format_of<'a>(info: &'a BTreeMap<String, Value>, name: &str) -> Option<&'a Value> {
    let (number, rest) = name.strip_prefix("media.")?.split_once('.')?;
    let id = rest.rsplit_once('.')?.0;
    info.get(number)?["formats"].as_array()?.iter().find(|format| format["format_id"].as_str() == Some(id))
}

/// What the platform says of the footage, as claims of its.
fn claims(info: &Value) -> Vec<Claim> {
    const LONGEST: usize = 4000;
    let text = |name: &str| {
        let value = info[name].as_str().map(str::trim).filter(|text| !text.is_empty())?;
        Some(value.chars().take(LONGEST).collect::<String>())
    };
    // What reads any page knows no uploader and no time of upload: a file's date is not one.
    let known = text("extractor_key").filter(|name| !matches!(name.as_str(), "Generic" | "HTML5MediaEmbed"));
    let platform = known.clone();
    let claim = |property: &str, value: Option<String>, edtf: Option<String>, field: &str| {
        value.map(|value| Claim {
            property: property.to_owned(),
            value,
            via: platform.clone(),
            hedges: Vec::new(),
            quote: None,
            reading: edtf.map(|edtf| Reading { place: None, edtf: Some(edtf) }),
            rule: format!("platform/{field}@1").as_str().into(),
        })
    };
    let at = info["timestamp"].as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok()).map(|time| time.to_string());
    let day = text("upload_date").filter(|day| day.len() == 8 && day.bytes().all(|digit| digit.is_ascii_digit()));
    let day = day.map(|day| format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]));
    // The time to the second where the platform has it; otherwise the day.
    let uploaded = match at {
        Some(at) => claim("uploaded", Some(at.clone()), Some(at), "timestamp"),
        None => claim("uploaded", day.clone(), day, "upload_date"),
    };
    [
        claim("title", text("title"), None, "title"),
        claim("description", text("description"), None, "description"),
        claim("uploader", text("uploader").or_else(|| text("channel")), None, "uploader"),
        // The account's own id stays when its name changes.
        claim("account", text("channel_id").or_else(|| text("uploader_id")), None, "channel_id"),
        uploaded,
        claim("location", text("location"), None, "location"),
    ]
    .into_iter()
    .flatten()
    .filter(|claim: &Claim| known.is_some() || matches!(claim.property.as_str(), "title" | "description"))
    .collect()
}

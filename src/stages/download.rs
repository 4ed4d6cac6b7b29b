//! Footage by the downloader: what it left is judged by its own bytes, never by the word of the program.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::capture::{Acquisition, Arrived, Means, Part, disk, finish};
use super::judge::Judgement;
use crate::evidence::{Claim, Completeness, Exchange, Item, MediaKind, Outcome, Reading, Role};
use crate::fetch::{Downloaded, Downloader, read_info};
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
    /// Obtains an item: by http, and where that brings the page around the footage, by the downloader, too. What
    /// counts as the item's own attempt is the last.
    pub async fn obtain(&self, key: &str, item: &Item) -> Result<Vec<Acquisition>, VaultError> {
        let mut page = self.fetch(key, item).await?;
        let meant = matches!(item.kind, MediaKind::Video | MediaKind::Audio | MediaKind::Post);
        let around = page.outcome() == Outcome::Ok && page.kind() == MediaKind::Page;
        let elsewhere = item.platform.is_some() && page.outcome() != Outcome::RefusedByPolicy;
        if !meant || !(around || elsewhere) {
            return Ok(vec![page]);
        }
        let Some(downloader) = self.downloader().await else {
            page.because_too("no downloader (yt-dlp) was found on this machine");
            return Ok(vec![page]);
        };
        let media = self.download(&downloader, key, item).await?;
        // A program that knows nothing of such pages says nothing about the footage.
        let unknown = media.outcome() == Outcome::Error && item.platform.is_none();
        let page = page.under(&format!("{key}-page"));
        let media = if unknown { media.under(&format!("{key}-downloader")) } else { media };
        Ok(if unknown { vec![media, page.under(key)] } else { vec![page, media] })
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
                return Ok(Acquisition::failed(capture, &why));
            }
        };
        let intake = self.intake.clone();
        // Copying and hashing block.
        let kept = tokio::task::spawn_blocking(move || -> Result<_, VaultError> {
            let keep = |path: &Path| -> Result<Option<Arrived>, VaultError> {
                let mut staging = intake()?;
                let Ok(file) = fs::File::open(path) else { return Ok(None) };
                // A link put in its place meanwhile leads nowhere: the directory is ours alone by now.
                io::copy(&mut file.take(u64::MAX), &mut staging).map_err(disk)?;
                staging.flush().map_err(disk)?;
                finish(staging)
            };
            let named = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
            let info = downloaded.info.as_deref().and_then(read_info);
            let mut parts = Vec::new();
            let found = if downloaded.media.is_empty() { &downloaded.unfinished } else { &downloaded.media };
            for path in found {
                if let Some(arrived) = keep(path)? {
                    parts.push(Part { arrived, role: Role::Original, name: named(path) });
                }
            }
            let sidecar = downloaded.info.as_deref().map(|path| Ok::<_, VaultError>((keep(path)?, named(path)))).transpose()?;
            Ok((downloaded, parts, sidecar, info))
        });
        let (downloaded, mut parts, sidecar, info) = match kept.await {
            Ok(kept) => kept?,
            Err(error) => return Err(disk(io::Error::other(error))),
        };
        let judged = judge(&downloaded, &parts, info.as_ref());
        capture.finished = self.clock.now();
        capture.received = parts.iter().map(|part| part.arrived.size()).sum();
        capture.tool = Some(downloaded.tool.clone());
        capture.address = downloaded.hops.iter().rev().find_map(|hop| hop.connected.clone());
        capture.exchange = Some(Exchange { hops: downloaded.hops.clone() }).filter(|exchange| !exchange.hops.is_empty());
        if info.as_ref().is_some_and(joined) {
            capture.alterations.push("fragments joined by yt-dlp".to_owned());
        }
        let first = if parts.is_empty() { None } else { Some(parts.remove(0)) };
        if let Some((Some(arrived), name)) = sidecar {
            parts.push(Part { arrived, role: Role::Sidecar, name });
        }
        Ok(Acquisition::with_parts(capture, judged, first, parts, info.as_ref().map(claims).unwrap_or_default()))
    }
}

/// Whether what came is put together from fragments.
fn joined(info: &Value) -> bool {
    let one = |format: &Value| {
        format["protocol"].as_str().is_some_and(|protocol| protocol.contains("m3u8") || protocol.contains("dash"))
    };
    one(info) || info["requested_downloads"].as_array().is_some_and(|all| all.iter().any(one))
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

fn judge(downloaded: &Downloaded, parts: &[Part], info: Option<&Value>) -> Judgement {
    let told = |outcome, completeness, because: String| Judgement { outcome, completeness, because };
    let error = last_error(&downloaded.said);
    let Some(first) = parts.first() else {
        let words = error.to_lowercase();
        let says = SAYS.iter().find(|(part, _)| words.contains(part)).map(|(_, outcome)| *outcome);
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
            let (stated, found) = (info.and_then(|info| info["duration"].as_f64()), part.arrived.duration());
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
    match whole && info.is_some() && first.arrived.size() > 0 {
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

/// The format that a file `media.FORMAT.EXT` is of.
fn format_of<'a>(info: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    let id = name.strip_prefix("media.")?.rsplit_once('.')?.0;
    info?["formats"].as_array()?.iter().find(|format| format["format_id"].as_str() == Some(id))
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

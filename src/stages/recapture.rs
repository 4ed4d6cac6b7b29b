//! Trying items again. Availability is a series of dated tries, never a flag.

use std::collections::BTreeMap;
use std::io::Read;

use serde::Serialize;
use similar::{Algorithm, ChangeTag, TextDiff};

use super::archive::{Job, capture_all, means, runtime};
use super::{Archive, ArchiveError, Progress};
use crate::evidence::{Completeness, Digest, Id, Item, ItemNo, MediaKind, Outcome, Time, Unit};
use crate::vault::{CaptureRow, ItemRow, Reader, Task, Vault, VaultError};

/// Which items are tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those not tried for so many days.
    Due(u32),
    /// Items, and those of exhibits and reports.
    These(Vec<Id>),
}

/// How an item stood when it was last tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Available {
    pub id: String,
    pub url: String,
    pub outcome: String,
    /// Whether all of it came: what is cut is not online in full.
    pub completeness: String,
    pub because: String,
    /// The first try of those, without a break up to the last, that had this outcome.
    pub since: String,
    pub tried: String,
    pub tries: usize,
    /// Different bytes that were served over time.
    pub versions: u64,
    /// What was different in the last bytes from those before, if this item's last try brought others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<Changed>,
}

/// The bytes of two captures of one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub before: Version,
    pub now: Version,
    /// Lines of text that came and went; only for text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines_added: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines_removed: Option<usize>,
    /// The first of them, `+` and `-` before each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// One version of an item's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    pub capture: String,
    pub captured: String,
    pub sha256: String,
    pub size: u64,
    pub media_type: String,
}

/// What was tried, and how all that was asked about stands now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recaptured {
    pub tried: usize,
    /// Items that are files beside a report or were handed over: they have no address.
    pub without_address: usize,
    /// Items with an address that were never tried.
    pub never_tried: usize,
    pub items: Vec<Available>,
}

/// Tries items again; `how.fetch` off tries nothing, and only says how they stand.
pub fn recapture(
    vault: &mut Vault,
    which: &Which,
    how: &Archive,
    progress: &mut dyn Progress,
) -> Result<Recaptured, ArchiveError> {
    let now = how.clock.now();
    let (mut jobs, mut asked, mut without_address) = (Vec::new(), Vec::new(), 0);
    for row in wanted(vault.reader(), which)? {
        let Some(item) = web_item(&row) else {
            without_address += 1;
            continue;
        };
        let Ok(number) = row.id.parse::<ItemNo>() else { continue };
        let last = vault.reader().captures_of(number)?.pop();
        asked.push(row);
        let due = match which {
            Which::Due(days) => last.is_none_or(|last| is_due(&last, now, *days)),
            Which::All | Which::These(_) => true,
        };
        if !how.fetch || !due {
            continue;
        }
        let unit = Unit::capture(&item.key, &format!("recapture {now}"));
        vault.enqueue(&Task { unit: unit.clone(), subject: item.key.clone() })?;
        jobs.push(Job { unit, item, local: None, kept: None, beside: None });
    }
    let tried = jobs.len();
    if !jobs.is_empty() {
        let means = means(vault, how);
        capture_all(vault, jobs, how, &means, &runtime()?, progress)?;
    }
    let items: Vec<Available> =
        asked.iter().filter_map(|row| available(vault.reader(), row).transpose()).collect::<Result<_, _>>()?;
    Ok(Recaptured { tried, without_address, never_tried: asked.len() - items.len(), items })
}

/// The items that are meant, each once, in the order of the case.
fn wanted(reader: &Reader, which: &Which) -> Result<Vec<ItemRow>, ArchiveError> {
    let Which::These(ids) = which else {
        let mut rows = reader.items()?;
        // A report's own page is no footage.
        let mut unread = Ok(());
        rows.retain(|row| {
            let held = || row.id.parse().map_or(Ok(false), |no| reader.exhibits_of(no).map(|held| !held.is_empty()));
            row.mentions > 0
                || held().unwrap_or_else(|error| {
                    unread = Err(error);
                    false
                })
        });
        return unread.map(|()| rows).map_err(ArchiveError::from);
    };
    let mut found: BTreeMap<ItemNo, ItemRow> = BTreeMap::new();
    let mut put = |id: &str| -> Result<bool, VaultError> {
        let Ok(number) = id.parse::<ItemNo>() else { return Ok(false) };
        let row = reader.item(number)?;
        Ok(row.map(|row| found.insert(number, row)).is_some())
    };
    for id in ids {
        match id {
            Id::Item(number) if put(&number.to_string())? => {}
            Id::Exhibit(number) => match reader.exhibit(*number)? {
                Some(exhibit) => {
                    put(&exhibit.item)?;
                }
                None => return Err(ArchiveError::Unknown { id: id.to_string() }),
            },
            Id::Report(number) if reader.report(*number)?.is_some() => {
                for mention in reader.mentions_in(*number)? {
                    mention.item.map(|item| put(&item)).transpose()?;
                }
            }
            _ => return Err(ArchiveError::Unknown { id: id.to_string() }),
        }
    }
    Ok(found.into_values().collect())
}

fn web_item(row: &ItemRow) -> Option<Item> {
    let url = row.url.clone().filter(|url| url.starts_with("http://") || url.starts_with("https://"))?;
    Some(Item {
        key: row.key.clone(),
        kind: MediaKind::from_word(&row.kind)?,
        url: Some(url),
        platform: row.platform.clone(),
        platform_id: row.platform_id.clone(),
    })
}

fn is_due(last: &CaptureRow, now: Time, days: u32) -> bool {
    let tried = last.started.parse::<Time>().map_or(i64::MIN, Time::micros);
    now.micros().saturating_sub(tried) >= i64::from(days).saturating_mul(86_400_000_000)
}

fn available(reader: &Reader, row: &ItemRow) -> Result<Option<Available>, VaultError> {
    let Ok(number) = row.id.parse::<ItemNo>() else { return Ok(None) };
    let mut tries = reader.captures_of(number)?;
    // What a third party has is not where the item was.
    tries.retain(|one| !matches!(one.method.as_str(), "wayback" | "save-page-now"));
    let Some(last) = tries.last() else { return Ok(None) };
    let same = |one: &&CaptureRow| one.method == last.method;
    let run = tries.iter().rev().filter(same).take_while(|one| one.outcome == last.outcome).last().unwrap_or(last);
    Ok(Some(Available {
        id: row.id.clone(),
        url: row.url.clone().unwrap_or_default(),
        outcome: last.outcome.clone(),
        completeness: last.completeness.clone(),
        because: last.because.clone(),
        since: run.started.clone(),
        tried: last.started.clone(),
        tries: tries.len(),
        versions: tries.iter().filter_map(|one| one.version).max().unwrap_or(0),
        changed: changed(reader, &tries)?,
    }))
}

/// The difference between the last try's bytes and the last other bytes before them.
fn changed(reader: &Reader, tries: &[CaptureRow]) -> Result<Option<Changed>, VaultError> {
    // Bytes that broke off differ from whole ones without any change.
    let is_ok = |one: &&CaptureRow| {
        one.outcome == Outcome::Ok.as_str() && one.sha256.is_some() && one.completeness != Completeness::Truncated.as_str()
    };
    let Some(now) = tries.last().filter(is_ok) else { return Ok(None) };
    // A page and the footage in it come by different methods.
    let before = tries[..tries.len() - 1].iter().rfind(|before| is_ok(before) && before.method == now.method);
    let Some(before) = before.filter(|before| before.sha256 != now.sha256) else { return Ok(None) };
    let (Some(before), Some(now)) = (version(reader, before)?, version(reader, now)?) else { return Ok(None) };
    let mut changed = Changed { before, now, lines_added: None, lines_removed: None, lines: Vec::new() };
    if let (Some(old), Some(new)) = (text(reader, &changed.before), text(reader, &changed.now)) {
        compare(&old, &new, &mut changed);
    }
    Ok(Some(changed))
}

fn version(reader: &Reader, capture: &CaptureRow) -> Result<Option<Version>, VaultError> {
    let Some(digest) = capture.sha256.as_deref().and_then(|digest| digest.parse::<Digest>().ok()) else { return Ok(None) };
    Ok(reader.object(&digest)?.map(|object| Version {
        capture: capture.id.clone(),
        captured: capture.started.clone(),
        sha256: digest.to_string(),
        size: object.size,
        media_type: object.media_type,
    }))
}

/// The text of a page that is short enough to be compared.
fn text(reader: &Reader, version: &Version) -> Option<String> {
    const LONGEST: u64 = 4 << 20;
    if !version.media_type.starts_with("text/") || version.size > LONGEST {
        return None;
    }
    let mut bytes = Vec::new();
    reader.open_object(&version.sha256.parse().ok()?).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn compare(old: &str, new: &str, changed: &mut Changed) {
    /// Lines that are shown, and characters of each.
    const SHOWN: (usize, usize) = (20, 200);
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        // Hostile pages must not take long: what is left by then is told as replaced.
        .deadline(std::time::Instant::now() + std::time::Duration::from_secs(2))
        .diff_lines(old, new);
    let (mut added, mut removed) = (0, 0);
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Insert => {
                added += 1;
                '+'
            }
            ChangeTag::Delete => {
                removed += 1;
                '-'
            }
        };
        if changed.lines.len() < SHOWN.0 {
            let line: String = change.value().trim().chars().take(SHOWN.1).collect();
            changed.lines.push(format!("{sign} {line}"));
        }
    }
    (changed.lines_added, changed.lines_removed) = (Some(added), Some(removed));
}

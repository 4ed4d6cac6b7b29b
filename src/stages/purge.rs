//! Erasure of an exhibit by law: its bytes, what was made of them or came with them, and the sealed values about them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::gather::fragments;
use crate::evidence::{Digest, ExhibitNo, Id};
use crate::vault::{Order, Reader, Vault, VaultError};

/// Why nothing was erased.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("There is no exhibit {0}")]
    NoExhibit(ExhibitNo),
    #[error("{subject} is on hold since {since}{why}")]
    Held { subject: String, since: String, why: String },
    #[error("An erasure needs two persons: {0}")]
    OnePerson(String),
    #[error("The bytes of {0} are erased already")]
    Gone(ExhibitNo),
}

impl PurgeError {
    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            PurgeError::Vault(error) => error.next_step(),
            PurgeError::NoExhibit(_) => Some("see `exhibit list`"),
            PurgeError::Held { .. } => {
                Some("nothing was erased; whoever may lift the hold does it with `exhibit hold ID --lift`")
            }
            PurgeError::OnePerson(_) => Some("name who acts with --by NAME, and who agreed with --second NAME"),
            PurgeError::Gone(_) => Some("see `exhibit show ID` for who ordered it, and when"),
        }
    }
}

/// What is erased, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    pub exhibits: Vec<String>,
    pub objects: Vec<String>,
    /// Entries and fields whose values are erased.
    pub values: Vec<(u64, String)>,
    pub reason: String,
}

/// The objects that go with an exhibit: those of the same captures, and what a stream was made of.
fn family(reader: &Reader, no: ExhibitNo, alone: bool) -> Result<BTreeMap<Digest, Option<Digest>>, PurgeError> {
    let exhibit = reader.exhibit(no)?.ok_or(PurgeError::NoExhibit(no))?;
    let Ok(own) = exhibit.sha256.parse::<Digest>() else { return Err(PurgeError::NoExhibit(no)) };
    let mut all = BTreeMap::from([(own, None)]);
    if alone {
        return Ok(all);
    }
    for capture in reader.captures_of(exhibit.item.parse().unwrap_or(crate::evidence::ItemNo(0)))? {
        let brought = reader.exhibits_of_capture(capture.id.parse().unwrap_or(crate::evidence::CaptureNo(0)))?;
        let ours = capture.sha256.as_deref() == Some(&exhibit.sha256) || brought.iter().any(|one| one.sha256 == exhibit.sha256);
        if !ours {
            continue;
        }
        let with = brought.into_iter().map(|one| one.sha256).chain(capture.sha256.clone()).chain(fragments(&capture));
        for digest in with.filter_map(|digest| digest.parse::<Digest>().ok()) {
            all.entry(digest).or_insert(Some(own));
        }
    }
    Ok(all)
}

/// Erases an exhibit, unless something that it belongs to is on hold. `alone`: nothing that came with it.
pub fn purge(vault: &mut Vault, no: ExhibitNo, alone: bool, by: Option<&str>, order: &Order) -> Result<Purged, PurgeError> {
    let second = order.second.as_deref().map(str::trim).filter(|name| !name.is_empty());
    match (by.map(str::trim).filter(|name| !name.is_empty()), second) {
        (None, _) => return Err(PurgeError::OnePerson("nobody is named who acts".into())),
        (_, None) => return Err(PurgeError::OnePerson("nobody is named who agreed".into())),
        (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => {
            return Err(PurgeError::OnePerson(format!("{one} cannot agree with themselves")));
        }
        _ => {}
    }
    let reader = vault.reader();
    let objects = family(reader, no, alone)?;
    let gone = reader.purged()?;
    let objects: BTreeMap<_, _> = objects.into_iter().filter(|(digest, _)| !gone.contains_key(digest)).collect();
    if objects.is_empty() {
        return Err(PurgeError::Gone(no));
    }
    let mut about: BTreeSet<Id> = BTreeSet::new();
    let (mut exhibits, mut entries) = (Vec::new(), BTreeSet::new());
    for digest in objects.keys() {
        for exhibit in reader.exhibits_by_digest(&digest.to_string())? {
            about.extend(exhibit.id.parse().map(Id::Exhibit));
            about.extend(exhibit.item.parse().map(Id::Item));
            about.extend(exhibit.reports.iter().filter_map(|report| report.parse().ok()).map(Id::Report));
            entries.insert(exhibit.entry);
            exhibits.push(exhibit.id);
        }
        if let Some(report) = reader.report_by_digest(digest)? {
            about.extend(report.id.parse().map(Id::Report));
        }
        entries.extend(reader.examinations_of(&digest.to_string())?.into_iter().map(|made| made.entry));
    }
    let about: BTreeSet<String> = about.iter().map(ToString::to_string).collect();
    if let Some(hold) = reader.handling()?.into_iter().find(|row| row.property == "hold" && about.contains(&row.subject)) {
        let why = hold.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        return Err(PurgeError::Held { subject: hold.subject, since: hold.time[..10].to_owned(), why });
    }
    let mut values = Vec::new();
    for entry in entries {
        let Some(row) = reader.entry(entry)? else { continue };
        let fields = row.sealed.into_iter().map(|sealed| sealed.field).filter(|field| field != "person");
        values.extend(fields.map(|field| (entry, field)));
    }
    let objects: Vec<_> = objects.into_iter().collect();
    // What killed runs left may be of the same bytes.
    crate::fetch::clear_scratch(&reader.layout().root.join("scratch"));
    vault.erase_all(&objects, &values, order)?;
    let objects = objects.iter().map(|(digest, _)| digest.to_string()).collect();
    Ok(Purged { exhibits, objects, values, reason: order.reason.clone() })
}

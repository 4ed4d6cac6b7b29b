//! Erasure of an exhibit by law: its bytes, what was made of them or came with them, and the sealed values about them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::gather::{bodies, fragments, hops, is_stream, named};
use crate::evidence::{CaptureNo, Digest, ExhibitNo, ItemNo};
use crate::vault::{CaptureRow, Erasure, ExhibitRow, Order, Reader, Vault, VaultError};

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    pub exhibits: Vec<String>,
    pub objects: Vec<String>,
    /// Entries and fields whose values are erased.
    pub values: Vec<(u64, String)>,
    pub reason: String,
    /// Exhibits of the same items whose bytes are still here.
    pub left: Vec<String>,
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
    let mut told = Purged { reason: order.reason.clone(), ..Purged::default() };
    vault.erase_all(order, |reader| {
        let erasure = decide(reader, no, alone, &mut told.exhibits)?;
        // What killed runs left may be of the same bytes.
        crate::fetch::clear_scratch(&reader.layout().root.join("scratch"));
        told.objects = erasure.objects.iter().map(|(digest, _)| digest.to_string()).collect();
        told.values.clone_from(&erasure.values);
        Ok::<_, PurgeError>(erasure)
    })?;
    let reader = vault.reader();
    let mut items = BTreeSet::new();
    for exhibit in &told.exhibits {
        items.extend(reader.exhibit(exhibit.parse().unwrap_or(no))?.and_then(|exhibit| exhibit.item.parse::<ItemNo>().ok()));
    }
    for item in items {
        told.left.extend(reader.exhibits_of(item)?.into_iter().filter(|one| one.erased.is_none()).map(|one| one.id));
    }
    Ok(told)
}

/// What is to be erased with an exhibit, if nothing is on hold that any of it belongs to. Names the exhibits.
fn decide(reader: &Reader, no: ExhibitNo, alone: bool, exhibits: &mut Vec<String>) -> Result<Erasure, PurgeError> {
    let exhibit = reader.exhibit(no)?.ok_or(PurgeError::NoExhibit(no))?;
    let Family { objects, captures } = family(reader, &exhibit, alone)?;
    if objects.is_empty() {
        return Err(PurgeError::Gone(no));
    }
    let (mut about, mut entries) = (BTreeSet::new(), BTreeSet::new());
    let mut items = BTreeSet::new();
    for capture in captures {
        let (item, bytes) = reader.captured(capture)?;
        let same = bytes.map(|bytes| reader.exhibits_of_object(&bytes)).transpose()?.unwrap_or_default();
        about.extend(reader.exhibits_of_capture(capture)?.into_iter().chain(same).map(|one| one.id));
        items.insert(item);
    }
    for item in items {
        about.extend(reader.mentions_of(item)?.into_iter().flat_map(|mention| [mention.id, mention.report]));
        about.insert(item.to_string());
    }
    for digest in objects.keys() {
        for exhibit in reader.exhibits_of_object(digest)? {
            entries.insert(exhibit.entry);
            exhibits.push(exhibit.id);
        }
        entries.extend(reader.examinations_of(&digest.to_string())?.into_iter().map(|made| made.entry));
        about.extend(reader.report_by_digest(digest)?.map(|report| report.id));
    }
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
    Ok(Erasure { objects: objects.into_iter().collect(), values })
}

/// What goes with an exhibit.
struct Family {
    /// Objects that are here, each with the one that it goes with.
    objects: BTreeMap<Digest, Option<Digest>>,
    /// Every capture that brought any of them.
    captures: BTreeSet<CaptureNo>,
}

/// What a capture of the exhibit's item brought.
struct Attempt {
    no: CaptureNo,
    /// Its own bytes.
    bytes: Option<Digest>,
    /// Exhibits that came by it first, and its own bytes.
    brought: BTreeSet<Digest>,
    /// The playlist of which a stream's pieces were asked for.
    list: Option<Digest>,
    pieces: BTreeSet<Digest>,
    /// All that passed in its exchanges.
    passed: BTreeSet<Digest>,
    row: CaptureRow,
}

impl Attempt {
    /// The item's, oldest first.
    fn all(reader: &Reader, item: ItemNo) -> Result<Vec<Attempt>, VaultError> {
        let (mut all, mut before): (Vec<Attempt>, Option<Digest>) = (Vec::new(), None);
        for row in reader.captures_of(item)? {
            let no = row.id.parse().unwrap_or(CaptureNo(0));
            let bytes = row.sha256.clone().and_then(parsed);
            let exhibits = reader.exhibits_of_capture(no)?.into_iter().map(|one| one.sha256);
            let pieces = fragments(&row).filter_map(|digest| digest.parse().ok()).collect();
            let passed = bodies(&row).collect();
            // A playlist is captured right before what it lists.
            let list = before.filter(|_| is_stream(&row));
            if !is_stream(&row) {
                before = bytes;
            }
            let brought = exhibits.filter_map(parsed).chain(bytes).collect();
            all.push(Attempt { no, bytes, brought, list, pieces, passed, row });
        }
        Ok(all)
    }

    /// Whether it goes with objects that go, the exhibit's own among them.
    fn goes(&self, own: &Digest, objects: &BTreeMap<Digest, Option<Digest>>) -> bool {
        let go = |digest: &Digest| objects.contains_key(digest);
        // Pieces of which no film was made are nothing by themselves: they go with their playlist, or where they are others' as well.
        let no_film = self.brought.is_empty() && (self.list.iter().any(go) || self.pieces.iter().any(go));
        self.brought.contains(own) || self.bytes.iter().any(go) || no_film
    }

    /// Addresses that served these bytes.
    fn addresses(&self, own: Digest) -> impl Iterator<Item = &str> {
        let last = self.row.final_url.as_deref().or(self.row.url.as_deref()).filter(|_| self.bytes == Some(own));
        let served = hops(&self.row).filter(move |hop| named(hop, "body") == Some(own));
        last.into_iter().chain(served.filter_map(|hop| hop["url"].as_str()))
    }

    /// Ranges that were served from any of these addresses: a player asks for a film bit by bit.
    fn stretches(&self, of: &BTreeSet<String>) -> impl Iterator<Item = Digest> {
        let ranges = hops(&self.row).filter(|hop| hop["status"] == 206);
        let ranges = ranges.filter(|hop| hop["url"].as_str().is_some_and(|url| of.contains(url)));
        ranges.filter_map(|hop| named(hop, "body"))
    }
}

fn parsed(digest: String) -> Option<Digest> {
    digest.parse().ok()
}

/// Whether anything that a capture brought stays here when these objects go. `same`: it is one of the same item, and then a try that failed
/// holds nothing back.
fn is_here(
    reader: &Reader,
    capture: CaptureNo,
    same: bool,
    objects: &BTreeMap<Digest, Option<Digest>>,
) -> Result<bool, VaultError> {
    let exhibits = reader.exhibits_of_capture(capture)?;
    let mut its: Vec<Digest> = exhibits.into_iter().filter_map(|one| parsed(one.sha256)).collect();
    match reader.captured(capture)?.1 {
        Some(bytes) if !same || !reader.exhibits_of_object(&bytes)?.is_empty() => its.push(bytes),
        None if its.is_empty() => return Ok(!same),
        _ => {}
    }
    for digest in its {
        if !objects.contains_key(&digest) && !reader.is_purged(&digest)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What goes with an exhibit: all that the same captures brought, and those of the item that brought the same bytes as its own; the pieces
/// of its streams, also of one of which no film was made; and ranges of its film that a player asked for. What is an exhibit of another item
/// by itself stays, as does a report's document. Of what only passed in exchanges (a page's pictures, the answer that led elsewhere) that
/// stays which another capture brought that is still here. `alone`: nothing goes with it.
fn family(reader: &Reader, exhibit: &ExhibitRow, alone: bool) -> Result<Family, PurgeError> {
    let (no, item) = (exhibit.id.parse().unwrap_or(ExhibitNo(0)), exhibit.item.parse().unwrap_or(ItemNo(0)));
    let own = parsed(exhibit.sha256.clone()).ok_or(PurgeError::NoExhibit(no))?;
    let mut objects = BTreeMap::from([(own, None)]);
    let (mut passed, mut ours) = (BTreeSet::new(), BTreeSet::new());
    let is_of_another = |digest: &Digest| -> Result<bool, VaultError> {
        let exhibits = reader.exhibits_of_object(digest)?;
        let another = exhibits.iter().any(|one| one.item != exhibit.item && one.erased.is_none());
        Ok(another || reader.report_by_digest(digest)?.is_some())
    };
    let mut others = if alone { Vec::new() } else { Attempt::all(reader, item)? };
    let addresses: BTreeSet<String> = others.iter().flat_map(|one| one.addresses(own)).map(str::to_owned).collect();
    let stretches: BTreeSet<Digest> = others.iter().flat_map(|one| one.stretches(&addresses)).collect();
    passed.extend(&stretches);
    loop {
        let (go, stay): (Vec<_>, Vec<_>) = others.into_iter().partition(|one| one.goes(&own, &objects));
        if go.is_empty() {
            break;
        }
        for one in go {
            for digest in one.brought.iter().chain(&one.pieces) {
                if !is_of_another(digest)? {
                    objects.entry(*digest).or_insert(Some(own));
                }
            }
            passed.extend(one.passed);
            ours.insert(one.no);
        }
        others = stay;
    }
    passed.retain(|digest| !objects.contains_key(digest));
    let brought = reader.brought(&objects.keys().chain(&passed).copied().collect())?;
    for digest in passed {
        // What is an exhibit by itself is somebody else's.
        let mut stays = reader.report_by_digest(&digest)?.is_some() || !reader.exhibits_of_object(&digest)?.is_empty();
        for capture in brought[&digest].difference(&ours) {
            let same = reader.captured(*capture)?.0 == item;
            stays |= !(same && stretches.contains(&digest)) && is_here(reader, *capture, same, &objects)?;
        }
        if !stays {
            objects.insert(digest, Some(own));
        }
    }
    let (mut here, mut captures) = (BTreeMap::new(), BTreeSet::new());
    for (digest, with) in objects {
        if !reader.is_purged(&digest)? {
            captures.extend(&brought[&digest]);
            here.insert(digest, with);
        }
    }
    Ok(Family { objects: here, captures })
}

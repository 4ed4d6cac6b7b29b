//! Admitting what a person hands over: a file or an address, with what they say about it.

use super::archive::{means, runtime};
use super::record::{asserted, page_item, permission};
use super::{Archive, ArchiveError, Member, ObtainError, Source, Thing, resolve};
use crate::evidence::{Claim, Completeness, Event, Item, MediaKind, NoteAdded, Outcome, Subject, Unit};
use crate::fetch::Found;
use crate::reading::{self, Hints};
use crate::vault::{Effects, Vault};

/// A file or address that a person hands over, with what they say about it.
pub struct Handed {
    pub source: Thing,
    pub claims: Vec<Claim>,
    pub note: Option<String>,
    /// Whose claims they are: `person`, or `package` for what a package says.
    pub by: &'static str,
}

/// What became of something handed over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Received {
    pub outcome: Outcome,
    pub completeness: Completeness,
    pub because: String,
    pub exhibit: Option<String>,
}

/// Admits what was handed over.
pub fn hand_over(vault: &mut Vault, handed: &Handed, how: &Archive) -> Result<Received, ArchiveError> {
    let means = means(vault, how);
    let now = how.clock.now();
    let (item, acquisitions) = match &handed.source {
        Thing::Whole(Source::Url(url)) => {
            let item = url_item(url)?;
            let unit = Unit::capture(&item.key, &format!("added {now}"));
            (item.clone(), runtime()?.block_on(means.obtain(&unit.key, &item, None))?)
        }
        Thing::Whole(Source::File(path)) if path.to_string_lossy().contains("://") => {
            let name = path.display().to_string();
            return Err(ObtainError::Unreadable { name, why: "only http and https addresses are fetched".into() }.into());
        }
        Thing::Whole(Source::File(_)) | Thing::Member(_) => {
            let blank = Item { key: String::new(), kind: MediaKind::Video, url: None, platform: None, platform_id: None };
            let (name, found) = match &handed.source {
                Thing::Member(member) => (member.name.clone(), member.open(&means.scratch, how.client.route().limits.max_bytes)?),
                Thing::Whole(Source::File(path)) => {
                    (path.display().to_string(), Found::named(path).map_err(|error| ObtainError::of(path, error))?)
                }
                Thing::Whole(Source::Url(_) | Source::Input) => unreachable!("these are taken elsewhere"),
            };
            let acquisition = means.take("", &blank, "handed-over", now, found)?;
            let Some(digest) = acquisition.digest() else {
                return Err(ObtainError::Unreadable { name, why: acquisition.because().to_owned() }.into());
            };
            if vault.reader().is_purged(&digest)? {
                return Err(ObtainError::Erased { name }.into());
            }
            let item = Item { key: format!("file:{digest}"), kind: acquisition.kind(), ..blank };
            let unit = Unit::capture(&item.key, &format!("added {now}"));
            (item.clone(), vec![acquisition.of(&item, &unit)])
        }
        Thing::Whole(Source::Input) => {
            return Err(
                ObtainError::Unreadable { name: "-".into(), why: "footage is handed over as a file or address".into() }.into()
            );
        }
    };
    // The last attempt is the item's own.
    let last = acquisitions.last().map(|last| (last.outcome(), last.completeness(), last.because().to_owned(), last.digest()));
    let (outcome, completeness, because, digest) =
        last.unwrap_or((Outcome::Error, Completeness::Unverifiable, String::new(), None));
    let held = vault.reader().item_by_key(&item.key)?.is_some() && item.key.starts_with("file:");
    let mut effects = match held {
        true => Effects::default(),
        false => acquisitions.into_iter().map(|one| one.effects(None, true)).fold(Effects::default(), |mut all, more| {
            all.events.extend(more.events);
            all.objects.extend(more.objects);
            all
        }),
    };
    effects.events.insert(0, Event::ItemIdentified(item.clone()));
    effects.events.splice(0..0, permission(how));
    let subject = || Subject::Item(item.key.clone());
    effects.events.extend(handed.claims.iter().map(|claim| asserted(subject(), handed.by, claim)));
    // A name whose bytes are no text is kept as bytes, beside what can be shown of it.
    if let Thing::Member(Member { raw: Some(raw), .. }) = &handed.source {
        let claim = Claim {
            property: "file-name-bytes".to_owned(),
            value: hex::encode(raw),
            via: None,
            hedges: Vec::new(),
            quote: None,
            reading: None,
            rule: "program/file-name@1".into(),
        };
        effects.events.push(asserted(subject(), "program", &claim));
    }
    effects
        .events
        .extend(handed.note.iter().map(|text| Event::NoteAdded(NoteAdded { subject: subject(), text: Some(text.clone()) })));
    vault.commit(vec![effects])?;
    let number = vault.reader().item_by_key(&item.key)?.and_then(|row| row.id.parse().ok());
    let exhibits = number.map(|number| vault.reader().exhibits_of(number)).transpose()?.unwrap_or_default();
    let mine = exhibits.into_iter().find(|exhibit| Some(&exhibit.sha256) == digest.map(|digest| digest.to_string()).as_ref());
    Ok(Received { outcome, completeness, because, exhibit: mine.map(|exhibit| exhibit.id) })
}

fn url_item(text: &str) -> Result<Item, ArchiveError> {
    let hints = Hints { origin: text.to_owned(), ..Hints::default() };
    let document = reading::read(text.as_bytes(), &hints)?;
    let resolved = resolve(&document.report.sha256, reading::refer(&document), &|_| false);
    let item = resolved.into_iter().find_map(|resolved| resolved.item);
    Ok(item.unwrap_or_else(|| page_item(text)))
}

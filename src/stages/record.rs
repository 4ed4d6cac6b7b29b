//! Recording a report: its bytes, what it says of itself, its references and claims, in one commit.

use std::sync::atomic::Ordering;

use tokio::runtime::Runtime;

use super::archive::{WAIT, jobs, runtime};
use super::capture::{Acquisition, Means};
use super::obtain::Obtained;
use super::{Archive, ArchiveError, Job, ObtainError, Resolved, Source, obtain_file, obtain_input, read_report, resolve, review};
use crate::evidence::{
    Claim, ClaimMade, Clock, Digest, Event, Item, MediaKind, NoteAdded, Object, ObjectKept, Origin, Outcome, PermissionGiven,
    Reference, ReferenceFound, Report, ReportReceived, Subject, Unit,
};
use crate::fetch::{Ending, Local, LocalError, Piece, without_secret};
use crate::reading::{self, Document, Hints};
use crate::vault::{Effects, Lease, Staged, Task, Vault, VaultError};

/// Records one report and its references, and says which items of it are to be tried.
pub(super) fn record(
    vault: &mut Vault,
    source: &Source,
    how: &Archive,
    means: &Means,
    runtime: &Runtime,
) -> Result<(Digest, Vec<Job>), ArchiveError> {
    let (obtained, fetched) = match source {
        Source::File(path) => (obtain_file(path)?, None),
        Source::Input => (obtain_input(std::io::stdin().lock())?, None),
        Source::Url(url) => obtain_url(vault, url, how, means, runtime)?,
    };
    let hints = Hints {
        origin: obtained.origin.text().to_owned(),
        url: match &obtained.origin {
            Origin::Url(url) => Some(url.clone()),
            _ => how.url.clone(),
        },
        published: how.published.clone(),
        declared_type: obtained.declared_type.clone(),
    };
    let document = match read_report(&obtained.bytes, &hints, how.helper.as_deref()) {
        Ok(document) => document,
        Err(error) => {
            // What was fetched is recorded even if it is no report: the attempt was made.
            if let Some(acquisition) = fetched {
                vault.commit(vec![page_effects(acquisition, &obtained.origin, how)])?;
            }
            return Err(error.into());
        }
    };
    let digest = document.report.sha256;
    let local = Local::with_parts(obtained.local.clone(), document.parts.clone());
    let beside = |link: &str| local.as_ref().is_some_and(|local| !matches!(local.open(link), Err(LocalError::Missing)));
    let reviewed = reviewed(reading::refer(&document), &digest, how)?;
    let (references, said): (Vec<_>, Vec<_>) =
        reviewed.references.into_iter().map(|standing| (standing.reference, (standing.by_person, standing.note))).unzip();
    let resolved = resolve(&digest, references, &beside);
    let unit = Unit::read(digest);
    if let Some(lease) = lease(vault, Task { unit, subject: digest.to_string() }, how)? {
        let mut effects = report_effects(vault, lease, &obtained, &document, &resolved, fetched, how)?;
        effects.events.extend(by_person(&document.report, &resolved, &said));
        effects.events.extend(reviewed.rejected.iter().map(|(reference, note)| rejected(&digest, reference, note.as_deref())));
        vault.commit(vec![effects])?;
    }
    let mut wanted = jobs(vault, &digest, &resolved, local.as_ref(), how)?;
    if let Source::Url(url) = source {
        wanted.extend(shown(vault, url, &digest, &resolved, how)?);
    }
    Ok((digest, wanted))
}

/// A report's own page as a person saw it, once for each version of it.
fn shown(
    vault: &mut Vault,
    url: &str,
    report: &Digest,
    resolved: &[Resolved],
    how: &Archive,
) -> Result<Option<Job>, ArchiveError> {
    if !how.fetch || how.browser.as_ref().is_none_or(|browser| browser.find().is_none()) {
        return Ok(None);
    }
    let item = Item { url: Some(url.to_owned()), ..page_item(url) };
    let unit = Unit::capture(&item.key, &format!("{report} shown"));
    vault.enqueue(&Task { unit: unit.clone(), subject: item.key.clone() })?;
    let addresses = resolved.iter().filter_map(|one| one.item.as_ref()?.url.clone());
    let beside = addresses.map(|url| url.split('#').next().unwrap_or("").to_owned()).collect();
    Ok(Some(Job { unit, item, local: None, kept: None, beside: Some(beside) }))
}

/// Leases a unit; none if it is done already, by us or by somebody who is doing it now.
fn lease(vault: &mut Vault, task: Task, how: &Archive) -> Result<Option<Lease>, ArchiveError> {
    vault.enqueue(&task)?;
    loop {
        if let Some(lease) = vault.claim(std::slice::from_ref(&task.unit))?.pop() {
            return Ok(Some(lease));
        }
        if vault.reader().unit_state(&task.unit)?.as_deref() == Some("done") {
            return Ok(None);
        }
        if how.stop.load(Ordering::Relaxed) {
            return Err(ArchiveError::Stopped);
        }
        std::thread::sleep(WAIT);
        vault.take_over()?;
    }
}

pub(super) fn page_item(url: &str) -> Item {
    let canonical = url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| reading::canonical_url(&url));
    Item {
        key: format!("url:{}", without_secret(&canonical)),
        kind: MediaKind::Page,
        url: Some(without_secret(url)),
        platform: None,
        platform_id: None,
    }
}

/// Fetches a report without a case, to look at it. Nothing is recorded.
pub fn peek(url: &str, how: &Archive) -> Result<(Vec<u8>, Option<String>), ArchiveError> {
    let failed = |why: String| ArchiveError::from(ObtainError::Fetch { url: url.to_owned(), why });
    runtime()?.block_on(async {
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<Piece>(16);
        let gather = async {
            let mut bytes = Vec::new();
            while let Some(piece) = receiver.recv().await {
                match piece {
                    Piece::Restart => bytes.clear(),
                    Piece::Bytes(chunk) if bytes.len() as u64 <= reading::LARGEST => bytes.extend(chunk),
                    Piece::Bytes(_) => {}
                }
            }
            bytes
        };
        let (fetched, bytes) = tokio::join!(how.client.get(url, None, sender), gather);
        match (&fetched.ending, fetched.status) {
            (Ending::Refused(why) | Ending::Timeout(why) | Ending::Failed(why), _) => Err(failed(why.clone())),
            (_, Some(200..=299)) => Ok((bytes, fetched.declared_type)),
            (_, status) => Err(failed(format!("the server answered {}", status.unwrap_or_default()))),
        }
    })
}

/// Fetches a report. A failure is recorded before it is told.
fn obtain_url(
    vault: &mut Vault,
    url: &str,
    how: &Archive,
    means: &Means,
    runtime: &Runtime,
) -> Result<(Obtained, Option<Acquisition>), ArchiveError> {
    let item = page_item(url);
    let unit = Unit::capture(&item.key, &format!("report at {}", how.clock.now()));
    let mut acquisition = runtime.block_on(means.fetch(&unit.key, &item))?;
    if let Some(browser) = how.browser.as_ref().filter(|_| how.fetch)
        && browser.find().is_none()
    {
        acquisition.because_too("no browser (chromium) was found on this machine to show it");
    }
    let bytes = acquisition.bytes().transpose()?;
    match bytes {
        Some(bytes) if acquisition.outcome() == Outcome::Ok => {
            let declared_type = acquisition.declared_type();
            let obtained = Obtained { origin: Origin::Url(url.to_owned()), bytes, declared_type, local: None };
            Ok((obtained, Some(acquisition)))
        }
        _ => {
            let why = acquisition.because().to_owned();
            vault.commit(vec![page_effects(acquisition, &Origin::Url(url.to_owned()), how)])?;
            Err(ObtainError::Fetch { url: url.to_owned(), why }.into())
        }
    }
}

/// What fetching a report's own page brings about: no exhibit.
fn page_effects(acquisition: Acquisition, origin: &Origin, how: &Archive) -> Effects {
    let mut effects = acquisition.effects(None, false);
    effects.events.insert(0, Event::ItemIdentified(page_item(origin.text())));
    effects.events.splice(0..0, permission(how));
    effects
}

/// What the user permitted, if anything.
pub(super) fn permission(how: &Archive) -> Option<Event> {
    let hosts = how.client.route().permits.texts();
    (!hosts.is_empty()).then_some(Event::PermissionGiven(PermissionGiven { hosts }))
}

fn report_effects(
    vault: &Vault,
    lease: Lease,
    obtained: &Obtained,
    document: &Document,
    resolved: &[Resolved],
    fetched: Option<Acquisition>,
    how: &Archive,
) -> Result<Effects, ArchiveError> {
    let report = &document.report;
    let mut effects = match fetched {
        Some(acquisition) => page_effects(acquisition, &obtained.origin, how),
        None => {
            let (staged, object) = kept(vault, &obtained.bytes, &report.media_type)?;
            Effects {
                objects: vec![staged],
                events: vec![Event::ObjectKept(ObjectKept { object, because: None })],
                ..Effects::default()
            }
        }
    };
    effects.lease = Some(lease);
    effects.events.push(Event::ReportReceived(received(report, &obtained.origin, how.clock.as_ref())));
    for (ordinal, resolved) in (1..).zip(resolved) {
        effects.events.extend(resolved.item.clone().map(Event::ItemIdentified));
        let found = reference(report, ordinal, resolved);
        let key = found.key();
        effects.events.push(Event::ReferenceFound(found));
        effects.events.extend(
            resolved.reference.claims.iter().map(|claim| asserted(Subject::Mention(key.clone()), claimant(claim), claim)),
        );
    }
    Ok(effects)
}

/// The references as a person left them, where one did.
fn reviewed(references: Vec<Reference>, report: &Digest, how: &Archive) -> Result<review::Outcome, review::ReviewError> {
    match how.reviews.iter().find(|review| review.report.sha256 == *report) {
        Some(review) => review::apply(references, review),
        None if how.reviews.is_empty() => {
            let stand = |reference| review::Standing { reference, by_person: Vec::new(), note: None };
            Ok(review::Outcome { references: references.into_iter().map(stand).collect(), rejected: Vec::new() })
        }
        None => Err(review::ReviewError::OtherReport { name: how.reviews[0].report.origin.clone(), sha256: *report }),
    }
}

/// What a person claims and notes of references, beside what the report does.
fn by_person(report: &Report, resolved: &[Resolved], said: &[(Vec<Claim>, Option<String>)]) -> Vec<Event> {
    let mut events = Vec::new();
    for (ordinal, (resolved, (claims, note))) in (1..).zip(resolved.iter().zip(said)) {
        let key = reference(report, ordinal, resolved).key();
        events.extend(claims.iter().map(|claim| asserted(Subject::Mention(key.clone()), "person", claim)));
        let note = note.clone().map(|text| NoteAdded { subject: Subject::Mention(key.clone()), text: Some(text) });
        events.extend(note.map(Event::NoteAdded));
    }
    events
}

/// What was found and a person left out is noted of the report, so that it can be asked about.
fn rejected(report: &Digest, reference: &Reference, note: Option<&str>) -> Event {
    let what = reference.url.as_deref().map(without_secret).unwrap_or_else(|| format!("“{}”", reference.quote.exact));
    let why = note.map(|note| format!(": {note}")).unwrap_or_default();
    let text = format!(
        "Rejected in review: {} {} {what} (found by {} at {}){why}",
        reference.kind, reference.form, reference.rule, reference.locator
    );
    Event::NoteAdded(NoteAdded { subject: Subject::Report(*report), text: Some(text) })
}

fn received(report: &Report, origin: &Origin, clock: &dyn Clock) -> ReportReceived {
    let (source, url, name) = match origin {
        Origin::File { name } => ("file", None, Some(name.clone())),
        Origin::Url(url) => ("url", Some(url.clone()), None),
        Origin::Input => ("input", None, None),
    };
    ReportReceived {
        report: report.sha256,
        source: source.to_owned(),
        url,
        received: clock.now(),
        reader: report.reader.name.clone(),
        reader_version: report.reader.version.clone(),
        encoding: report.encoding.clone(),
        media_type: report.media_type.clone(),
        language: report.language.clone(),
        published: report.published.clone(),
        name,
        title: report.title.clone(),
        publisher: report.publisher.clone(),
        authors: (!report.authors.is_empty()).then(|| report.authors.clone()),
        published_as_written: report.published_as_written.clone(),
    }
}

fn reference(report: &Report, ordinal: u64, resolved: &Resolved) -> ReferenceFound {
    let reference = &resolved.reference;
    ReferenceFound {
        report: report.sha256,
        ordinal,
        kind: reference.kind,
        form: reference.form,
        url: reference.url.as_deref().map(without_secret),
        canonical: reference.canonical.as_deref().map(without_secret),
        item: resolved.item.as_ref().map(|item| item.key.clone()),
        locator: reference.locator.clone(),
        rule: reference.rule.clone(),
        quote: Some(reference.quote.clone()),
        caption: reference.caption.clone(),
        credit: reference.credit.clone(),
        hedges: (!reference.hedges.is_empty()).then(|| reference.hedges.clone()),
    }
}

/// That two references may be of one thing is the program's word, not the report's.
fn claimant(claim: &Claim) -> &'static str {
    if claim.rule.0.starts_with("candidate/") { "program" } else { "report" }
}

pub(super) fn asserted(subject: Subject, by: &str, claim: &Claim) -> Event {
    Event::ClaimMade(ClaimMade {
        subject,
        by: by.to_owned(),
        property: claim.property.clone(),
        rule: claim.rule.clone(),
        claim: Some(claim.clone()),
    })
}

/// Bytes at hand, staged, and the object that they are.
pub(super) fn kept(vault: &Vault, bytes: &[u8], media_type: &str) -> Result<(Staged, Object), VaultError> {
    use std::io::Write;
    let mut staging = vault.stage()?;
    staging.write_all(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => VaultError::DiskFull,
        _ => VaultError::Io { doing: "write", path: "staging".into(), source: error },
    })?;
    let staged = staging.finish()?;
    let digests = staged.digests();
    let object = Object { sha256: digests.sha256, blake3: digests.blake3, size: digests.size, media_type: media_type.to_owned() };
    Ok((staged, object))
}

//! The conductor: read, refer, resolve, record; then capture every item, many at once, one writer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::capture::{Acquisition, Means};
use super::obtain::Obtained;
use super::{Coverage, ObtainError, Resolved, Source, coverage, obtain_file, obtain_input, resolve};
use crate::evidence::{
    Claim, ClaimMade, Clock, Completeness, Digest, Event, Item, MediaKind, NoteAdded, Object, ObjectKept, Origin, Outcome,
    PermissionGiven, ReferenceFound, Report, ReportReceived, Subject, Unit,
};
use crate::fetch::{Client, Ending, Found, Local, LocalError, without_secret};
use crate::reading::{self, Document, Hints, ReadError};
use crate::vault::{Committed, Effects, Lease, Task, Vault, VaultError};

/// How often a waiting conductor says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long to wait for another run before looking again.
const WAIT: Duration = Duration::from_millis(200);

/// How to archive.
pub struct Archive {
    pub client: Client,
    pub clock: Arc<dyn Clock>,
    /// Captures at once.
    pub concurrency: usize,
    /// Digest of the settings, recorded with every capture.
    pub settings: Digest,
    /// Label of the route out.
    pub route: String,
    /// Off: record references only.
    pub fetch: bool,
    /// On: try items again that were tried before.
    pub recapture: bool,
    /// Where a saved page came from, and its date, if a person says so.
    pub url: Option<String>,
    pub published: Option<String>,
    /// Set from outside to stop after what is under way.
    pub stop: Arc<AtomicBool>,
}

/// Watches the work. All calls come from one thread.
pub trait Progress {
    /// So many items will be tried.
    fn begin(&mut self, total: usize);
    /// One was tried, and recorded.
    fn done(&mut self, item: &Item, outcome: Outcome, because: &str);
}

/// Why one report was not archived; the others go on.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Obtain(#[from] ObtainError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("The program could not start its network threads: {0}")]
    Runtime(std::io::Error),
    #[error("Stopped. What was captured is recorded")]
    Stopped,
}

impl ArchiveError {
    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            ArchiveError::Obtain(error) => error.next_step(),
            ArchiveError::Read(error) => error.next_step(),
            ArchiveError::Vault(error) => error.next_step(),
            ArchiveError::Stopped => Some("run the same command again to go on where it stopped"),
            ArchiveError::Runtime(_) => None,
        }
    }
}

/// One item to try, and where its relative links lead.
struct Job {
    unit: Unit,
    item: Item,
    local: Option<Local>,
}

/// Archives reports: each is recorded, then all their items are captured. Returns, per source, its
/// coverage statement or why there is none.
pub fn archive(
    vault: &mut Vault,
    sources: &[Source],
    how: &Archive,
    progress: &mut dyn Progress,
) -> Result<Vec<Result<Coverage, ArchiveError>>, ArchiveError> {
    let runtime = runtime()?;
    let means = means(vault, how);
    let first_entry = vault.reader().size()?;
    let (mut told, mut jobs) = (Vec::new(), Vec::new());
    for source in sources {
        let recorded = record(vault, source, how, &means, &runtime);
        match recorded {
            Ok((digest, wanted)) => {
                jobs.extend(wanted);
                told.push(Ok(digest));
            }
            Err(ArchiveError::Vault(error)) => return Err(error.into()),
            Err(error) => told.push(Err(error)),
        }
    }
    if how.fetch {
        capture_all(vault, jobs, how, &means, &runtime, progress)?;
    }
    let statement = |digest: Digest| -> Result<Coverage, ArchiveError> {
        let report = vault.reader().report_by_digest(&digest)?;
        let report = report.ok_or(VaultError::NoObject { digest })?;
        Ok(coverage(vault.reader(), report, first_entry)?)
    };
    Ok(told.into_iter().map(|recorded| recorded.and_then(statement)).collect())
}

fn runtime() -> Result<tokio::runtime::Runtime, ArchiveError> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(ArchiveError::Runtime)
}

fn means(vault: &Vault, how: &Archive) -> Means {
    Means {
        client: how.client.clone(),
        intake: Arc::new(vault.intake()),
        clock: how.clock.clone(),
        settings: how.settings,
        route: how.route.clone(),
    }
}

/// Records one report and its references, and says which items of it are to be tried.
fn record(
    vault: &mut Vault,
    source: &Source,
    how: &Archive,
    means: &Means,
    runtime: &tokio::runtime::Runtime,
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
    let document = match reading::read(&obtained.bytes, &hints) {
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
    let local = obtained.local.clone();
    let beside = |link: &str| local.as_ref().is_some_and(|local| !matches!(local.open(link), Err(LocalError::Missing)));
    let resolved = resolve(&digest, reading::refer(&document), &beside);
    let unit = Unit::read(digest);
    if let Some(lease) = lease(vault, Task { unit, subject: digest.to_string() }, how)? {
        let effects = report_effects(vault, lease, &obtained, &document, &resolved, fetched, how)?;
        vault.commit(vec![effects])?;
    }
    Ok((digest, jobs(vault, &digest, &resolved, local.as_ref(), how)?))
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

fn page_item(url: &str) -> Item {
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
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<hyper::body::Bytes>(16);
        let gather = async {
            let mut bytes = Vec::new();
            while let Some(chunk) = receiver.recv().await {
                if bytes.len() as u64 <= reading::LARGEST {
                    bytes.extend(chunk);
                }
            }
            bytes
        };
        let (fetched, bytes) = tokio::join!(how.client.get(url, sender), gather);
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
    runtime: &tokio::runtime::Runtime,
) -> Result<(Obtained, Option<Acquisition>), ArchiveError> {
    let item = page_item(url);
    let unit = Unit::capture(&item.key, &format!("report at {}", how.clock.now()));
    let acquisition = runtime.block_on(means.fetch(&unit.key, &item))?;
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
fn permission(how: &Archive) -> Option<Event> {
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
            use std::io::Write;
            let mut staging = vault.stage()?;
            staging.write_all(&obtained.bytes).map_err(|error| match error.kind() {
                std::io::ErrorKind::StorageFull => VaultError::DiskFull,
                _ => VaultError::Io { doing: "write", path: "staging".into(), source: error },
            })?;
            let staged = staging.finish()?;
            let digests = staged.digests();
            let object = Object {
                sha256: digests.sha256,
                blake3: digests.blake3,
                size: digests.size,
                media_type: report.media_type.clone(),
            };
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
        effects
            .events
            .extend(resolved.reference.claims.iter().map(|claim| asserted(Subject::Mention(key.clone()), "report", claim)));
    }
    Ok(effects)
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

fn asserted(subject: Subject, by: &str, claim: &Claim) -> Event {
    Event::ClaimMade(ClaimMade {
        subject,
        by: by.to_owned(),
        property: claim.property.clone(),
        rule: claim.rule.clone(),
        claim: Some(claim.clone()),
    })
}

/// The items of a report that are to be tried: those never tried for it; those that failed in a way
/// that may pass; with `recapture`, all.
fn jobs(
    vault: &mut Vault,
    report: &Digest,
    resolved: &[Resolved],
    local: Option<&Local>,
    how: &Archive,
) -> Result<Vec<Job>, VaultError> {
    let (mut jobs, mut seen) = (Vec::new(), BTreeSet::new());
    for item in resolved.iter().filter_map(|resolved| resolved.item.clone()) {
        let mut unit = Unit::capture(&item.key, &report.to_string());
        let reader = vault.reader();
        // An item that only a newer reader finds in an old report is not recorded, so it is not tried.
        let Some(row) = reader.item_by_key(&item.key)? else { continue };
        if reader.unit_state(&unit)?.as_deref() == Some("done") {
            let Ok(number) = row.id.parse() else { continue };
            let tries = reader.captures_of(number)?;
            let again =
                how.recapture || tries.last().is_some_and(|last| may_pass(&last.outcome, &last.because, &item, local, how));
            if !again {
                continue;
            }
            unit = Unit::capture(&item.key, &format!("{report} again after {}", tries.len()));
            vault.enqueue(&Task { unit: unit.clone(), subject: item.key.clone() })?;
        }
        let local = item.key.starts_with("local:").then(|| local.cloned()).flatten();
        if seen.insert(unit.key.clone()) {
            jobs.push(Job { unit, item, local });
        }
    }
    Ok(jobs)
}

/// Whether trying again without being asked makes sense: the network failed us, a host is permitted
/// now that was not, a missing file has come.
fn may_pass(outcome: &str, because: &str, item: &Item, local: Option<&Local>, how: &Archive) -> bool {
    let beside = || local.is_some_and(|local| local.open(item.url.as_deref().unwrap_or_default()).is_ok());
    match Outcome::from_word(outcome) {
        _ if item.key.starts_with("local:") => outcome != "ok" && outcome != "placeholder" && beside(),
        Some(Outcome::Timeout) => true,
        Some(Outcome::Error) => !because.starts_with("redirects go round") && !because.starts_with("more than"),
        Some(Outcome::RefusedByPolicy) => because.contains("not a public address") && !how.client.route().permits.0.is_empty(),
        _ => false,
    }
}

/// What a finished attempt sends to the writer.
type Finished = (Item, Lease, Result<Acquisition, VaultError>);

/// Tries all jobs. This thread is the writer: it leases, hands out, and commits what comes back, all
/// that has come by then in one transaction.
fn capture_all(
    vault: &mut Vault,
    jobs: Vec<Job>,
    how: &Archive,
    means: &Means,
    runtime: &tokio::runtime::Runtime,
    progress: &mut dyn Progress,
) -> Result<(), ArchiveError> {
    let mut waiting: VecDeque<Unit> = VecDeque::new();
    let mut known: BTreeMap<String, Job> = BTreeMap::new();
    for job in jobs {
        if !known.contains_key(&job.unit.key) && vault.reader().unit_state(&job.unit)?.as_deref() != Some("done") {
            waiting.push_back(job.unit.clone());
        }
        known.insert(job.unit.key.clone(), job);
    }
    progress.begin(waiting.len());
    let (sender, receiver) = mpsc::channel::<Finished>();
    let (mut ready, mut elsewhere, mut under_way, mut failed) = (VecDeque::<Lease>::new(), Vec::new(), 0usize, None);
    let mut beat = Instant::now();
    loop {
        if beat.elapsed() >= HEARTBEAT {
            vault.heartbeat()?;
            beat = Instant::now();
        }
        let stopping = failed.is_some() || how.stop.load(Ordering::Relaxed);
        if ready.is_empty() && !waiting.is_empty() && !stopping {
            let some: Vec<Unit> = waiting.drain(..waiting.len().min(how.concurrency * 4)).collect();
            let leases = vault.claim(&some)?;
            let leased: Vec<&str> = leases.iter().map(|lease| lease.task.unit.key.as_str()).collect();
            elsewhere.extend(some.iter().filter(|unit| !leased.contains(&unit.key.as_str())).cloned());
            ready.extend(leases);
        }
        while under_way < how.concurrency && !stopping {
            let Some(lease) = ready.pop_front() else { break };
            if let Some(job) = known.get(&lease.task.unit.key) {
                spawn(runtime, means.clone(), job, lease, sender.clone());
                under_way += 1;
            }
        }
        if under_way == 0 {
            if stopping
                || (waiting.is_empty() && ready.is_empty() && !return_from_elsewhere(vault, &mut elsewhere, &mut waiting)?)
            {
                break;
            }
            continue;
        }
        match receiver.recv_timeout(HEARTBEAT) {
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
            Ok(first) => {
                let finished: Vec<Finished> = std::iter::once(first).chain(receiver.try_iter()).collect();
                under_way -= finished.len();
                settle(vault, finished, how, progress, &mut failed)?;
            }
        }
    }
    match failed {
        Some(error) => Err(error.into()),
        None if how.stop.load(Ordering::Relaxed) => Err(ArchiveError::Stopped),
        None => Ok(()),
    }
}

fn spawn(runtime: &tokio::runtime::Runtime, means: Means, job: &Job, lease: Lease, sender: mpsc::Sender<Finished>) {
    let (item, local) = (job.item.clone(), job.local.clone());
    runtime.spawn(async move {
        let key = lease.task.unit.key.clone();
        let of = item.clone();
        let work = if item.key.starts_with("local:") {
            tokio::task::spawn_blocking(move || means.copy(&key, &of, local.as_ref()))
        } else {
            tokio::spawn(async move { means.fetch(&key, &of).await })
        };
        // A task that failed in itself is told, too: the writer waits for every one.
        let result = work.await.unwrap_or_else(|error| {
            Err(VaultError::Io { doing: "capture", path: item.key.clone().into(), source: std::io::Error::other(error) })
        });
        // Nobody listens any more only when the run has failed already.
        let _ = sender.send((item, lease, result));
    });
}

/// Commits what came back, then tells it.
fn settle(
    vault: &mut Vault,
    finished: Vec<Finished>,
    how: &Archive,
    progress: &mut dyn Progress,
    failed: &mut Option<VaultError>,
) -> Result<(), VaultError> {
    let (mut batch, mut told) = (Vec::new(), Vec::new());
    for (item, lease, result) in finished {
        match result {
            Err(error) => *failed = Some(error),
            Ok(acquisition) => {
                told.push((item, acquisition.outcome(), acquisition.because().to_owned()));
                let mut effects = acquisition.effects(Some(lease), true);
                effects.events.splice(0..0, permission(how));
                batch.push(effects);
            }
        }
    }
    if batch.is_empty() {
        return Ok(());
    }
    for ((item, outcome, because), committed) in told.iter().zip(vault.commit(batch)?) {
        match committed {
            Committed::Recorded(_) => progress.done(item, *outcome, because),
            Committed::Stale => progress.done(item, *outcome, "another run recorded it first"),
        }
    }
    Ok(())
}

/// Units that another run holds: waits a little, takes over from runs that died, and offers for lease
/// again what is not done. False once all are done.
fn return_from_elsewhere(vault: &mut Vault, elsewhere: &mut Vec<Unit>, waiting: &mut VecDeque<Unit>) -> Result<bool, VaultError> {
    for unit in elsewhere.drain(..) {
        if vault.reader().unit_state(&unit)?.is_some_and(|state| state != "done") {
            waiting.push_back(unit);
        }
    }
    if !waiting.is_empty() {
        std::thread::sleep(WAIT);
        vault.take_over()?;
    }
    Ok(!waiting.is_empty())
}

/// A file or address that a person hands over, with what they say about it.
pub struct Handed {
    pub source: Source,
    pub claims: Vec<Claim>,
    pub note: Option<String>,
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
    let (item, acquisition) = match &handed.source {
        Source::Url(url) => {
            let item = url_item(url)?;
            let unit = Unit::capture(&item.key, &format!("added {now}"));
            let acquisition = runtime()?.block_on(means.fetch(&unit.key, &item))?;
            (item, acquisition)
        }
        Source::File(path) if path.to_string_lossy().contains("://") => {
            let name = path.display().to_string();
            return Err(ObtainError::Unreadable { name, why: "only http and https addresses are fetched".into() }.into());
        }
        Source::File(path) => {
            let blank = Item { key: String::new(), kind: MediaKind::Video, url: None, platform: None, platform_id: None };
            let found = Found::named(path).map_err(|error| match error {
                LocalError::Missing => ObtainError::Missing { path: path.clone() },
                _ if path.is_dir() => ObtainError::Directory { path: path.clone() },
                LocalError::NotAFile | LocalError::Outside => ObtainError::NotAFile { path: path.clone() },
                LocalError::Unreadable(why) => ObtainError::Unreadable { name: path.display().to_string(), why },
            })?;
            let acquisition = means.take("", &blank, "handed-over", now, found)?;
            let Some(digest) = acquisition.digest() else {
                let name = path.display().to_string();
                return Err(ObtainError::Unreadable { name, why: acquisition.because().to_owned() }.into());
            };
            let item = Item { key: format!("file:{digest}"), kind: acquisition.kind(), ..blank };
            let unit = Unit::capture(&item.key, &format!("added {now}"));
            (item.clone(), acquisition.of(&item, &unit))
        }
        Source::Input => {
            return Err(
                ObtainError::Unreadable { name: "-".into(), why: "footage is handed over as a file or address".into() }.into()
            );
        }
    };
    let (outcome, completeness, because, digest) =
        (acquisition.outcome(), acquisition.completeness(), acquisition.because().to_owned(), acquisition.digest());
    let held = vault.reader().item_by_key(&item.key)?.is_some() && item.key.starts_with("file:");
    let mut effects = match held {
        true => Effects::default(),
        false => acquisition.effects(None, true),
    };
    effects.events.insert(0, Event::ItemIdentified(item.clone()));
    effects.events.splice(0..0, permission(how));
    let subject = || Subject::Item(item.key.clone());
    effects.events.extend(handed.claims.iter().map(|claim| asserted(subject(), "person", claim)));
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

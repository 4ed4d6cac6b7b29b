//! The conductor: read, refer, resolve, record; then capture every item, many at once, one writer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::capture::{Acquisition, Kept, Means};
use super::download::own_last;
use super::record::{permission, record};
use super::{Coverage, ObtainError, Resolved, Source, coverage};
use crate::evidence::{Clock, Completeness, Digest, Exchange, Item, Outcome, Unit};
use crate::fetch::{Begun, Client, Local};
use crate::ledger::LedgerError;
use crate::reading::ReadError;
use crate::vault::{CaptureRow, Committed, Effects, Lease, Task, Vault, VaultError};

/// How often a waiting conductor says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long to wait for another run before looking again.
pub(super) const WAIT: Duration = Duration::from_millis(200);

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
    /// A person's word on what was found, before it is recorded.
    pub reviews: Vec<super::review::Review>,
    /// The `exhibit` program, which takes PDFs and spreadsheets apart in a process of its own; none: it is done in this one.
    pub helper: Option<std::path::PathBuf>,
    /// What obtains footage from behind a platform's player, if it was found.
    pub downloader: Option<Arc<crate::fetch::Wanted>>,
    /// A third party that is asked, too, where a person says so.
    pub wayback: Option<super::Wayback>,
    /// What shows pages, if it is found.
    pub browser: Option<Arc<crate::fetch::Drawn>>,
    /// A fresh secret.
    pub token: Arc<dyn Fn() -> String + Send + Sync>,
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
    Review(#[from] super::review::ReviewError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("There is no {id} in this case whose items could be tried")]
    Unknown { id: String },
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
            ArchiveError::Review(error) => error.next_step(),
            ArchiveError::Vault(error) => error.next_step(),
            ArchiveError::Stopped => Some("run the same command again to go on where it stopped"),
            ArchiveError::Unknown { .. } => {
                Some("name items (I12), exhibits (E7) or reports (R3); `exhibit list` shows exhibits")
            }
            ArchiveError::Runtime(_) => None,
        }
    }
}

/// One item to try, and where its relative links lead.
pub(super) struct Job {
    pub unit: Unit,
    pub item: Item,
    pub local: Option<Local>,
    /// What an earlier try brought of it before it broke off.
    pub kept: Option<Kept>,
    /// A report's own page, only to be shown: footage at these addresses is captured anyway.
    pub beside: Option<BTreeSet<String>>,
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
            Err(error @ ArchiveError::Vault(VaultError::Ledger(LedgerError::TooLong(_)))) => told.push(Err(error)),
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

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, ArchiveError> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(ArchiveError::Runtime)
}

pub(super) fn means(vault: &Vault, how: &Archive) -> Means {
    Means {
        client: how.client.clone(),
        intake: Arc::new(vault.intake()),
        clock: how.clock.clone(),
        settings: how.settings,
        route: how.route.clone(),
        downloader: how.downloader.clone(),
        browser: how.browser.clone(),
        wayback: how.wayback.clone(),
        helper: how.helper.clone(),
        scratch: vault.reader().layout().root.join("scratch"),
        token: how.token.clone(),
    }
}

/// The items of a report that are to be tried: those never tried for it; those that failed in a way
/// that may pass; with `recapture`, all.
pub(super) fn jobs(
    vault: &mut Vault,
    report: &Digest,
    resolved: &[Resolved],
    local: Option<&Local>,
    how: &Archive,
) -> Result<Vec<Job>, VaultError> {
    let (mut jobs, mut seen) = (Vec::new(), BTreeSet::new());
    for item in resolved.iter().filter_map(|resolved| resolved.item.clone()) {
        let (mut unit, mut kept) = (Unit::capture(&item.key, &report.to_string()), None);
        let reader = vault.reader();
        // An item that only a newer reader finds in an old report is not recorded, so it is not tried.
        let Some(row) = reader.item_by_key(&item.key)? else { continue };
        if reader.unit_state(&unit)?.as_deref() == Some("done") {
            let Ok(number) = row.id.parse() else { continue };
            let tries = reader.captures_of(number)?;
            let again = how.recapture
                || tries.last().is_some_and(|last| broke_off(last) || may_pass(&last.outcome, &last.because, &item, local, how));
            if !again {
                continue;
            }
            unit = Unit::capture(&item.key, &format!("{report} again after {}", tries.len()));
            kept = tries
                .iter()
                .rev()
                .find(|one| one.sha256.is_some())
                .filter(|_| !how.recapture)
                .and_then(|last| begun(vault, last));
            vault.enqueue(&Task { unit: unit.clone(), subject: item.key.clone() })?;
        }
        let local = item.key.starts_with("local:").then(|| local.cloned()).flatten();
        if seen.insert(unit.key.clone()) {
            jobs.push(Job { unit, item, local, kept, beside: None });
        }
    }
    Ok(jobs)
}

/// What a try brought of a file before it broke off, if the rest can be asked for.
fn begun(vault: &Vault, last: &CaptureRow) -> Option<Kept> {
    let object: Digest = last.sha256.as_deref().filter(|_| broke_off(last))?.parse().ok()?;
    let exchange: Exchange = serde_json::from_value(last.exchange.clone()).ok()?;
    let size = vault.reader().object(&object).ok()??.size;
    let layout = vault.reader().layout().clone();
    Some(Kept { begun: Begun::of(&exchange.hops, size)?, capture: last.id.clone(), object, layout })
}

/// Whether a body stopped for a reason that may pass: the network's, or the time that it was given.
fn broke_off(last: &CaptureRow) -> bool {
    let passing = ["ended early", "without a byte", "fewer bytes", "stopped after"];
    last.completeness == Completeness::Truncated.as_str()
        && last.method == "http"
        && passing.iter().any(|words| last.because.contains(words))
        && !last.because.contains("the file is cut")
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
type Finished = (Item, Lease, Tried);

/// What an attempt brought; none: the run was stopped before it began.
type Tried = Option<Result<Vec<Acquisition>, VaultError>>;

/// Attempts that are begun, or have their place in the line, before the first of them is committed: what has come
/// while the writer was busy is one transaction.
const IN_LINE: usize = 512;

/// Tries all jobs. This thread is the writer: it leases, hands out, and commits what comes back, all
/// that has come by then in one transaction.
pub(super) fn capture_all(
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
    let places = Arc::new(Semaphore::new(how.concurrency));
    let mut came: Vec<Finished> = Vec::new();
    loop {
        // What has come is lost where something fails before it is written.
        let writing = !came.is_empty();
        if beat.elapsed() >= HEARTBEAT && !writing {
            vault.heartbeat()?;
            beat = Instant::now();
        }
        let stopping = failed.is_some() || how.stop.load(Ordering::Relaxed);
        if ready.len() < IN_LINE && !waiting.is_empty() && !stopping && !writing {
            let some: Vec<Unit> = waiting.drain(..waiting.len().min(IN_LINE)).collect();
            let leases = vault.claim(&some)?;
            let leased: Vec<&str> = leases.iter().map(|lease| lease.task.unit.key.as_str()).collect();
            elsewhere.extend(some.iter().filter(|unit| !leased.contains(&unit.key.as_str())).cloned());
            ready.extend(leases);
        }
        while under_way < IN_LINE && !stopping {
            // Files beside a report are read one at a time, in the report's order: the disk is no faster
            // for many, and the exhibits get their numbers in an order that people expect.
            let next_is_local = ready.front().is_some_and(|lease| lease.task.subject.starts_with("local:"));
            if next_is_local && under_way > 0 {
                break;
            }
            let Some(lease) = ready.pop_front() else { break };
            if let Some(job) = known.get(&lease.task.unit.key) {
                spawn(runtime, means.clone(), job, lease, (places.clone(), how.stop.clone()), sender.clone());
                under_way += 1;
            }
            if next_is_local {
                break;
            }
        }
        // Written while those behind them are under way.
        if writing {
            settle(vault, std::mem::take(&mut came), how, progress, &mut failed)?;
            continue;
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
                came = std::iter::once(first).chain(receiver.try_iter()).collect();
                under_way -= came.len();
            }
        }
    }
    match failed {
        Some(error) => Err(error.into()),
        None if how.stop.load(Ordering::Relaxed) => Err(ArchiveError::Stopped),
        None => Ok(()),
    }
}

fn spawn(
    runtime: &tokio::runtime::Runtime,
    means: Means,
    job: &Job,
    lease: Lease,
    (places, stop): (Arc<Semaphore>, Arc<AtomicBool>),
    sender: mpsc::Sender<Finished>,
) {
    let (item, local, kept, beside) = (job.item.clone(), job.local.clone(), job.kept.clone(), job.beside.clone());
    runtime.spawn(async move {
        let _place = places.acquire_owned().await;
        if stop.load(Ordering::Relaxed) {
            let _ = sender.send((item, lease, None));
            return;
        }
        let key = lease.task.unit.key.clone();
        let (of, one) = (item.clone(), means.clone());
        let work = if item.key.starts_with("local:") {
            tokio::task::spawn_blocking(move || means.copy(&key, &of, local.as_ref()).map(|one| vec![one]))
        } else {
            tokio::spawn(async move {
                match beside {
                    Some(beside) => Ok(means.browse(&key, &of, &beside).await?.map(own_last).unwrap_or_default()),
                    None => means.obtain(&key, &of, kept).await,
                }
            })
        };
        // A fault of ours in one item is that item's, dated and told, and the others go on.
        let result = work.await.unwrap_or_else(|error| Ok(vec![one.broken(&lease.task.unit.key, &item, &error.to_string())]));
        // Nobody listens any more only when the run has failed already.
        let _ = sender.send((item, lease, Some(result)));
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
            None => {}
            Some(Err(error)) => *failed = Some(error),
            Some(Ok(acquisitions)) => {
                // The last is the item's own.
                let last = acquisitions.last().map(|last| (last.outcome(), last.because().to_owned()));
                let (outcome, because) = last.unwrap_or((Outcome::Error, String::new()));
                told.push((item, outcome, because));
                let mut effects = Effects { lease: Some(lease), ..Effects::default() };
                for acquisition in acquisitions {
                    let more = acquisition.effects(None, true);
                    effects.events.extend(more.events);
                    effects.objects.extend(more.objects);
                }
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

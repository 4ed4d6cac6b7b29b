//! One attempt to obtain an item: bytes to staging, digests as they pass, facts from what arrived.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::judge::{self, Judgement, Meant};
use super::record::asserted;
use super::third_party::Wayback;
use crate::evidence::{
    Capture, Claim, Clock, Completeness, Digest, Event, Examination, Exchange, ExhibitAdmitted, Item, MediaKind, Object,
    ObjectKept, Outcome, Role, Subject, Time, Unit,
};
use crate::fetch::{Begun, Client, Drawn, Fetched, Found, Local, LocalError, Piece, Wanted};
use crate::probe::{self, Probed, Structure};
use crate::vault::{Effects, Layout, Lease, Staged, Staging, VaultError, open_object};

/// Bytes that arrived, and what they say of themselves.
pub(super) struct Arrived {
    staged: Staged,
    probed: Probed,
}

impl Arrived {
    pub fn size(&self) -> u64 {
        self.staged.digests().size
    }

    pub fn structure(&self) -> &Structure {
        &self.probed.structure
    }

    pub fn digest(&self) -> Digest {
        self.staged.digests().sha256
    }

    pub fn mime(&self) -> &str {
        self.probed.facts.mime.as_deref().unwrap_or("")
    }

    pub fn open(&self) -> Result<std::fs::File, VaultError> {
        self.staged.open()
    }

    /// The kind of medium that the bytes are.
    pub fn kind(&self) -> MediaKind {
        match self.probed.facts.mime.as_deref().unwrap_or("").split('/').next() {
            Some("video") => MediaKind::Video,
            Some("image") => MediaKind::Image,
            Some("audio") => MediaKind::Audio,
            _ => MediaKind::Page,
        }
    }

    /// Seconds, as the file itself says.
    pub fn duration(&self) -> Option<f64> {
        self.probed.facts.duration
    }

    pub fn is_media(&self) -> bool {
        self.kind() != MediaKind::Page
    }
}

/// Bytes of an attempt beside its first: another stream, or what a platform says.
pub(super) struct Part {
    pub arrived: Arrived,
    /// None: kept, and not an exhibit of its own.
    pub role: Option<Role>,
    pub name: Option<String>,
    /// Admitted whatever came of the attempt.
    pub always: bool,
}

impl Part {
    pub fn no_exhibit(arrived: Arrived) -> Part {
        Part { arrived, role: None, name: None, always: false }
    }
}

/// The beginning of a file that an earlier attempt brought, and that the case keeps.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub begun: Begun,
    pub capture: String,
    pub object: Digest,
    pub layout: Layout,
}

impl Kept {
    /// Its bytes, to be gone on with; none where they are not what they were.
    fn copied(&self, mut staging: Staging) -> Result<Option<Staging>, VaultError> {
        let Ok(file) = open_object(&self.layout, &self.object) else { return Ok(None) };
        copy_readable(file, &mut staging)?;
        Ok(Some(staging).filter(|staging| staging.so_far() == self.object))
    }
}

/// What came from one address.
pub(super) struct Received {
    pub fetched: Fetched,
    pub arrived: Option<Arrived>,
    /// A longer answer that broke off before.
    pub earlier: Option<Arrived>,
    /// Bodies of answers that led elsewhere; their hops name them.
    pub beside: Vec<Arrived>,
}

/// What an attempt brought: a dated record, and bytes if any came.
pub(super) struct Acquisition {
    capture: Capture,
    arrived: Option<Arrived>,
    /// None: by its bytes.
    role: Option<Role>,
    name: Option<String>,
    /// The bytes are somebody's word about the item, not the item.
    answer: bool,
    parts: Vec<Part>,
    /// What the platform says.
    claims: Vec<Claim>,
}

/// What attempts need: a client, a place for bytes, a clock.
#[derive(Clone)]
pub(super) struct Means {
    pub client: Client,
    pub intake: Arc<dyn Fn() -> Result<Staging, VaultError> + Send + Sync>,
    pub clock: Arc<dyn Clock>,
    pub settings: Digest,
    pub route: String,
    pub downloader: Option<Arc<Wanted>>,
    pub browser: Option<Arc<Drawn>>,
    /// A third party that is asked, too.
    pub wayback: Option<Wayback>,
    /// The `exhibit` program, which takes hostile files apart in a process of its own.
    pub helper: Option<PathBuf>,
    /// A directory of the case's for what programs leave.
    pub scratch: PathBuf,
    /// A fresh secret.
    pub token: Arc<dyn Fn() -> String + Send + Sync>,
}

pub(super) fn finish(staging: Staging) -> Result<Option<Arrived>, VaultError> {
    if staging.size() == 0 {
        return Ok(None);
    }
    let staged = staging.finish()?;
    let probed = probe::examine(&mut io::BufReader::new(staged.open()?));
    Ok(Some(Arrived { staged, probed }))
}

impl Means {
    pub(super) fn blank(&self, key: &str, item: &Item, method: &str, started: Time) -> Capture {
        Capture {
            key: key.to_owned(),
            item: item.key.clone(),
            url: item.url.clone(),
            method: method.to_owned(),
            started,
            finished: started,
            outcome: Outcome::Error,
            completeness: Completeness::Unverifiable,
            because: String::new(),
            status: None,
            redirects: 0,
            final_url: None,
            address: None,
            declared: None,
            received: 0,
            declared_type: None,
            alterations: Vec::new(),
            tool: None,
            route: self.route.clone(),
            settings: self.settings,
            object: None,
            exchange: None,
        }
    }

    /// Bytes at hand, staged; none where there are none.
    pub(super) fn made_of(&self, bytes: &[u8]) -> Result<Option<Arrived>, VaultError> {
        let mut staging = (self.intake)()?;
        staging.write_all(bytes).map_err(disk)?;
        finish(staging)
    }

    /// Asks for an address, and keeps what comes. An error is ours (the disk), never the server's.
    pub async fn receive(&self, url: &str) -> Result<Received, VaultError> {
        self.receive_rest(url, None).await
    }

    /// The same, but that of what the case keeps only the rest is asked for.
    async fn receive_rest(&self, url: &str, kept: Option<Kept>) -> Result<Received, VaultError> {
        let (sender, mut receiver) = mpsc::channel::<Piece>(16);
        let intake = self.intake.clone();
        let (begun, kept) = match kept {
            None => (None, None),
            Some(kept) => {
                let staging = intake()?;
                let copied = tokio::task::spawn_blocking(move || (kept.copied(staging), kept.begun));
                let (copied, begun) = copied.await.map_err(|error| disk(io::Error::other(error)))?;
                copied?.map(|staging| (begun, staging)).unzip()
            }
        };
        // Writing and hashing block, so they have a thread of their own while the network goes on.
        let writing = tokio::task::spawn_blocking(move || -> Result<(Option<Arrived>, Option<Arrived>), VaultError> {
            // What an earlier attempt brought is not this one's, as long as nothing is added to it.
            let (mut staging, mut earlier, mut own): (Option<Staging>, Option<Staging>, bool) = (kept, None, false);
            while let Some(piece) = receiver.blocking_recv() {
                let Piece::Bytes(chunk) = piece else {
                    // Of answers that broke off, the longest stays: what comes now can be less.
                    let broken = staging.take().filter(|_| own);
                    if broken.as_ref().map(Staging::size) > earlier.as_ref().map(Staging::size) {
                        earlier = broken;
                    }
                    continue;
                };
                let staging = match &mut staging {
                    Some(staging) => staging,
                    None => staging.insert(intake()?),
                };
                staging.write_all(&chunk).map_err(disk)?;
                own = true;
            }
            let arrived = staging.filter(|_| own).map(finish).transpose()?.flatten();
            let earlier = earlier.map(finish).transpose()?.flatten();
            let lost = earlier.filter(|earlier| !arrived.as_ref().is_some_and(|arrived| begins_with(arrived, earlier)));
            Ok((arrived, lost))
        });
        let mut fetched = self.client.get(url, begun, sender).await;
        let (arrived, earlier) = writing.await.map_err(|error| disk(io::Error::other(error)))??;
        let mut beside = Vec::new();
        for one in std::mem::take(&mut fetched.beside) {
            let Some(hop) = fetched.exchange.hops.get_mut(one.hop) else { continue };
            let kept = self.made_of(&one.bytes)?;
            (hop.body, hop.cut) = (kept.as_ref().map(Arrived::digest), one.cut);
            beside.extend(kept);
        }
        Ok(Received { fetched, arrived, earlier, beside })
    }

    /// Fetches an item over http(s). An error is ours (the disk), never the server's.
    pub async fn fetch(&self, key: &str, item: &Item) -> Result<Acquisition, VaultError> {
        self.fetch_rest(key, item, None).await
    }

    /// The same, but that of what the case keeps only the rest is asked for.
    pub async fn fetch_rest(&self, key: &str, item: &Item, kept: Option<Kept>) -> Result<Acquisition, VaultError> {
        let mut capture = self.blank(key, item, "http", self.clock.now());
        let url = item.url.as_deref().unwrap_or_default();
        let of = kept.as_ref().map(|kept| (kept.begun.received(), kept.capture.clone()));
        let Received { fetched, arrived, earlier, beside } = self.receive_rest(url, kept).await?;
        let meant = Meant { kind: item.kind, url, on_platform: item.platform.is_some() };
        let mut judged = judge::http(meant, &fetched, arrived.as_ref().map(|arrived| &arrived.probed));
        if fetched.tries > 1 {
            judged.because += &format!("; asked {} times", fetched.tries);
        }
        if let Some(earlier) = &earlier {
            judged.because +=
                &format!("; {} bytes of an earlier, different answer that broke off are kept beside", earlier.size());
        }
        let hops = &fetched.exchange.hops;
        capture.finished = self.clock.now();
        capture.status = fetched.status;
        // Every try begins at the address that was meant.
        let to = fetched.served.map_or(hops.len(), |served| served + 1).min(hops.len());
        let redirects = hops[..to].iter().rev().take_while(|hop| hop.url != hops[0].url).count();
        capture.redirects = u32::try_from(redirects).unwrap_or(u32::MAX);
        let last = hops[..to].last();
        capture.final_url = last.filter(|_| redirects > 0).map(|hop| hop.url.chars().take(8192).collect());
        capture.address = last.and_then(|hop| hop.connected.clone());
        capture.declared = fetched.declared;
        capture.declared_type = fetched.declared_type.clone();
        capture.received = fetched.received;
        if !fetched.resumed.is_empty() {
            let at = fetched.resumed.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            let mut joined = format!("put together from {} answers, joined at byte {at}", fetched.resumed.len() + 1);
            if let Some((before, capture)) = of.filter(|_| fetched.went_on) {
                joined += &format!("; the first {before} bytes are those of {capture}");
            }
            judged.because += &format!("; {joined}");
            capture.alterations.push(joined);
        }
        capture.exchange = Some(fetched.exchange).filter(|exchange: &Exchange| !exchange.hops.is_empty());
        let mut parts: Vec<Part> =
            earlier.map(|arrived| Part { arrived, role: Some(Role::Original), name: None, always: true }).into_iter().collect();
        parts.extend(beside.into_iter().map(Part::no_exhibit));
        Ok(Acquisition { parts, ..Acquisition::new(capture, judged, arrived, None) })
    }

    /// An attempt that this program itself could not bring to its end.
    pub fn broken(&self, key: &str, item: &Item, why: &str) -> Acquisition {
        let method = if item.key.starts_with("local:") { "local" } else { "http" };
        let capture = self.blank(key, item, method, self.clock.now());
        Acquisition::failed(capture, &format!("a fault of exhibit's own, please report it: {why}"))
    }

    /// Copies a file that lies beside the report.
    pub fn copy(&self, key: &str, item: &Item, local: Option<&Local>) -> Result<Acquisition, VaultError> {
        let started = self.clock.now();
        let link = item.url.as_deref().unwrap_or_default();
        let found = local.map_or(Err(LocalError::Missing), |local| local.open(link));
        match found {
            Ok(found) => self.take(key, item, "local", started, found),
            Err(error) => {
                let outcome = match error {
                    LocalError::Missing => Outcome::Gone,
                    LocalError::Outside | LocalError::OfACase => Outcome::RefusedByPolicy,
                    LocalError::NotAFile | LocalError::Unreadable(_) => Outcome::Error,
                };
                let because = match local {
                    Some(_) => error.to_string(),
                    None => "the report came without its folder, and the link has no address".to_owned(),
                };
                let mut capture = self.blank(key, item, "local", started);
                capture.finished = self.clock.now();
                let completeness = capture.completeness;
                Ok(Acquisition::new(capture, Judgement { outcome, completeness, because }, None, None))
            }
        }
    }

    /// Takes a file in, whoever brought it.
    pub fn take(&self, key: &str, item: &Item, method: &str, started: Time, found: Found) -> Result<Acquisition, VaultError> {
        let mut capture = self.blank(key, item, method, started);
        let mut staging = (self.intake)()?;
        // What could be read is kept, and the size tells that it is not all.
        copy_readable(found.file, &mut staging)?;
        capture.received = staging.size();
        capture.declared = Some(found.size);
        let arrived = finish(staging)?;
        let blank = Probed::default();
        let probed = arrived.as_ref().map_or(&blank, |arrived| &arrived.probed);
        let meant = (method == "local").then_some(item.kind);
        let judged = judge::local(found.size, capture.received, probed, meant);
        capture.finished = self.clock.now();
        Ok(Acquisition::new(capture, judged, arrived, Some(found.name)))
    }
}

/// Copies a file as far as it can be read. An error is of the disk that is written to.
fn copy_readable(mut file: impl Read, staging: &mut Staging) -> Result<(), VaultError> {
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => staging.write_all(&buffer[..count]).map_err(disk)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Ok(()),
        }
    }
}

/// Whether an answer holds all that an earlier one brought, byte for byte.
fn begins_with(arrived: &Arrived, earlier: &Arrived) -> bool {
    let same = || -> Result<bool, VaultError> {
        let (mut new, mut old) = (io::BufReader::new(arrived.staged.open()?), io::BufReader::new(earlier.staged.open()?));
        let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        loop {
            let count = old.read(&mut b).map_err(disk)?;
            if count == 0 {
                return Ok(true);
            }
            if new.read_exact(&mut a[..count]).is_err() || a[..count] != b[..count] {
                return Ok(false);
            }
        }
    };
    arrived.size() >= earlier.size() && same().unwrap_or(false)
}

/// Writing to staging failed: ours to report, not a finding about the item.
pub(super) fn disk(error: io::Error) -> VaultError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => VaultError::DiskFull,
        _ => VaultError::Io { doing: "write", path: "staging".into(), source: error },
    }
}

impl Acquisition {
    fn new(capture: Capture, judged: Judgement, arrived: Option<Arrived>, name: Option<String>) -> Acquisition {
        let Judgement { outcome, completeness, because } = judged;
        let object = arrived.as_ref().map(|arrived| arrived.staged.digests().sha256);
        let capture = Capture { outcome, completeness, because, object, ..capture };
        Acquisition { capture, arrived, role: None, name, answer: false, parts: Vec::new(), claims: Vec::new() }
    }

    /// An attempt that brought several files.
    pub fn with_parts(
        capture: Capture,
        judged: Judgement,
        first: Option<Part>,
        parts: Vec<Part>,
        claims: Vec<Claim>,
    ) -> Acquisition {
        let (arrived, role, name) = first.map_or((None, None, None), |first| (Some(first.arrived), first.role, first.name));
        Acquisition { role, parts, claims, ..Acquisition::new(capture, judged, arrived, name) }
    }

    /// An attempt that could not be made.
    pub fn failed(capture: Capture, why: &str) -> Acquisition {
        let judged = Judgement { outcome: Outcome::Error, completeness: Completeness::Unverifiable, because: why.to_owned() };
        Acquisition::new(capture, judged, None, None)
    }

    /// The same attempt under another key: several are made for one unit of work.
    pub fn under(mut self, key: &str) -> Acquisition {
        self.capture.key = key.to_owned();
        self
    }

    /// The same attempt by a method of its own.
    pub fn by(mut self, method: &str) -> Acquisition {
        self.capture.method = method.to_owned();
        self
    }

    /// The same attempt, judged anew: its bytes are an answer about the item, and no exhibit.
    pub fn told(mut self, method: &str, judged: Judgement) -> Acquisition {
        let Judgement { outcome, completeness, because } = judged;
        self.capture = Capture { outcome, completeness, because, method: method.to_owned(), ..self.capture };
        self.answer = true;
        self
    }

    pub fn because_too(&mut self, why: &str) {
        self.capture.because.push_str("; ");
        self.capture.because.push_str(why);
    }

    pub fn outcome(&self) -> Outcome {
        self.capture.outcome
    }

    pub fn completeness(&self) -> Completeness {
        self.capture.completeness
    }

    /// Whether a browser showed it.
    pub fn is_shown(&self) -> bool {
        self.capture.method == "chromium"
    }

    pub fn because(&self) -> &str {
        &self.capture.because
    }

    pub fn digest(&self) -> Option<Digest> {
        self.capture.object
    }

    /// The kind of medium that the bytes are.
    pub fn kind(&self) -> MediaKind {
        self.arrived.as_ref().map_or(MediaKind::Page, Arrived::kind)
    }

    /// The same attempt, once its bytes have told which item and unit it was.
    pub fn of(mut self, item: &Item, unit: &Unit) -> Acquisition {
        self.capture.item = item.key.clone();
        self.capture.key = unit.key.clone();
        self
    }

    /// The media type of a playlist that was served, and the address that served it.
    pub fn playlist(&self) -> Option<(String, String)> {
        let mime = self.arrived.as_ref().filter(|_| self.capture.outcome == Outcome::Ok)?.mime();
        let address = self.capture.final_url.clone().or_else(|| self.capture.url.clone())?;
        judge::is_playlist(mime).then(|| (mime.to_owned(), address))
    }

    /// Takes the staged bytes back out, to be read.
    pub fn bytes(&self) -> Option<Result<Vec<u8>, VaultError>> {
        let arrived = self.arrived.as_ref()?;
        Some(arrived.staged.open().and_then(|file| {
            let mut bytes = Vec::new();
            let read = file.take(crate::reading::LARGEST + 1).read_to_end(&mut bytes);
            read.map(|_| bytes).map_err(disk)
        }))
    }

    pub fn declared_type(&self) -> Option<String> {
        self.capture.declared_type.clone()
    }

    /// Everything that the attempt brings about: object, capture and, when footage came, the exhibit
    /// and its examination. `admit` is off for a report's own page.
    pub fn effects(self, lease: Option<Lease>, admit: bool) -> Effects {
        let mut effects = Effects { lease, ..Effects::default() };
        let admit = admit && self.capture.outcome == Outcome::Ok && !self.answer;
        let capture = self.capture;
        let (item, key) = (capture.item.clone(), capture.key.clone());
        let first = self.arrived.map(|arrived| {
            let role = Some(self.role.unwrap_or_else(|| judge::role(&arrived.probed)));
            Part { arrived, role, name: self.name, always: false }
        });
        let mut parts: Vec<Part> = first.into_iter().chain(self.parts).collect();
        // Two files of one run can have the same bytes.
        let mut seen = BTreeSet::new();
        parts.retain(|part| seen.insert(part.arrived.staged.digests().sha256));
        for part in &parts {
            let object = object(&part.arrived.staged, &part.arrived.probed);
            effects.events.push(Event::ObjectKept(ObjectKept { object, because: None }));
        }
        effects.events.push(Event::CaptureMade(Box::new(capture)));
        for Part { arrived: Arrived { staged, probed }, role, name, always } in parts {
            let object = staged.digests().sha256;
            if let Some(role) = role.filter(|_| admit || always) {
                let (item, capture) = (item.clone(), key.clone());
                effects.events.push(Event::ExhibitAdmitted(ExhibitAdmitted { object, item, capture, role, name }));
                let Probed { facts, location, device, problems, .. } = probed;
                let examination = Examination { object, probe: probe::probe_version(), facts, location, device, problems };
                effects.events.push(Event::ExaminationMade(Box::new(examination)));
            }
            effects.objects.push(staged);
        }
        let subject = || Subject::Item(item.clone());
        effects.events.extend(self.claims.iter().map(|claim| asserted(subject(), "platform", claim)));
        effects
    }
}

fn object(staged: &Staged, probed: &Probed) -> Object {
    let digests = staged.digests();
    let media_type = probed.facts.mime.clone().unwrap_or_else(|| Object::UNTYPED.to_owned());
    Object { sha256: digests.sha256, blake3: digests.blake3, size: digests.size, media_type }
}

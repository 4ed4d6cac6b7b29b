//! A page as a browser shows it: its source before any script, its document after them, a picture, a PDF, and the
//! footage that it loaded. The browser's own exchange is what is kept, not a second one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use super::capture::{Acquisition, Arrived, Means, Part, disk, finish};
use super::judge::{self, Judgement};
use super::{read_report, resolve};
use crate::evidence::{Completeness, Digest, Exchange, Hop, Item, MediaKind, Outcome, Role};
use crate::fetch::{Ending, Page, Passed, open_left, without_secret};
use crate::reading::{self, Hints};
use crate::vault::VaultError;

/// Footage in a page that the browser did not load, and that is asked for by ourselves: so many at most.
const MISSED: usize = 40;

/// What a visit left, digested.
struct Seen {
    page: Page,
    hops: Vec<Hop>,
    /// One of each digest.
    bodies: BTreeMap<Digest, Part>,
    drawn: Vec<Part>,
    /// Bodies whose length nobody had told.
    unmarked: usize,
    /// The rendered document, for its links.
    document: Vec<u8>,
}

impl Means {
    /// Shows an item in the browser. The first is the page; behind it comes footage that the browser left out.
    /// None: there is no browser. Footage at the addresses `beside` is captured for itself.
    pub(super) async fn browse(
        &self,
        key: &str,
        item: &Item,
        beside: &BTreeSet<String>,
    ) -> Result<Option<Vec<Acquisition>>, VaultError> {
        let Some(drawn) = self.browser.clone() else { return Ok(None) };
        let found = drawn.clone();
        if tokio::task::spawn_blocking(move || found.find().is_none()).await.unwrap_or(true) {
            return Ok(None);
        }
        let mut capture = self.blank(key, item, "chromium", self.clock.now());
        let url = item.url.clone().unwrap_or_default();
        let page = match drawn.show(&self.client, &self.clock, &url, &self.scratch, (self.token)()).await {
            Ok(page) => page,
            Err(why) => {
                capture.finished = self.clock.now();
                return Ok(Some(vec![Acquisition::failed(capture, &format!("chromium: {why}"))]));
            }
        };
        let (intake, helper, of) = (self.intake.clone(), self.helper.clone(), url.clone());
        // Copying, hashing and reading block.
        let kept = tokio::task::spawn_blocking(move || -> Result<_, VaultError> {
            let keep = |path: &Path| -> Result<Option<Arrived>, VaultError> {
                let mut staging = intake()?;
                let Ok(mut file) = open_left(path) else { return Ok(None) };
                io::copy(&mut file, &mut staging).map_err(disk)?;
                staging.flush().map_err(disk)?;
                finish(staging)
            };
            let seen = digested(page, &keep)?;
            let hints = Hints { origin: of.clone(), url: Some(of), published: None, declared_type: Some("text/html".into()) };
            let links = match read_report(&seen.document, &hints, helper.as_deref()) {
                Ok(document) if !seen.document.is_empty() => links(&document),
                _ => Vec::new(),
            };
            Ok((seen, links))
        });
        let (mut seen, links) = match kept.await {
            Ok(kept) => kept?,
            Err(error) => return Err(disk(io::Error::other(error))),
        };
        // The document at the end of the redirects.
        let address = seen.page.address.clone().unwrap_or_else(|| without_secret(&url));
        let bare = |url: &str| url.split('#').next().unwrap_or("").to_owned();
        let is_main =
            |hop: &&Hop| bare(&hop.url) == bare(&address) && !hop.status.is_some_and(|status| (300..400).contains(&status));
        let main = seen.hops.iter().position(|hop| is_main(&hop) && hop.method.is_none());
        let main_hop = main.and_then(|at| seen.hops.get(at)).cloned();
        let source = main_hop.as_ref().and_then(|hop| hop.body).and_then(|digest| seen.bodies.remove(&digest));
        let editorial: BTreeSet<String> = links.iter().map(|link| bare(&link.url)).collect();
        // Footage is what moves or sounds, and the pictures that the page itself is about.
        for hop in seen.hops.iter().filter(|hop| is_all(hop) && !beside.contains(&bare(&hop.url))) {
            let Some(part) = hop.body.and_then(|body| seen.bodies.get_mut(&body)) else { continue };
            let kind = part.arrived.kind();
            let moves = matches!(kind, MediaKind::Video | MediaKind::Audio);
            if moves || kind == MediaKind::Image && editorial.contains(&bare(&hop.url)) {
                part.role = Some(Role::Original);
                part.name = hop.url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
            }
        }
        let judged = judged(&seen, main_hop.as_ref(), source.is_some());
        capture.finished = self.clock.now();
        capture.status = main_hop.as_ref().and_then(|hop| hop.status).or(seen.page.status);
        capture.final_url = Some(address.clone()).filter(|address| bare(address) != bare(&without_secret(&url)));
        capture.redirects = main.map_or(0, |at| {
            let redirects = seen.hops[..at].iter().filter(|hop| hop.status.is_some_and(|status| (300..400).contains(&status)));
            u32::try_from(redirects.count()).unwrap_or(u32::MAX)
        });
        if capture.final_url.is_none() {
            capture.redirects = 0;
        }
        capture.address = main_hop.as_ref().and_then(|hop| hop.connected.clone());
        capture.received = source.as_ref().map_or(0, |part| part.arrived.size());
        capture.tool = Some(seen.page.tool.clone());
        let whole: BTreeSet<String> = seen
            .hops
            .iter()
            .filter(|hop| is_all(hop) && hop.cut.is_none() && hop.body.is_some())
            .map(|hop| bare(&hop.url))
            .collect();
        capture.exchange = Some(Exchange { hops: seen.hops, steps: seen.page.steps.clone() });
        // A picture of an error is no page.
        let admitted = judged.outcome == Outcome::Ok;
        let source = source.map(|part| Part { role: None, name: Some("source.html".to_owned()), ..part });
        let mut parts: Vec<Part> = seen.drawn;
        parts.extend(seen.bodies.into_values());
        let mut all = vec![Acquisition::with_parts(capture, judged, source, parts, Vec::new())];
        if admitted {
            let missed = links
                .into_iter()
                .filter(|link| link.is_file && !whole.contains(&bare(&link.url)) && !beside.contains(&bare(&link.url)))
                .take(MISSED);
            for (nth, link) in missed.enumerate() {
                let footage = Item { kind: link.kind, url: Some(link.url), ..item.clone() };
                all.push(self.fetch(&format!("{key}-media-{}", nth + 1), &footage).await?);
            }
        }
        Ok(Some(all))
    }
}

/// Footage that the page itself is about, by its address.
struct Link {
    kind: MediaKind,
    url: String,
    /// The address is that of a file, not of a player.
    is_file: bool,
}

fn links(document: &reading::Document) -> Vec<Link> {
    let mut seen = BTreeSet::new();
    let mut links = Vec::new();
    for item in resolve(&document.report.sha256, reading::refer(document), &|_| false).into_iter().filter_map(|one| one.item) {
        let Some(url) = item.url.filter(|url| url.starts_with("http://") || url.starts_with("https://")) else { continue };
        let media = matches!(item.kind, MediaKind::Video | MediaKind::Audio | MediaKind::Image);
        if media && seen.insert(url.clone()) {
            let is_file = reading::media_kind_of_path(&url).is_some();
            links.push(Link { kind: item.kind, url, is_file });
        }
    }
    links
}

fn digested(page: Page, keep: &dyn Fn(&Path) -> Result<Option<Arrived>, VaultError>) -> Result<Seen, VaultError> {
    let mut bodies: BTreeMap<Digest, Part> = BTreeMap::new();
    let mut take = |path: &Path| -> Result<Option<Digest>, VaultError> {
        Ok(keep(path)?.map(|arrived| {
            let digest = arrived.digest();
            bodies.entry(digest).or_insert(Part { arrived, role: None, name: None, always: false });
            digest
        }))
    };
    let (mut hops, mut unmarked) = (Vec::new(), 0);
    for Passed { mut hop, sent, body, ending, .. } in page.passed.iter().cloned() {
        hop.sent = sent.map(|path| take(&path)).transpose()?.flatten();
        hop.body = body.map(|path| take(&path)).transpose()?.flatten();
        unmarked += usize::from(matches!(ending, Some(Ending::Unmarked)) && hop.body.is_some());
        hop.cut = match ending {
            Some(Ending::Whole(_) | Ending::Unmarked) => None,
            Some(Ending::Cut(why) | Ending::Stopped(why) | Ending::Timeout(why) | Ending::Refused(why) | Ending::Failed(why)) => {
                Some(why)
            }
            None => Some("the browser was closed before its end".to_owned()),
        };
        hops.push(hop);
    }
    let mut drawn = Vec::new();
    let wanted = [
        (&page.document, Role::RenderedPage, "document.html"),
        (&page.screenshot, Role::Screenshot, "screenshot.png"),
        (&page.pdf, Role::Pdf, "page.pdf"),
    ];
    for (path, role, name) in wanted {
        if let Some(arrived) = path.as_ref().map(|path| keep(path)).transpose()?.flatten() {
            drawn.push(Part { arrived, role: Some(role), name: Some(name.to_owned()), always: false });
        }
    }
    let document = page.document.as_ref().and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
    Ok(Seen { page, hops, bodies, drawn, unmarked, document })
}

/// Whether an answer is about all of a file: players ask for parts.
fn is_all(hop: &Hop) -> bool {
    match hop.status {
        Some(206) => {
            let said = hop.response_head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-range").then(|| value.trim().to_owned())
            });
            let range = said.as_deref().and_then(|said| said.strip_prefix("bytes 0-")?.split_once('/'));
            range.and_then(|(to, total)| Some(to.parse::<u64>().ok()? + 1 == total.parse::<u64>().ok()?)).unwrap_or(false)
        }
        Some(status) => (200..300).contains(&status),
        None => false,
    }
}

/// What came of the visit: the main document's answer, and whether all that it asked for came.
fn judged(seen: &Seen, main: Option<&Hop>, source: bool) -> Judgement {
    let nothing = Completeness::Unverifiable;
    let told = |outcome, completeness, because: String| Judgement { outcome, completeness, because };
    let page = &seen.page;
    let Some(main) = main.filter(|main| main.status.is_some()) else {
        let refused = seen.hops.first().and_then(|hop| hop.cut.clone());
        let why = refused.or_else(|| page.failed.clone()).or_else(|| page.problems.first().cloned());
        let why = why.unwrap_or_else(|| "nothing came".to_owned());
        let outcome = match &why {
            why if why.contains("not a public address") => Outcome::RefusedByPolicy,
            why if why.contains("in time") || why.contains("clock") => Outcome::Timeout,
            _ => Outcome::Error,
        };
        return told(outcome, nothing, format!("chromium: {why}"));
    };
    let status = main.status.unwrap_or_default();
    if let Some(outcome) = judge::of_status(status) {
        return told(outcome, nothing, format!("the server answered {status}"));
    }
    if !source {
        return told(Outcome::Error, nothing, format!("the server answered {status} and no bytes"));
    }
    let mut lacking = page.problems.clone();
    let cut = seen.hops.iter().filter(|hop| hop.cut.is_some()).count();
    if let Some(why) = &main.cut {
        return told(Outcome::Ok, Completeness::Truncated, format!("the page's source broke off: {why}"));
    }
    if cut > 0 {
        let first = seen.hops.iter().find_map(|hop| hop.cut.clone().map(|why| format!("{}: {why}", hop.url)));
        let first: String = first.unwrap_or_default().chars().take(300).collect();
        lacking.push(format!("{cut} of {} requests brought nothing, or not all ({first})", seen.hops.len()));
    }
    if let Some(why) = &page.failed {
        let because = format!("the file as it was served; the browser did not show it ({why})");
        let marked = seen.unmarked == 0 && lacking.is_empty();
        return told(Outcome::Ok, if marked { Completeness::Complete } else { nothing }, because);
    }
    let footage = seen.bodies.values().filter(|part| part.role == Some(Role::Original)).count();
    let what = format!("the page as {} showed it: {} requests, {footage} files of footage", page.tool.version, seen.hops.len(),);
    match lacking.is_empty() {
        true if seen.unmarked > 0 => {
            told(Outcome::Ok, nothing, format!("{what}; of {} bodies nothing had told the length", seen.unmarked))
        }
        true => told(Outcome::Ok, Completeness::Complete, format!("{what}; every body arrived")),
        false => told(Outcome::Ok, Completeness::Partial, format!("{what}; {}", lacking.join("; "))),
    }
}

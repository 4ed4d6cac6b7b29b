//! The coverage statement: of all that a report refers to, what the case holds and what it does not.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::evidence::{Completeness, MediaKind, Outcome, ReportNo, Role};
use crate::vault::{CaptureRow, ExhibitRow, MentionRow, Reader, ReportRow, VaultError};

/// How one reference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Captured by this run.
    Captured,
    /// The case held it before.
    AlreadyHeld,
    /// The case held it; its bytes were erased by order.
    Erased,
    Gone,
    Refused,
    /// Any other failure; the capture says which.
    Failed,
    /// Recorded, and not tried yet.
    NotTried,
    DescribedOnly,
}

impl Standing {
    pub const ALL: [Standing; 8] = [
        Standing::Captured,
        Standing::AlreadyHeld,
        Standing::Erased,
        Standing::Gone,
        Standing::Refused,
        Standing::Failed,
        Standing::NotTried,
        Standing::DescribedOnly,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Captured => "captured",
            Standing::AlreadyHeld => "already held",
            Standing::Erased => "erased",
            Standing::Gone => "gone",
            Standing::Refused => "refused",
            Standing::Failed => "failed",
            Standing::NotTried => "not tried",
            Standing::DescribedOnly => "described only",
        }
    }

    /// Whether a run that leaves this is not all it was meant to be (exit code 4).
    pub fn is_failure(self) -> bool {
        matches!(self, Standing::Gone | Standing::Refused | Standing::Failed)
    }
}

/// One reference of the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub standing: Standing,
    pub mention: MentionRow,
    pub capture: Option<CaptureRow>,
    pub exhibit: Option<ExhibitRow>,
}

impl Line {
    /// Whether bytes came and stop before their end.
    pub fn is_cut(&self) -> bool {
        let truncated = |capture: &CaptureRow| capture.completeness == Completeness::Truncated.as_str();
        let held = self.exhibit.as_ref().is_some_and(|exhibit| exhibit.erased.is_none());
        held && self.capture.as_ref().is_some_and(truncated)
    }
}

/// How all references of one report stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    pub report: ReportRow,
    /// Whether this run recorded the report; if not, it was here before.
    pub new: bool,
    /// Why the report itself is not known to be whole, if it is not.
    pub warning: Option<String>,
    /// Items that this run tried.
    pub tried: usize,
    pub lines: Vec<Line>,
}

impl Coverage {
    /// Whether something was not had, or not had whole (exit code 4).
    pub fn is_lacking(&self) -> bool {
        self.warning.is_some() || self.lines.iter().any(|line| line.standing.is_failure() || line.is_cut())
    }

    /// How many references stand so.
    pub fn count(&self, standing: Standing) -> usize {
        self.lines.iter().filter(|line| line.standing == standing).count()
    }
}

/// Draws up the statement. `first_entry` is where this run's entries begin: a capture from there on
/// is this run's.
pub fn coverage(reader: &Reader, report: ReportRow, first_entry: u64) -> Result<Coverage, VaultError> {
    let number: ReportNo = report.id.parse().unwrap_or(ReportNo(0));
    let mut lines = Vec::new();
    let captures: BTreeMap<String, CaptureRow> =
        reader.last_captures_of_report(number)?.into_iter().map(|capture| (capture.item.clone(), capture)).collect();
    let mut all: BTreeMap<String, Vec<ExhibitRow>> = BTreeMap::new();
    reader.exhibits_of_report(number)?.into_iter().for_each(|one| all.entry(one.item.clone()).or_default().push(one));
    for mention in reader.mentions_in(number)? {
        let Some(item) = &mention.item else {
            lines.push(Line { standing: Standing::DescribedOnly, mention, capture: None, exhibit: None });
            continue;
        };
        // Two references can be to one item.
        let capture = captures.get(item).cloned();
        let mut exhibits = all.get(item).cloned().unwrap_or_default();
        let held = |exhibit: &ExhibitRow| exhibit.erased.is_none();
        let meant = |erased| exhibits.iter().any(|exhibit| held(exhibit) != erased && is_what_was_meant(exhibit));
        // A page or a sidecar that was erased is no footage that was.
        let was_ok = || capture.as_ref().is_some_and(|capture| capture.outcome == Outcome::Ok.as_str());
        let erased = !meant(false) && (meant(true) || !exhibits.iter().any(held) && was_ok());
        exhibits.retain(|exhibit| held(exhibit) != erased);
        let last = capture.as_ref().and_then(|capture| capture.sha256.clone());
        let at = exhibits.iter().position(|exhibit| Some(&exhibit.sha256) == last.as_ref());
        // What the case holds it holds, whatever the last try brought.
        let exhibit = match at {
            Some(at) => Some(exhibits.swap_remove(at)),
            None => exhibits.pop(),
        };
        let standing = stand(capture.as_ref(), exhibit.as_ref(), first_entry);
        lines.push(Line { standing, mention, capture, exhibit });
    }
    let new = report.entry >= first_entry;
    let page = reader.cut_capture_of(&report.sha256)?;
    let warning = page.map(|page| format!("The report itself was cut when it was fetched: {}", page.because));
    let tried = lines.iter().filter(|line| line.capture.as_ref().is_some_and(|capture| capture.entry >= first_entry)).count();
    Ok(Coverage { report, new, warning, tried, lines })
}

fn stand(capture: Option<&CaptureRow>, exhibit: Option<&ExhibitRow>, first_entry: u64) -> Standing {
    let Some(capture) = capture else { return Standing::NotTried };
    if exhibit.is_some_and(|exhibit| exhibit.erased.is_some()) {
        return Standing::Erased;
    }
    let before = exhibit.filter(|exhibit| exhibit.entry < first_entry);
    // The page around footage is not the footage.
    if before.is_some_and(is_what_was_meant) && capture.outcome != Outcome::Ok.as_str() {
        return Standing::AlreadyHeld;
    }
    match Outcome::from_word(&capture.outcome) {
        Some(Outcome::Ok) if before.is_some() => Standing::AlreadyHeld,
        Some(Outcome::Ok) => Standing::Captured,
        Some(Outcome::Gone | Outcome::RemovedByPlatform | Outcome::RemovedByUser) => Standing::Gone,
        Some(Outcome::RefusedByPolicy) => Standing::Refused,
        _ => Standing::Failed,
    }
}

fn is_what_was_meant(exhibit: &ExhibitRow) -> bool {
    let meant = MediaKind::from_word(&exhibit.kind);
    let footage = matches!(meant, Some(MediaKind::Video | MediaKind::Image | MediaKind::Audio | MediaKind::Post));
    !footage || exhibit.role != Role::Page.as_str() && exhibit.role != Role::Sidecar.as_str()
}

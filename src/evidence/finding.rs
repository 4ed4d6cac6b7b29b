//! What a check says. A finding is a value; an error means that we could not look.

use super::words;
use serde::Serialize;

words! {
    /// Stable codes: scripts and people refer to them for years.
    Code {
        ObjectMissing = "object-missing",
        ObjectAltered = "object-altered",
        ObjectExtra = "object-extra",
        ObjectErased = "object-erased",
        EntryAltered = "entry-altered",
        EntryMissing = "entry-missing",
        TreeDiffers = "tree-differs",
        TileDiffers = "tile-differs",
        TileMissing = "tile-missing",
        LogExtra = "log-extra",
        SealedAltered = "sealed-altered",
        SealedMissing = "sealed-missing",
        ErasureUnfinished = "erasure-unfinished",
        CatalogueDiffers = "catalogue-differs",
        CheckpointDiffers = "checkpoint-differs",
        CheckpointMissing = "checkpoint-missing",
        SignatureInvalid = "signature-invalid",
        KeyUnknown = "key-unknown",
        KeyLost = "key-lost",
        KeyRevoked = "key-revoked",
        ClockAnomaly = "clock-anomaly",
        AnchorInvalid = "anchor-invalid",
        AnchorExpired = "anchor-expired",
        AnchorUntrusted = "anchor-untrusted",
        AnchorPending = "anchor-pending",
        DatabaseDamaged = "database-damaged",
        BagFileAltered = "bag-file-altered",
        BagFileMissing = "bag-file-missing",
        BagFileExtra = "bag-file-extra",
        BagInvalid = "bag-invalid",
        BagDoubtful = "bag-doubtful",
        RecordDiffers = "record-differs",
    }
}

words! {
    /// How bad: amber can be explained by lawful events or missing outside knowledge, red cannot.
    Severity {
        Amber = "amber",
        Red = "red",
    }
}

words! {
    /// The whole answer: the worst of the findings.
    Verdict {
        Green = "green",
        Amber = "amber",
        Red = "red",
    }
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub code: Code,
    pub severity: Severity,
    /// What it is about: `E7`, `entry 12`, `exhibit 3`, `checkpoint`.
    pub subject: String,
    /// File inside the case or bag, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub detail: String,
}

impl Finding {
    /// A red finding.
    pub fn red<S: Into<String>, D: Into<String>>(code: Code, subject: S, detail: D) -> Finding {
        Finding { code, severity: Severity::Red, subject: subject.into(), path: None, detail: detail.into() }
    }

    /// An amber finding.
    pub fn amber<S: Into<String>, D: Into<String>>(code: Code, subject: S, detail: D) -> Finding {
        Finding { severity: Severity::Amber, ..Finding::red(code, subject, detail) }
    }

    /// The same finding, naming the file it was found in.
    pub fn at(self, path: impl Into<String>) -> Finding {
        Finding { path: Some(path.into()), ..self }
    }
}

impl Verdict {
    /// Green without findings, else the worst severity among them.
    pub fn of(findings: &[Finding]) -> Verdict {
        match findings.iter().map(|finding| finding.severity).max() {
            None => Verdict::Green,
            Some(Severity::Amber) => Verdict::Amber,
            Some(Severity::Red) => Verdict::Red,
        }
    }
}

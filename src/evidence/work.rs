//! A unit of work: its kind and a deterministic key. Enqueuing it twice is enqueuing it once.

use super::{Digest, words};
use serde::{Deserialize, Serialize};

words! {
    /// The kinds of work that a case can hold.
    UnitKind {
        /// Record a report and its references.
        Read = "read",
        /// Try to obtain an item, examine and admit what came.
        Capture = "capture",
    }
}

/// One unit of work.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unit {
    pub kind: UnitKind,
    pub key: String,
}

impl Unit {
    /// Reading the report with this digest.
    pub fn read(report: Digest) -> Unit {
        Unit { kind: UnitKind::Read, key: report.to_string() }
    }

    /// Trying an item for a reason: the digest of the report that names it, or a dated request.
    pub fn capture(item: &str, reason: &str) -> Unit {
        let digest = Digest::of(format!("{item}\n{reason}").as_bytes()).to_string();
        Unit { kind: UnitKind::Capture, key: digest[..32].to_owned() }
    }
}

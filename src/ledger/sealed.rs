//! Sealed values: they enter the log as SHA-256(salt ‖ canonical value), and stand beside it.

use serde_json::Value;

use super::canonical_value;
use crate::evidence::{Digest, Randomness};

/// One sealed value with its salt: what opens a commitment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sealed {
    /// The entry's field that it belongs to: `quote`, `claim`, `person`.
    pub field: String,
    pub salt: [u8; 16],
    pub value: Value,
}

impl Sealed {
    /// Seals a value under a fresh salt.
    pub fn new(field: &str, value: Value, random: &dyn Randomness) -> Sealed {
        let mut salt = [0; 16];
        random.fill(&mut salt);
        Sealed { field: field.to_owned(), salt, value }
    }

    /// SHA-256(16-byte salt ‖ RFC 8785 bytes of the value).
    pub fn commitment(&self) -> Digest {
        let mut bytes = self.salt.to_vec();
        bytes.extend(canonical_value(&self.value));
        Digest::of(&bytes)
    }
}

/// Every field that is sealed in some kind.
pub const SEALED_FIELDS: &[&str] = &[
    "authority",
    "authors",
    "caption",
    "claim",
    "credit",
    "device",
    "exchange",
    "hedges",
    "location",
    "name",
    "person",
    "published_as_written",
    "publisher",
    "purpose",
    "quote",
    "reason",
    "recipient",
    "second",
    "text",
    "title",
];

/// The sealed fields of each event kind. Part of the frozen encoding: a kind's list may grow, and
/// never shrinks. `person`, the name of who acted, is sealed in every kind.
pub fn sealed_fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "case-opened" => &["title"],
        "report-received" => &["authors", "name", "published_as_written", "publisher", "title"],
        "reference-found" => &["caption", "credit", "hedges", "quote"],
        "claim-made" => &["claim"],
        "capture-made" => &["exchange"],
        "exhibit-admitted" => &["name"],
        "examination-made" => &["device", "location"],
        "note-added" => &["text"],
        "value-erased" => &["authority"],
        "handling-set" => &["reason"],
        "object-purged" => &["authority", "second"],
        "transfer-made" => &["purpose", "recipient"],
        "package-received" | "object-restored" => &["name"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists are part of the frozen encoding: an entry of today must be readable for ever.
    #[test]
    fn what_each_kind_seals_is_what_the_format_says() {
        let kinds: [(&str, &[&str]); 15] = [
            ("case-opened", &["title"]),
            ("report-received", &["authors", "name", "published_as_written", "publisher", "title"]),
            ("reference-found", &["caption", "credit", "hedges", "quote"]),
            ("claim-made", &["claim"]),
            ("capture-made", &["exchange"]),
            ("exhibit-admitted", &["name"]),
            ("examination-made", &["device", "location"]),
            ("note-added", &["text"]),
            ("value-erased", &["authority"]),
            ("handling-set", &["reason"]),
            ("object-purged", &["authority", "second"]),
            ("transfer-made", &["purpose", "recipient"]),
            ("package-received", &["name"]),
            ("object-restored", &["name"]),
            ("fixity-checked", &[]),
        ];
        for (kind, fields) in kinds {
            assert_eq!(sealed_fields(kind), fields, "{kind}");
            assert!(fields.iter().all(|field| SEALED_FIELDS.contains(field)), "{kind}");
        }
    }
}

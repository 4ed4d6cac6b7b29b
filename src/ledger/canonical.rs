//! Canonical JSON (RFC 8785): one value, one spelling.

use serde::Serialize;

/// The canonical bytes of a value. Object members are sorted by UTF-16 code units, numbers are
/// written as ECMAScript writes doubles; whole numbers stay exact up to 2^53.
pub fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    // The only failures are NaN and map keys that are not strings; no value of ours has either.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

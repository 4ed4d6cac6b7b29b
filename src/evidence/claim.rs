//! What somebody asserts about a media item. Never a fact.

use super::{Quote, Rule};
use serde::{Deserialize, Serialize};

/// How a claim's words were understood. Several candidates stay several; an empty reading means that
/// the words stand for themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceReading>,
    /// A date in EDTF (ISO 8601-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edtf: Option<String>,
}

/// A place as understood from the words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceReading {
    /// `southwest of`, `near`, `outskirts of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    pub place: String,
    /// Decimal degrees, WGS 84, only where the report gives coordinates itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<String>,
}

/// One assertion, word for word.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// `location`, `date`, `uploader`, `source`, `credit`, or a column's own name.
    pub property: String,
    pub value: String,
    /// The platform that the report names for it: `YouTube`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hedges: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    pub rule: Rule,
}

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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PlaceReading {
    /// `southwest of`, `near`, `outskirts of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    pub place: String,
    /// ISO 3166-1, two letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// First-order part of the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Decimal degrees, WGS 84: the report's own, or those of the place that is meant with little doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// `exact` (10 m), `vicinity` (100 m), `locality` (1 km), `district`, `province`, `country`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<String>,
    /// The places that the name can stand for, the likeliest first, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<PlaceCandidate>,
}

/// One of the places that a name can stand for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceCandidate {
    pub name: String,
    /// ISO 3166-1, two letters.
    pub country: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Decimal degrees, WGS 84.
    pub lat: f64,
    pub lon: f64,
    pub precision: String,
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

//! A document received.

use super::Digest;
use serde::{Deserialize, Serialize};

/// Where a report came from. A file's path stays on the machine; only its name is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    File { name: String },
    Url(String),
    Input,
}

impl Origin {
    /// As shown to people: the address, the file name, or `-`.
    pub fn text(&self) -> &str {
        match self {
            Origin::File { name } => name,
            Origin::Url(url) => url,
            Origin::Input => "-",
        }
    }
}

/// The program part that turned bytes into text, with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reader {
    pub name: String,
    pub version: String,
}

/// What a report says of itself. What it does not say is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub origin: String,
    pub title: Option<String>,
    pub publisher: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Publication date in EDTF; the words as printed are in `published_as_written`.
    pub published: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_as_written: Option<String>,
    /// BCP 47 language tag.
    pub language: Option<String>,
    pub sha256: Digest,
    pub size: u64,
    pub media_type: String,
    /// Character encoding that the text was read with (WHATWG name).
    pub encoding: String,
    pub reader: Reader,
    /// What of it could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

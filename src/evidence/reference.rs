//! One mention of a media item in a report.

use std::fmt;

use super::{Claim, words};
use serde::{Deserialize, Serialize};

words! {
    /// What kind of thing a reference means.
    MediaKind {
        Video = "video",
        Image = "image",
        Audio = "audio",
        Post = "post",
        Page = "page",
    }
}

words! {
    /// How a report refers to it.
    Form {
        /// Shown on the page itself.
        Embedded = "embedded",
        /// Behind a link.
        Linked = "linked",
        /// Told in words only.
        Described = "described",
    }
}

/// The words of the report, with a little of what stands around them
/// (W3C Web Annotation, `TextQuoteSelector`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub exact: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suffix: String,
}

/// Where in the report: the character range in the reader's text, and the element or line or cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locator {
    /// Element path, `line 12`, or `row 3 column url`.
    pub place: String,
    /// Unicode characters from the beginning of the report's text; start inclusive, end exclusive.
    pub start: usize,
    pub end: usize,
}

/// Written `PLACE; char=START,END`, the range in the notation of RFC 5147.
impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; char={},{}", self.place, self.start, self.end)
    }
}

/// The rule that found something, and its version: `html/iframe@1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rule(pub String);

impl From<&str> for Rule {
    fn from(text: &str) -> Rule {
        Rule(text.to_owned())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One mention of a video, image, audio, post or page, with what the report claims about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    pub kind: MediaKind,
    pub form: Form,
    /// Exactly as printed in the report; none where it is only described.
    pub url: Option<String>,
    /// The same address in its one canonical spelling.
    pub canonical: Option<String>,
    pub quote: Quote,
    pub locator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hedges: Vec<String>,
    pub rule: Rule,
    pub claims: Vec<Claim>,
    /// The platform and its own id for the item, where the address tells.
    #[serde(skip)]
    pub platform: Option<(String, String)>,
}

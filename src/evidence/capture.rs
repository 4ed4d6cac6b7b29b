//! One attempt to obtain an item, whatever came of it.

use super::{Digest, Time, words};
use serde::{Deserialize, Serialize};

words! {
    /// Whether the bytes received are all there were.
    Completeness {
        /// Everything that was announced arrived, and the file's own structure ends where it should.
        Complete = "complete",
        /// A part by intention: the page and not the footage on it, say.
        Partial = "partial",
        /// The bytes stop before their end.
        Truncated = "truncated",
        /// Nothing tells where the end should be.
        Unverifiable = "unverifiable",
    }
}

words! {
    /// What came of an attempt.
    Outcome {
        Ok = "ok",
        Gone = "gone",
        RemovedByPlatform = "removed-by-platform",
        RemovedByUser = "removed-by-user",
        Private = "private",
        LoginWall = "login-wall",
        AgeGated = "age-gated",
        GeoBlocked = "geo-blocked",
        Blocked = "blocked",
        Placeholder = "placeholder",
        Timeout = "timeout",
        RefusedByPolicy = "refused-by-policy",
        Error = "error",
    }
}

/// The TLS side of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// `TLSv1_3`
    pub version: String,
    pub cipher: String,
    /// Certificates as sent, leaf first, DER in base64.
    pub chain: Vec<String>,
}

/// One request and its answer. Heads are the bytes on the wire, each byte one character (ISO 8859-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    pub url: String,
    /// The request's method; none: `GET`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    pub started: Time,
    /// Every address the name resolved to.
    pub addresses: Vec<String>,
    /// The address and port connected to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<String>,
    /// The proxy that was asked instead; it resolved the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub request_head: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub response_head: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// When the response head had arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Time>,
    /// What a browser's request carried. An object of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Digest>,
    /// The body of an answer, where an attempt brings many. An object of the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Digest>,
    /// Why one of many requests brought nothing, or not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
}

/// The final head of an answer, without the interim ones before it.
pub fn final_head(head: &str) -> &str {
    let mut rest = head;
    while rest.starts_with("HTTP/1.1 1")
        && let Some((_, next)) = rest.split_once("\r\n\r\n")
    {
        rest = next;
    }
    rest
}

/// The first field of this name in a head.
pub fn header_in<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Something that a browser did at a time: `navigated`, `loaded`, `screenshot`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub what: String,
    pub at: Time,
}

/// All hops of one attempt, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    pub hops: Vec<Hop>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// A program that is not ours, and that obtained bytes for us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    pub version: String,
    /// SHA-256 of the program's file.
    pub sha256: Digest,
    /// Its arguments without the address, and how it was confined.
    pub arguments: Vec<String>,
}

/// One attempt to obtain an item. A failure is a dated record too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Derived key of the attempt (its unit of work).
    pub key: String,
    /// Key of the item.
    pub item: String,
    /// The address asked for, or the path as the report prints it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `http`, `local`, `handed-over`, `yt-dlp`, `chromium`, `hls`, `dash`, `wayback` or `save-page-now`.
    pub method: String,
    pub started: Time,
    pub finished: Time,
    pub outcome: Outcome,
    pub completeness: Completeness,
    /// The evidence for outcome and completeness, in words.
    pub because: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub redirects: u32,
    /// Where the last redirect led, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_url: Option<String>,
    /// The address and port that served the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Bytes announced (`Content-Length`, or the file's size).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<u64>,
    /// Bytes that arrived; where an earlier attempt was gone on with, those that it brought, too.
    pub received: u64,
    /// Media type as declared by the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_type: Option<String>,
    /// What the collection itself changed in the bytes; empty: stored as served.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alterations: Vec<String>,
    /// The program that obtained the bytes, where it is not ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// `direct`, or the label of the route.
    pub route: String,
    /// SHA-256 of the settings that the attempt ran under (canonical JSON).
    pub settings: Digest,
    /// The bytes that arrived, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Digest>,
    /// Heads, addresses, certificates and times of every hop. Sealed: heads can echo the collector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Exchange>,
}

//! What one attempt brings, and what the head of an answer says of its body.

use std::io;
use std::time::Duration;

use hyper::Response;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, HeaderName, LOCATION, RETRY_AFTER, TRANSFER_ENCODING,
};
use url::Url;

use super::http::Limits;
use crate::evidence::Exchange;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was announced arrived.
    Whole(&'static str),
    /// The connection closed and nothing tells whether that was the end.
    Unmarked,
    /// The bytes stop before their end.
    Cut(String),
    /// One of our limits stopped them.
    Stopped(String),
    /// No usable answer: a time limit.
    Timeout(String),
    /// No request was made: not permitted.
    Refused(String),
    /// No usable answer: anything else.
    Failed(String),
}

/// What one attempt brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    pub exchange: Exchange,
    pub ending: Ending,
    pub status: Option<u16>,
    pub declared: Option<u64>,
    pub declared_type: Option<String>,
    pub received: u64,
    /// Why the body is not the file itself, or not all of it, by the server's own words.
    pub reserved: Option<Reserve>,
    /// Byte positions at which a later answer went on with an earlier one.
    pub resumed: Vec<u64>,
    /// Which hop gave the body: the others are redirects and tries that brought none of it.
    pub served: Option<usize>,
    /// Times that it was asked for.
    pub tries: u32,
    /// The body's beginning is what an earlier attempt brought.
    pub went_on: bool,
    /// Bodies of hops that brought nothing of the file: of redirects, of answers after which it was asked again, and of those that do not
    /// fit what is held.
    pub beside: Vec<Beside>,
}

/// The body of an answer that led elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Which hop's.
    pub hop: usize,
    pub bytes: Vec<u8>,
    /// Why not all of it was read.
    pub cut: Option<String>,
}

/// What arrives of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Bytes(Bytes),
    /// What came before broke off, and what comes now begins again.
    Restart,
}

/// What a server says of a body that keeps it from being taken for the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserve {
    /// A content coding that was not asked for, and is not undone.
    Encoded(String),
    /// A range of something larger.
    Range(String),
}

impl Fetched {
    pub(super) fn ended(exchange: Exchange, ending: Ending) -> Fetched {
        Fetched {
            exchange,
            ending,
            status: None,
            declared: None,
            declared_type: None,
            received: 0,
            reserved: None,
            resumed: Vec::new(),
            served: None,
            tries: 1,
            went_on: false,
            beside: Vec::new(),
        }
    }
}

pub(super) fn header<'a>(response: &'a Response<Incoming>, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The last transfer coding: only chunks have an end of their own; any other goes on until the connection closes.
pub(super) fn transfer_coding(response: &Response<Incoming>) -> Option<String> {
    let all = response.headers().get_all(TRANSFER_ENCODING);
    all.iter().next_back().map(|value| value.to_str().unwrap_or("?").to_owned())
}

pub(super) fn is_chunked(codings: &str) -> bool {
    codings.rsplit(',').next().unwrap_or("").trim().eq_ignore_ascii_case("chunked")
}

/// Longer than any file can be: who says so says nothing, and JSON could not hold it exactly.
pub(super) const LONGEST: u64 = 1 << 53;

/// What an answer's head says of its body.
pub(super) fn described(response: &Response<Incoming>, exchange: Exchange) -> Fetched {
    let declared: Option<u64> = header(response, &CONTENT_LENGTH).and_then(|text| text.parse().ok());
    let coding = header(response, &CONTENT_ENCODING)
        .map(str::to_owned)
        .filter(|coding| !coding.eq_ignore_ascii_case("identity") && !coding.is_empty());
    let range = header(response, &CONTENT_RANGE).map(|range| Reserve::Range(range.chars().take(100).collect()));
    let odd = transfer_coding(response).filter(|codings| !is_chunked(codings));
    Fetched {
        status: Some(response.status().as_u16()),
        declared: declared.filter(|length| *length < LONGEST),
        declared_type: header(response, &CONTENT_TYPE).map(|text| text.chars().take(200).collect()),
        reserved: range.or(odd.or(coding).map(|coding| Reserve::Encoded(coding.chars().take(100).collect()))),
        ..Fetched::ended(exchange, Ending::Unmarked)
    }
}

/// Whether an answer says that asking later may help; how long it asks to wait.
pub(super) fn may_pass(response: &Response<Incoming>, limits: &Limits) -> Option<Option<Duration>> {
    let status = response.status().as_u16();
    if !matches!(status, 408 | 429 | 502 | 503 | 504) {
        return None;
    }
    let Some(said) = header(response, &RETRY_AFTER) else { return Some(None) };
    let seconds = said.trim().parse::<i64>().ok().or_else(|| {
        let date = header(response, &DATE).and_then(|date| jiff::fmt::rfc2822::parse(date).ok())?;
        let until = jiff::fmt::rfc2822::parse(said).ok()?;
        Some(until.timestamp().as_second() - date.timestamp().as_second())
    });
    match seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
        // Longer than anybody waits: the answer stands.
        Some(seconds) if seconds > limits.longest_wait_seconds => None,
        Some(seconds) => Some(Some(Duration::from_secs(seconds))),
        None => Some(None),
    }
}

/// Where an answer leads, if it is a redirect.
pub(super) fn redirect(url: &Url, response: &Response<Incoming>) -> Option<Result<Url, Ending>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let bytes = response.headers().get(LOCATION)?.as_bytes();
    let text = String::from_utf8_lossy(bytes);
    let mut next = match url.join(&text) {
        Ok(next) => next,
        Err(error) => return Some(Err(Ending::Failed(format!("the redirect to {text:?} cannot be read: {error}")))),
    };
    if next.fragment().is_none() {
        next.set_fragment(url.fragment());
    }
    Some(Ok(next))
}

/// The innermost reason: the outer ones only say that there is one.
pub(super) fn cause(error: &hyper::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    match inner.downcast_ref::<io::Error>() {
        Some(io) if io.kind() == io::ErrorKind::UnexpectedEof => "fewer bytes than announced".into(),
        _ => inner.to_string(),
    }
}

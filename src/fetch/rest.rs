//! Going on with a file that broke off, in this attempt or in an earlier one: only where the server says that its part is of the
//! same version of the file (RFC 9110, Range and If-Range).

use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, HeaderName, LAST_MODIFIED, RANGE,
    TRANSFER_ENCODING,
};
use url::Url;

use super::answer::{Ending, Fetched, LONGEST, header, is_chunked, transfer_coding};
use crate::evidence::{Exchange, Hop, final_head, header_in};

/// What an earlier attempt brought of a file that broke off.
#[derive(Debug, Clone, PartialEq)]
pub struct Begun {
    pub(super) url: Url,
    pub(super) received: u64,
    pub(super) validator: String,
    /// What the first answer said.
    pub(super) first: Fetched,
}

impl Begun {
    /// From the hops of the attempt that brought so many bytes; none where the rest cannot be asked for: all answers that brought
    /// any must be of one version of the file, from one address, as it is.
    pub fn of(hops: &[Hop], received: u64) -> Option<Begun> {
        let mut answers = hops.iter().filter(|hop| matches!(hop.status, Some(200..=299))).map(Begun::answer);
        let all = answers.next()??;
        let same = |one: Option<Begun>| one.is_some_and(|one| (&one.url, &one.validator) == (&all.url, &all.validator));
        let short = received > 0 && all.first.declared.is_none_or(|total| received < total);
        (answers.all(same) && short).then_some(Begun { received, ..all })
    }

    /// What one answer says of the file.
    fn answer(hop: &Hop) -> Option<Begun> {
        let head = final_head(&hop.response_head);
        let header = |name: HeaderName| header_in(head, name.as_str());
        let coded = header(CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"))
            || header(TRANSFER_ENCODING).is_some_and(|codings| !is_chunked(codings));
        let asked = header_in(&hop.request_head, RANGE.as_str()).is_some();
        let declared = match (hop.status, header(CONTENT_RANGE)) {
            (Some(200), None) => header(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            (Some(206), Some(range)) if asked => range.rsplit_once('/')?.1.parse().ok(),
            // A part that nobody had asked for is not the file.
            _ => return None,
        };
        let declared_type = header(CONTENT_TYPE).map(|text| text.chars().take(200).collect());
        let declared = declared.filter(|length| *length < LONGEST);
        let first =
            Fetched { status: Some(200), declared, declared_type, ..Fetched::ended(Exchange::default(), Ending::Unmarked) };
        let (url, validator) = (Url::parse(&hop.url).ok()?, validator(header)?);
        (!coded).then_some(Begun { url, received: 0, validator, first })
    }

    /// Bytes that are there.
    pub fn received(&self) -> u64 {
        self.received
    }
}

/// What has arrived of a file, and how the server names this version of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    pub received: u64,
    pub total: Option<u64>,
    pub validator: Option<String>,
    /// The address that answered: a validator says nothing about any other.
    pub url: Option<Url>,
    pub joined: Vec<u64>,
    /// The try under way brought some of the body.
    pub answered: bool,
    /// The state at the first answer: the body's beginning and its head belong together.
    pub first: Option<Fetched>,
    /// All of it is an earlier attempt's: this one has not brought any yet.
    pub begun: bool,
    /// This attempt has added to what an earlier one brought.
    pub went_on: bool,
}

impl Held {
    pub fn of(begun: Begun) -> Held {
        let Begun { url, received, validator, first } = begun;
        let total = first.declared;
        Held { received, total, validator: Some(validator), url: Some(url), first: Some(first), begun: true, ..Held::default() }
    }
}

/// How a server names this version of a file so strongly that its rest can be asked for (RFC 9110, 13.1.5).
pub(super) fn validator<'a>(header: impl Fn(HeaderName) -> Option<&'a str>) -> Option<String> {
    if let Some(tag) = header(ETAG) {
        return Some(tag.to_owned()).filter(|tag| tag.starts_with('"') && tag.len() > 2);
    }
    let read = |text: &str| jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_second());
    let (modified, date) = (header(LAST_MODIFIED)?, header(DATE)?);
    // Within a minute two versions can have the same date.
    (read(date)? - read(modified)? >= 60).then(|| modified.to_owned())
}

/// Whether an answer is the rest that was asked for (true), or the whole file (false). An error says why it is neither.
pub(super) fn rest(response: &Response<Incoming>, held: &mut Held) -> Result<bool, String> {
    match response.status().as_u16() {
        200 => Ok(false),
        206 => {
            let said = header(response, &CONTENT_RANGE).unwrap_or("no range");
            let range = said.strip_prefix("bytes ").and_then(|range| range.split_once('/'));
            let (from, total) = range
                .and_then(|(range, total)| Some((range.split_once('-')?.0.parse::<u64>().ok()?, total.parse::<u64>().ok())))
                .ok_or_else(|| format!("the server answered 206 with {said:?}"))?;
            let coded = header(response, &CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"));
            if coded || transfer_coding(response).is_some_and(|codings| !is_chunked(&codings)) {
                return Err("the server sent the rest in another coding".into());
            }
            if from != held.received {
                return Err(format!("the server sent {said:?} instead of the rest from byte {}", held.received));
            }
            match (total, held.total) {
                (Some(total), Some(known)) if total != known => {
                    return Err(format!("the server says that the file now has {total} bytes, and before {known}"));
                }
                (Some(total), None) => held.total = Some(total),
                _ => {}
            }
            // The part must be named as the beginning was: some servers know ranges, and not If-Range.
            let by_tag = held.validator.as_deref().is_some_and(|known| known.starts_with('"'));
            let named = header(response, if by_tag { &ETAG } else { &LAST_MODIFIED });
            if named != held.validator.as_deref() {
                return Err("the server does not say that its part is of the same version of the file".into());
            }
            Ok(true)
        }
        status => Err(format!("the server answered {status}")),
    }
}

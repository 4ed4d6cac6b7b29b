//! The Wayback Machine, where a person asks for it: a copy of what is gone, or the request to save what is online. Either
//! tells a third party the address, so each is a capture of its own in the log, by its own method.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::capture::{Acquisition, Means};
use super::judge::Judgement;
use crate::evidence::{Completeness, Item, MediaKind, Outcome};
use crate::vault::VaultError;

/// What is asked of the third party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wayback {
    /// `https://web.archive.org`, or another that speaks the same.
    pub service: String,
    /// Look up what is gone, and take the last copy.
    pub look_up: bool,
    /// Ask it to save what is online.
    pub save: bool,
}

/// Bytes of an answer to a look-up that are read.
const ANSWER: usize = 1 << 20;

impl Means {
    /// What the third party says and has of an item that stands so.
    pub(super) async fn third_party(&self, key: &str, item: &Item, stands: Outcome) -> Result<Vec<Acquisition>, VaultError> {
        let Some(wayback) = &self.wayback else { return Ok(Vec::new()) };
        let url = item.url.clone().unwrap_or_default();
        let gone = matches!(
            stands,
            Outcome::Gone
                | Outcome::RemovedByPlatform
                | Outcome::RemovedByUser
                | Outcome::Private
                | Outcome::Placeholder
                | Outcome::Error
        );
        match stands {
            _ if gone && wayback.look_up => Ok(vec![self.look_up(&format!("{key}-wayback"), item, wayback, &url).await?]),
            Outcome::Ok if wayback.save => Ok(vec![self.save(&format!("{key}-save"), item, wayback, &url).await?]),
            _ => Ok(Vec::new()),
        }
    }

    /// The last good copy, by the CDX index, in its original bytes.
    async fn look_up(&self, key: &str, item: &Item, wayback: &Wayback, url: &str) -> Result<Acquisition, VaultError> {
        let service = wayback.service.trim_end_matches('/');
        let asked = utf8_percent_encode(url, NON_ALPHANUMERIC);
        let index = format!("{service}/cdx/search/cdx?url={asked}&output=json&filter=statuscode:200&limit=-1");
        let answer = words(item, index);
        let found = self.fetch(key, &answer).await?;
        let text =
            found.bytes().transpose()?.map(|bytes| String::from_utf8_lossy(&bytes[..bytes.len().min(ANSWER)]).into_owned());
        let rows: Value = text.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let at = |name: &str| {
            let column = rows[0].as_array()?.iter().position(|title| title == name)?;
            rows.as_array()?.last().filter(|_| rows[1].is_array())?[column].as_str()
        };
        let (taken, original) = (at("timestamp"), at("original"));
        let (Some(taken), Some(original)) = (taken.filter(|taken| taken.bytes().all(|digit| digit.is_ascii_digit())), original)
        else {
            let because = match found.outcome() {
                Outcome::Ok => format!("{service} (a third party) was asked, and has no copy"),
                _ => format!("{service} (a third party) was asked, and did not answer: {}", found.because()),
            };
            let outcome = if found.outcome() == Outcome::Ok { Outcome::Gone } else { found.outcome() };
            return Ok(found.told("wayback", Judgement { outcome, completeness: Completeness::Unverifiable, because }));
        };
        // `id_`: as it was served to the archive, without its banner and its rewriting.
        let copy = Item { url: Some(format!("{service}/web/{taken}id_/{original}")), ..item.clone() };
        let mut copy = self.fetch(key, &copy).await?;
        copy.because_too(&format!("from {service} (a third party), which says that it took this copy at {}", date(taken)));
        Ok(copy.by("wayback"))
    }

    /// Save Page Now.
    async fn save(&self, key: &str, item: &Item, wayback: &Wayback, url: &str) -> Result<Acquisition, VaultError> {
        let service = wayback.service.trim_end_matches('/');
        let asked = words(item, format!("{service}/save/{url}"));
        let answered = self.fetch(key, &asked).await?;
        let because = match answered.outcome() {
            Outcome::Ok => format!("{service} (a third party) was asked to save {url}, and answered; its word is not checked"),
            _ => format!("{service} (a third party) was asked to save {url}, and did not: {}", answered.because()),
        };
        let outcome = answered.outcome();
        Ok(answered.told("save-page-now", Judgement { outcome, completeness: Completeness::Unverifiable, because }))
    }
}

/// What is asked for when the answer is words about an item.
fn words(item: &Item, url: String) -> Item {
    Item { kind: MediaKind::Page, url: Some(url), platform: None, platform_id: None, ..item.clone() }
}

/// `2019-04-14T06:30:00Z`, as far as the digits go.
fn date(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or("00");
    format!("{}-{}-{}T{}:{}:{}Z", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 14))
}

//! Time and chance are passed in, so that the same inputs make the same case.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC with microseconds, written as RFC 3339: `2026-11-22T16:56:19.123456Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// Text that should have been a time and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time: RFC 3339 in UTC is expected, such as 2026-11-22T16:56:19.123456Z")]
pub struct ParseTimeError(pub String);

impl Time {
    /// The moment that lies `micros` microseconds after 1970-01-01T00:00:00Z.
    pub fn from_micros(micros: i64) -> Time {
        Time(micros)
    }

    /// The moment that lies `seconds` seconds after 1970-01-01T00:00:00Z; none from the year 10000 on, which RFC 3339
    /// cannot write.
    pub fn from_seconds(seconds: u64) -> Option<Time> {
        let stamp = jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
        Some(Time(stamp.as_microsecond()))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// `2026-11-22`
    pub fn date(self) -> String {
        self.to_string()[..10].to_owned()
    }

    /// `2026-11-22 16:56:19 UTC`, for people.
    pub fn plain(self) -> String {
        let text = self.to_string();
        format!("{} {} UTC", &text[..10], &text[11..19])
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stamp = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{stamp:.6}")
    }
}

impl FromStr for Time {
    type Err = ParseTimeError;
    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        text.parse::<jiff::Timestamp>()
            .map(|stamp| Time(stamp.as_microsecond()))
            .map_err(|_| ParseTimeError(text.chars().take(80).collect()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where "now" comes from. The program has one; tests bring their own.
pub trait Clock: Send + Sync {
    fn now(&self) -> Time;
}

/// Where salts and new keys come from. The program has one; tests bring their own.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

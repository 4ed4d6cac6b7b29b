//! `exhibit.toml`: settings as typed values. Read in `cli` and handed down.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::evidence::Digest;
use crate::fetch::{Limits, Permits, Proxy, ProxyError, Route};
use crate::ledger::canonical;

/// The file that `init` writes: every key, its default, a line of meaning.
pub const TEMPLATE: &str = include_str!("../config/exhibit.toml");

/// Settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is not right: {why}", path.display())]
    Parse { path: PathBuf, why: String },
}

/// Who works on the case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Collector {
    pub name: String,
}

/// Which key signs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Signing {
    pub key: String,
    pub agent_key: String,
}

/// How items are captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capture {
    pub concurrency: usize,
    pub max_bytes: u64,
    pub connect_seconds: u64,
    pub idle_seconds: u64,
    pub total_seconds: u64,
    pub least_rate: u64,
    pub redirects: u32,
    pub tries: u32,
    pub retry_milliseconds: u64,
    pub longest_wait_seconds: u64,
    pub per_host: usize,
    pub host_milliseconds: u64,
    pub user_agent: String,
    pub languages: String,
    pub proxy: String,
    pub route: String,
    pub recapture_days: u32,
    pub downloader: String,
    pub downloader_seconds: u64,
    pub browser: String,
    pub browser_seconds: u64,
    pub time_zone: String,
    pub wayback: String,
}

impl Default for Capture {
    fn default() -> Capture {
        Capture {
            concurrency: 8,
            max_bytes: 16 << 30,
            connect_seconds: 20,
            idle_seconds: 30,
            total_seconds: 3600,
            least_rate: 64,
            redirects: 10,
            tries: 4,
            retry_milliseconds: 1000,
            longest_wait_seconds: 120,
            per_host: 4,
            host_milliseconds: 0,
            user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".into(),
            languages: String::new(),
            proxy: String::new(),
            route: "direct".into(),
            recapture_days: 30,
            downloader: "yt-dlp".into(),
            downloader_seconds: 1800,
            browser: "chromium".into(),
            browser_seconds: 90,
            time_zone: "UTC".into(),
            wayback: "https://web.archive.org".into(),
        }
    }
}

/// Who attests from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Anchor {
    pub authorities: Vec<String>,
    pub calendars: Vec<String>,
    pub witnesses: Vec<String>,
}

/// How often bytes are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fixity {
    pub days: u32,
}

impl Default for Fixity {
    fn default() -> Fixity {
        Fixity { days: 90 }
    }
}

/// All settings of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub collector: Collector,
    pub signing: Signing,
    pub anchor: Anchor,
    pub fixity: Fixity,
    pub capture: Capture,
}

impl Config {
    /// Reads a settings file; a missing one means the defaults.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let named = || path.to_path_buf();
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| ConfigError::Parse { path: named(), why: error.to_string().trim_end().to_owned() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
            Err(source) => Err(ConfigError::Read { path: named(), source }),
        }
    }

    /// The route for requests. A proxy that cannot be read is an error: nothing goes out without it.
    pub fn route(&self, permits: Permits) -> Result<Route, ProxyError> {
        let capture = &self.capture;
        let proxy = Some(capture.proxy.trim()).filter(|proxy| !proxy.is_empty()).map(str::parse::<Proxy>).transpose()?;
        Ok(Route {
            proxy,
            permits,
            limits: Limits {
                max_bytes: capture.max_bytes,
                connect_seconds: capture.connect_seconds,
                idle_seconds: capture.idle_seconds,
                total_seconds: capture.total_seconds,
                least_rate: capture.least_rate,
                redirects: capture.redirects,
                tries: capture.tries.max(1),
                retry_milliseconds: capture.retry_milliseconds,
                longest_wait_seconds: capture.longest_wait_seconds,
                per_host: capture.per_host,
                host_milliseconds: capture.host_milliseconds,
            },
            user_agent: capture.user_agent.clone(),
            languages: Some(capture.languages.clone()).filter(|languages| !languages.is_empty()),
        })
    }

    /// SHA-256 of the capture settings as canonical JSON: recorded with every capture.
    pub fn capture_digest(&self) -> Digest {
        Digest::of(&canonical(&self.capture))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_says_every_key_and_its_default() {
        let parsed: Config = toml::from_str(TEMPLATE).unwrap();
        assert_eq!(parsed, Config::default());
        let all = serde_json::to_value(Config::default()).unwrap();
        for (section, keys) in all.as_object().unwrap() {
            assert!(TEMPLATE.contains(&format!("[{section}]")));
            for key in keys.as_object().unwrap().keys() {
                assert!(TEMPLATE.lines().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
            }
        }
    }

    #[test]
    fn a_misspelled_key_is_named() {
        let error = toml::from_str::<Config>("[capture]\nconcurency = 3\n").unwrap_err();
        assert!(error.to_string().contains("concurency"));
    }
}

//! Facts that a probe read from an object. A fact that the file does not state is absent.

use super::Digest;
use serde::{Deserialize, Serialize};

/// Where the camera says it was: decimal degrees, WGS 84; altitude in metres.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<f64>,
}

/// The device and program that the file names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
}

/// Facts about the file itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Media type read from the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Pixels as stored, before any rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// EXIF original time as written, in ISO form; no zone is invented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<String>,
    /// The zone that the file states for it, `+03:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<String>,
    /// EXIF orientation, 1 to 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orientation: Option<u64>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    /// ffprobe's codec names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_codec: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_codec: Option<String>,
    /// Degrees that the container asks a player to turn the picture by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<i64>,
    /// Creation time that the container states, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation_time: Option<String>,
}

/// The program part that read the facts, with its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub name: String,
    pub version: String,
}

/// Everything one probe read from one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Examination {
    pub object: Digest,
    pub probe: Probe,
    pub facts: Facts,
    /// Sealed: where the camera was can endanger whoever held it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Place>,
    /// Sealed: a device can name its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
    /// What the probe could not read, or found to be broken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Examination {
    /// All facts in one flat JSON object, as `examine --json` and `show --json` print them.
    pub fn flat(&self) -> serde_json::Value {
        let mut all = serde_json::Map::new();
        let parts = [serde_json::to_value(&self.facts), serde_json::to_value(&self.location), serde_json::to_value(&self.device)];
        for part in parts.into_iter().flatten() {
            if let serde_json::Value::Object(members) = part {
                all.extend(members);
            }
        }
        serde_json::Value::Object(all)
    }
}

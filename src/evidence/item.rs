//! The media thing meant.

use super::MediaKind;
use serde::{Deserialize, Serialize};

/// What one or many mentions mean. Two spellings of one address are one item, by their key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Canonical key: `youtube:abc`, `url:https://…`, `local:<report digest>/<path>`, `file:<digest>`.
    pub key: String,
    pub kind: MediaKind,
    /// The address to fetch, or the path as the report prints it; absent for a file handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<String>,
}

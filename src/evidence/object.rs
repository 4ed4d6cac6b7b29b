//! Bytes, named by digest.

use super::{Blake3, Digest, words};
use serde::{Deserialize, Serialize};

words! {
    /// What an object is to the case.
    Role {
        /// The report itself, as received.
        Report = "report",
        /// The footage as served.
        Original = "original",
        /// A page that stands where the footage was meant to be, or that carries it.
        Page = "page",
        /// What a platform or tool says of the footage, as a file beside it.
        Sidecar = "sidecar",
        /// The page's document as the browser had it after its scripts ran.
        RenderedPage = "rendered-page",
        /// A picture of the whole page, as the browser drew it.
        Screenshot = "screenshot",
        /// The page as the browser prints it.
        Pdf = "pdf",
        /// Made of other objects by a recipe that is kept beside it.
        Derived = "derived",
    }
}

/// Bytes in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    pub sha256: Digest,
    pub blake3: Blake3,
    /// Bytes.
    pub size: u64,
    /// The media type read from the bytes themselves.
    pub media_type: String,
}

impl Object {
    /// The type of bytes of which nothing is known.
    pub const UNTYPED: &str = "application/octet-stream";
}

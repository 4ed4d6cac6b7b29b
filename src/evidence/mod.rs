//! The words of the house, as values: no files, no SQL, no clock.

mod capture;
mod claim;
mod digest;
mod event;
mod examination;
mod finding;
mod item;
mod keeping;
mod number;
mod object;
mod reference;
mod report;
mod time;
mod work;

pub use capture::{Capture, Completeness, Exchange, Hop, Outcome, Step, Tls, Tool, final_head, header_in};
pub use claim::{Claim, PlaceCandidate, PlaceReading, Reading};
pub use digest::{Blake3, Digest, Digesting, Digests, ParseDigestError, Sha256};
pub use event::{
    CaseOpened, ClaimMade, Event, ExhibitAdmitted, NoteAdded, ObjectKept, PermissionGiven, ReferenceFound, ReportReceived,
    Subject, ValueErased,
};
pub use examination::{Device, Examination, Facts, Place, Probe};
pub use finding::{Code, Finding, Severity, Verdict};
pub use item::Item;
pub use keeping::{
    AnchorMade, AnchorPending, Fixity, FixityChecked, HandlingSet, KeyChanged, KeyRevoked, ObjectPurged, ObjectRestored,
    PackageReceived, TransferMade,
};
pub use number::{CaptureNo, ClaimNo, ExhibitNo, ItemNo, MentionNo, ParseNumberError, ReportNo, Subject as Id};
pub use object::{Object, Role};
pub use reference::{Form, Locator, MediaKind, Quote, Reference, Rule};
pub use report::{Origin, Reader, Report};
pub use time::{Clock, ParseTimeError, Randomness, Time};
pub use work::{Unit, UnitKind};

/// A word list with its spelling in JSON, SQL and on the command line: one table for all three.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every word of the list, in its order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word as written in JSON, SQL and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The value that a word stands for, if it is one of the list.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use words;

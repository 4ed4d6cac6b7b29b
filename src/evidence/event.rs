//! Custody events: everything that can happen in a case. The log keeps each as one entry.
//!
//! Events name each other by derived keys, never by catalogue numbers, so that a writer needs to know
//! neither its place in the log nor what came before.

use super::{
    AnchorMade, AnchorPending, FixityChecked, HandlingSet, KeyChanged, KeyRevoked, ObjectPurged, ObjectRestored, PackageReceived,
    TransferMade,
};
use super::{Capture, Claim, Digest, Examination, Form, Item, MediaKind, Object, Quote, Role, Rule, Time};
use serde::{Deserialize, Serialize};

/// The thing that an event speaks about, by derived key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// `<report digest>#<ordinal>`
    Mention(String),
    /// Item key.
    Item(String),
    /// Object digest.
    Object(Digest),
    /// Digest of a report's bytes.
    Report(Digest),
}

/// The case begins: its name in the log, and the key that signs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseOpened {
    /// Origin line of every checkpoint: `exhibit.case/<32 hex digits>`.
    pub origin: String,
    /// Ed25519 public key in OpenSSH form, without comment.
    pub key: String,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A report came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportReceived {
    /// SHA-256 of its bytes: the report's key.
    pub report: Digest,
    /// `file`, `url` or `input`.
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub received: Time,
    pub reader: String,
    pub reader_version: String,
    pub encoding: String,
    pub media_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// EDTF
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Sealed, as are title, publisher, authors and the date as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authors: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_as_written: Option<String>,
}

/// A report mentions something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceFound {
    pub report: Digest,
    /// From 1, in the order of the report.
    pub ordinal: u64,
    pub kind: MediaKind,
    pub form: Form,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    /// Key of the item meant; none where it is only described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    pub locator: String,
    pub rule: Rule,
    /// Sealed, as are caption, credit and hedges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hedges: Option<Vec<String>>,
}

impl ReferenceFound {
    /// The mention's key: `<report digest>#<ordinal>`.
    pub fn key(&self) -> String {
        format!("{}#{}", self.report, self.ordinal)
    }
}

/// Somebody asserts something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimMade {
    pub subject: Subject,
    /// `report`, or `person` for one who stands behind it.
    pub by: String,
    pub property: String,
    pub rule: Rule,
    /// Sealed: value, platform, hedges, quote and reading together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

/// The user named hosts or networks that may be asked although they are not globally routable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionGiven {
    pub hosts: Vec<String>,
}

/// Bytes are in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectKept {
    #[serde(flatten)]
    pub object: Object,
    /// Why, where it is not the ordinary way: `recovered after an interrupted run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// An object is admitted to the case under the next number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExhibitAdmitted {
    pub object: Digest,
    /// Key of the item it was obtained as.
    pub item: String,
    /// Key of the capture that obtained it.
    pub capture: String,
    pub role: Role,
    /// Sealed: the original file name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A person's remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteAdded {
    pub subject: Subject,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A sealed value was erased by law. The commitment stays, so the log still verifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueErased {
    pub entry: u64,
    pub field: String,
    pub reason: String,
    /// Sealed: who authorised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// Everything that can happen. The kind's spelling is part of the frozen entry encoding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "event", rename_all = "kebab-case")]
pub enum Event {
    CaseOpened(CaseOpened),
    ReportReceived(ReportReceived),
    ItemIdentified(Item),
    ReferenceFound(ReferenceFound),
    ClaimMade(ClaimMade),
    PermissionGiven(PermissionGiven),
    ObjectKept(ObjectKept),
    CaptureMade(Box<Capture>),
    ExhibitAdmitted(ExhibitAdmitted),
    ExaminationMade(Box<Examination>),
    NoteAdded(NoteAdded),
    ValueErased(ValueErased),
    FixityChecked(FixityChecked),
    HandlingSet(HandlingSet),
    ObjectPurged(ObjectPurged),
    AnchorMade(AnchorMade),
    AnchorPending(AnchorPending),
    KeyChanged(KeyChanged),
    KeyRevoked(KeyRevoked),
    TransferMade(TransferMade),
    PackageReceived(PackageReceived),
    ObjectRestored(ObjectRestored),
}

impl Event {
    /// Its kind, as entries spell it.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::CaseOpened(_) => "case-opened",
            Event::ReportReceived(_) => "report-received",
            Event::ItemIdentified(_) => "item-identified",
            Event::ReferenceFound(_) => "reference-found",
            Event::ClaimMade(_) => "claim-made",
            Event::PermissionGiven(_) => "permission-given",
            Event::ObjectKept(_) => "object-kept",
            Event::CaptureMade(_) => "capture-made",
            Event::ExhibitAdmitted(_) => "exhibit-admitted",
            Event::ExaminationMade(_) => "examination-made",
            Event::NoteAdded(_) => "note-added",
            Event::ValueErased(_) => "value-erased",
            Event::FixityChecked(_) => "fixity-checked",
            Event::HandlingSet(_) => "handling-set",
            Event::ObjectPurged(_) => "object-purged",
            Event::AnchorMade(_) => "anchor-made",
            Event::AnchorPending(_) => "anchor-pending",
            Event::KeyChanged(_) => "key-changed",
            Event::KeyRevoked(_) => "key-revoked",
            Event::TransferMade(_) => "transfer-made",
            Event::PackageReceived(_) => "package-received",
            Event::ObjectRestored(_) => "object-restored",
        }
    }
}

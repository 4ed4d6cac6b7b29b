//! The case on disk: the only room that knows SQL and the case's paths, and the only writer.

mod apply;
mod compare;
mod db;
mod door;
mod durable;
mod erase;
mod error;
mod fold;
mod kept;
mod layout;
mod lock;
mod nodes;
mod objects;
mod publish;
mod reader;
mod rebuild;
mod recover;
mod replica;
mod rows;
mod staging;
mod work;

pub use compare::Replay;
pub use door::{Agent, Committed, Effects, Ports, Vault};
pub use erase::Order;
pub use error::VaultError;
pub use kept::{AnchorRow, FixityRow, HandlingRow, PendingRow, TransferRow};
pub use layout::{LOG, Layout, VAULT};
pub use objects::{ObjectFile, files as object_files};
pub use publish::{Published, render};
pub use reader::{LogRow, Proofs, Reader};
pub use rebuild::{Rebuilt, rebuild};
pub use replica::{Mirrored, Repaired, mirror};
pub use rows::{CaptureRow, ClaimRow, EventRow, ExaminationRow, ExhibitRow, ItemRow, MentionRow, NoteRow, ReportRow};
pub use staging::{Staged, Staging};
pub use work::{Lease, Task};

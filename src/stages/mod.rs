//! The work: stages make values, the conductor records them.

mod archive;
mod capture;
mod coverage;
mod download;
mod examine;
mod exchange;
mod export;
mod fixity;
mod hand_over;
mod judge;
mod obtain;
mod parcel;
mod read;
mod recapture;
mod record;
mod records;
mod resolve;
pub mod review;
mod shelf;
mod verify;
mod verify_bag;
mod withhold;

use archive::Job;
pub use archive::{Archive, ArchiveError, Progress, archive};
pub use coverage::{Coverage, Line, Standing, coverage};
pub use examine::{Examined, examine_file};
pub use export::{ExportError, Exported, Selection, export};
pub use hand_over::{Handed, Received, hand_over};
pub use obtain::{ObtainError, Source, obtain_file, obtain_input};
pub use parcel::{Member, Thing, parcel};
pub use read::{extract, read_report};
pub use recapture::{Available, Changed, Recaptured, Version, Which, recapture};
pub use record::peek;
pub use resolve::{Resolved, resolve};
pub use verify::{Anchored, Checked, Depth, SealedCount, Verification, verify_case};
pub use verify_bag::verify_bag;

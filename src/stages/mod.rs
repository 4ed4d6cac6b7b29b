//! The work: stages make values, the conductor records them.

mod archive;
mod capture;
mod coverage;
mod examine;
mod export;
mod judge;
mod obtain;
mod resolve;
mod verify;
mod verify_bag;

pub use archive::{Archive, ArchiveError, Handed, Progress, Received, archive, hand_over, peek};
pub use coverage::{Coverage, Line, Standing, coverage};
pub use examine::{Examined, examine_file};
pub use export::{ExportError, Exported, Selection, export};
pub use obtain::{ObtainError, Source, obtain_file, obtain_input};
pub use resolve::{Resolved, resolve};
pub use verify::{Anchored, Checked, Depth, SealedCount, Verification, verify_case};
pub use verify_bag::verify_bag;

//! Exchanges in the forms that web archives keep, check and replay: WARC 1.1 (ISO 28500:2017), and WACZ 1.1.1 around it.

mod read;
mod record;
mod wacz;

pub use read::{Kept, WarcRead, read_warc};
pub use record::{Block, Indexed, Open, Record, Written, urn, write};
pub use wacz::{Page, read_wacz, wacz};

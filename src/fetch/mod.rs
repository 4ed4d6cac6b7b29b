//! Bytes from the world: over http(s), and from files that lie beside a report. The only room that
//! reaches the network.

mod address;
mod http;
mod local;
mod permit;
mod wire;

pub use address::why_not_global;
pub use http::{Client, Ending, Fetched, Limits, Route};
pub use local::{Found, Local, LocalError};
pub use permit::{Permit, PermitError, Permits};

//! Bytes from the world: over http(s), and from files that lie beside a report. The only room that
//! reaches the network.

mod address;
mod answer;
mod authority;
mod browser;
mod confine;
mod downloader;
mod gate;
mod http;
mod lanes;
mod local;
mod permit;
mod print;
mod proxy;
mod reach;
mod rest;
mod secret;
mod tap;
mod wire;

pub use address::why_not_global;
pub use answer::{Ending, Fetched, Piece, Reserve};
pub use authority::ask_authority;
pub use browser::{Drawn, Page};
pub use confine::{Bounds, Confined, confine, run_confined};
pub use downloader::{Downloaded, Downloader, Wanted, clear as clear_scratch, open_left, read_info};
pub use http::{Client, Limits, Route};
pub use local::{Found, Local, LocalError, is_of_a_case, open_file};
pub use permit::{Permit, PermitError, Permits};
pub use proxy::{Proxy, ProxyError};
pub use rest::Begun;
pub use secret::without_secret;
pub use tap::Passed;

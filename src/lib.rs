//! exhibit: reports that mention footage become evidence that can be checked.
//!
//! The house, from the ground up; a room uses only the floors below it, and a test holds it to that.
//!
//! - floor 0, [`evidence`]: the words, as values.
//! - floor 1, [`ledger`]: the log as pure logic: entries, tree, checkpoints, signatures.
//! - floor 1, [`reading`]: bytes of a report become text, references and claims.
//! - floor 2, [`vault`]: the case on disk; the only writer, the only room that knows SQL.
//! - floor 2, [`fetch`]: bytes from the network and from files beside a report.
//! - floor 2, [`probe`]: facts read from media bytes.
//! - floor 2, [`keyring`]: signing keys outside the case.
//! - floor 2, [`bag`]: BagIt packages, written and checked.
//! - floor 2, [`warc`]: exchanges as web archives keep them.
//! - floor 3, [`stages`]: the work, and the conductor that records it.
//! - floor 4, [`cli`]: people.
//!
//! Beside the floors, [`config`] is the settings of a case as typed values, read in `cli`.

#![deny(unsafe_code)] // but for three calls in stages/lanes.rs, reasoned there

pub mod bag;
pub mod cli;
pub mod config;
pub mod evidence;
pub mod fetch;
pub mod keyring;
pub mod ledger;
pub mod probe;
pub mod reading;
pub mod stages;
pub mod vault;
pub mod warc;

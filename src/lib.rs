pub mod evidence;
pub mod ledger;
pub mod vault;
pub mod keyring;
pub mod fetch;
pub mod probe;
pub mod reading;

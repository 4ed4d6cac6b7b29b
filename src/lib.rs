pub mod evidence;
pub mod ledger;
pub mod vault;

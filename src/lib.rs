pub mod evidence;
pub mod ledger;

//! Pages for people: the printable record of one exhibit, and of a selection. They contain no script and ask the network
//! for nothing; whatever a record says can be seen on them and cannot act.

mod certificate;
mod chart;
mod claims;
mod compare;
mod custody;
mod examined;
mod fetched;
mod layout;
mod lead;
mod mentioned;
mod papers;
mod place;
mod proof;
mod selection;
#[cfg(test)]
mod tests;
mod text;
mod tries;
mod value;
mod words;

use serde_json::Value;

use layout::{document, sections};
pub use papers::{certificate_page, declaration_page};
pub use selection::index_page;
use text::{shown, time};
use value::text;
use words::SECTIONS;

/// What every page of a bag says of the bag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The program and its version.
    pub program: String,
    /// Fingerprint of the key that signs the log.
    pub key: Option<String>,
    /// Proofs from outside: the authority, how many entries it attests, and its time (RFC 3339).
    pub anchors: Vec<(String, u64, String)>,
    /// Who collected, and what for.
    pub collector: Option<String>,
    pub purpose: Option<String>,
    /// SHA-256 of the settings in force, in hexadecimal.
    pub settings: Vec<String>,
    /// The log's origin, its size in entries, its root in hexadecimal, and its fingerprint.
    pub log: (String, u64, String, String),
    /// Sealed fields whose values were left out of the bag.
    pub withheld: Vec<String>,
    /// When the pages were made (RFC 3339); none keeps them the same from one export to the next.
    pub made: Option<String>,
}

/// The page of one exhibit, of its record.
pub fn record_page(record: &Value, about: &About) -> String {
    let (exhibit, captures) = (&record["exhibit"], tries::oldest_first(record));
    let (compared, verdicts) = claims::claims(record);
    let parts = [
        mentioned::mentioned(record),
        compared,
        tries::tries(record, &captures),
        fetched::fetched(record, &captures),
        examined::examined(record),
        custody::custody(record),
        proof::digests(record),
        proof::proofs(record, about),
        proof::limits(record),
    ];
    let titled: Vec<(&str, String)> = SECTIONS.into_iter().zip(parts).collect();
    let body = format!("{}{}{}", lead::head(record, about, &verdicts), sections(&titled), made_by(about));
    let (id, sha256) = (text(&exhibit["id"]), text(&exhibit["sha256"]));
    let title = format!("{id}, {}, SHA-256 {}…", text(&exhibit["kind"]), sha256.chars().take(16).collect::<String>());
    document(&title, &format!("{id} · SHA-256 {sha256}"), &body)
}

fn made_by(about: &About) -> String {
    let when = about.made.as_deref().map(|made| format!(" {}", time(made))).unwrap_or_default();
    format!(
        "<footer><p>Made{when} by {} from the record in the same bag. It contains no script and asks the network for nothing.</p>\
         </footer>\n",
        shown(&about.program)
    )
}

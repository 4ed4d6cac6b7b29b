//! A person's word on what was found, before any of it is recorded: accepted, corrected, rejected, added.

use serde::{Deserialize, Serialize};

use crate::evidence::{Claim, Digest, Form, MediaKind, Quote, Reference};
use crate::reading::canonical_url;

/// What a person decided about a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Accept,
    /// Its kind, address, caption, credit or claims are as given here.
    Correct,
    Reject,
    /// Not found by any rule.
    Add,
}

/// A reference as a person left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reviewed {
    #[serde(default = "accept")]
    pub decision: Decision,
    /// Why, in the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    pub kind: MediaKind,
    #[serde(default = "described")]
    pub form: Form,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub quote: Quote,
    /// Where it stands; of an added one it may be absent.
    #[serde(default)]
    pub locator: String,
    #[serde(default)]
    pub caption: Option<String>,
    #[serde(default)]
    pub credit: Option<String>,
    #[serde(default)]
    pub claims: Vec<ReviewedClaim>,
}

/// A claim as a person left it; its rule is the one that found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewedClaim {
    pub property: String,
    pub value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    #[serde(default)]
    pub rule: Option<String>,
}

fn accept() -> Decision {
    Decision::Accept
}

fn described() -> Form {
    Form::Described
}

/// A review of one report: the list that `refs --json` prints, with decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub report: ReviewedReport,
    pub references: Vec<Reviewed>,
}

/// Which report a review is of, and who made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewedReport {
    #[serde(default)]
    pub origin: String,
    pub sha256: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
}

/// A review that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    #[error("The review {name} cannot be read: {why}")]
    Unreadable { name: String, why: String },
    #[error("The review {name} has nothing on this report ({sha256})")]
    OtherReport { name: String, sha256: Digest },
    #[error("The review says something of a reference that is not in the report: {locator}")]
    NoSuchReference { locator: String },
}

impl ReviewError {
    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        Some(match self {
            ReviewError::Unreadable { .. } => {
                "begin with what `exhibit refs REPORT --json` prints, and add a \"decision\" to its references"
            }
            ReviewError::OtherReport { .. } => "the report's bytes are not those that were reviewed: review it again",
            ReviewError::NoSuchReference { .. } => "give a reference of your own the decision \"add\"",
        })
    }
}

/// The rule that what a person says goes by.
const RULE: &str = "person/review@1";

/// References after a review: those that stand, and those that a person rejected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    pub references: Vec<Standing>,
    pub rejected: Vec<(Reference, Option<String>)>,
}

/// A reference that stands. Its own claims are the report's; the person's are beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub reference: Reference,
    pub by_person: Vec<Claim>,
    pub note: Option<String>,
}

/// Parses a review file: the array that `refs --json` prints, or one of its elements.
pub fn parse(text: &str, name: &str) -> Result<Vec<Review>, ReviewError> {
    let unreadable = |error: serde_json::Error| ReviewError::Unreadable { name: name.to_owned(), why: error.to_string() };
    match text.trim_start().starts_with('[') {
        true => serde_json::from_str(text).map_err(unreadable),
        false => Ok(vec![serde_json::from_str(text).map_err(unreadable)?]),
    }
}

/// Applies a review. What it does not speak of stands as it was found.
pub fn apply(references: Vec<Reference>, review: &Review) -> Result<Outcome, ReviewError> {
    let key = |locator: &str, url: Option<&str>| format!("{locator} {}", url.unwrap_or_default());
    let mut said: std::collections::HashMap<String, &Reviewed> = Default::default();
    let mut outcome = Outcome::default();
    for reviewed in review.references.iter().filter(|reviewed| reviewed.decision != Decision::Add) {
        // A corrected address is found by its place alone.
        said.insert(key(&reviewed.locator, reviewed.url.as_deref()), reviewed);
        if reviewed.decision == Decision::Correct {
            said.entry(key(&reviewed.locator, None)).or_insert(reviewed);
        }
    }
    let mut used = std::collections::HashSet::new();
    for reference in references {
        let exact = key(&reference.locator, reference.url.as_deref());
        let found = said.get(&exact).or_else(|| said.get(&key(&reference.locator, None))).copied();
        let Some(reviewed) = found else {
            outcome.references.push(Standing { reference, by_person: Vec::new(), note: None });
            continue;
        };
        used.insert(std::ptr::from_ref(reviewed));
        match reviewed.decision {
            Decision::Reject => outcome.rejected.push((reference, reviewed.note.clone())),
            Decision::Accept | Decision::Add => {
                outcome.references.push(Standing { reference, by_person: Vec::new(), note: reviewed.note.clone() })
            }
            Decision::Correct => outcome.references.push(correct(reference, reviewed)),
        }
    }
    let missed = review
        .references
        .iter()
        .find(|reviewed| reviewed.decision != Decision::Add && !used.contains(&std::ptr::from_ref(*reviewed)));
    if let Some(missed) = missed {
        return Err(ReviewError::NoSuchReference { locator: missed.locator.clone() });
    }
    for reviewed in review.references.iter().filter(|reviewed| reviewed.decision == Decision::Add) {
        outcome.references.push(added(reviewed));
    }
    Ok(outcome)
}

fn claim(reviewed: &ReviewedClaim) -> Claim {
    Claim {
        property: reviewed.property.clone(),
        value: reviewed.value.clone(),
        via: reviewed.via.clone(),
        hedges: Vec::new(),
        quote: None,
        reading: None,
        rule: RULE.into(),
    }
}

/// The report's own claims stay as found if the person left them; what the person changed or added is theirs.
fn correct(mut reference: Reference, reviewed: &Reviewed) -> Standing {
    let left = |claim: &Claim| reviewed.claims.iter().any(|said| said.property == claim.property && said.value == claim.value);
    let own = |said: &&ReviewedClaim| {
        !reference.claims.iter().any(|claim| claim.property == said.property && claim.value == said.value)
    };
    let by_person: Vec<Claim> = reviewed.claims.iter().filter(own).map(claim).collect();
    reference.claims.retain(left);
    let changed = (reference.kind, &reference.url, &reference.caption, &reference.credit)
        != (reviewed.kind, &reviewed.url, &reviewed.caption, &reviewed.credit);
    if changed {
        if reference.url != reviewed.url {
            reference.canonical = reviewed.url.as_deref().map(canonical);
            reference.platform = None;
            reference.form =
                if reviewed.url.is_some() && reference.form == Form::Described { Form::Linked } else { reference.form };
        }
        reference.kind = reviewed.kind;
        reference.url.clone_from(&reviewed.url);
        reference.caption.clone_from(&reviewed.caption);
        reference.credit.clone_from(&reviewed.credit);
        reference.rule = RULE.into();
    }
    Standing { reference, by_person, note: reviewed.note.clone() }
}

fn canonical(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| canonical_url(&url))
}

fn added(reviewed: &Reviewed) -> Standing {
    let reference = Reference {
        kind: reviewed.kind,
        form: if reviewed.url.is_some() && reviewed.form == Form::Described { Form::Linked } else { reviewed.form },
        url: reviewed.url.clone(),
        canonical: reviewed.url.as_deref().map(canonical),
        quote: reviewed.quote.clone(),
        locator: if reviewed.locator.is_empty() { "as a person says; char=0,0".to_owned() } else { reviewed.locator.clone() },
        caption: reviewed.caption.clone(),
        credit: reviewed.credit.clone(),
        hedges: Vec::new(),
        rule: RULE.into(),
        claims: Vec::new(),
        platform: None,
    };
    Standing { reference, by_person: reviewed.claims.iter().map(claim).collect(), note: reviewed.note.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{Hints, read, refer};

    const PAGE: &str =
        "<p>One video shows a street near Homs.</p><p>See <a href='https://youtu.be/abcdefghijk'>the clip</a> here.</p>";

    fn found() -> (Digest, Vec<Reference>) {
        let document = read(PAGE.as_bytes(), &Hints { origin: "page.html".into(), ..Hints::default() }).unwrap();
        (document.report.sha256, refer(&document))
    }

    /// What `refs --json` prints, with decisions.
    fn review(decide: impl Fn(usize, &mut serde_json::Value)) -> Review {
        let (sha256, references) = found();
        let mut list = serde_json::to_value(&references).unwrap();
        list.as_array_mut().unwrap().iter_mut().enumerate().for_each(|(nth, reference)| decide(nth, reference));
        let text = serde_json::json!([{"report": {"sha256": sha256}, "references": list}]).to_string();
        parse(&text, "review.json").unwrap().remove(0)
    }

    #[test]
    fn what_nobody_speaks_of_and_what_is_accepted_stands() {
        let (_, references) = found();
        let outcome = apply(references.clone(), &review(|_, _| {})).unwrap();
        assert_eq!(
            outcome.references.iter().map(|standing| &standing.reference).collect::<Vec<_>>(),
            references.iter().collect::<Vec<_>>()
        );
        assert!(outcome.rejected.is_empty() && outcome.references.iter().all(|standing| standing.by_person.is_empty()));
    }

    #[test]
    fn what_is_rejected_corrected_and_added_is_the_persons() {
        let (_, references) = found();
        let changed = review(|nth, reference| match nth {
            0 => {
                reference["decision"] = "correct".into();
                let claims = reference["claims"].as_array_mut().unwrap();
                let place = claims.iter_mut().find(|claim| claim["property"] == "location").unwrap();
                place["value"] = "near Hama".into();
            }
            _ => reference["decision"] = "reject".into(),
        });
        let mut changed = changed;
        changed.references.push(
            serde_json::from_str(
                r#"{"decision":"add","kind":"video","url":"https://youtu.be/bcdefghijkl","note":"said on the phone"}"#,
            )
            .unwrap(),
        );
        let outcome = apply(references.clone(), &changed).unwrap();
        assert_eq!(outcome.rejected.len(), 1);
        let first = &outcome.references[0];
        assert!(!first.reference.claims.iter().any(|claim| claim.property == "location"));
        assert_eq!(
            (first.by_person.len(), first.by_person[0].value.as_str(), first.by_person[0].rule.0.as_str()),
            (1, "near Hama", RULE)
        );
        assert_eq!(first.reference.rule, references[0].rule, "the reference itself is still the rule's");
        let added = &outcome.references[1];
        assert_eq!(added.reference.canonical.as_deref(), Some("https://www.youtube.com/watch?v=bcdefghijkl"));
        assert_eq!((added.reference.form, added.note.as_deref()), (Form::Linked, Some("said on the phone")));
    }

    #[test]
    fn a_review_of_something_else_is_refused() {
        let (_, references) = found();
        let wrong = review(|_, reference| reference["locator"] = "/elsewhere; char=1,2".into());
        assert!(matches!(apply(references, &wrong), Err(ReviewError::NoSuchReference { .. })));
        assert!(matches!(parse("{", "x"), Err(ReviewError::Unreadable { .. })));
    }
}

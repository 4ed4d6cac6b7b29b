//! Many mentions, one item: the canonical key of what a reference means.

use crate::evidence::{Digest, Item, Reference};

/// A reference and the item that it means; none where it is only described.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    pub reference: Reference,
    pub item: Option<Item>,
}

/// Gives each reference its item. `beside` says whether a relative link means a file that lies beside
/// the report: then that file is the item, whatever address the page once had.
pub fn resolve(report: &Digest, references: Vec<Reference>, beside: &dyn Fn(&str) -> bool) -> Vec<Resolved> {
    references.into_iter().map(|reference| Resolved { item: item(report, &reference, beside), reference }).collect()
}

fn item(report: &Digest, reference: &Reference, beside: &dyn Fn(&str) -> bool) -> Option<Item> {
    let printed = reference.url.as_deref()?;
    let canonical = reference.canonical.as_deref()?;
    let absolute = ["http://", "https://"].iter().any(|scheme| canonical.starts_with(scheme));
    let relative = !printed.contains("://") && !printed.starts_with("//");
    if !absolute || (relative && beside(printed)) {
        return Some(Item {
            key: format!("local:{report}/{}", if absolute { printed } else { canonical }),
            kind: reference.kind,
            url: Some(printed.to_owned()),
            platform: None,
            platform_id: None,
        });
    }
    let (platform, platform_id) = reference.platform.clone().unzip();
    let key = match (&platform, &platform_id) {
        (Some(platform), Some(id)) => format!("{platform}:{id}"),
        _ => format!("url:{canonical}"),
    };
    Some(Item { key, kind: reference.kind, url: Some(canonical.to_owned()), platform, platform_id })
}

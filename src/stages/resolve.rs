//! Many mentions, one item: the canonical key of what a reference means.

use crate::evidence::{Digest, Item, Reference};
use crate::fetch::without_secret;

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
    // Whatever names a scheme or host is an address, even one that is not fetched; the rest are paths.
    let scheme = printed.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    // `cid:` is a part of the message that the report is (RFC 2392).
    let file = ["file:", "cid:"].iter().any(|scheme| printed.to_ascii_lowercase().starts_with(scheme));
    let relative = (!scheme || file) && !printed.starts_with("//") && !printed.starts_with("\\\\");
    let absolute = !relative || ["http://", "https://"].iter().any(|scheme| canonical.starts_with(scheme));
    if !absolute || (relative && beside(printed)) {
        return Some(Item {
            key: format!("local:{report}/{}", if absolute { printed } else { canonical }),
            kind: reference.kind,
            url: Some(printed.to_owned()),
            platform: None,
            platform_id: None,
        });
    }
    let canonical = without_secret(canonical);
    let (platform, platform_id) = reference.platform.clone().unzip();
    let key = match (&platform, &platform_id) {
        (Some(platform), Some(id)) => format!("{platform}:{id}"),
        _ => format!("url:{canonical}"),
    };
    Some(Item { key, kind: reference.kind, url: Some(canonical), platform, platform_id })
}

//! From a document to its references: what the markup names, what credits name, what prose tells.

use std::collections::BTreeSet;

use url::Url;

use super::block::{Block, BlockKind};
use super::place::Context;
use super::prose::Setting;
use super::{Document, Find, platform, prose, sentence, table};
use crate::evidence::{Claim, Form, MediaKind, Quote, Reading, Reference};

/// The references of a document, in its order.
pub fn refer(document: &Document) -> Vec<Reference> {
    let mut wanted = Vec::new();
    let (mut seen, mut announced) = (BTreeSet::new(), BTreeSet::new());
    let table = document.report.reader.name == "table";
    let title = document.report.title.as_deref().unwrap_or("");
    let context = if table { Context::default() } else { Context::of(context_text(document, title)) };
    let setting = Setting { published: document.report.published.as_deref(), context: &context };
    for find in &document.finds {
        let address = address(document, find);
        // One medium shown twice on a page is one reference; two rows of a table are two.
        let key = (address.canonical.clone(), find.form == Form::Linked && address.on.is_none());
        if table || seen.insert(key) {
            // A sentence that announces one embed says nothing of the next.
            let spent = !find.own && !announced.insert(find.quote);
            wanted.push((find, address, spent));
        }
    }
    let of = |(find, address, spent): (&Find, Address, bool)| (find.quote.0, of_find(document, find, address, &setting, spent));
    let mut found: Vec<(usize, Reference)> = on_all_cores(wanted, of);
    if !table {
        told(document, &mut found, &setting);
    }
    // What a sentence tells comes before what stands behind it.
    found.sort_by_key(|(at, reference)| (*at, reference.form != Form::Described));
    if !table {
        candidates(&mut found);
    }
    found.into_iter().map(|(_, reference)| reference).collect()
}

/// Maps each, in order; where they are many, on all cores.
fn on_all_cores<T: Send, R: Send>(mut all: Vec<T>, one: impl Fn(T) -> R + Sync) -> Vec<R> {
    const FEW: usize = 256;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if all.len() < FEW || cores == 1 {
        return all.into_iter().map(one).collect();
    }
    let (size, one) = (all.len().div_ceil(cores), &one);
    std::thread::scope(|scope| {
        let mut parts = Vec::new();
        while !all.is_empty() {
            let rest = all.split_off(size.min(all.len()));
            let part = std::mem::replace(&mut all, rest);
            parts.push(scope.spawn(move || part.into_iter().map(one).collect::<Vec<_>>()));
        }
        let joined = parts.into_iter().map(|part| part.join().unwrap_or_else(|broken| std::panic::resume_unwind(broken)));
        joined.flatten().collect()
    })
}

/// The report's own words, from which is read which countries it speaks of.
fn context_text(document: &Document, title: &str) -> String {
    let mut text = format!("{title}.\n");
    for block in document.blocks.blocks.iter().filter(|block| block.kind != BlockKind::Aside) {
        if text.len() > 40_000 {
            break;
        }
        text.push_str(&document.blocks.text[block.start..block.end]);
        text.push('\n');
    }
    text
}

/// What of a report could not be read: what its reader says, and whether it tells of more than is taken.
pub fn problems(document: &Document, references: &[Reference]) -> Vec<String> {
    let mut problems = document.report.problems.clone();
    if references.iter().filter(|reference| reference.form == Form::Described).count() >= MOST
        && document.report.reader.name != "table"
    {
        problems.push(format!("the report tells of more footage than is read: what it tells after the first {MOST} is not read"));
    }
    problems
}

/// Footage that is told of right beside an embed may be that embed's. That is said of it, with the rule;
/// the two stay two.
fn candidates(found: &mut [(usize, Reference)]) {
    /// Bytes of text between the two.
    const NEAR: usize = 400;
    let same = |told: MediaKind, shown: MediaKind| told == shown || shown == MediaKind::Post;
    for nth in 0..found.len() {
        let (at, told) = &found[nth];
        // `In another video` is not the one before.
        if told.form != Form::Described || prose::is_another(&told.quote.exact) {
            continue;
        }
        let end = at + told.quote.exact.len();
        let beside = [nth.checked_sub(1), Some(nth + 1)].into_iter().flatten().filter_map(|other| found.get(other));
        let near = beside.filter(|(other, shown)| {
            let gap = if other < at { at.saturating_sub(other + shown.quote.exact.len()) } else { other.saturating_sub(end) };
            shown.form == Form::Embedded && gap < NEAR && same(told.kind, shown.kind)
        });
        let claims: Vec<Claim> = near
            .filter_map(|(_, shown)| shown.url.clone())
            .map(|url| Claim {
                property: "same_footage".to_owned(),
                value: url,
                via: None,
                hedges: vec!["possibly".to_owned()],
                quote: None,
                reading: None,
                rule: "candidate/beside@1".into(),
            })
            .collect();
        found[nth].1.claims.extend(claims);
    }
}

/// What a printed address means.
struct Address {
    url: Option<String>,
    canonical: Option<String>,
    on: Option<platform::OnPlatform>,
}

fn address(document: &Document, find: &Find) -> Address {
    let url = (find.form != Form::Described).then(|| find.url.clone());
    let resolved = url.as_deref().and_then(|url| resolve(document, url));
    let canonical = match (&resolved, &url) {
        (Some(resolved), _) => Some(platform::canonical_url(resolved)),
        (None, Some(url)) => Some(relative(url)),
        (None, None) => None,
    };
    Address { url, canonical, on: resolved.as_ref().and_then(platform::recognise) }
}

fn of_find(document: &Document, find: &Find, address: Address, setting: &Setting<'_>, spent: bool) -> Reference {
    let blocks = &document.blocks;
    let (start, end) = find.quote;
    let Address { url, canonical, on } = address;
    let quote = blocks.quote(start, end);
    // The sentence that an embed merely stands behind speaks of it only if it announces it, and then of the first.
    let speaks = || find.own || prose::announces(&quote.exact);
    let (hedges, mut claims) = match find.columns.is_empty() {
        // A caption speaks without its credit.
        true if find.own && find.caption.as_deref().is_some_and(|caption| quote.exact.contains(caption)) => {
            prose::claims(find.caption.as_deref().unwrap_or(""), setting)
        }
        true if speaks() && find.caption.is_none() && !spent => prose::claims(&quote.exact, setting),
        true => (Vec::new(), Vec::new()),
        false => (Vec::new(), columns(&find.columns, find.url.as_str())),
    };
    let said = |property: &str| find.claims.iter().any(|claim| claim.property == property);
    claims.retain(|claim| !said(&claim.property));
    claims.extend(find.claims.iter().cloned());
    if let Some(caption) = find.caption.as_deref().filter(|caption| !quote.exact.contains(*caption)) {
        let (_, more) = prose::claims(caption, setting);
        claims.extend(more);
    }
    if let Some(credit) = &find.credit {
        claims.extend(prose::credit_claims(credit));
    }
    let mut once = BTreeSet::new();
    claims.retain(|claim| once.insert((claim.property.clone(), claim.value.clone())));
    Reference {
        kind: on.as_ref().map_or(find.kind, |on| if find.kind == MediaKind::Page { on.kind } else { find.kind }),
        form: find.form,
        url,
        canonical,
        locator: blocks.locate(&find.place, start, end),
        quote,
        caption: find.caption.clone(),
        credit: find.credit.clone(),
        hedges,
        rule: find.rule.clone(),
        claims,
        platform: on.map(|on| (on.name, on.id)),
    }
}

/// The absolute address of a link; none for a relative one without a base.
fn resolve(document: &Document, url: &str) -> Option<Url> {
    let base = document.base.as_deref().and_then(|base| Url::parse(base).ok());
    let resolved = match base {
        Some(base) => base.join(url).ok(),
        None if url.starts_with("//") => Url::parse(&format!("https:{url}")).ok(),
        None => Url::parse(url).ok(),
    };
    resolved.filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// A relative path without its detours: `./media/../clip.mp4` is `clip.mp4`.
fn relative(url: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in url.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| *last != ".." && !last.is_empty()) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A row's columns as claims; the column that holds the address is not one.
fn columns(columns: &[(String, String)], url: &str) -> Vec<Claim> {
    let of = |(name, value): &(String, String)| {
        let property = table::property(name);
        let reading = match property.as_str() {
            "date" => super::date::read(value, None).map(|edtf| Reading { place: None, edtf: Some(edtf) }),
            _ => None,
        };
        Claim {
            property,
            value: value.clone(),
            via: None,
            hedges: Vec::new(),
            quote: Some(Quote { exact: value.clone(), ..Quote::default() }),
            reading,
            rule: format!("table/column:{name}@1").as_str().into(),
        }
    };
    columns.iter().filter(|(_, value)| url.is_empty() || value != url).map(of).collect()
}

/// Described references beyond this many are not read: no report tells of so much footage.
const MOST: usize = 20_000;

/// The rule by which a claim is taken from the sentence before.
const BEFORE: &str = "context/sentence-before@1";

/// Footage that is only told of, and credits that stand alone.
fn told(document: &Document, found: &mut Vec<(usize, Reference)>, setting: &Setting<'_>) {
    let mut said = BTreeSet::new();
    let quoted = Quoted::of(&document.finds);
    let before = found.len();
    for block in &document.blocks.blocks {
        if matches!(block.kind, BlockKind::Aside | BlockKind::Heading | BlockKind::Caption) && !is_credit(document, block) {
            continue;
        }
        if found.len() - before >= MOST {
            break;
        }
        let text = &document.blocks.text[block.start..block.end];
        let sentences = sentence::split(text);
        for (nth, (start, end)) in sentences.iter().copied().enumerate() {
            if found.len() - before >= MOST {
                break;
            }
            let (words, range) = (&text[start..end], (block.start + start, block.start + end));
            // The sentence of an embed or link is that reference's own.
            if quoted.touches(range) || !said.insert(words.to_owned()) {
                continue;
            }
            // On a page, a credit's picture is there to be found; in a text it is not.
            let page = document.report.reader.name == "html" && super::credit::platform(words).is_none();
            if let Some((kind, credit)) = prose::credit_line(words).filter(|_| !page) {
                let caption = nth.checked_sub(1).and_then(|before| sentences.get(before)).map(|(start, end)| &text[*start..*end]);
                let mut claims = prose::credit_claims(&credit);
                claims.extend(caption.map(|caption| prose::claims(caption, setting).1).unwrap_or_default());
                let mut reference = described(document, block, range, kind, "prose/credit@1");
                reference.caption = caption.map(str::to_owned);
                reference.credit = Some(credit);
                reference.claims = claims;
                found.push((range.0, reference));
            } else if block.kind == BlockKind::Paragraph
                && let Some(told) = prose::tell(words, setting)
            {
                let mut reference = described(document, block, range, told.kind, "prose/sentence@1");
                reference.hedges = told.hedges;
                reference.claims = told.claims;
                // The sentence before, in the same paragraph, says where and when if this one does not.
                let before = nth.checked_sub(1).and_then(|before| sentences.get(before)).map(|(start, end)| &text[*start..*end]);
                for mut claim in before.map(|before| prose::claims(before, setting).1).unwrap_or_default() {
                    let place_or_date = matches!(claim.property.as_str(), "location" | "date");
                    if place_or_date && !reference.claims.iter().any(|own| own.property == claim.property && own.rule.0 != BEFORE)
                    {
                        claim.rule = BEFORE.into();
                        reference.claims.push(claim);
                    }
                }
                found.push((range.0, reference));
            }
        }
    }
}

/// The ranges whose words are those of a link, caption or row, merged and in order. The sentence that an
/// embed merely stands behind is not its own: it may tell of other footage.
struct Quoted(Vec<(usize, usize)>);

impl Quoted {
    fn of(finds: &[Find]) -> Quoted {
        let own = |find: &&Find| find.own;
        let mut ranges: Vec<(usize, usize)> = finds.iter().filter(own).map(|find| find.quote).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (start, end) in ranges {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        Quoted(merged)
    }

    fn touches(&self, range: (usize, usize)) -> bool {
        let before = self.0.partition_point(|(start, _)| *start < range.1);
        before.checked_sub(1).is_some_and(|last| range.0 < self.0[last].1)
    }
}

fn is_credit(document: &Document, block: &Block) -> bool {
    block.kind == BlockKind::Heading && prose::credit_line(&document.blocks.text[block.start..block.end]).is_some()
}

fn described(document: &Document, block: &Block, range: (usize, usize), kind: MediaKind, rule: &str) -> Reference {
    let locator = document.blocks.locate(&block.place, range.0, range.1);
    Reference {
        kind,
        form: Form::Described,
        url: None,
        canonical: None,
        quote: document.blocks.quote(range.0, range.1),
        locator,
        caption: None,
        credit: None,
        hedges: Vec::new(),
        rule: rule.into(),
        claims: Vec::new(),
        platform: None,
    }
}

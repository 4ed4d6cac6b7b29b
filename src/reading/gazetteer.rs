//! Places by name, offline: GeoNames (CC BY 4.0), as `config/places/README.md` says.
//!
//! `names.fst` maps a folded name to a place, or to a list of places in `places.bin`.

use std::sync::LazyLock;

use fst::Map;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

static NAMES: LazyLock<Option<Map<&'static [u8]>>> =
    LazyLock::new(|| Map::new(include_bytes!("../../config/places/names.fst").as_slice()).ok());
static TABLE: &[u8] = include_bytes!("../../config/places/places.bin");

/// What a name can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlaceKind {
    Country,
    /// A first-order part of a country.
    Region,
    Settlement,
}

/// A place of the gazetteer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gazetted {
    pub kind: PlaceKind,
    pub name: &'static str,
    /// ISO 3166-1, two letters.
    pub country: &'static str,
    /// The first-order part of the country, where it is known.
    pub region: &'static str,
    /// Decimal degrees, WGS 84. Of a region or country, the middle of its places.
    pub lat: f64,
    pub lon: f64,
    /// About how many people live there; 0 where it is not known.
    pub population: u64,
}

/// A name as it is looked up: small letters without marks; Arabic without vowels, its letters' variants as
/// one; articles of Arabic names in Latin letters as one.
pub fn fold_name(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    if name.is_ascii() {
        // What the rules below come to for these letters.
        for letter in name.bytes().map(|letter| char::from(letter.to_ascii_lowercase())) {
            match letter {
                '\'' | '`' | '.' => {}
                letter if letter.is_ascii_alphanumeric() => folded.push(letter),
                _ => folded.push(' '),
            }
        }
        return joined(&folded);
    }
    for letter in name.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
        match letter {
            'ـ' | '\'' | '’' | '‘' | 'ʻ' | 'ʼ' | '`' | '.' | 'ʿ' | 'ʾ' => {}
            'أ' | 'إ' | 'آ' | 'ٱ' => folded.push('ا'),
            'ى' => folded.push('ي'),
            'ة' => folded.push('ه'),
            'ؤ' => folded.push('و'),
            'ئ' => folded.push('ي'),
            'ё' => folded.push('е'),
            'ı' => folded.push('i'),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'ß' => folded.push_str("ss"),
            '-' | '‐' | '–' | '_' => folded.push(' '),
            letter if letter.is_alphanumeric() || letter == ' ' => folded.push(letter),
            _ => folded.push(' '),
        }
    }
    joined(&folded)
}

/// The words of a folded name with one blank between them, its articles as one.
fn joined(folded: &str) -> String {
    const ARTICLES: &[&str] =
        &["al", "el", "ar", "as", "at", "ad", "an", "az", "ash", "ath", "adh", "ed", "es", "et", "ez", "er", "ul", "ud"];
    let mut name = String::with_capacity(folded.len());
    let mut words = folded.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let article = word.len() <= 3 && words.peek().is_some() && ARTICLES.contains(&word);
        name.push_str(if article { "al" } else { word });
        if words.peek().is_some() {
            name.push(' ');
        }
    }
    name
}

fn number(at: usize) -> Option<usize> {
    let bytes = TABLE.get(at..at + 4)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}

/// Sizes of the parts of `places.bin`: records, lists, texts.
fn parts() -> Option<(usize, usize, usize)> {
    let (records, lists) = (number(0)?, number(4)?);
    let first = 8;
    let lists_at = first + records * RECORD;
    Some((first, lists_at, lists_at + lists * 4))
}

const RECORD: usize = 24;

fn text(at: usize) -> Option<&'static str> {
    let (_, _, texts) = parts()?;
    let length = usize::from(*TABLE.get(texts + at)?);
    std::str::from_utf8(TABLE.get(texts + at + 1..texts + at + 1 + length)?).ok()
}

fn place(id: usize) -> Option<Gazetted> {
    let (records, lists, _) = parts()?;
    let at = records + id * RECORD;
    if at + RECORD > lists {
        return None;
    }
    let degrees = |at: usize| Some(f64::from(i32::from_le_bytes(TABLE.get(at..at + 4)?.try_into().ok()?)) / 100_000.0);
    let kind = match TABLE.get(at + 18)? {
        b'c' => PlaceKind::Country,
        b'r' => PlaceKind::Region,
        _ => PlaceKind::Settlement,
    };
    Some(Gazetted {
        kind,
        name: text(number(at)?)?,
        region: text(number(at + 4)?)?,
        lat: degrees(at + 8)?,
        lon: degrees(at + 12)?,
        country: std::str::from_utf8(TABLE.get(at + 16..at + 18)?).ok()?,
        population: number(at + 20)? as u64,
    })
}

/// All places of a name, those with most people first.
pub fn look_up(name: &str) -> Vec<Gazetted> {
    let Some(names) = NAMES.as_ref() else { return Vec::new() };
    let key = fold_name(name);
    let value = names.get(&key).or_else(|| match key.strip_prefix("ال") {
        Some(bare) => names.get(bare),
        None if key.starts_with(|letter: char| ('\u{0600}'..='\u{06ff}').contains(&letter)) => names.get(format!("ال{key}")),
        None => key.strip_prefix("al ").and_then(|bare| names.get(bare)),
    });
    match value {
        None => Vec::new(),
        Some(value) if value & 1 == 0 => place((value >> 1) as usize).into_iter().collect(),
        Some(value) => {
            let Some((_, lists, _)) = parts() else { return Vec::new() };
            let at = lists + (value >> 1) as usize * 4;
            let count = number(at).unwrap_or(0).min(64);
            (0..count).filter_map(|nth| place(number(at + 4 + nth * 4)?)).collect()
        }
    }
}

/// Whether a name, in a language that bends names, is that of a place; gives the unbent name.
pub(super) fn look_up_bent(name: &str) -> Option<(String, Vec<Gazetted>)> {
    let found = look_up(name);
    if !found.is_empty() {
        return Some((name.to_owned(), found));
    }
    // Russian and Ukrainian: the endings of the cases, each with what the name itself ends in.
    const ENDINGS: &[(&str, &[&str])] = &[
        ("ской", &["ская"]),
        ("ській", &["ська"]),
        ("ого", &["ый", "ое"]),
        ("ом", &[""]),
        ("ем", &["ь", ""]),
        ("ою", &["а"]),
        ("ой", &["а"]),
        ("у", &["", "а", "ь"]),
        ("е", &["", "а", "я", "ь"]),
        ("и", &["а", "я", "ь", "і"]),
        ("і", &["", "а", "ь"]),
        ("ы", &["а", ""]),
        ("а", &["", "о"]),
        ("я", &["ь", "й"]),
        ("ю", &["я", "ь"]),
    ];
    let cyrillic = name.chars().any(|letter| ('\u{0400}'..='\u{04ff}').contains(&letter));
    let (before, last) = name.rsplit_once([' ', '-']).map_or(("", name), |(before, last)| (&name[..before.len() + 1], last));
    for (ending, ends) in ENDINGS.iter().filter(|_| cyrillic && last.chars().count() > 3) {
        if let Some(stem) = last.strip_suffix(ending) {
            for end in *ends {
                let straight = format!("{before}{stem}{end}");
                let found = look_up(&straight);
                if !found.is_empty() {
                    return Some((straight, found));
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_script_lead_to_a_place() {
        for name in ["Idlib", "Idleb", "إدلب", "ادلب", "Идлиб"] {
            let found = look_up(name);
            assert!(found.iter().any(|place| place.country == "SY" && (place.lat - 35.93).abs() < 0.1), "{name}: {found:?}");
        }
        assert!(look_up("Aleppo").iter().any(|place| place.kind == PlaceKind::Region));
        assert_eq!(look_up("Syria")[0].kind, PlaceKind::Country);
        assert!(look_up("Springfield").len() > 3, "several stay several");
        assert!(look_up("Nowhere At All").is_empty());
        assert_eq!(look_up_bent("Бахмуте").unwrap().0, "Бахмут");
        assert_eq!(look_up_bent("Донецке").unwrap().1[0].country, "UA");
    }

    #[test]
    fn most_people_first() {
        let found = look_up("Paris");
        assert_eq!((found[0].country, found[0].population > 1_000_000), ("FR", true));
    }
}

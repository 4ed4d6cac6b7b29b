//! Places in words: the name, what the words say about it, and what the gazetteer knows by that name.
//! The words are in `config/places.toml`.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use super::gazetteer::{Gazetted, PlaceKind, look_up, look_up_bent};
use super::phrases::{LANGUAGES, nth};
use super::token::{Token, tokens};
use super::{HashMap, HashSet, coordinates};
use crate::evidence::{PlaceCandidate, PlaceReading};

#[derive(Deserialize, Default)]
struct File {
    common: Common,
    #[serde(flatten)]
    languages: BTreeMap<String, Lists>,
}

#[derive(Deserialize, Default)]
struct Common {
    joiners: Vec<String>,
    beginnings: Vec<String>,
    never: Vec<String>,
}

#[derive(Deserialize, Default)]
struct Lists {
    simple: Vec<String>,
    relations: Vec<String>,
    settlements: Vec<String>,
    regions: Vec<String>,
    articles: Vec<String>,
    facilities: Vec<String>,
    facilities_first: Vec<String>,
    verbs: Vec<String>,
}

type Set = HashSet<String>;

#[derive(Default)]
struct Words {
    simple: Set,
    /// By their last word, the longest first.
    relations: HashMap<String, Vec<Vec<String>>>,
    settlements: Set,
    regions: Set,
    articles: Set,
    facilities: Set,
    facilities_first: Set,
    verbs: Set,
}

static FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(include_str!("../../config/places.toml")).unwrap_or_default());
static COMMON: LazyLock<[Set; 3]> = LazyLock::new(|| {
    let set = |words: &[String]| words.iter().cloned().collect();
    [set(&FILE.common.joiners), set(&FILE.common.beginnings), set(&FILE.common.never)]
});

fn words_of(language: &str) -> &'static Words {
    static COMPILED: [OnceLock<Words>; 7] = [const { OnceLock::new() }; 7];
    let at = nth(language);
    COMPILED[at].get_or_init(|| {
        let Some(lists) = FILE.languages.get(LANGUAGES[at]) else { return Words::default() };
        let set = |words: &[String]| words.iter().cloned().collect();
        let mut relations: HashMap<String, Vec<Vec<String>>> = HashMap::default();
        for relation in &lists.relations {
            let parts: Vec<String> = relation.split(' ').map(str::to_owned).collect();
            if let Some(last) = parts.last().cloned() {
                relations.entry(last).or_default().push(parts);
            }
        }
        relations.values_mut().for_each(|all| all.sort_by_key(|parts| std::cmp::Reverse(parts.len())));
        Words {
            simple: set(&lists.simple),
            relations,
            settlements: set(&lists.settlements),
            regions: set(&lists.regions),
            articles: set(&lists.articles),
            facilities: set(&lists.facilities),
            facilities_first: set(&lists.facilities_first),
            verbs: set(&lists.verbs),
        }
    })
}

/// What a report's other words say about where it is: how often it names each country. Counted when first
/// asked for: most sentences name no place that has a rival.
#[derive(Debug, Default)]
pub(super) struct Context {
    text: String,
    countries: OnceLock<HashMap<&'static str, f64>>,
}

/// The country that a name is of, and how much it says that a text is about it. None where it is no place.
fn weight(name: &str) -> Option<(&'static str, f64)> {
    if never(name) {
        return None;
    }
    let found = look_up(name);
    let first = found.first()?;
    let weight = match first.kind {
        PlaceKind::Country => 3.0,
        PlaceKind::Region => 1.0,
        PlaceKind::Settlement if found.len() == 1 && first.population > 20_000 => 1.0,
        PlaceKind::Settlement if first.population > 500_000 => 0.7,
        PlaceKind::Settlement => 0.0,
    };
    Some((first.country, weight))
}

/// Text that the context is read from: beginnings say most.
const CONTEXT: usize = 40_000;

/// The countries that a text speaks of, itself or by their larger places.
fn countries(text: &str) -> HashMap<&'static str, f64> {
    let mut end = text.len().min(CONTEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut countries: HashMap<&'static str, f64> = HashMap::default();
    let tokens = tokens(&text[..end]);
    let mut known: HashMap<&str, Option<(&'static str, f64)>> = HashMap::default();
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at].capital && !tokens[at].arabic {
            at += 1;
            continue;
        }
        let found = (1..=3usize).rev().filter(|count| at + count <= tokens.len()).find_map(|count| {
            let part = &tokens[at..at + count];
            let whole =
                part[..count - 1].iter().all(|token| !token.stop) && part.iter().all(|token| token.capital || token.arabic);
            let name = &text[part[0].start..part[count - 1].end];
            if !whole {
                return None;
            }
            // Reports say the same names over and over.
            known.entry(name).or_insert_with(|| weight(name)).map(|weighed| (count, weighed))
        });
        let Some((count, (country, weight))) = found else {
            at += 1;
            continue;
        };
        if weight > 0.0 {
            *countries.entry(country).or_default() += weight;
        }
        at += count;
    }
    countries
}

impl Context {
    pub fn of(text: String) -> Context {
        Context { text, countries: OnceLock::new() }
    }

    /// How much of what the report says of countries is about this one: 0 to 1.
    fn share(&self, country: &str) -> f64 {
        let countries = self.countries.get_or_init(|| countries(&self.text));
        let all: f64 = countries.values().sum();
        countries.get(country).map_or(0.0, |of| of / all.max(4.0))
    }
}

fn never(name: &str) -> bool {
    COMMON[2].contains(&name.to_lowercase())
}

/// A place found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub value: String,
    /// Byte position in the sentence.
    pub at: usize,
    pub reading: PlaceReading,
    pub rule: &'static str,
}

/// Words that end an Arabic name: nothing else marks where it ends.
const STOPS: &[&str] = &[
    "على",
    "في",
    "من",
    "إلى",
    "الى",
    "عن",
    "عبر",
    "بحسب",
    "وفق",
    "وفقا",
    "يوم",
    "قبل",
    "بعد",
    "مساء",
    "صباح",
    "فجر",
    "ظهر",
    "ليل",
    "عندما",
    "حيث",
    "خلال",
    "أثناء",
    "كما",
    "وقد",
    "التي",
    "الذي",
    "الذين",
    "أن",
    "إن",
    "كان",
    "كانت",
    "قال",
    "قالت",
    "مع",
    "أو",
    "ثم",
    "لكن",
    "هذا",
    "هذه",
    "ما",
    "لا",
    "لم",
    "بين",
    "ضد",
    "تحت",
    "نشره",
    "نشرته",
    "اليوم",
    "أمس",
];

/// Every place that a sentence names, each once, in its order.
pub(super) fn find(sentence: &str, language: &str, context: &Context) -> Vec<Placed> {
    let words = words_of(language);
    let tokens = tokens(sentence);
    let mut finder = Finder { sentence, words, tokens: &tokens, context, language, found: Vec::new() };
    if language == "ar" {
        finder.arabic();
    } else {
        finder.names();
    }
    let mut found = finder.found;
    for read in coordinates::find(sentence) {
        if !found.iter().any(|other| other.at < read.end && read.start < other.at + other.value.len()) {
            let value = sentence[read.start..read.end].to_owned();
            let reading = PlaceReading {
                place: value.clone(),
                lat: Some(read.lat),
                lon: Some(read.lon),
                precision: Some(read.precision.to_owned()),
                ..PlaceReading::default()
            };
            found.push(Placed { value, at: read.start, reading, rule: read.rule });
        }
    }
    found.sort_by_key(|placed| placed.at);
    found
}

struct Finder<'a> {
    sentence: &'a str,
    words: &'static Words,
    tokens: &'a [Token<'a>],
    context: &'a Context,
    language: &'a str,
    found: Vec<Placed>,
}

/// What stands before a name.
#[derive(Debug, Clone, Default)]
struct Before {
    relation: Option<String>,
    simple: bool,
    /// A word such as `village`, and whether it is one for a region.
    kind: Option<bool>,
    /// First token of what belongs to the value.
    from: usize,
}

impl Finder<'_> {
    fn lower(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.lower.as_ref())
    }

    fn names(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            if !self.tokens[at].capital {
                at += 1;
                continue;
            }
            let end = self.span(at);
            at = self.name(at, end).max(at + 1);
        }
    }

    /// One past the last token of the capitalised words that begin here.
    fn span(&self, from: usize) -> usize {
        let mut end = from + 1;
        while end < self.tokens.len() && !self.tokens[end - 1].stop {
            if self.tokens[end].capital {
                end += 1;
                continue;
            }
            // A small word within a name, and a capital behind it.
            let joins = COMMON[0].contains(self.lower(end));
            let next = self.tokens.get(end + 1).is_some_and(|next| next.capital) && !self.tokens[end].stop;
            if !joins || !next {
                break;
            }
            end += 2;
        }
        end.min(from + 8)
    }

    fn text(&self, from: usize, to: usize) -> &str {
        &self.sentence[self.tokens[from].start..self.tokens[to - 1].end]
    }

    /// Reads the capitalised words from `from` to `end`; gives where to go on.
    fn name(&mut self, from: usize, end: usize) -> usize {
        let before = self.before(from);
        let named_by_kind = before.kind.is_some();
        // The longest part of the words that something is known of.
        for to in (from + 1..=end).rev() {
            let name = self.text(from, to);
            if COMMON[0].contains(self.lower(to - 1)) || (to == from + 1 && never(name)) {
                continue;
            }
            let several = to - from > 1;
            let by_words =
                self.words.facilities.contains(self.lower(to - 1)) || self.words.facilities_first.contains(self.lower(from));
            let facility = (several && by_words) || (from > 0 && self.words.facilities_first.contains(self.lower(from - 1)));
            let (straight, known) = self.known(name);
            let kind_behind = (to < self.tokens.len() && !self.tokens[to - 1].stop && !self.tokens[to].capital)
                .then(|| self.kind_word(self.lower(to)))
                .flatten();
            let whole = to == end;
            let beginning =
                COMMON[1].contains(self.lower(from).split('-').next().unwrap_or("")) || self.lower(from).starts_with("al-");
            let chained = self.found.last().is_some_and(|last| {
                from > 0 && self.tokens[from - 1].comma && last.at + last.value.len() == self.tokens[from - 1].end
            });
            // Who is outside a country is nowhere in particular.
            if matches!(before.relation.as_deref(), Some("outside" | "outside of"))
                && known.first().is_some_and(|place| place.kind == PlaceKind::Country)
            {
                return to;
            }
            let owned = from > 0 && self.tokens[from - 1].owner;
            let rule = match () {
                () if facility && whole && (before.simple || before.relation.is_some() || named_by_kind || chained || owned) => {
                    "place/facility@1"
                }
                () if before.relation.is_some() && !self.adjective(from, &before) && (whole || !known.is_empty()) => {
                    "place/relation@1"
                }
                () if (named_by_kind || kind_behind.is_some())
                    && (whole || !known.is_empty())
                    && !self.demonym(from, to, &known, kind_behind) =>
                {
                    "place/kind@1"
                }
                () if before.simple && (!known.is_empty() && self.likely(&known) || (beginning && whole)) => "place/words@1",
                () if before.relation.is_some() && !known.is_empty() => "place/relation@1",
                () if chained && !known.is_empty() => "place/chain@1",
                () if whole && self.attributive(from, to, &known) => "place/attributive@1",
                () => continue,
            };
            let region = before.kind.or(kind_behind).unwrap_or(false);
            let first = if before.kind.is_some() || before.relation.is_some() { before.from } else { from };
            let last = if kind_behind.is_some() { to + 1 } else { to };
            self.put(
                (first, last),
                straight,
                &known,
                before.relation.clone(),
                (region, before.kind.is_some() || kind_behind.is_some()),
                rule,
            );
            return last;
        }
        from + 1
    }

    fn known(&self, name: &str) -> (String, Vec<Gazetted>) {
        match self.language {
            "ru" | "uk" => look_up_bent(name).unwrap_or_else(|| (name.to_owned(), Vec::new())),
            // `Berlin-Lichterfelde` is in Berlin.
            "de" if name.contains('-') && look_up(name).is_empty() => (
                name.to_owned(),
                name.split('-')
                    .next()
                    .map(look_up)
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|place| place.population > 50_000)
                    .collect(),
            ),
            _ => (name.to_owned(), look_up(name)),
        }
    }

    /// A word for a kind of place; true if for a region.
    fn kind_word(&self, word: &str) -> Option<bool> {
        if self.words.settlements.contains(word) { Some(false) } else { self.words.regions.contains(word).then_some(true) }
    }

    /// `Palestinian village`, `Syrian city`: the word for a people is no name.
    fn demonym(&self, from: usize, to: usize, known: &[Gazetted], behind: Option<bool>) -> bool {
        let word = self.lower(to - 1);
        behind.is_some()
            && known.is_empty()
            && to - from == 1
            && [
                "ian", "ese", "ish", "ean", "nian", "raqi", "aeli", "meni", "ench", "eek", "rman", "ghan", "can", "pino", "wiss",
                "utch", "nese", "i",
            ]
            .iter()
            .any(|ending| word.ends_with(ending))
    }

    /// `northern Syria` has its relation; in `Western officials` there is none.
    fn adjective(&self, from: usize, before: &Before) -> bool {
        let bare = matches!(
            before.relation.as_deref(),
            Some(
                "northern"
                    | "southern"
                    | "eastern"
                    | "western"
                    | "central"
                    | "downtown"
                    | "rural"
                    | "northeastern"
                    | "northwestern"
                    | "southeastern"
                    | "southwestern"
            )
        );
        bare && look_up(self.text(from, (from + 1).min(self.tokens.len()))).is_empty()
            && self.known(self.text(from, self.span(from))).1.is_empty()
    }

    /// Whether a name with nothing but `in` before it means a place: small places only where the report is about
    /// their country.
    fn likely(&self, known: &[Gazetted]) -> bool {
        known.iter().any(|place| {
            place.kind != PlaceKind::Settlement || place.population >= 10_000 || self.context.share(place.country) > 0.15
        })
    }

    /// `a Harare street`, `Manhattan's Chelsea`: a known name before a small noun, or owning something.
    fn attributive(&self, from: usize, to: usize, known: &[Gazetted]) -> bool {
        let settled = known.iter().any(|place| place.kind == PlaceKind::Settlement && place.population >= 100_000);
        if self.language != "en" || !settled {
            return false;
        }
        let before = self.lower(from.wrapping_sub(1));
        let beginning = from == 0 || self.tokens[from - 1].stop;
        let Some(next) = self.tokens.get(to).filter(|_| !self.tokens[to - 1].stop) else { return false };
        let noun = !next.capital
            && next.lower.chars().count() > 2
            && !self.words.verbs.contains(next.lower.as_ref())
            && !next.lower.ends_with("ed");
        let led = beginning
            || self.words.articles.contains(before)
            || self.words.simple.contains(before)
            || !self.tokens[from - 1].capital
            || before.starts_with(|letter: char| letter.is_ascii_digit());
        led && noun && !matches!(before, "by" | "said" | "with" | "and")
    }

    /// What stands before the name that begins at `from`.
    fn before(&self, from: usize) -> Before {
        let mut before = Before { from, ..Before::default() };
        let mut at = from;
        let stopped = |at: usize| at == 0 || self.tokens[at - 1].stop;
        if stopped(at) {
            return before;
        }
        // `the Palestinian village of NAME`, `Stadt NAME`, `село NAME`.
        let mut word = at - 1;
        let of = matches!(self.lower(word), "of" | "called" | "named" | "de" | "du" | "des" | "von" | "del" | "d'" | "d’" | "'")
            && !stopped(word);
        if of {
            word -= 1;
        }
        if self.words.articles.contains(self.lower(word)) && of && !stopped(word) {
            word -= 1;
        }
        // In other languages than German, the word for a kind of place is written small.
        let small = self.language == "de" || !self.tokens[word].capital;
        if let Some(region) = self
            .kind_word(self.lower(word))
            .filter(|_| small)
            .filter(|_| of || matches!(self.language, "de" | "ru" | "uk" | "fr" | "es") || word + 1 == at)
        {
            before.kind = Some(region);
            at = word;
            // Its adjectives and article belong to it.
            let mut steps = 0;
            while !stopped(at) && steps < 3 {
                let lower = self.lower(at - 1);
                let article = self.words.articles.contains(lower);
                let adjective = !self.words.simple.contains(lower) && self.relation(at).is_none() && self.demonym_word(lower)
                    || self.tokens[at - 1].capital && self.demonym_word(lower);
                if !article && !adjective {
                    break;
                }
                at -= 1;
                steps += 1;
                if article {
                    break;
                }
            }
            before.from = at;
        } else if self.relation(at).is_none()
            && !self.words.simple.contains(self.lower(at - 1))
            && self.words.articles.contains(self.lower(at - 1))
        {
            // `near the NAME`
            at -= 1;
        }
        if stopped(at) {
            return before;
        }
        if let Some((length, relation)) = self.relation(at) {
            before.relation = Some(relation);
            at -= length;
            before.from = at;
            // `a village southwest of NAME`
            if !stopped(at) && self.kind_word(self.lower(at - 1)).is_some() {
                at -= 1;
                let mut steps = 0;
                while !stopped(at)
                    && steps < 2
                    && (self.words.articles.contains(self.lower(at - 1)) || self.demonym_word(self.lower(at - 1)))
                {
                    at -= 1;
                    steps += 1;
                }
                before.from = at;
            }
        } else if self.words.simple.contains(self.lower(at - 1)) || self.struck(at) {
            before.simple = true;
        }
        before
    }

    /// Words that stand between an article and `village`: `small`, `northern`, `Palestinian`.
    fn demonym_word(&self, lower: &str) -> bool {
        const ENDINGS: &[&str] = &[
            "ern", "ian", "ese", "ish", "ean", "raqi", "aeli", "meni", "ally", "ed", "ing", "all", "ral", "tle", "old", "big",
            "arge", "ischen", "ische", "ischer", "schen", "held", "ory", "tal", "ant", "led",
        ];
        ENDINGS.iter().any(|ending| lower.ends_with(ending))
    }

    /// `shelling of NAME`, `siege of NAME`: what is done to a place.
    fn struck(&self, at: usize) -> bool {
        const DEEDS: &[&str] = &[
            "shelling",
            "bombing",
            "bombardment",
            "siege",
            "streets",
            "rubble",
            "ruins",
            "capture",
            "battle",
            "destruction",
            "outskirts",
            "center",
            "centre",
            "north",
            "south",
            "east",
            "west",
            "people",
            "residents",
            "skies",
        ];
        at > 1 && self.lower(at - 1) == "of" && DEEDS.contains(&self.lower(at - 2))
    }

    /// The relation whose last word stands before `at`, and how many words it has.
    fn relation(&self, at: usize) -> Option<(usize, String)> {
        let last = self.lower(at.checked_sub(1)?);
        let all = self.words.relations.get(last)?;
        let found = all.iter().find(|parts| {
            at >= parts.len()
                && parts.iter().enumerate().all(|(nth, part)| {
                    let token = at - parts.len() + nth;
                    self.lower(token) == part && (nth + 1 == parts.len() || !self.tokens[token].stop)
                })
        })?;
        Some((found.len(), found.join(" ")))
    }

    fn arabic(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            at = self.arabic_at(at).unwrap_or(at + 1);
        }
    }

    /// A place in Arabic that begins here; gives where to go on.
    fn arabic_at(&mut self, at: usize) -> Option<usize> {
        let bare = |word: &str| {
            let word = word.strip_prefix('و').filter(|rest| rest.chars().count() > 3).unwrap_or(word);
            let word = ["بال", "لل", "ال"].iter().find_map(|start| word.strip_prefix(start)).unwrap_or(word);
            word.strip_prefix('ب').filter(|rest| rest.chars().count() > 2).unwrap_or(word).to_owned()
        };
        let mut next = at;
        let mut kind = None;
        if let Some(region) = self.kind_word(&bare(self.lower(next))).or_else(|| self.kind_word(self.lower(next))) {
            kind = Some(region);
            next += 1;
        }
        let facility = self.words.facilities_first.contains(&bare(self.lower(next)));
        if facility {
            next += 1;
        }
        let mut relation = None;
        for count in [2usize, 1] {
            if next + count < self.tokens.len() && (0..count - 1).all(|nth| !self.tokens[next + nth].stop) {
                let words = (0..count).map(|nth| self.lower(next + nth)).collect::<Vec<_>>().join(" ");
                if self
                    .words
                    .relations
                    .get(words.rsplit(' ').next().unwrap_or(""))
                    .is_some_and(|all| all.iter().any(|parts| parts.join(" ") == words))
                {
                    relation = Some(words);
                    next += count;
                    break;
                }
            }
        }
        let simple = at > 0 && self.words.simple.contains(self.lower(at - 1)) && !self.tokens[at - 1].stop;
        // `بحلب` is `in Aleppo` in one word.
        let joined = self.lower(next).starts_with('ب') && self.lower(next).chars().count() > 4;
        if kind.is_none() && relation.is_none() && !simple && !facility && !joined {
            return None;
        }
        let longest = (next..self.tokens.len().min(next + 3))
            .take_while(|word| !STOPS.contains(&self.lower(*word)) && (*word == next || !self.tokens[*word - 1].stop))
            .last()
            .map(|last| last + 1)?;
        // `تل`, a hill, is the beginning of a name.
        let least = if COMMON[1].contains(self.lower(next)) && longest > next + 1 { next + 2 } else { next + 1 };
        for to in (least..=longest).rev() {
            let name = self.text(next, to).to_owned();
            let mut known = look_up(&name);
            let mut straight = name.clone();
            if known.is_empty() && joined {
                straight = name.chars().skip(1).collect();
                known = look_up(&straight);
            }
            let clear = kind.is_some() || relation.is_some();
            if !known.is_empty() && (clear || facility || self.likely(&known) && known[0].population > 3000) {
                let rule = if relation.is_some() {
                    "place/relation@1"
                } else if clear {
                    "place/kind@1"
                } else {
                    "place/words@1"
                };
                self.put((at, to), straight, &known, relation, (kind.unwrap_or(false), kind.is_some()), rule);
                return Some(to);
            }
        }
        // Nothing is known by that name: with a word for its kind before it, it is a place all the same.
        if kind.is_some() || facility {
            let name = self.text(next, longest).to_owned();
            self.put((at, longest), name, &[], relation, (kind.unwrap_or(false), true), "place/kind@1");
            return Some(longest);
        }
        None
    }

    fn put(
        &mut self,
        (first, last): (usize, usize),
        name: String,
        known: &[Gazetted],
        relation: Option<String>,
        kind: (bool, bool),
        rule: &'static str,
    ) {
        const DEFINITE: &[&str] = &["the", "der", "die", "das", "dem", "den", "des", "le", "la", "les", "el", "los", "las"];
        let led = last - first > 1
            && DEFINITE.contains(&self.lower(first))
            && (!self.tokens[first].capital || self.lower(first) == "the");
        let first = if led { first + 1 } else { first };
        let value = self.text(first, last).to_owned();
        let at = self.tokens[first].start;
        let place = name.trim_start_matches("the ").to_owned();
        if self.found.iter().any(|other| other.value == value) {
            return;
        }
        let reading = self.read(place, known, relation, kind);
        self.found.push(Placed { at: self.sentence[at..].find(&value).map_or(at, |nth| at + nth), value, reading, rule });
    }

    /// Ranks what a name can stand for by the report's context.
    fn read(&self, place: String, known: &[Gazetted], relation: Option<String>, (region, said): (bool, bool)) -> PlaceReading {
        let fits = |place: &&Gazetted| !said || (place.kind == PlaceKind::Region) == region || place.kind == PlaceKind::Country;
        let mut fitting: Vec<&Gazetted> = known.iter().filter(fits).collect();
        if fitting.is_empty() {
            fitting = known.iter().collect();
        }
        let score = |place: &Gazetted| {
            let people = (place.population as f64 + 10.0).log10();
            let kind = match place.kind {
                PlaceKind::Country => 2.0,
                PlaceKind::Region => -1.2,
                PlaceKind::Settlement => 0.0,
            };
            people + kind + self.context.share(place.country) * 6.0
        };
        fitting.sort_by(|a, b| score(b).total_cmp(&score(a)));
        let far = relation.is_some();
        let precision = |place: &Gazetted| match place.kind {
            PlaceKind::Country => "country",
            PlaceKind::Region => "province",
            PlaceKind::Settlement if far => "district",
            PlaceKind::Settlement => "locality",
        };
        let candidate = |place: &Gazetted| PlaceCandidate {
            name: place.name.to_owned(),
            country: place.country.to_owned(),
            region: Some(place.region.to_owned()).filter(|region| !region.is_empty() && place.kind == PlaceKind::Settlement),
            lat: place.lat,
            lon: place.lon,
            precision: precision(place).to_owned(),
        };
        let mut reading = PlaceReading { relation, place, ..PlaceReading::default() };
        if let Some(best) = fitting.first() {
            // A region around a town of the same name is no other place.
            let rival = fitting[1..].iter().find(|other| !(other.country == best.country && near(best, other)));
            if rival.is_none_or(|rival| score(best) - score(rival) >= 1.0) {
                reading.country = Some(best.country.to_owned());
                reading.region = candidate(best).region;
                reading.lat = Some(best.lat);
                reading.lon = Some(best.lon);
                reading.precision = Some(precision(best).to_owned());
            }
            if fitting.len() > 1 {
                reading.candidates = fitting.iter().take(5).map(|place| candidate(place)).collect();
            }
        }
        reading
    }
}

/// Within about 150 km.
fn near(a: &Gazetted, b: &Gazetted) -> bool {
    (a.lat - b.lat).abs() < 1.3 && (a.lon - b.lon).abs() < 1.8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, language: &str) -> Vec<String> {
        find(text, language, &Context::default()).into_iter().map(|placed| placed.value).collect()
    }

    #[test]
    fn the_table_can_be_read_whole() {
        let file: File = toml::from_str(include_str!("../../config/places.toml")).unwrap();
        assert_eq!(file.languages.len(), 7);
    }

    #[test]
    fn a_place_keeps_the_words_that_say_where() {
        let text = "In another video, described as being shot in a village southwest of Idlib, rescuers are forced to flee.";
        let found = find(text, "en", &Context::of("Syria. A strike in Syria.".to_owned()));
        assert_eq!(found[0].value, "a village southwest of Idlib");
        let reading = &found[0].reading;
        assert_eq!(
            (reading.relation.as_deref(), reading.place.as_str(), reading.country.as_deref()),
            (Some("southwest of"), "Idlib", Some("SY"))
        );
        assert_eq!((reading.precision.as_deref(), reading.lat.map(f64::round)), (Some("district"), Some(36.0)));
    }

    #[test]
    fn places_are_found_by_the_words_around_them() {
        for (text, expected) in [
            ("Footage posted on Sunday shows a strike in Homs.", &["Homs"][..]),
            ("A clip filmed near Kafr Nabl on Twitter", &["near Kafr Nabl"]),
            ("filmed at 35.93061, 36.63389 by", &["35.93061, 36.63389"]),
            ("A man rides in the Palestinian village of Beit Example opposite it.", &["Palestinian village of Beit Example"]),
            ("A man walks past a carrier parked on a Harare street on Thursday", &["Harare"]),
            (
                "Doctors at Al-Example Hospital after attacks on Gaza City, Gaza, on Oct. 21",
                &["Al-Example Hospital", "Gaza City", "Gaza"],
            ),
            ("Officers stand near the site in Manhattan's Chelsea neighborhood.", &["Manhattan's Chelsea neighborhood"]),
            ("The girl was taken to Reading in May.", &[]),
            ("In March, she said in Parliament that Western officials had lied.", &[]),
            ("One video shows a street in Idlib province.", &["Idlib province"]),
            ("A strike near Maarat al-Numan and the shelling of Homs", &["near Maarat al-Numan", "Homs"]),
        ] {
            assert_eq!(values(text, "en"), expected, "{text}");
        }
    }

    #[test]
    fn places_in_other_languages() {
        assert_eq!(values("يظهر المقطع قصف قرية جنوب غرب إدلب", "ar"), ["قرية جنوب غرب إدلب"]);
        assert_eq!(values("سقوط القذيفة في قرية جنوب غرب تل عمارة على يوتيوب", "ar"), ["قرية جنوب غرب تل عمارة"]);
        assert_eq!(values("صورة من مدينة حلب اليوم", "ar"), ["مدينة حلب"]);
        assert_eq!(values("Kriegstechnik bei den Kämpfen um Bachmut, 24. April 2023", "de"), ["Bachmut"]);
        assert_eq!(values("Raketenangriff auf die ukrainischen Stadt Uman", "de"), ["ukrainischen Stadt Uman"]);
        assert_eq!(values("Видео снято недалеко от Бахмута в Донецкой области", "ru")[0], "недалеко от Бахмута");
        assert_eq!(values("Un homme prie à Katmandou, le 30 avril", "fr"), ["Katmandou"]);
        assert_eq!(values("Un video grabado cerca de Alepo muestra", "es"), ["cerca de Alepo"]);
    }
}

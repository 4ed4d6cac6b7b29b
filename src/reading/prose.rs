//! Footage told in words: which sentences speak of it, and what they claim about it.

use std::sync::LazyLock;

use super::pattern::Regex;
use super::phrases::{self, Phrases};
use super::place::Context;
use super::{credit, date, pattern, place};
use crate::evidence::{Claim, MediaKind, Quote, Reading};

/// Expressions in which the words for footage mean something else.
static IDIOMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern::regex(r"(?i)(?-u:\b)(?:video[- ](?:games?|gam\w+|calls?|conferenc\w+|links?|editors?|editing|stores?|chats?|assistant|referee|cards?|meetings?|streaming)|(?:clear|clearer|bigger|big|broader|wider|larger|full|fuller|complete|different|bleak|grim|rosy|mixed|overall|whole|gloomy) pictures?|(?:public|body|brand|self|own|spitting|positive|negative) images?|self-images?|image of (?:the|an?) (?:country|city|police|army|party|company|nation|president|government|church)|(?:in|into|out of|paint\w* an?|get the) picture|picture (?:ids?|books?|perfect)|photo (?:ids?|op\w*|shoots?|albums?|finish|booths?)|motion pictures?|best picture|mirror images?|(?:cctv|video|surveillance|body|dash) cameras?|(?:share|send|submit|upload) (?:us )?your (?:photos?|videos?|pictures?)|your (?:photos|videos|pictures)|ammunition clips?|paper ?clips?|clips? of (?:ammunition|bullets)|(?:world|national|track|criminal|police|on|off|of|the|for the|voting|safety|a|set a|broke the) records?|off the record|still (?:images?)?(?:life)|picture of (?:health|success)|record(?:ed)? (?:deaths|cases|number|high|low|levels|temperatures)|audio ?books?|audio system|recording (?:studio|artist|deaths|cases))(?-u:\b)").ok()
});

/// What a sentence says about footage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub kind: MediaKind,
    pub hedges: Vec<String>,
    pub claims: Vec<Claim>,
}

fn kind(sentence: &str, phrases: &Phrases) -> Option<MediaKind> {
    if !phrases.footage().is_match(sentence) {
        return None;
    }
    let first = |pattern: &Regex| pattern.find(sentence).map(|found| found.start());
    let kinds = [
        (first(phrases.audio()), MediaKind::Audio),
        (first(phrases.video()), MediaKind::Video),
        (first(phrases.image()), MediaKind::Image),
    ];
    kinds.into_iter().filter_map(|(at, kind)| Some((at?, kind))).min_by_key(|(at, _)| *at).map(|(_, kind)| kind)
}

/// Whether a sentence speaks of footage that exists, and what it says.
pub(super) fn tell(sentence: &str, setting: &Setting<'_>) -> Option<Told> {
    let language = phrases::language_of(sentence);
    let kind = speaks(sentence, phrases::of(language))?;
    let (hedges, claims) = claims_in(sentence, language, setting);
    Some(Told { kind, hedges, claims })
}

/// Whether a sentence announces what comes behind it.
pub(super) fn announces(sentence: &str) -> bool {
    static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern::regex(r"(?i)[:：]\s*$|(?-u:\b)(?:below|the following (?:video|footage|clip|photo|image|picture)s?|ci-dessous|siehe unten|a continuación)(?-u:\b)|(?:^|[\s(])(?:ниже|нижче)(?:[\s,.)]|$)|أدناه").ok()
    });
    WORDS.as_ref().is_some_and(|words| words.is_match(sentence))
}

/// Whether a sentence tells of footage other than what was just shown.
pub(super) fn is_another(sentence: &str) -> bool {
    static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        pattern::regex(r"(?i)(?-u:\b)(?:another|other|second|third|separate|different|une autre|d'autres|otro|otra|otros|ein(?:em|es)? ander(?:en|es|er))(?-u:\b)|(?:^|[\s(«])(?:друг(?:ом|ой|ое|ие|их)|інш(?:ому|ий|е|і))(?:[\s,.)]|$)|آخر|أخرى").ok()
    });
    WORDS.as_ref().is_some_and(|words| words.is_match(sentence))
}

fn speaks(sentence: &str, phrases: &Phrases) -> Option<MediaKind> {
    if sentence.len() > 4000 || sentence.split_whitespace().nth(2).is_none() {
        return None;
    }
    let kind = kind(sentence, phrases)?;
    let idioms = IDIOMS.as_ref()?;
    // An idiom is no footage; beside it the sentence can speak of some.
    let without = idioms.replace_all(sentence, " ");
    let kind = if without.len() == sentence.len() { kind } else { self::kind(&without, phrases)? };
    phrases.verb().find(&without).map(|_| kind)
}

/// Words of doubt and attribution, each as written, in order.
fn hedges(sentence: &str, phrases: &Phrases) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for found in phrases.hedge().find_iter(sentence) {
        let word = found.as_str().to_owned();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// What a sentence's claims are read against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    /// EDTF date of the report.
    pub published: Option<&'a str>,
    pub context: &'a Context,
}

/// A claim with its words and the words that it stands in, and nothing else yet.
pub(super) fn claim(property: &str, value: &str, sentence: &str, rule: &str) -> Claim {
    Claim {
        property: property.to_owned(),
        value: value.to_owned(),
        via: None,
        hedges: Vec::new(),
        quote: Some(Quote { exact: sentence.to_owned(), ..Quote::default() }),
        reading: None,
        rule: rule.into(),
    }
}

/// What a sentence claims: places, dates, uploader or source, what is shown; and its words of doubt. A hedge
/// within the words before a claim belongs to it, too.
pub(super) fn claims(sentence: &str, setting: &Setting<'_>) -> (Vec<String>, Vec<Claim>) {
    claims_in(sentence, phrases::language_of(sentence), setting)
}

fn claims_in(sentence: &str, language: &str, setting: &Setting<'_>) -> (Vec<String>, Vec<Claim>) {
    let phrases = phrases::of(language);
    let hedges = hedges(sentence, phrases);
    let near = |at: usize| {
        hedges
            .iter()
            .filter(|hedge| sentence.find(hedge.as_str()).is_some_and(|hedge| hedge < at && at - hedge < 60))
            .cloned()
            .collect()
    };
    let mut claims = Vec::new();
    for placed in place::find(sentence, language, setting.context) {
        claims.push(Claim {
            hedges: near(placed.at),
            reading: Some(Reading { place: Some(placed.reading), edtf: None }),
            ..claim("location", &placed.value, sentence, placed.rule)
        });
    }
    for dated in date::find(sentence, setting.published) {
        let reading = dated.edtf.map(|edtf| Reading { place: None, edtf: Some(edtf) });
        claims.push(Claim {
            reading,
            hedges: near(dated.start),
            ..claim("date", &sentence[dated.start..dated.end], sentence, dated.rule)
        });
    }
    claims.extend(given(sentence, phrases));
    claims.extend(shown(sentence, phrases));
    (hedges, claims)
}

/// Words for somebody named before.
fn is_pronoun(name: &str) -> bool {
    matches!(name.to_lowercase().as_str(), "he" | "she" | "it" | "they")
}

static SUBJECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern::regex(r"^\W*(?P<name>(?:The\s+)?\p{Lu}[\p{L}\p{M}'’.-]*(?:\s+(?:(?:of|for|the|al|el)\s+)?\p{Lu}[\p{L}\p{M}'’.-]*){0,6})\s+\p{Ll}").ok()
});
/// Who says what the sentence says.
static SAID: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r"(?:[Tt]he\s+)?\p{Lu}[\p{L}\p{M}'’-]*(?:\s+(?:(?:of|for|and|the|al|el|de|du)\s+)?\p{Lu}[\p{L}\p{M}'’-]*){0,6}";
    pattern::regex(&format!(
        r"(?:(?-u:\b)according to\s+(?P<according>{name})|(?-u:\b)(?:said|says|reported|told)\s+(?P<behind>{name})\s*(?:on|in|at|\.|,|$)|(?:^|[^\p{{L}}\p{{M}}0-9])(?P<before>{name})\s+(?:said|says|reported|tweeted|wrote|claimed|confirmed|alleged)(?-u:\b))"
    ))
    .ok()
});

/// Who is said to have given the footage, or to say this of it, and on which platform.
fn given(sentence: &str, phrases: &Phrases) -> Vec<Claim> {
    let mut found: Vec<Claim> = Vec::new();
    let bare = |name: &str| name.trim().strip_prefix("the ").unwrap_or(name.trim()).to_owned();
    let mut put = |property: &str, name: String, via: Option<String>, rule: &str| {
        if !name.is_empty() && !found.iter().any(|other| other.value == name) {
            found.push(Claim { via, ..claim(property, &name, sentence, rule) });
        }
    };
    if let Some(by) = phrases.given_by().captures(sentence)
        && let Some(name) = by.name("name")
    {
        let platform = by.name("platform").or_else(|| by.name("before")).map(|platform| platform.as_str().to_owned());
        // Who looked at footage is not who put it up.
        let looked = by.name("given").is_some_and(|given| {
            let given = given.as_str().to_lowercase();
            ["review", "verif", "seen", "analy", "authentic", "geolocat", "obtain"].iter().any(|start| given.starts_with(start))
        });
        let (property, rule) = if looked { ("source", "source/given-by@1") } else { ("uploader", "uploader/given-by@1") };
        put(property, bare(name.as_str()), platform, rule);
    } else if let Some(name) = phrases.gave().captures(sentence).and_then(|gave| gave.name("name")) {
        match is_pronoun(name.as_str()) {
            false => put("uploader", name.as_str().trim().to_owned(), None, "uploader/gave@1"),
            // The sentence's own subject, where it has a name.
            true => {
                let subject =
                    SUBJECT.as_ref().and_then(|pattern| pattern.captures(sentence)).and_then(|found| found.name("name"));
                if let Some(subject) = subject.filter(|subject| subject.end() < name.start() && !is_pronoun(subject.as_str())) {
                    put("uploader", subject.as_str().to_owned(), None, "uploader/pronoun@1");
                }
            }
        }
    }
    for said in SAID.iter().flat_map(|pattern| pattern.captures_iter(sentence)).take(2) {
        let name = said.name("according").or_else(|| said.name("behind")).or_else(|| said.name("before"));
        if let Some(name) = name.map(|name| bare(name.as_str())).filter(|name| !is_pronoun(name) && name.to_lowercase() != "i") {
            put("source", name, None, "source/said@1");
        }
    }
    if let Some(on) = phrases.on_platform().captures(sentence) {
        let platform =
            on.name("platform").or_else(|| on.name("before")).map_or("Twitter", |platform| platform.as_str()).to_owned();
        match found.first_mut() {
            Some(claim) => claim.via = claim.via.take().or(Some(platform)),
            None => {
                let words = on.get(0).map_or("", |words| words.as_str());
                let claim = claim("source", words, sentence, "source/platform@1");
                found.push(Claim { via: Some(platform), ..claim });
            }
        }
    }
    found
}

static ACTOR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern::regex(r"^(?P<actor>(?:(?:the|an?|two|three|four|five|several|some|many|dozens of|hundreds of|a group of|apparent|alleged|what appears? to be)\s+)*(?:[\p{L}\p{M}'’-]+\s+){1,5}?)(?:\p{Ll}{2,}ing|being|as|who|while|in the act)(?-u:\b)").ok()
});
/// The longest event that is taken from a sentence, in characters.
const EVENT: usize = 240;

/// What footage is said to show, and who is in it.
fn shown(sentence: &str, phrases: &Phrases) -> Vec<Claim> {
    if kind(sentence, phrases).is_none() {
        return Vec::new();
    }
    let Some(what) = phrases.shows().captures(sentence).and_then(|found| found.name("what")) else { return Vec::new() };
    let what = what.as_str().trim_end_matches(['.', '!', '…', '”', '"', ' ']);
    if what.split_whitespace().count() < 2 || what.chars().count() > EVENT {
        return Vec::new();
    }
    let mut claims = vec![claim("event", what, sentence, "event/shows@1")];
    if let Some(actor) = ACTOR.as_ref().and_then(|pattern| pattern.captures(what)).and_then(|found| found.name("actor")) {
        let actor = actor.as_str().trim();
        let small = ["the ", "a ", "an "].iter().find_map(|article| actor.strip_prefix(article)).unwrap_or(actor);
        if !matches!(small, "the" | "a" | "an" | "what" | "it" | "how") {
            claims.push(claim("actor", small, sentence, "actor/shows@1"));
        }
    }
    claims
}

/// A line that is nothing but a credit: `Foto via YouTube/Syrian Civil Defense`.
pub(super) fn credit_line(line: &str) -> Option<(MediaKind, String)> {
    if line.chars().count() > 140 {
        return None;
    }
    let (phrases, english) = (phrases::of(phrases::language_of(line)), phrases::of("en"));
    let found = phrases.credit().captures(line);
    let found = found.or_else(|| (!std::ptr::eq(phrases, english)).then(|| english.credit().captures(line))?)?;
    let name = found.name("credit")?.as_str().trim().trim_end_matches([')', ']']).to_owned();
    // A sentence that happens to begin so is not a credit.
    if name.split_whitespace().count() > 12 || (name.ends_with('.') && name.split_whitespace().count() > 6) {
        return None;
    }
    let kind = if line.to_lowercase().starts_with("video") { MediaKind::Video } else { MediaKind::Image };
    Some((kind, name))
}

/// The claims of a credit: the credit itself, and the uploader that it names.
pub(super) fn credit_claims(credit: &str) -> Vec<Claim> {
    let mut claims = vec![claim("credit", credit, credit, "credit/line@1")];
    if let Some((name, platform)) = credit::uploader(credit) {
        claims.push(Claim { via: Some(platform), ..claim("uploader", &name, credit, "credit/platform@1") });
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<Told> {
        tell(text, &Setting { published: None, context: &Context::default() })
    }

    #[test]
    fn a_sentence_that_speaks_of_footage_is_told_from_one_that_does_not() {
        for text in [
            "One video shows several White Helmets picking up a fellow rescuer.",
            "Footage posted by the Aleppo Media Center on YouTube shows the aftermath.",
            "يظهر مقطع فيديو نشره الدفاع المدني قصف قرية",
            "Une vidéo diffusée par les secours montre la rue.",
        ] {
            assert_eq!(told(text).map(|told| told.kind), Some(MediaKind::Video), "{text}");
        }
        for text in [
            "The minister spoke on Sunday.",
            "He appeared by video link from prison.",
            "The report shows a clear picture of the losses.",
            "A vast array of CCTV cameras shows who comes.",
            "Voters must show a picture ID at the booth.",
            "Please share your videos and photos with us.",
            "The army still shows no restraint.",
            "It set a record when it was published.",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }

    #[test]
    fn uploader_and_platform_are_read() {
        let told = told("Footage posted by the Aleppo Media Center on YouTube shows the aftermath.").unwrap();
        let claim = told.claims.iter().find(|claim| claim.property == "uploader").unwrap();
        assert_eq!((claim.value.as_str(), claim.via.as_deref()), ("Aleppo Media Center", Some("YouTube")));
    }

    #[test]
    fn doubt_is_kept_beside_the_claim() {
        let told =
            told("In another video, described as being shot in a village southwest of Idlib, another alleged strike hits.")
                .unwrap();
        assert_eq!(told.hedges, ["described as", "alleged"]);
        let place = told.claims.iter().find(|claim| claim.property == "location").unwrap();
        assert_eq!(place.hedges, ["described as"]);
    }

    #[test]
    fn who_gave_or_said_and_what_is_shown() {
        let of = |text: &str, property: &str| {
            let told = told(text).unwrap_or_else(|| panic!("{text}"));
            told.claims
                .into_iter()
                .filter(|claim| claim.property == property)
                .map(|claim| (claim.value, claim.via))
                .collect::<Vec<_>>()
        };
        let pair = |value: &str, via: Option<&str>| vec![(value.to_owned(), via.map(str::to_owned))];
        assert_eq!(of("Police released dramatic video showing the rescue of a girl.", "uploader"), pair("Police", None));
        assert_eq!(
            of("The Harbour Party drew anger when it posted a video on social media.", "uploader"),
            pair("The Harbour Party", Some("social media"))
        );
        assert_eq!(
            of("A YouTube video dated Jan. 11, 2014, showed the talks.", "source"),
            pair("YouTube video", Some("YouTube"))
        );
        assert_eq!(of("In a Facebook video posted later, Karam said he left.", "source"), pair("Karam", Some("Facebook")));
        assert_eq!(
            of("But video reviewed by the Harbour Press on Monday did not show that.", "source"),
            pair("Harbour Press", None)
        );
        let shows = "Footage emerged showing riot police aiming hoses at activists.";
        assert_eq!(of(shows, "event"), pair("riot police aiming hoses at activists", None));
        assert_eq!(of(shows, "actor"), pair("riot police", None));
    }
}

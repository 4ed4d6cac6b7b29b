//! Playlists: which fragments a stream is made of, in order. HLS (RFC 8216, read by `m3u8-rs`) and MPEG-DASH (ISO/IEC
//! 23009-1: templates, timelines, lists and single files).

use std::collections::BTreeMap;
use std::panic::catch_unwind;

use m3u8_rs::{AlternativeMediaType, KeyMethod, MasterPlaylist, MediaPlaylist};
use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

/// Fragments of one stream beyond this many are not listed.
const MOST: usize = 20_000;

/// What a piece of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// What players need before the first fragment.
    Head,
    Fragment,
    /// What opens encrypted fragments.
    Key,
}

/// One piece of a stream: a file, or bytes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    pub url: String,
    /// From a byte on, so many.
    pub range: Option<(u64, u64)>,
    pub piece: Piece,
}

/// Pieces that make one file, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// `video`, `audio`
    pub name: String,
    pub fragments: Vec<Fragment>,
    /// The playlist says that nothing comes any more.
    pub ended: bool,
    pub encrypted: bool,
}

/// What a playlist lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Playlist {
    /// Other playlists, the best of each: their name and address; and of how many versions they are the best.
    Choice {
        tracks: Vec<(String, String)>,
        of: usize,
    },
    Tracks {
        tracks: Vec<Track>,
        of: usize,
    },
}

/// Reads a playlist of a type that `sniff` gives. `base` is the address that it was served at.
pub fn playlist(bytes: &[u8], mime: &str, base: &str) -> Result<Playlist, String> {
    let base = Url::parse(base).map_err(|error| format!("its address cannot be read: {error}"))?;
    match mime {
        "application/vnd.apple.mpegurl" => hls(bytes, &base),
        "application/dash+xml" => dash(bytes, &base),
        other => Err(format!("{other} is no playlist")),
    }
}

fn joined(base: &Url, link: &str) -> Result<String, String> {
    base.join(link.trim()).map(String::from).map_err(|error| format!("the address {link:?} in it cannot be read: {error}"))
}

fn hls(bytes: &[u8], base: &Url) -> Result<Playlist, String> {
    // The parser is not ours.
    let read = catch_unwind(|| m3u8_rs::parse_playlist_res(bytes).map_err(|error| error.to_string()));
    match read.map_err(|_| "the parser failed on it".to_owned())?.map_err(|_| "it is not an HLS playlist".to_owned())? {
        m3u8_rs::Playlist::MasterPlaylist(master) => choice(&master, base),
        m3u8_rs::Playlist::MediaPlaylist(media) => Ok(Playlist::Tracks { tracks: vec![track("video", &media, base)?], of: 1 }),
    }
}

/// The version with the most bits, and the sound and the subtitles that go with it.
fn choice(master: &MasterPlaylist, base: &Url) -> Result<Playlist, String> {
    let versions: Vec<_> = master.variants.iter().filter(|one| !one.is_i_frame).collect();
    let best = versions.iter().max_by_key(|one| one.bandwidth).ok_or("it lists no version of the stream")?;
    let mut tracks = vec![("video".to_owned(), joined(base, &best.uri)?)];
    let beside = [
        (&best.audio, AlternativeMediaType::Audio, "audio"),
        // Named as in DASH.
        (&best.subtitles, AlternativeMediaType::Subtitles, "text"),
    ];
    for (group, kind, name) in beside {
        let of_group = |one: &&m3u8_rs::AlternativeMedia| one.media_type == kind && Some(&one.group_id) == group.as_ref();
        // Every language is evidence.
        for (nth, uri) in master.alternatives.iter().filter(of_group).filter_map(|one| one.uri.as_ref()).enumerate() {
            let name = if nth == 0 { name.to_owned() } else { format!("{name}-{}", nth + 1) };
            tracks.push((name, joined(base, uri)?));
        }
    }
    Ok(Playlist::Choice { tracks, of: versions.len() })
}

fn track(name: &str, media: &MediaPlaylist, base: &Url) -> Result<Track, String> {
    let (mut fragments, mut encrypted, mut head, mut key) = (Vec::new(), false, None, None);
    // Where the last range of a file ended: the next one begins there if it does not say (RFC 8216, 4.3.2.2).
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for segment in &media.segments {
        if fragments.len() >= MOST {
            return Err(format!("it lists more than {MOST} fragments"));
        }
        if let Some(map) = segment.map.as_ref().filter(|map| head.as_ref() != Some(*map)) {
            let range = map.byte_range.as_ref().map(|range| (range.offset.unwrap_or(0), range.length));
            fragments.push(Fragment { url: joined(base, &map.uri)?, range, piece: Piece::Head });
            head = Some(map.clone());
        }
        if let Some(with) = segment.key.as_ref() {
            encrypted |= with.method != KeyMethod::None;
            let uri = with
                .uri
                .as_ref()
                .filter(|uri| key.as_ref() != Some(*uri) && !uri.starts_with("data:") && !uri.starts_with("skd:"));
            if let Some(uri) = uri {
                fragments.push(Fragment { url: joined(base, uri)?, range: None, piece: Piece::Key });
                key = Some(uri.clone());
            }
        }
        let url = joined(base, &segment.uri)?;
        let range = segment.byte_range.as_ref().map(|range| {
            let from = range.offset.or_else(|| ends.get(&url).copied()).unwrap_or(0);
            ends.insert(url.clone(), from.saturating_add(range.length));
            (from, range.length)
        });
        fragments.push(Fragment { url, range, piece: Piece::Fragment });
    }
    if fragments.is_empty() {
        return Err("it lists no fragment".into());
    }
    Ok(Track { name: name.to_owned(), fragments, ended: media.end_list, encrypted })
}

/// An element of an MPD.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    inside: Vec<Element>,
}

impl Element {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.inside.iter().filter(move |one| one.name == name)
    }

    fn one<'a>(&'a self, name: &'a str) -> Option<&'a Element> {
        self.all(name).next()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.attributes.get(name)?.trim().parse().ok()
    }

    fn text_of(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

fn tree(xml: &str) -> Result<Element, String> {
    const DEEP: usize = 32;
    let wrong = |error: &dyn std::fmt::Display| format!("it is not a DASH manifest: {error}");
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    let begun = |start: &quick_xml::events::BytesStart<'_>| {
        let local = start.local_name();
        let name: &str = local.as_ref();
        let mut element = Element { name: name.to_owned(), ..Element::default() };
        for attribute in start.attributes().flatten() {
            let local = attribute.key.local_name();
            let name: &str = local.as_ref();
            let raw: &str = &attribute.value;
            let value = quick_xml::escape::unescape(raw).map_or(raw.to_owned(), |text| text.into_owned());
            element.attributes.insert(name.to_owned(), value);
        }
        element
    };
    loop {
        match reader.read_event().map_err(|error| wrong(&error))? {
            Event::Eof => break,
            Event::Start(start) if open.len() < DEEP => open.push(begun(&start)),
            Event::Start(_) => return Err(wrong(&"its elements are too deep")),
            Event::Empty(start) => {
                if let Some(parent) = open.last_mut() {
                    parent.inside.push(begun(&start));
                }
            }
            Event::End(_) if open.len() > 1 => {
                let closed = open.pop().unwrap_or_default();
                if let Some(parent) = open.last_mut() {
                    parent.inside.push(closed);
                }
            }
            Event::Text(text) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(text.trim());
                }
            }
            _ => {}
        }
    }
    let root = open.into_iter().next().unwrap_or_default();
    root.inside.into_iter().find(|one| one.name == "MPD").ok_or_else(|| wrong(&"there is no MPD in it"))
}

/// Seconds of an ISO 8601 duration such as `PT1M3.5S`.
fn seconds(text: &str) -> Option<f64> {
    text.parse::<jiff::SignedDuration>().ok().map(|duration| duration.as_secs_f64())
}

fn dash(bytes: &[u8], base: &Url) -> Result<Playlist, String> {
    let text = String::from_utf8_lossy(bytes);
    let mpd = tree(&text)?;
    let ended = mpd.text_of("type") != Some("dynamic");
    let whole = mpd.text_of("mediaPresentationDuration").and_then(seconds);
    let base = based(base, &mpd)?;
    let mut tracks: BTreeMap<String, Track> = BTreeMap::new();
    let (mut of, periods) = (0, mpd.all("Period").count());
    for period in mpd.all("Period") {
        let base = based(&base, period)?;
        let lasts = period.text_of("duration").and_then(seconds).or(whole.filter(|_| periods == 1));
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for set in period.all("AdaptationSet") {
            let base = based(&base, set)?;
            of += set.all("Representation").count();
            let Some(best) = set.all("Representation").max_by_key(|one| one.number("bandwidth").unwrap_or(0)) else { continue };
            let said = [set.text_of("contentType"), best.text_of("mimeType"), set.text_of("mimeType")];
            let kind = said
                .into_iter()
                .flatten()
                .find_map(|said| ["video", "audio", "text"].into_iter().find(|kind| said.starts_with(kind)));
            let kind = kind.unwrap_or("video");
            let nth = counts.entry(kind).or_default();
            *nth += 1;
            let name = if *nth == 1 { kind.to_owned() } else { format!("{kind}-{nth}") };
            let encrypted = set.one("ContentProtection").is_some() || best.one("ContentProtection").is_some();
            let fragments = addressed(period, set, best, &based(&base, best)?, lasts)?;
            let track = tracks.entry(name.clone()).or_insert(Track { name, fragments: Vec::new(), ended, encrypted: false });
            track.encrypted |= encrypted;
            track.fragments.extend(fragments);
            if track.fragments.len() > MOST {
                return Err(format!("it lists more than {MOST} fragments"));
            }
        }
    }
    if tracks.values().all(|track| track.fragments.is_empty()) {
        return Err("it lists no fragment".into());
    }
    Ok(Playlist::Tracks { tracks: tracks.into_values().rev().collect(), of })
}

fn based(base: &Url, element: &Element) -> Result<Url, String> {
    match element.one("BaseURL") {
        Some(link) => Url::parse(&joined(base, &link.text)?).map_err(|error| error.to_string()),
        None => Ok(base.clone()),
    }
}

/// The pieces of a representation, by whichever way the manifest addresses them.
fn addressed(period: &Element, set: &Element, best: &Element, base: &Url, lasts: Option<f64>) -> Result<Vec<Fragment>, String> {
    let levels: [&Element; 3] = [best, set, period];
    let named = |name: &'static str| levels.into_iter().filter_map(move |level| level.one(name)).collect::<Vec<_>>();
    let piece = |link: &str, piece: Piece| Ok::<_, String>(Fragment { url: joined(base, link)?, range: None, piece });
    let templates = named("SegmentTemplate");
    if !templates.is_empty() {
        let text = |name: &str| templates.iter().find_map(|one| one.text_of(name));
        let number = |name: &str| templates.iter().find_map(|one| one.number(name));
        let fill = |pattern: &str, nth: u64, time: u64| filled(pattern, best, nth, time);
        let mut fragments = Vec::new();
        if let Some(pattern) = text("initialization") {
            fragments.push(piece(&fill(pattern, 0, 0), Piece::Head)?);
        }
        let media = text("media").ok_or("its template names no fragments")?;
        let (scale, first) = (number("timescale").unwrap_or(1).max(1), number("startNumber").unwrap_or(1));
        if let Some(timeline) = templates.iter().find_map(|one| one.one("SegmentTimeline")) {
            let (mut time, mut nth) = (0u64, first);
            for entry in timeline.all("S") {
                time = entry.number("t").unwrap_or(time);
                let long = entry.number("d").ok_or("its timeline has an entry without a duration")?;
                let again = entry.text_of("r").and_then(|text| text.trim().parse::<i64>().ok()).unwrap_or(0);
                let end = lasts.map(|lasts| (lasts * scale as f64) as u64);
                // A negative count: to the end of the period.
                let count = match u64::try_from(again) {
                    Ok(again) => again + 1,
                    Err(_) => end.and_then(|end| end.checked_sub(time)).map_or(1, |left| left.div_ceil(long.max(1))),
                };
                for _ in 0..count {
                    if fragments.len() > MOST {
                        return Err(format!("it lists more than {MOST} fragments"));
                    }
                    fragments.push(piece(&fill(media, nth, time), Piece::Fragment)?);
                    nth = nth.saturating_add(1);
                    time = time.saturating_add(long);
                }
            }
            return Ok(fragments);
        }
        let (long, lasts) = (number("duration").filter(|long| *long > 0), lasts.filter(|lasts| *lasts > 0.0));
        let (Some(long), Some(lasts)) = (long, lasts) else { return Err("it does not say how many fragments there are".into()) };
        let count = (lasts * scale as f64 / long as f64 - 1e-6).ceil().max(1.0);
        if count > MOST as f64 {
            return Err(format!("it lists more than {MOST} fragments"));
        }
        for nth in 0..count as u64 {
            fragments.push(piece(&fill(media, first + nth, nth * long), Piece::Fragment)?);
        }
        return Ok(fragments);
    }
    if let Some(list) = named("SegmentList").first() {
        let mut fragments = Vec::new();
        if let Some(link) = list.one("Initialization").and_then(|head| head.text_of("sourceURL")) {
            fragments.push(piece(link, Piece::Head)?);
        }
        for one in list.all("SegmentURL").take(MOST + 1) {
            let range = one.text_of("mediaRange").and_then(|range| {
                let (from, to) = range.split_once('-')?;
                let (from, to) = (from.trim().parse::<u64>().ok()?, to.trim().parse::<u64>().ok()?);
                Some((from, to.checked_sub(from)?.checked_add(1)?))
            });
            fragments.push(Fragment { range, ..piece(one.text_of("media").unwrap_or(""), Piece::Fragment)? });
        }
        return Ok(fragments);
    }
    // One file.
    Ok(vec![piece("", Piece::Fragment)?])
}

/// A template with its identifiers filled in (5.3.9.4.4): `$Number%05d$`.
fn filled(pattern: &str, representation: &Element, nth: u64, time: u64) -> String {
    let mut text = String::new();
    for (at, part) in pattern.split('$').enumerate() {
        if at % 2 == 0 {
            text.push_str(part);
            continue;
        }
        let (name, width) = part.split_once('%').map_or((part, 0), |(name, width)| {
            (name, width.trim_end_matches('d').trim_start_matches('0').parse::<usize>().unwrap_or(0).min(32))
        });
        match name {
            // `$$` is the sign itself.
            "" => text.push('$'),
            "RepresentationID" => text.push_str(representation.text_of("id").unwrap_or("")),
            "Number" => text.push_str(&format!("{nth:0width$}")),
            "Time" => text.push_str(&format!("{time:0width$}")),
            "Bandwidth" => text.push_str(&format!("{:0width$}", representation.number("bandwidth").unwrap_or(0))),
            other => text.push_str(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const HLS: &str = "application/vnd.apple.mpegurl";
    const DASH: &str = "application/dash+xml";

    fn tracks(text: &str, mime: &str) -> Vec<Track> {
        match playlist(text.as_bytes(), mime, "http://a.example/v/list").unwrap() {
            Playlist::Tracks { tracks, .. } => tracks,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn of_the_versions_the_best_is_taken_with_its_sound() {
        let master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s\",NAME=\"in the video\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s\",NAME=\"ar\",URI=\"ar.m3u8\"\n\
            #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"s\",NAME=\"en\",URI=\"en.m3u8\"\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"t\",NAME=\"ar\",URI=\"words.m3u8\"\n\
            #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"other\",NAME=\"fr\",URI=\"fr.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO=\"s\"\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=9000,AUDIO=\"s\",SUBTITLES=\"t\"\nhigh.m3u8\n";
        let found = playlist(master.as_bytes(), HLS, "http://a.example/v/list").unwrap();
        let expected = [("video", "high"), ("audio", "ar"), ("audio-2", "en"), ("text", "words")];
        let tracks = expected.map(|(name, file)| (name.to_owned(), format!("http://a.example/v/{file}.m3u8"))).to_vec();
        assert_eq!(found, Playlist::Choice { tracks, of: 2 });
    }

    #[test]
    fn heads_keys_and_ranges_of_fragments_are_listed_in_order() {
        let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:4,\n#EXT-X-BYTERANGE:10@5\nall.mp4\n#EXTINF:4,\n#EXT-X-BYTERANGE:7\nall.mp4\n#EXTINF:4,\n/b.mp4\n#EXT-X-ENDLIST\n";
        let tracks = tracks(text, HLS);
        assert!(tracks[0].ended && tracks[0].encrypted);
        let (all, base) = ("http://a.example/v/all.mp4", "http://a.example/v");
        let expected = [
            (format!("{base}/init.mp4"), None, Piece::Head),
            (format!("{base}/k"), None, Piece::Key),
            (all.to_owned(), Some((5, 10)), Piece::Fragment),
            (all.to_owned(), Some((15, 7)), Piece::Fragment),
            ("http://a.example/b.mp4".to_owned(), None, Piece::Fragment),
        ];
        let found: Vec<_> = tracks[0].fragments.iter().map(|one| (one.url.clone(), one.range, one.piece)).collect();
        assert_eq!(found, expected);
        assert!(!self::tracks("#EXTM3U\n#EXTINF:4,\na.ts\n", HLS)[0].ended, "live");
    }

    #[test]
    fn templates_timelines_lists_and_files_of_dash_are_addressed() {
        let set = |inside: &str| {
            format!(
                "<?xml version='1.0'?><MPD type='static' mediaPresentationDuration='PT10S'><BaseURL>m/</BaseURL><Period><AdaptationSet contentType='video'>{inside}</AdaptationSet></Period></MPD>"
            )
        };
        let names = |text: &str| {
            let tracks = tracks(&set(text), DASH);
            tracks[0].fragments.iter().map(|one| one.url.rsplit_once("/m/").unwrap().1.to_owned()).collect::<Vec<_>>()
        };
        let two = "<Representation id='lo' bandwidth='1'/><Representation id='hi' bandwidth='12'/>";
        let number = "<SegmentTemplate initialization='$RepresentationID$.init' media='$RepresentationID$-$Bandwidth$-$Number%03d$.m4s' duration='4' startNumber='0'/>";
        assert_eq!(names(&format!("{number}{two}")), ["hi.init", "hi-12-000.m4s", "hi-12-001.m4s", "hi-12-002.m4s"]);
        let time = "<SegmentTemplate media='$Time$$$' timescale='10'><SegmentTimeline><S t='5' d='20' r='1'/><S d='30' r='-1'/></SegmentTimeline></SegmentTemplate>";
        assert_eq!(names(&format!("{time}{two}")), ["5$", "25$", "45$", "75$"]);
        let list = "<Representation id='a' bandwidth='1'><SegmentList><Initialization sourceURL='i'/><SegmentURL media='1'/><SegmentURL media='2'/></SegmentList></Representation>";
        assert_eq!(names(list), ["i", "1", "2"]);
        assert_eq!(names("<Representation id='a' bandwidth='1'><BaseURL>film.mp4</BaseURL></Representation>"), ["film.mp4"]);
    }

    #[test]
    fn what_is_no_playlist_says_so_and_hostile_ones_end() {
        let wrong = |text: &str, mime: &str| playlist(text.as_bytes(), mime, "http://a.example/").unwrap_err();
        assert!(wrong("#EXTM3U\n", HLS).contains("no fragment") || wrong("#EXTM3U\n", HLS).contains("no version"));
        assert!(wrong("<MPD><Period></MPD>", DASH).contains("DASH"));
        let many = "<MPD mediaPresentationDuration='PT900000H'><Period><AdaptationSet><SegmentTemplate media='$Number$' duration='1'/><Representation id='a'/></AdaptationSet></Period></MPD>";
        assert!(wrong(many, DASH).contains("more than"));
        assert!(wrong(&"<a>".repeat(100_000), DASH).contains("deep"));
    }
}

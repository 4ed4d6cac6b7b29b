//! The encoding of entries: the one thing that can never change. `schema/FORMAT.md` specifies it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::canonical::{canonical_value, is_canonical, members};
use super::{LedgerError, Sealed, sealed_fields};
use crate::evidence::{Digest, Event, Randomness, Time, Unit};

/// The format version that every entry carries.
pub const FORMAT: &str = "exhibit-entry/1";

/// Longest entry in bytes (C2SP tlog-tiles prefixes an entry with 16 bits).
pub const MAX_ENTRY: usize = 65_535;

/// An event at the moment it is written: who did it, when, as which unit of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub time: Time,
    /// Program and version.
    pub tool: String,
    /// The person who acted, if they gave a name. Sealed.
    pub person: Option<String>,
    pub work: Option<Unit>,
    pub event: Event,
}

/// Encodes an entry: the canonical bytes that go into the tree, and the sealed values beside them.
pub fn seal(entry: &Entry, random: &dyn Randomness) -> Result<(Vec<u8>, Vec<Sealed>), LedgerError> {
    let mut whole = match serde_json::to_value(&entry.event).map_err(LedgerError::Shape)? {
        Value::Object(members) => members,
        _ => return Err(LedgerError::Member("event")),
    };
    let kind = whole.get("kind").and_then(Value::as_str).ok_or(LedgerError::Member("kind"))?.to_owned();
    let mut values = Vec::new();
    if let Some(Value::Object(event)) = whole.get_mut("event") {
        for &field in sealed_fields(&kind) {
            if let Some(value) = event.remove(field) {
                values.push(Sealed::new(field, value, random));
            }
        }
    }
    if let Some(person) = &entry.person {
        values.push(Sealed::new("person", json!(person), random));
    }
    let commitments: Map<String, Value> =
        values.iter().map(|sealed| (sealed.field.clone(), json!(sealed.commitment()))).collect();
    whole.insert("format".into(), json!(FORMAT));
    whole.insert("time".into(), json!(entry.time));
    whole.insert("agent".into(), json!({ "tool": entry.tool }));
    whole.insert("sealed".into(), Value::Object(commitments));
    if let Some(work) = &entry.work {
        whole.insert("work".into(), json!(work));
    }
    let bytes = canonical_value(&Value::Object(whole));
    if bytes.len() > MAX_ENTRY {
        return Err(LedgerError::TooLong(bytes.len()));
    }
    Ok((bytes, values))
}

fn parse(bytes: &[u8]) -> Result<Map<String, Value>, LedgerError> {
    let value: Value = serde_json::from_slice(bytes).map_err(LedgerError::NotJson)?;
    // Also refuses duplicate members: parsing keeps one of them, so the bytes would differ.
    if !is_canonical(bytes, &value) {
        return Err(LedgerError::NotCanonical);
    }
    let Value::Object(whole) = value else { return Err(LedgerError::Member("format")) };
    match whole.get("format").and_then(Value::as_str) {
        Some(FORMAT) => {}
        Some(other) => return Err(LedgerError::Format(other.to_owned())),
        None => return Err(LedgerError::Member("format")),
    }
    match whole.get("critical") {
        None => Ok(whole),
        Some(names) => Err(LedgerError::Critical(names.to_string())),
    }
}

fn committed(whole: &Map<String, Value>) -> Result<BTreeMap<String, Digest>, LedgerError> {
    let sealed = whole.get("sealed").ok_or(LedgerError::Member("sealed"))?;
    BTreeMap::deserialize(sealed).map_err(LedgerError::Shape)
}

/// The commitments of an entry, by field.
pub fn commitments(bytes: &[u8]) -> Result<BTreeMap<String, Digest>, LedgerError> {
    committed(&parse(bytes)?)
}

/// Decodes an entry with the sealed values that are at hand; the others are absent from the event.
/// Whether a value matches its commitment is the verifier's question, not asked here.
pub fn open(bytes: &[u8], values: &[Sealed]) -> Result<Entry, LedgerError> {
    match quickly(bytes, values) {
        Some((_, entry)) => Ok(entry),
        None => opened(parse(bytes)?, values),
    }
}

/// Both in one reading: the commitments, and the entry as far as it can be decoded.
#[allow(clippy::type_complexity)]
pub fn read(bytes: &[u8], values: &[Sealed]) -> Result<(BTreeMap<String, Digest>, Result<Entry, LedgerError>), LedgerError> {
    if let Some((committed, entry)) = quickly(bytes, values) {
        return Ok((committed, Ok(entry)));
    }
    let whole = parse(bytes)?;
    Ok((committed(&whole)?, opened(whole, values)))
}

/// Decodes an entry whose bytes are known to be canonical, because they were read before.
pub fn open_again(bytes: &[u8], values: &[Sealed]) -> Result<Entry, LedgerError> {
    match quickly(bytes, values) {
        Some((_, entry)) => Ok(entry),
        None => opened(serde_json::from_slice(bytes).map_err(LedgerError::NotJson)?, values),
    }
}

/// Decodes bytes in plain canonical spelling without making a tree of values of them. None where anything is out of the ordinary:
/// then the slow way says what.
fn quickly(bytes: &[u8], values: &[Sealed]) -> Option<(BTreeMap<String, Digest>, Entry)> {
    #[derive(Deserialize)]
    struct Agent {
        tool: String,
    }
    let members = members(bytes)?;
    let member = |name: &str| members.iter().find(|(own, _)| *own == name).map(|(_, text)| *text);
    if member("format")?.trim_matches('"') != FORMAT || member("critical").is_some() {
        return None;
    }
    let object = |name: &str| member(name).filter(|text| text.starts_with('{'));
    let agent: Agent = serde_json::from_str(object("agent")?).ok()?;
    let sealed = serde_json::from_str(object("sealed")?).ok()?;
    let time = serde_json::from_str(member("time")?).ok()?;
    let work = match member("work") {
        Some(text) => Some(serde_json::from_str(text).ok()?),
        None => None,
    };
    let inside = object("event")?.strip_prefix('{')?;
    let mut person = None;
    // The kind stands before the event, so that it is decoded as what it is; the sealed values stand in it.
    let mut text = format!("{{\"kind\":{},\"event\":{{", member("kind")?);
    text.reserve(inside.len() + 1);
    for sealed in values {
        if sealed.field == "person" {
            person = sealed.value.as_str().map(str::to_owned);
        } else {
            let (field, value) = (serde_json::to_string(&sealed.field).ok()?, serde_json::to_string(&sealed.value).ok()?);
            text.extend([&field, ":", &value, ","]);
        }
    }
    if inside == "}" {
        text.truncate(text.trim_end_matches(',').len());
    }
    text.push_str(inside);
    text.push('}');
    let event = serde_json::from_str(&text).ok()?;
    Some((sealed, Entry { time, tool: agent.tool, person, work, event }))
}

fn opened(mut whole: Map<String, Value>, values: &[Sealed]) -> Result<Entry, LedgerError> {
    let mut person = None;
    if let Some(Value::Object(event)) = whole.get_mut("event") {
        for sealed in values {
            if sealed.field == "person" {
                person = sealed.value.as_str().map(str::to_owned);
            } else {
                event.insert(sealed.field.clone(), sealed.value.clone());
            }
        }
    }
    let mut take = |name: &'static str| whole.remove(name).ok_or(LedgerError::Member(name));
    let time = serde_json::from_value(take("time")?).map_err(LedgerError::Shape)?;
    let agent = take("agent")?;
    let tool = agent.get("tool").and_then(Value::as_str).ok_or(LedgerError::Member("agent"))?.to_owned();
    let work = whole.remove("work").map(serde_json::from_value).transpose().map_err(LedgerError::Shape)?;
    let event = serde_json::from_value(Value::Object(whole)).map_err(LedgerError::Shape)?;
    Ok(Entry { time, tool, person, work, event })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{NoteAdded, Subject};

    struct Counting(std::sync::Mutex<u8>);
    impl Randomness for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                let mut next = self.0.lock().unwrap();
                *next = next.wrapping_add(1);
                *byte = *next;
            }
        }
    }

    fn note() -> Entry {
        Entry {
            time: Time::from_micros(1_443_949_200_000_000),
            tool: "exhibit 0.1.0".into(),
            person: Some("A. Person".into()),
            work: None,
            event: Event::NoteAdded(NoteAdded { subject: Subject::Item("youtube:abc".into()), text: Some("seen twice".into()) }),
        }
    }

    #[test]
    fn the_encoding_of_an_entry_is_frozen() {
        let (bytes, _) = seal(&note(), &Counting(0.into())).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            r#"{"agent":{"tool":"exhibit 0.1.0"},"event":{"subject":{"item":"youtube:abc"}},"format":"exhibit-entry/1","kind":"note-added","sealed":{"person":"PERSON","text":"TEXT"},"time":"2015-10-04T09:00:00.000000Z"}"#
                .replace("PERSON", "fb607720266634c3458dffa0877d5d2e15675eacd6aa36b5b6f6dd1c543777df")
                .replace("TEXT", "e41b2fd6829885b944b4f4f209540d0d548840ec36c250f9dd8b26bbceb88c43")
        );
    }

    #[test]
    fn an_entry_opens_with_and_without_its_sealed_values() {
        let (bytes, values) = seal(&note(), &Counting(0.into())).unwrap();
        assert_eq!(open(&bytes, &values).unwrap(), note());
        let bare = open(&bytes, &[]).unwrap();
        assert_eq!(bare.person, None);
        assert_eq!(commitments(&bytes).unwrap()["text"], values[0].commitment());
    }

    #[test]
    fn both_ways_of_reading_say_the_same() {
        let (bytes, mut values) = seal(&note(), &Counting(0.into())).unwrap();
        let slowly = |bytes: &[u8], values: &[Sealed]| parse(bytes).and_then(|whole| opened(whole, values));
        let text = String::from_utf8(bytes.clone()).unwrap();
        values.push(Sealed { field: "text".into(), salt: [0; 16], value: json!("twice") });
        for values in [&values[..], &values[..2], &values[..1], &[]] {
            assert_eq!(read(&bytes, values).unwrap().1.unwrap(), slowly(&bytes, values).unwrap());
            assert_eq!(open_again(&bytes, values).unwrap(), slowly(&bytes, values).unwrap());
        }
        assert_eq!(quickly(&bytes, &values[..1]).unwrap().0, commitments(&bytes).unwrap());
        for (from, to) in [
            ("\"kind\":\"note-added\"", "\"kind\":\"note-taken\""),
            ("\"kind\":\"note-added\"", "\"critical\":null,\"kind\":\"note-added\""),
            ("\"time\":", "\"work\":null,\"time\":"),
            ("Z\"}", "Z\",\"work\":null}"),
            ("Z\"}", "Z\",\"work\":{\"key\":\"k\",\"kind\":\"read\"},\"x\":1}"),
            ("{\"subject\":{\"item\":\"youtube:abc\"}}", "{}"),
            ("{\"subject\":{\"item\":\"youtube:abc\"}}", "[]"),
            ("entry/1", "entry/2"),
            ("\"person\":\"", "\"person\":\"0"),
            ("2015-10-04T", "2015-13-04T"),
            ("{\"tool\":\"exhibit 0.1.0\"}", "\"exhibit\""),
            ("{\"tool\":\"exhibit 0.1.0\"}", "[\"exhibit 0.1.0\"]"),
            ("{\"subject\":{\"item\":\"youtube:abc\"}}", "{\"$serde_json::private::RawValue\":\"{}\"}"),
            ("{\"subject\":", "{\"$serde_json::private::RawValue\":1,\"subject\":"),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text);
            for values in [&values[..1], &[]] {
                let (quick, slow) = (open(other.as_bytes(), values), slowly(other.as_bytes(), values));
                assert_eq!(format!("{quick:?}"), format!("{slow:?}"), "{other}");
            }
        }
    }

    #[test]
    fn an_array_is_no_entry() {
        let text = r#"[{"tool":"x"},{"subject":{"item":"i"}},"exhibit-entry/1","note-added",{},"2015-10-04T09:00:00.000000Z"]"#;
        assert!(
            open(text.as_bytes(), &[]).is_err()
                && read(text.as_bytes(), &[]).is_err()
                && open_again(text.as_bytes(), &[]).is_err()
        );
    }

    #[test]
    fn what_is_not_canonical_or_not_understood_is_refused() {
        let (bytes, _) = seal(&note(), &Counting(0.into())).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let doubled = text.replacen("{\"agent\"", "{\"agent\":1,\"agent\"", 1);
        let critical = text.replacen("\"event\"", "\"critical\":[\"x\"],\"event\"", 1);
        let later = text.replacen("exhibit-entry/1", "exhibit-entry/2", 1);
        assert!(matches!(open(doubled.as_bytes(), &[]), Err(LedgerError::NotCanonical)));
        assert!(matches!(open(critical.as_bytes(), &[]), Err(LedgerError::Critical(_))));
        assert!(matches!(open(later.as_bytes(), &[]), Err(LedgerError::Format(_))));
        assert!(matches!(open(format!(" {text}").as_bytes(), &[]), Err(LedgerError::NotCanonical)));
    }
}

//! Canonical JSON (RFC 8785): one value, one spelling.

use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

/// The canonical bytes of a value. Object members are sorted by UTF-16 code units, numbers are
/// written as ECMAScript writes doubles; whole numbers stay exact up to 2^53.
pub fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    // The only failures are NaN and map keys that are not strings; no value of ours has either.
    let Ok(value) = serde_json::to_value(value) else { return Vec::new() };
    canonical_value(&value)
}

/// The same, of a value that is one already.
pub fn canonical_value(value: &Value) -> Vec<u8> {
    if is_plain(value) {
        serde_json::to_vec(value).unwrap_or_default()
    } else {
        serde_json_canonicalizer::to_vec(value).unwrap_or_default()
    }
}

/// Whether `serde_json` writes it as RFC 8785 wants: its maps are sorted by bytes, which is the order of UTF-16 code units
/// where the names are ASCII, its escapes are those of ECMAScript, and whole numbers below 2^53 have one spelling.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.as_u64().is_some_and(|number| number < 1 << 53),
        Value::Array(values) => values.iter().all(is_plain),
        Value::Object(members) => members.iter().all(|(name, value)| name.is_ascii() && is_plain(value)),
    }
}

/// Whether a text is the canonical spelling of this value, which was read from it.
pub fn is_canonical(text: &[u8], value: &Value) -> bool {
    is_written_so(text) || canonical_value(value) == text
}

/// Deepest nesting that `is_written_so` follows.
const NESTED: usize = 32;

/// Whether a text is certainly the canonical spelling of a value, told by looking through it once. Of a few canonical texts
/// it cannot tell: fractions, numbers below 0 or from 2^53 on, names of members outside ASCII or with escapes, deep nesting.
pub(super) fn is_written_so(text: &[u8]) -> bool {
    let mut look = Look { text, at: 0 };
    std::str::from_utf8(text).is_ok() && look.value(NESTED).is_some() && look.at == text.len()
}

/// The members of an object that is certainly written so, each as it stands in the text.
pub(super) fn members(text: &[u8]) -> Option<Vec<(&str, &str)>> {
    let whole = std::str::from_utf8(text).ok()?;
    let (mut look, mut found) = (Look { text, at: 0 }, Vec::new());
    if look.peek()? != b'{' {
        return None;
    }
    look.object(NESTED, &mut |name, value| found.push((&whole[name], &whole[value])))?;
    (look.at == text.len()).then_some(found)
}

/// A place in a text; what is not canonical there gives none.
struct Look<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Look<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, expected: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(expected).then(|| self.at += expected.len())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => self.object(depth, &mut |_, _| {}),
            b'[' => {
                self.at += 1;
                if self.take(b"]").is_some() {
                    return Some(());
                }
                loop {
                    self.value(depth)?;
                    if self.take(b",").is_none() {
                        return self.take(b"]");
                    }
                }
            }
            b't' => self.take(b"true"),
            b'f' => self.take(b"false"),
            b'n' => self.take(b"null"),
            _ => self.number(),
        }
    }

    /// Tells where each member's name and value are.
    fn object(&mut self, depth: usize, each: &mut dyn FnMut(Range<usize>, Range<usize>)) -> Option<()> {
        self.at += 1;
        if self.take(b"}").is_some() {
            return Some(());
        }
        let mut before: Option<&[u8]> = None;
        loop {
            let name_at = self.at + 1;
            let name = self.string()?;
            let plain = name.iter().all(|byte| byte.is_ascii() && *byte != b'\\');
            if !plain || before.is_some_and(|before| before >= name) {
                return None;
            }
            before = Some(name);
            self.take(b":")?;
            let value_at = self.at;
            self.value(depth)?;
            each(name_at..name_at + name.len(), value_at..self.at);
            if self.take(b",").is_none() {
                return self.take(b"}");
            }
        }
    }

    /// What stands between the quotes. Escapes are those that ECMAScript writes.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b"\"")?;
        let begin = self.at;
        loop {
            self.at += self.text[self.at..].iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.text[begin..self.at - 1]);
                }
                b'\\' => {
                    self.at += 1;
                    match self.peek()? {
                        b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        _ => self.control()?,
                    }
                }
                // A control character.
                _ => return None,
            }
        }
    }

    /// `u00` and two digits, of a control character that has no shorter spelling.
    fn control(&mut self) -> Option<()> {
        self.take(b"u00")?;
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let code = digit(self.peek()?)? << 4 | digit(*self.text.get(self.at + 1)?)?;
        self.at += 2;
        (code < 0x20 && !matches!(code, 0x08 | 0x09 | 0x0a | 0x0c | 0x0d)).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.text[begin..self.at];
        // 15 digits are below 2^53.
        ((1..=15).contains(&digits.len()) && (digits[0] != b'0' || digits.len() == 1)).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_without_a_short_spelling_are_plain() {
        for text in [r#"{"a":"\u0000\u0001\u000b\u001f","b":"\u000e"}"#, r#"{"a":"\u0010x","b":1}"#] {
            assert_eq!(members(text.as_bytes()).map(|members| members.len()), Some(2), "{text}");
        }
        for text in [
            r#"{"a":"\u0008"}"#,
            r#"{"a":"\u000a"}"#,
            r#"{"a":"\u0020"}"#,
            r#"{"a":"\u001F"}"#,
            r#"{"a":"\u0001}"#,
            r#"{"a":"\u01"}"#,
        ] {
            assert_eq!(members(text.as_bytes()), None, "{text}");
        }
    }

    /// A text as the slow way sees it.
    fn same(text: &[u8]) -> bool {
        serde_json::from_slice::<Value>(text).is_ok_and(|value| canonical_value(&value) == text)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0u64..1 << 60).prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,6}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_short_way_writes_what_the_long_way_writes(value in value()) {
            prop_assert_eq!(canonical_value(&value), serde_json_canonicalizer::to_vec(&value).unwrap());
        }

        #[test]
        fn what_looks_canonical_is_and_nearly_all_that_is_looks_so(value in value(), at in 0usize..1000, to in any::<u8>()) {
            let text = canonical_value(&value);
            let told = text.iter().any(|byte| b"-.\\".contains(byte)) || text.windows(16).any(|some| some.iter().all(u8::is_ascii_digit));
            prop_assert!(is_written_so(&text) || told, "{}", String::from_utf8_lossy(&text));
            for (from, until, put) in [(at, at + 1, Some(to)), (at, at, Some(to)), (at, at + 1, None)] {
                let mut other = text.clone();
                let (from, until) = (from % text.len(), (until % text.len()).max(from % text.len()));
                other.splice(from..until, put);
                prop_assert!(!is_written_so(&other) || same(&other), "{}", String::from_utf8_lossy(&other));
            }
        }
    }

    #[test]
    fn other_spellings_do_not_look_canonical() {
        for text in [
            "",
            " 1",
            "1 ",
            "01",
            "-0",
            "1.0",
            "1e3",
            "00",
            "tru",
            "nul",
            "[1,]",
            "[,1]",
            "[1 ,2]",
            "{\"a\":1,}",
            "{\"b\":1,\"a\":2}",
            "{\"a\":1,\"a\":2}",
            "{\"a\": 1}",
            "{a:1}",
            "\"\\u0041\"",
            "\"\\u000a\"",
            "\"\\u001F\"",
            "\"\\/\"",
            "\"\\u0020\"",
            "\"\n\"",
            "\"",
            "\"\\\"",
            "{\"\\n\":1}",
            "{}{}",
            "[[1]",
            "1]",
        ] {
            assert!(!is_written_so(text.as_bytes()), "{text}");
        }
        for text in [
            "0",
            "999999999999999",
            "true",
            "[]",
            "{}",
            "[[],{}]",
            "\"\\u001f\\\"\\\\\\n\\b é\u{7f}\"",
            "{\"a\":null,\"a b\":[1,2],\"b\":{}}",
        ] {
            assert!(is_written_so(text.as_bytes()) && same(text.as_bytes()), "{text}");
        }
        // What a feature of the parser would read as another value.
        for text in [r#"{"$serde_json::private::RawValue":"\"seen twice\""}"#, r#"{"$serde_json::private::Number":"7"}"#] {
            assert!(is_written_so(text.as_bytes()) && same(text.as_bytes()), "{text}");
            assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
        }
        let text = r#"{"a":{"x":[1,"}"]},"b":"é","c":null}"#;
        assert_eq!(members(text.as_bytes()).unwrap(), [("a", r#"{"x":[1,"}"]}"#), ("b", "\"é\""), ("c", "null")]);
        for text in ["[]", "{}x", r#"{"b":1,"a":2}"#, "1", ""] {
            assert_eq!(members(text.as_bytes()), None, "{text}");
        }
        assert!(!is_written_so(b"\"\xff\""));
        assert!(!is_written_so(&b"[".repeat(100_000)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_through(text in prop::collection::vec(prop::sample::select(b"{}[]\",:\\0159aunu \n\x00\xc3\xa9".to_vec()), 0..40)) {
            prop_assert!(!is_written_so(&text) || same(&text));
        }
    }
}

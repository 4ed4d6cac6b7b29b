//! Canonical JSON (RFC 8785): one value, one spelling.

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
pub(super) fn canonical_value(value: &Value) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    }
}

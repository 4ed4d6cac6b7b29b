//! What is remembered of rows that were made a short while ago.

use std::collections::HashMap;

/// What an event refers to, by its key.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    Item(&'a str),
    Capture(&'a str),
    /// By its SHA-256, in hex; it has no number.
    Object(&'a str),
}

/// Number and entry of rows that were made a short while ago, by their keys: most is referred to soon.
#[derive(Default)]
pub struct Recent {
    items: HashMap<String, (u64, u64)>,
    captures: HashMap<String, (u64, u64)>,
    objects: HashMap<String, (u64, u64)>,
}

/// Rows of a kind that are remembered at most; then all are forgotten, and looked up again.
const RECENT: usize = 1 << 15;

impl Recent {
    pub(super) fn get(&self, what: Key<'_>) -> Option<(u64, u64)> {
        match what {
            Key::Item(key) => self.items.get(key),
            Key::Capture(key) => self.captures.get(key),
            Key::Object(key) => self.objects.get(key),
        }
        .copied()
    }

    pub(super) fn put(&mut self, what: Key<'_>, row: (u64, u64)) {
        let (rows, key) = match what {
            Key::Item(key) => (&mut self.items, key),
            Key::Capture(key) => (&mut self.captures, key),
            Key::Object(key) => (&mut self.objects, key),
        };
        if rows.len() >= RECENT {
            rows.clear();
        }
        rows.insert(key.to_owned(), row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_remembered_by_itself() {
        let mut recent = Recent::default();
        let kinds = [Key::Item("a"), Key::Capture("a"), Key::Object("a")];
        for (nth, key) in (0..).zip(kinds) {
            assert_eq!(recent.get(key), None);
            recent.put(key, (nth, 10 + nth));
        }
        recent.put(Key::Item("b"), (7, 17));
        assert_eq!(kinds.map(|key| recent.get(key)), [Some((0, 10)), Some((1, 11)), Some((2, 12))]);
        assert_eq!(recent.get(Key::Item("b")), Some((7, 17)));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut recent = Recent::default();
        (0..=RECENT as u64).for_each(|nth| recent.put(Key::Item(&nth.to_string()), (nth, nth)));
        assert_eq!((recent.items.len(), recent.get(Key::Item("0"))), (1, None));
    }
}

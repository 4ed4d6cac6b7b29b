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

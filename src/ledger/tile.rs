//! The published form of the log: C2SP tlog-tiles.

use std::fmt;

use super::LedgerError;

/// Hashes in a full tile, entries in a full bundle.
pub const TILE: u64 = 256;

/// A file of the published log. `width` is 256 for a full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TilePath {
    /// `tile/<level>/<index>`: hashes of 32 bytes.
    Hashes { level: u32, index: u64, width: u64 },
    /// `tile/entries/<index>`: entries, each behind its length in 16 bits.
    Entries { index: u64, width: u64 },
    /// `sealed/<index>`: not of C2SP; the sealed values of the same entries, erasable.
    Sealed { index: u64, width: u64 },
}

impl TilePath {
    /// Its index among those of its kind, and how many hashes or entries it covers.
    pub fn extent(self) -> (u64, u64) {
        match self {
            TilePath::Hashes { index, width, .. } | TilePath::Entries { index, width } | TilePath::Sealed { index, width } => {
                (index, width)
            }
        }
    }

    /// Reads a path relative to the log's directory; none if it is not of this form.
    pub fn parse(path: &str) -> Option<TilePath> {
        let mut parts: Vec<&str> = path.split('/').collect();
        let mut width = TILE;
        if let [.., partial, count] = parts[..]
            && let Some(base) = partial.strip_suffix(".p")
        {
            width = count.parse().ok().filter(|width| (1..TILE).contains(width))?;
            let at = parts.len() - 2;
            parts.truncate(at);
            parts.push(base);
        }
        let (kind, groups) = match parts[..] {
            ["sealed", ref groups @ ..] => ("sealed", groups),
            ["tile", kind, ref groups @ ..] => (kind, groups),
            _ => return None,
        };
        let mut index = 0u64;
        for (at, group) in groups.iter().enumerate() {
            let digits = if at + 1 < groups.len() { group.strip_prefix('x')? } else { group };
            if digits.len() != 3 {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let parsed = match kind {
            "sealed" => TilePath::Sealed { index, width },
            "entries" => TilePath::Entries { index, width },
            level => TilePath::Hashes { level: level.parse().ok().filter(|level| *level < 8)?, index, width },
        };
        // Only the one spelling that we would write.
        (parsed.to_string() == path).then_some(parsed)
    }

    /// All files that publish a log of `size` entries.
    pub fn for_size(size: u64) -> Vec<TilePath> {
        TilePath::for_growth(0, size)
    }

    /// The files of a log of `new` entries that the same log at `old` entries did not have.
    pub fn for_growth(old: u64, new: u64) -> Vec<TilePath> {
        let mut paths = Vec::new();
        let (mut level, mut before, mut hashes) = (0, old, new);
        while hashes > before {
            for index in before / TILE..hashes.div_ceil(TILE) {
                let width = (hashes - index * TILE).min(TILE);
                paths.push(TilePath::Hashes { level, index, width });
                if level == 0 {
                    paths.push(TilePath::Entries { index, width });
                    paths.push(TilePath::Sealed { index, width });
                }
            }
            level += 1;
            before /= TILE;
            hashes /= TILE;
        }
        paths
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TilePath::Hashes { level, .. } => write!(f, "tile/{level}/")?,
            TilePath::Entries { .. } => f.write_str("tile/entries/")?,
            TilePath::Sealed { .. } => f.write_str("sealed/")?,
        }
        let (index, width) = self.extent();
        let mut groups = vec![format!("{:03}", index % 1000)];
        let mut rest = index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        f.write_str(&groups.join("/"))?;
        if width < TILE { write!(f, ".p/{width}") } else { Ok(()) }
    }
}

/// A bundle of entries: each behind its length, 16 bits, big endian.
pub fn entry_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bundle = Vec::new();
    entries.into_iter().for_each(|entry| push_entry(&mut bundle, entry));
    bundle
}

/// Puts one more entry into a bundle.
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    // `seal` lets no entry be longer than 65,535 bytes.
    bundle.extend((entry.len() as u16).to_be_bytes());
    bundle.extend(entry);
}

/// The entries of a bundle.
pub fn parse_entry_bundle(mut bundle: &[u8]) -> Result<Vec<Vec<u8>>, LedgerError> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>().ok_or(LedgerError::Bundle)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if rest.len() < length {
            return Err(LedgerError::Bundle);
        }
        let (entry, rest) = rest.split_at(length);
        entries.push(entry.to_vec());
        bundle = rest;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_and_read_as_c2sp_says() {
        let path = TilePath::Hashes { level: 0, index: 1_234_067, width: 256 };
        assert_eq!(path.to_string(), "tile/0/x001/x234/067");
        let partial = TilePath::Entries { index: 3, width: 17 };
        assert_eq!(partial.to_string(), "tile/entries/003.p/17");
        for path in [path, partial, TilePath::Sealed { index: 0, width: 1 }] {
            assert_eq!(TilePath::parse(&path.to_string()), Some(path));
        }
        for wrong in
            ["tile/0/3", "tile/0/003.p/256", "tile/0/003.p/0", "tile/9/003", "tile/0/x000/003", "x", "tile/0/+03", "checkpoint"]
        {
            assert_eq!(TilePath::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_bundle_gives_its_entries_back_and_a_cut_one_is_refused() {
        let bundle = entry_bundle([&b"one"[..], b"", b"three"]);
        assert_eq!(parse_entry_bundle(&bundle).unwrap(), [&b"one"[..], b"", b"three"]);
        assert!(parse_entry_bundle(&bundle[..bundle.len() - 1]).is_err());
    }
}

//! The sizes of one picture (`srcset`, WHATWG HTML).

use super::HashSet;

/// The largest candidate of a `srcset`, with its size: width, or density times a thousand.
pub(super) fn largest(set: &str) -> Option<(u64, String)> {
    let mut best: Option<(u64, String)> = None;
    let mut rest = set.trim();
    let mut seen: HashSet<&str> = HashSet::default();
    while !rest.is_empty() && seen.len() < 100 {
        // An address goes up to a blank; commas at its end part candidates, commas within are its own.
        let (word, behind) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        let ended = word.ends_with(',');
        // Some sites leave the blank out: `a.jpg 1x,b.jpg 2x` and `a.jpg,http://…`.
        let (url, behind) = match word.find(",http").or_else(|| word.find(",/")) {
            Some(at) if at > 0 => (&word[..at], &rest[at + 1..]),
            _ => (word.trim_matches(','), behind),
        };
        let (descriptor, next) = if ended || behind.starts_with("http") || behind.starts_with('/') {
            ("", behind)
        } else {
            behind.split_once(',').unwrap_or((behind, ""))
        };
        let size = match descriptor.trim() {
            width if width.ends_with('w') => width.trim_end_matches('w').parse().unwrap_or(0),
            density if density.ends_with('x') => (density.trim_end_matches('x').parse::<f64>().unwrap_or(1.0) * 1000.0) as u64,
            _ => 1,
        };
        if !url.is_empty() && seen.insert(url) && best.as_ref().is_none_or(|(most, _)| size > *most) {
            best = Some((size, url.to_owned()));
        }
        rest = next.trim_start();
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_a_set_is_found_however_it_is_written() {
        let of = |set: &str| largest(set).unwrap();
        assert_eq!(of("a.jpg 320w, b.jpg 1200w, c.jpg 640w"), (1200, "b.jpg".into()));
        assert_eq!(of("/a,b.jpg 1x, /a,c.jpg 2x"), (2000, "/a,c.jpg".into()));
        assert_eq!(of("/a.jpg 480w,/b.jpg 960w"), (960, "/b.jpg".into()));
        assert_eq!(of("https://x/a.jpg?w=1,2 1x,https://x/b.jpg 2x"), (2000, "https://x/b.jpg".into()));
        assert_eq!(of("one.jpg"), (1, "one.jpg".into()));
    }
}

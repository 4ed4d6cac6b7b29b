//! Whether two addresses are of one picture in two sizes.

use std::sync::LazyLock;

use url::Url;

use super::pattern::{self, Regex};

struct Rules {
    /// An id that no two pictures share: a UUID, or a long row of hexadecimal digits.
    unique: Regex,
    /// What a content system adds to a file's name for a size.
    size: Regex,
    /// A part of a path that is only about size, or a signature.
    part: Regex,
    /// Names that say nothing.
    plain: Regex,
}

static RULES: LazyLock<Option<Rules>> = LazyLock::new(|| {
    Some(Rules {
        unique: pattern::regex(r"(?i)(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,64}|[0-9A-Z]{26})").ok()?,
        size: pattern::regex(r"(?i)(?:[-_]\d{2,4}x\d{2,4}|-scaled|@\dx|_w\d{2,4}(?:_h\d+|_r\d+)?(?:_s)?|[-_](?:small|medium|large|xlarge|thumb|thumbnail|full))+$").ok()?,
        part: pattern::regex(r"(?i)^(?:\d{1,4}x\d{0,4}|\d+x\d+:\d+x\d+|[0-9a-z_-]{20,}=|w_?\d+|h_?\d+|c_[0-9a-z_]+|[a-z]_[0-9a-z_:,.]+|resizer?|thumbor|smart|fit-in|filters:.*|styles|\d{2,4}|small|medium|large|master)$").ok()?,
        plain: pattern::regex(r"(?i)^(?:original|image|img|photo|picture|default|large|full|main|master|index|\d{1,5}|.{1,3})$").ok()?,
    })
});

/// A key that is the same for a picture's sizes. Where the address does not tell, the address itself.
pub(super) fn of(url: &Url) -> String {
    let Some(rules) = RULES.as_ref() else { return url.to_string() };
    let path = url.path();
    if let Some(found) = rules.unique.find_iter(path).last() {
        return found.as_str().to_ascii_lowercase();
    }
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    let parts: Vec<&str> = above.split('/').filter(|part| !part.is_empty() && !rules.part.is_match(part)).collect();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let stem = rules.size.replace_all(stem, "");
    let from = parts.len().saturating_sub(2);
    let file = super::media_kind_of_path(path).is_some();
    match file && !rules.plain.is_match(&stem) {
        true => format!("{}/{stem}", parts[from..].join("/")),
        false if file && from < parts.len() => format!("{}/{name}", parts.join("/")),
        false => {
            let mut plain = url.clone();
            plain.set_fragment(None);
            plain.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_one_picture_are_one_and_two_pictures_are_two() {
        let key = |text: &str| of(&Url::parse(text).unwrap());
        for (a, b) in [
            ("https://n.example/uploads/2015/10/convoy-218x150.jpg", "https://n.example/uploads/2015/10/convoy.jpg?w=2048"),
            (
                "https://n.example/styles/d08/public/2015-10/a_street.jpg?h=1",
                "https://n.example/styles/d12/public/2015-10/a_street.jpg?h=2",
            ),
            (
                "https://g.example/438B0BA5-2ED3-48F0-A5EB-52C86CDB5E0C_w250_r1_s.jpg",
                "https://g.example/438B0BA5-2ED3-48F0-A5EB-52C86CDB5E0C_w1200_r1_s.jpg",
            ),
        ] {
            assert_eq!(key(a), key(b));
        }
        for (a, b) in [
            ("https://n.example/uploads/street_1.jpg", "https://n.example/uploads/street_2.jpg"),
            ("https://n.example/a/20151004_1.jpg", "https://n.example/a/20151004_2.jpg"),
            ("https://n.example/a/IMG_2015.jpg", "https://n.example/a/IMG_2016.jpg"),
            ("https://n.example/image.php?id=1", "https://n.example/image.php?id=2"),
            ("https://n.example/x/1/original.jpg", "https://n.example/x/2/original.jpg"),
        ] {
            assert_ne!(key(a), key(b));
        }
    }
}

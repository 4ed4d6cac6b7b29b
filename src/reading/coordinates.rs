//! Coordinates in words: decimal degrees, degrees with minutes and seconds, MGRS and UTM, plus codes.

use std::sync::LazyLock;

use super::pattern::{self, Captures, Regex};

/// A position read from a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Position {
    pub start: usize,
    pub end: usize,
    /// Decimal degrees, WGS 84.
    pub lat: f64,
    pub lon: f64,
    /// By the digits that are given.
    pub precision: &'static str,
    pub rule: &'static str,
}

struct Rules {
    decimal: Regex,
    lettered: Regex,
    sexagesimal: Regex,
    mgrs: Regex,
    utm: Regex,
    plus: Regex,
}

static RULES: LazyLock<Option<Rules>> = LazyLock::new(|| {
    let angle = |name: &str, letters: &str| {
        format!(
            r#"(?P<{name}d>\d{{1,3}})\s*[°º]\s*(?:(?P<{name}m>\d{{1,2}}(?:[.,]\d+)?)\s*['′’‘]\s*)?(?:(?P<{name}s>\d{{1,2}}(?:[.,]\d+)?)\s*(?:["″”“]|''|′′|’’)\s*)?(?P<{name}h>[{letters}])"#
        )
    };
    Some(Rules {
        decimal: pattern::regex(r"(?P<lat>[-+]?\d{1,2}\.\d{3,15})°?\s*[,;/ ]\s*(?P<lon>[-+]?\d{1,3}\.\d{3,15})°?").ok()?,
        lettered: pattern::regex(r"(?P<lat>\d{1,2}\.\d{2,15})\s*°?\s*(?P<ns>[NS])\s*[,;/]?\s*(?P<lon>\d{1,3}\.\d{2,15})\s*°?\s*(?P<ew>[EWO])(?-u:\b)").ok()?,
        sexagesimal: pattern::regex(&format!(r"{}\s*[,;/]?\s*{}", angle("a", "NS"), angle("b", "EWO"))).ok()?,
        mgrs: pattern::regex(r"(?-u:\b)(?P<zone>[1-9]|[1-5]\d|60)(?P<band>[C-HJ-NP-X])\s?(?P<square>[A-HJ-NP-Z][A-HJ-NP-V])\s?(?P<digits>\d{4,5}\s?\d{4,5}|\d{2,3}\s?\d{2,3})(?-u:\b)").ok()?,
        utm: pattern::regex(r"(?-u:\b)(?P<zone>[1-9]|[1-5]\d|60)\s?(?P<band>[C-HJ-NP-X])\s+(?P<east>\d{6})(?:\.\d+)?\s*m?\s*E?[ ,]+(?P<north>\d{6,7})(?:\.\d+)?\s*m?\s*N?(?-u:\b)").ok()?,
        plus: pattern::regex(r"(?-u:\b)(?P<code>[23456789CFGHJMPQRVWX]{8}\+[23456789CFGHJMPQRVWX]{2,3})(?-u:\b)").ok()?,
    })
});

fn number(captures: &Captures<'_>, name: &str) -> Option<f64> {
    captures.name(name)?.as_str().replace(',', ".").parse().ok()
}

fn angle(captures: &Captures<'_>, name: &str) -> Option<f64> {
    let part = |what: &str| number(captures, &format!("{name}{what}"));
    let (minutes, seconds) = (part("m").unwrap_or(0.0), part("s").unwrap_or(0.0));
    let degrees = part("d")? + minutes / 60.0 + seconds / 3600.0;
    let south = matches!(&captures[format!("{name}h").as_str()], "S" | "W" | "O");
    (minutes < 60.0 && seconds < 60.0).then_some(if south { -degrees } else { degrees })
}

fn decimals(captures: &Captures<'_>, name: &str) -> usize {
    captures.name(name).and_then(|text| text.as_str().split_once('.')).map_or(0, |(_, digits)| digits.len())
}

/// Latitude, longitude and precision of a match.
type Read<'a> = dyn Fn(&Captures<'_>) -> Option<(f64, f64, &'static str)> + 'a;

/// Every position in a text.
pub(super) fn find(text: &str) -> Vec<Position> {
    let Some(rules) = RULES.as_ref().filter(|_| text.bytes().any(|byte| byte.is_ascii_digit())) else { return Vec::new() };
    let mut found: Vec<Position> = Vec::new();
    let mut add = |pattern: &Regex, rule: &'static str, read: &Read<'_>| {
        for captures in pattern.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            let free = !found.iter().any(|other| other.start < whole.end() && whole.start() < other.end);
            if let Some((lat, lon, precision)) =
                read(&captures).filter(|(lat, lon, _)| free && lat.abs() <= 90.0 && lon.abs() <= 180.0)
            {
                found.push(Position { start: whole.start(), end: whole.end(), lat, lon, precision, rule });
            }
        }
    };
    let by_digits = |digits: usize| {
        if digits >= 4 {
            "exact"
        } else if digits == 3 {
            "vicinity"
        } else {
            "locality"
        }
    };
    add(&rules.sexagesimal, "place/degrees@1", &|captures| {
        let seconds = captures.name("as").is_some();
        let minutes = captures.name("am").is_some();
        Some((
            angle(captures, "a")?,
            angle(captures, "b")?,
            if seconds {
                "vicinity"
            } else if minutes {
                "locality"
            } else {
                "province"
            },
        ))
    });
    add(&rules.lettered, "place/decimal@1", &|captures| {
        let (lat, lon) = (number(captures, "lat")?, number(captures, "lon")?);
        let west = matches!(&captures["ew"], "W" | "O");
        Some((
            if &captures["ns"] == "S" { -lat } else { lat },
            if west { -lon } else { lon },
            by_digits(decimals(captures, "lat")),
        ))
    });
    add(&rules.decimal, "place/decimal@1", &|captures| {
        Some((number(captures, "lat")?, number(captures, "lon")?, by_digits(decimals(captures, "lat"))))
    });
    add(&rules.utm, "place/utm@1", &|captures| {
        let zone: f64 = number(captures, "zone")?;
        let south = captures["band"].chars().next()? < 'N';
        let (lat, lon) = from_utm(zone, number(captures, "east")?, number(captures, "north")?, south);
        Some((lat, lon, "exact"))
    });
    add(&rules.mgrs, "place/mgrs@1", &mgrs);
    add(&rules.plus, "place/plus-code@1", &|captures| {
        let (lat, lon) = plus_code(&captures["code"])?;
        Some((lat, lon, "exact"))
    });
    found.sort_by_key(|position| position.start);
    found
}

/// Transverse Mercator back to degrees on WGS 84 (Snyder, USGS Professional Paper 1395, 8-17 to 8-25).
fn from_utm(zone: f64, east: f64, north: f64, south: bool) -> (f64, f64) {
    const A: f64 = 6_378_137.0;
    const F: f64 = 1.0 / 298.257_223_563;
    const K: f64 = 0.9996;
    let e2 = F * (2.0 - F);
    let ep2 = e2 / (1.0 - e2);
    let m = (if south { north - 10_000_000.0 } else { north }) / K;
    let mu = m / (A * (1.0 - e2 / 4.0 - 3.0 * e2 * e2 / 64.0 - 5.0 * e2.powi(3) / 256.0));
    let e1 = (1.0 - (1.0 - e2).sqrt()) / (1.0 + (1.0 - e2).sqrt());
    let foot = mu
        + (3.0 * e1 / 2.0 - 27.0 * e1.powi(3) / 32.0) * (2.0 * mu).sin()
        + (21.0 * e1 * e1 / 16.0 - 55.0 * e1.powi(4) / 32.0) * (4.0 * mu).sin()
        + (151.0 * e1.powi(3) / 96.0) * (6.0 * mu).sin();
    let (sin, cos, tan) = (foot.sin(), foot.cos(), foot.tan());
    let (c, t) = (ep2 * cos * cos, tan * tan);
    let n = A / (1.0 - e2 * sin * sin).sqrt();
    let r = A * (1.0 - e2) / (1.0 - e2 * sin * sin).powf(1.5);
    let d = (east - 500_000.0) / (n * K);
    let lat = foot
        - n * tan / r
            * (d * d / 2.0 - (5.0 + 3.0 * t + 10.0 * c - 4.0 * c * c - 9.0 * ep2) * d.powi(4) / 24.0
                + (61.0 + 90.0 * t + 298.0 * c + 45.0 * t * t - 252.0 * ep2 - 3.0 * c * c) * d.powi(6) / 720.0);
    let lon = (d - (1.0 + 2.0 * t + c) * d.powi(3) / 6.0
        + (5.0 - 2.0 * c + 28.0 * t - 3.0 * c * c + 8.0 * ep2 + 24.0 * t * t) * d.powi(5) / 120.0)
        / cos;
    (lat.to_degrees(), (zone - 1.0) * 6.0 - 180.0 + 3.0 + lon.to_degrees())
}

/// Military Grid Reference System: zone, band, square of 100 km, then metres by an even number of digits.
fn mgrs(captures: &Captures<'_>) -> Option<(f64, f64, &'static str)> {
    let zone: u32 = captures["zone"].parse().ok()?;
    let band = captures["band"].chars().next()?;
    let mut square = captures["square"].chars();
    let (column, row) = (square.next()?, square.next()?);
    let digits: String = captures["digits"].chars().filter(char::is_ascii_digit).collect();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let half = digits.len() / 2;
    let scale = 10f64.powi(5 - half as i32);
    let inner = |digits: &str| digits.parse::<f64>().ok().map(|value| value * scale + if half < 5 { scale / 2.0 } else { 0.0 });
    let columns = ["ABCDEFGH", "JKLMNPQR", "STUVWXYZ"][((zone - 1) % 3) as usize];
    let east = (columns.find(column)? + 1) as f64 * 100_000.0 + inner(&digits[..half])?;
    const ROWS: &str = "ABCDEFGHJKLMNPQRSTUV";
    let from = if zone.is_multiple_of(2) { 5 } else { 0 };
    let row = (ROWS.find(row)? + 20 - from) % 20;
    let south = band < 'N';
    // Rows repeat every 2000 km: the band tells which.
    const BANDS: &str = "CDEFGHJKLMNPQRSTUVWX";
    let lowest = -80.0 + 8.0 * BANDS.find(band)? as f64;
    let metres = row as f64 * 100_000.0 + inner(&digits[half..])?;
    let found =
        (0..6).map(|turn| metres + f64::from(turn) * 2_000_000.0).map(|north| from_utm(f64::from(zone), east, north, south));
    let (lat, lon) =
        found.into_iter().find(|(lat, _)| *lat >= lowest - 0.6 && *lat <= lowest + if band == 'X' { 12.6 } else { 8.6 })?;
    Some((
        lat,
        lon,
        match half {
            5 => "exact",
            4 | 3 => "vicinity",
            2 => "locality",
            _ => "district",
        },
    ))
}

/// A full plus code (Open Location Code): the middle of its square.
fn plus_code(code: &str) -> Option<(f64, f64)> {
    const DIGITS: &str = "23456789CFGHJMPQRVWX";
    let digits: Vec<usize> =
        code.chars().filter(|letter| *letter != '+').map(|letter| DIGITS.find(letter)).collect::<Option<_>>()?;
    let (mut lat, mut lon, mut step) = (-90.0, -180.0, 20.0);
    for pair in digits[..10.min(digits.len())].chunks(2) {
        lat += pair[0] as f64 * step;
        lon += *pair.get(1)? as f64 * step;
        step /= 20.0;
    }
    let size = step * 20.0;
    let (mut height, mut width) = (size, size);
    if let Some(digit) = digits.get(10) {
        height = size / 5.0;
        width = size / 4.0;
        lat += (digit / 4) as f64 * height;
        lon += (digit % 4) as f64 * width;
    }
    Some((lat + height / 2.0, lon + width / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_usual_notations_are_read() {
        // Reference values: https://www.movable-type.co.uk notation examples worked by hand, and the Open Location Code's own.
        for (text, lat, lon, rule) in [
            ("at 35.93061, 36.63389 by", 35.93061, 36.63389, "place/decimal@1"),
            ("35.93061° N, 36.63389° E", 35.93061, 36.63389, "place/decimal@1"),
            ("35°55'50\"N 36°38'02\"E", 35.930556, 36.633889, "place/degrees@1"),
            ("48° 51′ 30″ N, 2° 17′ 40″ W", 48.858333, -2.294444, "place/degrees@1"),
            ("at 31U DQ 48251 11932 today", 48.858222, 2.294497, "place/mgrs@1"),
            ("31 U 448251 5411932", 48.858222, 2.294497, "place/utm@1"),
            ("the code 8FW4V75V+8Q", 48.858312, 2.294438, "place/plus-code@1"),
        ] {
            let found = find(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            let at = &found[0];
            assert!((at.lat - lat).abs() < 2e-4 && (at.lon - lon).abs() < 2e-4, "{text}: {at:?}");
            assert_eq!(at.rule, rule, "{text}");
        }
        for text in ["version 1.234, 5.678e", "the 95.1234, 20.1234 mark", "in 2015, 36 people"] {
            assert!(find(text).iter().all(|at| at.lat < 90.0 && text.starts_with("version")), "{text}");
        }
    }
}

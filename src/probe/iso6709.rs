//! ISO 6709 strings, as phones write them into videos: `+35.9306+036.6339+500.000/`.

use crate::evidence::Place;

/// Reads decimal degrees, degrees and minutes, or degrees, minutes and seconds.
pub(super) fn parse(text: &str) -> Option<Place> {
    let text = text.trim().trim_end_matches('/');
    let text = text.split("CRS").next().unwrap_or(text);
    let mut numbers = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices() {
        match letter {
            '+' | '-' => {
                if let Some(start) = start.replace(at) {
                    numbers.push(&text[start..at]);
                }
            }
            '0'..='9' | '.' => {}
            _ => return None,
        }
    }
    numbers.push(&text[start?..]);
    let lat = degrees(numbers.first()?, 2).filter(|lat| lat.abs() <= 90.0)?;
    let lon = degrees(numbers.get(1)?, 3).filter(|lon| lon.abs() <= 180.0)?;
    let alt = numbers.get(2).and_then(|text| text.parse().ok());
    Some(Place { lat: Some(lat), lon: Some(lon), alt })
}

/// A signed number whose whole part is `DD`, `DDMM` or `DDMMSS` (one digit more for longitudes).
fn degrees(text: &str, digits: usize) -> Option<f64> {
    let (sign, plain) = match text.split_at_checked(1)? {
        ("-", rest) => (-1.0, rest),
        (_, rest) => (1.0, rest),
    };
    let whole = plain.split('.').next()?.len();
    let number = |text: &str| text.parse::<f64>().ok();
    let value = match whole.checked_sub(digits)? {
        2 => number(&plain[..digits])? + number(&plain[digits..])? / 60.0,
        4 => number(&plain[..digits])? + number(&plain[digits..digits + 2])? / 60.0 + number(&plain[digits + 2..])? / 3600.0,
        _ => number(plain)?,
    };
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_notations_are_read() {
        let place = parse("+32.0929+034.8620+028.516/").unwrap();
        assert_eq!((place.lat, place.lon, place.alt), (Some(32.0929), Some(34.862), Some(28.516)));
        assert_eq!(parse("+3530-03630/").unwrap().lon, Some(-36.5));
        assert_eq!(parse("-353015+0363000/").unwrap().lat, Some(-(35.0 + 0.5 + 15.0 / 3600.0)));
        for wrong in ["", "+", "+91+000/", "here", "+1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}

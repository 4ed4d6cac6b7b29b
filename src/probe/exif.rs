//! EXIF (CIPA DC-008): capture time as written, place, device, orientation.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use exif::{Exif, In, Reader, Tag, Value};

use super::{Probed, stated};
use crate::evidence::{Device, Place};

/// Reads EXIF where the format can carry it. A damaged block gives what can still be read.
pub(super) fn examine<R: Read + Seek>(file: &mut R, mime: &str, probed: &mut Probed) -> io::Result<()> {
    if !matches!(mime, "image/jpeg" | "image/tiff" | "image/png" | "image/webp" | "image/heic" | "image/heif" | "image/avif") {
        return Ok(());
    }
    file.seek(SeekFrom::Start(0))?;
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let read = reader.read_from_container(&mut BufReader::new(&mut *file)).or_else(|error| {
        error.distill_partial_result(|problems| {
            let told = problems.iter().take(3).map(|problem| format!("EXIF: {problem}"));
            probed.problems.extend(told);
        })
    });
    match read {
        Ok(exif) => facts(&exif, probed),
        Err(exif::Error::NotFound(_) | exif::Error::BlankValue(_)) => {}
        Err(exif::Error::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
        Err(error) => probed.problems.push(format!("EXIF cannot be read: {error}")),
    }
    Ok(())
}

fn facts(exif: &Exif, probed: &mut Probed) {
    let text = |tag| match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(parts) => stated(&String::from_utf8_lossy(parts.first()?)),
        _ => None,
    };
    let number = |tag| exif.get_field(tag, In::PRIMARY)?.value.get_uint(0);
    let facts = &mut probed.facts;
    facts.captured = text(Tag::DateTimeOriginal).and_then(|written| time(&written, text(Tag::SubSecTimeOriginal)));
    facts.offset = text(Tag::OffsetTimeOriginal).filter(|offset| is_offset(offset));
    facts.orientation = number(Tag::Orientation).filter(|value| (1..=8).contains(value)).map(u64::from);
    let place = Place {
        lat: degrees(exif, Tag::GPSLatitude, Tag::GPSLatitudeRef, 90.0),
        lon: degrees(exif, Tag::GPSLongitude, Tag::GPSLongitudeRef, 180.0),
        alt: altitude(exif),
    };
    if place.lat.is_some() && place.lon.is_some() {
        probed.location = Some(place);
    }
    let device = Device { make: text(Tag::Make), model: text(Tag::Model), software: text(Tag::Software) };
    if device != Device::default() {
        probed.device = Some(device);
    }
}

/// `2015:10:04 09:12:33` as `2015-10-04T09:12:33`; blanks and zeroes are no time.
fn time(written: &str, fraction: Option<String>) -> Option<String> {
    let bytes = written.as_bytes();
    let shape = bytes.len() >= 19
        && bytes[..19].iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => matches!(byte, b':' | b'-'),
            10 => matches!(byte, b' ' | b'T'),
            13 | 16 => *byte == b':',
            _ => byte.is_ascii_digit(),
        });
    if !shape || written.starts_with("0000") {
        return None;
    }
    let mut iso = format!("{}-{}-{}T{}", &written[..4], &written[5..7], &written[8..10], &written[11..19]);
    if let Some(fraction) = fraction.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
        iso.push('.');
        iso.push_str(&fraction);
    }
    Some(iso)
}

fn is_offset(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 6
        && matches!(bytes[0], b'+' | b'-')
        && bytes[3] == b':'
        && [1, 2, 4, 5].iter().all(|at| bytes[*at].is_ascii_digit())
}

fn degrees(exif: &Exif, tag: Tag, side: Tag, most: f64) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(tag, In::PRIMARY)?.value else { return None };
    let part = |at: usize| match parts.get(at) {
        None => Some(0.0),
        Some(part) if part.denom == 0 => (part.num == 0).then_some(0.0),
        Some(part) => Some(part.to_f64()),
    };
    if parts.first()?.denom == 0 {
        return None;
    }
    let value = part(0)? + part(1)? / 60.0 + part(2)? / 3600.0;
    let Value::Ascii(letters) = &exif.get_field(side, In::PRIMARY)?.value else { return None };
    let signed = match letters.first()?.first()?.to_ascii_uppercase() {
        b'N' | b'E' => value,
        b'S' | b'W' => -value,
        _ => return None,
    };
    (signed.abs() <= most).then_some(signed)
}

fn altitude(exif: &Exif) -> Option<f64> {
    let Value::Rational(parts) = &exif.get_field(Tag::GPSAltitude, In::PRIMARY)?.value else { return None };
    let metres = parts.first().filter(|part| part.denom != 0)?.to_f64();
    let below = match exif.get_field(Tag::GPSAltitudeRef, In::PRIMARY).map(|field| &field.value) {
        Some(Value::Byte(bytes)) => bytes.first() == Some(&1),
        _ => false,
    };
    Some(if below { -metres } else { metres })
}

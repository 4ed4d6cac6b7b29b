//! Matroska and WebM (RFC 9559, EBML RFC 8794).

use std::io::{self, Read, Seek, SeekFrom};

use super::{Probed, Structure, stated};
use crate::evidence::{Device, Time};

/// Elements of the head are read into memory up to this size.
const LARGEST: u64 = 16 << 20;

/// A variable-length number; `marked` keeps the length mark, as element ids do. None if it is the
/// reserved "unknown".
fn number<R: Read>(file: &mut R, marked: bool) -> io::Result<Option<u64>> {
    let mut first = [0];
    file.read_exact(&mut first)?;
    let length = first[0].leading_zeros() as usize;
    if length > 7 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not an EBML number"));
    }
    let mut rest = vec![0; length];
    file.read_exact(&mut rest)?;
    let start = if marked { u64::from(first[0]) } else { u64::from(first[0]) & ((1 << (7 - length)) - 1) };
    let value = rest.iter().fold(start, |value, byte| value << 8 | u64::from(*byte));
    let unknown = (1u64 << (7 * (length + 1))) - 1;
    Ok((marked || value != unknown).then_some(value))
}

/// Reads the segment's information and tracks, and checks that its declared bytes are there.
pub(super) fn examine<R: Read + Seek>(file: &mut R, probed: &mut Probed) -> io::Result<()> {
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut budget = 10_000;
    let end = loop {
        let (Some(id), length) = (number(file, true)?, number(file, false)?) else { return Ok(()) };
        let start = file.stream_position()?;
        if id == 0x1853_8067 {
            probed.structure = match length {
                Some(length) if start.saturating_add(length) > size => {
                    Structure::Cut(format!("the segment ends {} bytes after the file does", start.saturating_add(length) - size))
                }
                Some(_) => Structure::Whole,
                None => Structure::Unknown,
            };
            break length.map_or(size, |length| start.saturating_add(length).min(size));
        }
        let Some(length) = length.filter(|length| start + length < size) else {
            probed.structure = Structure::Cut("there is no segment".into());
            return Ok(());
        };
        file.seek(SeekFrom::Start(start + length))?;
    };
    let mut found = 0;
    while file.stream_position()? + 2 < end && found < 2 && budget > 0 {
        budget -= 1;
        let (Some(id), Some(length)) = (number(file, true)?, number(file, false)?) else { break };
        let start = file.stream_position()?;
        let next = start.saturating_add(length);
        if matches!(id, 0x1549_a966 | 0x1654_ae6b) && length <= LARGEST && next <= size {
            let mut content = Vec::new();
            file.by_ref().take(length).read_to_end(&mut content)?;
            if id == 0x1549_a966 {
                information(&content, probed)
            } else {
                tracks(&content, probed)
            }
            found += 1;
        }
        if next >= size {
            break;
        }
        file.seek(SeekFrom::Start(next))?;
    }
    Ok(())
}

/// The elements of a container in memory; what does not fit ends the walk.
fn elements(mut bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        let id = number(&mut bytes, true).ok()??;
        let length = usize::try_from(number(&mut bytes, false).ok()??).ok()?;
        let (content, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        Some((id, content))
    })
}

fn unsigned(content: &[u8]) -> u64 {
    content.iter().take(8).fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn float(content: &[u8]) -> Option<f64> {
    match content.len() {
        4 => Some(f64::from(f32::from_be_bytes(content.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(content.try_into().ok()?)),
        _ => None,
    }
}

fn information(content: &[u8], probed: &mut Probed) {
    let (mut scale, mut length, mut created, mut software) = (1_000_000, None, None, None);
    for (id, content) in elements(content) {
        match id {
            0x2a_d7b1 => scale = unsigned(content),
            0x4489 => length = float(content),
            // Nanoseconds since 2001-01-01, signed.
            0x4461 if content.len() == 8 => created = Some(unsigned(content) as i64),
            0x5741 => software = stated(&String::from_utf8_lossy(content)),
            _ => {}
        }
    }
    let seconds = length.map(|length| length * scale as f64 / 1e9);
    probed.facts.duration =
        seconds.filter(|seconds| seconds.is_finite() && *seconds > 0.0).map(|seconds| (seconds * 1e6).round() / 1e6);
    probed.facts.creation_time = created.map(|nanos| Time::from_micros(978_307_200_000_000 + nanos / 1000).to_string());
    if software.is_some() {
        probed.device = Some(Device { software, ..Device::default() });
    }
}

fn tracks(content: &[u8], probed: &mut Probed) {
    for (_, track) in elements(content).filter(|(id, _)| *id == 0xae) {
        let (mut kind, mut codec, mut size) = (0, String::new(), None);
        for (id, content) in elements(track) {
            match id {
                0x83 => kind = unsigned(content),
                0x86 => codec = String::from_utf8_lossy(content).trim_end_matches('\0').to_owned(),
                0xe0 => {
                    let of = |wanted: u64| elements(content).find(|(id, _)| *id == wanted).map(|(_, content)| unsigned(content));
                    size = of(0xb0).zip(of(0xba));
                }
                _ => {}
            }
        }
        let facts = &mut probed.facts;
        match kind {
            1 if facts.video_codec.is_none() => {
                facts.video_codec = Some(name(&codec));
                facts.width = size.map(|(width, _)| width);
                facts.height = size.map(|(_, height)| height);
            }
            2 if facts.audio_codec.is_none() => facts.audio_codec = Some(name(&codec)),
            _ => {}
        }
    }
}

/// ffprobe's name of a Matroska codec id.
fn name(codec: &str) -> String {
    match codec {
        "V_VP8" => "vp8",
        "V_VP9" => "vp9",
        "V_AV1" => "av1",
        "V_MPEG4/ISO/AVC" => "h264",
        "V_MPEGH/ISO/HEVC" => "hevc",
        "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/SP" => "mpeg4",
        "V_MPEG2" => "mpeg2video",
        "V_THEORA" => "theora",
        "A_OPUS" => "opus",
        "A_VORBIS" => "vorbis",
        "A_FLAC" => "flac",
        "A_MPEG/L3" => "mp3",
        "A_AC3" => "ac3",
        "A_EAC3" => "eac3",
        aac if aac.starts_with("A_AAC") => "aac",
        other => return other.trim_start_matches(['V', 'A', '_']).to_lowercase(),
    }
    .to_owned()
}

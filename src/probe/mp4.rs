//! MP4, QuickTime and 3GPP (ISO 14496-12, Apple QuickTime File Format).

use std::io::{self, Read, Seek, SeekFrom};

use super::{Probed, Structure, iso6709, stated};
use crate::evidence::{Device, Place, Time};

/// An index larger than this is not read.
const LARGEST_INDEX: u64 = 256 << 20;
/// Boxes deeper than this are not looked into.
const DEEPEST: usize = 12;

/// Reads the index (`moov`) and checks that every top-level box is there to its end.
pub(super) fn examine<R: Read + Seek>(file: &mut R, probed: &mut Probed) -> io::Result<()> {
    let size = file.seek(SeekFrom::End(0))?;
    let (mut at, mut index, mut cut, mut boxes) = (0, None, None, 0);
    while at + 8 <= size && boxes < 100_000 {
        boxes += 1;
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 16];
        file.read_exact(&mut head[..8])?;
        let kind: [u8; 4] = [head[4], head[5], head[6], head[7]];
        let short = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let (header, length) = match short {
            0 => (8, size - at),
            1 if at + 16 <= size => {
                file.read_exact(&mut head[8..])?;
                (16, u64::from_be_bytes(head[8..].try_into().unwrap_or_default()))
            }
            other => (8, other),
        };
        if length < header || !kind.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == 0xa9) {
            cut = Some(format!("what stands at byte {at} is not a box"));
            break;
        }
        let end = at.saturating_add(length);
        if end > size {
            cut = Some(format!("the {} box ends {} bytes after the file does", String::from_utf8_lossy(&kind), end - size));
        }
        if &kind == b"moov" && index.is_none() {
            index = Some((at + header, end.min(size) - at - header));
        }
        at = end;
    }
    probed.structure = match (&index, cut) {
        (_, Some(cut)) => Structure::Cut(cut),
        (None, None) => Structure::Cut("the index (moov) is missing".into()),
        (Some(_), None) => Structure::Whole,
    };
    let Some((start, length)) = index else { return Ok(()) };
    if length > LARGEST_INDEX {
        probed.problems.push(format!("the index is {length} bytes long and was not read"));
        return Ok(());
    }
    file.seek(SeekFrom::Start(start))?;
    let mut moov = Vec::new();
    file.take(length).read_to_end(&mut moov)?;
    let mut movie = Movie::default();
    movie.read(&moov, 0);
    movie.tell(probed);
    Ok(())
}

#[derive(Default)]
struct Track {
    handler: [u8; 4],
    codec: Option<String>,
    size: Option<(u64, u64)>,
    rotation: i64,
    duration: Option<f64>,
}

#[derive(Default)]
struct Movie {
    created: Option<u64>,
    duration: Option<f64>,
    tracks: Vec<Track>,
    place: Option<String>,
    point: Option<Place>,
    make: Option<String>,
    model: Option<String>,
    software: Option<String>,
    keys: Vec<String>,
}

/// The boxes of a container: kind and content. What does not fit ends the walk.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (head, _) = bytes.split_first_chunk::<8>()?;
        let kind = [head[4], head[5], head[6], head[7]];
        let (header, length) = match u32::from_be_bytes([head[0], head[1], head[2], head[3]]) {
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)).ok()?),
            length => (8, length as usize),
        };
        let content = bytes.get(header..length.min(bytes.len()))?;
        bytes = &bytes[length.min(bytes.len())..];
        Some((kind, content))
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

/// Creation time and duration of an `mvhd` or `mdhd`.
fn times(content: &[u8]) -> Option<(u64, Option<f64>)> {
    let (created, scale, length, unknown) = match content.first()? {
        1 => (u64_at(content, 4)?, u32_at(content, 20)?, u64_at(content, 24)?, u64::MAX),
        _ => (u32_at(content, 4)?, u32_at(content, 12)?, u32_at(content, 16)?, u64::from(u32::MAX)),
    };
    let seconds = (scale > 0 && length > 0 && length != unknown).then(|| length as f64 / scale as f64);
    Some((created, seconds))
}

impl Movie {
    fn read(&mut self, content: &[u8], depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for (kind, content) in boxes(content) {
            match &kind {
                b"mvhd" => {
                    if let Some((created, duration)) = times(content) {
                        self.created = Some(created).filter(|created| *created > 0);
                        self.duration = duration;
                    }
                }
                b"mvex" => {
                    for (kind, content) in boxes(content) {
                        // A fragmented file states its length here.
                        if &kind == b"mehd" && self.duration.is_none() {
                            self.duration =
                                u32_at(content, 4).map(|length| length as f64 / 1000.0).filter(|length| *length > 0.0);
                        }
                    }
                }
                b"trak" => {
                    self.tracks.push(Track::default());
                    self.track(content, depth + 1);
                }
                b"udta" => self.user_data(content, depth + 1),
                b"meta" => self.metadata(content),
                _ => {}
            }
        }
    }

    fn track(&mut self, content: &[u8], depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for (kind, content) in boxes(content) {
            let Some(track) = self.tracks.last_mut() else { return };
            match &kind {
                b"tkhd" => track.rotation = rotation(content).unwrap_or_default(),
                b"mdia" | b"minf" | b"stbl" => self.track(content, depth + 1),
                b"mdhd" => track.duration = times(content).and_then(|(_, duration)| duration),
                // The first one is the media's; a second, in `minf`, is a data handler.
                b"hdlr" if track.handler == [0; 4] => {
                    track.handler = content.get(8..12).and_then(|kind| kind.try_into().ok()).unwrap_or_default();
                }
                b"stsd" => describe(content, track),
                _ => {}
            }
        }
    }

    /// QuickTime user data, `©xyz` and its like, and 3GPP's `loci` (TS 26.244 §8.2).
    fn user_data(&mut self, content: &[u8], depth: usize) {
        for (kind, content) in boxes(content) {
            let text = || {
                let length = u16_at(content, 0)? as usize;
                stated(&String::from_utf8_lossy(content.get(4..4 + length)?))
            };
            match &kind {
                b"\xa9xyz" => self.place = self.place.take().or_else(text),
                b"\xa9mak" => self.make = self.make.take().or_else(text),
                b"\xa9mod" => self.model = self.model.take().or_else(text),
                b"\xa9swr" => self.software = self.software.take().or_else(text),
                b"loci" => self.point = self.point.take().or_else(|| point(content)),
                b"meta" if depth < DEEPEST => self.metadata(content),
                _ => {}
            }
        }
    }

    /// Metadata keys (`mdta`), as phones write them.
    fn metadata(&mut self, content: &[u8]) {
        // ISO files have version and flags before the boxes; QuickTime files have not.
        let content = if content.get(4..8) == Some(b"hdlr") { content } else { content.get(4..).unwrap_or_default() };
        for (kind, content) in boxes(content) {
            match &kind {
                b"keys" => {
                    let keys = boxes(content.get(8..).unwrap_or_default());
                    self.keys = keys.take(1000).map(|(_, name)| String::from_utf8_lossy(name).into_owned()).collect();
                }
                b"ilst" => {
                    for (number, content) in boxes(content) {
                        let at = (u32::from_be_bytes(number) as usize).wrapping_sub(1);
                        let key = self.keys.get(at).cloned().unwrap_or_default();
                        let data = boxes(content).find(|(kind, _)| kind == b"data").and_then(|(_, data)| data.get(8..));
                        let value = data.and_then(|data| stated(&String::from_utf8_lossy(data)));
                        match key.strip_prefix("com.apple.quicktime.").or(key.strip_prefix("com.android.")).unwrap_or("") {
                            "location.ISO6709" => self.place = value.or(self.place.take()),
                            "make" | "manufacturer" => self.make = value.or(self.make.take()),
                            "model" => self.model = value.or(self.model.take()),
                            "software" => self.software = value.or(self.software.take()),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn tell(self, probed: &mut Probed) {
        let facts = &mut probed.facts;
        let of = |handler: &[u8; 4]| self.tracks.iter().find(|track| track.handler == *handler);
        let longest = self.tracks.iter().filter_map(|track| track.duration).fold(0.0, f64::max);
        facts.duration = self.duration.or(Some(longest)).filter(|seconds| *seconds > 0.0).map(milliseconds);
        if let Some(video) = of(b"vide") {
            facts.width = video.size.map(|(width, _)| width);
            facts.height = video.size.map(|(_, height)| height);
            facts.video_codec = video.codec.clone();
            facts.rotation = Some(video.rotation).filter(|degrees| *degrees != 0);
        }
        facts.audio_codec = of(b"soun").and_then(|audio| audio.codec.clone());
        if facts.video_codec.is_none() && facts.audio_codec.is_some() && facts.mime.as_deref() == Some("video/mp4") {
            facts.mime = Some("audio/mp4".into());
        }
        // Seconds since 1904-01-01; some writers count from 1970.
        const FROM_1904: u64 = 2_082_844_800;
        facts.creation_time = self.created.and_then(|created| {
            let seconds = if created >= FROM_1904 { created - FROM_1904 } else { created };
            let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
            (seconds < 4_102_444_800).then(|| Time::from_micros(micros).to_string())
        });
        probed.location = self.place.as_deref().and_then(iso6709::parse).or(self.point);
        if let (Some(text), None) = (&self.place, &probed.location) {
            probed.problems.push(format!("the place {text:?} is not in ISO 6709"));
        }
        let device = Device { make: self.make, model: self.model, software: self.software };
        probed.device = Some(device).filter(|device| *device != Device::default());
    }
}

/// A 3GPP location: language, name, role, then longitude, latitude and altitude in 16.16 fixed point.
fn point(content: &[u8]) -> Option<Place> {
    let name = content.get(6..)?;
    let after = if name.starts_with(b"\xfe\xff") {
        name.chunks_exact(2).position(|unit| unit == [0, 0])? * 2 + 2
    } else {
        name.iter().position(|byte| *byte == 0)? + 1
    };
    let numbers = name.get(after + 1..)?;
    // Five decimals are what 16 bits behind the point can carry.
    let number = |at: usize| Some((f64::from(u32_at(numbers, at)? as u32 as i32) / 65536.0 * 1e5).round() / 1e5);
    let (lon, lat, alt) = (number(0)?, number(4)?, number(8)?);
    (lat.abs() <= 90.0 && lon.abs() <= 180.0).then_some(Place {
        lat: Some(lat),
        lon: Some(lon),
        alt: Some(alt).filter(|alt| *alt != 0.0),
    })
}

fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// Degrees clockwise that the track's matrix turns the picture by.
fn rotation(content: &[u8]) -> Option<i64> {
    let at = if content.first()? == &1 { 52 } else { 40 };
    let number = |index: usize| u32_at(content, at + index * 4).map(|value| (value as u32 as i32) >> 16);
    Some(match (number(0)?, number(1)?, number(3)?, number(4)?) {
        (0, 1, -1, 0) => 90,
        (-1, 0, 0, -1) => 180,
        (0, -1, 1, 0) => 270,
        _ => 0,
    })
}

/// The first sample description: codec, and the picture's stored size.
fn describe(content: &[u8], track: &mut Track) {
    let Some((kind, entry)) = content.get(8..).and_then(|entries| boxes(entries).next()) else { return };
    if &track.handler == b"vide" {
        if let (Some(width), Some(height)) = (u16_at(entry, 24), u16_at(entry, 26)) {
            track.size = Some((width, height));
        }
        track.codec = Some(video_codec(&kind));
    } else if &track.handler == b"soun" {
        track.codec = Some(audio_codec(&kind, entry));
    }
}

fn named(kind: &[u8; 4]) -> String {
    String::from_utf8_lossy(kind).trim().to_lowercase()
}

fn video_codec(kind: &[u8; 4]) -> String {
    match kind {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => "h264".into(),
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => "hevc".into(),
        b"av01" => "av1".into(),
        b"vp08" => "vp8".into(),
        b"vp09" => "vp9".into(),
        b"mp4v" => "mpeg4".into(),
        b"s263" | b"h263" | b"H263" => "h263".into(),
        b"jpeg" | b"mjpa" | b"mjpb" => "mjpeg".into(),
        b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => "prores".into(),
        b"SVQ1" => "svq1".into(),
        b"SVQ3" => "svq3".into(),
        b"rle " => "qtrle".into(),
        b"dvc " | b"dvcp" | b"dv5p" => "dvvideo".into(),
        other => named(other),
    }
}

fn audio_codec(kind: &[u8; 4], entry: &[u8]) -> String {
    match kind {
        b"mp4a" => match object_type(entry) {
            Some(0x69 | 0x6b) => "mp3".into(),
            Some(0xdd) => "vorbis".into(),
            _ => "aac".into(),
        },
        b"samr" => "amr_nb".into(),
        b"sawb" => "amr_wb".into(),
        b"Opus" => "opus".into(),
        b"ac-3" => "ac3".into(),
        b"ec-3" => "eac3".into(),
        b"fLaC" => "flac".into(),
        b"twos" => "pcm_s16be".into(),
        b"sowt" | b"lpcm" => "pcm_s16le".into(),
        b"raw " => "pcm_u8".into(),
        b"ima4" => "adpcm_ima_qt".into(),
        b"ulaw" => "pcm_mulaw".into(),
        b"alaw" => "pcm_alaw".into(),
        b"QDM2" => "qdm2".into(),
        b".mp3" => "mp3".into(),
        other => named(other),
    }
}

/// The object type of an `esds` (ISO 14496-1, DecoderConfigDescriptor).
fn object_type(entry: &[u8]) -> Option<u8> {
    let at = entry.windows(4).position(|four| four == b"esds")?;
    let descriptor = entry.get(at + 8..)?;
    let config = descriptor.iter().skip(3).position(|byte| *byte == 0x04)? + 3;
    // Lengths are written in one to four bytes; the first three have their top bit set.
    let after = descriptor.get(config + 1..)?.iter().position(|byte| byte & 0x80 == 0)?;
    descriptor.get(config + 2 + after).copied()
}

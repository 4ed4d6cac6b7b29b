//! Pictures: size in pixels, and whether the file reaches its own end.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::{Probed, Structure};

/// Reads a picture's size and checks its end mark.
pub(super) fn examine<R: Read + Seek>(file: &mut R, mime: &str, probed: &mut Probed) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    match imagesize::reader_size(BufReader::new(&mut *file)) {
        Ok(size) => {
            probed.facts.width = Some(size.width as u64);
            probed.facts.height = Some(size.height as u64);
        }
        Err(_) if mime == "image/svg+xml" => {}
        Err(error) => probed.problems.push(format!("the picture's size cannot be read: {error}")),
    }
    probed.structure = structure(file, mime)?;
    Ok(())
}

fn tail<R: Read + Seek>(file: &mut R, count: u64) -> io::Result<Vec<u8>> {
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(size.saturating_sub(count)))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether the chunks of a PNG lead to its end chunk.
fn reaches_iend<R: Read + Seek>(file: &mut R) -> io::Result<bool> {
    let size = file.seek(SeekFrom::End(0))?;
    let mut at = 8;
    for _ in 0..1_000_000 {
        if at + 12 > size {
            break;
        }
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0; 8];
        file.read_exact(&mut head)?;
        at += 12 + u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        if &head[4..] == b"IEND" {
            return Ok(at <= size);
        }
    }
    Ok(false)
}

fn structure<R: Read + Seek>(file: &mut R, mime: &str) -> io::Result<Structure> {
    let ends = |found: bool, what: &str| if found { Structure::Whole } else { Structure::Cut(format!("the {what} is missing")) };
    Ok(match mime {
        // Cameras write things behind the end mark, so it is looked for in the last part.
        "image/jpeg" => {
            let last = tail(file, 1 << 20)?;
            ends(last.windows(2).any(|two| two == [0xff, 0xd9]), "JPEG end mark")
        }
        "image/png" => ends(reaches_iend(file)?, "PNG end chunk"),
        "image/gif" => ends(tail(file, 1024)?.contains(&0x3b), "GIF end mark"),
        "image/webp" => {
            let size = file.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(4))?;
            let mut declared = [0; 4];
            file.read_exact(&mut declared)?;
            let declared = u64::from(u32::from_le_bytes(declared)) + 8;
            if size < declared { Structure::Cut(format!("{size} of {declared} bytes are there")) } else { Structure::Whole }
        }
        _ => Structure::Unknown,
    })
}

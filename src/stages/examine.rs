//! What a media file itself says, without a case.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::ObtainError;
use crate::evidence::{Digest, Examination, Probe, Sha256};
use crate::fetch::Found;
use crate::probe::{self, Structure};

/// One file's facts, as `examine --json` prints them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examined {
    pub file: String,
    pub sha256: Digest,
    pub facts: Value,
    pub probe: Probe,
    pub problems: Vec<String>,
}

/// Examines a file in place. Nothing is recorded.
pub fn examine_file(path: &Path) -> Result<Examined, ObtainError> {
    let name = path.display().to_string();
    let unreadable = |why: String| ObtainError::Unreadable { name: name.clone(), why };
    let found = Found::named(path).map_err(|error| ObtainError::of(path, error))?;
    let mut file = BufReader::new(found.file);
    let probed = probe::examine(&mut file);
    let mut hasher = Sha256::default();
    let mut buffer = vec![0; 1 << 18];
    file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(error.to_string()))?;
    loop {
        match file.read(&mut buffer).map_err(|error| unreadable(error.to_string()))? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    let sha256 = hasher.finish();
    let mut problems = probed.problems;
    if let Structure::Cut(why) = probed.structure {
        problems.push(format!("the file is cut: {why}"));
    }
    let facts = Examination {
        object: sha256,
        probe: probe::probe_version(),
        facts: probed.facts,
        location: probed.location,
        device: probed.device,
        problems: Vec::new(),
    };
    Ok(Examined { file: name, sha256, facts: facts.flat(), probe: facts.probe, problems })
}

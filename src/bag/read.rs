//! Checking a bag: every file that a manifest lists, and every file that none does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path};

use sha2::{Digest as _, Sha512};

use crate::evidence::Sha256;

use super::BagError;

/// What is wrong with one file, or with the bag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BagProblem {
    Altered {
        path: String,
        why: String,
    },
    Missing {
        path: String,
    },
    Extra {
        path: String,
    },
    /// The bag itself is not in its format.
    Invalid {
        why: String,
    },
}

/// A file that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BagFile {
    pub path: String,
    pub size: u64,
    /// Of the bytes as they are, hex.
    pub sha256: String,
}

/// A manifest: digest by path.
pub type Manifest = BTreeMap<String, String>;

/// Files at the top of a bag that sign or stamp a manifest, and that none can list.
fn signs(path: &str) -> bool {
    path == "tagmanifest-sha256.txt.sig"
}

fn decoded(path: &str) -> String {
    path.replace("%0D", "\r").replace("%0d", "\r").replace("%0A", "\n").replace("%0a", "\n").replace("%25", "%")
}

fn is_safe(path: &str) -> bool {
    !path.is_empty() && !path.contains('\\') && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn manifest(bag: &Path, name: &str, problems: &mut Vec<BagProblem>) -> Option<Manifest> {
    let bytes = fs::read(bag.join(name)).ok()?;
    let Ok(text) = String::from_utf8(bytes) else {
        problems.push(BagProblem::Invalid { why: format!("{name} is not UTF-8") });
        return None;
    };
    let mut list = Manifest::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let parted = line.split_once([' ', '\t']);
        match parted.map(|(digest, path)| (digest.to_ascii_lowercase(), decoded(path.trim_start_matches([' ', '\t', '*'])))) {
            // Upper case is allowed, but not one letter of it: that is a flipped bit.
            _ if parted.is_some_and(|(digest, _)| {
                digest.bytes().any(|byte| byte.is_ascii_uppercase()) && digest.bytes().any(|byte| byte.is_ascii_lowercase())
            }) =>
            {
                problems.push(BagProblem::Invalid { why: format!("{name} has a digest in mixed case: {line:?}") });
            }
            Some((digest, path)) if is_safe(path.trim_start_matches("./")) => {
                if list.insert(path.trim_start_matches("./").to_owned(), digest).is_some() {
                    problems.push(BagProblem::Invalid { why: format!("{name} lists {path} twice") });
                }
            }
            _ => problems.push(BagProblem::Invalid {
                why: format!("{name} has a line that is not a digest and a path inside the bag: {line:?}"),
            }),
        }
    }
    Some(list)
}

/// Checks a bag against its own manifests. Gives the files that were read, and all that is wrong.
pub fn check_bag(bag: &Path) -> Result<(Vec<BagFile>, Vec<BagProblem>), BagError> {
    let mut problems = Vec::new();
    let declaration =
        fs::read_to_string(bag.join("bagit.txt")).map_err(|source| BagError::Read { path: bag.join("bagit.txt"), source })?;
    let lines: Vec<&str> = declaration.lines().collect();
    let version = lines.first().and_then(|line| line.strip_prefix("BagIt-Version: "));
    if !matches!(version, Some("1.0" | "0.97" | "0.96" | "0.95" | "0.94" | "0.93"))
        || !lines.get(1).is_some_and(|line| line.starts_with("Tag-File-Character-Encoding: "))
    {
        problems.push(BagProblem::Invalid { why: "bagit.txt does not declare a version and an encoding".into() });
    }
    let payload: Vec<(&str, Option<Manifest>)> = [
        ("sha256", manifest(bag, "manifest-sha256.txt", &mut problems)),
        ("sha512", manifest(bag, "manifest-sha512.txt", &mut problems)),
    ]
    .into();
    let tags: Vec<(&str, Option<Manifest>)> = [
        ("sha256", manifest(bag, "tagmanifest-sha256.txt", &mut problems)),
        ("sha512", manifest(bag, "tagmanifest-sha512.txt", &mut problems)),
    ]
    .into();
    if payload.iter().all(|(_, list)| list.is_none()) {
        problems.push(BagProblem::Invalid { why: "there is no manifest-sha256.txt or manifest-sha512.txt".into() });
    }
    let mut wanted: BTreeMap<String, Vec<(&str, String)>> = BTreeMap::new();
    for (algorithm, list) in payload.iter().chain(&tags) {
        for (path, digest) in list.iter().flatten() {
            wanted.entry(path.clone()).or_default().push((algorithm, digest.clone()));
        }
    }
    // A bag that has tag manifests has one for each of its manifests.
    for ((algorithm, list), (_, tag_list)) in payload.iter().zip(&tags) {
        if list.is_some() && tag_list.is_none() && tags.iter().any(|(_, list)| list.is_some()) {
            problems.push(BagProblem::Invalid { why: format!("tagmanifest-{algorithm}.txt is missing or cannot be read") });
        }
    }
    let listed_by_all = |lists: &[(&str, Option<Manifest>)], path: &str| {
        lists.iter().all(|(_, list)| list.as_ref().is_none_or(|list| list.contains_key(path)))
    };
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for file in walkdir::WalkDir::new(bag).sort_by_file_name() {
        let file = file.map_err(|error| BagError::Read { path: bag.to_path_buf(), source: error.into() })?;
        if file.file_type().is_dir() {
            continue;
        }
        let path = file.path().strip_prefix(bag).unwrap_or(file.path()).to_string_lossy().into_owned();
        seen.insert(path.clone());
        if file.file_type().is_symlink() {
            problems.push(BagProblem::Extra { path });
            continue;
        }
        let tag_manifest = matches!(path.as_str(), "tagmanifest-sha256.txt" | "tagmanifest-sha512.txt");
        let in_all = if path.starts_with("data/") { listed_by_all(&payload, &path) } else { listed_by_all(&tags, &path) };
        match wanted.get(&path) {
            Some(digests) => {
                let (size, sha256, wrong) = compare(file.path(), digests)?;
                problems.extend(wrong.map(|why| BagProblem::Altered { path: path.clone(), why }));
                if !in_all {
                    problems.push(BagProblem::Invalid { why: format!("{path} is not in every manifest") });
                }
                files.push(BagFile { path, size, sha256 });
            }
            None if tag_manifest || signs(&path) => {}
            None => problems.push(BagProblem::Extra { path }),
        }
    }
    problems.extend(wanted.into_keys().filter(|path| !seen.contains(path)).map(|path| BagProblem::Missing { path }));
    Ok((files, problems))
}

fn compare(path: &Path, digests: &[(&str, String)]) -> Result<(u64, String, Option<String>), BagError> {
    let failed = |source| BagError::Read { path: path.to_path_buf(), source };
    let mut file = fs::File::open(path).map_err(failed)?;
    let (mut sha256, mut sha512, mut size) = (Sha256::default(), Sha512::new(), 0);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        sha256.update(&buffer[..count]);
        sha512.update(&buffer[..count]);
        size += count as u64;
    }
    let (sha256, sha512) = (sha256.finish().to_string(), hex::encode(sha512.finalize()));
    let wrong = digests.iter().find_map(|(algorithm, digest)| {
        let now = if *algorithm == "sha256" { &sha256 } else { &sha512 };
        (now != digest).then(|| format!("the {algorithm} manifest says {digest}, the bytes have {now}"))
    });
    Ok((size, sha256, wrong))
}

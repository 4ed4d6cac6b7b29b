//! Checking a bag (RFC 8493, and BagIt 0.93 to 0.97): every file that a manifest lists, and every file that none does.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Component, Path};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha224, Sha384, Sha512};
use unicode_normalization::UnicodeNormalization;

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
    /// It is in its format, and something about it may trouble other readers.
    Doubtful {
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
type Manifest = BTreeMap<String, String>;

const ALGORITHMS: [&str; 6] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

/// Files at the top of a bag that sign or stamp a manifest, and that none can list.
fn signs(path: &str) -> bool {
    let stamp = path.strip_prefix("tagmanifest-sha256.txt.").and_then(|rest| rest.strip_suffix(".tsr"));
    path == "tagmanifest-sha256.txt.sig" || stamp.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// Whether a directory is a bag, or what is left of one.
pub fn is_bag(path: &Path) -> bool {
    let manifests = || ALGORITHMS.iter().any(|name| path.join(format!("manifest-{name}.txt")).is_file());
    path.join("bagit.txt").is_file() || path.join("data").is_dir() && manifests()
}

fn decoded(path: &str) -> String {
    path.replace("%0D", "\r").replace("%0d", "\r").replace("%0A", "\n").replace("%0a", "\n").replace("%25", "%")
}

fn is_safe(path: &str) -> bool {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    !path.is_empty() && !path.starts_with('~') && !path.contains('\\') && plain
}

/// What every reading of a bag shares.
struct Checking<'a> {
    bag: &'a Path,
    /// `(1, 0)`
    version: (u32, u32),
    /// Whether it is one of ours.
    own: bool,
    encoding: &'static encoding_rs::Encoding,
    problems: Vec<BagProblem>,
}

impl Checking<'_> {
    fn invalid(&mut self, why: String) {
        self.problems.push(BagProblem::Invalid { why });
    }

    fn doubt(&mut self, why: String) {
        self.problems.push(BagProblem::Doubtful { why });
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let bytes = fs::read(self.bag.join(name)).ok()?;
        let (text, _, wrong) = self.encoding.decode(&bytes);
        if wrong {
            self.invalid(format!("{name} is not {}", self.encoding.name()));
            return None;
        }
        Some(text.into_owned())
    }

    fn declaration(&mut self) {
        let Ok(bytes) = fs::read(self.bag.join("bagit.txt")) else {
            return self.invalid("bagit.txt is missing".into());
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = text.lines();
        let version = lines.next().and_then(|line| line.strip_prefix("BagIt-Version: ")).unwrap_or_default().trim_end();
        let parts = version.split_once('.').and_then(|(one, two)| Some((one.parse().ok()?, two.parse().ok()?)));
        match parts {
            Some(version @ ((0, 93..=97) | (1, 0))) => self.version = version,
            _ => self.invalid("bagit.txt does not declare a version that is known".into()),
        }
        let encoding = lines.next().and_then(|line| line.strip_prefix("Tag-File-Character-Encoding: ")).unwrap_or_default();
        match encoding_rs::Encoding::for_label(encoding.trim().as_bytes()) {
            Some(encoding) => self.encoding = encoding,
            None => self.invalid("bagit.txt does not declare an encoding that is known".into()),
        }
    }

    fn manifest(&mut self, name: &str) -> Option<Manifest> {
        let text = self.text(name)?;
        if self.own && !text.ends_with('\n') {
            self.problems.push(BagProblem::Altered { path: name.to_owned(), why: "its end is cut".into() });
        }
        let mut list = Manifest::new();
        let (mut starred, mut dotted) = (false, 0);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let Some((digest, path)) = line.split_once([' ', '\t']) else {
                self.invalid(format!("{name} has a line that is not a digest and a path: {line:?}"));
                continue;
            };
            // Upper case is allowed, but not one letter of it: that is a flipped bit.
            if digest.bytes().any(|byte| byte.is_ascii_uppercase()) && digest.bytes().any(|byte| byte.is_ascii_lowercase()) {
                self.invalid(format!("{name} has a digest in mixed case: {line:?}"));
                continue;
            }
            let path = path.trim_start_matches([' ', '\t']);
            let plain = path.strip_prefix('*').unwrap_or(path);
            let inside = plain.strip_prefix("./").unwrap_or(plain);
            (starred, dotted) = (starred || plain != path, dotted + usize::from(inside != plain));
            let path = match decoded(inside) {
                // Before 1.0 nothing said that a per cent sign is written as %25.
                path if self.version < (1, 0) && !self.bag.join(&path).exists() => inside.to_owned(),
                path => path,
            };
            if !is_safe(&path) {
                self.invalid(format!("{name} names a path outside the bag: {line:?}"));
                continue;
            }
            let digest = digest.to_ascii_lowercase();
            match list.insert(path.clone(), digest.clone()) {
                Some(before) if before == digest && self.version < (1, 0) => self.doubt(format!("{name} lists {path} twice")),
                Some(_) => self.invalid(format!("{name} lists {path} twice")),
                None => {}
            }
        }
        if starred {
            self.doubt(format!("{name} marks paths with *, as md5sum does"));
        }
        if dotted > 0 && dotted == list.len() {
            self.doubt(format!("{name} begins every path with ./"));
        }
        Some(list)
    }

    /// Paths to be fetched: they must lie inside the bag; what is not there yet is missing all the same.
    fn fetch(&mut self) {
        for line in self.text("fetch.txt").unwrap_or_default().lines().filter(|line| !line.trim().is_empty()) {
            let path = line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
            if !is_safe(decoded(&path).trim_start_matches("./")) {
                self.invalid(format!("fetch.txt names a path outside the bag: {line:?}"));
            }
        }
    }

    fn oxum(&mut self, files: &[BagFile]) {
        let info = self.text("bag-info.txt").or_else(|| self.text("package-info.txt")).unwrap_or_default();
        let Some(told) = info.lines().find_map(|line| line.strip_prefix("Payload-Oxum:")) else { return };
        let payload = files.iter().filter(|file| file.path.starts_with("data/"));
        let own = format!("{}.{}", payload.clone().map(|file| file.size).sum::<u64>(), payload.count());
        if told.trim() != own {
            self.invalid(format!("bag-info.txt says Payload-Oxum {}, the files make {own}", told.trim()));
        }
    }
}

/// Checks a bag against its own manifests. Gives the files that were read, and all that is wrong.
pub fn check_bag(bag: &Path) -> Result<(Vec<BagFile>, Vec<BagProblem>), BagError> {
    let own = bag.join("data/log/checkpoint").is_file();
    let mut checking = Checking { bag, version: (1, 0), own, encoding: encoding_rs::UTF_8, problems: Vec::new() };
    checking.declaration();
    let mut lists = |kind: &str| -> Vec<(&'static str, Manifest)> {
        let read = |name: &&'static str| Some((*name, checking.manifest(&format!("{kind}-{name}.txt"))?));
        ALGORITHMS.iter().filter_map(read).collect()
    };
    let (payload, tags) = (lists("manifest"), lists("tagmanifest"));
    checking.fetch();
    let version = checking.version;
    if payload.is_empty() {
        checking.invalid("there is no manifest of the payload".into());
    }
    // A bag that has tag manifests has one for each of its manifests.
    for (algorithm, _) in &payload {
        if version >= (1, 0) && !tags.is_empty() && !tags.iter().any(|(name, _)| name == algorithm) {
            checking.invalid(format!("tagmanifest-{algorithm}.txt is missing or cannot be read"));
        }
    }
    let mut wanted: BTreeMap<&str, Vec<(&'static str, &str)>> = BTreeMap::new();
    for (algorithm, list) in payload.iter().chain(&tags) {
        for (path, digest) in list {
            wanted.entry(path).or_default().push((algorithm, digest));
        }
    }
    let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
    for file in walkdir::WalkDir::new(bag).sort_by_file_name() {
        let file = file.map_err(|error| BagError::Read { path: bag.to_path_buf(), source: error.into() })?;
        if file.file_type().is_dir() {
            continue;
        }
        let path = file.path().strip_prefix(bag).unwrap_or(file.path()).to_string_lossy().into_owned();
        seen.insert(path.clone());
        if file.file_type().is_symlink() {
            checking.problems.push(BagProblem::Extra { path });
            continue;
        }
        let is_payload = path.starts_with("data/");
        let listed = |lists: &[(&str, Manifest)]| lists.iter().filter(|(_, list)| list.contains_key(&path)).count();
        match wanted.get(path.as_str()) {
            Some(digests) => {
                let (size, sha256, wrong) = compare(file.path(), digests)?;
                checking.problems.extend(wrong.map(|why| BagProblem::Altered { path: path.clone(), why }));
                let all = if is_payload { listed(&payload) == payload.len() } else { listed(&tags) == tags.len() };
                if !all && (version >= (1, 0) || own) {
                    checking.invalid(format!("{path} is not in every manifest"));
                }
                files.push(BagFile { path, size, sha256 });
            }
            None if path.starts_with("tagmanifest-") && path.ends_with(".txt") || signs(&path) => {}
            // Ours list every file; others need not list what is not payload.
            None if !is_payload && !own => {}
            None => checking.problems.push(BagProblem::Extra { path }),
        }
    }
    for (path, digests) in wanted.iter().filter(|(path, _)| !seen.contains(**path)) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let folded = |path: &str| path.nfc().collect::<String>().to_lowercase();
        let twin =
            files.iter().find(|file| folded(&file.path) == folded(path) && wanted.get(file.path.as_str()) == Some(digests));
        match twin {
            Some(twin) => checking.doubt(format!("{path} and {} are one file under two spellings", twin.path)),
            None if matches!(name, ".DS_Store" | "Thumbs.db" | "desktop.ini") => {
                checking.doubt(format!("{path}, which a system makes by itself, is listed and not there"));
            }
            None => checking.problems.push(BagProblem::Missing { path: (*path).to_owned() }),
        }
    }
    if !checking.problems.iter().any(|problem| matches!(problem, BagProblem::Doubtful { .. })) {
        checking.oxum(&files);
    }
    Ok((files, checking.problems))
}

/// Digests of the algorithms that are asked for, and SHA-256.
fn compare(path: &Path, digests: &[(&str, &str)]) -> Result<(u64, String, Option<String>), BagError> {
    let failed = |source| BagError::Read { path: path.to_path_buf(), source };
    let mut file = fs::File::open(path).map_err(failed)?;
    let asked = |name: &str| digests.iter().any(|(algorithm, _)| *algorithm == name);
    let (mut sha256, mut size) = (Sha256::default(), 0);
    let mut sha512 = asked("sha512").then(Sha512::new);
    let mut others: Vec<(&str, Box<dyn sha2::digest::DynDigest>)> = Vec::new();
    for name in ["md5", "sha1", "sha224", "sha384"].into_iter().filter(|name| asked(name)) {
        others.push((
            name,
            match name {
                "md5" => Box::new(Md5::new()),
                "sha1" => Box::new(Sha1::new()),
                "sha224" => Box::new(Sha224::new()),
                _ => Box::new(Sha384::new()),
            },
        ));
    }
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut buffer).map_err(failed)?;
        if count == 0 {
            break;
        }
        sha256.update(&buffer[..count]);
        if let Some(sha512) = &mut sha512 {
            sha512.update(&buffer[..count]);
        }
        others.iter_mut().for_each(|(_, hasher)| hasher.update(&buffer[..count]));
        size += count as u64;
    }
    let sha256 = sha256.finish().to_string();
    let mut now = vec![("sha256", sha256.clone())];
    now.extend(sha512.map(|hasher| ("sha512", hex::encode(hasher.finalize()))));
    now.extend(others.into_iter().map(|(name, hasher)| (name, hex::encode(hasher.finalize()))));
    let wrong = digests.iter().find_map(|(algorithm, digest)| {
        let own = now.iter().find(|(name, _)| name == algorithm).map(|(_, own)| own.as_str())?;
        (own != *digest).then(|| format!("the {algorithm} manifest says {digest}, the bytes have {own}"))
    });
    Ok((size, sha256, wrong))
}

//! Packages of others: a bag from another case, any BagIt bag, WARC and WACZ files, and what auto-archiver leaves. Each file
//! comes in as attributed material, after its digest was checked; what the package says of itself is kept as received.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::{Archive, ArchiveError, Handed, Member, ObtainError, Outside, Place, Thing, hand_over, verify_bag};
use crate::bag::is_bag;
use crate::evidence::{Claim, Digest, Event, PackageReceived, Verdict};
use crate::keyring::Trusted;
use crate::vault::{Effects, Vault};
use crate::warc::{read_wacz, read_warc};

/// Why a package did not come in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("{name} cannot be taken in: {why}")]
    Unreadable { name: String, why: String },
    #[error("{name} is not whole: its check says {verdict}, with {findings} findings")]
    NotWhole { name: String, verdict: Verdict, findings: usize },
}

impl From<crate::vault::VaultError> for ImportError {
    fn from(error: crate::vault::VaultError) -> ImportError {
        ImportError::Archive(error.into())
    }
}

impl ImportError {
    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            ImportError::Archive(error) => error.next_step(),
            ImportError::Unreadable { .. } => {
                Some("give a bag's directory, a .warc, .warc.gz or .wacz file, or auto-archiver's .csv beside its files")
            }
            ImportError::NotWhole { .. } => {
                Some("`exhibit verify` names what is wrong; ask for it again, or say --even-if-damaged to take in what is there")
            }
        }
    }
}

/// One file of a package that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CameIn {
    pub name: String,
    pub exhibit: Option<String>,
    /// What is wrong with it; it came in all the same.
    pub problem: Option<String>,
}

/// What came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub format: String,
    pub origin: Option<String>,
    pub verdict: Verdict,
    pub files: Vec<CameIn>,
    pub problems: Vec<String>,
}

/// A file that is to come in, and what its package says of it.
struct Part {
    path: PathBuf,
    name: String,
    claims: Vec<Claim>,
    problem: Option<String>,
}

/// A package, read.
struct Package {
    format: &'static str,
    manifest: Digest,
    origin: Option<String>,
    size: Option<u64>,
    key: Option<String>,
    verdict: Verdict,
    parts: Vec<Part>,
    problems: Vec<String>,
    /// Files that were taken out of an archive live as long as this.
    _scratch: Option<tempfile::TempDir>,
}

fn claim(property: &str, value: impl Into<String>, via: &str) -> Claim {
    Claim {
        property: property.to_owned(),
        value: value.into(),
        via: Some(via.to_owned()),
        hedges: Vec::new(),
        quote: None,
        reading: None,
        rule: "package/statement@1".into(),
    }
}

/// Takes a package in. A damaged bag is refused unless `damaged`.
pub fn import(
    vault: &mut Vault,
    path: &Path,
    trusted: &[Trusted],
    damaged: bool,
    how: &Archive,
) -> Result<Imported, ImportError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let package = read(vault, path, trusted, damaged, how)?;
    let mut files = Vec::new();
    let mut problems = package.problems;
    for part in package.parts {
        let member = Member { path: part.path, place: Place::Itself, name: part.name.clone(), raw: None };
        let mut claims = part.claims;
        claims.extend(part.problem.as_ref().map(|problem| claim("digest-problem", problem, &name)));
        let handed = Handed { source: Thing::Member(member), claims, note: None, by: "package" };
        match hand_over(vault, &handed, how) {
            Ok(received) => files.push(CameIn { name: part.name, exhibit: received.exhibit, problem: part.problem }),
            // One that cannot be read does not keep the others out.
            Err(ArchiveError::Obtain(error)) => problems.push(format!("{}: {error}", part.name)),
            Err(error) => return Err(error.into()),
        }
    }
    let came = PackageReceived {
        format: package.format.to_owned(),
        manifest: package.manifest,
        origin: package.origin.clone(),
        size: package.size,
        key: package.key,
        verdict: package.verdict.to_string(),
        items: files.len() as u64,
        name: Some(name),
    };
    vault.commit(vec![Effects { events: vec![Event::PackageReceived(came)], ..Effects::default() }])?;
    Ok(Imported { format: package.format.to_owned(), origin: package.origin, verdict: package.verdict, files, problems })
}

fn read(vault: &Vault, path: &Path, trusted: &[Trusted], damaged: bool, how: &Archive) -> Result<Package, ImportError> {
    let unreadable = |why: String| ImportError::Unreadable { name: path.display().to_string(), why };
    if path.is_dir() && is_bag(path) {
        return bag(path, trusted, damaged);
    }
    let mut file = crate::fetch::open_file(path).map_err(|error| unreadable(error.to_string()))?;
    let mut head = [0; 8];
    let count = file.read(&mut head).map_err(|error| unreadable(error.to_string()))?;
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let scratch = vault.reader().layout().root.join("scratch");
    let temporary = || {
        fs::create_dir_all(&scratch)
            .and_then(|()| tempfile::Builder::new().prefix(&format!("import-{}-", std::process::id())).tempdir_in(&scratch))
            .map_err(|error| unreadable(error.to_string()))
    };
    let most = how.client.route().limits.max_bytes;
    match (&head[..count], ending.as_str()) {
        (head, _) if head.starts_with(b"PK\x03\x04") => wacz(path, temporary()?, most),
        (head, _) if head.starts_with(b"WARC/1.") || head.starts_with(&[0x1f, 0x8b]) => warc(path, temporary()?, most),
        (_, "csv") => sheet(path),
        _ => Err(unreadable("it is no bag, no WARC or WACZ file, and no sheet of auto-archiver's".into())),
    }
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    super::lanes::alone(File::open(path)?, &mut vec![0; 1 << 18]).map(|(digest, _)| digest)
}

/// A bag, ours or another's: its payload; of ours the records, the log slice and the checkpoint, too, as received.
fn bag(dir: &Path, trusted: &[Trusted], damaged: bool) -> Result<Package, ImportError> {
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let unreadable = |why: String| ImportError::Unreadable { name: dir.display().to_string(), why };
    let told = verify_bag(dir, trusted, &Outside::default()).map_err(|error| unreadable(error.to_string()))?;
    if told.verdict == Verdict::Red && !damaged {
        return Err(ImportError::NotWhole { name, verdict: told.verdict, findings: told.findings.len() });
    }
    let own = dir.join("data/log/checkpoint").is_file();
    let text = |path: &str| fs::read_to_string(dir.join(path)).unwrap_or_default();
    let checkpoint = text("data/log/checkpoint");
    let origin = checkpoint.lines().next().filter(|_| own).map(str::to_owned);
    let records = if own { records(&dir.join("data/record")) } else { BTreeMap::new() };
    let wrong: BTreeMap<&str, &str> = told
        .findings
        .iter()
        .filter(|_| told.verdict == Verdict::Red)
        .filter_map(|finding| Some((finding.path.as_deref()?, finding.detail.as_str())))
        .collect();
    let mut parts = Vec::new();
    for file in walkdir::WalkDir::new(dir.join("data")).sort_by_file_name().into_iter().flatten() {
        if !file.file_type().is_file() {
            continue;
        }
        let inside = file.path().strip_prefix(dir).unwrap_or(file.path()).to_string_lossy().into_owned();
        let kept_back = [".html", ".jsonld", ".py", ".tlog-proof", ".csv", ".xlsx", ".md"];
        if own && !inside.starts_with("data/objects/") && kept_back.iter().any(|ending| inside.ends_with(ending)) {
            continue; // made from what comes in
        }
        let digest = file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut claims = vec![claim("acquired-from", origin.clone().unwrap_or_else(|| format!("bag {name}")), &name)];
        let mut shown = format!("{name}/{inside}");
        if let Some(record) = records.get(&digest) {
            shown = record["exhibit"]["name"].as_str().map_or(shown, str::to_owned);
            claims.extend(said(record, &name));
        }
        let problem = wrong.get(inside.as_str()).map(|why| (*why).to_owned());
        parts.push(Part { path: file.path().to_path_buf(), name: shown, claims, problem });
    }
    let manifests =
        ["tagmanifest-sha256.txt", "manifest-sha256.txt", "manifest-sha512.txt", "manifest-md5.txt", "manifest-sha1.txt"];
    for manifest in manifests.iter().chain(["bag-info.txt", "tagmanifest-sha256.txt.sig"].iter()) {
        let path = dir.join(manifest);
        if path.is_file() {
            let claims = vec![claim("acquired-from", origin.clone().unwrap_or_else(|| format!("bag {name}")), &name)];
            parts.push(Part { path, name: format!("{name}/{manifest}"), claims, problem: None });
        }
    }
    let manifest = manifests.iter().find_map(|manifest| digest_of(&dir.join(manifest)).ok());
    let entries = text("data/log/entries.jsonl");
    let first: Value = entries.lines().next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    Ok(Package {
        format: if own { "exhibit-bag" } else { "bag" },
        manifest: manifest.ok_or_else(|| unreadable("it has no manifest".into()))?,
        size: checkpoint.lines().nth(1).and_then(|size| size.parse().ok()).filter(|_| own),
        key: first["entry"]["event"]["key"].as_str().map(str::to_owned),
        origin,
        verdict: told.verdict,
        parts,
        problems: Vec::new(),
        _scratch: None,
    })
}

/// The records of a bag of ours, by the digest of their exhibit.
fn records(dir: &Path) -> BTreeMap<String, Value> {
    let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|file| file.path());
    let json = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let records = json.filter_map(|path| serde_json::from_slice::<Value>(&fs::read(path).ok()?).ok());
    records.filter_map(|record| Some((record["exhibit"]["sha256"].as_str()?.to_owned(), record))).collect()
}

/// What another case's record says of its exhibit, as claims that are that package's.
fn said(record: &Value, via: &str) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut say = |property: &str, value: &Value| {
        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            claims.push(claim(property, text, via));
        }
    };
    say("exhibit-there", &record["exhibit"]["id"]);
    say("source-url", &record["exhibit"]["url"]);
    say("captured-there", &record["exhibit"]["captured"]);
    for made in record["claims"].as_array().into_iter().flatten() {
        if let Some(property) = made["property"].as_str() {
            say(property, &made["value"]);
        }
    }
    claims
}

/// Every good answer in a WARC file.
fn warc(path: &Path, scratch: tempfile::TempDir, most: u64) -> Result<Package, ImportError> {
    let unreadable = |error: io::Error| ImportError::Unreadable { name: path.display().to_string(), why: error.to_string() };
    let manifest = digest_of(path).map_err(unreadable)?;
    let mut package = taken("warc", manifest, scratch);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    answers(File::open(path).map_err(unreadable)?, &name, most, &mut package);
    Ok(package)
}

fn taken(format: &'static str, manifest: Digest, scratch: tempfile::TempDir) -> Package {
    Package {
        format,
        manifest,
        origin: None,
        size: None,
        key: None,
        verdict: Verdict::Green,
        parts: Vec::new(),
        problems: Vec::new(),
        _scratch: Some(scratch),
    }
}

fn answers(input: impl Read, name: &str, most: u64, package: &mut Package) {
    let Package { parts, problems, verdict, _scratch: scratch, .. } = package;
    let Some(dir) = scratch.as_ref().map(|dir| dir.path().to_path_buf()) else { return };
    let next = std::cell::Cell::new(parts.len());
    let create = || {
        next.set(next.get() + 1);
        let path = dir.join(next.get().to_string());
        File::create_new(&path).map(|file| Numbered { file, path })
    };
    let read = read_warc(input, most, create, |kept, out| {
        if kept.size == 0 || kept.status.is_some_and(|status| status != 200) {
            let _ = fs::remove_file(&out.path);
            return;
        }
        let mut claims = vec![claim("acquired-from", name, name), claim("source-url", &kept.url, name)];
        claims.push(claim("captured-there", &kept.date, name));
        let last = kept.url.split(['?', '#']).next().unwrap_or("").rsplit('/').find(|part| !part.is_empty()).unwrap_or("body");
        if kept.wrong.is_some() {
            *verdict = Verdict::Red;
        }
        parts.push(Part { path: out.path.clone(), name: format!("{name}/{last}"), claims, problem: kept.wrong });
    });
    let wrong = read.map_or_else(|error| vec![format!("it cannot be read to its end: {error}")], |read| read.wrong);
    for wrong in wrong {
        *verdict = Verdict::Red;
        problems.push(format!("{name}: {wrong}"));
    }
}

/// A file that knows its name.
struct Numbered {
    file: File,
    path: PathBuf,
}

impl io::Write for Numbered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The WARC files in a WACZ file, each with the digest that its data package names.
fn wacz(path: &Path, scratch: tempfile::TempDir, most: u64) -> Result<Package, ImportError> {
    let unreadable = |why: String| ImportError::Unreadable { name: path.display().to_string(), why };
    let manifest = digest_of(path).map_err(|error| unreadable(error.to_string()))?;
    let mut package = taken("wacz", manifest, scratch);
    let whole = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let wrong = read_wacz(file, |name, warc| answers(warc, &format!("{whole}/{name}"), most, &mut package));
    let wrong = wrong.map_err(|error| unreadable(error.to_string()))?;
    if !wrong.is_empty() {
        package.verdict = Verdict::Red;
        package.problems.extend(wrong);
    }
    Ok(package)
}

/// The sheet that auto-archiver writes, with its files beside it.
fn sheet(path: &Path) -> Result<Package, ImportError> {
    let unreadable = |why: String| ImportError::Unreadable { name: path.display().to_string(), why };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_path(path).map_err(|error| unreadable(error.to_string()))?;
    let titles: Vec<String> = reader
        .headers()
        .map_err(|error| unreadable(error.to_string()))?
        .iter()
        .map(|title| title.trim_start_matches('\u{feff}').trim().to_lowercase().replace(' ', "_"))
        .collect();
    let at = |names: &[&str]| titles.iter().position(|title| names.contains(&title.as_str()));
    let Some(location) = at(&["archive_location", "archive", "folder", "filename", "file"]) else {
        return Err(unreadable("it has no column \"Archive location\"".into()));
    };
    let (link, hash) = (at(&["link", "url", "source_url"]), at(&["hash", "sha256"]));
    let told = [
        ("date", at(&["upload_timestamp", "timestamp"])),
        ("title", at(&["upload_title", "title"])),
        ("captured-there", at(&["archive_date", "date"])),
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let beside = path.parent().unwrap_or(Path::new(".")).to_path_buf();
    let real = beside.canonicalize().unwrap_or_else(|_| beside.clone());
    let (mut parts, mut problems, mut verdict) = (Vec::new(), Vec::new(), Verdict::Green);
    for (row, cells) in (2..).zip(reader.records()) {
        let cells = match cells {
            Ok(cells) => cells,
            Err(error) => {
                problems.push(format!("row {row}: {error}"));
                continue;
            }
        };
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map(str::trim).filter(|text| !text.is_empty());
        let Some(place) = cell(Some(location)) else { continue };
        // Only what lies beside the sheet: a cell does not lead out of what was handed over.
        let file = beside.join(place.trim_start_matches("./").trim_start_matches('/'));
        if place.contains("://")
            || !file.canonicalize().is_ok_and(|real_file| real_file.starts_with(&real) && real_file.is_file())
        {
            problems.push(format!("row {row}: there is no file {place} beside the sheet"));
            continue;
        }
        let mut claims = vec![claim("acquired-from", format!("auto-archiver ({name}, row {row})"), &name)];
        claims.extend(cell(link).map(|link| claim("source-url", link, &name)));
        claims.extend(told.iter().filter_map(|(property, at)| Some(claim(property, cell(*at)?, &name))));
        let named = cell(hash).map(|hash| hash.rsplit(':').next().unwrap_or(hash).to_lowercase());
        let named = named.filter(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let own = digest_of(&file).map(|digest| digest.to_string()).unwrap_or_default();
        let problem =
            named.filter(|named| *named != own).map(|named| format!("the sheet says SHA-256 {named}, the file has {own}"));
        if problem.is_some() {
            verdict = Verdict::Red;
        }
        parts.push(Part { path: file, name: place.to_owned(), claims, problem });
    }
    if parts.is_empty() && problems.is_empty() {
        return Err(unreadable("it names no file".into()));
    }
    let manifest = digest_of(path).map_err(|error| unreadable(error.to_string()))?;
    let claims = vec![claim("acquired-from", "auto-archiver", &name)];
    parts.push(Part { path: path.to_path_buf(), name, claims, problem: None });
    let package = Package {
        format: "auto-archiver",
        manifest,
        origin: None,
        size: None,
        key: None,
        verdict,
        parts,
        problems,
        _scratch: None,
    };
    Ok(package)
}

impl From<ObtainError> for ImportError {
    fn from(error: ObtainError) -> ImportError {
        ImportError::Archive(error.into())
    }
}

//! Writing a bag: into a directory or zip file beside the wanted one, which takes its name when all is written.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha512};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::evidence::Sha256;

use super::BagError;

struct Entry {
    path: String,
    sha256: String,
    sha512: String,
}

/// Where the files go.
enum Sink {
    Directory,
    /// One file; everything in it lies below a directory of this name.
    Zip(Box<ZipWriter<BufWriter<File>>>, String),
}

/// A bag being written. Dropped before `finish`, it leaves nothing.
pub struct Writer {
    target: PathBuf,
    /// The directory or file that is not finished.
    unfinished: PathBuf,
    /// The directory that the bag comes to be in: open from before the first byte, so that it tells of every write that failed on
    /// its disk.
    disk: File,
    sink: Sink,
    made: BTreeSet<PathBuf>,
    payload: Vec<Entry>,
    bytes: u64,
    finished: bool,
}

/// A file's name in a manifest: CR, LF and % are percent-encoded (RFC 8493 §2.1.3).
fn encoded(path: &str) -> String {
    path.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What is packed already is not packed again.
fn is_text(path: &str) -> bool {
    [".json", ".jsonl", ".jsonld", ".html", ".txt", ".md", ".csv", ".py", ".tlog-proof"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

impl Writer {
    /// Starts a bag in a new directory. The target must not exist.
    pub fn create(target: &Path) -> Result<Writer, BagError> {
        let mut writer = Writer::begin(target)?;
        let _ = fs::remove_dir_all(&writer.unfinished);
        let write = |source| BagError::Write { path: writer.unfinished.clone(), source };
        fs::create_dir(&writer.unfinished).and_then(|()| fs::create_dir(writer.unfinished.join("data"))).map_err(write)?;
        writer.made.insert(writer.unfinished.join("data"));
        Ok(writer)
    }

    /// Starts a bag in a new zip file. The target must not exist.
    pub fn create_zip(target: &Path) -> Result<Writer, BagError> {
        let mut writer = Writer::begin(target)?;
        let write = |source| BagError::Write { path: writer.unfinished.clone(), source };
        let _ = fs::remove_file(&writer.unfinished);
        let file = OpenOptions::new().write(true).read(true).create_new(true).open(&writer.unfinished).map_err(write)?;
        let name = target.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        writer.sink = Sink::Zip(Box::new(ZipWriter::new(BufWriter::with_capacity(1 << 18, file))), name);
        Ok(writer)
    }

    fn begin(target: &Path) -> Result<Writer, BagError> {
        if fs::symlink_metadata(target).is_ok() {
            return Err(BagError::Exists { path: target.to_path_buf() });
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let unfinished = target.with_file_name(format!(".{name}.unfinished-{}", std::process::id()));
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let disk = fs::create_dir_all(parent).and_then(|()| File::open(parent));
        Ok(Writer {
            disk: disk.map_err(|source| BagError::Write { path: parent.to_path_buf(), source })?,
            target: target.to_path_buf(),
            unfinished,
            sink: Sink::Directory,
            made: BTreeSet::new(),
            payload: Vec::new(),
            bytes: 0,
            finished: false,
        })
    }

    /// Adds a payload file, `path` below `data/`; digests are taken as the bytes pass.
    pub fn add(&mut self, path: &str, source: &mut dyn Read) -> Result<(), BagError> {
        let path = format!("data/{path}");
        let (sha256, sha512, size) = self.write(&path, source)?;
        self.payload.push(Entry { path, sha256, sha512 });
        self.bytes += size;
        Ok(())
    }

    /// The same, of a file that is made while it is written.
    pub fn add_made<E: From<BagError>>(
        &mut self,
        path: &str,
        make: impl FnOnce(&mut dyn Write) -> Result<(), E>,
    ) -> Result<(), E> {
        let made = self.unfinished.with_extension("made");
        let failed = |source| BagError::Write { path: made.clone(), source };
        let _ = fs::remove_file(&made);
        let mut out = BufWriter::new(OpenOptions::new().write(true).create_new(true).open(&made).map_err(failed)?);
        let written = make(&mut out).and_then(|()| {
            out.flush().map_err(failed)?;
            Ok(self.add(path, &mut File::open(&made).map_err(failed)?)?)
        });
        let _ = fs::remove_file(&made);
        written
    }

    fn write(&mut self, path: &str, source: &mut dyn Read) -> Result<(String, String, u64), BagError> {
        let file = self.unfinished.join(path);
        let failed = |source| BagError::Write { path: file.clone(), source };
        match &mut self.sink {
            Sink::Directory => {
                if let Some(parent) = file.parent().filter(|parent| !self.made.contains(*parent)) {
                    fs::create_dir_all(parent).map_err(failed)?;
                    self.made.insert(parent.to_path_buf());
                }
                let mut out = OpenOptions::new().write(true).create_new(true).open(&file).map_err(failed)?;
                digested(source, &mut out).map_err(failed)
            }
            Sink::Zip(zip, name) => {
                let method = if is_text(path) { CompressionMethod::Deflated } else { CompressionMethod::Stored };
                // Without times and rights of this machine, so that the same bag is the same bytes.
                let options = SimpleFileOptions::default().compression_method(method).large_file(true);
                zip.start_file(format!("{name}/{path}"), options).map_err(|error| failed(error.into()))?;
                digested(source, zip).map_err(failed)
            }
        }
    }

    /// Writes the tag files and manifests; `information` is `bag-info.txt`, to which `Payload-Oxum` is
    /// added. Gives the bytes of `tagmanifest-sha256.txt`, to be signed.
    pub fn seal(&mut self, information: &[(&str, String)]) -> Result<Vec<u8>, BagError> {
        self.payload.sort_by(|a, b| a.path.cmp(&b.path));
        let list = |of: fn(&Entry) -> &str, entries: &[Entry]| {
            entries.iter().map(|entry| format!("{}  {}\n", of(entry), encoded(&entry.path))).collect::<String>()
        };
        let mut info: String =
            information.iter().map(|(name, value)| format!("{name}: {}\n", value.replace(['\r', '\n'], " "))).collect();
        info.push_str(&format!("Payload-Oxum: {}.{}\n", self.bytes, self.payload.len()));
        let files = [
            ("bag-info.txt", info),
            ("bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".to_owned()),
            ("manifest-sha256.txt", list(|entry| &entry.sha256, &self.payload)),
            ("manifest-sha512.txt", list(|entry| &entry.sha512, &self.payload)),
        ];
        let mut tags = Vec::new();
        for (path, text) in files {
            let (sha256, sha512, _) = self.write(path, &mut text.as_bytes())?;
            tags.push(Entry { path: path.to_owned(), sha256, sha512 });
        }
        let sha256 = list(|entry| &entry.sha256, &tags);
        self.write("tagmanifest-sha512.txt", &mut list(|entry| &entry.sha512, &tags).as_bytes())?;
        self.write("tagmanifest-sha256.txt", &mut sha256.as_bytes())?;
        Ok(sha256.into_bytes())
    }

    /// Adds a file beside the manifests that none of them lists: a signature of them, or a timestamp.
    pub fn beside(&mut self, name: &str, bytes: &[u8]) -> Result<(), BagError> {
        self.write(name, &mut &*bytes).map(drop)
    }

    /// Makes all of it durable and gives the bag its name. From here on it is whole.
    pub fn finish(mut self) -> Result<(), BagError> {
        let failed = |source| BagError::Write { path: self.target.clone(), source };
        if fs::symlink_metadata(&self.target).is_ok() {
            return Err(BagError::Exists { path: self.target.clone() });
        }
        match std::mem::replace(&mut self.sink, Sink::Directory) {
            Sink::Zip(zip, _) => {
                let mut file = zip.finish().map_err(|error| failed(error.into()))?;
                file.flush().and_then(|()| file.get_ref().sync_all()).map_err(failed)?;
            }
            // All of its file system at once: a bag has thousands of files.
            Sink::Directory => rustix::fs::syncfs(&self.disk).map_err(|error| failed(error.into()))?,
        }
        fs::rename(&self.unfinished, &self.target).map_err(failed)?;
        self.finished = true;
        self.disk.sync_all().map_err(failed)
    }
}

/// Copies and digests.
fn digested(source: &mut dyn Read, out: &mut impl Write) -> io::Result<(String, String, u64)> {
    let (mut sha256, mut sha512, mut size) = (Sha256::default(), Sha512::new(), 0);
    let mut buffer = vec![0; 1 << 17];
    loop {
        let count = match source.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if count == 0 {
            return Ok((sha256.finish().to_string(), hex::encode(sha512.finalize()), size));
        }
        out.write_all(&buffer[..count])?;
        sha256.update(&buffer[..count]);
        sha512.update(&buffer[..count]);
        size += count as u64;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_dir_all(&self.unfinished);
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

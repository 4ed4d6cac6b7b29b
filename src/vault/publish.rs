//! Publishing the log as files (C2SP tlog-tiles), so that log and vault alone can rebuild the case.

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, json};

use super::nodes::{self, Remembered};
use super::{Layout, LogRow, VaultError, durable};
use crate::ledger::{
    Checkpoint, Nodes, Note, PublicKey, Sealed, Signer, TILE, TilePath, canonical_value, entry_bundle, is_canonical, root,
};

/// The published head, as found on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The signed note, byte for byte.
    pub text: String,
    pub note: Note,
    pub checkpoint: Checkpoint,
}

impl Published {
    /// Reads `log/checkpoint`; none if there is no such file.
    pub fn read(layout: &Layout) -> Result<Option<Published>, VaultError> {
        let Some(bytes) = durable::read(&layout.checkpoint())? else { return Ok(None) };
        let text = String::from_utf8(bytes).map_err(|_| VaultError::Published { what: "the checkpoint is not text".into() })?;
        Published::parse(text).map(Some)
    }

    /// Reads a signed note whose text is a checkpoint.
    fn parse(text: String) -> Result<Published, VaultError> {
        let note = Note::parse(&text)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        Ok(Published { text, note, checkpoint })
    }

    /// Whether the case's key signed it under the case's name.
    pub fn signed_by(&self, key: &PublicKey) -> bool {
        self.note.signed_by(&self.checkpoint.origin, key)
    }
}

/// What a published file holds, from the database. The same log gives the same bytes.
pub(super) fn render(nodes: &Remembered<'_>, path: TilePath) -> Result<Vec<u8>, VaultError> {
    let db = nodes.db;
    let (index, width) = path.extent();
    let range = index * TILE..index * TILE + width;
    match path {
        TilePath::Hashes { level, .. } => {
            let mut bytes = Vec::with_capacity(32 * width as usize);
            for at in range {
                bytes.extend(nodes.node(level * TILE.trailing_zeros(), at)?);
            }
            Ok(bytes)
        }
        TilePath::Entries { .. } => {
            let mut entries = Vec::new();
            let mut read = || -> rusqlite::Result<()> {
                let mut query = db.prepare_cached(ENTRIES)?;
                let mut rows = query.query((range.start, range.end))?;
                while let Some(row) = rows.next()? {
                    entries.push(row.get::<_, Vec<u8>>(1)?);
                }
                Ok(())
            };
            read().map_err(VaultError::sql("be read"))?;
            entries.resize(width as usize, Vec::new());
            Ok(entry_bundle(entries.iter().map(Vec::as_slice)))
        }
        TilePath::Sealed { .. } => {
            let (mut lines, mut open) = (String::new(), None);
            each_sealed(db, &range, |entry, sealed| {
                let before = match open.replace(entry) {
                    Some(last) if last == entry => ",".to_owned(),
                    Some(_) => format!("}}}}\n{{\"entry\":{entry},\"values\":{{"),
                    None => format!("{{\"entry\":{entry},\"values\":{{"),
                };
                lines.push_str(&before);
                put_sealed(&sealed, &mut lines);
            })?;
            if open.is_some() {
                lines.push_str("}}\n");
            }
            Ok(lines.into_bytes())
        }
    }
}

/// One value in a line of a sealed bundle, which is canonical: `{"entry":3,"values":{"quote":{"salt":"…","value":…}}}`. Fields come in
/// their order.
fn put_sealed(sealed: &Sealed, line: &mut String) {
    let value = String::from_utf8(canonical_value(&sealed.value)).unwrap_or_default();
    let _ = write!(line, "{}:{{\"salt\":\"{}\",\"value\":{value}}}", json!(sealed.field), hex::encode(sealed.salt));
}

/// Reads the lines of a sealed bundle, those that can be read.
pub(super) fn parse_sealed(bytes: &[u8]) -> Vec<(u64, Sealed)> {
    fn read(line: &[u8]) -> Option<Vec<(u64, Sealed)>> {
        let line: Value = serde_json::from_slice(line).ok()?;
        let entry = line.get("entry")?.as_u64()?;
        let one = |(field, sealed): (&String, &Value)| {
            let mut salt = [0; 16];
            hex::decode_to_slice(sealed.get("salt")?.as_str()?, &mut salt).ok()?;
            Some((entry, Sealed { field: field.clone(), salt, value: sealed.get("value")?.clone() }))
        };
        Some(line.get("values")?.as_object()?.iter().filter_map(one).collect())
    }
    bytes.split(|byte| *byte == b'\n').filter_map(read).flatten().collect()
}

/// The sealed values at hand for one entry.
pub(super) fn sealed_values(db: &Connection, entry: u64) -> Result<Vec<Sealed>, VaultError> {
    let mut values = Vec::new();
    each_sealed(db, &(entry..entry + 1), |_, sealed| values.push(sealed))?;
    Ok(values)
}

/// The sealed values at hand for a range of entries, in order. A value that is not JSON any more is given as its bytes, so
/// that its commitment fails and verify names it.
fn each_sealed(db: &Connection, range: &Range<u64>, mut look: impl FnMut(u64, Sealed)) -> Result<(), VaultError> {
    let mut read = || -> rusqlite::Result<()> {
        let mut query = db.prepare_cached(SEALED)?;
        let mut rows = query.query((range.start, range.end))?;
        while let Some(row) = rows.next()? {
            look(row.get(0)?, sealed_row(row)?);
        }
        Ok(())
    };
    read().map_err(VaultError::sql("be read"))
}

const ENTRIES: &str = "SELECT idx, entry FROM log WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";
const SEALED: &str = "SELECT idx, field, salt, value FROM sealed WHERE idx >= ?1 AND idx < ?2 ORDER BY idx, field";

fn sealed_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Sealed> {
    let (field, salt, value) = (row.get(1)?, row.get_ref(2)?.as_blob()?, row.get_ref(3)?.as_blob()?);
    let parsed = serde_json::from_slice(value).ok().filter(|parsed| is_canonical(value, parsed));
    let value = parsed.unwrap_or_else(|| json!({ "damaged": hex::encode(value) }));
    Ok(Sealed { field, salt: salt.try_into().unwrap_or([0; 16]), value })
}

/// The entries of a range in order, each with its sealed values: two cursors side by side.
pub(super) fn each_entry<E: From<VaultError>>(
    db: &Connection,
    range: &Range<u64>,
    mut look: impl FnMut(LogRow) -> Result<(), E>,
) -> Result<(), E> {
    let read = |error| E::from(VaultError::sql("be read")(error));
    let mut entries = db.prepare_cached(ENTRIES).map_err(read)?;
    let mut values = db.prepare_cached(SEALED).map_err(read)?;
    let mut entries = entries.query((range.start, range.end)).map_err(read)?;
    let mut values = values.query((range.start, range.end)).map_err(read)?;
    let mut next = || -> rusqlite::Result<Option<(u64, Sealed)>> {
        values.next()?.map(|row| Ok((row.get(0)?, sealed_row(row)?))).transpose()
    };
    let mut waiting = next().map_err(read)?;
    while let Some(row) = entries.next().map_err(read)? {
        let (index, bytes) = row.get(0).and_then(|index| Ok((index, row.get(1)?))).map_err(read)?;
        let mut sealed = Vec::new();
        // Values of no entry are passed over here; they are looked for by themselves.
        while let Some((of, value)) = waiting.take_if(|(of, _)| *of <= index) {
            if of == index {
                sealed.push(value);
            }
            waiting = next().map_err(read)?;
        }
        look(LogRow { index, bytes, sealed })?;
    }
    Ok(())
}

/// Signs the head of the log as it stands and keeps it in the database, in the transaction that wrote
/// the entries.
pub(super) fn sign_head(
    nodes: &Remembered<'_>,
    origin: &str,
    signer: &dyn Signer,
    also: Option<&dyn Signer>,
) -> Result<(), VaultError> {
    let size = nodes::size(nodes.db)?;
    let checkpoint = Checkpoint { origin: origin.to_owned(), size, root: root(nodes, size)? };
    let mut note = Note::sign(checkpoint.to_string(), origin, signer)?;
    also.map(|also| note.also(origin, also)).transpose()?;
    keep_head(nodes.db, &note.to_string())
}

/// Keeps a signed head in the database.
pub(super) fn keep_head(db: &Connection, note: &str) -> Result<(), VaultError> {
    db.execute("INSERT OR REPLACE INTO head VALUES (0, ?1)", [note]).map(drop).map_err(VaultError::sql("be written"))
}

/// Brings `log/` from `old` entries to all of them, then writes the signed head as its checkpoint.
/// Called only after the entries are durable.
pub(super) fn publish(
    layout: &Layout,
    nodes: &Remembered<'_>,
    (disk, temporary): (&durable::Disk, &Path),
    old: u64,
) -> Result<Checkpoint, VaultError> {
    let head = signed_head(nodes.db)?.ok_or_else(|| VaultError::Published { what: "the database has no signed head".into() })?;
    let changed: Vec<TilePath> = TilePath::for_growth(old, head.checkpoint.size);
    // Together as far as they need little memory.
    for some in changed.chunks(64) {
        let mut files = Vec::with_capacity(some.len());
        for path in some {
            let file = layout.tile(*path);
            if let Some(dir) = file.parent() {
                durable::create_dir(dir)?;
            }
            files.push((file, render(nodes, *path)?));
        }
        disk.write(temporary, &files)?;
    }
    // The new checkpoint needs all the files above and none of those below.
    durable::write(temporary, &layout.checkpoint(), head.text.as_bytes())?;
    for path in &changed {
        drop_other_partials(layout, *path);
    }
    Ok(head.checkpoint)
}

/// The signed head that the database keeps; none in a case whose first commit never came.
pub(super) fn signed_head(db: &Connection) -> Result<Option<Published>, VaultError> {
    let note: Option<String> =
        db.query_row("SELECT note FROM head", [], |row| row.get(0)).optional().map_err(VaultError::sql("be read"))?;
    note.map(Published::parse).transpose()
}

/// Removes the other partial files of a place. Best effort: verify accepts what stays, as
/// long as it says what the log says.
pub(super) fn drop_other_partials(layout: &Layout, path: TilePath) {
    let _ = remove_other_partials(layout, path);
    if path.extent().1 == TILE {
        let _ = fs::remove_dir(partials(layout, path));
    }
}

/// Removes the other partial files of a place, or says which it could not.
pub(super) fn remove_other_partials(layout: &Layout, path: TilePath) -> Result<(), VaultError> {
    let removed = |old: PathBuf| durable::if_there(fs::remove_file(&old)).map_err(VaultError::io("remove", &old));
    other_partials(layout, path)?.into_iter().map(removed).fold(Ok(()), Result::and)
}

/// Where the partial files of a full tile's place lie, or lay.
pub(super) fn partials(layout: &Layout, path: TilePath) -> PathBuf {
    PathBuf::from(format!("{}.p", layout.tile(path).display()))
}

/// The other partial files of a place.
fn other_partials(layout: &Layout, path: TilePath) -> Result<Vec<PathBuf>, VaultError> {
    let file = layout.tile(path);
    let dir =
        if path.extent().1 == TILE { partials(layout, path) } else { file.parent().map(Path::to_path_buf).unwrap_or_default() };
    let found = match fs::read_dir(&dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.and_then(|all| all.map(|old| Ok(old?.path())).collect::<std::io::Result<Vec<_>>>()),
    };
    Ok(found.map_err(VaultError::io("read", &dir))?.into_iter().filter(|old| *old != file).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be looked for is not taken for gone: an erasure must not end there.
    #[test]
    fn partial_files_are_gone_or_it_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let path = TilePath::Sealed { index: 0, width: TILE };
        remove_other_partials(&layout, path).unwrap();
        let partials = partials(&layout, path);
        std::fs::create_dir_all(&partials).unwrap();
        ["1", "255"].iter().for_each(|width| std::fs::write(partials.join(width), "x").unwrap());
        remove_other_partials(&layout, path).unwrap();
        assert_eq!(std::fs::read_dir(&partials).unwrap().count(), 0);
        drop_other_partials(&layout, path);
        assert!(!partials.exists());
        // A partial file's own place keeps the file and its directory.
        let some = TilePath::Sealed { index: 0, width: 3 };
        std::fs::create_dir_all(&partials).unwrap();
        ["2", "3"].iter().for_each(|width| std::fs::write(partials.join(width), "x").unwrap());
        drop_other_partials(&layout, some);
        let left: Vec<_> = std::fs::read_dir(&partials).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(left, [layout.tile(some)]);
        std::fs::remove_dir_all(&partials).unwrap();
        std::fs::write(&partials, "a file in its place").unwrap();
        assert!(remove_other_partials(&layout, path).is_err());
    }
}

//! Fixity checks: objects' bytes, digested again and compared, on all cores.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Depth;
use super::lanes::{Width, alone};
use crate::evidence::{Code, Digest, Object};
use crate::vault::Layout;

/// What one object's check said: its number in the list, and what is wrong with it, if anything.
pub(super) type Told<'a> = &'a (dyn Fn(usize, Option<(Code, String)>) + Sync);

/// Bytes a second, over all threads together.
struct Rate {
    begun: Instant,
    read: AtomicU64,
    most: u64,
}

/// A file that is read no faster than is allowed.
struct Paced<'a>(File, Option<&'a Rate>);

impl Read for Paced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(rate) = self.1 else { return self.0.read(buffer) };
        // Small pieces, so that the pace is even.
        let most = buffer.len().min(1 << 16);
        let count = self.0.read(&mut buffer[..most])?;
        let read = rate.read.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        let due = Duration::from_secs_f64(read as f64 / rate.most as f64);
        std::thread::sleep(due.saturating_sub(rate.begun.elapsed()));
        Ok(count)
    }
}

/// Opens an object's file, if it is one and has the right size.
fn open(path: &Path, object: &Object) -> Result<File, (Code, String)> {
    use rustix::fs::OFlags;
    // What is no regular file must neither lead elsewhere nor keep the check waiting.
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => (Code::ObjectMissing, "The bytes are not in the vault".to_owned()),
        _ if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) => not_a_file(),
        _ => (Code::ObjectMissing, format!("The bytes cannot be reached: {error}")),
    })?;
    match file.metadata() {
        Err(error) => Err((Code::ObjectMissing, format!("The bytes cannot be reached: {error}"))),
        Ok(found) if !found.is_file() => Err(not_a_file()),
        Ok(found) if found.len() != object.size => {
            Err((Code::ObjectAltered, format!("The file has {} bytes; {} were recorded", found.len(), object.size)))
        }
        Ok(_) => Ok(file),
    }
}

fn not_a_file() -> (Code, String) {
    (Code::ObjectMissing, "What lies in the object's place is not a file".to_owned())
}

fn unreadable(error: &io::Error) -> (Code, String) {
    (Code::ObjectAltered, format!("The bytes cannot be read to their end: {error}"))
}

/// What SHA-256 says. Bytes that have it are the bytes that were recorded: BLAKE3 would add nothing.
fn compared(object: &Object, now: io::Result<(Digest, u64)>) -> Option<(Code, String)> {
    match now {
        Err(error) => Some(unreadable(&error)),
        Ok((digest, _)) if digest == object.sha256 => None,
        Ok((digest, _)) => {
            Some((Code::ObjectAltered, format!("The bytes are not those that were recorded: they now have SHA-256 {digest}")))
        }
    }
}

fn blake3(object: &Object, mut file: impl Read, buffer: &mut [u8]) -> Option<(Code, String)> {
    let mut hasher = blake3::Hasher::new();
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Some(unreadable(&error)),
            Ok(0) => break,
            Ok(count) => {
                hasher.update(&buffer[..count]);
            }
        }
    }
    let now = hasher.finalize();
    let why = format!("The bytes are not those that were recorded: they now have BLAKE3 {}", now.to_hex());
    (*now.as_bytes() != object.blake3.0).then_some((Code::ObjectAltered, why))
}

/// How many of the objects, largest first, must be hashed by themselves: each would still be in its lane when all others
/// are done.
fn long(objects: &[Object], width: Width, cores: usize) -> usize {
    if width == Width::One {
        return 0;
    }
    // In units of what one stream by itself takes a byte.
    let (lane, lanes) = (width.alone(), width.together());
    let (mut long, mut alone, mut rest) = (0, 0.0, objects.iter().map(|object| object.size as f64).sum::<f64>());
    for object in objects {
        let size = object.size as f64;
        let whole = (alone + rest / lanes) / cores as f64;
        if size * lane <= whole {
            break;
        }
        (alone, rest, long) = (alone + size, rest - size, long + 1);
    }
    long
}

/// Checks every object. `objects` are sorted, largest first, so that no core is left alone with one at the end.
pub(super) fn check_all(layout: &Layout, objects: &[Object], depth: Depth, rate: Option<u64>, told: Told<'_>) {
    let width = Width::of_this_processor();
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(objects.len().max(1));
    let rate = rate.map(|most| Rate { begun: Instant::now(), read: AtomicU64::new(0), most: most.max(1) });
    let long = if depth == Depth::Full { long(objects, width, cores) } else { objects.len() };
    let next = AtomicUsize::new(0);
    // The next object before `end` that can be read; of the others it is told what is wrong.
    let take = |end: usize| -> Option<(usize, Paced<'_>)> {
        loop {
            let nth = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| (at < end).then_some(at + 1)).ok()?;
            match open(&layout.object(&objects[nth].sha256), &objects[nth]) {
                Ok(file) => return Some((nth, Paced(file, rate.as_ref()))),
                Err(finding) => told(nth, Some(finding)),
            }
        }
    };
    let work = || {
        let mut buffer = vec![0; 1 << 18];
        while let Some((nth, file)) = take(long) {
            let object = &objects[nth];
            told(
                nth,
                match depth {
                    Depth::Quick => blake3(object, file, &mut buffer),
                    Depth::Full => compared(object, alone(file, &mut buffer)),
                },
            );
        }
        width.digest(&mut || take(objects.len()), &mut |nth, digest| told(nth, compared(&objects[nth], digest)));
    };
    std::thread::scope(|scope| {
        for _ in 1..cores {
            scope.spawn(work);
        }
        work();
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Blake3;

    fn objects(sizes: &[u64]) -> Vec<Object> {
        let one = |size: &u64| Object {
            sha256: Digest::of(b""),
            blake3: Blake3(*::blake3::hash(b"footage").as_bytes()),
            size: *size,
            media_type: "video/mp4".into(),
        };
        sizes.iter().map(one).collect()
    }

    #[test]
    fn what_would_keep_a_lane_when_all_others_are_done_is_hashed_alone() {
        // Eight lanes are 8/3 as fast as one stream alone, which is three times as fast as a lane.
        for (sizes, cores, expected) in [
            (vec![7; 1], 1, 1),
            (vec![7; 4], 1, 3),
            (vec![7; 8], 2, 5),
            (vec![7; 15], 2, 1),
            (vec![7; 17], 2, 0),
            ([vec![1000], vec![10; 100]].concat(), 2, 1),
            ([vec![1000, 500], vec![10; 100]].concat(), 2, 2),
            ([vec![90], vec![10; 100]].concat(), 2, 1),
            ([vec![60], vec![10; 100]].concat(), 2, 0),
            (vec![], 2, 0),
        ] {
            assert_eq!(long(&objects(&sizes), Width::Eight, cores), expected, "{sizes:?} on {cores}");
            assert_eq!(long(&objects(&sizes), Width::One, cores), 0);
        }
        // Two are each as fast as one alone.
        for (sizes, cores, expected) in [(vec![7; 1], 1, 1), (vec![7; 2], 1, 0), (vec![7; 3], 2, 1), (vec![7; 4], 2, 0)] {
            assert_eq!(long(&objects(&sizes), Width::Two, cores), expected, "{sizes:?} on {cores}");
        }
    }

    /// A vault of a few small objects, each with its file.
    fn vault() -> (tempfile::TempDir, Layout, Vec<Object>) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let mut all = objects(&[7; 20]);
        for (nth, object) in all.iter_mut().enumerate() {
            let bytes = format!("film {nth:02}");
            object.sha256 = Digest::of(bytes.as_bytes());
            object.blake3 = Blake3(*::blake3::hash(bytes.as_bytes()).as_bytes());
            let path = layout.object(&object.sha256);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        (dir, layout, all)
    }

    fn told(layout: &Layout, objects: &[Object], depth: Depth) -> Vec<Option<(Code, String)>> {
        let all = std::sync::Mutex::new(vec![None; objects.len()]);
        check_all(layout, objects, depth, None, &|nth, finding| all.lock().unwrap()[nth] = Some(finding));
        all.into_inner().unwrap().into_iter().map(|one| one.expect("each is told of")).collect()
    }

    #[test]
    fn a_quick_check_compares_blake3_and_a_full_one_sha256_of_each() {
        let (_dir, layout, mut all) = vault();
        for depth in [Depth::Quick, Depth::Full] {
            assert!(told(&layout, &all, depth).iter().all(Option::is_none));
        }
        all.iter_mut().for_each(|object| object.blake3 = Blake3([0; 32]));
        assert!(told(&layout, &all, Depth::Quick).iter().all(|one| matches!(one, Some((Code::ObjectAltered, _)))));
        assert!(told(&layout, &all, Depth::Full).iter().all(Option::is_none));
    }

    #[test]
    fn what_is_in_an_objects_place_is_told_for_what_it_is() {
        let (_dir, layout, all) = vault();
        let place = |nth: usize| layout.object(&all[nth].sha256);
        std::fs::write(place(0), "longer footage").unwrap();
        std::fs::remove_file(place(1)).unwrap();
        std::fs::remove_file(place(2)).unwrap();
        std::fs::create_dir(place(2)).unwrap();
        std::fs::remove_file(place(3)).unwrap();
        std::os::unix::fs::symlink(place(4), place(3)).unwrap();
        // A file where the directory should be.
        let dir = place(5).parent().unwrap().to_path_buf();
        std::fs::remove_dir_all(&dir).unwrap();
        std::fs::write(dir, "").unwrap();
        let expected = [
            (Code::ObjectAltered, "The file has 14 bytes; 7 were recorded"),
            (Code::ObjectMissing, "The bytes are not in the vault"),
            (Code::ObjectMissing, "What lies in the object's place is not a file"),
            (Code::ObjectMissing, "What lies in the object's place is not a file"),
        ];
        for depth in [Depth::Quick, Depth::Full] {
            let told = told(&layout, &all, depth);
            for ((code, why), told) in expected.iter().zip(&told) {
                assert_eq!(told.as_ref().map(|(code, why)| (*code, why.as_str())), Some((*code, *why)));
            }
            let (code, why) = told[5].as_ref().unwrap();
            assert!(*code == Code::ObjectMissing && why.starts_with("The bytes cannot be reached: "), "{why}");
            assert!(told[4].is_none() && told[6..].iter().all(Option::is_none));
        }
    }

    /// Is interrupted before each piece, and fails at its end, if it is to.
    struct Halting<'a>(&'a [u8], bool, bool);

    impl Read for Halting<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            match (self.1, self.0, self.2) {
                (true, ..) => Err(io::ErrorKind::Interrupted.into()),
                (_, [], true) => Err(io::Error::other("a bad sector")),
                _ => self.0.read(&mut buffer[..3]),
            }
        }
    }

    #[test]
    fn an_interrupted_read_is_made_again_and_a_failed_one_is_told() {
        let (object, mut buffer) = (objects(&[7]).remove(0), [0; 8]);
        assert_eq!(blake3(&object, Halting(b"footage", false, false), &mut buffer), None);
        let (code, why) = blake3(&object, Halting(b"footage", false, true), &mut buffer).unwrap();
        assert_eq!((code, why.contains("a bad sector")), (Code::ObjectAltered, true));
        let whole = Some((Digest::of(b"footage"), 7));
        assert_eq!(alone(Halting(b"footage", false, false), &mut buffer).ok(), whole);
        assert!(alone(Halting(b"footage", false, true), &mut buffer).is_err());
        let (code, why) = blake3(&object, Halting(b"footagf", false, false), &mut buffer).unwrap();
        assert_eq!((code, why.contains("they now have BLAKE3")), (Code::ObjectAltered, true));
    }
}

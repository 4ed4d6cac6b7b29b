//! A case of many small exhibits: how appending, looking, rebuilding and checking grow, and the most memory that was resident.
//!
//! usage: cargo bench --bench scale -- DIR [EXHIBITS]     (100,000; each is four entries, an object of about 100 bytes and a name)

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use exhibit::evidence::{
    Blake3, Capture, Clock, Completeness, Digest, Event, ExhibitAdmitted, ExhibitNo, Id, Item, MediaKind, Object, ObjectKept,
    Outcome, Randomness, Role, Time,
};
use exhibit::keyring::{FileKey, Trusted};
use exhibit::ledger::Signer;
use exhibit::stages::{Depth, Looking, verify_case};
use exhibit::vault::{Agent, Effects, Layout, Ports, Reader, Vault, rebuild};

struct Now;

impl Clock for Now {
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Time::from_micros(since.as_micros() as i64)
    }
}

/// Not random: a bench needs no secrets.
struct Counted(std::sync::atomic::AtomicU64);

impl Randomness for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let count = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            *byte = (count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        }
    }
}

const PLACES: [&str; 8] = ["idlib", "aleppo", "homs", "hama", "daraa", "raqqa", "douma", "saraqib"];

/// The events of one exhibit; its bytes are put where they belong.
fn exhibit(layout: &Layout, no: u64) -> Vec<Event> {
    let bytes = format!("footage number {no}, a synthetic one, of about a hundred bytes; nothing is seen on it at all {no}");
    let object = Object {
        sha256: Digest::of(bytes.as_bytes()),
        blake3: Blake3(*blake3::hash(bytes.as_bytes()).as_bytes()),
        size: bytes.len() as u64,
        media_type: "text/plain".into(),
    };
    let path = layout.object(&object.sha256);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, &bytes).unwrap();
    let (item, time) = (format!("url:https://media.example.org/{no}.mp4"), Now.now());
    let capture = Capture {
        key: format!("{no:032x}"),
        item: item.clone(),
        url: Some(format!("https://media.example.org/{no}.mp4")),
        method: "http".into(),
        started: time,
        finished: time,
        outcome: Outcome::Ok,
        completeness: Completeness::Complete,
        because: "all bytes that were announced came".into(),
        status: Some(200),
        redirects: 0,
        final_url: None,
        address: Some("203.0.113.7:443".into()),
        declared: Some(object.size),
        received: object.size,
        declared_type: Some("video/mp4".into()),
        alterations: Vec::new(),
        tool: None,
        route: "direct".into(),
        settings: Digest::of(b""),
        object: Some(object.sha256),
        exchange: None,
    };
    let admitted = ExhibitAdmitted {
        object: object.sha256,
        item: item.clone(),
        capture: capture.key.clone(),
        role: Role::Original,
        name: Some(format!("{} {no}.mp4", PLACES[no as usize % PLACES.len()])),
    };
    vec![
        Event::ItemIdentified(Item {
            key: item,
            kind: MediaKind::Video,
            url: capture.url.clone(),
            platform: None,
            platform_id: None,
        }),
        Event::ObjectKept(ObjectKept { object, because: None }),
        Event::CaptureMade(Box::new(capture)),
        Event::ExhibitAdmitted(admitted),
    ]
}

/// The 95th of 100 times, in milliseconds.
fn p95(what: &str, mut once: impl FnMut(u64)) {
    let mut times: Vec<f64> = (0..200u64)
        .map(|nth| {
            let begun = Instant::now();
            once(nth.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            begun.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:<34} p95 {:8.2} ms, median {:8.2} ms", times[189], times[99]);
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("?");
    // From now on, anew.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    format!("peak {}", peak.trim())
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(dir) = arguments.next() else { return println!("usage: cargo bench --bench scale -- DIR [EXHIBITS]") };
    let count: u64 = arguments.next().map_or(100_000, |count| count.parse().unwrap());
    let (root, signer) = (Path::new(&dir).join("case"), Arc::new(FileKey::from_seed([7; 32]).unwrap()));
    let key = signer.public().clone();
    let ports = Ports {
        clock: Arc::new(Now),
        random: Arc::new(Counted(Default::default())),
        signer,
        agent: Agent { tool: "exhibit bench".into(), person: None },
    };
    if !root.exists() {
        let mut vault = Vault::create(&root, None, exhibit::config::TEMPLATE, ports).unwrap();
        let layout = vault.reader().layout().clone();
        let (batch, mut halves, mut files) = (500, [0.0, 0.0], 0.0);
        for from in (0..count).step_by(batch) {
            let begun = Instant::now();
            let effects: Vec<Effects> = (from..(from + batch as u64).min(count))
                .map(|no| Effects { events: exhibit(&layout, no), ..Effects::default() })
                .collect();
            files += begun.elapsed().as_secs_f64();
            let begun = Instant::now();
            vault.commit(effects).unwrap();
            halves[usize::from(from * 2 >= count)] += begun.elapsed().as_secs_f64();
        }
        let [first, second] = halves;
        println!(
            "append: first half {first:.1} s, second half {second:.1} s, {:.2} times; files {files:.1} s; {}",
            second / first,
            resident()
        );
    }
    p95("open", |_| drop(Reader::open(&root).unwrap()));
    let reader = Reader::open(&root).unwrap();
    let size = reader.size().unwrap();
    println!("{size} entries; {}", resident());
    p95("list, a page of 50", |nth| drop(reader.exhibits(ExhibitNo(nth % count), Some(50)).unwrap()));
    p95("show", |nth| {
        let no = ExhibitNo(1 + nth % count);
        let row = reader.exhibit(no).unwrap().unwrap();
        let item = row.item.parse().unwrap();
        drop((reader.item(item).unwrap(), reader.captures_of(item).unwrap(), reader.events_about(Id::Exhibit(no)).unwrap()));
    });
    p95("search, one word of an eighth", |nth| drop(reader.search(PLACES[nth as usize % 8], 50).unwrap()));
    p95("search, a number", |nth| drop(reader.search(&format!("{}", nth % count), 50).unwrap()));
    p95("inclusion proof", |nth| drop(reader.inclusion(nth % size, size).unwrap()));
    println!("{}", resident());
    drop(reader);
    let begun = Instant::now();
    let trusted = [Trusted { who: "bench".into(), key }];
    let told =
        verify_case(&root, &trusted, &Looking { only: Some(Default::default()), ..Looking::at_all(Depth::Quick) }).unwrap();
    println!("structure: {:?} in {:.1} s; {}", told.verdict, begun.elapsed().as_secs_f64(), resident());
    let begun = Instant::now();
    let told = verify_case(&root, &trusted, &Looking::at_all(Depth::Full)).unwrap();
    println!("with all bytes: {:?} in {:.1} s; {}", told.verdict, begun.elapsed().as_secs_f64(), resident());
    let begun = Instant::now();
    rebuild(&root, &|_, _| {}).unwrap();
    let took = begun.elapsed().as_secs_f64();
    println!("rebuild of the catalogue: {took:.1} s, {:.0} entries a second; {}", size as f64 / took, resident());
}

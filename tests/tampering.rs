//! An exported bag, changed in many ways: what `exhibit verify` says, and which tools that we did not write refuse it, too.
//! `docs/tampering.md` is the table of it; `EXHIBIT_TEST_WRITE=1` writes it anew.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use exhibit::evidence::Digest;
use exhibit::keyring::FileKey;
use exhibit::ledger::{BAG_NAMESPACE, Signer, canonical, sshsig};
use serde_json::{Value, json};
use support::authority::Authority;
use support::tamper::{files, reseal};
use support::{Program, copy_dir, example};

/// Tools of others, each with its command in the bag's own directory.
const CHECKERS: [(&str, &str); 13] = [
    ("sha256sum", "sha256sum -c --strict --quiet manifest-sha256.txt && sha256sum -c --strict --quiet tagmanifest-sha256.txt"),
    ("sha512sum", "sha512sum -c --strict --quiet manifest-sha512.txt && sha512sum -c --strict --quiet tagmanifest-sha512.txt"),
    ("names", "for f in data/objects/*; do n=${f##*/}; echo \"${n%%.*}  $f\"; done | sha256sum -c --strict --quiet"),
    (
        "hashdeep",
        "{ printf '%%%%%%%% HASHDEEP-1.0\\n%%%%%%%% size,sha256,filename\\n'; while read h f; do echo \"$(stat -c %s \"$f\"),$h,$PWD/$f\"; done < manifest-sha256.txt; } > ../known 2> /dev/null && hashdeep -c sha256 -a -k ../known -r data",
    ),
    ("bagit.py", "bagit.py --quiet --validate ."),
    (
        "ssh-keygen",
        "ssh-keygen -Y verify -f $SIGNERS -I exhibit -n exhibit-custody -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt",
    ),
    (
        "openssl",
        "for t in tagmanifest-sha256.txt.*.tsr; do [ -e $t ] || continue; openssl ts -verify -data tagmanifest-sha256.txt -in $t -CAfile $ROOT || exit 1; done; for t in data/log/anchors/*.tsr; do openssl ts -verify -data ${t%.tsr}.note -in $t -CAfile $ROOT || exit 1; done",
    ),
    ("rfc3161-client", "python $CHECK_STAMPS . $ROOT"),
    ("Go sumdb", "$CHECK_LOG . \"$KEY\""),
    ("warcio", "warcio check data/capture/exchange.warc.gz"),
    ("FastWARC", "fastwarc check --quiet data/capture/exchange.warc.gz"),
    ("wacz", "wacz validate -f data/capture/exchange.wacz"),
    ("case_validate", "case_validate --ontology-graph $SHAPES data/record/E1.case.jsonld"),
];
/// These start slowly, and look at one file each: they are asked when that file was changed.
const SLOW: [(&str, &str); 4] = [
    ("warcio", "exchange.warc.gz"),
    ("FastWARC", "exchange.warc.gz"),
    ("wacz", "exchange.wacz"),
    ("case_validate", "case.jsonld"),
];

struct Bench {
    program: Program,
    stranger: Authority,
    env: Vec<(&'static str, String)>,
}

impl Bench {
    fn new() -> Bench {
        let (program, authority) = (Program::new(), Authority::start("ec", 30));
        copy_dir(&example(), &program.path("tell-amara"));
        program.run(&["archive", "--case", "c", "tell-amara/report.html"]).code(4);
        let (url, root) = (authority.server.url("/tsr"), program.path("root.pem").display().to_string());
        fs::copy(authority.root(), &root).unwrap();
        program.run(&["--case", "c", "anchor", &url, "--tsa-root", &root]).code(0);
        program
            .run(&["--case", "c", "export", "--all", "--to", "bag", "--warc", "--wacz", "--tables", "--timestamp", &url])
            .code(0);
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let check_log = program.path("check_log");
        let built = Command::new("go")
            .args(["build", "-o", check_log.to_str().unwrap(), here.join("tests/data/check_log.go").to_str().unwrap()])
            .envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOCACHE", program.path("go").to_str().unwrap())])
            .output()
            .expect("tests/run installs go");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let signers = program.path("config/exhibit/allowed_signers");
        let key = fs::read_to_string(&signers).unwrap();
        let env = vec![
            ("PATH", format!("{}:{}", here.join("target/test-tools/bin").display(), std::env::var("PATH").unwrap_or_default())),
            ("SIGNERS", signers.display().to_string()),
            ("KEY", key.lines().next().unwrap().split(' ').skip(2).collect::<Vec<_>>().join(" ")),
            ("ROOT", root),
            ("CHECK_LOG", check_log.display().to_string()),
            ("CHECK_STAMPS", here.join("tests/data/check_stamps.py").display().to_string()),
            ("SHAPES", here.join("schema/exhibit-shapes.ttl").display().to_string()),
        ];
        Bench { program, stranger: Authority::start("rsa", 30), env }
    }

    /// The checkers that refuse the bag.
    fn refuse(&self, bag: &Path, all: bool, changed: &str) -> Vec<&'static str> {
        let asked =
            |name: &str| all || SLOW.iter().find(|(slow, _)| *slow == name).is_none_or(|(_, file)| changed.ends_with(file));
        let refused = CHECKERS.iter().filter(|(name, _)| asked(name)).filter(|(_, line)| {
            let env = self.env.iter().map(|(name, value)| (*name, value.as_str()));
            let ran = Command::new("sh").args(["-c", line]).current_dir(bag).envs(env).output().unwrap();
            !ran.status.success()
        });
        refused.map(|(name, _)| *name).collect()
    }

    /// Ours: the verdict and the first code.
    fn verify(&self, bag: &Path) -> String {
        let root = &self.env.iter().find(|(name, _)| *name == "ROOT").unwrap().1;
        let told = self.program.run(&["verify", bag.to_str().unwrap(), "--json", "--tsa-root", root]).json();
        let findings = told["findings"].as_array().unwrap();
        let mut codes: Vec<&str> =
            findings.iter().filter(|one| one["severity"] == told["verdict"]).map(|one| one["code"].as_str().unwrap()).collect();
        codes.dedup();
        let codes: String = codes.iter().map(|code| format!(" `{code}`")).collect();
        format!("{}{codes}", told["verdict"].as_str().unwrap())
    }

    fn key(&self) -> FileKey {
        FileKey::load(&self.program.path("config/exhibit/key")).unwrap()
    }

    fn sign(&self, bag: &Path, signer: &dyn Signer) {
        let manifest = fs::read(bag.join("tagmanifest-sha256.txt")).unwrap();
        fs::write(bag.join("tagmanifest-sha256.txt.sig"), sshsig(signer, BAG_NAMESPACE, &manifest).unwrap()).unwrap();
    }

    /// What the sender could do: manifests made anew, the bag signed by the right key, its old timestamp taken away.
    fn as_sender(&self, bag: &Path) {
        fs::remove_file(bag.join("tagmanifest-sha256.txt.1.tsr")).unwrap();
        reseal(bag);
        self.sign(bag, &self.key());
    }
}

/// How far a change goes to hide itself.
#[derive(Clone, Copy, PartialEq)]
enum Hidden {
    /// As it is.
    Not,
    /// The manifests are made anew.
    Manifests,
    /// The same, signed by a key of somebody else.
    Stranger,
    /// The same, signed by the sender's own key.
    Sender,
}

type Make = Box<dyn Fn(&Bench, &Path)>;
type Plain = fn(&Path);

struct Change {
    what: String,
    hidden: Hidden,
    file: String,
    make: Make,
}

fn change(what: impl Into<String>, hidden: Hidden, file: &str, make: impl Fn(&Bench, &Path) + 'static) -> Change {
    Change { what: what.into(), hidden, file: file.into(), make: Box::new(make) }
}

fn flip(path: &Path, at: f64) {
    let mut bytes = fs::read(path).unwrap();
    let at = ((bytes.len() - 1) as f64 * at) as usize;
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn edit(path: &Path, change: impl Fn(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed, "{}", path.display());
    fs::write(path, changed).unwrap();
}

/// Rewrites rows of the log slice.
fn rows(bag: &Path, change: impl Fn(&mut Vec<Value>)) {
    edit(&bag.join("data/log/entries.jsonl"), |text| {
        let mut rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        change(&mut rows);
        rows.iter().map(|row| String::from_utf8(canonical(row)).unwrap() + "\n").collect()
    });
}

fn objects(bag: &Path) -> Vec<PathBuf> {
    files(&bag.join("data/objects")).into_iter().map(|name| bag.join("data/objects").join(name)).collect()
}

/// Rewrites a record, as JSON.
fn record(bag: &Path, name: &str, change: impl Fn(&mut Value)) {
    edit(&bag.join("data/record").join(name), |text| {
        let mut record: Value = serde_json::from_str(&text).unwrap();
        change(&mut record);
        serde_json::to_string_pretty(&record).unwrap() + "\n"
    });
}

fn changes(bag: &Path) -> Vec<Change> {
    let mut all = Vec::new();
    // One of each kind of file: a bit in its middle, and the file away.
    let kinds = [
        "bagit.txt",
        "bag-info.txt",
        "manifest-sha256.txt",
        "manifest-sha512.txt",
        "tagmanifest-sha256.txt",
        "tagmanifest-sha512.txt",
        "tagmanifest-sha256.txt.sig",
        "tagmanifest-sha256.txt.1.tsr",
        "data/HOW-TO-CHECK.md",
        "data/record/E1.json",
        "data/record/E1.html",
        "data/record/E1.case.jsonld",
        "data/record/R1.json",
        "data/record/index.html",
        "data/log/entries.jsonl",
        "data/log/checkpoint",
        "data/log/E1.tlog-proof",
        "data/log/verify_case.py",
        "data/log/anchors/A1.note",
        "data/log/anchors/A1.tsr",
        "data/log/anchors/A1.consistency",
        "data/capture/exchange.warc.gz",
        "data/capture/exchange.wacz",
        "data/tables/claims.csv",
        "data/tables/tables.xlsx",
    ];
    for kind in kinds {
        // Anchors are named by their numbers.
        let kind = kind.replace("/A1.", &format!("/{}.", anchor(bag)));
        let file = kind.clone();
        all.push(change(format!("a bit of {kind}"), Hidden::Not, "", move |_, bag| match file.as_str() {
            // Where the middle lies differs from run to run; this is always in an entry.
            "data/log/entries.jsonl" => edit(&bag.join(&file), |text| text.replacen("case-opened", "case-opfned", 1)),
            _ => flip(&bag.join(&file), 0.5),
        }));
        let file = kind.clone();
        all.push(change(format!("{kind} away"), Hidden::Not, &kind, move |_, bag| fs::remove_file(bag.join(&file)).unwrap()));
    }
    for (at, where_) in [(0.0, "the first"), (0.5, "a middle"), (1.0, "the last")] {
        all.push(change(format!("{where_} bit of an object"), Hidden::Not, "data/objects", move |_, bag| {
            flip(&objects(bag)[0], at)
        }));
    }
    let simple: [(&str, Plain); 14] = [
        ("an object away", |bag| fs::remove_file(&objects(bag)[0]).unwrap()),
        ("an object cut", |bag| {
            let bytes = fs::read(&objects(bag)[0]).unwrap();
            fs::write(&objects(bag)[0], &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("an object emptied", |bag| fs::write(&objects(bag)[0], b"").unwrap()),
        ("two objects swapped", |bag| {
            let (one, two) = (&objects(bag)[0], &objects(bag)[1]);
            let bytes = fs::read(one).unwrap();
            fs::copy(two, one).unwrap();
            fs::write(two, bytes).unwrap();
        }),
        ("an object under another name", |bag| fs::rename(&objects(bag)[0], bag.join("data/objects/footage.mp4")).unwrap()),
        ("a link in an object's place", |bag| {
            let path = &objects(bag)[0];
            fs::rename(path, bag.parent().unwrap().join("outside")).unwrap();
            symlink(bag.parent().unwrap().join("outside"), path).unwrap();
        }),
        ("a file added to data/", |bag| fs::write(bag.join("data/extra.txt"), b"x").unwrap()),
        ("a file added beside data/", |bag| fs::write(bag.join("extra.txt"), b"x").unwrap()),
        ("a line of the manifest away, with its file", |bag| {
            edit(&bag.join("manifest-sha256.txt"), |text| text.lines().skip(1).map(|line| format!("{line}\n")).collect());
        }),
        ("a line of the manifest twice", |bag| {
            edit(&bag.join("manifest-sha256.txt"), |text| format!("{text}{}\n", text.lines().next().unwrap()));
        }),
        ("a path out of the bag in the manifest", |bag| {
            edit(&bag.join("manifest-sha256.txt"), |text| format!("{text}{}  ../outside\n", Digest::of(b"")));
        }),
        ("other bytes in the manifest of tags", |bag| {
            edit(&bag.join("tagmanifest-sha256.txt"), |text| text.replacen('a', "b", 1))
        }),
        ("the last byte of the longer manifest of tags away", |bag| {
            edit(&bag.join("tagmanifest-sha512.txt"), |text| text[..text.len() - 1].to_owned())
        }),
        ("the last byte of the signature away", |bag| {
            edit(&bag.join("tagmanifest-sha256.txt.sig"), |text| text[..text.len() - 1].to_owned())
        }),
    ];
    for (what, make) in simple {
        all.push(change(what, Hidden::Not, "", move |_, bag| make(bag)));
    }
    let hidden: [(&str, &str, Plain); 9] = [
        ("a claim in a record", "E1.json", |bag| {
            record(bag, "E1.json", |record| record["captures"][0]["started"] = json!("2012-01-01T00:00:00.000000Z"))
        }),
        ("an entry dated back", "entries.jsonl", |bag| {
            rows(bag, |rows| rows[1]["entry"]["time"] = json!("2012-01-01T00:00:00.000000Z"))
        }),
        ("an entry away", "entries.jsonl", |bag| {
            rows(bag, |rows| rows.retain(|row| row["entry"]["kind"] != "object-kept"));
        }),
        ("a sealed value", "entries.jsonl", |bag| {
            rows(bag, |rows| {
                let row = rows.iter_mut().find(|row| !row["sealed"]["quote"].is_null()).unwrap();
                row["sealed"]["quote"]["value"]["exact"] = json!("nothing happened");
            })
        }),
        ("a proof", "entries.jsonl", |bag| {
            rows(bag, |rows| {
                let proof = rows[2]["proof"].as_array_mut().unwrap();
                proof.reverse();
            })
        }),
        ("other footage under an object's name", "", |bag| fs::write(&objects(bag)[0], b"other footage").unwrap()),
        ("footage that no entry names", "", |bag| {
            fs::write(bag.join(format!("data/objects/{}.bin", Digest::of(b"planted"))), b"planted").unwrap();
        }),
        ("an object away", "", |bag| fs::remove_file(&objects(bag)[0]).unwrap()),
        ("a head with another size", "checkpoint", |bag| {
            edit(&bag.join("data/log/checkpoint"), |text| {
                let size = text.lines().nth(1).unwrap().to_owned();
                text.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size.parse::<u64>().unwrap() + 1), 1)
            })
        }),
    ];
    for level in [Hidden::Manifests, Hidden::Stranger, Hidden::Sender] {
        for (what, file, make) in hidden {
            all.push(change(what, level, file, move |_, bag| make(bag)));
        }
    }
    all.push(change("the key's signature by another's", Hidden::Not, "", |bench, bag| {
        bench.sign(bag, &FileKey::from_seed([9; 32]).unwrap());
    }));
    all.push(change("a timestamp of other bytes", Hidden::Not, "", |bench, bag| {
        fs::write(bag.join("tagmanifest-sha256.txt.1.tsr"), bench.stranger.stamp(b"other bytes")).unwrap();
    }));
    all.push(change("a timestamp of an authority that nobody trusts", Hidden::Not, "", |bench, bag| {
        let manifest = fs::read(bag.join("tagmanifest-sha256.txt")).unwrap();
        fs::write(bag.join("tagmanifest-sha256.txt.1.tsr"), bench.stranger.stamp(&manifest)).unwrap();
    }));
    all.push(change("an anchor of an authority that nobody trusts", Hidden::Sender, "", |bench, bag| {
        let path = bag.join("data/log/anchors").join(anchor(bag));
        let note = fs::read(path.with_extension("note")).unwrap();
        fs::write(path.with_extension("tsr"), bench.stranger.stamp(&note)).unwrap();
    }));
    all.push(change("an anchor's head by a later one", Hidden::Sender, "", |_, bag| {
        let path = bag.join("data/log/anchors").join(anchor(bag)).with_extension("note");
        fs::copy(bag.join("data/log/checkpoint"), path).unwrap();
    }));
    all.push(change("a digest in the graph, shortened", Hidden::Sender, "E1.case.jsonld", |_, bag| {
        edit(&bag.join("data/record/E1.case.jsonld"), |text| {
            let digest = text.split('"').find(|part| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit())).unwrap();
            text.replace(digest, &digest[..62])
        });
    }));
    all.push(change("a digest in the graph, another one", Hidden::Sender, "E1.case.jsonld", |_, bag| {
        edit(&bag.join("data/record/E1.case.jsonld"), |text| {
            let digest = text.split('"').find(|part| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit())).unwrap();
            text.replace(digest, &Digest::of(b"another").to_string())
        });
    }));
    all.push(change("a bit of the WARC file", Hidden::Sender, "exchange.warc.gz", |_, bag| {
        flip(&bag.join("data/capture/exchange.warc.gz"), 0.5)
    }));
    all.push(change("a letter of a body in the WARC file, packed again", Hidden::Sender, "exchange.warc.gz", |_, bag| {
        let line = "import gzip; p = 'data/capture/exchange.warc.gz'; b = gzip.open(p).read(); assert b'mdat' in b; gzip.open(p, 'wb').write(b.replace(b'mdat', b'mdat'[::-1]))";
        assert!(Command::new("python3").args(["-c", line]).current_dir(bag).status().unwrap().success());
    }));
    all.push(change("a bit of the WACZ file", Hidden::Sender, "exchange.wacz", |_, bag| {
        flip(&bag.join("data/capture/exchange.wacz"), 0.5)
    }));
    all
}

/// The name of the bag's anchor.
fn anchor(bag: &Path) -> String {
    files(&bag.join("data/log/anchors"))[0].split('.').next().unwrap().to_owned()
}

#[test]
fn every_change_of_a_bag_is_refused_by_us_and_by_others_as_the_table_says() {
    let bench = Bench::new();
    let bag = bench.program.path("bag");
    assert_eq!((bench.verify(&bag).as_str(), bench.refuse(&bag, true, "")), ("green", Vec::new()));
    let (mut table, mut quiet, mut count, mut alone) = (String::new(), Vec::new(), 0, 0);
    let mut level = None;
    for change in changes(&bag) {
        count += 1;
        if level != Some(change.hidden) {
            level = Some(change.hidden);
            table.push_str(match change.hidden {
                Hidden::Not => "\n## As it is\n",
                Hidden::Manifests => "\n## Hidden: the manifests are made anew\n",
                Hidden::Stranger => "\n## Hidden: manifests made anew, the bag signed by a key of somebody else\n",
                Hidden::Sender => {
                    "\n## Hidden: manifests made anew, signed by the sender's own key, the bag's timestamp taken away\n"
                }
            });
            table.push_str("\n| | what changes | exhibit | others that refuse it |\n|---|---|---|---|\n");
        }
        let at = bench.program.path(&format!("changed/{count}/bag"));
        copy_dir(&bag, &at);
        (change.make)(&bench, &at);
        match change.hidden {
            Hidden::Not => {}
            Hidden::Manifests => reseal(&at),
            Hidden::Stranger => {
                reseal(&at);
                bench.sign(&at, &FileKey::from_seed([9; 32]).unwrap());
            }
            Hidden::Sender => bench.as_sender(&at),
        }
        let (mut ours, others) = (bench.verify(&at), bench.refuse(&at, false, &change.file));
        if change.what.starts_with("a bit of") && change.hidden == Hidden::Not {
            // What a bit is part of differs from run to run.
            ours.truncate(ours.find(' ').unwrap_or(ours.len()));
        }
        // A bag is as good without it as one that was never stamped; only who was told of it can miss it.
        if ours.starts_with("green") && change.what != "tagmanifest-sha256.txt.1.tsr away" {
            quiet.push(format!("{} is not refused by us", change.what));
        }
        alone += usize::from(others.is_empty());
        let others = if others.is_empty() { "none can see it".to_owned() } else { others.join(", ") };
        table.push_str(&format!("| {count} | {} | {ours} | {others} |\n", change.what));
        fs::remove_dir_all(at.parent().unwrap()).unwrap();
    }
    assert!(quiet.is_empty(), "{}", quiet.join("\n"));
    assert!(count >= 60);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tampering.md");
    let page = format!("{HEAD}{count} changes; {alone} of them no tool of others can see.\n{table}");
    if std::env::var_os("EXHIBIT_TEST_WRITE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), page, "docs/tampering.md is not what the tools say");
}

const HEAD: &str = "# A bag that was changed, and who refuses it

Each row is done to a copy of a real bag by `tests/tampering.rs`, which also compares this page with what `exhibit verify` and the
tools of others say. The checker knows the sender's key and the timestamp authority's root from elsewhere.

- sha256sum, sha512sum: both manifests (coreutils); names: `sha256sum` of each object against its own name
- hashdeep: an audit of `data/` against the manifest; bagit.py: `--validate` (PyPI: bagit); ssh-keygen: the signature over the manifest of the manifests (OpenSSH)
- openssl, rfc3161-client (PyPI): the timestamps over the bag and over heads of the log; Go sumdb: the log's head as a signed note, the inclusion of every
  entry, and earlier heads as its beginnings (golang.org/x/mod, as Debian has it; `tests/data/check_log.go`)
- warcio, FastWARC, wacz and case_validate (PyPI) are asked where their file was changed

The one green row is a timestamp of the bag that is taken away: what is left is what a bag without one is. Pages for people and tables are
the sender's word: what the sender signs is not judged by the log where it is neither record, graph nor entry.

";

//! The exported example, checked with tools that we did not write; each refuses after one changed byte.
//! `tests/run` installs them.

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::{Program, copy_dir, example};

struct Checked {
    program: Program,
    bag: PathBuf,
}

fn exported() -> Checked {
    let program = Program::new();
    program.run(&["archive", "--case", "demo", example().join("report.html").to_str().unwrap()]).code(4);
    program.run(&["--case", "demo", "export", "--all", "--to", "bag"]).code(0);
    let bag = program.path("bag");
    Checked { program, bag }
}

fn shell(dir: &Path, line: &str) -> Output {
    // The tools that tests/run installs with pip come first.
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin");
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap_or_default());
    Command::new("sh").args(["-c", line]).current_dir(dir).env("PATH", path).output().unwrap()
}

#[track_caller]
fn passes(dir: &Path, line: &str) {
    let output = shell(dir, line);
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "`{line}` should pass:\n{text}");
}

#[track_caller]
fn fails(dir: &Path, line: &str) {
    assert!(!shell(dir, line).status.success(), "`{line}` should fail");
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn object(bag: &Path) -> PathBuf {
    let mut files: Vec<PathBuf> = bag.join("data/objects").read_dir().unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.remove(0)
}

/// The check passes on the bag, and fails after the damage.
#[track_caller]
fn sees(checked: &Checked, line: &str, damage: impl FnOnce(&Path)) {
    passes(&checked.bag, line);
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("bag");
    copy_dir(&checked.bag, &copy);
    passes(&copy, line);
    damage(&copy);
    fails(&copy, line);
}

#[test]
fn bagit_and_sha256sum_accept_the_bag_and_refuse_a_changed_one() {
    let checked = exported();
    for tool in ["bagit.py", "sha256sum"] {
        assert!(shell(&checked.bag, &format!("command -v {tool}")).status.success(), "{tool} is not installed: run tests/run");
    }
    sees(&checked, "bagit.py --validate .", |bag| flip(&object(bag), 10));
    sees(&checked, "bagit.py --validate .", |bag| flip(&bag.join("data/log/checkpoint"), 10));
    sees(&checked, "sha256sum -c --strict manifest-sha256.txt", |bag| flip(&object(bag), 0));
    sees(&checked, "sha256sum -c --strict tagmanifest-sha256.txt", |bag| flip(&bag.join("bag-info.txt"), 3));
    sees(&checked, "sha512sum -c --strict manifest-sha512.txt", |bag| flip(&bag.join("data/record/E1.json"), 30));
    // A line that is no digest line is not passed over.
    sees(&checked, "sha256sum -c --strict manifest-sha256.txt", |bag| flip(&bag.join("manifest-sha256.txt"), 64));
}

#[test]
fn ssh_keygen_accepts_the_signature_and_refuses_a_changed_manifest() {
    let checked = exported();
    let signers = checked.program.path("config/exhibit/allowed_signers");
    let line = format!(
        "ssh-keygen -Y verify -f {} -I exhibit -n exhibit-custody -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt",
        signers.display()
    );
    sees(&checked, &line, |bag| flip(&bag.join("tagmanifest-sha256.txt"), 5));
    sees(&checked, &line, |bag| flip(&bag.join("tagmanifest-sha256.txt.sig"), 150));
    // Somebody else's key is refused.
    let other = Program::new();
    other.run(&["init", "c"]).code(0);
    let theirs =
        line.replace(&signers.display().to_string(), &other.path("config/exhibit/allowed_signers").display().to_string());
    fails(&checked.bag, &theirs);
}

#[test]
fn sqlite_reads_the_stable_views_and_their_digests_fit_the_bag() {
    let checked = exported();
    let case = checked.program.path("demo");
    for view in ["reports", "mentions", "claims", "items", "captures", "exhibits", "examinations", "custody"] {
        passes(&case, &format!("test $(sqlite3 case.sqlite 'SELECT count(*) FROM {view}') -gt 0"));
    }
    // Digests by SQL, checked by coreutils against the bag's bytes.
    let line = format!(
        "sqlite3 {}/case.sqlite \"SELECT sha256 || '  ' || sha256 FROM exhibits\" > list && for f in data/objects/*; do n=${{f##*/}}; ln -s $f ${{n%%.*}}; done && sha256sum -c --strict list",
        case.display()
    );
    passes(&checked.bag, &format!("cd $(mktemp -d) && cp -r {}/. . && {line}", checked.bag.display()));
    let dir = tempfile::tempdir().unwrap();
    copy_dir(&checked.bag, &dir.path().join("bag"));
    let exhibit =
        checked.program.run(&["--case", "demo", "list", "--json"]).code(0).json()[0]["sha256"].as_str().unwrap().to_owned();
    let file = dir
        .path()
        .join("bag/data/objects")
        .read_dir()
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| path.display().to_string().contains(&exhibit))
        .unwrap();
    flip(&file, 7);
    fails(&dir.path().join("bag"), &line);
    // And the database itself: one byte of its header.
    flip(&case.join("case.sqlite"), 3);
    fails(&case, "sqlite3 case.sqlite 'SELECT count(*) FROM exhibits'");
}

#[test]
fn the_log_slice_is_checked_by_python_alone() {
    let checked = exported();
    let guide = std::fs::read_to_string(checked.bag.join("data/HOW-TO-CHECK.md")).unwrap();
    let line = guide.lines().find(|line| line.starts_with("python3 data/log/verify_case.py")).unwrap();
    for file in ["data/log/entries.jsonl", "data/log/checkpoint"] {
        let length = std::fs::metadata(checked.bag.join(file)).unwrap().len() as usize;
        for at in [length / 5, length / 2] {
            sees(&checked, line, |bag| flip(&bag.join(file), at));
        }
    }
    sees(&checked, line, |bag| flip(&object(bag), 3));
    sees(&checked, line, |bag| std::fs::remove_file(object(bag)).unwrap());
}

#[test]
fn how_to_check_is_exactly_right_for_this_bag() {
    let checked = exported();
    let guide = std::fs::read_to_string(checked.bag.join("data/HOW-TO-CHECK.md")).unwrap();
    let blocks: Vec<&str> = guide.split("```").skip(1).step_by(2).collect();
    assert!(blocks.len() >= 3);
    for block in blocks {
        for line in block.lines().filter(|line| !line.is_empty()) {
            passes(&checked.bag, line);
        }
    }
}

#[test]
fn our_own_verifier_refuses_every_one_of_these_changes() {
    let checked = exported();
    let files: Vec<PathBuf> = support::contents(&checked.bag).into_keys().collect();
    assert!(files.len() > 40);
    for file in files {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("bag");
        copy_dir(&checked.bag, &copy);
        let inside = file.strip_prefix(&checked.bag).unwrap();
        let length = std::fs::metadata(&file).unwrap().len() as usize;
        flip(&copy.join(inside), length / 2);
        let path = copy.to_str().unwrap().to_owned();
        let told = checked.program.run(&["verify", &path]).code(3);
        assert!(told.out.contains("red"), "{}: {}", inside.display(), told.out);
        std::fs::remove_file(copy.join(inside)).unwrap();
        let told = checked.program.run(&["verify", &path]);
        assert_ne!(told.code, Some(0), "{} removed: {}", inside.display(), told.out);
    }
    // A record that says something else than the log is refused even under good manifests and signature.
    let record = std::fs::read_to_string(checked.bag.join("data/record/E1.json")).unwrap();
    assert!(record.contains("\"outcome\": \"ok\""));
    let forged = checked.program.path("forged");
    copy_dir(&checked.bag, &forged);
    std::fs::write(forged.join("data/record/E1.json"), record.replace("\"outcome\": \"ok\"", "\"outcome\": \"gone\"")).unwrap();
    let told = checked.program.run(&["verify", "forged"]).code(3);
    assert!(told.out.contains("record-differs"), "{}", told.out);
    let copy = checked.program.path("copy");
    copy_dir(&checked.bag, &copy);
    std::fs::write(copy.join("data/extra.txt"), "x").unwrap();
    let told = checked.program.run(&["verify", "copy"]).code(3);
    assert!(told.out.contains("bag-file-extra"), "{}", told.out);
}

#[test]
fn the_graphs_keep_our_profile_and_wrong_ones_are_refused() {
    let checked = exported();
    let shapes = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/exhibit-shapes.ttl");
    let line = |file: &str| format!("case_validate --ontology-graph {} {file}", shapes.display());
    let graphs = "data/record/E1.case.jsonld data/record/E2.case.jsonld data/record/E5.case.jsonld data/record/E6.case.jsonld";
    passes(&checked.bag, &line(graphs));
    let good = std::fs::read_to_string(checked.bag.join("data/record/E2.case.jsonld")).unwrap();
    let digest =
        good.split("\"@value\": \"").find(|part| part.len() > 64 && part[..64].bytes().all(|b| b.is_ascii_hexdigit())).unwrap();
    for (from, to) in [
        ("\"SHA256\"".to_owned(), "\"SHA-256\"".to_owned()),
        (digest[..64].to_owned(), digest[..62].to_owned()),
        ("uco-action:performer".into(), "uco-action:location".into()),
        ("case-investigation:exhibitNumber".into(), "case-investigation:exhibitNr".into()),
    ] {
        assert!(good.contains(&from), "{from}");
        std::fs::write(checked.program.path("wrong.jsonld"), good.replace(&from, &to)).unwrap();
        fails(&checked.program.path("."), &line("wrong.jsonld"));
    }
    std::fs::write(checked.program.path("empty.jsonld"), "{\"@context\": {}, \"@graph\": []}").unwrap();
    fails(&checked.program.path("."), &line("empty.jsonld"));
}

#[test]
fn a_bag_keeps_the_bagit_profile_that_it_names() {
    let checked = exported();
    let script = checked.program.file(
        "profile.py",
        "import bagit, bagit_profile, json, sys\nprofile = bagit_profile.Profile(sys.argv[3], profile=json.load(open(sys.argv[1])))\n\
         sys.exit(0 if profile.validate(bagit.Bag(sys.argv[2])) else 1)\n",
    );
    let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/bagit-profile.json");
    let line = format!("python {} {} . https://example.org/exhibit/bagit-profile.json", script.display(), profile.display());
    passes(&checked.bag, &line);
    let info = checked.bag.join("bag-info.txt");
    let text = std::fs::read_to_string(&info).unwrap();
    std::fs::write(&info, text.replace("Exhibit-Log-Root", "Exhibit-Log-Rood")).unwrap();
    fails(&checked.bag, &line);
}

/// Numbers without a seed of the clock: each run is the same.
fn chance(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 11) as usize
}

/// The program and the second verifier, which was written from the specification alone, say the same of good and of
/// tampered cases and bags. `EXHIBIT_TEST_FULL=1` makes it thousands.
#[test]
fn the_second_verifier_agrees_on_good_and_tampered_cases_and_bags() {
    let checked = exported();
    let signers = std::fs::read_to_string(checked.program.path("config/exhibit/allowed_signers")).unwrap();
    let key = signers.lines().next().unwrap().split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/verify_case.py");
    let second = |path: &Path| {
        let output = Command::new("python3").arg(&script).arg(path).args(["--key", &key]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().last().unwrap_or_default().trim_start_matches("verdict: ").to_owned()
    };
    let first = |path: &Path| {
        let told = checked.program.run(&["verify", path.to_str().unwrap(), "--json"]);
        told.json()["verdict"].as_str().unwrap().to_owned()
    };
    let case = checked.program.path("demo");
    for good in [&case, &checked.bag] {
        assert_eq!((first(good), second(good)), ("green".into(), "green".into()));
    }
    let most = if std::env::var_os("EXHIBIT_TEST_FULL").is_some() { 2_000 } else { 40 };
    let (mut state, mut differ) = (0x9e37_79b9_7f4a_7c15, Vec::new());
    for number in 0..most {
        let from = if number % 2 == 0 { &case } else { &checked.bag };
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        copy_dir(from, &copy);
        // Settings and locks are no evidence; rows of the database are for its own test, as the second judges no catalogue.
        let files: Vec<PathBuf> = support::contents(&copy)
            .into_iter()
            .filter(|(path, bytes)| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                !bytes.is_empty() && !name.starts_with("case.") && name != "exhibit.toml"
            })
            .map(|(path, _)| path)
            .collect();
        let file = &files[chance(&mut state) % files.len()];
        let bytes = std::fs::read(file).unwrap();
        let _ = std::fs::remove_file(file);
        let what = match chance(&mut state) % 5 {
            0 => "removed",
            1 => {
                std::fs::write(file, &bytes[..bytes.len() - 1]).unwrap();
                "cut"
            }
            2 => {
                std::fs::write(file, &bytes).unwrap();
                std::fs::write(file.with_extension("extra"), b"x").unwrap();
                "beside it another"
            }
            _ => {
                let mut bytes = bytes;
                let at = chance(&mut state) % bytes.len();
                bytes[at] ^= 1 << (chance(&mut state) % 8);
                std::fs::write(file, bytes).unwrap();
                "flipped"
            }
        };
        let (one, two) = (first(&copy), second(&copy));
        if one != two || one == "green" {
            differ.push(format!("{} {what}: {one}, the second {two}", file.strip_prefix(&copy).unwrap().display()));
        }
    }
    assert!(differ.is_empty(), "{} of {most}:\n{}", differ.len(), differ.join("\n"));
}

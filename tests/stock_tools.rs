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
    let line = "python3 data/log/check_log.py";
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
    assert_eq!(blocks.len(), 3);
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

//! Reports in every format, written by the libraries that people write them with.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use support::Program;

/// The reports of `make_reports.py`, made once.
static MADE: LazyLock<PathBuf> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = root.join("target/test-reports");
    let python = root.join("target/test-tools/bin/python");
    assert!(python.exists(), "{} is not there: run tests/run, which installs it", python.display());
    let made = Command::new(python).arg(root.join("tests/make_reports.py")).arg(&out).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    out
});

fn refs(program: &Program, name: &str, more: &[&str]) -> Value {
    let file = MADE.join(name);
    let mut args = vec!["refs", file.to_str().unwrap(), "--json"];
    args.extend(more);
    program.run(&args).code(0).json()[0].clone()
}

fn begins<'a>(told: &'a Value, words: &str) -> &'a Value {
    let references = told["references"].as_array().unwrap();
    references
        .iter()
        .find(|found| found["quote"]["exact"].as_str().unwrap().starts_with(words))
        .unwrap_or_else(|| panic!("{words}: {told:#}"))
}

#[test]
fn the_same_report_is_read_alike_in_every_format() {
    let program = Program::new();
    for (name, reader) in [
        ("report.docx", "docx"),
        ("report.odt", "odt"),
        ("report.epub", "epub"),
        ("report.pdf", "pdf"),
        ("message.eml", "mail"),
        ("page.mhtml", "html"),
        ("page.html.gz", "html"),
        ("page-1256.html", "html"),
        ("page-utf16.html", "html"),
    ] {
        let told = refs(&program, name, &["--published", "2015-10-05"]);
        assert_eq!(told["report"]["reader"]["name"], reader, "{name}");
        assert_eq!(told["report"]["title"], "What the videos of Tell Amara show", "{name}");
        let bytes = std::fs::read(MADE.join(name)).unwrap();
        assert_eq!(told["report"]["sha256"], exhibit::evidence::Digest::of(&bytes).to_string(), "{name}: the file as received");
        let video = begins(&told, "One video, posted by");
        let claim = |property: &str| {
            video["claims"]
                .as_array()
                .unwrap()
                .iter()
                .find(|claim| claim["property"] == property)
                .unwrap_or_else(|| panic!("{name} {property}"))
        };
        assert_eq!((&video["kind"], &video["form"]), (&"video".into(), &"described".into()), "{name}");
        assert_eq!(claim("uploader")["value"], "Amara Rescue Team", "{name}");
        assert_eq!(claim("date")["reading"]["edtf"], "2015-10-04", "{name}");
        assert_eq!(
            (&claim("location")["value"], &claim("location")["reading"]["country"]),
            (&"near Idlib".into(), &"SY".into()),
            "{name}"
        );
        let link = begins(&told, "The whole clip is on its channel");
        assert_eq!(link["canonical"], "https://www.youtube.com/watch?v=abcdefghijk", "{name}");
        if name != "report.pdf" {
            // Fonts of PDFs give Arabic in the order of drawing.
            begins(&told, "يظهر مقطع فيديو");
        }
    }
    assert!(refs(&program, "report.pdf", &[])["references"].to_string().contains("page 1;"));
}

#[test]
fn pictures_inside_a_document_are_captured_from_it() {
    let program = Program::new();
    for name in ["report.docx", "report.odt", "report.epub", "message.eml"] {
        let case = format!("case-{name}");
        program.run(&["archive", "--case", &case, MADE.join(name).to_str().unwrap(), "--no-fetch"]).code(0);
        let ran = program.run(&["archive", "--case", &case, MADE.join(name).to_str().unwrap(), "-q"]);
        let exhibits = program.run(&["--case", &case, "list", "--json"]).code(0).json();
        let picture = exhibits
            .as_array()
            .unwrap()
            .iter()
            .find(|exhibit| exhibit["media_type"] == "image/png")
            .unwrap_or_else(|| panic!("{name}: {} {exhibits}", ran.err));
        assert_eq!(
            picture["sha256"],
            exhibit::evidence::Digest::of(&std::fs::read(MADE.join("dot.png")).unwrap()).to_string(),
            "{name}"
        );
        program.run(&["--case", &case, "verify"]).code(0);
    }
}

#[test]
fn sheets_carry_their_columns_links_and_dates() {
    let program = Program::new();
    let told = refs(&program, "rows.xlsx", &[]);
    let found = told["references"].as_array().unwrap();
    let urls: Vec<&str> = found.iter().map(|found| found["canonical"].as_str().unwrap()).collect();
    assert_eq!(
        urls,
        [
            "https://www.youtube.com/watch?v=abcdefghijk",
            "https://files.example/b.mp4",
            "https://www.youtube.com/watch?v=bcdefghijkl"
        ]
    );
    let date = found[0]["claims"].as_array().unwrap().iter().find(|claim| claim["property"] == "date").unwrap();
    assert_eq!(date["reading"]["edtf"], "2015-10-04");
    assert!(found[2]["locator"].as_str().unwrap().contains("of sheet November"));
    assert_eq!(refs(&program, "rows.ods", &[])["references"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_read_says_so() {
    let program = Program::new();
    let ran = program.run(&["refs", MADE.join("locked.pdf").to_str().unwrap()]).code(1);
    assert!(ran.err.contains("locked.pdf") && ran.err.contains("password"), "{}", ran.err);
    for (name, format) in [("cut.pdf", "report.pdf"), ("cut.docx", "report.docx"), ("cut.gz", "page.html.gz")] {
        let whole = std::fs::read(MADE.join(format)).unwrap();
        program.file(name, &whole[..whole.len() / 2]);
        let ran = program.run(&["refs", name]);
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        assert!(ran.err.contains(name) || ran.out.contains("not read"), "{name}: {} {}", ran.out, ran.err);
    }
}

#[test]
fn a_directory_stands_for_the_reports_in_it() {
    let program = Program::new();
    std::fs::create_dir_all(program.path("dir/page_files")).unwrap();
    for (name, text) in [
        ("dir/b.txt", "One video shows a street in Homs."),
        ("dir/page.html", "<p>One video shows a street.</p>"),
        ("dir/page_files/frame.html", "<p>x</p>"),
        ("dir/clip.mp4", "x"),
    ] {
        program.file(name, text);
    }
    let ran = program.run(&["refs", "dir", "--json"]).code(0);
    let origins: Vec<String> =
        ran.json().as_array().unwrap().iter().map(|told| told["report"]["origin"].as_str().unwrap().to_owned()).collect();
    assert_eq!(origins, ["b.txt", "page.html"]);
    assert!(ran.err.contains("1 files are no reports"), "{}", ran.err);
}

#[test]
fn a_review_is_recorded_as_the_persons() {
    let program = Program::new();
    program.file(
        "notes.txt",
        "One video shows a street near Homs on Sunday.\n\nThe clip https://files.example/a.mp4 was sent to us.\n",
    );
    let answers = "c\nlocation = near Hama\n\nr\nanother matter\nn\n";
    let mut child = program
        .command()
        .args(["refs", "notes.txt", "--review", "--by", "Ana Karam"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), answers.as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let shown = program.run(&["refs", "notes.txt", "--from-json", "notes.txt.review.json", "--json"]).code(0).json();
    assert_eq!(shown[0]["references"].as_array().unwrap().len(), 1);
    program.run(&["archive", "notes.txt", "--from-json", "notes.txt.review.json", "--case", "c", "--by", "Ana Karam"]).code(0);
    let mention = program.run(&["--case", "c", "show", "M1"]).code(0).out;
    assert!(mention.contains("near Hama, says Ana Karam"), "{mention}");
    assert!(!mention.contains("near Homs, says"), "{mention}");
    let report = program.run(&["--case", "c", "show", "R1"]).code(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.contains("Rejected in review") && report.contains("another matter"), "{report}");
    program.run(&["--case", "c", "verify"]).code(0);
    // A review of other bytes is refused, and nothing is recorded.
    program.file("notes.txt", "Something else shows a video of a street.");
    let ran = program.run(&["archive", "notes.txt", "--from-json", "notes.txt.review.json", "--case", "c"]).code(1);
    assert!(ran.err.contains("review"), "{}", ran.err);
}

//! The documents say what the program does.

mod support;

use exhibit::evidence::{Digest, Event};
use exhibit::ledger::{FORMAT, SEALED_FIELDS, Sealed, commitments, open, sealed_fields};

const SPEC: &str = include_str!("../schema/FORMAT.md");
const README: &str = include_str!("../README.md");

#[test]
fn the_table_of_kinds_lists_every_sealed_field_and_no_other() {
    let kinds = [
        "case-opened",
        "report-received",
        "item-identified",
        "reference-found",
        "claim-made",
        "permission-given",
        "object-kept",
        "capture-made",
        "exhibit-admitted",
        "examination-made",
        "note-added",
        "value-erased",
        "fixity-checked",
        "handling-set",
        "object-purged",
        "object-restored",
        "anchor-made",
        "key-changed",
        "key-revoked",
        "transfer-made",
        "package-received",
    ];
    for kind in kinds {
        let row =
            SPEC.lines().find(|line| line.starts_with(&format!("| `{kind}` |"))).unwrap_or_else(|| panic!("no row for {kind}"));
        let sealed = row.split('|').nth(3).unwrap();
        let named: Vec<&str> = sealed.split('`').skip(1).step_by(2).collect();
        let mut fields = sealed_fields(kind).to_vec();
        let mut named_sorted = named.clone();
        fields.sort_unstable();
        named_sorted.sort_unstable();
        assert_eq!(named_sorted, fields, "{kind}");
    }
    assert!(SPEC.contains(FORMAT));
    let all: std::collections::BTreeSet<&str> =
        kinds.iter().flat_map(|kind| sealed_fields(kind)).copied().chain(["person"]).collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), SEALED_FIELDS);
}

#[test]
fn the_worked_example_of_a_commitment_is_right() {
    let line = SPEC.lines().find(|line| line.starts_with("{\"entry\":12")).unwrap();
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = &value["values"]["text"];
    let mut salt = [0; 16];
    hex::decode_to_slice(text["salt"].as_str().unwrap(), &mut salt).unwrap();
    let sealed = Sealed { field: "text".into(), salt, value: text["value"].clone() };
    let mut bytes = salt.to_vec();
    bytes.extend(b"\"seen twice\"");
    assert_eq!(sealed.commitment(), Digest::of(&bytes));
    assert!(SPEC.contains(&format!("\"text\":\"{}…\"", &sealed.commitment().to_string()[..4])));
}

#[test]
fn every_entry_of_the_frozen_case_is_as_the_specification_says() {
    let bundle =
        std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/format-1/case/log/tile/entries/000.p/70")).unwrap();
    let entries = exhibit::ledger::parse_entry_bundle(&bundle).unwrap();
    assert_eq!(entries.len(), 70);
    for (index, bytes) in entries.iter().enumerate() {
        let entry = open(bytes, &[]).unwrap();
        assert_eq!(matches!(entry.event, Event::CaseOpened(_)), index == 0, "MUST 9");
        let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let kind = value["kind"].as_str().unwrap();
        for field in commitments(bytes).unwrap().keys() {
            assert!(field == "person" || sealed_fields(kind).contains(&field.as_str()), "{kind} {field}");
            assert!(value["event"].get(field).is_none(), "MUST 7: {field} stands open");
        }
    }
}

#[test]
fn readme_names_every_command_and_its_two_set_up_commands_are_there() {
    let help = support::Program::new().run(&["--help"]).code(0).out;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    for command in named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        assert!(README.contains(&format!("`{command}")), "README does not name `{command}`");
    }
    assert!(README.contains("\ncargo run --release -- archive --case demo examples/tell-amara/report.html\n"));
    assert!(README.contains("\ntests/run\n"));
}

#[test]
fn the_walkthrough_of_the_readme_is_what_the_program_prints() {
    let program = support::Program::new();
    support::copy_dir(&support::example(), &program.path("examples/tell-amara"));
    let mut shown = 0;
    for block in README.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for part in block.split("$ ").skip(1) {
            let (command, expected) = part.split_once('\n').unwrap();
            let args: Vec<&str> = command.strip_prefix("exhibit ").unwrap().split(' ').collect();
            let ran = program.run(&args);
            // What differs from run to run: dates, keys, sizes of signed heads.
            let plain = |text: &str| text.lines().map(|line| steady(line.trim_end())).collect::<Vec<_>>().join("\n");
            let expected = plain(expected.trim_end());
            let printed = plain(ran.out.trim_end());
            let wanted: Vec<&str> = expected.split("\n…\n").collect();
            let mut rest = printed.as_str();
            for part in wanted {
                let at =
                    rest.find(part).unwrap_or_else(|| panic!("`{command}` does not print\n{part}\nbut\n{printed}\n{}", ran.err));
                rest = &rest[at + part.len()..];
            }
            shown += 1;
        }
    }
    assert!(shown >= 5, "the walkthrough has {shown} commands");
}

/// A line without what differs from run to run.
fn steady(line: &str) -> String {
    let date = regex::Regex::new(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?").unwrap();
    let id = regex::Regex::new(r"\bE\d\b").unwrap();
    let head = regex::Regex::new(r"\d+(-[0-9a-f]{4}){4}").unwrap();
    let key = regex::Regex::new(r"SHA256:[A-Za-z0-9+/]+|\S*exhibit/key").unwrap();
    let line = head.replace_all(line, "HEAD");
    let line = date.replace_all(&line, "DATE");
    let line = id.replace_all(&line, "E#");
    key.replace_all(&line, "KEY").into_owned()
}

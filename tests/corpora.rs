//! Measuring on the shared corpora, where they lie beside the checkout.

mod support;

use std::path::{Path, PathBuf};

use exhibit::evidence::Verdict;
use support::Program;

fn corpora() -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    if found.is_dir() {
        return Some(found);
    }
    eprintln!("NOT TESTED: the shared corpora do not lie beside this checkout ({})", found.display());
    None
}

#[test]
fn the_seed_report_is_recorded_as_its_reader_would_expect() {
    let Some(corpora) = corpora() else { return };
    let program = Program::new();
    let report = corpora.join("seed/report.txt");
    program.run(&["archive", "--case", "c", report.to_str().unwrap()]).code(0);
    let mentions = program.run(&["--case", "c", "show", "R1", "--json"]).code(0).json();
    let mentions = mentions["mentions"].as_array().unwrap().clone();
    let begins = |text: &str| {
        mentions
            .iter()
            .find(|mention| mention["quote"].as_str().unwrap().starts_with(text))
            .unwrap_or_else(|| panic!("{text}"))
            .clone()
    };
    let credited =
        mentions.iter().find(|mention| mention["credit"] == "YouTube/Syrian Civil Defense").expect("the credited image");
    assert_eq!(credited["kind"], "image");
    assert_eq!(begins("One video shows")["kind"], "video");
    let second = begins("In another video");
    assert_eq!(second["kind"], "video");
    let shown = program.run(&["--case", "c", "show", second["id"].as_str().unwrap(), "--json"]).code(0).json();
    let place = shown["claims"].as_array().unwrap().iter().find(|claim| claim["property"] == "location").unwrap().clone();
    assert_eq!(place["value"], "a village southwest of Idlib");
    assert_eq!(place["hedges"], serde_json::json!(["described as"]));
    assert!(!mentions.iter().any(|mention| mention.to_string().contains("Follow VICE News")));
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn the_published_merkle_vectors_come_out_as_labelled() {
    let Some(corpora) = corpora() else { return };
    let dir = corpora.join("integrity/tlog");
    let files: Vec<PathBuf> = walkdir::WalkDir::new(&dir)
        .into_iter()
        .flatten()
        .map(|file| file.into_path())
        .filter(|path| path.ends_with("merkle_vectors.json"))
        .collect();
    assert_eq!(files.len(), 1, "{}", dir.display());
    let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    let all = vectors.as_array().or_else(|| vectors["vectors"].as_array()).expect("a list of vectors");
    use base64::{Engine, engine::general_purpose::STANDARD};
    let bytes = |value: &serde_json::Value| STANDARD.decode(value.as_str().unwrap_or("")).unwrap_or_default();
    let hash = |value: &serde_json::Value| <[u8; 32]>::try_from(bytes(value)).ok();
    let path = |value: &serde_json::Value| {
        value.as_array().map(|all| all.iter().map(hash).collect::<Option<Vec<_>>>()).unwrap_or(Some(Vec::new()))
    };
    let (mut judged, mut other_length, mut wrong) = (0, 0, Vec::new());
    for (nth, vector) in all.iter().enumerate() {
        // Subtree proofs are another protocol's; exhibit neither makes nor reads them.
        if !matches!(vector["kind"].as_str(), Some("inclusion" | "consistency")) {
            continue;
        }
        let number = |name: &str| vector[name].as_u64();
        let expected = vector["wantErr"].as_bool().map(|error| !error).unwrap_or(true);
        // Roots of another length than a hash's cannot be written as ours: one vector has such and is fine by its label.
        if expected
            && [&vector["root"], &vector["root1"], &vector["root2"]]
                .iter()
                .any(|root| !bytes(root).is_empty() && hash(root).is_none())
        {
            other_length += 1;
            continue;
        }
        let told = if let (Some(index), Some(size)) = (number("leafIdx"), number("treeSize")) {
            match (hash(&vector["leafHash"]), hash(&vector["root"]), path(&vector["proof"])) {
                (Some(leaf), Some(root), Some(path)) => exhibit::ledger::verify_inclusion(index, size, leaf, &path, &root),
                _ => false,
            }
        } else if let (Some(old), Some(new)) = (number("size1"), number("size2")) {
            match (hash(&vector["root1"]), hash(&vector["root2"]), path(&vector["proof"])) {
                (Some(one), Some(two), Some(path)) => exhibit::ledger::verify_consistency(old, new, &one, &two, &path),
                _ => false,
            }
        } else {
            continue;
        };
        judged += 1;
        if told != expected {
            wrong.push((nth, vector["desc"].to_string()));
        }
    }
    assert_eq!((judged, other_length), (195, 1));
    assert!(wrong.is_empty(), "{} of {judged}: {wrong:?}", wrong.len());
}

/// Runs the corpora's own scorer, and gives the JSON objects it prints.
fn score(corpora: &Path, set: &str) -> serde_json::Value {
    let program = env!("CARGO_BIN_EXE_exhibit");
    let ran =
        std::process::Command::new("python3").arg(corpora.join("score")).args([set, "--exhibit", program]).output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    let from = text.find("\n{").unwrap_or_else(|| panic!("{text} {}", String::from_utf8_lossy(&ran.stderr)));
    serde_json::from_str(&text[from..]).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `17/18` as a share.
fn share(told: &serde_json::Value, name: &str) -> f64 {
    let (of, all) = told[name].as_str().unwrap().split_once('/').unwrap();
    of.parse::<f64>().unwrap() / all.parse::<f64>().unwrap()
}

#[test]
fn labelled_pages_and_texts_are_read_as_their_labels_say() {
    let Some(corpora) = corpora() else { return };
    let pages = score(&corpora, "reports");
    let (recall, precision) = (pages["recall_all"].as_f64().unwrap(), pages["precision"].as_f64().unwrap());
    assert!(2.0 * recall * precision / (recall + precision) >= 0.95, "{pages:#}");
    for (name, least) in [("caption_ok", 0.9), ("credit_ok", 0.9), ("uploader_ok", 0.8), ("place_ok", 0.85), ("date_ok", 0.8)] {
        assert!(share(&pages, name) >= least, "{name}: {pages:#}");
    }
    let prose = score(&corpora, "prose");
    assert!(prose["recall"].as_f64().unwrap() >= 0.85 && prose["precision"].as_f64().unwrap() >= 0.85, "{prose:#}");
    assert!(share(&prose, "place") >= 0.85 && share(&prose, "certainty") >= 0.8, "{prose:#}");
}

/// Timestamps of real authorities, each with what must be said of it.
#[test]
fn timestamps_of_real_authorities_are_judged_as_they_must_be() {
    use exhibit::ledger::{StampError, certificates, verify_timestamp};
    let Some(corpora) = corpora() else { return };
    let dir = corpora.join("integrity/rfc3161");
    let expected: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("expected.json")).unwrap()).unwrap();
    let files = expected["files"].as_array().unwrap();
    assert!(files.len() >= 10);
    for file in files {
        let name = file["file"].as_str().unwrap();
        let path = dir.join(name);
        let answer = std::fs::read(&path).unwrap();
        let chain = certificates(&std::fs::read(path.parent().unwrap().join("ts_chain.pem")).unwrap());
        assert!(!chain.is_empty(), "{name}");
        let data = match file["payload"].as_str().unwrap() {
            "payload file" => std::fs::read(path.parent().unwrap().join("payload")).unwrap(),
            _ => b"hello".to_vec(),
        };
        let told = verify_timestamp(&answer, &data, None, &chain, &chain);
        let verdict = file["expected_verdict"].as_str().unwrap();
        match (name, &told) {
            ("sigstage/response-invalid-signature.tsr", Err(StampError::Signature(_))) => {}
            ("test_tsa/other_response.tsr", Ok(stamp)) => assert!(stamp.trusted.is_err(), "{name}: {stamp:?}"),
            ("test_tsa/other_response.tsr", Err(_)) => {}
            (_, Ok(stamp)) if verdict.contains("accept") => {
                assert_eq!(stamp.trusted, Ok(()), "{name}");
                assert!(!stamp.authority.contains("Spoofed"), "{name}: {}", stamp.authority);
                // Year, and time of day: `Mar 11 08:52:08 2025 GMT`.
                let (own, said) = (stamp.time.to_string(), file["gen_time"].as_str().unwrap());
                assert!(said.contains(&own[..4]) && said.contains(&own[11..19]), "{name}: {own}, {said}");
            }
            _ => panic!("{name} must be: {verdict}; {told:?}"),
        }
        // Other bytes are refused, and so is each answer cut anywhere.
        assert!(verify_timestamp(&answer, b"hellp", None, &chain, &chain).is_err(), "{name}");
        for cut in (0..answer.len()).step_by(97) {
            assert!(verify_timestamp(&answer[..cut], &data, None, &chain, &chain).is_err(), "{name} {cut}");
        }
    }
}

/// The bags of the Library of Congress's conformance suite, each as labelled; those for Windows only are left out.
#[test]
fn bags_of_the_conformance_suite_are_judged_as_labelled() {
    let Some(corpora) = corpora() else { return };
    let dir = corpora.join("integrity/bagit");
    let expected: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("expected.json")).unwrap()).unwrap();
    let (mut judged, mut wrong) = (0, Vec::new());
    for one in expected.as_array().unwrap() {
        let (bag, label) = (one["bag"].as_str().unwrap(), one["expected"].as_str().unwrap());
        let told = exhibit::stages::verify_bag(&dir.join(bag), &[], &Default::default()).unwrap();
        let fits = match label {
            "valid" => told.verdict == Verdict::Green,
            "valid-with-warning" => told.verdict == Verdict::Amber,
            "invalid" | "invalid-on-posix" => told.verdict == Verdict::Red,
            _ => continue,
        };
        judged += 1;
        if !fits {
            wrong.push(format!("{bag} is {label}: {:#?}", told.findings));
        }
    }
    assert!(judged >= 50 && wrong.is_empty(), "{judged} judged\n{}", wrong.join("\n"));
}

#[test]
fn published_opentimestamps_proofs_come_out_as_labelled() {
    use exhibit::ledger::{Attestation, Proof};
    let Some(corpora) = corpora() else { return };
    let dir = corpora.join("integrity/ots");
    let labels: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("expected.json")).unwrap()).unwrap();
    let labels = labels.as_array().unwrap();
    assert!(labels.len() >= 15);
    for label in labels {
        let name = label["file"].as_str().unwrap();
        let bytes = std::fs::read(dir.join(name)).unwrap();
        let read = Proof::parse(&bytes);
        let Some(expected) = label["attestations"].as_array() else {
            assert!(read.is_err(), "{name}");
            continue;
        };
        let proof = read.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Proof::parse(&proof.bytes()), Ok(proof.clone()), "{name}");
        let target = std::fs::read(dir.join(name.trim_end_matches(".ots")));
        if label["target_present"] == true {
            assert_eq!(proof.is_of(&target.unwrap()).is_ok(), label["digest_matches_target"] == true, "{name}");
        }
        assert!(proof.is_of(b"other bytes").is_err());
        let told = proof.attestations();
        // The labels hold the first 32 bytes of a message.
        let begins = |message: &[u8]| hex::encode(&message[..message.len().min(32)]);
        let mut told: Vec<(String, String)> = told
            .iter()
            .filter_map(|(message, attestation)| match attestation {
                Attestation::Bitcoin(height) => Some((format!("block {height}"), begins(message))),
                Attestation::Pending(address) => Some((address.clone(), begins(message))),
                Attestation::Other(..) => None,
            })
            .collect();
        let mut wanted: Vec<(String, String)> = expected
            .iter()
            .filter_map(|one| {
                let what = match one["type"].as_str().unwrap() {
                    "BitcoinBlockHeaderAttestation" => format!("block {}", one["height"]),
                    "PendingAttestation" => one["uri"].as_str().unwrap().to_owned(),
                    _ => return None,
                };
                Some((what, one["msg"].as_str().unwrap().to_owned()))
            })
            .collect();
        told.sort();
        wanted.sort();
        assert_eq!(told, wanted, "{name}");
    }
}

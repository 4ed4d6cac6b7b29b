//! Keys live outside the case: files of the user's, or a real SSH agent.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use support::{Program, Ran};

#[test]
fn init_makes_a_key_outside_the_case_that_only_its_owner_can_read() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    let key = program.path("config/exhibit/key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&key).unwrap();
    assert!(secret.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    for (path, bytes) in support::contents(&program.path("c")) {
        let line = secret.lines().nth(2).unwrap().as_bytes();
        assert!(!bytes.windows(line.len()).any(|window| window == line), "{} holds the key", path.display());
    }
    // A second case of the same user is signed with the same key.
    let first = program.run(&["init", "d", "--json"]).code(0).json();
    assert_eq!(first["key_file_made"], serde_json::Value::Null);
}

#[test]
fn a_case_of_somebody_else_is_amber_until_their_key_is_trusted() {
    let (theirs, mine) = (Program::new(), Program::new());
    theirs.run(&["init", "c"]).code(0);
    support::copy_dir(&theirs.path("c"), &mine.path("c"));
    let told = mine.run(&["--case", "c", "verify"]).code(3);
    assert!(told.out.contains("amber") && told.out.contains("key-unknown"), "{}", told.out);
    let trust = theirs.path("config/exhibit/allowed_signers");
    mine.run(&["--case", "c", "verify", "--trust", trust.to_str().unwrap()]).code(0);
    mine.run(&["init", "own"]).code(0);
    mine.file("good.txt", "One video shows a street near Idlib.\n");
    let refused = mine.run(&["--case", "c", "archive", "good.txt"]).code(1);
    assert!(refused.err.contains("is not this case's key"), "{}", refused.err);
}

#[test]
fn a_key_in_a_real_ssh_agent_signs_the_log_and_the_bag() {
    let program = Program::new();
    let socket = program.path("agent.sock");
    let key = program.path("agent-key");
    let tool = |name: &str| Command::new(name);
    let made = tool("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "case key", "-f"]).arg(&key).status();
    assert!(made.expect("ssh-keygen is here; tests/run installs openssh-client").success());
    let mut agent = tool("ssh-agent").arg("-D").arg("-a").arg(&socket).stdout(Stdio::null()).spawn().expect("ssh-agent is here");
    for _ in 0..100 {
        if socket.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(tool("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null()).status().unwrap().success());
    std::fs::remove_file(&key).unwrap();
    let run = |args: &[&str]| Ran::of(program.command().env("SSH_AUTH_SOCK", &socket).args(args).output().unwrap());
    let started = run(&["init", "c", "--agent-key", "case key", "--json"]).code(0).json();
    let listed = tool("ssh-keygen").args(["-l", "-f"]).arg(key.with_extension("pub")).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains(started["fingerprint"].as_str().unwrap()));
    program.file("report.txt", "One video shows a street near Idlib.\n");
    program.file("clip.png", support::png(1));
    run(&["--case", "c", "archive", "report.txt"]).code(0);
    run(&["--case", "c", "add", "clip.png"]).code(0);
    run(&["--case", "c", "verify"]).code(0);
    run(&["--case", "c", "export", "E1", "--to", "bag"]).code(0);
    run(&["verify", "bag"]).code(0);
    let unknown = run(&["--case", "c", "archive", "report.txt", "--agent-key", "another"]).code(1);
    assert!(unknown.err.contains("holds no Ed25519 key \"another\""), "{}", unknown.err);
    agent.kill().unwrap();
    agent.wait().unwrap();
    let gone = run(&["--case", "c", "archive", "report.txt"]).code(1);
    assert!(gone.err.contains("The SSH agent does not answer"), "{}", gone.err);
    // Reading needs no key.
    run(&["--case", "c", "verify"]).code(0);
}

//! A timestamp authority of the tests: OpenSSL's, behind an HTTP server on loopback.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Server, respond};

/// A timestamp authority of our own: a real one, of OpenSSL, behind a real HTTP server.
pub struct Authority {
    pub dir: tempfile::TempDir,
    pub server: Server,
}

fn openssl(dir: &Path, args: &[&str]) {
    let ran = Command::new("openssl").current_dir(dir).args(args).output().expect("tests/run installs openssl");
    assert!(ran.status.success(), "{args:?}: {}", String::from_utf8_lossy(&ran.stderr));
}

impl Authority {
    /// Its certificate is valid for so many days from now, which may be less than none.
    pub fn start(kind: &str, days: i64) -> Authority {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        let new_key: &[&str] = match kind {
            "rsa" => &["-newkey", "rsa:2048"],
            _ => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        };
        let root =
            ["req", "-x509", "-nodes", "-days", "3650", "-subj", "/CN=Test root", "-keyout", "root.key", "-out", "root.pem"];
        openssl(at, &[&root[..], new_key].concat());
        let asked = ["req", "-new", "-nodes", "-subj", "/CN=Test authority", "-keyout", "tsa.key", "-out", "tsa.csr"];
        openssl(at, &[&asked[..], new_key].concat());
        std::fs::write(at.join("ext"), "extendedKeyUsage=critical,timeStamping\n").unwrap();
        let days = days.to_string();
        openssl(
            at,
            &[
                "x509",
                "-req",
                "-in",
                "tsa.csr",
                "-CA",
                "root.pem",
                "-CAkey",
                "root.key",
                "-CAcreateserial",
                "-days",
                &days,
                "-extfile",
                "ext",
                "-out",
                "tsa.pem",
            ],
        );
        std::fs::write(
            at.join("tsa.cnf"),
            "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\nsigner_cert = tsa.pem\nsigner_key = tsa.key\nsigner_digest = sha256\n\
             default_policy = 1.2.3.4\ndigests = sha256\nordering = yes\ness_cert_id_alg = sha256\n",
        )
        .unwrap();
        std::fs::write(at.join("serial"), "01\n").unwrap();
        let server = Server::start();
        let home = at.to_path_buf();
        server.on("/tsr", move |connection, request| {
            let length = request.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ").and_then(|n| n.trim().parse::<usize>().ok())
            });
            let mut query = vec![0; length.unwrap()];
            connection.read_exact(&mut query).unwrap();
            assert!(request.to_ascii_lowercase().contains("content-type: application/timestamp-query"));
            let answer = reply(&home, &query);
            respond(connection, "200 OK", "application/timestamp-reply", &answer);
        });
        Authority { dir, server }
    }

    pub fn root(&self) -> String {
        self.dir.path().join("root.pem").display().to_string()
    }

    /// Its answer over some bytes.
    pub fn stamp(&self, bytes: &[u8]) -> Vec<u8> {
        let digest = exhibit::evidence::Digest::of(bytes).0;
        reply(self.dir.path(), &exhibit::ledger::timestamp_request(&digest, 7))
    }
}

fn reply(home: &Path, query: &[u8]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new_in(home).unwrap();
    std::fs::write(file.path(), query).unwrap();
    let ran = Command::new("openssl")
        .current_dir(home)
        .args(["ts", "-reply", "-config", "tsa.cnf", "-section", "t", "-queryfile"])
        .arg(file.path())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    assert!(ran.status.success());
    ran.stdout
}

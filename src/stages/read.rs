//! Reading a report with care: what can run away does so in a process of its own.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::reading::{self, Document, Extracted, Hints, ReadError};

/// Stands before the result of [`extract`]: the libraries print now and then.
const MARK: char = '\u{1}';
/// Seconds that taking one apart may last.
const SECONDS: u64 = 60;
/// Bytes of memory that it may use: 480 MiB.
const MEMORY: u64 = 480 << 20;
/// Bytes of its result that are read.
const RESULT: u64 = 400 << 20;

/// Reads a report. `helper` is the `exhibit` program, which takes PDFs and spreadsheets apart in a process of its own, with
/// bounds of time and memory; without it that is done here.
pub fn read_report(bytes: &[u8], hints: &Hints, helper: Option<&Path>) -> Result<Document, ReadError> {
    match helper {
        Some(helper) => reading::read_with(bytes, hints, &|bytes| in_process(helper, bytes)),
        None => reading::read(bytes, hints),
    }
}

fn in_process(helper: &Path, bytes: &[u8]) -> Result<Extracted, String> {
    let failed = |error: std::io::Error| format!("the program that takes such files apart could not be run: {error}");
    let mut child = Command::new(helper)
        .arg("extract")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (input, output) = (child.stdin.take(), child.stdout.take());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A child that ends early has read what it wanted.
            let _ = input.map(|mut input| input.write_all(bytes));
        });
        let reader = scope.spawn(move || {
            let mut text = Vec::new();
            output.map(|output| output.take(RESULT).read_to_end(&mut text));
            text
        });
        let begun = Instant::now();
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break Some(status),
                None if begun.elapsed() > Duration::from_secs(SECONDS) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(if begun.elapsed().as_millis() < 200 { 1 } else { 20 })),
            }
        };
        let text = reader.join().unwrap_or_default();
        let status = status.ok_or_else(|| format!("taking it apart took more than {SECONDS} seconds"))?;
        let text = String::from_utf8_lossy(&text);
        let result = text.rsplit_once(MARK).map(|(_, result)| result);
        match result.map(serde_json::from_str::<Result<Extracted, String>>) {
            Some(Ok(extracted)) => extracted,
            _ if status.success() => Err("it is damaged, or of a kind that cannot be read".to_owned()),
            _ => Err(format!("it is damaged, or needs more than {} MiB to be taken apart", MEMORY >> 20)),
        }
    })
}

/// The helper's side: reads a PDF or spreadsheet from `input`, and writes what it says to `output`.
pub fn extract(mut input: impl Read, mut output: impl Write) -> std::io::Result<()> {
    // Where limits cannot be set, the parent's clock remains.
    let _ = rlimit::setrlimit(rlimit::Resource::AS, MEMORY, MEMORY);
    let _ = rlimit::setrlimit(rlimit::Resource::CPU, SECONDS, SECONDS);
    let _ = rlimit::setrlimit(rlimit::Resource::CORE, 0, 0);
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    // Deep files need a deep stack.
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(move || reading::extract(&bytes))?;
    let extracted = worker.join().unwrap_or_else(|_| Err("it is damaged, or of a kind that cannot be read".to_owned()));
    write!(output, "\n{MARK}")?;
    serde_json::to_writer(&mut output, &extracted)?;
    output.flush()
}

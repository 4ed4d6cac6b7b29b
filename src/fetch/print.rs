//! A page of ours on paper: PDF, by a Chromium found at run time, confined as far as the system can. The page has no script and
//! asks for nothing.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::browser::{Drawn, sandbox};

/// Port that nothing answers on: what a page asks for goes nowhere.
const NOWHERE: u16 = 9;
/// The largest PDF.
const LARGEST: u64 = 1 << 30;

impl Drawn {
    /// A page of HTML as PDF. Pictures of the page that lie elsewhere are not on it.
    pub fn print(&self, html: &str, scratch: &Path) -> Result<Vec<u8>, String> {
        let program = self.find().ok_or("there is no Chromium")?;
        let failed = |error: std::io::Error| format!("it cannot be printed: {error}");
        let dir = tempfile::Builder::new().prefix("print-").tempdir_in(scratch).map_err(failed)?;
        let (page, pdf) = (dir.path().join("page.html"), dir.path().join("page.pdf"));
        fs::write(&page, html).map_err(failed)?;
        let mut command = self.guarded(program, dir.path(), NOWHERE, LARGEST);
        command.args(["--no-pdf-header-footer", "--run-all-compositor-stages-before-draw"]);
        command.arg(format!("--print-to-pdf={}", pdf.display()));
        command.args(sandbox()).arg(format!("file://{}", page.display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let ended = command.status().map_err(failed)?;
        let bytes = fs::read(&pdf).unwrap_or_default();
        if bytes.starts_with(b"%PDF-") && bytes.trim_ascii_end().ends_with(b"%%EOF") {
            Ok(bytes)
        } else {
            Err(format!("Chromium made no PDF ({ended})"))
        }
    }
}

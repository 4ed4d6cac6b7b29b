//! Markdown (CommonMark): read as the HTML that it stands for.

use pulldown_cmark::{Options, Parser, html::push_html};

use super::encoding::Decoded;
use super::{Document, Hints, html};

/// Reads a Markdown report.
pub(super) fn read(decoded: &Decoded, bytes: &[u8], hints: &Hints) -> Document {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    let mut page = String::new();
    push_html(&mut page, Parser::new_ext(&decoded.text, options));
    html::read_as(&page, decoded, bytes, hints, ("markdown", "text/markdown"))
}

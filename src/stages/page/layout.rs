//! The building blocks: tables, facts, sections, the document around them.

use super::text::attribute;

const STYLE: &str = include_str!("../../../config/record.css");
const POLICY: &str = "default-src 'none'; img-src 'self' file: data:; media-src 'self' file: data:; style-src 'unsafe-inline'; \
    base-uri 'none'; form-action 'none'";

/// A table that a phone stacks; the roles keep it a table for a screen reader there, too. Nothing without rows.
pub(super) fn table<const N: usize>(caption: &str, head: [&str; N], body: &[[String; N]], kind: &str) -> String {
    if body.is_empty() {
        return String::new();
    }
    let top: String = head.iter().map(|cell| format!("<th scope=\"col\" role=\"columnheader\">{cell}</th>")).collect();
    let mut lines = String::new();
    for cells in body {
        lines.push_str("<tr role=\"row\">");
        for (nth, (label, cell)) in head.iter().zip(cells).enumerate() {
            lines.push_str(&match nth {
                0 => format!("<th scope=\"row\" role=\"rowheader\" data-label=\"{label}\"><div>{cell}</div></th>"),
                _ => format!("<td role=\"cell\" data-label=\"{label}\"><div>{cell}</div></td>"),
            });
        }
        lines.push_str("</tr>\n");
    }
    format!(
        "<table role=\"table\" class=\"{kind}\"><caption>{caption}</caption>\n\
         <thead role=\"rowgroup\"><tr role=\"row\">{top}</tr></thead>\n\
         <tbody role=\"rowgroup\">{lines}</tbody></table>\n"
    )
}

/// Names and what is told of them, both as HTML.
pub(super) fn facts<N: AsRef<str>, T: AsRef<str>>(pairs: &[(N, T)]) -> String {
    let line = |(name, told): &(N, T)| format!("<div><dt>{}</dt><dd>{}</dd></div>\n", name.as_ref(), told.as_ref());
    format!("<dl class=\"facts\">{}</dl>\n", pairs.iter().map(line).collect::<String>())
}

/// Sections with numbers, from 1.
pub(super) fn sections<T: AsRef<str>>(parts: &[(&str, T)]) -> String {
    let section = |(nth, (title, body)): (usize, &(&str, T))| {
        let body = body.as_ref();
        format!("<section id=\"s{nth}\" aria-labelledby=\"h{nth}\"><h2 id=\"h{nth}\">{nth}. {title}</h2>\n{body}</section>\n")
    };
    (1..).zip(parts).map(section).collect()
}

/// The whole page. `running` stands at the head of each printed page; only letters that CSS cannot misread come into it.
pub(super) fn document(title: &str, running: &str, body: &str) -> String {
    let title = attribute(title);
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || " .:·/-".contains(*letter);
    let running: String = running.chars().filter(is_plain).take(200).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"color-scheme\" content=\"light\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}@page {{ @top-left {{ content: \"{running}\" }} }}\n</style></head>\n\
         <body><main>\n{body}</main></body></html>\n"
    )
}

//! What came of an attempt: outcome and completeness, with the evidence for them in words.

use crate::evidence::{Completeness, MediaKind, Outcome, Role};
use crate::fetch::{Ending, Fetched, Reserve};
use crate::probe::{Probed, Structure};

/// The verdict on one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub outcome: Outcome,
    pub completeness: Completeness,
    pub because: String,
}

fn told(outcome: Outcome, completeness: Completeness, because: impl Into<String>) -> Judgement {
    Judgement { outcome, completeness, because: because.into().chars().take(1000).collect() }
}

/// What was meant: enough to see that something else was served.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meant<'a> {
    pub kind: MediaKind,
    pub url: &'a str,
    pub on_platform: bool,
}

/// The role of bytes by their type.
pub(super) fn role(probed: &Probed) -> Role {
    let carries = is_page(probed) || is_playlist(probed.facts.mime.as_deref().unwrap_or(""));
    if carries { Role::Page } else { Role::Original }
}

/// Whether bytes of this type only list where footage is.
pub(super) fn is_playlist(mime: &str) -> bool {
    matches!(mime, "application/vnd.apple.mpegurl" | "application/dash+xml")
}

fn is_page(probed: &Probed) -> bool {
    probed.facts.mime.as_deref() == Some("text/html")
}

fn is_text(probed: &Probed) -> bool {
    let mime = probed.facts.mime.as_deref().unwrap_or("");
    mime.starts_with("text/") || mime == "application/xml"
}

/// Judges an http exchange.
pub(super) fn http(meant: Meant<'_>, fetched: &Fetched, probed: Option<&Probed>) -> Judgement {
    let nothing = Completeness::Unverifiable;
    match &fetched.ending {
        Ending::Refused(why) => return told(Outcome::RefusedByPolicy, nothing, why),
        Ending::Timeout(why) => return told(Outcome::Timeout, nothing, why),
        Ending::Failed(why) => return told(Outcome::Error, nothing, why),
        _ => {}
    }
    let bytes = bytes(fetched, probed);
    let status = fetched.status.unwrap_or_default();
    match of_status(status) {
        None => served(meant, fetched, probed, bytes),
        Some(outcome) => told(outcome, bytes.0, format!("the server answered {status}")),
    }
}

/// What a status says; none: that something was served.
pub(super) fn of_status(status: u16) -> Option<Outcome> {
    match status {
        200..=299 => None,
        404 | 410 => Some(Outcome::Gone),
        401 | 407 => Some(Outcome::LoginWall),
        403 | 429 | 451 => Some(Outcome::Blocked),
        408 | 504 => Some(Outcome::Timeout),
        _ => Some(Outcome::Error),
    }
}

/// How much of the body is there: transport first, then the file's own structure.
fn bytes(fetched: &Fetched, probed: Option<&Probed>) -> (Completeness, String) {
    let transport = match &fetched.ending {
        Ending::Whole(why) => (Completeness::Complete, (*why).to_owned()),
        Ending::Unmarked => (Completeness::Unverifiable, "the connection closed and nothing had told the length".to_owned()),
        Ending::Cut(why) | Ending::Stopped(why) => (Completeness::Truncated, why.clone()),
        Ending::Timeout(_) | Ending::Refused(_) | Ending::Failed(_) => (Completeness::Unverifiable, String::new()),
    };
    structure(transport, probed)
}

fn structure(transport: (Completeness, String), probed: Option<&Probed>) -> (Completeness, String) {
    match probed.map(|probed| &probed.structure) {
        Some(Structure::Cut(why)) if transport.0 != Completeness::Truncated => {
            (Completeness::Truncated, format!("{}, but the file is cut: {why}", transport.1))
        }
        _ => transport,
    }
}

fn served(meant: Meant<'_>, fetched: &Fetched, probed: Option<&Probed>, bytes: (Completeness, String)) -> Judgement {
    let (completeness, why) = bytes;
    let status = fetched.status.unwrap_or_default();
    if fetched.received == 0 {
        let outcome = match fetched.ending {
            Ending::Stopped(_) => Outcome::Timeout,
            _ => Outcome::Error,
        };
        return told(outcome, Completeness::Unverifiable, format!("the server answered {status} and no bytes: {why}"));
    }
    let media = matches!(meant.kind, MediaKind::Video | MediaKind::Image | MediaKind::Audio);
    // Words where footage was meant say that there is none; of a cut body nobody knows.
    let words = completeness != Completeness::Truncated && probed.is_some_and(is_text);
    if media && (probed.is_some_and(is_page) || words) {
        let page = "a page was served where the footage was meant";
        return match meant.on_platform || crate::reading::media_kind_of_path(meant.url).is_none() && !declares_media(fetched) {
            true => told(Outcome::Ok, worse(completeness), format!("{page}: the page is kept, the footage is not in it ({why})")),
            false => told(Outcome::Placeholder, completeness, page),
        };
    }
    if meant.kind == MediaKind::Post && probed.is_some_and(is_page) {
        return told(Outcome::Ok, worse(completeness), format!("the post's page is kept, its media are not ({why})"));
    }
    if media && probed.is_some_and(|probed| is_playlist(probed.facts.mime.as_deref().unwrap_or(""))) {
        return told(
            Outcome::Ok,
            worse(completeness),
            format!("a playlist was served: it lists the footage, which is not in it ({why})"),
        );
    }
    match &fetched.reserved {
        Some(Reserve::Range(range)) => {
            return told(Outcome::Ok, worse(completeness), format!("the server says that it sent a part ({range}); {why}"));
        }
        // Kept as sent; whether what is inside is whole cannot be told from the outside.
        Some(Reserve::Encoded(coding)) if completeness == Completeness::Complete => {
            return told(
                Outcome::Ok,
                Completeness::Unverifiable,
                format!("sent with the content coding {coding}, which was not asked for; {why}"),
            );
        }
        _ if status == 206 => {
            return told(Outcome::Ok, worse(completeness), format!("the server sent a part (206) that was not asked for; {why}"));
        }
        _ => {}
    }
    let sniffed = probed.and_then(|probed| probed.facts.mime.as_deref()).unwrap_or("");
    let differs = match fetched.declared_type.as_deref().and_then(|declared| declared.split(';').next()) {
        Some(declared) if !same_type(declared, sniffed) => format!("; declared as {declared}, and it is {sniffed}"),
        _ => String::new(),
    };
    told(Outcome::Ok, completeness, format!("{why}{differs}"))
}

fn declares_media(fetched: &Fetched) -> bool {
    let declared = fetched.declared_type.as_deref().unwrap_or("");
    ["video/", "image/", "audio/"].iter().any(|class| declared.starts_with(class))
}

/// A part by intention is at best partial; a cut one stays cut.
fn worse(completeness: Completeness) -> Completeness {
    if completeness == Completeness::Complete { Completeness::Partial } else { completeness }
}

/// Whether a declared media type can be said of bytes of the sniffed one.
fn same_type(declared: &str, sniffed: &str) -> bool {
    let declared = declared.trim().to_ascii_lowercase();
    let generic = matches!(declared.as_str(), "" | "application/octet-stream" | "binary/octet-stream" | "application/x-download");
    let class = |mime: &str| mime.split('/').next().unwrap_or("").to_owned();
    let near = class(&declared) == class(sniffed)
        && (class(sniffed) == "video" || class(sniffed) == "audio" || class(sniffed) == "text");
    let alias = matches!((declared.as_str(), sniffed), ("image/jpg" | "image/pjpeg", "image/jpeg"));
    generic || near || alias || declared == sniffed
}

/// Judges a file that was read from a disk: `declared` is its size when it was opened.
pub(super) fn local(declared: u64, received: u64, probed: &Probed, meant: Option<MediaKind>) -> Judgement {
    let transport = if received == declared {
        (Completeness::Complete, "every byte of the file was read".to_owned())
    } else {
        (Completeness::Truncated, format!("the file had {declared} bytes when it was opened, and {received} were read"))
    };
    let (completeness, why) = structure(transport, Some(probed));
    let media = matches!(meant, Some(MediaKind::Video | MediaKind::Image | MediaKind::Audio));
    match () {
        () if received == 0 => told(Outcome::Error, Completeness::Unverifiable, "the file is empty"),
        () if media && (is_page(probed) || is_text(probed)) => {
            told(Outcome::Placeholder, completeness, "a page lies where the footage was meant")
        }
        () => told(Outcome::Ok, completeness, why),
    }
}

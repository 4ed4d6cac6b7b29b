//! Section 4: how it was fetched, request by request.

use serde_json::Value;

use super::certificate::Certificate;
use super::layout::facts;
use super::text::{code, day, exact, foreign, grouped, many, moment, shown, time};
use super::tries::method;
use super::value::{absent, joined, rows, said, text};
use super::words::{NOT_RECORDED, OFFLINE};

/// Requests shown of one try.
const HOPS: usize = 12;
/// Names shown of one certificate.
const NAMES: usize = 6;

/// The try that brought the exhibit, and the others folded.
pub(super) fn fetched(record: &Value, captures: &[&Value]) -> String {
    let (ours, others): (Vec<&Value>, Vec<&Value>) = captures.iter().partition(|row| row["id"] == record["exhibit"]["capture"]);
    let others: Vec<&&Value> = others.iter().filter(|row| !rows(&row["exchange"], "hops").is_empty()).collect();
    let mut parts: String = ours.iter().map(|row| fetched_once(record, row)).collect();
    if !others.is_empty() {
        let count = many(others.len(), "other try", "other tries");
        let all: String = others.iter().map(|row| fetched_once(record, row)).collect();
        parts.push_str(&format!("<details class=\"more\"><summary>The requests of {count}</summary>{all}</details>\n"));
    }
    if parts.is_empty() { "<p>The try that brought it is not in this record.</p>\n".to_owned() } else { parts }
}

fn fetched_once(record: &Value, row: &Value) -> String {
    let is_ours = row["id"] == record["exhibit"]["capture"];
    let name = format!(
        "<h3>Try {}, {}{}</h3>\n",
        shown(&text(&row["id"])),
        moment(&text(&row["started"])),
        if is_ours { ": brought this exhibit" } else { "" }
    );
    let way = text(&row["method"]);
    if OFFLINE.contains(&&*way) {
        return format!("{name}<p>No network was used: {}.</p>\n", method(&way));
    }
    let hops = rows(&row["exchange"], "hops");
    if hops.is_empty() {
        return format!("{name}<p>Requests and answers: {}.</p>\n", absent(record, "exchange", "not recorded"));
    }
    let all: String = (1..).zip(hops).take(HOPS).map(|(nth, hop)| hop_part(nth, hops.len(), hop)).collect();
    let more = hops.len().saturating_sub(HOPS);
    let more = match more {
        0 => String::new(),
        _ => format!("<p>{} in the JSON record.</p>\n", many(more, "further request stands", "further requests stand")),
    };
    let file = code(&format!("data/record/{}.json", text(&record["exhibit"]["id"])));
    let print = format!("<p class=\"print\">The heads, as they were sent, stand in {file}.</p>\n");
    format!("{name}{all}{more}{print}{}", steps(&row["exchange"]))
}

/// What a browser did, and when.
fn steps(exchange: &Value) -> String {
    let step = |step: &Value| format!("<li>{} {}</li>", time(&text(&step["at"])), foreign(&text(&step["what"])));
    let steps: String = rows(exchange, "steps").iter().map(step).collect();
    if steps.is_empty() { steps } else { format!("<ol>{steps}</ol>") }
}

fn first_line(head: &str) -> Option<&str> {
    head.split("\r\n").next().filter(|line| !line.is_empty())
}

fn hop_part(nth: usize, of: usize, hop: &Value) -> String {
    let (request, response) = (text(&hop["request_head"]), text(&hop["response_head"]));
    let way = said(&hop["method"]).unwrap_or("GET".into());
    let line = first_line(&request).map_or_else(|| format!("{way} {}", text(&hop["url"])), str::to_owned);
    let mut told = vec![("Request", code(&line)), ("Connected to", connected(hop))];
    if said(&hop["connected"]).or_else(|| said(&hop["proxy"])).is_some() {
        told.extend(encryption(hop));
    }
    let answered = said(&hop["answered"]).map_or_else(|| NOT_RECORDED.to_owned(), |at| exact(&at));
    told.push(("Answer", first_line(&response).map_or_else(|| "<span class=\"absent\">none</span>".to_owned(), code)));
    told.push(("Asked, answered", format!("{}; {answered}", exact(&text(&hop["started"])))));
    told.extend(said(&hop["cut"]).map(|cut| ("Cut short", foreign(&cut))));
    format!(
        "<h4>Request {nth} of {of}: {}</h4>\n{}{}{}\n",
        code(&text(&hop["url"])),
        facts(&told),
        head(&request, "Request head"),
        head(&response, "Response head")
    )
}

/// Where the request went, and every address that the name stood for.
fn connected(hop: &Value) -> String {
    let place = match (said(&hop["connected"]), said(&hop["proxy"])) {
        (Some(address), _) => code(&address),
        (None, Some(proxy)) => format!("proxy {}", code(&proxy)),
        (None, None) => "<span class=\"absent\">no connection was made</span>".to_owned(),
    };
    let addresses = joined(hop, "addresses", code);
    if addresses.is_empty() { place } else { format!("{place}; the name stood for {addresses}") }
}

/// A head as sent: each byte is one character of it.
fn head(text: &str, what: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let size = many(text.chars().count(), "byte", "bytes");
    let text = shown(&text.replace('\r', ""));
    format!(
        "<details class=\"heads\"><summary>{what}, as sent ({size})</summary><pre dir=\"ltr\" lang=\"\">{text}</pre></details>"
    )
}

fn encryption(hop: &Value) -> Vec<(&'static str, String)> {
    let tls = &hop["tls"];
    if !tls.is_object() {
        let is_open = text(&hop["url"]).starts_with("http://");
        let told = if is_open { "none: what came could be read and changed on its way" } else { NOT_RECORDED };
        return vec![("Encryption", told.to_owned())];
    }
    let version = text(&tls["version"]).replace("TLSv1_", "TLS 1.");
    let mut told = vec![("Encryption", format!("{}, {}", shown(&version), code(&text(&tls["cipher"]))))];
    match rows(tls, "chain").first().and_then(|leaf| Certificate::of_base64(&text(leaf))) {
        None => told.push(("Certificate", "<span class=\"absent\">not recorded, or not readable</span>".to_owned())),
        Some(leaf) => {
            told.push(("Certificate", certificate(&leaf)));
            told.push(("SHA-256 of the certificate", grouped(&leaf.sha256)));
        }
    }
    told
}

fn certificate(leaf: &Certificate) -> String {
    let names: Vec<String> = leaf.names.iter().take(NAMES).map(|name| code(name)).collect();
    let names = match leaf.names.len() {
        0 => String::new(),
        count => format!("; for {}{}", names.join(", "), if count > NAMES { " and more" } else { "" }),
    };
    let subject = if leaf.subject.is_empty() { "names no subject" } else { &leaf.subject };
    format!("{}{names}; issued by {}; valid {} to {}", foreign(subject), foreign(&leaf.issuer), day(&leaf.from), day(&leaf.to))
}

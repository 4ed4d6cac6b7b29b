//! A way out for a program that is not ours: a proxy of our own on loopback, which judges every address as our own
//! requests are judged, and says what was asked for. Whoever does not know its token gets nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use url::Url;

use super::answer::Ending;
use super::http::Client;
use crate::evidence::Hop;

/// A head longer than this is no request.
const HEAD: usize = 64 * 1024;
/// The most connections of one program that are told.
const TOLD: usize = 200;

/// The gate is open until this is dropped.
#[derive(Debug)]
pub(super) struct Gate {
    pub port: u16,
    token: String,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// What was asked for, and what was refused.
#[derive(Debug, Default)]
struct Seen {
    hops: Vec<Hop>,
    refused: Option<String>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gate {
    /// Opens a gate; `token` is what its user must say.
    pub async fn open(client: Client, token: String) -> std::io::Result<Gate> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let (noted, word) = (seen.clone(), format!("basic {}", STANDARD.encode(format!("exhibit:{token}"))));
        let task = tokio::spawn(async move {
            // All end with the gate.
            let mut passing = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (client, noted, word) = (client.clone(), noted.clone(), word.clone());
                passing.spawn(async move { pass(stream, &client, &word, &noted).await });
                while passing.try_join_next().is_some() {}
            }
        });
        Ok(Gate { port, token, seen, task })
    }

    /// Its address, token included.
    pub fn address(&self) -> String {
        format!("http://exhibit:{}@127.0.0.1:{}", self.token, self.port)
    }

    /// What was asked for: hosts, the addresses they had, and where it was connected to.
    pub fn seen(&self) -> Vec<Hop> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).hops.clone()
    }

    /// Why something that was asked for is not permitted.
    pub fn refused(&self) -> Option<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).refused.clone()
    }
}

/// Serves one connection.
async fn pass(mut stream: TcpStream, client: &Client, word: &str, seen: &Mutex<Seen>) -> Option<()> {
    let mut head = Vec::new();
    let read = async {
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
            if head.len() > HEAD {
                return None;
            }
        }
        Some(())
    };
    timeout(Duration::from_secs(30), read).await.ok()??;
    let text = String::from_utf8_lossy(&head).into_owned();
    // What others could read as two requests is none.
    let plain = |line: &str| !line.contains(|letter: char| letter.is_control() && letter != '\t');
    if !text.split("\r\n").all(plain) || text.split("\r\n").any(|line| line.starts_with([' ', '\t'])) {
        return None;
    }
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut headers: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let name = |line: &str| line.split(':').next().unwrap_or("").trim().to_ascii_lowercase();
    let known = headers.iter().any(|line| {
        name(line) == "proxy-authorization"
            && line.split_once(':').is_some_and(|(_, value)| {
                let (scheme, credentials) = value.trim().split_once(' ').unwrap_or(("", ""));
                word.split_once(' ') == Some((scheme.to_ascii_lowercase().as_str(), credentials))
            })
    });
    if !known {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(answer.as_bytes()).await;
        return None;
    }
    let tunnel = method == "CONNECT";
    let url = Url::parse(&if tunnel { format!("https://{target}/") } else { target.clone() }).ok()?;
    let mut hop = client.blank_hop(&url);
    let connected = client.reach(&url, Instant::now() + Duration::from_secs(60), &mut hop).await;
    hop.url = if tunnel { format!("{} (tunnel)", super::without_secret(&target)) } else { super::without_secret(&target) };
    {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.hops.len() < TOLD {
            seen.hops.push(hop);
        }
        if let Err(Ending::Refused(why)) = &connected {
            seen.refused = Some(why.clone());
        }
    }
    let mut out = match connected {
        Ok(out) => out,
        Err(ending) => {
            let (status, why) = match ending {
                Ending::Refused(why) => ("403 Forbidden", why),
                Ending::Timeout(why) => ("504 Gateway Timeout", why),
                Ending::Failed(why) => ("502 Bad Gateway", why),
                _ => ("502 Bad Gateway", String::new()),
            };
            let body = format!("exhibit: {why}\n");
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            return None;
        }
    };
    if tunnel {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.ok()?;
        let _ = copy_bidirectional(&mut stream, &mut out).await;
        return Some(());
    }
    // One request a connection: its head as we read it, a body of known length, and nothing behind it.
    let length = match headers.iter().find(|line| name(line) == "content-length") {
        Some(line) => line.split_once(':')?.1.trim().parse::<u64>().ok()?,
        None => 0,
    };
    if headers.iter().any(|line| name(line) == "transfer-encoding") {
        return None;
    }
    headers.retain(|line| {
        line.contains(':')
            && !matches!(name(line).as_str(), "proxy-authorization" | "proxy-connection" | "connection" | "upgrade")
    });
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let target = if client.asks_whole() { &url[..url::Position::AfterQuery] } else { path };
    let head = format!("{method} {target} HTTP/1.1\r\n{}\r\nConnection: close\r\n\r\n", headers.join("\r\n"));
    out.write_all(head.as_bytes()).await.ok()?;
    tokio::io::copy(&mut (&mut stream).take(length), &mut out).await.ok()?;
    tokio::io::copy(&mut out, &mut stream).await.ok()?;
    let _ = stream.shutdown().await;
    Some(())
}

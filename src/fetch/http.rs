//! One GET over HTTP/1.1, hop by hop: every redirect, address, head and certificate is told.
//!
//! The name is resolved once, each address is judged, and the connection goes to the judged address,
//! so that a name cannot answer differently a second time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST,
    LOCATION, TRANSFER_ENCODING, USER_AGENT,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::{Host, Url};

use super::permit::Permits;
use super::wire::{Heads, Wire};
use crate::evidence::{Clock, Exchange, Hop, Tls};

/// When to stop.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Limits {
    /// Bytes of one body.
    pub max_bytes: u64,
    /// Seconds to connect, TLS included.
    pub connect_seconds: u64,
    /// Seconds without a byte.
    pub idle_seconds: u64,
    /// Seconds for one item, redirects included.
    pub total_seconds: u64,
    pub redirects: u32,
}

/// How requests go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub permits: Permits,
    pub limits: Limits,
    pub user_agent: String,
    /// `Accept-Language`; none sends no such header.
    pub languages: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Everything that was announced arrived.
    Whole(&'static str),
    /// The connection closed and nothing tells whether that was the end.
    Unmarked,
    /// The bytes stop before their end.
    Cut(String),
    /// One of our limits stopped them.
    Stopped(String),
    /// No usable answer: a time limit.
    Timeout(String),
    /// No request was made: not permitted.
    Refused(String),
    /// No usable answer: anything else.
    Failed(String),
}

/// What one attempt brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    pub exchange: Exchange,
    pub ending: Ending,
    pub status: Option<u16>,
    pub declared: Option<u64>,
    pub declared_type: Option<String>,
    pub received: u64,
    /// Why the body is not the file itself, or not all of it, by the server's own words.
    pub reserved: Option<Reserve>,
}

/// What a server says of a body that keeps it from being taken for the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserve {
    /// A content coding that was not asked for, and is not undone.
    Encoded(String),
    /// A range of something larger.
    Range(String),
}

impl Fetched {
    fn ended(exchange: Exchange, ending: Ending) -> Fetched {
        Fetched { exchange, ending, status: None, declared: None, declared_type: None, received: 0, reserved: None }
    }
}

/// Fetches over http and https.
#[derive(Clone)]
pub struct Client {
    route: Arc<Route>,
    tls: TlsConnector,
    clock: Arc<dyn Clock>,
}

enum Step {
    Answer(Response<Incoming>),
    Redirect(Url),
}

impl Client {
    /// A client whose trust anchors are Mozilla's, as of the build.
    pub fn new(route: Route, clock: Arc<dyn Clock>) -> Client {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Client::with_roots(route, clock, roots)
    }

    fn with_roots(route: Route, clock: Arc<dyn Clock>, roots: RootCertStore) -> Client {
        let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
        let mut config = match builder.with_safe_default_protocol_versions() {
            Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
            Err(_) => unreachable!("ring speaks the default protocol versions"),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Client { route: Arc::new(route), tls: TlsConnector::from(Arc::new(config)), clock }
    }

    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Gets a URL. The body goes to `sink` chunk by chunk, exactly as sent (no content coding is
    /// asked for, and none is undone); bodies of redirects are not read.
    pub async fn get(&self, url: &str, sink: Sender<Bytes>) -> Fetched {
        let deadline = Instant::now() + Duration::from_secs(self.route.limits.total_seconds);
        let mut exchange = Exchange::default();
        let mut seen = Vec::new();
        let mut next = match Url::parse(url) {
            Ok(url) => url,
            Err(error) => return Fetched::ended(exchange, Ending::Failed(format!("the address cannot be read: {error}"))),
        };
        loop {
            if seen.contains(&next) {
                let ending = Ending::Failed(format!("redirects go round in a circle, back to {next}"));
                return Fetched::ended(exchange, ending);
            }
            seen.push(next.clone());
            if seen.len() > 1 + self.route.limits.redirects as usize {
                let ending = Ending::Failed(format!("more than {} redirects", self.route.limits.redirects));
                return Fetched::ended(exchange, ending);
            }
            match self.hop(&next, deadline, &mut exchange).await {
                Ok(Step::Redirect(to)) => next = to,
                Ok(Step::Answer(response)) => {
                    return self.body(response, deadline, exchange, next.scheme() == "https", sink).await;
                }
                Err(ending) => return Fetched::ended(exchange, ending),
            }
        }
    }

    async fn hop(&self, url: &Url, deadline: Instant, exchange: &mut Exchange) -> Result<Step, Ending> {
        exchange.hops.push(Hop {
            url: url.to_string(),
            started: self.clock.now(),
            addresses: Vec::new(),
            connected: None,
            tls: None,
            request_head: String::new(),
            response_head: String::new(),
            status: None,
            answered: None,
        });
        let at = exchange.hops.len() - 1;
        let hop = &mut exchange.hops[at];
        let (host, addresses) = self.resolve(url, deadline, hop).await?;
        let stream = self.connect(&addresses, deadline, hop).await?;
        if url.scheme() == "http" {
            return self.request(url, stream, deadline, hop).await;
        }
        let limit = self.connect_limit(deadline);
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|_| Ending::Failed(format!("{host:?} cannot be the name on a certificate")))?;
        let stream = match timeout_at(limit, self.tls.connect(name, stream)).await {
            Err(_) => return Err(Ending::Timeout("the TLS handshake did not end in time".into())),
            Ok(Err(error)) => return Err(Ending::Failed(format!("the TLS handshake failed: {error}"))),
            Ok(Ok(stream)) => stream,
        };
        let (_, session) = stream.get_ref();
        hop.tls = Some(Tls {
            version: session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
            cipher: session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default(),
            chain: session.peer_certificates().unwrap_or_default().iter().map(|der| STANDARD.encode(der)).collect(),
        });
        self.request(url, stream, deadline, hop).await
    }

    /// All addresses of the host, once; refused if none may be connected to.
    async fn resolve(&self, url: &Url, deadline: Instant, hop: &mut Hop) -> Result<(String, Vec<SocketAddr>), Ending> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Ending::Refused(format!("only http and https are fetched, not {:?}", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Ending::Refused("the address carries a user name or password".into()));
        }
        let port = url.port_or_known_default().unwrap_or(80);
        let (name, found): (String, Vec<SocketAddr>) = match url.host() {
            None => return Err(Ending::Failed("the address names no host".into())),
            Some(Host::Ipv4(address)) => (address.to_string(), vec![(IpAddr::V4(address), port).into()]),
            Some(Host::Ipv6(address)) => (address.to_string(), vec![(IpAddr::V6(address), port).into()]),
            Some(Host::Domain(name)) => {
                let limit = self.connect_limit(deadline);
                match timeout_at(limit, tokio::net::lookup_host((name, port))).await {
                    Err(_) => return Err(Ending::Timeout(format!("the name {name} was not resolved in time"))),
                    Ok(Err(error)) => return Err(Ending::Failed(format!("the name {name} cannot be resolved: {error}"))),
                    Ok(Ok(found)) => (name.to_owned(), found.collect()),
                }
            }
        };
        hop.addresses = found.iter().map(|address| address.ip().to_string()).collect();
        let mut refused = None;
        let mut permitted = Vec::new();
        for address in found {
            match self.route.permits.judge(&name, address.ip()) {
                Ok(()) => permitted.push(address),
                Err(reason) => refused = Some(format!("{} is not a public address ({reason})", address.ip())),
            }
        }
        match (permitted.is_empty(), refused) {
            (false, _) => Ok((name, permitted)),
            (true, Some(reason)) => Err(Ending::Refused(reason)),
            (true, None) => Err(Ending::Failed(format!("the name {name} has no address"))),
        }
    }

    fn connect_limit(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + Duration::from_secs(self.route.limits.connect_seconds))
    }

    async fn connect(&self, addresses: &[SocketAddr], deadline: Instant, hop: &mut Hop) -> Result<TcpStream, Ending> {
        let mut last = Ending::Failed("no address to connect to".into());
        for address in addresses {
            match timeout_at(self.connect_limit(deadline), TcpStream::connect(address)).await {
                Err(_) => last = Ending::Timeout(format!("{address} did not accept a connection in time")),
                Ok(Err(error)) => last = Ending::Failed(format!("{address} did not accept a connection: {error}")),
                Ok(Ok(stream)) => {
                    let _ = stream.set_nodelay(true);
                    hop.connected = Some(address.to_string());
                    return Ok(stream);
                }
            }
        }
        Err(last)
    }

    async fn request<S>(&self, url: &Url, stream: S, deadline: Instant, hop: &mut Hop) -> Result<Step, Ending>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (wire, heads) = Wire::new(stream);
        let asked = self.ask(url, wire, deadline).await;
        note(hop, &heads);
        let response = asked?;
        hop.status = Some(response.status().as_u16());
        hop.answered = Some(self.clock.now());
        match redirect(url, &response) {
            Some(to) => Ok(Step::Redirect(to?)),
            None => Ok(Step::Answer(response)),
        }
    }

    async fn ask<S>(&self, url: &Url, wire: Wire<S>, deadline: Instant) -> Result<Response<Incoming>, Ending>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed = |error: hyper::Error| Ending::Failed(format!("the server's answer is not HTTP: {}", cause(&error)));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire)).await.map_err(failed)?;
        // The connection's own errors reach us through the response and its body.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::get(target)
            .header(HOST, host)
            .header(USER_AGENT, &self.route.user_agent)
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "identity");
        if let Some(languages) = &self.route.languages {
            request = request.header(ACCEPT_LANGUAGE, languages);
        }
        let request = request
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .map_err(|error| Ending::Failed(format!("the request cannot be made: {error}")))?;
        let limit = deadline.min(Instant::now() + Duration::from_secs(self.route.limits.idle_seconds));
        match timeout_at(limit, sender.send_request(request)).await {
            Err(_) => Err(Ending::Timeout("the server did not answer in time".into())),
            Ok(Err(error)) if error.is_incomplete_message() || error.is_canceled() => {
                Err(Ending::Failed("the server closed the connection without an answer".into()))
            }
            Ok(Err(error)) => Err(failed(error)),
            Ok(Ok(response)) => Ok(response),
        }
    }

    async fn body(
        &self,
        response: Response<Incoming>,
        deadline: Instant,
        exchange: Exchange,
        tls: bool,
        sink: Sender<Bytes>,
    ) -> Fetched {
        let header = |name| response.headers().get(name).and_then(|value: &hyper::header::HeaderValue| value.to_str().ok());
        let declared: Option<u64> = header(CONTENT_LENGTH).and_then(|text| text.parse().ok());
        let coding = header(CONTENT_ENCODING)
            .map(str::to_owned)
            .filter(|coding| !coding.eq_ignore_ascii_case("identity") && !coding.is_empty());
        let range = header(CONTENT_RANGE).map(|range| Reserve::Range(range.chars().take(100).collect()));
        // Only chunks have an end of their own; any other transfer coding goes on until the connection closes.
        let transfer = response
            .headers()
            .get_all(TRANSFER_ENCODING)
            .iter()
            .next_back()
            .map(|value| value.to_str().unwrap_or("?").to_owned());
        let chunked = transfer
            .as_deref()
            .is_some_and(|codings| codings.rsplit(',').next().unwrap_or("").trim().eq_ignore_ascii_case("chunked"));
        let odd = transfer.filter(|_| !chunked);
        let mut fetched = Fetched {
            status: Some(response.status().as_u16()),
            // Longer than any file can be: not a statement, and JSON could not hold it exactly.
            declared: declared.filter(|length| *length < 1 << 53),
            declared_type: header(CONTENT_TYPE).map(|text| text.chars().take(200).collect()),
            reserved: range.or(odd.clone().or(coding).map(|coding| Reserve::Encoded(coding.chars().take(100).collect()))),
            ..Fetched::ended(exchange, Ending::Unmarked)
        };
        let marked = chunked || (odd.is_none() && response.body().size_hint().exact().is_some());
        let limits = &self.route.limits;
        let mut body = response.into_body();
        fetched.ending = loop {
            let idle = Duration::from_secs(limits.idle_seconds);
            let frame = match timeout_at(deadline, timeout(idle, body.frame())).await {
                Err(_) => break Ending::Stopped(format!("stopped after {} seconds", limits.total_seconds)),
                Ok(Err(_)) => break Ending::Stopped(format!("stopped after {} seconds without a byte", limits.idle_seconds)),
                Ok(Ok(frame)) => frame,
            };
            match frame {
                None if marked => {
                    break Ending::Whole(if chunked { "the last chunk arrived" } else { "every announced byte arrived" });
                }
                // Without a proper TLS end the connection would have failed.
                None if fetched.declared.is_some_and(|declared| declared > fetched.received) => {
                    break Ending::Cut("fewer bytes than announced".into());
                }
                None if tls && odd.is_none() => break Ending::Whole("TLS was closed properly"),
                None => break Ending::Unmarked,
                Some(Err(error)) => break Ending::Cut(format!("the connection ended early: {}", cause(&error))),
                Some(Ok(frame)) => {
                    let Ok(mut chunk) = frame.into_data() else { continue };
                    let room = limits.max_bytes - fetched.received;
                    let over = chunk.len() as u64 > room;
                    if over {
                        chunk.truncate(usize::try_from(room).unwrap_or(usize::MAX));
                    }
                    fetched.received += chunk.len() as u64;
                    if sink.send(chunk).await.is_err() {
                        break Ending::Stopped("the disk did not take the bytes".into());
                    }
                    if over {
                        break Ending::Stopped(format!("stopped at the limit of {} bytes", limits.max_bytes));
                    }
                }
            }
        };
        fetched
    }
}

fn note(hop: &mut Hop, heads: &Mutex<Heads>) {
    let heads = heads.lock().unwrap_or_else(PoisonError::into_inner);
    hop.request_head = heads.request();
    hop.response_head = heads.response();
}

fn redirect(url: &Url, response: &Response<Incoming>) -> Option<Result<Url, Ending>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let bytes = response.headers().get(LOCATION)?.as_bytes();
    let text = String::from_utf8_lossy(bytes);
    let mut next = match url.join(&text) {
        Ok(next) => next,
        Err(error) => return Some(Err(Ending::Failed(format!("the redirect to {text:?} cannot be read: {error}")))),
    };
    if next.fragment().is_none() {
        next.set_fragment(url.fragment());
    }
    Some(Ok(next))
}

/// The innermost reason: the outer ones only say that there is one.
fn cause(error: &hyper::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    match inner.downcast_ref::<io::Error>() {
        Some(io) if io.kind() == io::ErrorKind::UnexpectedEof => "fewer bytes than announced".into(),
        _ => inner.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;
    use crate::evidence::Time;

    struct Ticking(AtomicI64);
    impl Clock for Ticking {
        fn now(&self) -> Time {
            Time::from_micros(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }

    /// A TLS server on loopback with a certificate of its own making, and a client that trusts it or not.
    async fn fetch(answer: &'static str, proper_end: bool, trusted: bool) -> (Fetched, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (connection, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(connection).await else { return };
            let mut seen = vec![0; 4096];
            let _ = stream.read(&mut seen).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            if proper_end {
                stream.shutdown().await.unwrap();
            }
        });
        let mut roots = RootCertStore::empty();
        if trusted {
            roots.add(certificate).unwrap();
        }
        let limits = Limits { max_bytes: 1 << 20, connect_seconds: 5, idle_seconds: 5, total_seconds: 10, redirects: 3 };
        let permits = Permits(vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
        let route = Route { permits, limits, user_agent: "test".into(), languages: Some("ar, en".into()) };
        let client = Client::with_roots(route, Arc::new(Ticking(AtomicI64::new(0))), roots);
        let (sender, mut receiver) = mpsc::channel(16);
        let gather = async {
            let mut bytes = Vec::new();
            while let Some(chunk) = receiver.recv().await {
                bytes.extend(chunk);
            }
            bytes
        };
        let url = format!("https://localhost:{port}/clip.mp4");
        tokio::join!(client.get(&url, sender), gather)
    }

    #[tokio::test]
    async fn tls_version_chain_and_heads_are_recorded() {
        let (fetched, bytes) = fetch("HTTP/1.1 200 OK\r\nX-Odd-CASE: kept\r\nContent-Length: 4\r\n\r\nbody", true, true).await;
        assert_eq!((bytes.as_slice(), fetched.received, fetched.declared), (&b"body"[..], 4, Some(4)));
        assert!(matches!(fetched.ending, Ending::Whole(_)), "{:?}", fetched.ending);
        let hop = &fetched.exchange.hops[0];
        let tls = hop.tls.as_ref().unwrap();
        assert_eq!((tls.version.as_str(), tls.chain.len()), ("TLSv1_3", 1));
        assert!(hop.response_head.contains("X-Odd-CASE: kept\r\n"), "{}", hop.response_head);
        assert!(hop.request_head.contains("accept-language: ar, en\r\n"), "{}", hop.request_head);
    }

    #[tokio::test]
    async fn without_a_length_only_a_proper_end_of_tls_is_an_end() {
        let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody";
        let (whole, _) = fetch(answer, true, true).await;
        assert!(matches!(whole.ending, Ending::Whole(_)), "{:?}", whole.ending);
        let (cut, bytes) = fetch(answer, false, true).await;
        assert!(matches!(cut.ending, Ending::Cut(_)), "{:?}", cut.ending);
        assert_eq!(bytes, b"body");
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_a_failure_with_its_reason() {
        let (fetched, bytes) = fetch("HTTP/1.1 200 OK\r\n\r\n", true, false).await;
        let Ending::Failed(why) = &fetched.ending else { panic!("{:?}", fetched.ending) };
        assert!(why.contains("TLS handshake failed") && why.contains("certificate"), "{why}");
        assert!(bytes.is_empty());
    }
}

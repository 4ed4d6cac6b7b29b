//! A gate that keeps what passes: a browser's own exchange, each request as it went out and each body as it was
//! sent. It stands between the browser and the servers, with a certificate of its own that only this browser takes;
//! towards the servers it asks, judges and checks certificates as our own requests do.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::answer::Ending;
use super::http::{Client, note};
use super::reach::Secured;
use super::wire::{Heads, Wire};
use crate::evidence::{Digest, Hop};

/// Requests of one page that are kept; further ones are refused, and that is told.
const MOST: usize = 3000;
/// Bytes that a request may carry.
const SENT: usize = 16 << 20;

/// One request that passed, and what came back.
#[derive(Debug, Clone)]
pub struct Passed {
    pub hop: Hop,
    /// What the request carried.
    pub sent: Option<PathBuf>,
    /// The body as it was sent, content coding included; none: it has none, or nothing of it came.
    pub body: Option<PathBuf>,
    pub media_type: Option<String>,
    /// How it ended; none: it is under way.
    pub ending: Option<Ending>,
}

impl Passed {
    /// Whether all of the answer came.
    pub fn is_whole(&self) -> bool {
        matches!(self.ending, Some(Ending::Whole(_) | Ending::Unmarked))
    }

    fn is_media(&self) -> bool {
        let media_type = self.media_type.as_deref().unwrap_or("");
        ["video/", "audio/", "image/"].iter().any(|class| media_type.starts_with(class))
    }
}

struct Kept {
    client: Client,
    token: String,
    dir: PathBuf,
    acceptor: TlsAcceptor,
    passed: Mutex<Vec<Passed>>,
    /// Bytes of all bodies, and the most that they may be.
    bytes: Mutex<u64>,
    last: Mutex<Instant>,
    /// Nothing is taken any more.
    closed: watch::Sender<bool>,
}

/// The gate is open until this is dropped.
pub(super) struct Tap {
    pub port: u16,
    /// SHA-256 of the key of its certificates (SubjectPublicKeyInfo), in base64: what the browser is told to take.
    pub key: String,
    kept: Arc<Kept>,
    task: JoinHandle<()>,
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
        self.kept.closed.send_replace(true);
    }
}

type Answer = Response<Served>;

/// A body for the browser.
enum Served {
    Whole(Option<Bytes>),
    Pieces(mpsc::Receiver<std::io::Result<Bytes>>),
}

impl Body for Served {
    type Data = Bytes;
    type Error = std::io::Error;
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Served::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Served::Pieces(pieces) => pieces.poll_recv(cx).map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }
}

/// A connection to a server that further requests can use.
struct Upstream {
    host: String,
    sender: hyper::client::conn::http1::SendRequest<Full<Bytes>>,
    heads: Arc<Mutex<Heads>>,
    addresses: Vec<String>,
    connected: Option<String>,
    proxy: Option<String>,
}

impl Tap {
    /// Opens a gate whose bodies go to a directory. `token` is what the browser must say.
    pub async fn open(client: Client, token: String, dir: &Path) -> Result<Tap, String> {
        let failed = |what: &dyn std::fmt::Display| format!("no gate could be opened for it: {what}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| failed(&error))?;
        let port = listener.local_addr().map_err(|error| failed(&error))?.port();
        let (acceptor, key) = certificates().map_err(|error| failed(&error))?;
        let kept = Arc::new(Kept {
            client,
            token: format!("Basic {}", STANDARD.encode(format!("exhibit:{token}"))),
            dir: dir.to_path_buf(),
            acceptor,
            passed: Mutex::default(),
            bytes: Mutex::new(0),
            last: Mutex::new(Instant::now()),
            closed: watch::channel(false).0,
        });
        let of = kept.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let kept = of.clone();
                connections.spawn(async move { connection(stream, kept).await });
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Tap { port, key, kept, task })
    }

    /// All that passed, in the order of the requests.
    pub fn passed(&self) -> Vec<Passed> {
        lock(&self.kept.passed).clone()
    }

    /// How long nothing has begun or ended, and whether anything but media is under way.
    pub fn quiet(&self) -> Option<Duration> {
        let busy = lock(&self.kept.passed).iter().any(|one| one.ending.is_none() && !one.is_media());
        (!busy).then(|| lock(&self.kept.last).elapsed())
    }

    /// Waits for footage that is still on its way, however long our limits let it.
    pub async fn finished(&self) {
        while lock(&self.kept.passed).iter().any(|one| one.ending.is_none() && one.is_media()) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // What never ends by itself ends here.
        self.kept.closed.send_replace(true);
        for _ in 0..40 {
            if lock(&self.kept.passed).iter().all(|one| one.ending.is_some()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One key for all hosts that the browser will ask for; it lives as long as the gate.
fn certificates() -> Result<(TlsAcceptor, String), String> {
    let failed = |error: rcgen::Error| error.to_string();
    let pair = rcgen::KeyPair::generate().map_err(failed)?;
    let key = STANDARD.encode(Digest::of(&rcgen::PublicKeyData::subject_public_key_info(&pair)).0);
    let made = rcgen::CertificateParams::new(vec!["exhibit.invalid".to_owned()]).and_then(|made| made.self_signed(&pair));
    let certificate: CertificateDer<'static> = made.map_err(failed)?.der().clone();
    let secret = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pair.serialize_der()));
    let builder = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = builder
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], secret));
    let mut config = config.map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), key))
}

fn says(status: StatusCode, why: &str) -> Answer {
    let mut answer = Response::new(Served::Whole(Some(Bytes::from(format!("exhibit: {why}\n")))));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    answer
}

/// One connection of the browser: requests for plain http, and tunnels.
async fn connection(stream: TcpStream, kept: Arc<Kept>) {
    let upstream: Arc<tokio::sync::Mutex<Option<Upstream>>> = Arc::default();
    let service = service_fn(move |request: Request<Incoming>| {
        let (kept, upstream) = (kept.clone(), upstream.clone());
        async move {
            let known = request.headers().get("proxy-authorization").is_some_and(|said| said.as_bytes() == kept.token.as_bytes());
            if !known {
                let mut answer = says(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "say who you are");
                answer.headers_mut().insert("proxy-authenticate", HeaderValue::from_static("Basic realm=\"exhibit\""));
                return Ok::<_, Infallible>(answer);
            }
            if request.method() == Method::CONNECT {
                let Some(target) = request.uri().authority().map(ToString::to_string) else {
                    return Ok(says(StatusCode::BAD_REQUEST, "a tunnel to where?"));
                };
                tokio::spawn(async move {
                    if let Ok(upgraded) = hyper::upgrade::on(request).await {
                        tunnel(TokioIo::new(upgraded), target, kept).await;
                    }
                });
                return Ok(Response::new(Served::Whole(None)));
            }
            let Ok(url) = Url::parse(&request.uri().to_string()) else {
                return Ok(says(StatusCode::BAD_REQUEST, "the address cannot be read"));
            };
            Ok(pass(request, url, &kept, &upstream).await)
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

/// What goes through a tunnel: TLS, which ends here and begins anew towards the server, or plain http.
async fn tunnel(stream: TokioIo<hyper::upgrade::Upgraded>, target: String, kept: Arc<Kept>) {
    let upstream: Arc<tokio::sync::Mutex<Option<Upstream>>> = Arc::default();
    let of = kept.clone();
    let Ok(Ok(stream)) = timeout(Duration::from_secs(30), of.acceptor.accept(stream)).await else { return };
    let service = service_fn(move |request: Request<Incoming>| {
        let (kept, upstream, target) = (kept.clone(), upstream.clone(), target.clone());
        async move {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
            let Ok(url) = Url::parse(&format!("https://{target}{path}")) else {
                return Ok::<_, Infallible>(says(StatusCode::BAD_REQUEST, "the address cannot be read"));
            };
            Ok(pass(request, url, &kept, &upstream).await)
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Kept {
    fn with(&self, at: usize, change: impl FnOnce(&mut Passed)) {
        if let Some(one) = lock(&self.passed).get_mut(at) {
            change(one);
        }
        *lock(&self.last) = Instant::now();
    }

    fn end(&self, at: usize, ending: Ending) {
        self.with(at, |one| one.ending = Some(ending));
    }

    /// Room for more bytes of bodies.
    fn room(&self, more: u64) -> bool {
        let mut bytes = lock(&self.bytes);
        *bytes = bytes.saturating_add(more);
        *bytes <= self.client.route().limits.max_bytes
    }
}

/// Passes one request on, keeps both sides, and gives the browser its answer.
async fn pass(request: Request<Incoming>, url: Url, kept: &Arc<Kept>, upstream: &tokio::sync::Mutex<Option<Upstream>>) -> Answer {
    let (at, hop) = {
        let mut passed = lock(&kept.passed);
        if passed.len() >= MOST {
            return says(StatusCode::TOO_MANY_REQUESTS, "this page asks for more than is kept");
        }
        let mut hop = kept.client.blank_hop(&url);
        hop.method = Some(request.method().to_string()).filter(|method| method != "GET");
        passed.push(Passed { hop: hop.clone(), sent: None, body: None, media_type: None, ending: None });
        (passed.len() - 1, hop)
    };
    *lock(&kept.last) = Instant::now();
    // Whatever happens to the browser's connection, what was asked for is brought to its end.
    let (of, held) = (kept.clone(), std::mem::take(&mut *upstream.lock().await));
    let task = tokio::spawn(async move { exchange(request, url, hop, at, of, held).await });
    match task.await {
        Ok(Ok((answer, again))) => {
            // For the next request, once this answer's body is there.
            if let Some(again) = again {
                *upstream.lock().await = Some(again);
            }
            answer
        }
        Ok(Err(ending)) => {
            let (status, why) = match &ending {
                Ending::Refused(why) => (StatusCode::FORBIDDEN, why.clone()),
                Ending::Timeout(why) => (StatusCode::GATEWAY_TIMEOUT, why.clone()),
                Ending::Failed(why) => (StatusCode::BAD_GATEWAY, why.clone()),
                _ => (StatusCode::BAD_GATEWAY, String::new()),
            };
            kept.end(at, ending);
            says(status, &why)
        }
        Err(error) => {
            kept.end(at, Ending::Failed(error.to_string()));
            says(StatusCode::BAD_GATEWAY, "a fault of exhibit's own")
        }
    }
}

/// Headers of one connection, which are not passed on (RFC 9110, 7.6.1).
fn is_own(name: &HeaderName) -> bool {
    let own = ["connection", "proxy-connection", "proxy-authorization", "keep-alive", "te", "trailer", "upgrade"];
    own.contains(&name.as_str()) || *name == TRANSFER_ENCODING
}

async fn exchange(
    request: Request<Incoming>,
    url: Url,
    mut hop: Hop,
    at: usize,
    kept: Arc<Kept>,
    held: Option<Upstream>,
) -> Result<(Answer, Option<Upstream>), Ending> {
    let limits = kept.client.route().limits.clone();
    let deadline = Instant::now() + Duration::from_secs(limits.total_seconds);
    if request.headers().contains_key(UPGRADE) {
        return Err(Ending::Refused("the page asked for a WebSocket, which is not kept and not passed".into()));
    }
    let (head, body) = request.into_parts();
    let sent = match timeout(Duration::from_secs(limits.idle_seconds), Limited::new(body, SENT).collect()).await {
        Ok(Ok(sent)) => sent.to_bytes(),
        _ => return Err(Ending::Failed("the request's own body did not come, or is too long".into())),
    };
    if !sent.is_empty() {
        let path = kept.dir.join(format!("{at}.sent"));
        fs::write(&path, &sent).map_err(disk)?;
        kept.with(at, |one| one.sent = Some(path));
    }
    let host = format!("{}://{}", url.scheme(), &url[url::Position::BeforeHost..url::Position::AfterPort]);
    let mut held = held.filter(|held| held.host == host);
    let ready = match &mut held {
        Some(held) => held.sender.ready().await.is_ok(),
        None => false,
    };
    let made = |hop: &Hop| kept.with(at, |one| one.hop = hop.clone());
    let fresh = async |hop: &mut Hop| {
        let reached = reach(&kept.client, &url, deadline, hop).await;
        made(hop);
        let (sender, heads) = reached?;
        let (addresses, connected, proxy) = (hop.addresses.clone(), hop.connected.clone(), hop.proxy.clone());
        Ok::<_, Ending>(Upstream { host: host.clone(), sender, heads, addresses, connected, proxy })
    };
    let reused = ready;
    let mut server = match held.filter(|_| ready) {
        Some(held) => {
            (hop.addresses, hop.connected, hop.proxy) = (held.addresses.clone(), held.connected.clone(), held.proxy.clone());
            *lock(&held.heads) = Heads::default();
            held
        }
        None => fresh(&mut hop).await?,
    };
    let from =
        if url.scheme() == "http" && kept.client.asks_whole() { url::Position::BeforeScheme } else { url::Position::BeforePath };
    let ask = || {
        let mut asked = Request::builder().method(head.method.clone()).uri(&url[from..url::Position::AfterQuery]);
        for (name, value) in head.headers.iter().filter(|(name, _)| !is_own(name) && **name != CONTENT_LENGTH) {
            // Bodies are kept as they are sent: no coding is asked for, and none is undone.
            let value = if *name == ACCEPT_ENCODING { &HeaderValue::from_static("identity") } else { value };
            asked = asked.header(name, value);
        }
        if !head.headers.contains_key(HOST) {
            asked = asked.header(HOST, &url[url::Position::BeforeHost..url::Position::AfterPort]);
        }
        // The spelling of the headers' names.
        if let Some(spelling) = asked.extensions_mut() {
            *spelling = head.extensions.clone();
        }
        asked.body(Full::new(sent.clone())).map_err(|error| Ending::Failed(error.to_string()))
    };
    let limit = deadline.min(Instant::now() + Duration::from_secs(limits.idle_seconds));
    let mut answered = timeout_at(limit, server.sender.send_request(ask()?)).await;
    if reused && matches!(&answered, Ok(Err(error)) if error.is_canceled() || error.is_incomplete_message() || error.is_closed())
    {
        // The server had hung up meanwhile, as it may.
        server = fresh(&mut hop).await?;
        answered = timeout_at(limit, server.sender.send_request(ask()?)).await;
    }
    note(&mut hop, &server.heads);
    made(&hop);
    let response = match answered {
        Err(_) => return Err(Ending::Timeout("the server did not answer in time".into())),
        Ok(Err(error)) => return Err(Ending::Failed(format!("the server's answer is not HTTP: {error}"))),
        Ok(Ok(response)) => response,
    };
    hop.status = Some(response.status().as_u16());
    hop.answered = Some(kept.client.now());
    let (mut answer, body) = response.into_parts();
    let media_type = answer.headers.get(CONTENT_TYPE).and_then(|said| said.to_str().ok()).map(str::to_ascii_lowercase);
    kept.with(at, |one| {
        one.hop = hop;
        one.media_type = media_type;
    });
    let closes = answer
        .headers
        .get_all(CONNECTION)
        .iter()
        .any(|said| said.to_str().is_ok_and(|said| said.split(',').any(|one| one.trim().eq_ignore_ascii_case("close"))));
    let marked = body.size_hint().exact().is_some() || answer.headers.contains_key(TRANSFER_ENCODING) || url.scheme() == "https";
    let own: Vec<HeaderName> = answer.headers.keys().filter(|name| is_own(name)).cloned().collect();
    for name in own {
        answer.headers.remove(name);
    }
    let pieces = keep(body, kept, at, deadline, marked)?;
    // Reused only when its answer has come: hyper says so by being ready.
    Ok((Response::from_parts(answer, Served::Pieces(pieces)), Some(server).filter(|_| !closes)))
}

fn disk(error: std::io::Error) -> Ending {
    Ending::Failed(format!("the disk did not take the bytes: {error}"))
}

/// A connection to the address's host: judged, with TLS where it is asked for.
async fn reach(
    client: &Client,
    url: &Url,
    deadline: Instant,
    hop: &mut Hop,
) -> Result<(hyper::client::conn::http1::SendRequest<Full<Bytes>>, Arc<Mutex<Heads>>), Ending> {
    let failed = |error: hyper::Error| Ending::Failed(format!("the server's answer is not HTTP: {error}"));
    let stream = client.reach(url, deadline, hop).await?;
    macro_rules! speak {
        ($stream:expr) => {{
            let (wire, heads) = Wire::new($stream);
            let (sender, connection) = hyper::client::conn::http1::Builder::new()
                .preserve_header_case(true)
                .handshake(TokioIo::new(wire))
                .await
                .map_err(failed)?;
            tokio::spawn(async move {
                let _ = connection.await;
            });
            Ok((sender, heads))
        }};
    }
    match client.secure(url, stream, deadline, hop).await? {
        Secured::Plain(stream) => speak!(stream),
        Secured::Tls(stream) => speak!(*stream),
    }
}

/// Keeps a body as fast as it comes, and feeds the browser from what is kept: one that stops reading stops nothing.
fn keep(
    mut body: Incoming,
    kept: Arc<Kept>,
    at: usize,
    deadline: Instant,
    marked: bool,
) -> Result<mpsc::Receiver<std::io::Result<Bytes>>, Ending> {
    let path = kept.dir.join(format!("{at}.body"));
    let mut file = File::options().create_new(true).write(true).open(&path).map_err(disk)?;
    let mut back = File::open(&path).map_err(disk)?;
    let (told, mut telling) = watch::channel((0u64, false, true));
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(4);
    let idle = Duration::from_secs(kept.client.route().limits.idle_seconds);
    let mut closed = kept.closed.subscribe();
    tokio::spawn(async move {
        let mut received = 0u64;
        let ending = loop {
            let next = tokio::select! {
                next = timeout_at(deadline, timeout(idle, body.frame())) => next,
                _ = closed.wait_for(|closed| *closed) => break Ending::Stopped("the browser was closed before its end".into()),
            };
            let frame = match next {
                Err(_) | Ok(Err(_)) => break Ending::Stopped("stopped by a limit of time".into()),
                Ok(Ok(frame)) => frame,
            };
            match frame {
                None if marked => break Ending::Whole("every announced byte arrived"),
                None => break Ending::Unmarked,
                Some(Err(error)) => break Ending::Cut(format!("the connection ended early: {error}")),
                Some(Ok(frame)) => {
                    let Ok(chunk) = frame.into_data() else { continue };
                    if !kept.room(chunk.len() as u64) {
                        break Ending::Stopped("stopped at the limit of bytes".into());
                    }
                    if let Err(error) = file.write_all(&chunk) {
                        break disk(error);
                    }
                    received += chunk.len() as u64;
                    let _ = told.send((received, false, true));
                }
            }
        };
        kept.with(at, |one| one.body = (received > 0).then_some(path));
        let well = matches!(ending, Ending::Whole(_) | Ending::Unmarked);
        kept.end(at, ending);
        let _ = told.send((received, true, well));
    });
    tokio::spawn(async move {
        let mut given = 0u64;
        loop {
            let (size, ended, well) = *telling.borrow_and_update();
            while given < size {
                let mut piece = vec![0; usize::try_from(size - given).unwrap_or(usize::MAX).min(1 << 16)];
                let read = back.seek(SeekFrom::Start(given)).and_then(|_| back.read_exact(&mut piece));
                given += piece.len() as u64;
                if sender.send(read.map(|()| Bytes::from(piece))).await.is_err() {
                    return;
                }
            }
            if ended {
                if !well {
                    let _ = sender.send(Err(std::io::Error::other("the body broke off"))).await;
                }
                return;
            }
            if telling.changed().await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::evidence::{Clock, Time};
    use crate::fetch::{Limits, Permits, Route};

    struct Still(AtomicI64);
    impl Clock for Still {
        fn now(&self) -> Time {
            Time::from_micros(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }

    /// Takes any certificate, as the browser takes the gate's.
    #[derive(Debug)]
    struct Any;
    impl ServerCertVerifier for Any {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            Ok(ServerCertVerified::assertion())
        }
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn verify_tls13_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            Ok(HandshakeSignatureValid::assertion())
        }
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519]
        }
    }

    fn route(permits: Permits) -> Route {
        let limits = Limits {
            max_bytes: 1 << 20,
            connect_seconds: 5,
            idle_seconds: 5,
            total_seconds: 10,
            least_rate: 0,
            redirects: 3,
            tries: 1,
            retry_milliseconds: 10,
            longest_wait_seconds: 1,
            per_host: 4,
            host_milliseconds: 0,
        };
        Route { permits, limits, proxy: None, user_agent: "test".into(), languages: None }
    }

    /// A TLS server with a certificate of its own making that answers `requests` on one connection.
    async fn server(requests: usize) -> (u16, CertificateDer<'static>) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
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
            for nth in 0..requests {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let body = format!("{nth} {}", String::from_utf8_lossy(&head).contains("accept-encoding: identity"));
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nX-Odd-CASE: kept\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        (port, certificate)
    }

    /// What a browser does: a tunnel, TLS with the gate, two requests. Gives the answers, and what was kept.
    async fn visit(trusted: bool) -> (Vec<String>, Vec<Passed>) {
        let (port, certificate) = server(2).await;
        let mut roots = RootCertStore::empty();
        if trusted {
            roots.add(certificate).unwrap();
        }
        let permits = Permits(vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
        let client = Client::with_roots(route(permits), Arc::new(Still(AtomicI64::new(0))), roots);
        let dir = tempfile::tempdir().unwrap();
        let tap = Tap::open(client, "word".into(), dir.path()).await.unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", tap.port)).await.unwrap();
        let word = STANDARD.encode("exhibit:word");
        let tunnel =
            format!("CONNECT localhost:{port} HTTP/1.1\r\nHost: localhost:{port}\r\nProxy-Authorization: Basic {word}\r\n\r\n");
        stream.write_all(tunnel.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Any))
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
        let mut answers = Vec::new();
        for _ in 0..2 {
            let request = format!("GET /a HTTP/1.1\r\nHost: localhost:{port}\r\nAccept-Encoding: br\r\n\r\n");
            stream.write_all(request.to_lowercase().replace("get /a http", "GET /a HTTP").as_bytes()).await.unwrap();
            let mut answer = vec![0; 4096];
            let mut count = 0;
            while !String::from_utf8_lossy(&answer[..count]).contains(" true") && !answer[..count].starts_with(b"HTTP/1.1 5") {
                count += stream.read(&mut answer[count..]).await.unwrap();
            }
            answers.push(String::from_utf8_lossy(&answer[..count]).into_owned());
        }
        (answers, tap.passed())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_goes_through_a_tunnel_is_kept_with_the_servers_own_certificate() {
        let (answers, passed) = visit(true).await;
        assert!(answers[0].ends_with("0 true") && answers[1].ends_with("1 true"), "{answers:?}");
        let first = &passed[0].hop;
        let tls = first.tls.as_ref().unwrap();
        assert_eq!((tls.version.as_str(), tls.chain.len(), first.status), ("TLSv1_3", 1, Some(200)));
        assert!(first.response_head.contains("X-Odd-CASE: kept\r\n") && first.request_head.starts_with("GET /a HTTP/1.1\r\n"));
        // The second went over the same connection.
        assert!(passed[1].hop.tls.is_none() && passed[1].hop.connected == first.connected && passed[1].is_whole());
        assert!(passed[1].hop.response_head.starts_with("HTTP/1.1 200 OK\r\n"), "{:?}", passed[1].hop.response_head);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_certificate_that_nobody_vouches_for_stops_the_browser_too() {
        let (answers, passed) = visit(false).await;
        assert!(answers[0].starts_with("HTTP/1.1 502") && answers[0].contains("TLS handshake failed"), "{answers:?}");
        assert!(matches!(&passed[0].ending, Some(Ending::Failed(why)) if why.contains("certificate")), "{:?}", passed[0].ending);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_does_not_know_the_word_gets_nothing() {
        let client = Client::new(route(Permits::default()), Arc::new(Still(AtomicI64::new(0))));
        let dir = tempfile::tempdir().unwrap();
        let tap = Tap::open(client, "word".into(), dir.path()).await.unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", tap.port)).await.unwrap();
        stream.write_all(b"GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 407") && tap.passed().is_empty(), "{answer}");
    }
}

//! One item over HTTP/1.1, hop by hop: every redirect, address, head and certificate is told.
//!
//! What breaks off is gone on with where the server says that it is still the same file (RFC 9110, Range
//! and If-Range); what may pass is tried again after a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONNECTION, HOST, IF_RANGE, RANGE, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use url::Url;

use super::answer::{Beside, Ending, Fetched, Piece, cause, described, header, is_chunked, may_pass, redirect, transfer_coding};
use super::lanes::Lanes;
use super::permit::Permits;
use super::proxy::Proxy;
use super::reach::Secured;
use super::rest::{Begun, Held, rest, validator};
use super::wire::{Heads, Wire};
use crate::evidence::{Clock, Exchange, Hop};

/// When to stop.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Limits {
    /// Bytes of one body.
    pub max_bytes: u64,
    /// Seconds to connect, TLS included.
    pub connect_seconds: u64,
    /// Seconds without a byte.
    pub idle_seconds: u64,
    /// Seconds for one item, redirects and further tries included.
    pub total_seconds: u64,
    /// Bytes a second below which a body is given up, over a minute; 0: never.
    pub least_rate: u64,
    pub redirects: u32,
    /// Times that an item is asked for in one attempt, when what fails may pass.
    pub tries: u32,
    /// Milliseconds before the second try; twice as long before each further one.
    pub retry_milliseconds: u64,
    /// The longest wait that a server may ask for with `Retry-After`, in seconds.
    pub longest_wait_seconds: u64,
    /// Requests to one host at a time.
    pub per_host: usize,
    /// Milliseconds between the beginnings of two requests to one host.
    pub host_milliseconds: u64,
}

/// How requests go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub permits: Permits,
    pub limits: Limits,
    /// All requests go through it, or not at all.
    pub proxy: Option<Proxy>,
    pub user_agent: String,
    /// `Accept-Language`; none sends no such header.
    pub languages: Option<String>,
}

/// Fetches over http and https.
#[derive(Clone)]
pub struct Client {
    pub(super) route: Arc<Route>,
    pub(super) tls: TlsConnector,
    clock: Arc<dyn Clock>,
    lanes: Arc<Lanes>,
}

enum Step {
    Answer(Response<Incoming>),
    Redirect(Url, Response<Incoming>),
}

/// How one try went, and whether another makes sense.
enum Try {
    Done(Box<Fetched>),
    Again { fetched: Box<Fetched>, wait: Option<Duration> },
}

impl Client {
    /// A client whose trust anchors are Mozilla's, as of the build.
    pub fn new(route: Route, clock: Arc<dyn Clock>) -> Client {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Client::with_roots(route, clock, roots)
    }

    pub(super) fn with_roots(route: Route, clock: Arc<dyn Clock>, roots: RootCertStore) -> Client {
        let builder = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
        let mut config = match builder.with_safe_default_protocol_versions() {
            Ok(builder) => builder.with_root_certificates(roots).with_no_client_auth(),
            Err(_) => unreachable!("ring speaks the default protocol versions"),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let lanes = Arc::new(Lanes::new(route.limits.per_host, Duration::from_millis(route.limits.host_milliseconds)));
        Client { route: Arc::new(route), tls: TlsConnector::from(Arc::new(config)), clock, lanes }
    }

    pub fn route(&self) -> &Route {
        &self.route
    }

    /// Gets a URL. The body goes to `sink` piece by piece, exactly as sent (no content coding is
    /// asked for, and none is undone); short bodies of redirects come with the answer. Of what an earlier attempt has begun
    /// only the rest is asked for, and comes; or a restart, and then all of it.
    pub async fn get(&self, url: &str, begun: Option<Begun>, sink: Sender<Piece>) -> Fetched {
        let limits = &self.route.limits;
        let mut deadline = Instant::now() + Duration::from_secs(limits.total_seconds);
        let parsed = match Url::parse(url) {
            Ok(url) => url,
            Err(error) => {
                let ending = Ending::Failed(format!("the address cannot be read: {error}"));
                return Fetched::ended(Exchange::default(), ending);
            }
        };
        // A server may first have to be asked what has become of what was begun.
        let most = limits.tries + u32::from(begun.is_some());
        let (mut held, mut hops, mut served, mut tries) = (begun.map(Held::of).unwrap_or_default(), Vec::new(), None, 0);
        let mut beside = Vec::new();
        loop {
            tries += 1;
            let last = tries >= most;
            let mut led_elsewhere = Vec::new();
            let tried = self.once(&parsed, &mut deadline, &mut held, last, (&sink, &mut led_elsewhere)).await;
            beside.extend(led_elsewhere.into_iter().map(|one: Beside| Beside { hop: hops.len() + one.hop, ..one }));
            let (mut fetched, again) = match tried {
                Try::Done(fetched) => (fetched, None),
                Try::Again { fetched, wait } => (fetched, Some(wait)),
            };
            hops.append(&mut fetched.exchange.hops);
            if std::mem::take(&mut held.answered) {
                served = hops.len().checked_sub(1);
            }
            let pause = again.map(|wait| {
                let own = Duration::from_millis(limits.retry_milliseconds.saturating_mul(1 << (tries - 1).min(10)));
                wait.unwrap_or(own).max(own)
            });
            match pause {
                Some(pause) if !last && Instant::now() + pause < deadline => tokio::time::sleep(pause).await,
                _ => {
                    return Fetched {
                        exchange: Exchange { hops, steps: Vec::new() },
                        resumed: held.joined,
                        served,
                        tries,
                        went_on: held.went_on,
                        beside,
                        ..*fetched
                    };
                }
            }
        }
    }

    /// Asks once, redirects followed; for the rest, if something is held already.
    async fn once(
        &self,
        url: &Url,
        deadline: &mut Instant,
        held: &mut Held,
        last: bool,
        (sink, beside): (&Sender<Piece>, &mut Vec<Beside>),
    ) -> Try {
        let mut exchange = Exchange::default();
        let mut seen = Vec::new();
        let mut next = url.clone();
        loop {
            if seen.contains(&next) {
                let ending = Ending::Failed(format!("redirects go round in a circle, back to {next}"));
                return Try::Done(Box::new(self.kept(Fetched::ended(exchange, ending), held)));
            }
            seen.push(next.clone());
            if seen.len() > 1 + self.route.limits.redirects as usize {
                let ending = Ending::Failed(format!("more than {} redirects", self.route.limits.redirects));
                return Try::Done(Box::new(self.kept(Fetched::ended(exchange, ending), held)));
            }
            // Waiting for our own turn is nobody's delay.
            let waiting = Instant::now();
            let _turn = self.lanes.turn(next.host_str().unwrap_or("")).await;
            *deadline += waiting.elapsed();
            match self.hop(&next, *deadline, held, &mut exchange).await {
                Ok(Step::Redirect(to, response)) => {
                    beside.extend(self.beside(response, *deadline, exchange.hops.len() - 1).await);
                    next = to;
                }
                Ok(Step::Answer(response)) => {
                    if let Some(wait) = may_pass(&response, &self.route.limits).filter(|_| !last) {
                        let status = response.status().as_u16();
                        beside.extend(self.beside(response, *deadline, exchange.hops.len() - 1).await);
                        let ending = Ending::Failed(format!("the server answered {status}"));
                        let fetched = Fetched { status: Some(status), ..Fetched::ended(exchange, ending) };
                        return Try::Again { fetched: Box::new(self.kept(fetched, held)), wait };
                    }
                    return self.body(response, *deadline, exchange, &next, held, (sink, beside)).await;
                }
                // What was held stays; the reason is told.
                Err(ending) => {
                    let again = matches!(&ending, Ending::Timeout(_))
                        || matches!(&ending, Ending::Failed(why) if ["connection", "closed", "resolved", "proxy"].iter().any(|word| why.contains(word)));
                    let fetched = Box::new(self.kept(Fetched::ended(exchange, ending), held));
                    return if again { Try::Again { fetched, wait: None } } else { Try::Done(fetched) };
                }
            }
        }
    }

    /// The body of an answer that leads elsewhere; none where it has none. Nobody waits long for it.
    async fn beside(&self, response: Response<Incoming>, deadline: Instant, hop: usize) -> Option<Beside> {
        const MOST: usize = 1 << 16;
        const WAIT: u64 = 5;
        let limit = deadline.min(Instant::now() + Duration::from_secs(self.route.limits.idle_seconds.min(WAIT)));
        let (mut body, mut bytes) = (response.into_body(), Vec::new());
        let cut = loop {
            match timeout_at(limit, body.frame()).await {
                Err(_) => break Some("the rest did not come in time".to_owned()),
                Ok(None) => break None,
                Ok(Some(Err(error))) => break Some(format!("the connection ended early: {}", cause(&error))),
                Ok(Some(Ok(frame))) => bytes.extend(frame.into_data().unwrap_or_default()),
            }
            if bytes.len() > MOST {
                bytes.truncate(MOST);
                break Some(format!("of a body that leads elsewhere no more than {MOST} bytes are read"));
            }
        };
        (cut.is_some() || !bytes.is_empty()).then_some(Beside { hop, bytes, cut })
    }

    /// A try that brought nothing, after one that brought the beginning.
    fn kept(&self, fetched: Fetched, held: &Held) -> Fetched {
        match held.first.as_ref().filter(|_| !held.begun) {
            None => fetched,
            Some(first) => {
                let why = match &fetched.ending {
                    Ending::Timeout(why) | Ending::Failed(why) | Ending::Refused(why) => why.clone(),
                    _ => String::new(),
                };
                let broke = match &first.ending {
                    Ending::Cut(why) | Ending::Stopped(why) => why.clone(),
                    _ => "the connection ended early".to_owned(),
                };
                Fetched {
                    exchange: fetched.exchange,
                    ending: Ending::Cut(format!("{broke}; asked for the rest: {why}")),
                    received: held.received,
                    ..first.clone()
                }
            }
        }
    }

    async fn hop(&self, url: &Url, deadline: Instant, held: &Held, exchange: &mut Exchange) -> Result<Step, Ending> {
        exchange.hops.push(self.blank_hop(url));
        let at = exchange.hops.len() - 1;
        let hop = &mut exchange.hops[at];
        let stream = self.reach(url, deadline, hop).await?;
        match self.secure(url, stream, deadline, hop).await? {
            Secured::Plain(stream) => self.request(url, stream, deadline, held, hop).await,
            Secured::Tls(stream) => self.request(url, *stream, deadline, held, hop).await,
        }
    }

    pub(super) fn now(&self) -> crate::evidence::Time {
        self.clock.now()
    }

    pub(super) fn blank_hop(&self, url: &Url) -> Hop {
        Hop {
            url: super::without_secret(url.as_str()),
            method: None,
            started: self.clock.now(),
            addresses: Vec::new(),
            connected: None,
            proxy: None,
            tls: None,
            request_head: String::new(),
            response_head: String::new(),
            status: None,
            answered: None,
            sent: None,
            body: None,
            cut: None,
        }
    }

    /// Whether plain http is asked for by its whole address: of a proxy.
    pub(super) fn asks_whole(&self) -> bool {
        self.route.proxy.as_ref().is_some_and(Proxy::is_http)
    }

    async fn request<S>(&self, url: &Url, stream: S, deadline: Instant, held: &Held, hop: &mut Hop) -> Result<Step, Ending>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (wire, heads) = Wire::new(stream);
        let asked = self.ask(url, wire, deadline, held).await;
        note(hop, &heads);
        let response = asked?;
        hop.status = Some(response.status().as_u16());
        hop.answered = Some(self.clock.now());
        match redirect(url, &response) {
            Some(to) => Ok(Step::Redirect(to?, response)),
            None => Ok(Step::Answer(response)),
        }
    }

    async fn ask<S>(&self, url: &Url, wire: Wire<S>, deadline: Instant, held: &Held) -> Result<Response<Incoming>, Ending>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let failed = |error: hyper::Error| Ending::Failed(format!("the server's answer is not HTTP: {}", cause(&error)));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(wire)).await.map_err(failed)?;
        // The connection's own errors reach us through the response and its body.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        // A proxy for plain http is told the whole address (RFC 9112, 3.2.2).
        let whole = url.scheme() == "http" && self.asks_whole();
        let from = if whole { url::Position::BeforeScheme } else { url::Position::BeforePath };
        let target = &url[from..url::Position::AfterQuery];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::get(target)
            .header(HOST, host)
            .header(USER_AGENT, &self.route.user_agent)
            .header(ACCEPT, "*/*")
            .header(ACCEPT_ENCODING, "identity");
        if let Some(languages) = &self.route.languages {
            request = request.header(ACCEPT_LANGUAGE, languages);
        }
        if let Some(validator) = held.validator.as_ref().filter(|_| held.received > 0 && held.url.as_ref() == Some(url)) {
            request = request.header(RANGE, format!("bytes={}-", held.received)).header(IF_RANGE, validator);
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
        url: &Url,
        held: &mut Held,
        (sink, beside): (&Sender<Piece>, &mut Vec<Beside>),
    ) -> Try {
        let status = response.status().as_u16();
        let mut fetched = described(&response, exchange);
        let asked_for_rest = held.validator.is_some() && held.url.as_ref() == Some(url);
        if held.received > 0 {
            match if asked_for_rest { rest(&response, held) } else { Ok(false) } {
                // The rest, as asked for: it goes on with what the first answer said.
                Ok(true) => {
                    let first = held.first.clone().unwrap_or_else(|| fetched.clone());
                    fetched = Fetched { exchange: fetched.exchange, ..first };
                }
                Err(why) if !held.begun => {
                    beside.extend(self.beside(response, deadline, fetched.exchange.hops.len() - 1).await);
                    fetched.ending = Ending::Failed(why);
                    return Try::Done(Box::new(self.kept(fetched, held)));
                }
                // The whole of it, which is another version, another address, or a server that knows no ranges; or what has become
                // of what was begun in an earlier attempt.
                said => {
                    *held = Held::default();
                    if sink.send(Piece::Restart).await.is_err() {
                        fetched.ending = Ending::Stopped("the disk did not take the bytes".into());
                        return Try::Done(Box::new(fetched));
                    }
                    if let (Err(why), 206 | 416) = (said, status) {
                        beside.extend(self.beside(response, deadline, fetched.exchange.hops.len() - 1).await);
                        fetched.ending = Ending::Failed(why);
                        return Try::Again { fetched: Box::new(fetched), wait: None };
                    }
                }
            }
        }
        let rest = held.received > 0;
        if !rest {
            held.validator =
                if status == 200 && fetched.reserved.is_none() { validator(|name| header(&response, &name)) } else { None };
            held.total = fetched.declared;
            held.url = Some(url.clone());
        }
        let transfer = transfer_coding(&response);
        let chunked = transfer.as_deref().is_some_and(is_chunked);
        let odd = transfer.is_some() && !chunked;
        let marked = chunked || (!odd && response.body().size_hint().exact().is_some());
        fetched.received = held.received;
        held.answered = true;
        let before = held.received;
        let (ending, received) = self.pump(response.into_body(), deadline, held.received, sink).await;
        held.received = received;
        if rest && received > before {
            held.joined.push(before);
            held.went_on |= std::mem::take(&mut held.begun);
        }
        // All that is there came in an earlier attempt: this one brought nothing.
        (fetched.received, fetched.status) = if held.begun { (0, Some(status)) } else { (received, fetched.status) };
        fetched.ending = match ending {
            None if held.total.is_some_and(|total| total > received) => Ending::Cut("fewer bytes than announced".into()),
            None if rest && held.total.is_some_and(|total| total < received) => {
                Ending::Cut("the answers together have more bytes than the file".into())
            }
            None if rest && held.total == Some(received) => {
                Ending::Whole("every announced byte arrived, in more than one answer")
            }
            // Nothing told how long the whole is.
            None if rest => Ending::Unmarked,
            None if marked => Ending::Whole(if chunked { "the last chunk arrived" } else { "every announced byte arrived" }),
            // Without a proper TLS end the connection would have failed.
            None if url.scheme() == "https" && !odd => Ending::Whole("TLS was closed properly"),
            None => Ending::Unmarked,
            Some(Ending::Cut(_)) if held.total == Some(received) && rest => {
                Ending::Whole("every announced byte arrived, in more than one answer")
            }
            Some(ending) => ending,
        };
        let short = held.total.is_none_or(|total| received < total);
        let resumable = held.validator.is_some() && short && fetched.received > 0 && received < self.route.limits.max_bytes;
        match &fetched.ending {
            Ending::Cut(_) | Ending::Stopped(_) if resumable => {
                held.first = Some(fetched.clone());
                Try::Again { fetched: Box::new(fetched), wait: None }
            }
            // Nothing came: there is nothing to lose by asking again.
            Ending::Cut(_) if fetched.received == 0 => Try::Again { fetched: Box::new(fetched), wait: None },
            _ => Try::Done(Box::new(fetched)),
        }
    }

    /// Passes a body on. None: it ended by itself.
    async fn pump(
        &self,
        mut body: Incoming,
        deadline: Instant,
        mut received: u64,
        sink: &Sender<Piece>,
    ) -> (Option<Ending>, u64) {
        /// Seconds over which a rate is measured.
        const WINDOW: u64 = 60;
        let limits = &self.route.limits;
        let idle = Duration::from_secs(limits.idle_seconds);
        let (mut since, mut then) = (Instant::now(), received);
        loop {
            let frame = match timeout_at(deadline, timeout(idle, body.frame())).await {
                Err(_) => return (Some(Ending::Stopped(format!("stopped after {} seconds", limits.total_seconds))), received),
                Ok(Err(_)) => {
                    let why = format!("stopped after {} seconds without a byte", limits.idle_seconds);
                    return (Some(Ending::Stopped(why)), received);
                }
                Ok(Ok(frame)) => frame,
            };
            match frame {
                None => return (None, received),
                Some(Err(error)) => {
                    return (Some(Ending::Cut(format!("the connection ended early: {}", cause(&error)))), received);
                }
                Some(Ok(frame)) => {
                    let Ok(mut chunk) = frame.into_data() else { continue };
                    let room = limits.max_bytes.saturating_sub(received);
                    let over = chunk.len() as u64 > room;
                    if over {
                        chunk.truncate(usize::try_from(room).unwrap_or(usize::MAX));
                    }
                    received += chunk.len() as u64;
                    if !chunk.is_empty() && sink.send(Piece::Bytes(chunk)).await.is_err() {
                        return (Some(Ending::Stopped("the disk did not take the bytes".into())), received);
                    }
                    if over {
                        let why = format!("stopped at the limit of {} bytes", limits.max_bytes);
                        return (Some(Ending::Stopped(why)), received);
                    }
                }
            }
            if since.elapsed().as_secs() >= WINDOW {
                if received - then < limits.least_rate * WINDOW {
                    let why = format!("stopped: fewer than {} bytes a second over a minute", limits.least_rate);
                    return (Some(Ending::Stopped(why)), received);
                }
                (since, then) = (Instant::now(), received);
            }
        }
    }
}

pub(super) fn note(hop: &mut Hop, heads: &Mutex<Heads>) {
    let heads = heads.lock().unwrap_or_else(PoisonError::into_inner);
    hop.request_head = heads.request();
    hop.response_head = heads.response();
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
        let permits = Permits(vec!["127.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
        let route = Route { permits, limits, proxy: None, user_agent: "test".into(), languages: Some("ar, en".into()) };
        let client = Client::with_roots(route, Arc::new(Ticking(AtomicI64::new(0))), roots);
        let (sender, mut receiver) = mpsc::channel(16);
        let gather = async {
            let mut bytes = Vec::new();
            while let Some(piece) = receiver.recv().await {
                if let Piece::Bytes(chunk) = piece {
                    bytes.extend(chunk);
                }
            }
            bytes
        };
        let url = format!("https://localhost:{port}/clip.mp4");
        tokio::join!(client.get(&url, None, sender), gather)
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

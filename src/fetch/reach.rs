//! From an address to a connection: the name is resolved once, each address is judged, and the connection goes to the judged
//! address, so that a name cannot answer differently a second time. Behind a proxy nothing is resolved here.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Host, Url};

use super::answer::Ending;
use super::http::Client;
use crate::evidence::{Hop, Tls};

/// A connection as its address asks for it.
pub(super) enum Secured {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Client {
    /// A connection to an address's host, judged, directly or through the proxy.
    pub(super) async fn reach(&self, url: &Url, deadline: Instant, hop: &mut Hop) -> Result<TcpStream, Ending> {
        let Some(proxy) = &self.route.proxy else {
            let addresses = self.resolve(url, deadline, hop).await?;
            return self.connect(&addresses, deadline, hop).await;
        };
        let (host, port) = self.named(url)?;
        hop.proxy = Some(proxy.to_string());
        let limit = self.connect_limit(deadline);
        let through = match timeout_at(limit, proxy.connect(&host, port, url.scheme() == "https")).await {
            Err(_) => Err("it did not answer in time".to_owned()),
            Ok(through) => through,
        };
        // Closed rather than direct.
        through.map_err(|why| Ending::Failed(format!("the proxy {proxy} did not help, and nothing was sent without it: {why}")))
    }

    /// The host and port that an address names, if it may be asked for at all.
    fn named(&self, url: &Url) -> Result<(String, u16), Ending> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Ending::Refused(format!("only http and https are fetched, not {:?}", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Ending::Refused("the address carries a user name or password".into()));
        }
        let refused = |name: &str, address: IpAddr| {
            let judged = self.route.permits.judge(name, address);
            judged.map_err(|reason| Ending::Refused(format!("{address} is not a public address ({reason})")))
        };
        let name = match url.host() {
            None => return Err(Ending::Failed("the address names no host".into())),
            Some(Host::Ipv4(address)) => refused(&address.to_string(), address.into()).map(|()| address.to_string())?,
            Some(Host::Ipv6(address)) => refused(&address.to_string(), address.into()).map(|()| address.to_string())?,
            Some(Host::Domain(name)) => {
                // These names mean this machine wherever they are resolved (RFC 6761).
                let own = name.trim_end_matches('.').to_ascii_lowercase();
                if own == "localhost" || own.ends_with(".localhost") {
                    refused(name, IpAddr::from([127, 0, 0, 1]))?;
                }
                name.to_owned()
            }
        };
        Ok((name, url.port_or_known_default().unwrap_or(80)))
    }

    /// All addresses of the host, once; refused if none may be connected to.
    async fn resolve(&self, url: &Url, deadline: Instant, hop: &mut Hop) -> Result<Vec<SocketAddr>, Ending> {
        let (name, port) = self.named(url)?;
        let found: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![(IpAddr::V4(address), port).into()],
            Some(Host::Ipv6(address)) => vec![(IpAddr::V6(address), port).into()],
            _ => {
                let limit = self.connect_limit(deadline);
                match timeout_at(limit, tokio::net::lookup_host((name.as_str(), port))).await {
                    Err(_) => return Err(Ending::Timeout(format!("the name {name} was not resolved in time"))),
                    Ok(Err(error)) => return Err(Ending::Failed(format!("the name {name} cannot be resolved: {error}"))),
                    Ok(Ok(found)) => found.collect(),
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
            (false, _) => Ok(permitted),
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

    /// Begins TLS on a connection, if the address asks for it; the certificate is checked, and told.
    pub(super) async fn secure(&self, url: &Url, stream: TcpStream, deadline: Instant, hop: &mut Hop) -> Result<Secured, Ending> {
        if url.scheme() == "http" {
            return Ok(Secured::Plain(stream));
        }
        let host = self.named(url)?.0;
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
        Ok(Secured::Tls(Box::new(stream)))
    }
}

//! A way out through somebody else: SOCKS5 with names resolved there (RFC 1928, 1929), or HTTP (RFC 9110, CONNECT).

use std::fmt;
use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

/// Text that should have been a proxy and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a proxy; write it as socks5h://HOST:PORT or http://HOST:PORT")]
pub struct ProxyError(pub String);

/// A proxy. Shown without its user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    http: bool,
    host: String,
    port: u16,
    /// User and password.
    login: Option<(String, String)>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", if self.http { "http" } else { "socks5h" }, self.host, self.port)
    }
}

impl Proxy {
    /// With its user and password, for another client of ours.
    pub(super) fn address(&self) -> String {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let part = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let login = self.login.as_ref().map(|(user, password)| format!("{}:{}@", part(user), part(password)));
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let scheme = if self.http { "http" } else { "socks5h" };
        format!("{scheme}://{}{host}:{}", login.unwrap_or_default(), self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;
    fn from_str(text: &str) -> Result<Proxy, ProxyError> {
        // What does not parse can hold a password.
        let wrong = || ProxyError(text.split('@').next_back().unwrap_or("").chars().take(100).collect());
        let url = Url::parse(text).map_err(|_| wrong())?;
        // Names that are resolved here would be told to the nearest resolver: only `socks5h` is taken.
        let http = match url.scheme() {
            "http" => true,
            "socks5h" => false,
            _ => return Err(wrong()),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let port = url.port().or(http.then_some(80)).unwrap_or(1080);
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(wrong());
        }
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = (!url.username().is_empty()).then(|| (plain(url.username()), plain(url.password().unwrap_or(""))));
        if login.as_ref().is_some_and(|(user, password)| user.len() > 255 || password.len() > 255) {
            return Err(wrong());
        }
        Ok(Proxy { http, host, port, login })
    }
}

impl Proxy {
    pub fn is_http(&self) -> bool {
        self.http
    }

    /// A connection to a host through the proxy. `tunnel` is whether an HTTP proxy is asked for one; without, it is
    /// sent the request itself.
    pub(super) async fn connect(&self, host: &str, port: u16, tunnel: bool) -> Result<TcpStream, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let mut stream = stream.map_err(|error| format!("it cannot be reached: {error}"))?;
        let _ = stream.set_nodelay(true);
        match (self.http, tunnel) {
            (true, false) => {}
            (true, true) => self.tunnel(&mut stream, host, port).await?,
            (false, _) => self.socks(&mut stream, host, port).await.map_err(|why| why.to_string())?,
        }
        Ok(stream)
    }

    async fn tunnel(&self, stream: &mut TcpStream, host: &str, port: u16) -> Result<(), String> {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let login = self.login.as_ref().map(|(user, password)| STANDARD.encode(format!("{user}:{password}")));
        let login = login.map(|login| format!("Proxy-Authorization: Basic {login}\r\n")).unwrap_or_default();
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n");
        let io = |error: std::io::Error| format!("it broke off: {error}");
        stream.write_all(request.as_bytes()).await.map_err(io)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            // One byte at a time: what follows belongs to the host behind it.
            head.push(stream.read_u8().await.map_err(io)?);
            if head.len() > 16 * 1024 {
                return Err("its answer has no end".into());
            }
        }
        let line = String::from_utf8_lossy(&head).lines().next().unwrap_or("").chars().take(100).collect::<String>();
        let granted = line.starts_with("HTTP/1.") && line.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
        if granted { Ok(()) } else { Err(format!("it answered {line:?}")) }
    }

    async fn socks(&self, stream: &mut TcpStream, host: &str, port: u16) -> std::io::Result<()> {
        let refused = |why: &str| std::io::Error::other(why.to_owned());
        let method = if self.login.is_some() { 2 } else { 0 };
        stream.write_all(&[5, 1, method]).await?;
        let mut chosen = [0; 2];
        stream.read_exact(&mut chosen).await?;
        if chosen != [5, method] {
            return Err(refused("it does not speak SOCKS5 with this login"));
        }
        if let Some((user, password)) = &self.login {
            let parts = [&[1, user.len() as u8][..], user.as_bytes(), &[password.len() as u8], password.as_bytes()];
            stream.write_all(&parts.concat()).await?;
            let mut answer = [0; 2];
            stream.read_exact(&mut answer).await?;
            if answer[1] != 0 {
                return Err(refused("it refused the login"));
            }
        }
        // The name itself, to be resolved there; addresses as such.
        let target = match host.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(address)) => [&[1][..], &address.octets()].concat(),
            Ok(std::net::IpAddr::V6(address)) => [&[4][..], &address.octets()].concat(),
            Err(_) if host.len() > 255 => return Err(refused("the host's name is too long for it")),
            Err(_) => [&[3, host.len() as u8][..], host.as_bytes()].concat(),
        };
        stream.write_all(&[&[5, 1, 0][..], &target, &port.to_be_bytes()].concat()).await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        if answer[1] != 0 {
            let why = match answer[1] {
                2 => "it does not allow this connection",
                3 => "it says that the network cannot be reached",
                4 => "it says that the host cannot be reached",
                5 => "it says that the host refused the connection",
                6 => "it says that the connection timed out",
                _ => "it failed",
            };
            return Err(refused(why));
        }
        let rest = match answer[3] {
            1 => 6,
            4 => 18,
            _ => usize::from(stream.read_u8().await?) + 2,
        };
        stream.read_exact(&mut vec![0; rest]).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_read_and_shown_without_its_password() {
        let proxy: Proxy = "socks5h://me:s%40cret@127.0.0.1:9050".parse().unwrap();
        assert_eq!((proxy.to_string().as_str(), proxy.is_http()), ("socks5h://127.0.0.1:9050", false));
        assert_eq!(proxy.login, Some(("me".into(), "s@cret".into())));
        assert!(!format!("{proxy:?}").contains("cret"));
        assert_eq!("http://proxy.example".parse::<Proxy>().unwrap().to_string(), "http://proxy.example:80");
        for text in ["", "127.0.0.1:9050", "socks5://h:1", "socks4://h:1", "https://h:1", "http://h/path", "socks5h://"] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
        let told = "x://me:secret@host".parse::<Proxy>().unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }
}

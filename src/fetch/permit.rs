//! Hosts and networks that the user named, although they are not globally routable.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use super::why_not_global;

/// Text that should have been a host or network and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name, an address or a network such as 192.168.1.0/24")]
pub struct PermitError(pub String);

/// One `--allow-host`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permit {
    /// This name, whatever it resolves to.
    Host(String),
    /// Every address of this network, named or literal.
    Net(IpNet),
}

impl FromStr for Permit {
    type Err = PermitError;
    fn from_str(text: &str) -> Result<Self, PermitError> {
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(Permit::Net(net.trunc()));
        }
        match url::Host::parse(text.trim_matches(['[', ']'])).or_else(|_| url::Host::parse(text)) {
            Ok(url::Host::Ipv4(address)) => Ok(Permit::Net(IpNet::from(IpAddr::V4(address)))),
            Ok(url::Host::Ipv6(address)) => Ok(Permit::Net(IpNet::from(IpAddr::V6(address)))),
            Ok(url::Host::Domain(name)) if !name.is_empty() => Ok(Permit::Host(plain(&name))),
            _ => text
                .parse::<IpAddr>()
                .map(|address| Permit::Net(IpNet::from(address)))
                .map_err(|_| PermitError(text.chars().take(100).collect())),
        }
    }
}

impl fmt::Display for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Permit::Host(name) => f.write_str(name),
            Permit::Net(net) => write!(f, "{net}"),
        }
    }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// All that the user permitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permits(pub Vec<Permit>);

impl Permits {
    /// Whether this address may be connected to for this host; the reason if not.
    pub fn judge(&self, host: &str, address: IpAddr) -> Result<(), &'static str> {
        let Some(reason) = why_not_global(address) else { return Ok(()) };
        let named = self.0.iter().any(|permit| match permit {
            Permit::Host(name) => *name == plain(host),
            Permit::Net(net) => net.contains(&address),
        });
        if named { Ok(()) } else { Err(reason) }
    }

    /// As recorded in the log: sorted, each once.
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.0.iter().map(Permit::to_string).collect();
        texts.sort();
        texts.dedup();
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_opens_what_it_names_and_nothing_else() {
        let permits = Permits(vec!["127.0.0.1".parse().unwrap(), "10.0.0.0/8".parse().unwrap(), "NAS.local.".parse().unwrap()]);
        let judge = |host: &str, address: &str| permits.judge(host, address.parse().unwrap()).is_ok();
        assert!(judge("127.0.0.1", "127.0.0.1"));
        assert!(judge("x.example", "10.9.9.9"));
        assert!(judge("nas.LOCAL", "192.168.0.9"));
        assert!(judge("x.example", "8.8.8.8"));
        assert!(!judge("127.0.0.2", "127.0.0.2"));
        assert!(!judge("x.example", "192.168.0.9"));
        assert!(!judge("localhost", "::1"));
    }

    #[test]
    fn what_is_no_host_is_quoted_back() {
        for text in ["", "a b", "http://x/"] {
            let error = text.parse::<Permit>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")));
        }
    }
}

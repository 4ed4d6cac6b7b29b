//! What a server's certificate says of itself. It is read and not judged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::Decode;
use sha2::{Digest, Sha256};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::time::Time;

/// A certificate (RFC 5280), as far as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// `CN=cdn.media.example`: common name, organisation and country, where it has them.
    pub(super) subject: String,
    pub(super) issuer: String,
    /// Names of servers that it is for.
    pub(super) names: Vec<String>,
    /// First and last day, `2026-11-23`.
    pub(super) from: String,
    pub(super) to: String,
    /// Of its bytes, in hexadecimal.
    pub(super) sha256: String,
}

impl Certificate {
    /// Of DER in base64; none if it cannot be read.
    pub(super) fn of_base64(text: &str) -> Option<Certificate> {
        let bytes = STANDARD.decode(text).ok()?;
        let told = x509_cert::Certificate::from_der(&bytes).ok()?.tbs_certificate;
        let names = told.get::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0).unwrap_or_default();
        let server = |name: GeneralName| match name {
            GeneralName::DnsName(name) => Some(name.to_string()),
            _ => None,
        };
        Some(Certificate {
            subject: named(&told.subject),
            issuer: named(&told.issuer),
            names: names.into_iter().filter_map(server).collect(),
            from: day(&told.validity.not_before),
            to: day(&told.validity.not_after),
            sha256: hex::encode(Sha256::digest(&bytes)),
        })
    }
}

/// A name's parts that say who it is, in its order.
fn named(name: &Name) -> String {
    let parts = name.0.iter().flat_map(|group| group.0.iter()).filter_map(|part| {
        let kind = match part.oid.to_string().as_str() {
            "2.5.4.3" => "CN",
            "2.5.4.10" => "O",
            "2.5.4.6" => "C",
            _ => return None,
        };
        Some(format!("{kind}={}", String::from_utf8_lossy(part.value.value())))
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn day(time: &Time) -> String {
    let date = time.to_date_time();
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of an invented server, made with openssl for the tests.
    const LEAF: &str = "\
        MIIB0jCCAYSgAwIBAgIUGvtQaybm64eGEvPsj+GPsXzNBLswBQYDK2VwMEYxCzAJBgNVBAYTAk5MMRswGQYDVQQKDBJFeGFtcGxlIE1lZGlhIE\
        IuVi4xGjAYBgNVBAMMEWNkbi5tZWRpYS5leGFtcGxlMB4XDTI2MTEyMzA2MzAwNloXDTI3MDIyMTA2MzAwNlowRjELMAkGA1UEBhMCTkwxGzAZ\
        BgNVBAoMEkV4YW1wbGUgTWVkaWEgQi5WLjEaMBgGA1UEAwwRY2RuLm1lZGlhLmV4YW1wbGUwKjAFBgMrZXADIQDIT8Y9TmwL3hEqvwxhJ7kkyC\
        w0rN/gd7sOaMvPYkx/RqOBgzCBgDAdBgNVHQ4EFgQUcmS9K6kpiSGErZdv6CsYKW4NbRUwHwYDVR0jBBgwFoAUcmS9K6kpiSGErZdv6CsYKW4N\
        bRUwDwYDVR0TAQH/BAUwAwEB/zAtBgNVHREEJjAkghFjZG4ubWVkaWEuZXhhbXBsZYIPKi5tZWRpYS5leGFtcGxlMAUGAytlcANBAJSAYdjIJ6\
        aZRsHwqinWzcHRaMpLKjk/lFAUpbSs0r+iioYqVqeRpTSEj5bJ0ws8tg6f44BC8d0BZlCrU7zJZg4=";

    #[test]
    fn a_certificate_says_who_it_is_for() {
        let leaf = Certificate::of_base64(LEAF).unwrap();
        assert_eq!(leaf.subject, "C=NL, O=Example Media B.V., CN=cdn.media.example");
        assert_eq!(leaf.issuer, leaf.subject);
        assert_eq!(leaf.names, ["cdn.media.example", "*.media.example"]);
        assert!(leaf.from < leaf.to && leaf.from.len() == 10 && leaf.sha256.len() == 64);
    }

    #[test]
    fn what_is_no_certificate_is_none() {
        for text in ["", "not base64 <b>", "AAAA", &LEAF[..LEAF.len() / 8 * 4]] {
            assert_eq!(Certificate::of_base64(text), None);
        }
    }
}

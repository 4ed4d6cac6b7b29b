//! One request to an authority that the person names: a timestamp server, a calendar, a witness. Its answer is checked by who asks; nothing of
//! this exchange is footage, so it needs no record of its heads.

use std::time::Duration;

use super::Proxy;

/// Bytes of an answer that are read.
const ANSWER: usize = 1 << 20;

/// Posts `body`, or gets the address without one, and gives the answer's status and body. It goes through the proxy, if
/// there is one, and nowhere else; redirects are not followed. `media_type` is that of what is posted or wanted.
pub async fn ask_authority(
    url: &str,
    media_type: &str,
    body: Option<Vec<u8>>,
    proxy: Option<&Proxy>,
) -> Result<(u16, Vec<u8>), String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = rustls::RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let mut client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .use_preconfigured_tls(tls)
        .timeout(Duration::from_secs(30))
        .user_agent(concat!("exhibit/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = proxy {
        client = client.proxy(reqwest::Proxy::all(proxy.address()).map_err(told)?);
    }
    let client = client.build().map_err(told)?;
    let request = match body {
        Some(body) => client.post(url).header("content-type", media_type).body(body),
        None => client.get(url).header("accept", media_type),
    };
    let mut answer = request.send().await.map_err(told)?;
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(told)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > ANSWER {
            return Err(format!("its answer is longer than {ANSWER} bytes"));
        }
    }
    Ok((status, bytes))
}

/// The whole chain of reasons, without the address, which the caller names.
fn told(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

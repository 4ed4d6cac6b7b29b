//! The heads of an exchange, byte for byte as they crossed the wire.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Heads longer than this are cut in the record.
const LONGEST: usize = 64 * 1024;

/// What passed so far, as much of it as the heads can be.
#[derive(Debug, Default)]
pub(super) struct Heads {
    sent: Vec<u8>,
    received: Vec<u8>,
}

/// Each byte one character (ISO 8859-1), so that nothing is lost.
fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn head(bytes: &[u8]) -> &[u8] {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let end = end.or_else(|| bytes.windows(2).position(|two| two == b"\n\n").map(|at| at + 2));
    &bytes[..end.unwrap_or(bytes.len())]
}

impl Heads {
    /// The request's head.
    pub fn request(&self) -> String {
        text(head(&self.sent))
    }

    /// The response's head, the interim ones (1xx) before it included.
    pub fn response(&self) -> String {
        let mut end = 0;
        loop {
            let next = head(&self.received[end..]);
            end += next.len();
            if !next.starts_with(b"HTTP/1.1 1") || next.is_empty() {
                return text(&self.received[..end]);
            }
        }
    }
}

/// A connection that remembers the heads.
pub(super) struct Wire<S> {
    inner: S,
    heads: Arc<Mutex<Heads>>,
}

impl<S> Wire<S> {
    pub fn new(inner: S) -> (Wire<S>, Arc<Mutex<Heads>>) {
        let heads = Arc::new(Mutex::new(Heads::default()));
        (Wire { inner, heads: heads.clone() }, heads)
    }
}

fn remember(seen: &mut Vec<u8>, bytes: &[u8]) {
    let room = LONGEST - seen.len().min(LONGEST);
    seen.extend(&bytes[..bytes.len().min(room)]);
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        remember(&mut heads.received, &buffer.filled()[before..]);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = polled {
            let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
            remember(&mut heads.sent, &bytes[..count]);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

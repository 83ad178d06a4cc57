//! The load: keep-alive connections over loopback, no pipelining, answers read to their last byte.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::workload::Workload;

/// One keep-alive connection and its buffers.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects, with `TCP_NODELAY`.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(256 * 1024) })
    }

    /// Sends one request and reads its answer; returns the status and the body.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            let Some(head_end) = find(&self.buffer, b"\r\n\r\n").map(|at| at + 4) else { continue };
            let (status, length) = head(&self.buffer[..head_end])?;
            self.buffer.reserve((head_end + length).saturating_sub(self.buffer.len()));
            while self.buffer.len() < head_end + length {
                if self.stream.read_buf(&mut self.buffer).await? == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                }
            }
            return Ok((status, &self.buffer[head_end..head_end + length]));
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn head(head: &[u8]) -> io::Result<(u16, usize)> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let text = std::str::from_utf8(head).map_err(|_| invalid("the head isn't UTF-8"))?;
    let status = text
        .get(9..12)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| invalid("the status line has no status"))?;
    let length = text
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        })
        .ok_or_else(|| invalid("the answer doesn't tell its length"))?;
    Ok((status, length))
}

/// Sends exactly `count` requests on one connection.
pub(crate) async fn fixed(address: SocketAddr, workload: &Workload, count: usize) -> io::Result<()> {
    let mut connection = Connection::open(address).await?;
    for _ in 0..count {
        let (status, _) = connection.exchange(&workload.request).await?;
        if status != workload.status {
            return Err(io::Error::other(format!(
                "{}: status {status}, expected {}",
                workload.name, workload.status
            )));
        }
    }
    Ok(())
}

/// Keeps every connection busy for `slice`, and returns how many answers came.
pub(crate) async fn slice(
    connections: &mut [Connection],
    workload: &Workload,
    slice: Duration,
) -> io::Result<u64> {
    let end = Instant::now() + slice;
    let runs = connections.iter_mut().map(|connection| async move {
        let mut answers = 0;
        while Instant::now() < end {
            connection.exchange(&workload.request).await?;
            answers += 1;
        }
        Ok::<u64, io::Error>(answers)
    });
    Ok(futures_util::future::try_join_all(runs).await?.into_iter().sum())
}

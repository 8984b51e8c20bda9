//! The connection under a WebSocket, which holds next to nothing while nothing happens on it: what was read and is not
//! yet asked for, and what is yet to be written, have room only for as long as they are there.
//!
//! A WebSocket has buffers of its own, but they stay as large as they ever were. So it is made to read little at once
//! and to write at once; here that is turned into few and large reads and writes of the connection.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// What is read at once at the most.
const READ_BYTES: usize = 4 * 1024;
/// What is collected at the most before it is written, beside one frame.
const WRITE_BYTES: usize = 4 * 1024;

/// A connection that collects what is written until it is flushed.
pub(super) struct Wire<S> {
    stream: S,
    read: Bytes,
    written: BytesMut,
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            read: Bytes::new(),
            written: BytesMut::new(),
        }
    }

    /// Whether so much has come together that it is to be flushed before more is put.
    pub(super) fn is_full(&self) -> bool {
        self.written.len() >= WRITE_BYTES
    }

    /// Takes a text as a frame, behind all that was written before.
    pub(super) fn put(&mut self, text: &str) -> bool {
        let header = FrameHeader {
            opcode: OpCode::Data(Data::Text),
            ..FrameHeader::default()
        };
        let length = text.len() as u64;
        self.written.reserve(header.len(length) + text.len());
        let is_put = header.format(length, &mut (&mut self.written).writer()).is_ok();
        self.written.extend_from_slice(text.as_bytes());
        is_put
    }

    /// Writes what has come together, and gives its room back.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, &self.written))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.written.advance(written);
        }
        self.written = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            let mut room = [const { MaybeUninit::uninit() }; READ_BYTES];
            let mut room = ReadBuf::uninit(&mut room);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut room))?;
            let (now, later) = room.filled().split_at(into.remaining().min(room.filled().len()));
            into.put_slice(now);
            self.read = Bytes::copy_from_slice(later);
        } else {
            let now = into.remaining().min(self.read.len());
            into.put_slice(&self.read.split_to(now));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    /// All of it or nothing, so that a frame is never put between the parts of another.
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_full() {
            ready!(self.poll_written(context))?;
        }
        self.written.extend_from_slice(from);
        Poll::Ready(Ok(from.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_written(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_written(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;

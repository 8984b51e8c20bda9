//! What an end sends: its hello, then whatever waits whenever the transport takes more.

use super::Peer;
use super::hello::hello;
use super::lanes::Lanes;
use crate::v1;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio_stream::Stream;

/// The batches of one end. No queue is between the lanes and the transport, so that what is sent next is
/// decided at the last moment.
#[derive(Debug)]
pub(crate) struct Batches {
    hello: Option<v1::Frame>,
    lanes: Arc<Lanes>,
    /// Nothing was waiting when this was last polled.
    was_idle: bool,
}

impl Batches {
    pub(crate) fn new(me: &Peer, lanes: Arc<Lanes>) -> Self {
        Self {
            hello: Some(hello(me)),
            lanes,
            was_idle: false,
        }
    }
}

impl Stream for Batches {
    type Item = v1::Batch;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<v1::Batch>> {
        let this = self.get_mut();
        if let Some(hello) = this.hello.take() {
            return Poll::Ready(Some(v1::Batch { frames: vec![hello] }));
        }
        if this.was_idle {
            // Whoever can run now goes first: what they add travels in the same batch, and a batch costs
            // as much as many frames.
            this.was_idle = false;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        // Callers who never pause must not keep the transport from its other work.
        let turn = ready!(tokio::task::coop::poll_proceed(context));
        let frames = this.lanes.poll_frames(context);
        this.was_idle = frames.is_pending();
        let frames = ready!(frames);
        turn.made_progress();
        Poll::Ready(frames.map(|frames| v1::Batch { frames }))
    }
}

impl Drop for Batches {
    /// The transport has ended.
    fn drop(&mut self) {
        self.lanes.sever();
    }
}

use super::*;
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// What fits between the two.
const ROOM: usize = 64 * 1024;

fn wire(room: usize) -> (Wire<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(room);
    (Wire::new(ours), theirs)
}

fn text(length: usize) -> String {
    "a".repeat(length)
}

/// What can be read at once.
async fn arrived(theirs: &mut DuplexStream) -> usize {
    let mut into = vec![0; ROOM];
    theirs.read(&mut into).now_or_never().map_or(0, Result::unwrap)
}

#[tokio::test]
async fn what_is_read_at_once_is_handed_out_in_parts_and_leaves_nothing() {
    let (mut wire, mut theirs) = wire(ROOM);
    let sent: Vec<u8> = (0..=255).cycle().take(READ_BYTES + 100).collect();
    theirs.write_all(&sent).await.unwrap();
    let mut received = Vec::new();
    let mut part = [0; 128];
    while received.len() < sent.len() {
        let read = wire.read(&mut part).await.unwrap();
        received.extend_from_slice(&part[..read]);
        let held = READ_BYTES - received.len() % READ_BYTES;
        assert!(wire.read.len() <= held, "only what was read at once");
    }
    assert_eq!(received, sent);
    assert!(wire.read.is_empty());
    assert!(wire.read(&mut part).now_or_never().is_none(), "nothing came");
    drop(theirs);
    assert_eq!(wire.read(&mut part).await.unwrap(), 0, "the end is told");
}

#[tokio::test]
async fn what_is_put_and_written_leaves_together_in_its_order() {
    let (mut wire, mut theirs) = wire(ROOM);
    assert!(wire.put(&text(1)));
    wire.write_all(b"pong").await.unwrap();
    assert!(wire.put(&text(2)));
    assert_eq!(arrived(&mut theirs).await, 0, "not before it is flushed");
    wire.flush().await.unwrap();
    let mut into = [0; 32];
    let read = theirs.read(&mut into).await.unwrap();
    assert_eq!(&into[..read], b"\x81\x01apong\x81\x02aa");
    assert_eq!(wire.written.capacity(), 0, "the room is given back");
}

#[tokio::test]
async fn no_more_is_taken_than_there_is_room_for_while_nobody_reads() {
    let (mut wire, mut theirs) = wire(16);
    assert!(wire.put(&text(WRITE_BYTES)));
    assert!(wire.is_full());
    assert!(wire.write(b"pong").now_or_never().is_none());
    assert!(wire.flush().now_or_never().is_none());
    let reading = async {
        let mut all = vec![0; WRITE_BYTES + 4];
        theirs.read_exact(&mut all).await.unwrap();
        let mut pong = [0; 4];
        theirs.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, b"pong");
    };
    let writing = async {
        wire.write_all(b"pong").await.unwrap();
        wire.flush().await.unwrap();
    };
    tokio::join!(reading, writing);
    assert_eq!(wire.written.capacity(), 0);
}

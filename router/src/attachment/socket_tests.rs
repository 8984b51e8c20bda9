use super::super::requests::Asker;
use super::*;
use allocation_counter::measure;
use attachment::{ClientFrame, ServerFrame};
use rvp::{Principal, SubscriptionId};
use tokio::io::{DuplexStream, duplex};

/// Octets on the heap of a connection on which nothing happens, whatever went over it before.
const IDLE_OCTETS_MAX: i64 = 350;

/// Octets of a request under way, beside what waits for its home.
const REQUEST_OCTETS_MAX: usize = 2_050;

/// The octets of what the function returns, which is never called.
fn size<'a, F: Future>(
    _: impl FnOnce(&'a Attachments, &'a mut Socket<DuplexStream>, OwnedSemaphorePermit) -> F,
) -> usize {
    size_of::<F>()
}

/// An attachment costs this for as long as it lasts, idle or not: what is needed only now and then is to be boxed.
#[test]
fn the_state_of_a_connection_is_small() {
    let size = size(|attachments, socket, stranger| attachments.serve(socket, stranger));
    println!(
        "{size} octets for a connection, {} for its session, {} for its socket",
        size_of::<Session>(),
        size_of::<Socket<DuplexStream>>()
    );
    assert!(size_of::<Session>() <= 256);
    assert!(size <= 960, "{size} octets");
}

/// The same of a request that is asked.
fn asked<F: Future>(_: impl FnOnce(Asker, Principal, ClientFrame, Option<SubscriptionId>) -> F) -> usize {
    size_of::<F>()
}

/// Whoever logs on asks for each contact at once, and while many do so it is what a router holds most of.
#[test]
fn the_state_of_a_request_is_small() {
    let size = asked(|asker, target, frame, watch| asker.answer(target, frame, watch));
    println!(
        "{size} octets for a request, {} for its frame",
        size_of::<ClientFrame>()
    );
    assert!(size <= REQUEST_OCTETS_MAX, "{size} octets");
}

/// What comes with a log-on of somebody with twenty contacts: a list of them, and twenty frames each way that travel
/// together.
#[tokio::test]
async fn an_idle_socket_holds_hardly_any_memory() {
    let (ours, theirs) = duplex(64 * 1024);
    let mut socket = Socket::new(ours).await;
    let mut client = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    let asked = "a".repeat(70);
    for length in [2_000, 120] {
        let told = ServerFrame::Notice { come_back_after: 3 };
        for _ in 0..20 {
            client.feed(Message::text(asked.as_str())).await.unwrap();
            assert!(socket.put(&told.write()).await);
        }
        client.flush().await.unwrap();
        for _ in 0..20 {
            let Incoming::Frame(frame) = socket.receive().await else {
                panic!("a frame was lost");
            };
            assert_eq!(frame.as_str(), asked);
        }
        let list = ServerFrame::Typing {
            from: "a".repeat(length),
            conversation: None,
        };
        assert!(socket.put(&list.write()).await);
        assert!(poll_fn(|context| socket.poll_flush(context)).await);
        for _ in 0..21 {
            assert!(client.next().await.unwrap().unwrap().is_text());
        }
    }
    let held = -measure(|| drop(socket)).bytes_current;
    println!("{held} octets for an idle socket");
    assert!((1..=IDLE_OCTETS_MAX).contains(&held), "{held}");
}

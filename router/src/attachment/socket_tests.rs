use super::*;
use tokio::io::DuplexStream;

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
        "{size} octets for a connection, {} for its session",
        size_of::<Session>()
    );
    assert!(size_of::<Session>() <= 256);
    assert!(size <= 960, "{size} octets");
}

//! How the system gives a process its memory, and gets it back.

use std::convert::Infallible;
use std::time::Duration;

/// How often memory that is free is given back. The allocator keeps it for a second, so what a storm has left is gone within
/// two.
pub const GIVEN_BACK_EVERY: Duration = Duration::from_secs(1);

/// Asks for memory in small pages only.
///
/// An allocator asks for large areas, and where a system makes pages of 2 MiB of them, one block that stays keeps two
/// megabytes. People come and go here, and leave many such pages nearly empty. Programs that are started from here
/// inherit it. Where the system knows no such thing nothing is lost but memory.
pub fn in_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Has what is free given back to the system, now and then.
///
/// The allocator of our programs, mimalloc, gives back what has been free for a second, but looks for it only when it is
/// asked for much, or when a thread ends. A process that a storm has left, and of which nobody wants anything more, would
/// keep for ever what the storm took. So a thread ends here, and what there is to do it does itself, beside those that
/// work.
pub async fn give_back(every: Duration) -> Infallible {
    loop {
        tokio::time::sleep(every).await;
        let thread = std::thread::Builder::new().name("give back memory".to_owned());
        // The allocator knows of threads that have asked it for something. Where none can be had, the next one does it.
        let _ = thread.spawn(|| drop(std::hint::black_box(Box::new(0_u64))));
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn no_large_pages_are_used() {
        super::in_small_pages();
        assert!(rustix::thread::transparent_huge_pages_are_disabled().unwrap());
    }
}

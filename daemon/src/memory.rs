//! How the system gives a process its memory. When it gets it back the allocator knows: `.cargo/config.toml`.

/// Asks for memory in small pages only.
///
/// An allocator asks for large areas, and where a system makes pages of 2 MiB of them, one block that stays keeps two
/// megabytes. People come and go here, and leave many such pages nearly empty. Programs that are started from here
/// inherit it. Where the system knows no such thing nothing is lost but memory.
pub fn in_small_pages() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn no_large_pages_are_used() {
        super::in_small_pages();
        assert!(rustix::thread::transparent_huge_pages_are_disabled().unwrap());
    }
}

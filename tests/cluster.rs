//! The cluster as operators run it: real programs, a real etcd, and what happens to them.

/// Every transcript, played on processes.
mod transcripts {
    macro_rules! transcripts {
        ($($name:ident)*) => {
            $(
                #[test]
                fn $name() -> Result<(), tests::Failure> {
                    tests::transcript::play_on_processes(stringify!($name))
                }
            )*
        };
    }

    tests::for_each_transcript!(transcripts);
}

//! Every transcript is a test of its own, named like its file.

/// Makes a test for each transcript, and one that sees to it that none is left out.
macro_rules! transcripts {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() -> Result<(), tests::Failure> {
                tests::transcript::play(stringify!($name))
            }
        )*

        #[test]
        fn every_transcript_is_played() -> anyhow::Result<()> {
            let mut played = [$(stringify!($name)),*];
            played.sort_unstable();
            assert_eq!(tests::transcript::names()?, played, "the list in harness/transcript/list.rs is not the folder");
            Ok(())
        }
    };
}

tests::for_each_transcript!(transcripts);

#[test]
fn the_example_in_the_readme_plays() -> Result<(), tests::Failure> {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))?;
    let lines = readme
        .lines()
        .skip_while(|line| !line.starts_with("    # A watcher learns"));
    let example: Vec<&str> = lines
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .collect();
    let example: String = example
        .iter()
        .map(|line| format!("{}\n", line.get(4..).unwrap_or_default()))
        .collect();
    tests::transcript::play_text("README.md", &example)
}

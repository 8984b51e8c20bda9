//! Transcripts: scripts that anybody can read of what clients do and see. `tests/README.md` describes the
//! language; here they are read and played.

mod expect;
mod list;
mod play;
mod read;
mod words;

pub use read::{Cast, Played, Role, Script, Step};

use crate::logs::{self, Failure};
use crate::processes::Processes;
use crate::stage::Stage;
use anyhow::Context;
use std::path::PathBuf;

/// The folder of the transcripts.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("transcripts")
}

/// The names of all transcripts, without `.rvp`, in alphabetical order.
///
/// # Errors
/// When the folder cannot be read.
pub fn names() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder()).context("read the folder of transcripts")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rvp") {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a transcript and plays it in this process.
///
/// # Errors
/// With file and line of what does not go as written.
pub fn play(name: &str) -> Result<(), Failure> {
    let (file, text) = read(name)?;
    play_text(&file, &text)
}

/// Plays a script that is given as text; `file` is how errors name it.
///
/// # Errors
/// As [`play`].
pub fn play_text(file: &str, text: &str) -> Result<(), Failure> {
    let script = Script::read(file, text)?;
    logs::run_expecting(async |_| {
        let stage = Stage::start(script.cast.plan.clone()).await?;
        play::play(&script, Box::new(stage)).await?;
        Ok(script.cast.complaints.clone())
    })
}

/// Reads a transcript and plays it on processes.
///
/// # Errors
/// As [`play`].
pub fn play_on_processes(name: &str) -> Result<(), Failure> {
    let (file, text) = read(name)?;
    let script = Script::read(&file, &text)?;
    logs::run(&[], async |_| {
        let mut processes = Processes::new(script.cast.plan.clone()).await?;
        if script.time_passes() {
            processes.let_time_pass()?;
        }
        for complaint in &script.cast.complaints {
            processes.expect(complaint);
        }
        processes.begin_everything().await?;
        play::play(&script, Box::new(processes)).await
    })
}

fn read(name: &str) -> anyhow::Result<(String, String)> {
    let path = folder().join(format!("{name}.rvp"));
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    Ok((format!("transcripts/{name}.rvp"), text))
}

#[cfg(test)]
#[path = "transcript_tests.rs"]
mod tests;

//! How many files may be open: each user needs some.

use crate::Error;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a run needs beside its users: standard streams, the runtime, the floor.
const BESIDE: u64 = 128;

/// Makes room for so many files, as far as the system lets this process.
///
/// # Errors
/// [`Error::Files`] says what to raise.
pub(crate) fn allow(users: u32, each: u64) -> Result<(), Error> {
    let needed = u64::from(users) * each + BESIDE;
    let limit = getrlimit(Resource::Nofile);
    check(users, needed, limit.maximum)?;
    if limit.current.is_some_and(|current| current < needed) {
        let raised = Rlimit {
            current: Some(needed),
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).map_err(|error| Error::System {
            what: "raise how many files may be open",
            source: error.into(),
        })?;
    }
    Ok(())
}

fn check(users: u32, needed: u64, maximum: Option<u64>) -> Result<(), Error> {
    match maximum {
        Some(allowed) if allowed < needed => Err(Error::Files {
            users,
            needed,
            allowed,
        }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_say_what_to_raise() {
        let said = check(10_000, 20_128, Some(4_096)).unwrap_err().to_string();
        assert!(said.contains("ulimit -n 20128"), "{said}");
        assert!(check(10_000, 20_128, Some(20_128)).is_ok());
        assert!(check(10_000, 20_128, None).is_ok());
        assert!(allow(1, 1).is_ok());
    }
}

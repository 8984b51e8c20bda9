//! A member by the name that somebody typed.

use anyhow::{Result, bail};
use membership::{Member, Members};

/// How many differing characters still are a slip of the finger.
const TYPOS_MAX: usize = 2;

/// The member of this name.
///
/// # Errors
/// There is none; says who was probably meant, and who there is.
pub(crate) fn find<'a>(members: &'a Members, name: &str) -> Result<&'a Member> {
    if let Some(member) = members.iter().find(|member| member.id.as_str() == name) {
        return Ok(member);
    }
    let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
    let distance = |id: &&str| strsim::osa_distance(name, id);
    let mut near: Vec<&str> = ids
        .iter()
        .copied()
        .filter(|id| distance(id) <= TYPOS_MAX)
        .collect();
    near.sort_by_key(distance);
    match (near.as_slice(), ids.as_slice()) {
        (_, []) => bail!("there is no member {name}, nor any other"),
        ([nearest, ..], _) if ids.len() > 1 => bail!(
            "there is no member {name}; did you mean {nearest}? The members are {}",
            ids.join(", ")
        ),
        (_, [only]) => bail!("there is no member {name}; the only one is {only}"),
        (_, _) => bail!("there is no member {name}; the members are {}", ids.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(ids: &[&str], name: &str) -> Result<String, String> {
        let member = |id: &&str| Member::new((*id).into(), "127.0.0.1:7400", "core", 10);
        let members = Members::new(1, ids.iter().map(member));
        find(&members, name)
            .map(|member| member.id.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn who_was_meant_is_a_slip_away() {
        let ids = ["home-1", "home-2", "spare"];
        assert_eq!(said(&ids, "home-2"), Ok("home-2".to_owned()));
        assert_eq!(
            said(&ids, "hmoe-2").unwrap_err(),
            "there is no member hmoe-2; did you mean home-2? The members are home-1, home-2, spare"
        );
        assert_eq!(
            said(&ids, "router-1").unwrap_err(),
            "there is no member router-1; the members are home-1, home-2, spare"
        );
        assert_eq!(
            said(&["home-1"], "x").unwrap_err(),
            "there is no member x; the only one is home-1"
        );
        assert!(said(&[], "home-1").unwrap_err().contains("nor any other"));
    }
}

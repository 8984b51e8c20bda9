//! `homeport user contacts import`.

use super::export::contacts_of;
use super::form::{Format, Line, STANDARD};
use super::mistakes::Mistakes;
use crate::output::Output;
use crate::user::{Data, address};
use anyhow::{Context, Result, bail, ensure};
use rvp::Principal;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use store::{CONTACT_LIST_MAX, CONTACT_TEXT_CHARS_MAX, Contact, Store};

/// More than a list with the longest texts has.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Read somebody's contact list from a file
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  homeport user contacts import alice@im.example.com alice.csv
      Adds who is not in the list, at its end, and changes name and group of who is
  homeport user contacts import alice@im.example.com - --format json --replace < alice.json
      The list is what the file says, in its order

CSV begins with a line `address,name,group`; name and group may be left out. JSON is a list of objects with these \
keys. If any line is wrong, each that is wrong is named and nothing is changed. A list has at most 2000 contacts, and \
a name or group 256 characters.")]
pub(super) struct Import {
    /// Whose list
    #[arg(value_name = "NAME@DOMAIN", value_parser = address)]
    address: Principal,
    /// The file, .csv or .json; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the file holds, where its name does not say it; standard input is CSV
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Remove who is not in the file
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    data: Data,
}

/// A line that was checked.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    principal: Principal,
    /// None to leave it as it is.
    name: Option<String>,
    group: Option<String>,
}

impl Import {
    pub(super) async fn run(self, output: &Output) -> Result<()> {
        let format = Format::of(&self.file, self.format)?;
        let text = read(&self.file)?;
        let mut mistakes = Mistakes::new(format.item());
        let lines = format.read(&text, &mut mistakes)?;
        let wanted = check(lines, format.item(), &mut mistakes);
        mistakes.finish(output)?;
        let store = self.data.open().await?;
        let done = self.apply(&*store, wanted).await;
        store.close().await;
        let (count, new) = done?;
        output.note(&format!(
            "{} has {count} contacts now, {new} of them new",
            self.address.address()
        ));
        Ok(())
    }

    /// How many there are afterwards, and how many of them were not there before.
    async fn apply(&self, store: &dyn Store, wanted: Vec<Wanted>) -> Result<(usize, usize)> {
        let before = contacts_of(store, &self.address).await?;
        let known = before.len();
        let (after, new) = merged(before, wanted, self.replace);
        ensure!(
            after.len() <= CONTACT_LIST_MAX,
            "nothing was changed: the list would have {} contacts, {known} of them from before, and {CONTACT_LIST_MAX} \
             is the most",
            after.len()
        );
        store.put_contacts(&self.address, &after).await?;
        Ok((after.len(), new))
    }
}

fn read(path: &Path) -> Result<String> {
    let mut text = String::new();
    let from: Box<dyn Read> = if path.as_os_str() == STANDARD {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).with_context(|| format!("read {}", path.display()))?)
    };
    let mut from = from.take(FILE_BYTES_MAX + 1);
    let octets = from.read_to_string(&mut text);
    let octets = octets.with_context(|| format!("read {}: it must be text in UTF-8", path.display()))?;
    if octets as u64 > FILE_BYTES_MAX {
        bail!(
            "{} is longer than any contact list: name another file",
            path.display()
        );
    }
    Ok(text)
}

/// What the lines say; what is wrong is noted.
fn check(lines: Vec<Line>, item: &str, mistakes: &mut Mistakes) -> Vec<Wanted> {
    let (mut places, mut wanted) = (HashMap::new(), Vec::new());
    for (index, line) in lines.into_iter().enumerate() {
        let place = line.place;
        if index == CONTACT_LIST_MAX {
            mistakes.add(
                place,
                &format!("is one too many: a list has at most {CONTACT_LIST_MAX} contacts"),
            );
        }
        let before = mistakes.len();
        let principal = match address(&line.address) {
            Ok(principal) => Some(principal),
            Err(wrong) => {
                let text = format!(
                    "has the address {:?}: {wrong}; write NAME@DOMAIN, such as bob@im.example.com",
                    line.address
                );
                mistakes.add(place, &text);
                None
            }
        };
        for (column, text) in [("name", &line.name), ("group", &line.group)] {
            if let Some(wrong) = text.as_deref().and_then(wrong_with) {
                mistakes.add(place, &format!("has a {column} that {wrong}"));
            }
        }
        let Some(principal) = principal else { continue };
        if let Some(first) = places.get(&principal) {
            let text = format!(
                "has {}, which {item} {first} has already: leave one out",
                principal.address()
            );
            mistakes.add(place, &text);
        }
        places.entry(principal.clone()).or_insert(place);
        if mistakes.len() == before {
            let (name, group) = (line.name, line.group);
            wanted.push(Wanted {
                principal,
                name,
                group,
            });
        }
    }
    wanted
}

fn wrong_with(text: &str) -> Option<String> {
    if text.chars().nth(CONTACT_TEXT_CHARS_MAX).is_some() {
        Some(format!(
            "is longer than {CONTACT_TEXT_CHARS_MAX} characters: shorten it"
        ))
    } else if text.chars().any(char::is_control) {
        Some("contains a line break or another control character: take it out".to_owned())
    } else {
        None
    }
}

/// The list afterwards, and how many were not there before.
fn merged(before: Vec<Contact>, wanted: Vec<Wanted>, replace: bool) -> (Vec<Contact>, usize) {
    let places: HashMap<Principal, usize> = before
        .iter()
        .map(|contact| contact.principal.clone())
        .zip(0..)
        .collect();
    let new = wanted
        .iter()
        .filter(|wanted| !places.contains_key(&wanted.principal))
        .count();
    let changed = |wanted: Wanted, known: Option<&Contact>| {
        let [name, group] = known.map_or_else(Default::default, |known| {
            [known.name.clone(), known.group.clone()]
        });
        Contact {
            principal: wanted.principal,
            name: wanted.name.unwrap_or(name),
            group: wanted.group.unwrap_or(group),
        }
    };
    if replace {
        let all = wanted.into_iter().map(|wanted| {
            let known = places.get(&wanted.principal).map(|place| &before[*place]);
            changed(wanted, known)
        });
        return (all.collect(), new);
    }
    let mut after = before;
    for wanted in wanted {
        match places.get(&wanted.principal) {
            Some(place) => after[*place] = changed(wanted, Some(&after[*place])),
            None => after.push(changed(wanted, None)),
        }
    }
    (after, new)
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;

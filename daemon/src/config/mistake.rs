//! What can be wrong with a configuration, and how it is said.

use super::tree::{Origin, join};
use super::{Secret, SecretFile};
use serde::de::{Error, Expected, Unexpected};
use std::collections::BTreeMap;
use std::fmt::{self, Display};

/// One thing that is wrong, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    origin: Origin,
    key: String,
    wrong: String,
}

impl Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.origin != Origin::Default {
            write!(f, "{}: ", self.origin)?;
        }
        let space = if self.key.is_empty() { "" } else { " " };
        write!(f, "{}{space}{}", self.key, self.wrong)
    }
}

/// All that is wrong, in the order of the file.
#[derive(Debug)]
pub struct Mistakes {
    found: Vec<Mistake>,
    origins: BTreeMap<String, Origin>,
}

impl Mistakes {
    pub(super) fn new(origins: BTreeMap<String, Origin>) -> Self {
        Self {
            found: Vec::new(),
            origins,
        }
    }

    /// Notes that a key, `listen.rvp`, is wrong. What is wrong begins with a verb and says what to write: `is
    /// empty; write at least one`. A key that is already known to be wrong is not noted again.
    pub fn add(&mut self, key: &str, wrong: impl Display) {
        if !self.found.iter().any(|mistake| mistake.key == key) {
            let origin = self.origin(key);
            self.found.push(Mistake {
                origin,
                key: key.to_owned(),
                wrong: wrong.to_string(),
            });
        }
    }

    /// The secret in the file that a key names; without one, why is noted.
    pub fn secret(&mut self, key: &str, file: &SecretFile) -> Option<Secret> {
        match file.read() {
            Ok(secret) => Some(secret),
            Err(error) => {
                let cause = std::error::Error::source(&error);
                let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
                self.add(key, format_args!("{error}{cause}"));
                None
            }
        }
    }

    /// Where a key was set; one that is not set is missing in its section.
    fn origin(&self, key: &str) -> Origin {
        let mut key = key;
        loop {
            match (self.origins.get(key), key.rsplit_once('.')) {
                (Some(origin), _) => return origin.clone(),
                (None, Some((above, _))) => key = above,
                (None, None) => return Origin::Default,
            }
        }
    }

    pub(super) fn push(&mut self, wrong: Wrong) {
        let key = wrong
            .path
            .iter()
            .fold(String::new(), |above, key| join(&above, key));
        let text = match wrong.kind {
            Kind::Bad(text) => text,
            Kind::Missing(field) => format!("has no `{field}`, which must be set"),
            Kind::Unknown(known) => unknown(wrong.path.last().map_or("", String::as_str), known),
        };
        self.found.push(Mistake {
            origin: wrong.origin.unwrap_or(Origin::Default),
            key,
            wrong: text,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.found.iter()
    }

    /// In the order of the file; what is set elsewhere or nowhere comes after.
    pub(super) fn sort(&mut self) {
        self.found.sort_by_key(|mistake| match &mistake.origin {
            Origin::File { line, .. } => *line,
            Origin::Environment(_) | Origin::Default => usize::MAX,
        });
    }
}

/// A line for each.
impl Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.found.iter().enumerate() {
            let before = if index == 0 { "" } else { "\n" };
            write!(f, "{before}{mistake}")?;
        }
        Ok(())
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let distance = |known: &&&str| strsim::damerau_levenshtein(key, known);
    match known.iter().min_by_key(distance) {
        Some(near) if distance(&near) <= key.len().div_ceil(3) => {
            format!("is no setting; did you mean `{near}`?")
        }
        Some(_) | None => format!(
            "is no setting; leave it out, or write one of {}",
            known.join(", ")
        ),
    }
}

/// A mistake on its way out of a value, gathering its key.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) origin: Option<Origin>,
    pub(super) path: Vec<String>,
    pub(super) kind: Kind,
}

/// How it is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Bad(String),
    Missing(&'static str),
    Unknown(&'static [&'static str]),
}

impl Wrong {
    fn new(kind: Kind) -> Self {
        Self {
            origin: None,
            path: Vec::new(),
            kind,
        }
    }

    pub(super) fn bad(wrong: String) -> Self {
        Self::new(Kind::Bad(wrong))
    }

    /// In the value of this key.
    pub(super) fn under(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }

    /// At this place, unless a more exact one is known.
    pub(super) fn at(mut self, origin: &Origin) -> Self {
        self.origin.get_or_insert_with(|| origin.clone());
        self
    }
}

impl std::error::Error for Wrong {}

/// Never shown: [`Mistakes::push`] says it.
impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self::bad(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::bad(format!(
            "is {}, but must be {}",
            found(&unexpected),
            plainly(&expected.to_string())
        ))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let all = expected
            .iter()
            .map(|word| format!("\"{word}\""))
            .collect::<Vec<_>>()
            .join(" or ");
        Self::bad(format!("is \"{variant}\", but must be {all}"))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::Unknown(expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::Missing(field))
    }
}

/// What is there, for people.
fn found(unexpected: &Unexpected<'_>) -> String {
    if let Unexpected::Str(text) = unexpected {
        format!("{text:?}")
    } else if let Unexpected::Signed(number) = unexpected {
        number.to_string()
    } else if let Unexpected::Bool(boolean) = unexpected {
        boolean.to_string()
    } else if *unexpected == Unexpected::Seq {
        "a list".to_owned()
    } else if *unexpected == Unexpected::Map {
        "a section".to_owned()
    } else {
        unexpected.to_string()
    }
}

/// What was expected, for people: some of these are words of the library.
fn plainly(expected: &str) -> String {
    match expected {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a string" | "path string" => "a text between quotation marks".to_owned(),
        section if section.starts_with("struct ") => "a section".to_owned(),
        other => other.to_owned(),
    }
}

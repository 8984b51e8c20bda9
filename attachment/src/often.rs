//! Reads the frames of clients that come with each message, or are long, without a detour.
//!
//! A type may stand anywhere in its frame, so serde keeps the fields until it has seen it, and reads them from there: of
//! a message that is most of the work. Clients write the type first, and then the fields can be read as they come.

use crate::{ClientFrame, Message, Watch};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};
use std::fmt;

/// A frame, read as it comes if it begins with one of these types. Whatever this reads, [`ClientFrame`] reads as the same
/// frame; but that one also reads what this does not, and so it has the last word.
pub(crate) struct Often(pub(crate) ClientFrame);

impl<'de> Deserialize<'de> for Often {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_map(Fields).map(Self)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = ClientFrame;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut rest: A) -> Result<ClientFrame, A::Error> {
        let key = rest.next_key::<&str>()?;
        let tag = (key == Some("type")).then(|| rest.next_value::<&str>());
        let tag = tag.transpose()?;
        match tag {
            Some("message") => {
                Message::deserialize(MapAccessDeserializer::new(rest)).map(ClientFrame::Message)
            }
            Some("acknowledge") => Acknowledge::deserialize(MapAccessDeserializer::new(rest))
                .map(|Acknowledge { sequence, left }| ClientFrame::Acknowledge { sequence, left }),
            Some("watch_many") => WatchMany::deserialize(MapAccessDeserializer::new(rest))
                .map(|WatchMany { request, people }| ClientFrame::WatchMany { request, people }),
            Some(_) | None => ClientFrame::deserialize(MapAccessDeserializer::new(Begun { key, tag, rest })),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Acknowledge {
    sequence: u64,
    #[serde(default)]
    left: bool,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchMany {
    request: u32,
    people: Vec<Watch>,
}

/// Fields of which the first was begun: its key was read, and if that is the type, what it is.
struct Begun<'de, A> {
    key: Option<&'de str>,
    tag: Option<&'de str>,
    rest: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Begun<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.key.take() {
            Some(key) => seed.deserialize(key.into_deserializer()).map(Some),
            None => self.rest.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.tag.take() {
            Some(tag) => seed.deserialize(tag.into_deserializer()),
            None => self.rest.next_value_seed(seed),
        }
    }
}

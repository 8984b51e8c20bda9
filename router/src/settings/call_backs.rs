//! How a policy for call-backs is written: `"off"`, `"peer"`, or a list of ranges.

use crate::Policy;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::IpAddr;

pub(super) fn serialize<S: Serializer>(policy: &Policy, serializer: S) -> Result<S::Ok, S::Error> {
    match policy {
        Policy::Off => serializer.serialize_str("off"),
        Policy::Peer => serializer.serialize_str("peer"),
        Policy::Ranges(ranges) => {
            let written = ranges.iter().map(|(network, bits)| format!("{network}/{bits}"));
            written.collect::<Vec<_>>().serialize(serializer)
        }
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Policy, D::Error> {
    deserializer.deserialize_any(Written)
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Policy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"off\", \"peer\" or a list of ranges such as [\"10.0.0.0/8\"]")
    }

    /// In the environment, ranges are separated by commas.
    fn visit_str<E: Error>(self, text: &str) -> Result<Policy, E> {
        match text {
            "off" => Ok(Policy::Off),
            "peer" => Ok(Policy::Peer),
            ranges => {
                let ranges = ranges
                    .split(',')
                    .map(|text| range(text.trim()))
                    .collect::<Option<_>>();
                ranges
                    .map(Policy::Ranges)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Policy, A::Error> {
        let mut ranges = Vec::new();
        while let Some(text) = items.next_element::<String>()? {
            let range = range(&text);
            ranges.push(range.ok_or_else(|| Error::invalid_value(Unexpected::Str(&text), &self))?);
        }
        if ranges.is_empty() {
            return Err(Error::custom(
                "is an empty list; write \"off\" to permit no call-backs",
            ));
        }
        Ok(Policy::Ranges(ranges))
    }
}

/// A network and the length of its prefix. An address within a range is refused, since it is not known whether
/// the range or the address was meant.
pub(crate) fn range(text: &str) -> Option<(IpAddr, u8)> {
    let (network, bits) = text.split_once('/')?;
    let (network, bits) = (network.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
    let rest = match network {
        IpAddr::V4(v4) => v4.to_bits().checked_shl(u32::from(bits)).unwrap_or(0) != 0,
        IpAddr::V6(v6) => v6.to_bits().checked_shl(u32::from(bits)).unwrap_or(0) != 0,
    };
    let most = if network.is_ipv4() { 32 } else { 128 };
    (bits <= most && !rest).then_some((network, bits))
}

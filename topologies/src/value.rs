//! Values of keys: what kinds there are, and what to write where one is wrong.

use crate::problem::Wrong;
use crate::{CallBacks, IpNet, Scheme};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::de::DeValue;

/// A text.
pub(crate) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, Wrong> {
    value.as_str().ok_or_else(|| {
        Wrong::new(
            format!("is {}, not a text", kind(value)),
            "write a text between quotation marks",
        )
    })
}

/// A text that says something.
pub(crate) fn sentence(value: &DeValue<'_>) -> Result<String, Wrong> {
    match text(value)?.trim() {
        "" => Err(Wrong::new("is empty", "write a sentence")),
        text => Ok(text.to_owned()),
    }
}

/// A whole number within bounds.
pub(crate) fn number(value: &DeValue<'_>, bounds: RangeInclusive<u32>) -> Result<u32, Wrong> {
    let (low, high) = (bounds.start(), bounds.end());
    let remedy = || format!("write a whole number from {low} to {high}");
    let Some(integer) = value.as_integer() else {
        return Err(Wrong::new(
            format!("is {}, not a whole number", kind(value)),
            remedy(),
        ));
    };
    let number = u32::from_str_radix(integer.as_str(), integer.radix());
    let within = number.ok().filter(|number| bounds.contains(number));
    within.ok_or_else(|| Wrong::new(format!("is {integer}, out of bounds"), remedy()))
}

/// True or false.
pub(crate) fn yes_or_no(value: &DeValue<'_>) -> Result<bool, Wrong> {
    value
        .as_bool()
        .ok_or_else(|| Wrong::new(format!("is {}", kind(value)), "write true or false"))
}

/// A number of octets, with its unit.
pub(crate) fn size(value: &DeValue<'_>) -> Result<u64, Wrong> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    let most = 1 << 30;
    quantity(
        value,
        &units,
        most,
        "write a size up to \"1 GiB\", such as \"4 MiB\"",
    )
}

/// How long something is kept.
pub(crate) fn age(value: &DeValue<'_>) -> Result<Duration, Wrong> {
    let units = [
        ("minute", 60),
        ("minutes", 60),
        ("hour", 3_600),
        ("hours", 3_600),
        ("day", 86_400),
        ("days", 86_400),
    ];
    let most = 366 * 86_400;
    let remedy = "write a time up to \"366 days\", such as \"14 days\" or \"12 hours\"";
    quantity(value, &units, most, remedy).map(Duration::from_secs)
}

/// How long something is kept that is asked for years later.
pub(crate) fn retention(value: &DeValue<'_>) -> Result<Duration, Wrong> {
    let units = [
        ("hour", 3_600),
        ("hours", 3_600),
        ("day", 86_400),
        ("days", 86_400),
    ];
    let most = 100 * 366 * 86_400;
    let remedy = "write a time from \"1 hour\" to \"36600 days\", such as \"2557 days\", or nothing to keep it for ever";
    quantity(value, &units, most, remedy).map(Duration::from_secs)
}

/// A text of a whole number above 0 and a unit.
fn quantity(value: &DeValue<'_>, units: &[(&str, u64)], most: u64, remedy: &str) -> Result<u64, Wrong> {
    let text = text(value).map_err(|wrong| Wrong::new(wrong.wrong, remedy))?;
    let read = || {
        let (number, unit) = text.split_once(' ')?;
        let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim())?;
        number.parse::<u64>().ok()?.checked_mul(*factor)
    };
    let within = read().filter(|quantity| (1..=most).contains(quantity));
    within.ok_or_else(|| Wrong::new(format!("is \"{text}\""), remedy))
}

/// A part of a whole: more than 0, at most 1.
pub(crate) fn part(value: &DeValue<'_>) -> Result<f64, Wrong> {
    let digits = value.as_float().map(|float| float.as_str());
    let digits = digits.or_else(|| value.as_integer().map(|integer| integer.as_str()));
    let part = digits
        .and_then(|digits| digits.parse::<f64>().ok())
        .filter(|part| *part > 0.0 && *part <= 1.0);
    part.ok_or_else(|| {
        let is = digits.map_or_else(|| kind(value).to_owned(), str::to_owned);
        Wrong::new(
            format!("is {is}, not a part of a whole"),
            "write a number above 0 and up to 1, such as 0.5",
        )
    })
}

/// One of a few words.
pub(crate) fn choice<T: Copy>(value: &DeValue<'_>, words: &[(&str, T)]) -> Result<T, Wrong> {
    let all = words
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(" or ");
    let Some(text) = value.as_str() else {
        return Err(Wrong::new(
            format!("is {}, not a word", kind(value)),
            format!("write {all}"),
        ));
    };
    let found = words.iter().find(|(word, _)| *word == text);
    found
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| Wrong::new(format!("is \"{text}\""), format!("write {all}")))
}

/// An address and port to listen on.
pub(crate) fn listen(value: &DeValue<'_>) -> Result<SocketAddr, Wrong> {
    let text = text(value)?;
    text.parse().map_err(|_| {
        Wrong::new(
            format!("is \"{text}\", not an address and port"),
            "write one such as \"0.0.0.0:80\" or \"[::]:80\"",
        )
    })
}

/// The schemes a router offers.
pub(crate) fn schemes(value: &DeValue<'_>) -> Result<Vec<Scheme>, Wrong> {
    const REMEDY: &str = "write a list such as [\"ntlm\", \"digest\"]";
    let list = value.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Wrong::new("is not a list with at least one scheme", REMEDY))?;
    let mut schemes = Vec::new();
    for value in list.iter() {
        let scheme = choice(
            value.get_ref(),
            &[("ntlm", Scheme::Ntlm), ("digest", Scheme::Digest)],
        )
        .map_err(|wrong| Wrong::new(format!("has an entry that {}", wrong.wrong), REMEDY))?;
        if schemes.contains(&scheme) {
            return Err(Wrong::new("names a scheme twice", REMEDY));
        }
        schemes.push(scheme);
    }
    Ok(schemes)
}

/// Pages that browsers may attach from, as they write it themselves.
pub(crate) fn origins(value: &DeValue<'_>) -> Result<Vec<String>, Wrong> {
    const REMEDY: &str = "write a list of scheme, host and port only, such as [\"https://chat.example.com\"]";
    let list = value.as_array();
    let list = list.ok_or_else(|| Wrong::new(format!("is {}", kind(value)), REMEDY))?;
    let mut origins = Vec::new();
    for value in list.iter() {
        let text = text(value.get_ref())
            .map_err(|wrong| Wrong::new(format!("has an entry that {}", wrong.wrong), REMEDY))?;
        if !is_origin(text) {
            return Err(Wrong::new(format!("has the entry \"{text}\""), REMEDY));
        }
        origins.push(text.to_owned());
    }
    Ok(origins)
}

fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let legal = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:[]".contains(&octet);
        !host.is_empty() && host.bytes().all(legal)
    })
}

/// A router's policy for call-backs.
pub(crate) fn call_backs(value: &DeValue<'_>) -> Result<CallBacks, Wrong> {
    const REMEDY: &str = "write \"off\", \"peer\" or a list of ranges such as [\"10.0.0.0/8\"]";
    if let Some(list) = value.as_array().filter(|list| !list.is_empty()) {
        return list
            .iter()
            .map(|value| range(value.get_ref()))
            .collect::<Result<_, _>>()
            .map(CallBacks::Ranges);
    }
    match value.as_str() {
        Some("off") => Ok(CallBacks::Off),
        Some("peer") => Ok(CallBacks::Peer),
        Some(other) => Err(Wrong::new(format!("is \"{other}\""), REMEDY)),
        None => Err(Wrong::new(format!("is {}", kind(value)), REMEDY)),
    }
}

fn range(value: &DeValue<'_>) -> Result<IpNet, Wrong> {
    let text = text(value)
        .map_err(|wrong| Wrong::new(format!("has an entry that {}", wrong.wrong), wrong.remedy))?;
    let range: IpNet = text.parse().map_err(|_| {
        Wrong::new(
            format!("has the entry \"{text}\", which is no range"),
            "write an address and the length of its prefix, such as \"10.0.0.0/8\" or \"192.0.2.7/32\"",
        )
    })?;
    if range.trunc() == range {
        return Ok(range);
    }
    Err(Wrong::new(
        format!("has the entry \"{text}\", an address within a range"),
        format!(
            "write \"{}\" for the whole range, or \"{}\" for the one address",
            range.trunc(),
            IpNet::from(range.addr())
        ),
    ))
}

/// Proxies that may connect to a router.
pub(crate) fn proxies(value: &DeValue<'_>) -> Result<Vec<IpNet>, Wrong> {
    const REMEDY: &str = "write a list of addresses or ranges, such as [\"10.0.1.5\"]";
    let list = value.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| Wrong::new(format!("is {}", kind(value)), REMEDY))?;
    let one = |value: &DeValue<'_>| match value.as_str().map(str::parse::<IpAddr>) {
        Some(Ok(address)) => Ok(IpNet::from(address)),
        Some(Err(_)) | None => range(value),
    };
    let all: Vec<IpNet> = list
        .iter()
        .map(|value| one(value.get_ref()))
        .collect::<Result<_, _>>()?;
    if let Some(everybody) = all.iter().find(|range| range.prefix_len() == 0) {
        return Err(Wrong::new(
            format!("has the entry \"{everybody}\", which is everybody"),
            REMEDY,
        ));
    }
    Ok(all)
}

/// What a value is, with its article.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(list) if list.is_empty() => "an empty list",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

//! How a text looks, and the header by which RVP clients say it (spec 5.4).

use crate::{FrameError, frame, limits};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt::Write;

/// How a text looks. Whatever is absent is for the reader's client to choose. A client passes over a field that it does
/// not know; a router does not (`AsSent`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Format {
    /// The font's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub font: Option<String>,
    /// Bold.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bold: bool,
    /// Italic.
    #[serde(default, skip_serializing_if = "is_false")]
    pub italic: bool,
    /// Underlined.
    #[serde(default, skip_serializing_if = "is_false")]
    pub underline: bool,
    /// Struck through.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strike: bool,
    /// The colour, `#rrggbb` in lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Written from right to left.
    #[serde(default, skip_serializing_if = "is_false")]
    pub right_to_left: bool,
    /// Windows' number of the character set, hexadecimal. Means nothing to a text in UTF-8; old clients choose the
    /// font by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charset: Option<String>,
    /// Windows' octet of pitch and family, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pitch: Option<String>,
}

/// The same as a router reads it in a frame of a client.
#[derive(Deserialize)]
#[serde(remote = "Format", deny_unknown_fields)]
struct AsSent {
    font: Option<String>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underline: bool,
    #[serde(default)]
    strike: bool,
    color: Option<String>,
    #[serde(default)]
    right_to_left: bool,
    charset: Option<String>,
    pitch: Option<String>,
}

/// Reads the looks of a message of a client, in which a field that is not known is a mistake.
pub(crate) fn as_sent<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Format>, D::Error> {
    #[derive(Deserialize)]
    struct Strict(#[serde(with = "AsSent")] Format);
    Ok(Option::<Strict>::deserialize(source)?.map(|strict| strict.0))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Format {
    pub(crate) fn check(&self) -> Result<(), FrameError> {
        let font = self.font.as_ref();
        frame::optional_line("font", font, limits::FONT_CHARS_MAX)?;
        if font.is_some_and(|font| font.contains([';', '%'])) {
            return Err(FrameError::Field("font"));
        }
        if self.color.as_ref().is_some_and(|color| swap(color).is_none()) {
            return Err(FrameError::Field("color"));
        }
        for (field, digits) in [("charset", &self.charset), ("pitch", &self.pitch)] {
            if digits.as_ref().is_some_and(|digits| !is_octet(digits)) {
                return Err(FrameError::Field(field));
            }
        }
        Ok(())
    }

    /// Reads the value of `X-MMS-IM-Format`. What it does not know or cannot read is left out: looks are no reason to
    /// lose a message.
    #[must_use]
    pub fn from_header(value: &str) -> Self {
        let mut format = Self::default();
        for part in value.split(';') {
            let Some((key, value)) = part.trim().split_once('=') else {
                continue;
            };
            let value = value.trim();
            match key.trim() {
                "FN" => format.font = font(value),
                "EF" => {
                    format.bold = value.contains('B');
                    format.italic = value.contains('I');
                    format.underline = value.contains('U');
                    format.strike = value.contains('S');
                }
                "CO" => format.color = color(value),
                "RL" => format.right_to_left = value == "1",
                "CS" => format.charset = Some(value.to_owned()).filter(|digits| is_octet(digits)),
                "PF" => format.pitch = Some(value.to_owned()).filter(|digits| is_octet(digits)),
                _ => {}
            }
        }
        format
    }

    /// Writes the value of `X-MMS-IM-Format`, as clients of the time write it.
    #[must_use]
    pub fn to_header(&self) -> String {
        let font = self.font.as_deref().unwrap_or("Tahoma").replace(' ', "%20");
        let effects = [
            (self.bold, 'B'),
            (self.italic, 'I'),
            (self.underline, 'U'),
            (self.strike, 'S'),
        ];
        let effects: String = effects
            .into_iter()
            .filter_map(|(set, letter)| set.then_some(letter))
            .collect();
        let color = self.color.as_deref().and_then(swap).unwrap_or_default();
        let color = color.trim_start_matches('0');
        let color = if color.is_empty() { "0" } else { color };
        let (charset, pitch) = (
            self.charset.as_deref().unwrap_or("0"),
            self.pitch.as_deref().unwrap_or("22"),
        );
        let mut value = format!("FN={font}; EF={effects}; CO={color}; CS={charset}; PF={pitch}");
        if self.right_to_left {
            let _ = write!(value, "; RL=1");
        }
        value
    }
}

/// Only blanks are escaped; librvp doubles the percent sign (spec 5.4).
fn font(value: &str) -> Option<String> {
    let name = value.replace("%%20", " ").replace("%20", " ");
    let name = name.trim().to_owned();
    let legal = frame::line("font", &name, limits::FONT_CHARS_MAX).is_ok();
    (legal && !name.contains('%')).then_some(name)
}

/// RVP writes blue, green, red, without leading zeros.
fn color(value: &str) -> Option<String> {
    let digits = format!("{value:0>6}").to_ascii_lowercase();
    if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    Some(format!("#{}{}{}", &digits[4..], &digits[2..4], &digits[..2]))
}

/// `#rrggbb` as `bbggrr`.
fn swap(color: &str) -> Option<String> {
    let digits = color.strip_prefix('#')?;
    let legal = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    (digits.len() == 6 && digits.bytes().all(legal))
        .then(|| format!("{}{}{}", &digits[4..], &digits[2..4], &digits[..2]))
}

fn is_octet(digits: &str) -> bool {
    (1..=2).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_of_the_time_write_is_read() {
        let format = Format::from_header("FN=Microsoft%20Sans%20Serif; EF=BU; CO=ff0000; CS=0; PF=22; RL=1");
        let expected = Format {
            font: Some("Microsoft Sans Serif".into()),
            bold: true,
            underline: true,
            color: Some("#0000ff".into()),
            right_to_left: true,
            charset: Some("0".into()),
            pitch: Some("22".into()),
            ..Format::default()
        };
        assert_eq!(format, expected, "CO is blue, green, red");
        let doubled = Format::from_header("FN=MS%%20Shell%%20Dlg; EF=; CO=0; CS=0; PF=0");
        assert_eq!(doubled.font.as_deref(), Some("MS Shell Dlg"));
        assert_eq!(doubled.color.as_deref(), Some("#000000"));
    }

    #[test]
    fn what_it_writes_it_reads_and_as_they_wrote_it() {
        for header in [
            "FN=Tahoma; EF=; CO=0; CS=ee; PF=22",
            "FN=Microsoft%20Sans%20Serif; EF=BIUS; CO=ff8000; CS=86; PF=0; RL=1",
        ] {
            assert_eq!(Format::from_header(header).to_header(), header);
        }
    }

    #[test]
    fn nonsense_is_left_out_and_never_written_into_a_header() {
        let format = Format::from_header("FN=%41; EF=x; CO=xyz; CS=123; PF=; RL=7; ;=; Q");
        assert_eq!(format, Format::default());
        for (field, bad) in [
            ("font", r#"{"font":"a;b"}"#),
            ("font", "{\"font\":\"a\\u000db\"}"),
            ("color", r#"{"color":"red"}"#),
            ("color", r##"{"color":"#FFFFFF"}"##),
            ("charset", r#"{"charset":"0; FN=x"}"#),
            ("pitch", r#"{"pitch":""}"#),
        ] {
            let format: Format = serde_json::from_str(bad).unwrap();
            assert_eq!(format.check(), Err(FrameError::Field(field)), "{bad}");
        }
    }
}

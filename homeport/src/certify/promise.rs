//! What is promised, on the command line.

use ::load::certify::Promises;
use std::time::Duration;

/// What must hold.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "What is promised")]
pub(super) struct Arguments {
    /// 99 of a hundred messages are acknowledged within so long
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = humantime::parse_duration)]
    p99: Duration,
    /// At most this part of the messages is refused or not answered
    #[arg(long, value_name = "PERCENT", default_value = "0.1%", value_parser = share)]
    error_rate: f64,
    /// The server's processes make at most so much memory for each user
    #[arg(long, value_name = "SIZE", default_value = "24KiB", value_parser = size)]
    memory: u64,
    /// Messages are as before so long after a log-on storm, a drain or a lost home server
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    recovery: Duration,
}

impl Arguments {
    pub(super) fn promises(&self) -> Promises {
        Promises {
            p99_ms: self.p99.as_secs_f64() * 1e3,
            error_share: self.error_rate,
            memory_bytes: self.memory,
            recovery_seconds: self.recovery.as_secs_f64(),
        }
    }
}

/// Reads `0.1%`.
fn share(text: &str) -> Result<f64, String> {
    let wrong = || "write a part in percent, such as 0.1%".to_owned();
    let percent: f64 = text
        .strip_suffix('%')
        .ok_or_else(wrong)?
        .trim()
        .parse()
        .map_err(|_| wrong())?;
    if (0.0..=100.0).contains(&percent) {
        Ok(percent / 100.0)
    } else {
        Err(wrong())
    }
}

/// Reads `24KiB`.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "write a size such as 24KiB or 1MiB".to_owned();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit = match unit.trim() {
        "B" => 1,
        "KiB" => 1_024,
        "MiB" => 1_024 * 1_024,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(unit)
        .filter(|size| *size > 0)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_in_percent() {
        assert_eq!(share("0.1%"), Ok(0.001));
        assert_eq!(share("0 %"), Ok(0.0));
        for wrong in ["0.1", "%", "101%", "-1%", "NaN%", ""] {
            assert!(share(wrong).unwrap_err().contains("0.1%"), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        assert_eq!(
            (size("24KiB"), size("1 MiB"), size("300B")),
            (Ok(24_576), Ok(1_048_576), Ok(300))
        );
        for wrong in [
            "24",
            "KiB",
            "24kb",
            "0B",
            "1.5KiB",
            "99999999999999999999B",
            "18446744073709551615KiB",
        ] {
            assert!(size(wrong).unwrap_err().contains("24KiB"), "{wrong}");
        }
    }
}

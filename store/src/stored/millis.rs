//! Times as they are stored: milliseconds since 1970 in a signed 64-bit integer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is stored for a time. What is finer than a millisecond is cut off, so that nothing that ends lives
/// longer for having been stored; what is beyond 64 bits becomes the first or last that can be.
pub(crate) fn from_time(time: SystemTime) -> i64 {
    let millis = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()),
        Err(before) => i64::try_from(before.duration().as_nanos().div_ceil(1_000_000)).map(|millis| -millis),
    };
    millis.unwrap_or(if time < UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

/// The time that was stored; none if the system cannot express it.
pub(crate) fn to_time(millis: i64) -> Option<SystemTime> {
    let distance = Duration::from_millis(millis.unsigned_abs());
    if millis < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_whole_milliseconds_comes_back() {
        for millis in [0, 1, -1, 1_785_000_000_123, -62_135_596_800_000] {
            assert_eq!(from_time(to_time(millis).unwrap()), millis);
        }
    }

    #[test]
    fn what_is_finer_is_cut_off_towards_the_past() {
        let after = UNIX_EPOCH + Duration::from_nanos(1_999_999);
        let before = UNIX_EPOCH - Duration::from_nanos(1_000_001);
        assert_eq!((from_time(after), from_time(before)), (1, -2));
    }
}

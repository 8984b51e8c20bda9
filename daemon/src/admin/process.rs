//! What the operating system counts for this process, under the names that every exporter has for it. In one process with
//! several roles it is that of all of them.

use std::fmt::Write as _;

/// The samples, or none where the system does not tell.
pub(super) fn figures() -> String {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let mut text = String::new();
    if let Some(seconds) = cpu_seconds(&read("stat")) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP process_cpu_seconds Processor time of this process, in user space and kernel.\n\
             # TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total {seconds}"
        );
    }
    if let Some(bytes) = resident_bytes(&read("status")) {
        let _ = writeln!(
            text,
            "# HELP process_resident_memory_bytes Memory of this process.\n\
             # TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes {bytes}"
        );
    }
    text
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The name in parentheses may contain anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u32>);
    let (user, kernel) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    // Linux counts these in hundredths of a second.
    Some((f64::from(user) + f64::from(kernel)) / 100.0)
}

fn resident_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_of_this_process() {
        let text = figures();
        for sample in ["\nprocess_cpu_seconds_total ", "\nprocess_resident_memory_bytes "] {
            assert!(text.contains(sample), "{text}");
        }
        assert!(resident_bytes("VmRSS:\t    20 kB\n") == Some(20_480));
        let stat = "4711 (a) b) S 17 4711 4711 0 -1 4194304 1 0 0 0 250 50 0 0 20 0";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!((cpu_seconds(""), resident_bytes("")), (None, None));
    }
}

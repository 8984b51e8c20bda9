//! The machine that a figure is of.

use ::load::Router;
use ::load::certify::Machine;
use std::fs;

/// As it describes itself; what it does not say is `not known`.
pub(super) fn describe(routers: &[Router]) -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    let cores = std::thread::available_parallelism();
    Machine {
        cpu: processor(&read("/proc/cpuinfo")).unwrap_or_else(|| "processor not known".to_owned()),
        cores: cores.map_or(0, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
        memory_mb: megabytes(&read("/proc/meminfo")).unwrap_or(0),
        kernel: format!("{} {}", std::env::consts::OS, kernel.trim())
            .trim()
            .to_owned(),
        has_cluster: routers.iter().all(|router| router.address().ip().is_loopback()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    }
}

/// Its name where the kernel has one, and its architecture.
fn processor(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(format!("{} ({})", name.trim(), std::env::consts::ARCH))
}

fn megabytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1_024 / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_what_it_runs_on() {
        let name = processor("processor\t: 0\nmodel name\t: Example CPU @ 3 GHz\nflags\t: a b\n").unwrap();
        assert!(name.starts_with("Example CPU @ 3 GHz ("), "{name}");
        assert_eq!(processor("BogoMIPS: 100\n"), None);
        assert_eq!(
            megabytes("MemTotal:       16000000 kB\nMemFree: 1 kB\n"),
            Some(16_384)
        );
        assert_eq!(megabytes("MemFree: 1 kB\n"), None);
    }

    #[tokio::test]
    async fn a_cluster_elsewhere_is_not_on_this_machine() {
        let here = Router::find("127.0.0.1:1").await.unwrap();
        let elsewhere = Router::find("192.0.2.1:1").await.unwrap();
        assert!(describe(std::slice::from_ref(&here)).has_cluster);
        let both = describe(&[here, elsewhere]);
        assert!(!both.has_cluster && both.cores > 0);
    }
}

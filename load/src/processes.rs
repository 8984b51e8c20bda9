//! What processes of this machine use, as the operating system counts it, and which of them are the server.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// The program whose children are the roles of a topology.
const PARENT: &str = "homeport";
/// What the programs of roles begin with.
const ROLES: &str = "homeport-";

/// A process, by what it runs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) name: String,
}

/// What a process has used so far, and has now.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Used {
    /// Seconds of processor time, in user space and kernel.
    pub(crate) cpu: f64,
    /// Octets of memory that it has made, without what is mapped from files.
    pub(crate) anonymous: u64,
    /// Octets of memory.
    pub(crate) resident: u64,
}

impl Process {
    /// That of this number.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let line = fs::read(format!("/proc/{pid}/cmdline"))?;
        let program = line.split(|octet| *octet == 0).next().unwrap_or_default();
        let program = String::from_utf8_lossy(program);
        let name = Path::new(program.as_ref()).file_name();
        let name = name.map_or_else(|| pid.to_string(), |name| name.to_string_lossy().into_owned());
        Ok(Self { pid, name })
    }

    /// What it uses.
    ///
    /// # Errors
    /// It has ended, or is somebody else's.
    pub(crate) fn used(&self) -> io::Result<Used> {
        let (stat, status) = (self.read("stat")?, self.read("status")?);
        let odd = || io::Error::other(format!("process {} tells nothing of itself", self.pid));
        let ticks = ticks(&stat).ok_or_else(odd)?;
        Ok(Used {
            // Linux counts these in hundredths of a second.
            cpu: ticks as f64 / 100.0,
            anonymous: kilobytes(&status, "RssAnon:").ok_or_else(odd)? * 1024,
            resident: kilobytes(&status, "VmRSS:").ok_or_else(odd)? * 1024,
        })
    }

    fn read(&self, what: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{what}", self.pid))
    }
}

impl std::ops::AddAssign for Used {
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.anonymous += other.anonymous;
        self.resident += other.resident;
    }
}

/// The processes of the server that listens at these addresses of this machine: the ones that do, and beside each that
/// `homeport up --processes` has started the other roles that it has started. Empty when none is found.
pub(crate) fn behind(listening: &[SocketAddr]) -> Vec<Process> {
    let sockets = sockets(listening);
    let mut found = BTreeSet::new();
    for pid in all() {
        if has_one_of(pid, &sockets) {
            found.insert(pid);
            let parent = parent(pid).filter(|parent| Process::of(*parent).is_ok_and(|is| is.name == PARENT));
            if let Some(parent) = parent {
                let siblings = all()
                    .into_iter()
                    .filter(|other| self::parent(*other) == Some(parent));
                found.extend(
                    siblings.filter(|other| Process::of(*other).is_ok_and(|is| is.name.starts_with(ROLES))),
                );
            }
        }
    }
    found
        .into_iter()
        .filter_map(|pid| Process::of(pid).ok())
        .collect()
}

fn all() -> Vec<u32> {
    let folder = fs::read_dir("/proc").into_iter().flatten();
    let names = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    names.collect()
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    field(&stat, 1)
}

/// A field of `stat`, counted from the one after the name, which may contain anything.
fn field(stat: &str, number: usize) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split_whitespace().nth(number)?.parse().ok()
}

fn ticks(stat: &str) -> Option<u64> {
    Some(u64::from(field(stat, 11)?) + u64::from(field(stat, 12)?))
}

fn kilobytes(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The kernel's numbers of the sockets that listen at these ports.
fn sockets(listening: &[SocketAddr]) -> BTreeSet<String> {
    let ports: BTreeSet<u16> = listening.iter().map(SocketAddr::port).collect();
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines.filter_map(|line| listener(line, &ports)).collect()
}

/// A line of the kernel's table: number, local address, remote address, state, …, inode at the tenth place.
fn listener(line: &str, ports: &BTreeSet<u16>) -> Option<String> {
    const LISTENS: &str = "0A";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, port) = fields.get(1)?.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (*fields.get(3)? == LISTENS && ports.contains(&port)).then(|| (*fields.get(9).unwrap_or(&"")).to_owned())
}

fn has_one_of(pid: u32, sockets: &BTreeSet<String>) -> bool {
    let Ok(files) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    let mut links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    links.any(|link| {
        let name = link.to_str().and_then(|link| link.strip_prefix("socket:["));
        name.and_then(|name| name.strip_suffix(']'))
            .is_some_and(|inode| sockets.contains(inode))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn whoever_listens_is_found_and_tells_what_it_uses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let found = behind(&[listener.local_addr().unwrap()]);
        let mine: Vec<u32> = found.iter().map(|process| process.pid).collect();
        assert_eq!(mine, [std::process::id()]);
        let used = found[0].used().unwrap();
        assert!(used.resident > 1_000_000 && used.anonymous > 100_000, "{used:?}");
        drop(listener);
        assert!(behind(&["127.0.0.1:1".parse().unwrap()]).is_empty());
    }

    #[test]
    fn a_name_with_parentheses_is_no_field() {
        let stat = "4711 (a) (b) c) S 17 4711 4711 0 -1 4194304 1 0 0 0 250 50 0 0 20 0";
        assert_eq!((field(stat, 1), ticks(stat)), (Some(17), Some(300)));
        assert_eq!(ticks("4711 (a)"), None);
    }

    #[test]
    fn only_what_listens_at_the_port_is_a_listener() {
        let line = |state: &str| {
            format!(
                "  0: 0100007F:1F90 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  0  0 4242 1"
            )
        };
        let found = |line: &str, port| listener(line, &[port].into());
        assert_eq!(found(&line("0A"), 8080).as_deref(), Some("4242"));
        assert_eq!(found(&line("01"), 8080), None);
        assert_eq!(found(&line("0A"), 8081), None);
    }
}

//! Processor time, as Linux counts it.

use super::Failed;

/// Ticks of a second, which Linux has used for all of its interfaces for decades.
const TICKS: f64 = 100.0;

/// Seconds of processor time.
pub(crate) struct Cpu {
    /// Of this process.
    pub(crate) own: f64,
    /// Of the database's processes.
    pub(crate) database: f64,
}

impl Cpu {
    /// Until now, with a database whose first process is this.
    pub(crate) fn now(database: Option<u32>) -> Result<Self, Failed> {
        let own = ticks("self")?.0 / TICKS;
        let mut of_database = 0.0;
        if let Some(first) = database {
            for process in std::fs::read_dir("/proc")? {
                let name = process?.file_name();
                // Others may end while we look.
                let found = name.to_str().and_then(|name| Some((name, ticks(name).ok()?)));
                match found {
                    // With those of its children that have ended.
                    Some((name, (ticks, children, _))) if name == first.to_string() => {
                        of_database += ticks + children;
                    }
                    Some((_, (ticks, _, parent))) if parent == f64::from(first) => of_database += ticks,
                    Some(_) | None => {}
                }
            }
        }
        Ok(Self {
            own,
            database: of_database / TICKS,
        })
    }

    /// What was added since then.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            own: self.own - before.own,
            database: self.database - before.database,
        }
    }
}

/// Ticks of a process, of its children that have ended, and its parent.
fn ticks(process: &str) -> Result<(f64, f64, f64), Failed> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name in parentheses may contain anything.
    let (_, fields) = stat.rsplit_once(") ").ok_or("no name in /proc")?;
    let fields: Vec<f64> = fields
        .split_whitespace()
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    let field = |number: usize| fields.get(number).copied().unwrap_or_default();
    Ok((field(11) + field(12), field(13) + field(14), field(1)))
}

//! What a process elsewhere uses, as its `/metrics` tell it.

use crate::processes::Used;
use crate::{Error, Router};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long the answer may take.
const WAIT: Duration = Duration::from_secs(5);
/// Octets of an answer.
const ANSWER_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

/// A process with an admin listener.
pub(crate) struct Scraped {
    listener: Router,
    name: String,
}

impl Scraped {
    /// # Errors
    /// [`Error::NoSuchHost`].
    pub(crate) async fn find(listener: &str) -> Result<Self, Error> {
        Ok(Self {
            listener: Router::find(listener).await?,
            name: listener.to_owned(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// [`Error::Usage`]: it does not answer, or not with what was asked.
    pub(crate) async fn used(&self) -> Result<Used, Error> {
        let wrong = |what: &str| Error::Usage(format!("http://{}/metrics {what}", self.name));
        let answer = timeout(WAIT, self.answer()).await;
        let answer = answer.map_err(|_| wrong("does not answer"))?;
        let answer = answer.map_err(|error| wrong(&format!("cannot be read: {error}")))?;
        read(&answer).ok_or_else(|| wrong("tells neither processor time nor memory"))
    }

    async fn answer(&self) -> Result<String, Error> {
        let mut stream = self.listener.connect().await?;
        let request = format!("GET /metrics HTTP/1.0\r\nhost: {}\r\n\r\n", self.name);
        let failed = |source| Error::System {
            what: "ask for metrics",
            source,
        };
        stream.write_all(request.as_bytes()).await.map_err(failed)?;
        let mut answer = String::new();
        let mut bounded = stream.take(ANSWER_BYTES_MAX);
        bounded.read_to_string(&mut answer).await.map_err(failed)?;
        Ok(answer)
    }
}

fn read(answer: &str) -> Option<Used> {
    let sample = |name: &str| -> Option<f64> {
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.split(' ').next()?.parse().ok()
    };
    let resident = sample("process_resident_memory_bytes")? as u64;
    Some(Used {
        cpu: sample("process_cpu_seconds_total")?,
        // Metrics do not tell it apart from what is mapped from files, which does not grow.
        anonymous: resident,
        resident,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_and_memory_are_read() {
        let answer = "HTTP/1.0 200 OK\r\n\r\n# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total 12.5\n\
                      process_resident_memory_bytes 4096\n# EOF\n";
        let used = read(answer).unwrap();
        assert!((used.cpu - 12.5).abs() < 1e-9);
        assert_eq!((used.resident, used.anonymous), (4_096, 4_096));
        assert_eq!(read("HTTP/1.0 503 Service Unavailable\r\n\r\nstarting\n"), None);
    }

    #[tokio::test]
    async fn who_does_not_answer_is_named() {
        let nobody = Scraped::find("127.0.0.1:1").await.unwrap();
        let said = nobody.used().await.unwrap_err().to_string();
        assert!(said.contains("http://127.0.0.1:1/metrics"), "{said}");
    }
}

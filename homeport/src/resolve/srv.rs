//! Step one: the SRV record `_rvp._tcp.DOMAIN` (spec 2). The only file that names the resolver.

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RecordData};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use rvp::Domain;
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How long one question to one server may take.
const QUESTION: Duration = Duration::from_millis(1500);
/// How long all of it may take, whatever number of servers the system has.
const LOOKUP: Duration = Duration::from_secs(4);
/// A question is asked again once.
const RETRIES: usize = 1;
/// More records of one service are a mistake, and none of the clients looks at them.
const RECORDS_MAX: usize = 32;

/// What DNS was asked and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct Srv {
    /// The name that was asked for, or would have been.
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

/// What came of the question.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// There are records, at least one; in the order in which they count.
    Found {
        /// Them.
        records: Vec<Record>,
    },
    /// There is none.
    NoRecord {
        /// Why it is so.
        reason: String,
    },
    /// The domain says that it does not offer the service: a record with the target `.` (RFC 2782).
    Declined,
    /// No server answered.
    Unreachable {
        /// What was tried.
        reason: String,
    },
    /// A server answered that it cannot or will not say.
    Refused {
        /// What it said.
        reason: String,
    },
    /// Nothing was asked.
    Skipped {
        /// Why not.
        reason: String,
    },
}

/// A record of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Record {
    /// The host, in lower case.
    pub(super) target: String,
    /// Its port.
    pub(super) port: u16,
    /// The lower, the sooner it counts.
    pub(super) priority: u16,
    /// The higher, the likelier among equals.
    pub(super) weight: u16,
}

/// Asks for the service of a domain: the servers of this system, or one.
pub(super) async fn ask(domain: &Domain, server: Option<SocketAddr>) -> Srv {
    let name = format!("_rvp._tcp.{}", domain.without_port());
    let outcome = match skipped(domain) {
        Some(reason) => Outcome::Skipped {
            reason: reason.to_owned(),
        },
        None => match tokio::time::timeout(LOOKUP, look_up(&name, server)).await {
            Ok(Ok(outcome) | Err(outcome)) => outcome,
            Err(_) => Outcome::Unreachable {
                reason: format!("no answer in {} seconds", LOOKUP.as_secs()),
            },
        },
    };
    Srv { name, outcome }
}

/// Why DNS has nothing to say about a domain.
fn skipped(domain: &Domain) -> Option<&'static str> {
    let host = domain.without_port();
    let host = host.as_str();
    if host.parse::<Ipv4Addr>().is_ok() {
        Some("an IP address has no SRV record")
    } else if host == "localhost" || host.ends_with(".localhost") {
        Some("localhost is this machine and not in DNS")
    } else if host != domain.as_str() {
        Some("the address names a port, so there is nothing to ask")
    } else {
        None
    }
}

async fn look_up(name: &str, server: Option<SocketAddr>) -> Result<Outcome, Outcome> {
    // With its final dot, so that no search domain of the system is appended.
    let wanted = Name::from_ascii(format!("{name}.")).map_err(|error| Outcome::NoRecord {
        reason: format!("{name} cannot be in DNS: {error}"),
    })?;
    let unusable = |error: NetError| Outcome::Unreachable {
        reason: format!("this system names no DNS server ({error}); name one with --dns-server"),
    };
    let mut builder = match server {
        Some(server) => resolver_of(server),
        None => TokioResolver::builder_tokio().map_err(unusable)?,
    };
    let options = builder.options_mut();
    options.timeout = QUESTION;
    options.attempts = RETRIES;
    let resolver = builder.build().map_err(unusable)?;
    match resolver.srv_lookup(wanted).await {
        Ok(lookup) => Ok(found(
            lookup
                .answers()
                .iter()
                .filter_map(|answer| SRV::try_borrow(&answer.data)),
        )),
        Err(error) => Ok(failed(&error)),
    }
}

/// A resolver that asks one server, again over TCP when the answer did not fit.
fn resolver_of(server: SocketAddr) -> ResolverBuilder<TokioRuntimeProvider> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.into());
    TokioResolver::builder_with_config(
        ResolverConfig::from_name_servers(vec![server]),
        TokioRuntimeProvider::default(),
    )
}

/// The records in the order in which they count. Among equals the higher weight is first, although it only is
/// likelier: an explanation should be the same each time.
fn found<'a>(answers: impl Iterator<Item = &'a SRV>) -> Outcome {
    let record = |answer: &SRV| Record {
        target: answer
            .target
            .to_ascii()
            .trim_end_matches('.')
            .to_ascii_lowercase(),
        port: answer.port,
        priority: answer.priority,
        weight: answer.weight,
    };
    let mut records: Vec<Record> = answers.take(RECORDS_MAX).map(record).collect();
    records.sort_by(|a, b| {
        let order = a.priority.cmp(&b.priority).then(b.weight.cmp(&a.weight));
        order.then_with(|| (&a.target, a.port).cmp(&(&b.target, b.port)))
    });
    match records.first() {
        Some(first) if first.target.is_empty() => Outcome::Declined,
        Some(_) => Outcome::Found { records },
        // An alias that leads nowhere.
        None => Outcome::NoRecord {
            reason: "the answer has no SRV record".to_owned(),
        },
    }
}

/// The library may come to know further kinds of errors, so these are asked for one by one.
fn failed(error: &NetError) -> Outcome {
    let NetError::Dns(answer) = error else {
        return Outcome::Unreachable {
            reason: error.to_string(),
        };
    };
    if let DnsError::NoRecordsFound(none) = answer {
        let unknown = none.response_code == ResponseCode::NXDomain;
        let reason = if unknown {
            "DNS has no such name"
        } else {
            "DNS has the name, with other records"
        };
        return Outcome::NoRecord {
            reason: reason.to_owned(),
        };
    }
    if let DnsError::ResponseCode(code) = answer {
        return Outcome::Refused {
            reason: format!("the DNS server answered {code}"),
        };
    }
    Outcome::Refused {
        reason: answer.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn srv(priority: u16, weight: u16, port: u16, target: &str) -> SRV {
        SRV::new(priority, weight, port, Name::from_ascii(target).unwrap())
    }

    #[test]
    fn records_are_in_the_order_in_which_they_count() {
        let answers = [
            srv(10, 90, 80, "c.example."),
            srv(0, 1, 80, "B.example."),
            srv(0, 5, 80, "b.example."),
            srv(0, 5, 80, "a.example."),
        ];
        let Outcome::Found { records } = found(answers.iter()) else {
            panic!("records are there")
        };
        let order: Vec<_> = records
            .iter()
            .map(|record| (record.target.as_str(), record.weight))
            .collect();
        assert_eq!(
            order,
            [
                ("a.example", 5),
                ("b.example", 5),
                ("b.example", 1),
                ("c.example", 90)
            ]
        );
    }

    #[test]
    fn a_domain_can_decline_the_service() {
        assert_eq!(found([srv(0, 0, 0, ".")].iter()), Outcome::Declined);
        assert!(matches!(found([].iter()), Outcome::NoRecord { .. }));
    }

    #[tokio::test]
    async fn dns_is_not_asked_about_what_it_cannot_know() {
        for domain in [
            "127.0.0.1",
            "127.0.0.1:8080",
            "localhost",
            "a.localhost",
            "im.example.com:8080",
        ] {
            let srv = ask(&Domain::parse(domain).unwrap(), None).await;
            assert!(matches!(srv.outcome, Outcome::Skipped { .. }), "{domain}");
        }
        assert_eq!(skipped(&Domain::parse("localhost.example.com").unwrap()), None);
    }

    #[tokio::test]
    async fn a_name_that_dns_cannot_hold_has_no_record() {
        let domain = Domain::parse(&format!("{}.example", "a".repeat(64))).unwrap();
        assert!(matches!(
            ask(&domain, None).await.outcome,
            Outcome::NoRecord { .. }
        ));
    }
}

//! Links to home servers, as an operator.

use async_trait::async_trait;
use daemon::{Network, OnError, Tasks, TokioNetwork};
use proto::{Connect, Links, NotCalled, Peer, Role};
use std::io;
use std::sync::Arc;

/// Links of this process.
pub(super) fn links(tasks: &Tasks) -> Links {
    let me = Peer {
        name: format!("operator-{}", std::process::id()),
        role: Role::Operator,
    };
    let spawn = tasks.spawner("link", OnError::Log);
    Links::new(me, Arc::new(LinkConnect), Arc::new(NotCalled), spawn)
}

/// Reads `HOST:PORT` from the command line.
pub(super) fn address(text: &str) -> Result<String, String> {
    let sound = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if sound {
        Ok(text.to_owned())
    } else {
        Err("write HOST:PORT of a home server's link listener, such as 127.0.0.1:7400".to_owned())
    }
}

/// Connects through the network of the system.
struct LinkConnect;

#[async_trait]
impl Connect for LinkConnect {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn proto::links::Io>> {
        let stream = TokioNetwork.connect_to(address).await?;
        Ok(Box::new(stream))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_links_is_a_host_and_a_port() {
        for sound in ["127.0.0.1:7400", "home-1:7400", "[::1]:7400"] {
            assert_eq!(address(sound), Ok(sound.to_owned()));
        }
        for wrong in ["home-1", "home-1:0", ":7400", "http://home-1:7400", "home-1:x"] {
            assert!(address(wrong).unwrap_err().contains("HOST:PORT"), "{wrong}");
        }
    }
}

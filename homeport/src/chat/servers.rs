//! Where to connect: the URL that was given, or the routers that run on a data folder, with the certificate that they show.

use crate::data::{DataDir, Routers, Running};
use anyhow::{Context, Result, bail, ensure};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tokio_tungstenite::tungstenite::http::Uri;

/// The address of a router's attachments: `ws://HOST:PORT/instmsg/attach`, or `wss://`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ServerUrl(Uri);

impl ServerUrl {
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }

    /// Whether what is said travels in the open, by more than this machine.
    pub(crate) fn is_open(&self) -> bool {
        let host = self.0.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let here = bare == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        self.0.scheme_str() == Some("ws") && !here
    }

    fn at(address: SocketAddr, scheme: &str) -> Result<Self> {
        // What listens everywhere is reached at this machine's own address.
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            IpAddr::V4(_) | IpAddr::V6(_) => address.ip(),
        };
        let place = SocketAddr::new(ip, address.port());
        Ok(Self(format!("{scheme}://{place}{}", attachment::PATH).parse()?))
    }
}

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "write the URL of a router, such as https://im.example.com or ws://127.0.0.1:8080".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme = match uri.scheme_str() {
            Some("ws" | "http") => "ws",
            Some("wss" | "https") => "wss",
            Some(_) | None => return Err(wrong()),
        };
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err("the URL must not have a name or a password in it".to_owned());
        }
        if uri.query().is_some() || !["", "/", attachment::PATH].contains(&uri.path()) {
            return Err(wrong());
        }
        let whole = format!("{scheme}://{authority}{}", attachment::PATH);
        whole.parse().map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Routers that any client may connect to.
#[derive(Debug)]
pub(crate) struct Servers {
    urls: Vec<ServerUrl>,
    next: usize,
    certificate: Option<PathBuf>,
}

impl Servers {
    /// The one that was given.
    pub(crate) fn given(url: ServerUrl) -> Self {
        Self {
            urls: vec![url],
            next: 0,
            certificate: None,
        }
    }

    /// Those that run on a data folder.
    ///
    /// # Errors
    /// Nothing runs there; says what to do.
    pub(crate) fn on(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        let nothing_runs = || {
            format!(
                "nothing runs on {shown}: start it with `homeport up`, or say with --server or --data where the \
                 server is"
            )
        };
        let Routers {
            addresses,
            certificate,
        } = match DataDir::open(folder).with_context(nothing_runs)?.running()? {
            None => bail!(nothing_runs()),
            Some(Running::OneProcess { routers, .. } | Running::Processes { routers, .. }) => routers,
        };
        ensure!(
            !addresses.is_empty(),
            "what runs on {shown} has not said where its routers are: give one with --server"
        );
        let scheme = if certificate.is_some() { "wss" } else { "ws" };
        let urls = addresses
            .into_iter()
            .map(|address| ServerUrl::at(address, scheme));
        Ok(Self {
            urls: urls.collect::<Result<_>>()?,
            next: 0,
            certificate,
        })
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[ServerUrl] {
        &self.urls
    }

    /// The file of the certificate by which those of a data folder are known, if they speak TLS.
    pub(crate) fn certificate(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// The next one to try: each in its turn.
    pub(crate) fn next(&mut self) -> &ServerUrl {
        let index = self.next % self.urls.len();
        self.next = index + 1;
        &self.urls[index]
    }

    /// Whether what is said may travel in the open.
    pub(crate) fn are_open(&self) -> bool {
        self.urls.iter().any(ServerUrl::is_open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<ServerUrl>().map(|url| url.to_string())
    }

    #[test]
    fn a_server_is_a_url_of_the_web_or_of_websockets() {
        for text in [
            "http://im.example.com",
            "ws://im.example.com/",
            "ws://im.example.com/instmsg/attach",
        ] {
            assert_eq!(
                read(text).as_deref(),
                Ok("ws://im.example.com/instmsg/attach"),
                "{text}"
            );
        }
        assert_eq!(
            read("https://[::1]:8443").as_deref(),
            Ok("wss://[::1]:8443/instmsg/attach")
        );
        for text in [
            "im.example.com",
            "ftp://im.example.com",
            "ws://im.example.com/elsewhere",
            "wss://",
            "ws://im.example.com/?a",
        ] {
            assert!(read(text).unwrap_err().starts_with("write the URL"), "{text}");
        }
        assert!(
            read("ws://alice:s3cret@im.example.com")
                .unwrap_err()
                .contains("password")
        );
    }

    #[test]
    fn only_what_leaves_this_machine_unencrypted_is_open() {
        let open = |text: &str| text.parse::<ServerUrl>().unwrap().is_open();
        assert!(open("ws://im.example.com") && open("ws://192.0.2.1:8080"));
        for text in [
            "wss://im.example.com",
            "ws://127.0.0.1:8080",
            "ws://[::1]",
            "http://localhost",
        ] {
            assert!(!open(text), "{text}");
        }
    }

    #[test]
    fn the_routers_of_a_folder_are_tried_in_turn() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| Servers::on(path).unwrap_err().to_string();
        assert!(said(folder.path()).contains("homeport up"));
        assert!(said(&folder.path().join("none")).contains("homeport up"));
        let data = DataDir::open(folder.path()).unwrap();
        let homes = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 7400))];
        let addresses = vec!["0.0.0.0:8080".parse().unwrap(), "[::]:8081".parse().unwrap()];
        let run = |routers: Routers| {
            let homes = homes.clone();
            data.set_running(&Running::OneProcess { homes, routers }).unwrap();
        };
        run(Routers {
            addresses: addresses.clone(),
            certificate: None,
        });
        let mut servers = Servers::on(folder.path()).unwrap();
        let first = servers.next().to_string();
        assert_eq!(first, "ws://127.0.0.1:8080/instmsg/attach");
        assert_eq!(servers.next().to_string(), "ws://[::1]:8081/instmsg/attach");
        assert_eq!(servers.next().to_string(), first);
        assert!(servers.certificate().is_none() && !servers.are_open());
        let certificate = Path::new("/etc/homeport/im.pem");
        run(Routers {
            addresses,
            certificate: Some(certificate.to_owned()),
        });
        let mut servers = Servers::on(folder.path()).unwrap();
        assert_eq!(servers.next().to_string(), "wss://127.0.0.1:8080/instmsg/attach");
        assert_eq!(servers.certificate(), Some(certificate));
        run(Routers::default());
        assert!(said(folder.path()).contains("--server"));
    }
}

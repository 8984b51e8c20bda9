//! What etcd or the membership does not take, and what is said then.

use crate::log::Warnings;
use crate::server::{Process, Server};
use crate::{config, join, refused, terminal, until_count};
use etcd_client::{Client, Permission};
use membership::{Credentials, Error, EtcdConfig, EtcdMembership, LENT_MAX, Membership, Terminal, TlsFiles};
use std::path::Path;
use std::sync::Arc;

#[tokio::test]
async fn a_record_that_cannot_be_read_is_ignored_counted_and_named_once() {
    let warnings = Warnings::listen();
    let server = Server::start().await;
    let (process, mut client) = (
        Process::connected(config([server.endpoint()])).await,
        server.client().await,
    );
    client
        .put("/homeport/v1/members/home-9", "nonsense", None)
        .await
        .unwrap();
    let _one = join(&process, 1).await;
    until_count(&process, 1).await;
    assert_eq!(process.membership.corrupt_records(), 1);
    let named = warnings.with("/homeport/v1/members/home-9");
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(named[0].contains("no JSON object of a member"), "{named:?}");
    let late = Process::connected(config([server.endpoint()])).await;
    let seen = until_count(&late, 1).await;
    assert_eq!(seen, *process.membership.members().borrow());
    assert_eq!(late.membership.corrupt_records(), 1);
    let key = "/homeport/v1/members/home-9".to_owned();
    let error = terminal(refused(&process, 9).await);
    assert!(
        error
            .to_string()
            .contains("etcdctl del /homeport/v1/members/home-9"),
        "{error}"
    );
    assert_eq!(error, Terminal::NoRecord { key });
    client.delete("/homeport/v1/members/home-9", None).await.unwrap();
    let _nine = join(&process, 9).await;
    until_count(&late, 2).await;
    assert_eq!(process.membership.corrupt_records(), 1);
    let named = warnings.with("/homeport/v1/members/home-9").len();
    assert_eq!(named, 2, "once by each process");
}

#[tokio::test]
async fn a_record_with_loans_that_cannot_be_is_ignored_and_named() {
    let warnings = Warnings::listen();
    let server = Server::start().await;
    let (process, mut client) = (
        Process::connected(config([server.endpoint()])).await,
        server.client().await,
    );
    let lending = |lent: &str| {
        format!(
            r#"{{"id":"home-9","address":"a:1","zone":"","capacity":1,"phase":"active","protocol":1,"placement":1,"lent":{lent}}}"#
        )
    };
    let key = "/homeport/v1/members/home-9";
    let many: Vec<usize> = (0..=LENT_MAX).collect();
    for lent in [
        r#"{"home-1":[16384]}"#.to_owned(),
        format!(r#"{{"home-1":{many:?}}}"#),
    ] {
        client.put(key, lending(&lent), None).await.unwrap();
    }
    let _one = join(&process, 1).await;
    until_count(&process, 1).await;
    assert_eq!(process.membership.corrupt_records(), 2);
    let named = warnings.with("slots that cannot be lent");
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named.iter().all(|line| line.contains(key)), "{named:?}");
}

/// Lets only those in who have a name, as root and as `homeport`, which may do all below `/homeport`.
async fn ask_for_names(client: &mut Client) {
    client.user_add("root", "root-password", None).await.unwrap();
    client.user_grant_role("root", "root").await.unwrap();
    client.role_add("homeport").await.unwrap();
    let all = Permission::read_write("/homeport/").with_prefix();
    client.role_grant_permission("homeport", all).await.unwrap();
    client.user_add("homeport", "right", None).await.unwrap();
    client.user_grant_role("homeport", "homeport").await.unwrap();
    client.auth_enable().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_named_and_the_right_one_works() {
    let server = Server::start().await;
    ask_for_names(&mut server.client().await).await;
    let with = |password: &str| EtcdConfig {
        user: Some(Credentials {
            user: "homeport".into(),
            password: password.into(),
        }),
        ..config([server.endpoint()])
    };
    for wrong in [with("wrong"), config([server.endpoint()])] {
        let process = Process::start(wrong);
        for error in [
            process.membership.check().await.unwrap_err(),
            refused(&process, 1).await,
        ] {
            let error = terminal(error);
            assert!(matches!(error, Terminal::Refused { .. }), "{error}");
            assert!(error.to_string().contains("password"), "{error}");
        }
    }
    let elsewhere = EtcdConfig {
        prefix: "/elsewhere".into(),
        ..with("right")
    };
    let error = terminal(Process::start(elsewhere).membership.check().await.unwrap_err());
    assert!(error.to_string().contains("permission denied"), "{error}");
    let process = Process::connected(with("right")).await;
    let joined = join(&process, 1).await;
    until_count(&process, 1).await;
    joined.leave().await.unwrap();
    until_count(&process, 0).await;
}

fn tls(name: &str) -> TlsFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/etcd/tls");
    TlsFiles {
        ca: folder.join("ca.pem"),
        cert: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    }
}

#[tokio::test]
async fn with_mutual_tls_only_known_certificates_get_in() {
    let files = tls("etcd");
    let arguments = [
        format!("--cert-file={}", files.cert.display()),
        format!("--key-file={}", files.key.display()),
        format!("--trusted-ca-file={}", files.ca.display()),
        "--client-cert-auth=true".to_owned(),
    ];
    let server = Server::cluster_with(1, &arguments).await.remove(0);
    let with = |name| EtcdConfig {
        tls: Some(tls(name)),
        ..config([server.endpoint()])
    };
    let process = Process::connected(with("homeport")).await;
    let _one = join(&process, 1).await;
    until_count(&process, 1).await;
    let stranger = Process::start(with("stranger"));
    assert!(matches!(
        stranger.membership.check().await,
        Err(Error::Retryable { .. })
    ));
    assert!(stranger.membership.members().borrow().is_empty());
}

#[tokio::test]
async fn settings_that_cannot_be_right_are_refused_at_once() {
    let start = |config| terminal(EtcdMembership::start(config, Arc::new(drop), 1).unwrap_err());
    let error = start(config([]));
    assert!(matches!(error, Terminal::BadSettings(_)), "{error}");
    let missing = TlsFiles {
        ca: "/nowhere/ca.pem".into(),
        ..tls("homeport")
    };
    let error = start(EtcdConfig {
        tls: Some(missing),
        ..config(["https://127.0.0.1:2379".into()])
    });
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

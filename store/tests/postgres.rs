//! What is special about a store in a PostgreSQL database: which are refused, and what becomes of a store whose
//! database goes away.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "postgres/behind.rs"]
mod behind;
#[path = "contract/samples.rs"]
#[expect(dead_code, reason = "of what the contract needs, this needs less")]
mod samples;
#[path = "postgres/server.rs"]
#[expect(dead_code, reason = "measuring needs more of it")]
mod server;

use behind::{execute, waits_for_a_lock};
use samples::{EPOCH, SLOT, account, claim, kept_message, one_of_each, person, put_login, put_new, write};
use server::{PASSWORD, PATIENCE, Server};
use sqlx::Connection;
use std::path::{Path, PathBuf};
use store::{Change, Error, PostgresConfig, PostgresStore, Put, Store, Writer};
use tokio::task::JoinSet;

fn over_tcp(server: &Server, password: Option<&str>) -> PostgresConfig {
    PostgresConfig {
        url: server.tcp_url(),
        password: password.map(str::to_owned),
    }
}

async fn refusal(config: &PostgresConfig) -> Error {
    let opening = tokio::time::timeout(PATIENCE, PostgresStore::open(config));
    opening.await.expect("a refusal comes soon").unwrap_err()
}

/// That an error names the database and says nothing of the password.
fn assert_names(error: &Error, server: &Server) {
    let mut text = error.to_string();
    assert!(text.contains(&server.tcp_url()), "{text}");
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        text.push_str(&found.to_string());
        cause = found.source();
    }
    assert!(!text.contains("wr0ng") && !text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn a_password_lets_in_and_a_wrong_one_or_none_does_not() {
    let server = Server::start().await;
    let store = PostgresStore::open(&over_tcp(&server, Some(PASSWORD)))
        .await
        .unwrap();
    assert_eq!(store.accounts().await.unwrap(), []);
    let in_the_address = PostgresConfig {
        url: server.tcp_url().replace('@', ":wr0ng@"),
        password: None,
    };
    for config in [
        over_tcp(&server, Some("wr0ng")),
        over_tcp(&server, None),
        in_the_address,
    ] {
        assert!(!format!("{config:?}").contains("wr0ng"));
        let error = refusal(&config).await;
        assert!(matches!(error, Error::NotAdmitted { .. }), "{error:?}");
        assert_names(&error, &server);
    }
}

/// The certificates that the tests of etcd have: the one of its server is good for any on 127.0.0.1.
fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../membership/tests/etcd/tls")
        .join(name)
}

#[tokio::test]
async fn a_database_is_spoken_to_in_private_if_it_is_the_right_one() {
    let mut server = Server::start().await;
    let wants_tls = |server: &Server| {
        let authority = certificate("ca.pem").display().to_string();
        let url = format!("{}?sslmode=verify-full&sslrootcert={authority}", server.tcp_url());
        PostgresConfig {
            url,
            ..over_tcp(server, Some(PASSWORD))
        }
    };
    // It offers none.
    let error = refusal(&wants_tls(&server)).await;
    assert_names(&error, &server);
    server.offer_tls(&certificate("etcd.pem"), &certificate("etcd.key"));
    server.kill();
    server.run().await;
    let store = PostgresStore::open(&wants_tls(&server)).await.unwrap();
    assert_eq!(store.accounts().await.unwrap(), []);
    store.close().await;
    // Somebody else says to be it.
    server.offer_tls(&certificate("stranger.pem"), &certificate("stranger.key"));
    server.kill();
    server.run().await;
    let error = refusal(&wants_tls(&server)).await;
    assert_names(&error, &server);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in [
        "",
        "homeport.db",
        "postgres//im.example.com",
        "postgres://im:port/",
    ] {
        let config = PostgresConfig {
            url: url.to_owned(),
            password: None,
        };
        let error = refusal(&config).await;
        assert!(matches!(error, Error::BadAddress(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_run_and_a_database_that_is_missing_are_told() {
    let mut server = Server::start().await;
    let config = PostgresConfig {
        url: server.socket_url("nothing"),
        password: None,
    };
    let error = refusal(&config).await;
    assert!(matches!(error, Error::NoSuchDatabase { .. }), "{error:?}");
    server.kill();
    let error = refusal(&over_tcp(&server, Some(PASSWORD))).await;
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert_names(&error, &server);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = PostgresConfig {
        url: format!("postgres://homeport@{}/homeport", silent.local_addr().unwrap()),
        password: None,
    };
    let error = refusal(&config).await;
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let server = Server::start().await;
    PostgresStore::open(&server.config()).await.unwrap().close().await;
    let newer =
        "INSERT INTO homeport._sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (999, 'of the future', TRUE, '', 0)";
    execute(&server, newer).await;
    let error = refusal(&server.config()).await;
    let found = matches!(
        error,
        Error::NewerSchema {
            found: 999,
            known: 1..,
            ..
        }
    );
    assert!(found, "{error:?}");
}

#[tokio::test]
async fn tables_of_another_program_are_refused_and_other_schemas_left_alone() {
    let server = Server::start().await;
    execute(&server, "CREATE TABLE accounts (soup TEXT)").await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    put_new(&store, "alice").await;
    store.close().await;
    execute(
        &server,
        "DROP SCHEMA homeport CASCADE; INSERT INTO public.accounts VALUES ('soup')",
    )
    .await;
    execute(
        &server,
        "CREATE SCHEMA homeport; CREATE TABLE homeport.recipes (name TEXT)",
    )
    .await;
    let error = refusal(&server.config()).await;
    assert!(matches!(error, Error::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn a_database_that_only_reads_is_told() {
    let mut server = Server::start().await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    put_new(&store, "alice").await;
    store.close().await;
    server.kill();
    server.further.push("default_transaction_read_only=on".to_owned());
    server.run().await;
    let error = refusal(&server.config()).await;
    assert!(matches!(error, Error::ReadOnly { .. }), "{error:?}");
}

#[tokio::test]
async fn a_new_database_may_be_opened_by_many_at_one_time() {
    let server = Server::start().await;
    let mut opening = JoinSet::new();
    for number in 0..8 {
        let config = server.config();
        opening.spawn(async move {
            let store = PostgresStore::open(&config).await.unwrap();
            put_new(&store, &format!("person{number}")).await;
            store.close().await;
        });
    }
    opening.join_all().await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    assert_eq!(store.accounts().await.unwrap().len(), 8);
    assert_eq!(store.revision().await.unwrap(), 8);
}

#[tokio::test]
async fn a_database_that_started_anew_is_used_again() {
    let mut server = Server::start().await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    put_new(&store, "alice").await;
    // Several connections that will be dead.
    let mut reading = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        reading.spawn(async move { store.load_one(&person("alice")).await.unwrap() });
    }
    reading.join_all().await;
    server.kill();
    server.run().await;
    store.write(&one_of_each("alice")).await.unwrap();
    let alice = store.load_one(&person("alice")).await.unwrap().unwrap();
    assert_eq!(alice.kept.len(), 1);
}

#[tokio::test]
async fn while_a_database_is_away_everybody_is_told_and_nothing_acknowledged_is_lost() {
    let mut server = Server::start_with(&["fsync=on"]).await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    put_new(&store, "alice").await;
    store.claim(&claim("home-1", EPOCH), &[SLOT]).await.unwrap();
    let (writer, work) = Writer::new(std::sync::Arc::new(store.clone()));
    let mut tasks = JoinSet::new();
    tasks.spawn(work);
    let put = |number| writer.submit(vec![write("alice", Change::PutMessage(kept_message(number)))]);
    put(1).await.unwrap();

    server.kill();
    // Many more than one group: nobody waits for the groups before.
    let away: Vec<_> = (2..5000).map(put).collect();
    let told = async {
        for outcome in away {
            let error = outcome.await.unwrap_err();
            assert!(
                matches!(error, Error::Unreachable { .. } | Error::Unavailable(_)),
                "{error:?}"
            );
        }
    };
    tokio::time::timeout(PATIENCE, told)
        .await
        .expect("an answer comes soon");
    let read = store.load_one(&person("alice")).await;
    assert!(matches!(read, Err(Error::Unreachable { .. })), "{read:?}");

    server.run().await;
    put(5000).await.unwrap();
    let waiting = store.kept(&person("alice"), 0, 10_000).await.unwrap();
    let numbers: Vec<u64> = waiting.iter().map(|message| message.number).collect();
    assert_eq!(numbers, [1, 5000]);
}

#[tokio::test]
async fn a_write_waits_for_a_claim_and_is_left_out_by_it() {
    let server = Server::start().await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    put_new(&store, "alice").await;
    store.claim(&claim("home-1", EPOCH), &[SLOT]).await.unwrap();
    // A claim that is under way.
    let mut other = sqlx::PgConnection::connect(&server.config().url).await.unwrap();
    let mut under_way = other.begin().await.unwrap();
    let newer = "UPDATE homeport.claims SET epoch = 9, kept = 9, member = 'home-2' WHERE slot = 11";
    sqlx::query(newer).execute(&mut *under_way).await.unwrap();
    let mut writing = JoinSet::new();
    let late = store.clone();
    writing.spawn(async move { late.write(&[put_login("alice", 1)]).await });
    waits_for_a_lock(&server).await;
    under_way.commit().await.unwrap();
    let fenced = writing.join_next().await.unwrap().unwrap().unwrap();
    assert_eq!((fenced.len(), fenced[0].slot, fenced[0].epoch), (1, SLOT, 9));
    let alice = store.load_one(&person("alice")).await.unwrap().unwrap();
    assert_eq!(alice.logins, []);
}

#[tokio::test]
async fn somebody_who_is_being_removed_is_not_written_for() {
    let server = Server::start().await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    put_new(&store, "alice").await;
    let mut other = sqlx::PgConnection::connect(&server.config().url).await.unwrap();
    let mut under_way = other.begin().await.unwrap();
    let removal = sqlx::query("DELETE FROM homeport.accounts");
    removal.execute(&mut *under_way).await.unwrap();
    let mut writing = JoinSet::new();
    let late = store.clone();
    writing.spawn(async move { late.write(&one_of_each("alice")).await });
    waits_for_a_lock(&server).await;
    under_way.commit().await.unwrap();
    writing.join_next().await.unwrap().unwrap().unwrap();
    for table in [
        "logins",
        "views",
        "kept_messages",
        "contacts",
        "told",
        "access_lists",
    ] {
        let count = format!("SELECT count(*) FROM homeport.{table}");
        let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
            .fetch_one(&mut other)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn names_with_an_octet_that_the_database_has_not_are_stored_without_it() {
    let server = Server::start().await;
    let store = PostgresStore::open(&server.config()).await.unwrap();
    let mut alice = account("alice");
    alice.display_name = "Alice\0".to_owned();
    store.put_account(&alice, SLOT, Put::New).await.unwrap();
    store
        .write(&[write("alice", Change::PutDisplayName("A\0lice".to_owned()))])
        .await
        .unwrap();
    assert_eq!(store.accounts().await.unwrap()[0].display_name, "A\u{fffd}lice");
}

//! The command `homeport archive` as people and scripts run it, on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "in a test it is an assertion")]

#[path = "../../store/tests/postgres/server.rs"]
#[expect(dead_code, reason = "the tests of the store need more of it")]
mod server;
#[path = "archive/tamper.rs"]
mod tamper;

use rvp::mime::Mime;
use rvp::notification::{MessageKind, compose};
use rvp::{Domain, Identity, MessageId, Principal};
use serde_json::Value;
use server::{PASSWORD, Server};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use store::{ArchiveEntry, Change, Location, PostgresConfig, Write};
use tempfile::TempDir;

/// What a command said and how it ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A store, and how to name it.
struct Place {
    folder: TempDir,
    server: Option<Server>,
}

impl Place {
    fn file() -> Self {
        let (folder, server) = (tempfile::tempdir().unwrap(), None);
        Self { folder, server }
    }

    async fn database() -> Self {
        let (folder, server) = (tempfile::tempdir().unwrap(), Some(Server::start().await));
        let place = Self { folder, server };
        std::fs::write(place.password(), PASSWORD).unwrap();
        let only_ours = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(place.password(), only_ours).unwrap();
        place
    }

    fn password(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("homeport.db")
    }

    fn location(&self) -> Location {
        match &self.server {
            None => Location::Sqlite(self.path()),
            Some(server) => Location::Postgres(PostgresConfig {
                url: server.tcp_url(),
                password: Some(PASSWORD.to_owned()),
            }),
        }
    }

    /// `homeport archive WORDS` about this store.
    fn run(&self, words: &str) -> Ran {
        let mut command = archive(words);
        match &self.server {
            None => command.arg("--data").arg(self.folder.path()),
            Some(server) => command
                .args(["--store", &server.tcp_url(), "--store-password-file"])
                .arg(self.password()),
        };
        ran(&mut command)
    }

    fn lines(&self, words: &str) -> Vec<Value> {
        let ran = self.run(words);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn archive(words: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeport"));
    command
        .arg("archive")
        .args(words.split_whitespace())
        .env_remove("PGPASSWORD");
    command
}

fn ran(command: &mut Command) -> Ran {
    let done = command.output().unwrap();
    Ran {
        code: done.status.code(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

/// An entry of the second of a November day.
fn said(domain: &str, second: u64, (from, to): (&str, &str), text: &str) -> Write {
    let sender = Identity::Person(person(from));
    let mime = Mime {
        kind: MessageKind::Text,
        session_id: String::new(),
        format: None,
        typing_user: None,
        text: text.to_owned(),
    };
    let document = compose(&sender, &[Identity::Person(person(to))], &mime);
    Write {
        principal: person(to),
        slot: 1,
        epoch: 1,
        change: Change::Archive(ArchiveEntry {
            domain: Domain::parse(domain).unwrap(),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_491_200 + second),
            id: MessageId::parse(&format!("m-{second}")).unwrap(),
            from: sender,
            to: person(to),
            document,
        }),
    }
}

/// Five entries of one domain and one of another.
async fn fill(location: &Location) {
    let store = location.open().await.unwrap();
    let ours = "im.example.com";
    let writes = [
        said(ours, 0, ("bob", "alice"), "Hello, alice <&>"),
        said(ours, 1, ("alice", "bob"), "Hello, bob"),
        said(ours, 2, ("dana", "bob"), "three"),
        said(ours, 3, ("bob", "dana"), "four"),
        said(ours, 4, ("bob", "alice"), "five"),
        said("im.example.org", 5, ("maxb", "dana"), "elsewhere"),
    ];
    store.write(&writes).await.unwrap();
    store.close().await;
}

async fn exports(place: &Place) {
    fill(&place.location()).await;
    let all = place.lines("export");
    assert_eq!(all.len(), 6);
    let first = &all[0];
    for (key, value) in [
        ("domain", "im.example.com"),
        ("at", "2026-11-01T00:00:00.000Z"),
        ("id", "m-0"),
        ("from", "http://im.example.com/instmsg/aliases/bob"),
        ("to", "http://im.example.com/instmsg/aliases/alice"),
        ("kind", "text"),
        ("text", "Hello, alice <&>"),
    ] {
        assert_eq!(first[key], value, "{first}");
    }
    assert_eq!(first["number"], 1);
    assert!(
        first["document"].as_str().unwrap().starts_with("<?xml"),
        "{first}"
    );
    assert_eq!(first["hash"].as_str().unwrap().len(), 64);
    let texts = |words: &str| -> Vec<String> {
        let lines = place.lines(words);
        lines
            .iter()
            .map(|line| line["text"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(texts("export --domain im.example.org"), ["elsewhere"]);
    assert_eq!(
        texts("export --person dana@im.example.com"),
        ["three", "four", "elsewhere"]
    );
    let some = "export --since 2026-11-01T00:00:01Z --until 2026-11-01T00:00:03Z";
    assert_eq!(texts(some), ["Hello, bob", "three"]);
    assert_eq!(texts("export --since 2026-11-02"), [""; 0]);
    assert!(place.run("export").err.contains("6 of 6 entries"));
}

#[tokio::test]
async fn what_was_said_is_written_out_line_by_line() {
    exports(&Place::file()).await;
}

#[tokio::test]
async fn what_was_said_is_written_out_of_a_database_too() {
    exports(&Place::database().await).await;
}

fn head_of(place: &Place) -> String {
    let verified: Value = serde_json::from_str(&place.run("verify --json").out).unwrap();
    let head = &verified[0]["head"];
    format!("{}:{}", head["number"], head["hash"].as_str().unwrap())
}

#[tokio::test]
async fn a_sound_archive_is_sound_and_a_head_can_be_written_down() {
    let place = Place::file();
    fill(&place.location()).await;
    let table = place.run("verify");
    assert_eq!(table.code, Some(0), "{}", table.err);
    let [header, ours, theirs] = &table.out.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", table.out);
    };
    assert!(header.starts_with("DOMAIN"), "{header}");
    let cells: Vec<&str> = ours.split_whitespace().collect();
    let head = head_of(&place);
    assert_eq!(cells, ["im.example.com", "5", "0", &head, "sound"]);
    assert!(
        theirs.starts_with("im.example.org") && theirs.ends_with("sound"),
        "{theirs}"
    );

    let checked = |head: &str| place.run(&format!("verify --domain im.example.com --head {head}"));
    assert_eq!(checked(&head).code, Some(0));
    let other = format!("3:{}", head.split_once(':').unwrap().1);
    let refused = checked(&other);
    assert!(
        refused.code == Some(1) && refused.err.contains("entry 3 is not the one"),
        "{}",
        refused.err
    );
    let refused = checked(&other.replacen('3', "6", 1));
    assert!(
        refused.code == Some(1) && refused.err.contains("entry 6 is missing"),
        "{}",
        refused.err
    );

    // What is purged is not missing, and nothing can be said of it.
    let store = place.location().open().await.unwrap();
    let before = SystemTime::UNIX_EPOCH + Duration::from_secs(1_793_491_202);
    let purged = store
        .purge_archive(&Domain::parse("im.example.com").unwrap(), before)
        .await;
    assert_eq!(purged.unwrap(), 2);
    store.close().await;
    assert_eq!(checked(&head).code, Some(0));
    let refused = checked(&other.replacen('3', "1", 1));
    assert!(
        refused.code == Some(1) && refused.err.contains("was purged"),
        "{}",
        refused.err
    );
    let json: Value = serde_json::from_str(&place.run("verify --json").out).unwrap();
    assert_eq!(
        (&json[0]["entries"], &json[0]["anchor"]["number"]),
        (&3.into(), &2.into())
    );
    assert_eq!(
        (&json[0]["sound"], &json[0]["broken"]),
        (&true.into(), &Value::Null)
    );
}

/// A store with the same, but for what somebody did to it.
async fn tampered(place: &Place, deed: impl FnOnce(&mut tamper::Tables)) {
    let honest = Place::file();
    fill(&honest.location()).await;
    tamper::copy(&honest.location(), &place.location(), deed).await;
}

fn found(place: &Place, expected: &str, what: &str, entry: u64) {
    let table = place.run("verify");
    assert_eq!(table.code, Some(1), "{}", table.out);
    assert!(table.out.contains(expected), "{}", table.out);
    let complaint = format!("the archive of im.example.com is not sound: {expected}");
    assert!(table.err.contains(&complaint), "{}", table.err);
    let json = place.run("verify --json");
    let verified: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &verified[0]["sound"]), (Some(1), &false.into()));
    assert_eq!(verified[0]["broken"]["what"], what);
    assert_eq!(verified[0]["broken"]["entry"], entry);
    assert_eq!(verified[1]["sound"], true, "the other is not touched");
}

async fn finds(place: impl AsyncFn() -> Place) {
    let one = place().await;
    tampered(&one, |tables| tables.remove_entry(3)).await;
    found(&one, "entry 3 is missing", "missing", 3);
    let one = place().await;
    tampered(&one, |tables| tables.remove_entry(5)).await;
    found(&one, "entry 5 is missing", "missing", 5);
    let one = place().await;
    tampered(&one, |tables| {
        tables.change_entry(2, "document", "PGZvcmdlZC8+".into())
    })
    .await;
    found(
        &one,
        "entry 2 was changed, or is in another's place",
        "changed",
        2,
    );
    let one = place().await;
    tampered(&one, |tables| tables.swap_entries(2, 4)).await;
    found(
        &one,
        "entry 2 was changed, or is in another's place",
        "changed",
        2,
    );
}

#[tokio::test]
async fn entries_that_are_gone_changed_or_swapped_are_found() {
    finds(async || Place::file()).await;
}

#[tokio::test]
async fn entries_that_are_gone_changed_or_swapped_are_found_in_a_database() {
    finds(async || Place::database().await).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_found_too() {
    let place = Place::file();
    tampered(&place, |tables| tables.change_entry(4, "sender", "\u{7}".into())).await;
    let table = place.run("verify");
    assert_eq!(table.code, Some(1), "{}", table.out);
    assert!(table.err.contains("im.example.com, number 4"), "{}", table.err);
}

#[tokio::test]
async fn whoever_takes_the_head_back_is_found_by_one_that_was_written_down() {
    let (honest, forged) = (Place::file(), Place::file());
    fill(&honest.location()).await;
    let head = head_of(&honest);
    tamper::copy(&honest.location(), &forged.location(), |tables| tables.cut_off(4)).await;
    assert_eq!(
        forged.run("verify").code,
        Some(0),
        "nothing that is left shows it"
    );
    let refused = forged.run(&format!("verify --domain im.example.com --head {head}"));
    assert!(
        refused.code == Some(1) && refused.err.contains("entry 5 is missing, which was written down"),
        "{}",
        refused.err
    );
}

#[tokio::test]
async fn mistakes_say_what_to_write() {
    let place = Place::file();
    fill(&place.location()).await;
    for (words, code, expected) in [
        ("export --since tomorrow", 2, "such as 2026-11-01"),
        (
            "export --since 2026-11-02 --until 2026-11-01",
            2,
            "--until must be later than --since",
        ),
        ("export --person alice", 2, "name@domain"),
        (
            "export --domain im.example.net",
            1,
            "there is one of im.example.com and of im.example.org",
        ),
        ("verify --domain im_/example", 2, "such as im.example.com"),
        ("verify --head 12", 2, "64 hexadecimal digits"),
    ] {
        let refused = place.run(words);
        assert_eq!(refused.code, Some(code), "{words}: {}", refused.err);
        assert!(
            refused.err.contains(expected) && refused.out.is_empty(),
            "{words}: {}",
            refused.err
        );
    }
    let head = head_of(&place);
    let refused = place.run(&format!("verify --head {head}"));
    assert!(
        refused.code == Some(2) && refused.err.contains("say which with --domain"),
        "{}",
        refused.err
    );

    let empty = Place::file();
    let refused = empty.run("verify");
    assert!(
        refused.code == Some(1) && refused.err.contains("has no homeport.db"),
        "{}",
        refused.err
    );
    let store = empty.location().open().await.unwrap();
    store.close().await;
    let nothing = empty.run("verify");
    assert!(
        nothing.code == Some(0) && nothing.err.contains("there is no archive"),
        "{}",
        nothing.err
    );
    assert_eq!(empty.run("verify --json").out.trim(), "[]");
    let refused = ran(archive("verify --store").arg(Path::new("/nowhere/homeport.db")));
    assert!(
        refused.code == Some(1) && refused.err.contains("there is no file"),
        "{}",
        refused.err
    );
}

use super::*;
use clap::Parser;

#[derive(Parser, Debug)]
struct Line {
    #[command(flatten)]
    cluster: Where,
}

fn read(words: &[&str]) -> Result<Where, clap::Error> {
    let words = std::iter::once("homeport").chain(words.iter().copied());
    Line::try_parse_from(words).map(|line| line.cluster)
}

#[test]
fn a_cluster_is_named_in_one_way() {
    for sound in [
        &[][..],
        &["--data", "/srv/im"],
        &["--home", "home-1:7400,home-2:7400"],
        &["--etcd", "http://a:2379,http://b:2379", "--prefix", "/mine"],
        &[
            "--etcd",
            "http://a:2379",
            "--etcd-user",
            "me",
            "--etcd-password-file",
            "p",
        ],
    ] {
        assert!(read(sound).is_ok(), "{sound:?}");
    }
    for wrong in [
        &["--data", "/srv/im", "--home", "home-1:7400"][..],
        &["--home", "home-1:7400", "--etcd", "http://a:2379"],
        &["--data", "x", "--etcd", "http://a:2379"],
        &["--prefix", "/mine"],
        &["--etcd", "http://a:2379", "--etcd-user", "me"],
        &["--etcd", "http://a:2379", "--etcd-ca", "ca.pem"],
        &["--home", "home-1"],
    ] {
        assert!(read(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_next_command_is_told_where_the_cluster_is() {
    for words in [
        &[][..],
        &["--data", "/srv/im"],
        &["--home", "home-1:7400,home-2:7400"],
        &[
            "--etcd",
            "https://a:2379",
            "--prefix",
            "/mine",
            "--etcd-user",
            "me",
            "--etcd-password-file",
            "p",
            "--etcd-ca",
            "ca",
            "--etcd-cert",
            "cert",
            "--etcd-key",
            "key",
        ],
    ] {
        let text = read(words).unwrap().arguments();
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), words);
    }
}

fn causes(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

#[tokio::test]
async fn where_nothing_runs_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let place = read(&["--data", path]).unwrap();
    let said = causes(&place.connect().await.err().unwrap());
    assert!(
        said.contains("nothing runs on") && said.contains("homeport up"),
        "{said}"
    );
    let missing = read(&["--data", "/nonexistent/im"]).unwrap();
    let said = causes(&missing.connect().await.err().unwrap());
    assert!(said.contains("nothing runs on"), "{said}");
}

#[tokio::test]
async fn what_was_killed_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open(folder.path()).unwrap();
    let place = read(&["--data", folder.path().to_str().unwrap()]).unwrap();
    // Nothing listens on the port of `discard`.
    let etcd = vec!["http://127.0.0.1:9".to_owned()];
    let prefix = "/homeport".to_owned();
    let routers = data::Routers::default();
    data.set_running(&Running::Processes {
        etcd,
        prefix,
        routers,
    })
    .unwrap();
    let said = causes(&place.connect().await.err().unwrap());
    for part in ["does not answer", "http://127.0.0.1:9", "homeport up"] {
        assert!(said.contains(part), "{said}");
    }
    let homes = vec!["127.0.0.1:9".parse().unwrap()];
    let routers = data::Routers::default();
    data.set_running(&Running::OneProcess { homes, routers }).unwrap();
    let cluster = place.connect().await.unwrap();
    let said = causes(&cluster.placement().await.err().unwrap());
    assert!(said.contains("no home server answers at 127.0.0.1:9"), "{said}");
    cluster.close().await;
}

#[tokio::test]
async fn settings_of_etcd_that_cannot_be_right_are_told_at_once() {
    for (words, part) in [
        (&["--etcd", "a:2379"][..], "http://HOST:PORT"),
        (&["--etcd", "http://a:2379", "--prefix", "mine"], "prefix"),
        (
            &[
                "--etcd",
                "http://a:2379",
                "--etcd-user",
                "me",
                "--etcd-password-file",
                "/nonexistent",
            ],
            "--etcd-password-file names /nonexistent",
        ),
    ] {
        let said = causes(&read(words).unwrap().connect().await.err().unwrap());
        assert!(said.contains(part), "{said}");
    }
}

use super::*;
use daemon::config::{Environment, parse};
use std::os::unix::fs::PermissionsExt;

const GOOD: &str = "\
name = \"home-1\"
store.sqlite = \"/var/lib/homeport/homeport.db\"
membership.etcd.endpoints = [\"http://etcd-1:2379\"]
";

fn read(text: &str) -> Result<HomeServerSettings, String> {
    let loaded = parse::<HomeServerSettings>("h.toml", text, &Environment::default());
    loaded
        .map(|loaded| loaded.settings)
        .map_err(|mistakes| mistakes.to_string())
}

#[test]
fn what_is_not_set_has_its_default() {
    let config = read(GOOD).unwrap().config();
    assert_eq!(
        (config.name.as_str(), config.zone.as_str(), config.capacity),
        ("home-1", "core", 10_000)
    );
    assert_eq!(
        (config.listen.to_string().as_str(), config.advertise),
        ("127.0.0.1:7400", None)
    );
    assert!(config.shards >= 1);
    let alice = rvp::Principal::from_address("alice@im.example.com").unwrap();
    assert!(
        config.offline.policy_for(&alice).keep,
        "of a domain of which nothing is said"
    );
}

#[test]
fn each_domain_says_what_it_keeps() {
    let sections = "[[offline]]\ndomain = \"im.example.com\"\nkeep = false\n\n\
                    [[offline]]\ndomain = \"IM.example.org\"\ncount = 7\nbytes = \"64KiB\"\nage = \"1h\"\n";
    let config = read(&format!("{GOOD}{sections}")).unwrap().config();
    let policy = |address| {
        let principal = rvp::Principal::from_address(address).unwrap();
        config.offline.policy_for(&principal)
    };
    assert!(!policy("alice@im.example.com").keep);
    let theirs = policy("bob@im.example.org");
    assert_eq!(
        (theirs.keep, theirs.count, theirs.bytes, theirs.age.as_secs()),
        (true, 7, 65_536, 3_600)
    );
}

#[test]
fn each_domain_says_what_it_archives() {
    let sections = "[[archive]]\ndomain = \"IM.example.com\"\n\n\
                    [[archive]]\ndomain = \"im.example.org\"\non = false\nretention = \"48h\"\n";
    let config = read(&format!("{GOOD}{sections}")).unwrap().config();
    let policy = |host| config.archive.0.get(&rvp::Domain::parse(host).unwrap()).copied();
    let on = policy("im.example.com").unwrap();
    assert_eq!((on.on, on.retention), (true, None));
    let off = policy("im.example.org").unwrap();
    assert_eq!((off.on, off.retention.unwrap().as_secs()), (false, 172_800));
    assert_eq!(policy("im.example.net"), None);
    assert!(
        !read(GOOD).unwrap().config().archive.is_on(),
        "nothing unless it is said"
    );
}

#[test]
fn everything_can_be_said() {
    let more = "zone = \"data\"\ncapacity = 9\nshards = 3\nadvertise = \"home-1:7400\"\nlisten.link = \"0.0.0.0:7400\"\n";
    let config = read(&format!("{GOOD}{more}")).unwrap().config();
    assert_eq!(
        (config.zone.as_str(), config.capacity, config.shards),
        ("data", 9, 3)
    );
    assert_eq!(
        (config.listen.to_string().as_str(), config.advertise.as_deref()),
        ("0.0.0.0:7400", Some("home-1:7400"))
    );
}

#[test]
fn what_must_be_set_is_asked_for_at_once() {
    let told = read("").unwrap_err();
    let keys: Vec<&str> = told.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(
        keys,
        ["name", "store.sqlite", "membership.etcd.endpoints"],
        "{told}"
    );
}

#[test]
fn every_mistake_about_what_is_kept_names_its_key() {
    for (wrong, expected) in [
        (
            "offline = [{ count = 1 }]",
            "offline.domain is \"\"; write the host",
        ),
        (
            "offline = [{ domain = \"a.example\" }, { domain = \"A.example\" }]",
            "offline.domain is a.example twice",
        ),
        (
            "offline = [{ domain = \"a.example\", count = 0 }]",
            "offline.count is 0, but must be from 1 to 10000",
        ),
        (
            "offline = [{ domain = \"a.example\", bytes = \"2GiB\" }]",
            "offline.bytes is 2147483648 octets",
        ),
        (
            "offline = [{ domain = \"a.example\", age = \"1s\" }]",
            "offline.age must be from 1m to 8784h",
        ),
        (
            "archive = [{ on = true }]",
            "archive.domain is \"\"; write the host",
        ),
        (
            "archive = [{ domain = \"a.example\" }, { domain = \"A.example\" }]",
            "archive.domain is a.example twice",
        ),
        (
            "archive = [{ domain = \"a.example\", retention = \"59m\" }]",
            "archive.retention must be from 1h to 878400h",
        ),
        ("archive = [{ domain = \"a.example\", keep = true }]", "keep"),
    ] {
        let told = read(&format!("{wrong}\n{GOOD}")).unwrap_err();
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn every_mistake_names_its_key() {
    for (wrong, expected) in [
        ("name = \"Home 1\"", "name is \"Home 1\": member id"),
        ("zone = \"\"", "zone is empty"),
        ("capacity = 0", "capacity is 0, but must be from 1 to 10000"),
        (
            "capacity = 10001",
            "capacity is 10001, but must be from 1 to 10000",
        ),
        ("shards = 0", "shards is 0, but must be from 1 to 256"),
        (
            "advertise = \"home-1\"",
            "advertise is \"home-1\", but must be HOST:PORT",
        ),
        (
            "advertise = \"http://home-1:7400\"",
            "advertise is \"http://home-1:7400\", but must be HOST:PORT",
        ),
        (
            "advertise = \"home-1:0\"",
            "advertise is \"home-1:0\", but must be HOST:PORT",
        ),
        (
            "listen.link = \"0.0.0.0:7400\"",
            "advertise is missing; others cannot reach 0.0.0.0:7400",
        ),
        (
            "listen.link = \"7400\"",
            "listen.link is \"7400\", but must be an address and port",
        ),
        ("store.sqlite = \"\"", "store.sqlite is missing"),
        ("store.mysql = \"x\"", "store.mysql is no setting"),
        (
            "store.postgres = \"postgres://im@db/homeport\"",
            "store.postgres is set beside store.sqlite",
        ),
        (
            "store.password_file = \"/etc/homeport/database\"",
            "store.password_file is set, but store.postgres is not",
        ),
        (
            "membership.etcd.lease_ttl = \"1s\"",
            "membership.etcd.lease_ttl is \"1s\"",
        ),
    ] {
        let key = wrong.split(' ').next().unwrap();
        let rest: String = GOOD
            .lines()
            .filter(|line| !line.starts_with(key))
            .map(|line| format!("{line}\n"))
            .collect();
        let told = read(&format!("{rest}{wrong}\n")).unwrap_err();
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn the_membership_is_told_what_the_file_says() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(file.path(), "sesame\n").unwrap();
    let user = format!(
        "user = \"homes\"\npassword_file = \"{}\"\nlease_ttl = \"8s\"\n",
        file.path().display()
    );
    let text = format!(
        "{}\n",
        GOOD.replace("membership.etcd.endpoints", "[membership.etcd]\nendpoints")
    );
    let etcd = read(&format!("{text}{user}")).unwrap().etcd().unwrap();
    assert!(etcd.validate().is_ok());
    let credentials = etcd.user.unwrap();
    assert_eq!(
        (credentials.user.as_str(), credentials.password.as_str()),
        ("homes", "sesame")
    );
    assert_eq!(etcd.ttl.as_secs(), 8);
}

#[test]
fn a_database_takes_the_place_of_the_file() {
    let database = |line: &str| GOOD.replace("store.sqlite = \"/var/lib/homeport/homeport.db\"", line);
    let sound = database("store.postgres = \"postgres://im@db:5432/homeport?sslmode=verify-full\"");
    let location = read(&sound).unwrap().store.location().unwrap();
    assert_eq!(location.to_string(), "postgres://im@db:5432/homeport");
    for (line, expected) in [
        (
            "store.postgres = \"/var/lib/x.db\"",
            "but must be like \"postgres://",
        ),
        (
            "store.postgres = \"postgres://im:sesame@db/x\"",
            "contains a password",
        ),
        (
            "store.postgres = \"postgres://db/x?password=sesame\"",
            "contains a password",
        ),
    ] {
        let told = read(&database(line)).unwrap_err();
        assert!(told.contains(expected) && !told.contains("sesame"), "{told}");
    }
}

use super::*;
use daemon::config::{Environment, parse};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;

const GOOD: &str = "\
name = \"router-1\"
domains = [\"im.example.com\"]
key_file = \"/run/secrets/router-key\"
membership.etcd.endpoints = [\"http://etcd-1:2379\"]
";

fn read(text: &str, variables: &[(&str, &str)]) -> Result<RouterSettings, String> {
    let all = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
    let loaded = parse::<RouterSettings>("r.toml", text, &Environment::new("HOMEPORT_ROUTER", all));
    loaded
        .map(|loaded| loaded.settings)
        .map_err(|mistakes| mistakes.to_string())
}

#[test]
fn defaults_are_those_of_a_listener_that_everybody_reaches() {
    let settings = read(GOOD, &[]).unwrap();
    assert_eq!(settings.listen.rvp.0.to_string(), "0.0.0.0:8080");
    assert_eq!(settings.call_backs, Policy::Off);
    assert_eq!(settings.schemes, [Scheme::Ntlm, Scheme::Digest]);
    assert_eq!(settings.limits.connections, 20_000);
    assert_eq!(
        settings.listen.trust,
        Trust::Inside,
        "until somebody says otherwise"
    );
    assert_eq!(settings.tls, TlsSection::default());
}

#[test]
fn everything_can_be_said() {
    let more = "schemes = [\"digest\"]\ncall_backs = [\"10.0.0.0/8\", \"fd00::/8\"]\n[listen]\nrvp = \"[::]:80\"\n\
        [limits]\nconnections = 5\n";
    let settings = read(&format!("{GOOD}{more}"), &[]).unwrap();
    assert_eq!(settings.schemes, [Scheme::Digest]);
    let ranges = vec![("10.0.0.0".parse().unwrap(), 8), ("fd00::".parse().unwrap(), 8)];
    assert_eq!(settings.call_backs, Policy::Ranges(ranges));
    assert_eq!(
        (
            settings.listen.rvp.0.to_string().as_str(),
            settings.limits.connections
        ),
        ("[::]:80", 5)
    );
}

#[test]
fn the_environment_can_say_lists_and_ranges() {
    let variables = [
        ("HOMEPORT_ROUTER__DOMAINS", "im.example.com,im.example.org"),
        ("HOMEPORT_ROUTER__SCHEMES", "ntlm"),
        ("HOMEPORT_ROUTER__CALL_BACKS", "10.0.0.0/8, 192.0.2.7/32"),
        ("HOMEPORT_ROUTER__LISTEN__RVP", "127.0.0.1:81"),
    ];
    let settings = read(GOOD, &variables).unwrap();
    assert_eq!(settings.domains, ["im.example.com", "im.example.org"]);
    assert_eq!(settings.schemes, [Scheme::Ntlm]);
    assert!(matches!(&settings.call_backs, Policy::Ranges(ranges) if ranges.len() == 2));
    assert_eq!(settings.listen.rvp.0.port(), 81);
}

#[test]
fn what_must_be_set_is_asked_for_at_once() {
    let told = read("", &[]).unwrap_err();
    let keys: Vec<&str> = told.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(
        keys,
        ["name", "domains", "key_file", "membership.etcd.endpoints"],
        "{told}"
    );
}

#[test]
fn every_mistake_names_its_key() {
    for (wrong, expected) in [
        ("name = \"Router 1\"", "name is \"Router 1\", but must be"),
        ("domains = []", "domains is missing"),
        (
            "domains = [\"not a host\"]",
            "domains has \"not a host\", which is no host name",
        ),
        ("schemes = []", "schemes is empty"),
        (
            "schemes = [\"basic\"]",
            "schemes has an item that is \"basic\", but must be \"ntlm\" or \"digest\"",
        ),
        (
            "call_backs = \"on\"",
            "call_backs is \"on\", but must be \"off\", \"peer\" or a list",
        ),
        ("call_backs = []", "call_backs is an empty list"),
        (
            "call_backs = [\"10.1.0.0/8\"]",
            "call_backs is \"10.1.0.0/8\", but must be",
        ),
        (
            "call_backs = [\"10.0.0.0/33\"]",
            "call_backs is \"10.0.0.0/33\", but must be",
        ),
        ("call_backs = true", "call_backs is true, but must be"),
        (
            "limits.connections = 0",
            "limits.connections is 0, but must be from 1 to 20000",
        ),
        (
            "limits.connections = 20001",
            "limits.connections is 20001, but must be from 1 to 20000",
        ),
        ("listen.rpv = \"0.0.0.0:80\"", "listen.rpv is no setting"),
        (
            "membership.etcd.prefix = \"im\"",
            "membership.etcd.prefix is \"im\"",
        ),
    ] {
        let key = wrong.split(' ').next().unwrap();
        let rest: String = GOOD
            .lines()
            .filter(|line| !line.starts_with(key))
            .map(|line| format!("{line}\n"))
            .collect();
        let told = read(&format!("{rest}{wrong}\n"), &[]).unwrap_err();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 1, "{told}");
        assert!(lines[0].contains(expected), "{expected} in {told}");
    }
}

#[test]
fn mistakes_about_tls_say_what_to_write() {
    for (wrong, expected) in [
        (
            "listen.trust = \"some\"",
            "listen.trust is \"some\", but must be \"none\" or \"inside\"",
        ),
        (
            "listen.trust = \"none\"",
            "tls is missing, and listen.trust is \"none\": what strangers reach must speak TLS; write",
        ),
        (
            "listen.proxies = [\"10.0.1.5/28\"]",
            "listen.proxies has \"10.0.1.5/28\"; write addresses, \"10.0.1.5\", or ranges",
        ),
        (
            "listen.trust = \"none\"\nlisten.proxies = [\"0.0.0.0/0\"]",
            "listen.proxies has \"0.0.0.0/0\"; write addresses",
        ),
        (
            "tls.certificate = \"router.pem\"",
            "tls.key is missing; write the path of the certificate's key",
        ),
        (
            "tls.key = \"router.key\"",
            "tls.certificate is missing; write the path of the key's certificate",
        ),
    ] {
        let told = read(&format!("{GOOD}{wrong}\n"), &[]).unwrap_err();
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains(expected), "{expected} in {told}");
    }
}

#[test]
fn strangers_are_not_called_back() {
    let strangers = "tls.certificate = \"pem\"\ntls.key = \"key\"\nlisten.trust = \"none\"\n";
    let settings = read(&format!("{GOOD}{strangers}"), &[]).unwrap();
    assert_eq!(settings.listen.trust, Trust::None);
    let told = read(&format!("{GOOD}{strangers}call_backs = \"peer\"\n"), &[]).unwrap_err();
    let expected = "call_backs must be \"off\" where listen.trust is \"none\"";
    assert!(told.contains(expected), "{told}");
    let told = read(
        &format!("{GOOD}listen.trust = \"none\"\ncall_backs = \"peer\"\n"),
        &[],
    );
    assert_eq!(told.unwrap_err().lines().count(), 2, "both at once");
}

#[test]
fn strangers_may_come_by_a_proxy_that_ends_tls() {
    let proxy = "listen.trust = \"none\"\nlisten.proxies = [\"10.0.1.5\", \"10.0.2.0/28\"]\n";
    let settings = read(&format!("{GOOD}{proxy}"), &[]).unwrap();
    assert_eq!(settings.listen.proxies, ["10.0.1.5", "10.0.2.0/28"]);
    let told = read(&format!("{GOOD}{proxy}call_backs = \"peer\"\n"), &[]).unwrap_err();
    assert!(told.contains("call_backs must be \"off\""), "{told}");
}

#[test]
fn settings_are_printed_as_they_are_written() {
    let text = format!("{GOOD}call_backs = [\"10.0.0.0/8\"]\nschemes = [\"digest\"]\n");
    let loaded = parse::<RouterSettings>("r.toml", &text, &Environment::default()).unwrap();
    let again = read(&loaded.print().unwrap(), &[]).unwrap();
    assert_eq!(loaded.settings, again);
}

#[test]
fn the_key_is_64_hexadecimal_digits_in_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = RouterSettings {
        key_file: SecretFile::new(file.path()),
        ..read(GOOD, &[]).unwrap()
    };
    std::fs::write(file.path(), format!("{}0F\n", "00".repeat(31))).unwrap();
    let mut key = [0; 32];
    key[31] = 15;
    assert_eq!(settings.config().unwrap().key, key);
    for bad in [
        "00",
        &"0".repeat(63),
        &"0".repeat(65),
        &"g".repeat(64),
        &"é".repeat(32),
    ] {
        std::fs::write(file.path(), bad).unwrap();
        assert!(matches!(settings.config(), Err(SettingsError::Key)), "{bad}");
    }
}

#[test]
fn the_membership_is_told_what_the_file_says() {
    let etcd = read(GOOD, &[]).unwrap().etcd().unwrap();
    assert!(etcd.validate().is_ok());
    assert_eq!(
        (etcd.endpoints.len(), etcd.prefix.as_str(), etcd.ttl.as_secs()),
        (1, "/homeport", 3)
    );
    assert!(etcd.user.is_none() && etcd.tls.is_none());
    let secure =
        "ca_file = \"ca\"\ncert_file = \"cert\"\nkey_file = \"key\"\nendpoints = [\"https://etcd-1:2379\"]\n";
    let text = GOOD.replace(
        "membership.etcd.endpoints = [\"http://etcd-1:2379\"]",
        "[membership.etcd]",
    );
    let etcd = read(&format!("{text}{secure}"), &[]).unwrap().etcd().unwrap();
    assert!(etcd.validate().is_ok());
    assert_eq!(etcd.tls.unwrap().key.to_str(), Some("key"));
}

//! The version of the links' contract is written twice, since neither crate may name the other.

#[test]
fn members_and_links_say_the_same_version_of_the_contract() {
    assert_eq!(proto::PROTOCOL, membership::PROTOCOL_VERSION);
}

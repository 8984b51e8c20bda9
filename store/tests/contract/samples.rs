//! Accounts and belongings to test with.

use rvp::access::{Credentials, Entry, Right, Who};
use rvp::notification::AckType;
use rvp::{
    AccessList, AttachmentId, Credential, Identity, MessageId, PresenceState, Principal, Reach,
    SubscriptionId, ViewId,
};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use store::{
    Account, Change, Claim, Contact, DigestSecret, Durable, KeptHeader, KeptMessage, LegacySecrets, Login,
    PropertySubscription, Put, ScramVerifier, Secrets, Store, View, Write,
};

pub(crate) fn person(name: &str) -> Principal {
    Principal::from_address(&format!("{name}@im.example.com")).unwrap()
}

/// An account with secrets that are nobody's, because deriving real ones takes long.
pub(crate) fn account(name: &str) -> Account {
    let fill = name.as_bytes()[0];
    Account {
        principal: person(name),
        display_name: format!("{name} of Example"),
        email: format!("{name}@example.com"),
        disabled: false,
        secrets: Secrets {
            scram: ScramVerifier {
                salt: [fill; 16],
                iterations: 4096,
                stored_key: [1; 32],
                server_key: [2; 32],
            },
            legacy: None,
        },
    }
}

pub(crate) fn legacy() -> LegacySecrets {
    let secret = |username: &str, ha1| DigestSecret {
        username: username.to_owned(),
        ha1: [ha1; 16],
    };
    // Not in alphabetical order, so that a store that sorts is found out.
    LegacySecrets {
        nt_hash: [7; 16],
        digest: vec![secret("zoe", 1), secret(r"EXAMPLE\zoe", 2), secret("a", 3)],
    }
}

/// The slot of every account that does not say otherwise.
pub(crate) const SLOT: u16 = 11;

/// The epoch of every write and claim that does not say otherwise.
pub(crate) const EPOCH: u64 = 3;

pub(crate) fn claim(member: &str, epoch: u64) -> Claim {
    Claim {
        member: member.to_owned(),
        epoch,
        at: at(epoch),
    }
}

/// Everybody in these slots, as their home finds them.
pub(crate) async fn people(store: &dyn Store, slots: &[u16]) -> Vec<Durable> {
    store.claim(&claim("home-1", EPOCH), slots).await.unwrap()
}

pub(crate) async fn put_new(store: &dyn Store, name: &str) -> Account {
    let account = account(name);
    store.put_account(&account, SLOT, Put::New).await.unwrap();
    account
}

pub(crate) fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(1_785_000_000_000 + millis)
}

pub(crate) fn id(number: u32) -> SubscriptionId {
    SubscriptionId::new(number).unwrap()
}

pub(crate) fn login(number: u32) -> Login {
    // Each second one holds a connection open.
    let reach = if number.is_multiple_of(2) {
        Reach::Attachment(AttachmentId::new(u128::MAX - u128::from(number)))
    } else {
        Reach::parse(&format!("http://192.0.2.10:{}/", 40_000 + number)).unwrap()
    };
    Login {
        id: id(number),
        reach,
        router: "inside".to_owned(),
        ends: at(number.into()),
    }
}

pub(crate) fn view(number: u32) -> View {
    View {
        id: ViewId::new(number).unwrap(),
        login: Some(id(number)),
        state: PresenceState::OnPhone,
        default: PresenceState::Offline,
        changed: at(5),
        ends: Some(at(number.into())),
    }
}

pub(crate) fn subscription(number: u32, watcher: &str) -> PropertySubscription {
    let watcher = person(watcher);
    let subscriber = Identity::Person(watcher.clone());
    PropertySubscription {
        id: id(number),
        watcher,
        subscriber,
        ends: at(number.into()),
    }
}

/// A message of bob, with a document of its own.
pub(crate) fn kept_message(number: u64) -> KeptMessage {
    KeptMessage {
        number,
        id: MessageId::parse(&format!("bob-{number}")).unwrap(),
        from: Identity::Person(person("bob")),
        ack: AckType::DeepOr,
        document: format!("<message number='{number}'/>").into(),
        accepted: at(number),
    }
}

/// What is known of it while it waits.
pub(crate) fn kept_header(number: u64) -> KeptHeader {
    let message = kept_message(number);
    KeptHeader {
        number,
        bytes: message.document.len().try_into().unwrap(),
        id: message.id,
        from: message.from,
        accepted: message.accepted,
        taken: None,
    }
}

pub(crate) fn contact(name: &str) -> Contact {
    Contact {
        principal: person(name),
        name: format!("{name}, whom I know"),
        group: "Friends".to_owned(),
    }
}

/// A list that lets one person see presence and refuses everything to somebody else.
pub(crate) fn access(friend: &str) -> AccessList {
    let entry = |who, grant: &[Right], deny: &[Right]| Entry {
        who,
        credentials: Credentials::Listed(BTreeSet::from([Credential::Digest, Credential::Ntlm])),
        grant: grant.iter().copied().collect(),
        deny: deny.iter().copied().collect(),
    };
    let friend = Who::One(Identity::Person(person(friend)));
    AccessList {
        entries: vec![
            entry(friend, &[Right::Presence, Right::SendTo], &[]),
            entry(Who::All, &[Right::Read], &[Right::Presence]),
        ],
    }
}

pub(crate) fn write(name: &str, change: Change) -> Write {
    Write {
        principal: person(name),
        slot: SLOT,
        epoch: EPOCH,
        change,
    }
}

pub(crate) fn put_login(name: &str, number: u32) -> Write {
    write(name, Change::PutLogin(login(number)))
}

/// One of each that can belong to a person.
pub(crate) fn one_of_each(name: &str) -> Vec<Write> {
    vec![
        put_login(name, 1),
        write(name, Change::PutView(view(1))),
        write(name, Change::PutSubscription(subscription(2, "bob"))),
        write(name, Change::PutAccess(access("bob"))),
        write(name, Change::PutTold(PresenceState::OnPhone)),
        write(name, Change::PutMessage(kept_message(1))),
        write(name, Change::PutContacts(vec![contact("bob"), contact("al")])),
    ]
}

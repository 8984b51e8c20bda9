//! What is written.

use super::Failed;
use rvp::notification::AckType;
use rvp::{Identity, MessageId, Principal, Reach, SubscriptionId};
use std::time::{Duration, SystemTime};
use store::{
    Account, Change, Claim, KeptMessage, Login, PropertySubscription, Put, ScramVerifier, Secrets, Store,
    Write,
};

/// People who are written for.
pub(crate) const PEOPLE: u32 = 10_000;

/// Octets of a message: a short text in the document of an old client.
const MESSAGE_BYTES: usize = 700;

/// What is written.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Property subscriptions, as in a log-on storm.
    Subscriptions,
    /// The same again with other ends, each waited for.
    Renewals,
    /// Messages for people who are not there.
    Messages,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Subscriptions => "subscriptions",
            Self::Renewals => "renewals",
            Self::Messages => "messages",
        }
    }
}

fn person(number: u32) -> Result<Principal, rvp::ParseError> {
    Principal::from_address(&format!("person{number}@im.example.com"))
}

/// Nearly everybody has a slot of their own.
fn slot(number: u32) -> Result<u16, std::num::TryFromIntError> {
    u16::try_from(number * 3 / 2)
}

pub(crate) fn all_slots() -> Vec<u16> {
    (0..16_384).collect()
}

/// One write.
pub(crate) fn write(kind: Kind, number: u32) -> Result<Write, Failed> {
    let change = match kind {
        Kind::Subscriptions => subscription(number, Duration::from_secs(60))?,
        Kind::Renewals => subscription(number, Duration::from_secs(120))?,
        Kind::Messages => Change::PutMessage(message(number)?),
    };
    Ok(Write {
        principal: person(number % PEOPLE)?,
        slot: slot(number % PEOPLE)?,
        epoch: 1,
        change,
    })
}

/// A log-on.
pub(crate) fn login(number: u32) -> Result<Write, Failed> {
    let person = number % PEOPLE;
    Ok(Write {
        principal: self::person(person)?,
        slot: slot(person)?,
        epoch: 1,
        change: Change::PutLogin(Login {
            id: SubscriptionId::new(number + 1).ok_or("a number from 1")?,
            reach: Reach::parse(&format!("http://10.0.0.1:5000/{person}"))?,
            router: "router-1".to_owned(),
            ends: SystemTime::UNIX_EPOCH + Duration::from_secs(60),
        }),
    })
}

fn subscription(number: u32, ends: Duration) -> Result<Change, Failed> {
    let watcher = person(number.wrapping_mul(7919) % PEOPLE)?;
    Ok(Change::PutSubscription(PropertySubscription {
        id: SubscriptionId::new(number + 1).ok_or("a number from 1")?,
        subscriber: Identity::Person(watcher.clone()),
        watcher,
        ends: SystemTime::UNIX_EPOCH + ends,
    }))
}

fn message(number: u32) -> Result<KeptMessage, Failed> {
    Ok(KeptMessage {
        number: (number / PEOPLE + 1).into(),
        id: MessageId::parse(&format!("0190c2a4-77d1-7d3e-a55c-{number:012}"))?,
        from: Identity::Person(person(number.wrapping_mul(7919) % PEOPLE)?),
        ack: AckType::DeepOr,
        document: vec![b'x'; MESSAGE_BYTES].into(),
        accepted: SystemTime::UNIX_EPOCH,
    })
}

/// Makes everybody's account, and claims their slots.
pub(crate) async fn fill(store: &dyn Store) -> Result<Claim, Failed> {
    let scram = ScramVerifier {
        salt: [0; 16],
        iterations: 4096,
        stored_key: [0; 32],
        server_key: [0; 32],
    };
    for number in 0..PEOPLE {
        let account = Account {
            principal: person(number)?,
            display_name: format!("Person {number}"),
            email: format!("person{number}@example.com"),
            disabled: false,
            secrets: Secrets {
                scram: scram.clone(),
                legacy: None,
            },
        };
        store.put_account(&account, slot(number)?, Put::New).await?;
    }
    let claim = Claim {
        member: "home-1".to_owned(),
        epoch: 1,
        at: SystemTime::UNIX_EPOCH,
    };
    store.claim(&claim, &all_slots()).await?;
    Ok(claim)
}

/// Removes all messages, so that each measurement begins without.
pub(crate) async fn forget_messages(store: &dyn Store) -> Result<(), Failed> {
    let mut writes = Vec::new();
    for number in 0..PEOPLE {
        writes.push(Write {
            principal: person(number)?,
            slot: slot(number)?,
            epoch: 1,
            change: Change::ForgetMessages((1..=10).collect()),
        });
    }
    store.write(&writes).await?;
    Ok(())
}

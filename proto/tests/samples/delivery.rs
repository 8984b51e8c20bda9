//! A message on its way to a client, as a home hands it to a router.

use proto::{Call, CallId, ClientLogin, DeliverMessage, Op};
use rvp::notification::AckType;
use rvp::{Identity, MessageId, Principal, Reach, SubscriptionId};
use std::time::Duration;

pub(crate) fn delivery() -> Call {
    let person = |address| Principal::from_address(address).unwrap();
    Call {
        deadline: Duration::from_secs(20),
        epoch: 7,
        trace: None,
        op: Op::DeliverMessage(DeliverMessage {
            login: ClientLogin {
                principal: person("bob@im.example.com"),
                login: SubscriptionId::new(1).unwrap(),
                reach: Reach::parse("http://10.0.0.1:5000/").unwrap(),
            },
            from: Identity::Person(person("alice@im.example.com")),
            ack: AckType::DeepOr,
            hop: 2,
            document: vec![b'x'; 600].into(),
            id: Some(MessageId::parse("0190c2a4-77d1-7d3e-a55c-000000000001").unwrap()),
            attempt: 1,
            probe: false,
            asked_by: CallId::of(12),
        }),
    }
}

use super::super::doing::Doing;
use crate::delivery::tests::{Home, person};
use crate::shards::Ask;
use proto::{Answer, Refusal};
use rvp::Fault;
use store::Error;
use tokio::sync::oneshot;

type Answered = oneshot::Receiver<Result<Answer, Refusal>>;

/// Somebody about whom the store must be asked.
fn asked(home: &mut Home, name: &str) -> Answered {
    let (reply, answered) = oneshot::channel();
    let principal = person(name);
    home.shard.ask(Ask::ScramSalt { principal, reply });
    answered
}

/// What is answered when what is under way has been finished.
async fn answer(home: &mut Home, mut answered: Answered) -> Result<Answer, Refusal> {
    loop {
        if let Ok(answer) = answered.try_recv() {
            return answer;
        }
        let done = home.shard.doing.next().await.unwrap();
        home.shard.done(done);
    }
}

#[tokio::test]
async fn one_who_cannot_be_read_keeps_nobody_else_out() {
    let mut home = Home::begin().await;
    home.put_account("alice").await;
    let first = asked(&mut home, "nobody");
    let (alice, bob) = (asked(&mut home, "alice"), asked(&mut home, "bob"));
    assert_eq!(answer(&mut home, first).await, Err(Fault::Unauthenticated.into()));
    // Both are being read; what is there of one of them cannot be.
    let unreadable = Error::Unreadable {
        what: "access list",
        of: "bob".to_owned(),
    };
    home.shard.doing = Doing::default();
    let both = vec![person("alice"), person("bob")];
    home.shard.loaded(both, Err(unreadable.clone()));
    let salt = answer(&mut home, alice).await;
    assert!(matches!(salt, Ok(Answer::ScramSalt(_))), "{salt:?}");
    // He is being read alone.
    home.shard.doing = Doing::default();
    home.shard.loaded(vec![person("bob")], Err(unreadable));
    assert_eq!(answer(&mut home, bob).await, Err(Fault::Unavailable.into()));
}

#[tokio::test]
async fn all_who_wait_hear_at_once_that_the_store_is_away() {
    let mut home = Home::begin().await;
    let first = asked(&mut home, "alice");
    let second = asked(&mut home, "bob");
    home.shard.doing = Doing::default();
    home.shard.loaded(vec![person("alice")], Err(Error::Stopped));
    assert_eq!(first.await.unwrap(), Err(Fault::Unavailable.into()));
    assert_eq!(second.await.unwrap(), Err(Fault::Unavailable.into()));
}

//! An end answers a call of its own itself, and the other end does not answer it any more.

use crate::pipe::lock;
use crate::raw;
use crate::stage::{End, Stage, call, echoed, message};
use proto::{Answer, Asker, Call, CallId, Op, PROTOCOL};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What a router's callers are told by itself.
const TOLD: u64 = 1_000;

/// A home that hands on what it is asked, by the same link, and then answers what nobody is to hear.
fn home(ended: Arc<Mutex<Vec<u64>>>) -> Arc<End> {
    End::asked(move |asker: Asker, asked: Call| {
        let ended = Arc::clone(&ended);
        async move {
            let link = asker.link().clone();
            let mut handed = message(asked.epoch, 100);
            if let Op::DeliverMessage(message) = &mut handed.op {
                message.asked_by = asker.call_on(&link);
            }
            if link.call(handed).await == Ok(Ok(Answer::Told)) {
                asker.was_told();
            }
            lock(&ended).push(asked.epoch);
            echoed(asked.epoch)
        }
    })
}

/// A router that answers its own calls as soon as it sees what they come to.
fn router() -> Arc<End> {
    End::asked(|asker: Asker, asked: Call| async move {
        let asked_by = asked_by(&asked).expect("it says which call it follows from");
        let told = asker.link().tell(asked_by, echoed(TOLD + asked.epoch));
        assert!(told, "somebody waits");
        Ok(Answer::Told)
    })
}

fn asked_by(call: &Call) -> Option<CallId> {
    let Op::DeliverMessage(message) = &call.op else {
        panic!("{} is not a message", call.op.name());
    };
    message.asked_by
}

#[tokio::test]
async fn whoever_was_told_by_its_own_end_is_answered_once() {
    let ended = Arc::default();
    let stage = Stage::new(home(Arc::clone(&ended)), router());
    let link = stage.link().await;
    for number in 1..=100 {
        assert_eq!(link.call(call(number)).await, Ok(echoed(TOLD + number)));
    }
    // An answer of the home to one of these would be taken for that to another.
    let together = (101..=200).map(|number| link.call(call(number)));
    for (number, answer) in (101..).zip(futures_util::future::join_all(together).await) {
        assert_eq!(answer, Ok(echoed(TOLD + number)));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(*lock(&ended), Vec::from_iter(1..=200), "the home hears of each");
}

#[tokio::test(start_paused = true)]
async fn that_somebody_was_told_waits_for_another_frame_but_not_long() {
    let home = End::silent();
    let router = End::asked(|_, asked: Call| async move {
        if asked.epoch == 0 {
            Ok(Answer::Told)
        } else {
            Ok(Answer::Done)
        }
    });
    let stage = Stage::new(Arc::clone(&home), router);
    let _link = stage.link().await;
    let link = home.link().await;
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(link.call(call(0)).await, Ok(Ok(Answer::Told)));
        let waited = began.elapsed();
        let range = Duration::from_millis(10)..=Duration::from_millis(15);
        assert!(range.contains(&waited), "{waited:?}");
    }
    let began = Instant::now();
    let (told, done) = tokio::join!(link.call(call(0)), link.call(call(1)));
    assert_eq!((told, done), (Ok(Ok(Answer::Told)), Ok(Ok(Answer::Done))));
    assert_eq!(began.elapsed(), Duration::ZERO, "it went with the other");
}

#[tokio::test]
async fn nobody_is_told_who_does_not_wait_any_more() {
    let (known, knows) = oneshot::channel();
    let known = Mutex::new(Some(known));
    let router = End::asked(move |asker: Asker, asked: Call| {
        let told = asker.link().tell(asked_by(&asked).unwrap(), Ok(Answer::Done));
        if let Some(known) = lock(&known).take() {
            known.send(told).unwrap();
        }
        async { Ok(Answer::Done) }
    });
    let home = End::asked(|asker: Asker, asked: Call| async move {
        let link = asker.link().clone();
        let mut handed = message(asked.epoch, 100);
        if let Op::DeliverMessage(message) = &mut handed.op {
            message.asked_by = CallId::of(4_711);
        }
        drop(link.call(handed).await);
        echoed(asked.epoch)
    });
    let stage = Stage::new(home, router);
    let answer = stage.link().await.call(call(7)).await;
    assert_eq!(answer, Ok(echoed(7)), "the home answers as ever");
    assert!(!knows.await.unwrap());
}

#[tokio::test]
async fn a_call_has_no_number_on_another_link() {
    let other = Stage::new(End::echo(), End::silent());
    let others = other.link().await;
    let (known, knows) = oneshot::channel();
    let known = Mutex::new(Some(known));
    let home = End::asked(move |asker: Asker, _| {
        let numbers = (
            asker.call_on(asker.link()).is_some(),
            asker.call_on(&others).is_some(),
        );
        if let Some(known) = lock(&known).take() {
            known.send(numbers).unwrap();
        }
        async { Ok(Answer::Done) }
    });
    let stage = Stage::new(home, End::silent());
    stage.link().await.call(call(1)).await.unwrap().unwrap();
    assert_eq!(knows.await.unwrap(), (true, false));
}

/// A peer that is not ours sees every frame.
#[tokio::test]
async fn what_is_known_is_not_sent() {
    let ended = Arc::default();
    let stage = Stage::new(home(Arc::clone(&ended)), End::silent());
    let mut peer = raw::open(&stage.pipes, "home:7070", Some(raw::hello(PROTOCOL)))
        .await
        .unwrap();
    assert_eq!(peer.hear().await.map(|hello| hello.len()), Some(1));
    for (mine, told) in [(11, Ok(Answer::Told)), (12, Ok(Answer::Done))] {
        peer.say(raw::asking(mine, call(mine))).await;
        let frames = peer.hear().await.unwrap();
        assert_eq!(frames.len(), 1, "{frames:?}");
        assert_eq!(raw::number(&frames[0]), Some(mine), "it hands it on");
        peer.say(raw::answering(frames[0].id, told)).await;
    }
    let frames = peer.hear().await.unwrap();
    let answers: Vec<_> = frames.iter().filter_map(raw::answer).collect();
    assert_eq!(answers, [(12, echoed(12))], "only who was not told");
    assert_eq!(*lock(&ended), [11, 12], "both have ended");
}

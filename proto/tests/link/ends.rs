//! A link ends once, at both ends, and nobody waits for what cannot come.

use crate::pipe::Fate;
use crate::raw;
use crate::stage::{BOUND, End, Stage, call, echoed, ended, reaches, settled, spawn};
use proto::link::Error;
use proto::{Link, PROTOCOL};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

type Called = Result<Result<proto::Answer, proto::Refusal>, Error>;

/// An end that serves without end, a level that says how many calls it serves now, and one that says how
/// many it ever began.
fn serving() -> (Arc<End>, Arc<watch::Sender<usize>>, Arc<watch::Sender<usize>>) {
    let (now, ever) = (Arc::new(watch::Sender::new(0)), Arc::new(watch::Sender::new(0)));
    let levels = (Arc::clone(&now), Arc::clone(&ever));
    let end = End::new(move |_, _| {
        let (now, ever) = levels.clone();
        async move {
            let _serving = Serving::new(now);
            ever.send_modify(|ever| *ever += 1);
            std::future::pending().await
        }
    });
    (end, now, ever)
}

struct Serving(Arc<watch::Sender<usize>>);

impl Serving {
    fn new(now: Arc<watch::Sender<usize>>) -> Self {
        now.send_modify(|now| *now += 1);
        Self(now)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.send_modify(|now| *now -= 1);
    }
}

fn calling(link: &Link, number: u64) -> JoinHandle<Called> {
    let link = link.clone();
    spawn(async move { link.call(call(number)).await })
}

async fn falls_to_zero(level: &watch::Sender<usize>) {
    let mut level = level.subscribe();
    let zero = level.wait_for(|now| *now == 0);
    let zero = tokio::time::timeout(BOUND, zero).await.expect("it falls in time");
    drop(zero.expect("the level is still there"));
}

/// A stage whose both ends serve one call without end.
async fn stage_with_open_calls() -> (Stage, [Arc<End>; 2], [Link; 2], [JoinHandle<Called>; 2]) {
    let ((home, _, home_served), (router, _, router_served)) = (serving(), serving());
    let stage = Stage::new(Arc::clone(&home), Arc::clone(&router));
    let links = [stage.link().await, home.link().await];
    let calls = [calling(&links[0], 1), calling(&links[1], 2)];
    reaches(&home_served, 1).await;
    reaches(&router_served, 1).await;
    (stage, [home, router], links, calls)
}

#[tokio::test(start_paused = true)]
async fn when_the_other_end_dies_open_calls_are_lost_at_once() {
    let (stage, ends, links, calls) = stage_with_open_calls().await;
    let died = Instant::now();
    stage.pipes.meet(Fate::Dead);
    let [at_router, at_home] = calls;
    assert_eq!(ended(at_router).await, Err(Error::Lost("home".into())));
    assert_eq!(ended(at_home).await, Err(Error::Lost("router".into())));
    for (end, link) in ends.iter().zip(&links) {
        reaches(&end.closed, 1).await;
        assert!(link.is_closed());
    }
    assert_eq!(died.elapsed(), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_the_other_end_hung_up_is_answered() {
    const CALLS: usize = 200;
    for _ in 0..50 {
        let stage = Stage::new(End::silent(), End::silent());
        let mut streams = raw::home(&stage.pipes, "quiet:1");
        let links = stage.links.clone();
        let calling = spawn(async move {
            let link = links.to("quiet:1").await.unwrap();
            let answers =
                futures_util::future::join_all((0..).take(CALLS).map(|number| link.call(call(number))));
            (answers.await, link)
        });
        let mut home = streams.recv().await.expect("a stream");
        home.hear().await.expect("its hello");
        home.say(raw::hello(PROTOCOL)).await;
        let mut answered = 0;
        while answered < CALLS {
            for frame in home.hear().await.expect("more calls") {
                answered += 1;
                let number = raw::number(&frame).unwrap();
                home.say(raw::answering(frame.id, echoed(number))).await;
            }
        }
        drop(home);
        let (answers, _link) = ended(calling).await;
        for (number, answer) in (0..).zip(answers) {
            assert_eq!(answer, Ok(echoed(number)));
        }
    }
}

#[tokio::test]
async fn a_call_on_a_link_that_has_ended_is_lost_at_once() {
    let (_stage, _ends, links, _calls) = stage_with_open_calls().await;
    links[0].hang_up();
    assert_eq!(links[0].call(call(3)).await, Err(Error::Lost("home".into())));
    assert_eq!(
        links[0].call(crate::stage::change(4)).await,
        Err(Error::Lost("home".into()))
    );
}

#[tokio::test]
async fn a_lost_link_is_opened_again() {
    let home = End::echo();
    let stage = Stage::new(Arc::clone(&home), End::silent());
    let first = stage.link().await;
    stage.pipes.meet(Fate::Dead);
    reaches(&home.closed, 1).await;
    let mut closed = first.call(call(1)).await;
    while closed.is_ok() {
        closed = first.call(call(1)).await;
    }
    let second = stage.link().await;
    assert!(!second.is_same(&first));
    assert_eq!(second.call(call(2)).await, Ok(echoed(2)));
    assert_eq!(*stage.pipes.tries().borrow(), 2);
}

#[tokio::test(start_paused = true)]
async fn hanging_up_ends_the_link_at_both_ends() {
    for who in 0..2 {
        let (_stage, ends, links, calls) = stage_with_open_calls().await;
        links[who].hang_up();
        for call in calls {
            assert!(matches!(ended(call).await, Err(Error::Lost(_))));
        }
        for (end, link) in ends.iter().zip(&links) {
            reaches(&end.closed, 1).await;
            assert!(link.is_closed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn both_ends_are_told_once_that_a_link_opened_and_once_that_it_closed() {
    let (stage, ends, links, _calls) = stage_with_open_calls().await;
    links[0].hang_up();
    links[0].hang_up();
    links[1].hang_up();
    stage.pipes.meet(Fate::Dead);
    stage.home_tasks.abort();
    stage.router_tasks.abort();
    settled().await;
    for end in ends {
        assert_eq!((*end.opened.borrow(), *end.closed.borrow()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_whose_task_is_dropped_ends_at_both_ends() {
    for who in 0..2 {
        let (stage, ends, links, calls) = stage_with_open_calls().await;
        [&stage.home_tasks, &stage.router_tasks][who].abort();
        for call in calls {
            assert!(matches!(ended(call).await, Err(Error::Lost(_))));
        }
        settled().await;
        for (end, link) in ends.iter().zip(&links) {
            assert_eq!((*end.opened.borrow(), *end.closed.borrow()), (1, 1));
            assert!(link.is_closed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_link_whose_task_never_starts_is_closed_and_nobody_is_told() {
    let (home, router) = (End::silent(), End::silent());
    let stage = Stage::new(Arc::clone(&home), Arc::clone(&router));
    let never = proto::Links::new(
        proto::Peer {
            name: "router".into(),
            role: proto::Role::Router,
        },
        Arc::clone(&stage.pipes) as Arc<dyn proto::Connect>,
        Arc::clone(&router) as Arc<dyn proto::Serve>,
        Arc::new(drop),
    );
    let link = never.to(crate::stage::HOME).await.unwrap();
    assert!(link.is_closed());
    assert_eq!(link.call(call(1)).await, Err(Error::Lost("home".into())));
    assert_eq!((*router.opened.borrow(), *router.closed.borrow()), (0, 0));
    reaches(&home.closed, 1).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_served_ends_with_its_link() {
    let (home, now, ever) = serving();
    let stage = Stage::new(home, End::silent());
    let link = stage.link().await;
    let calls: Vec<_> = (0..100).map(|number| calling(&link, number)).collect();
    reaches(&ever, calls.len()).await;
    assert_eq!(*now.borrow(), calls.len());
    link.hang_up();
    falls_to_zero(&now).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_serving_ends_the_link_instead_of_leaving_a_caller_to_wait() {
    for waits in [false, true] {
        let home = End::new(move |_, _| async move {
            if waits {
                tokio::task::yield_now().await;
            }
            panic!("a defect in what serves, as the test wants")
        });
        let stage = Stage::new(Arc::clone(&home), End::silent());
        let began = Instant::now();
        assert_eq!(
            stage.link().await.call(call(1)).await,
            Err(Error::Lost("home".into()))
        );
        assert_eq!(began.elapsed(), Duration::ZERO);
        reaches(&home.closed, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_ends_the_link_at_both_ends_within_seconds() {
    let (stage, ends, links, calls) = stage_with_open_calls().await;
    let cut = Instant::now();
    stage.pipes.meet(Fate::Silent);
    for (call, (end, link)) in calls.into_iter().zip(ends.iter().rev().zip(&links)) {
        assert!(matches!(ended(call).await, Err(Error::Lost(_))));
        reaches(&end.closed, 1).await;
        assert!(link.is_closed());
    }
    assert!(cut.elapsed() <= Duration::from_secs(7), "{:?}", cut.elapsed());
    let again = stage.link().await;
    assert!(!again.is_same(&links[0]));
}

#[tokio::test(start_paused = true)]
async fn a_partition_of_an_idle_link_is_noticed_too() {
    let (home, router) = (End::silent(), End::silent());
    let stage = Stage::new(Arc::clone(&home), Arc::clone(&router));
    let link = stage.link().await;
    reaches(&home.opened, 1).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(!link.is_closed(), "an idle link stays open");
    let cut = Instant::now();
    stage.pipes.meet(Fate::Silent);
    reaches(&router.closed, 1).await;
    assert!(cut.elapsed() <= Duration::from_secs(4), "{:?}", cut.elapsed());
    reaches(&home.closed, 1).await;
    assert!(cut.elapsed() <= Duration::from_secs(7), "{:?}", cut.elapsed());
}

#[tokio::test]
async fn a_link_stays_open_without_whoever_opened_it() {
    let home = End::silent();
    let (answered, mut answers) = mpsc::channel(1);
    let stage = Stage::new(Arc::clone(&home), End::echo());
    drop(stage.link().await);
    drop(stage.links);
    let back = home.link().await;
    answered.send(back.call(call(1)).await).await.unwrap();
    assert_eq!(answers.recv().await, Some(Ok(echoed(1))));
}

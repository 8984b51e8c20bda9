//! What the suite of memberships does not ask: the faults.

use super::*;
use crate::faults::Faults;

const TTL: Duration = Duration::from_secs(3);

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn home(id: &str) -> Member {
    Member::new(id.into(), format!("{id}:7400"), "inside", 10)
}

struct Stage {
    faults: Faults,
    source: Source,
    kept: Arc<dyn Membership>,
    other: Arc<dyn Membership>,
}

fn stage() -> Stage {
    let faults = Faults::default();
    let source = Source::new(faults.clone(), TTL);
    let (kept, other) = (source.process("home-1"), source.process("router-1"));
    Stage {
        faults,
        source,
        kept,
        other,
    }
}

fn count(process: &Arc<dyn Membership>) -> usize {
    process.members().borrow().len()
}

#[tokio::test]
async fn a_member_that_is_cut_off_loses_its_lease_and_learns_it_when_it_hears_again() {
    let stage = stage();
    let joined = stage.kept.join(home("home-1")).await.unwrap();
    stage.source.advance(at(1_000));
    stage.faults.set_cut("home-1", MEMBERS, true);
    stage.source.advance(at(3_900));
    assert_eq!(count(&stage.other), 1, "the lease still lives");
    stage.source.advance(at(4_100));
    assert_eq!(count(&stage.other), 0);
    assert!(!*joined.lost().borrow(), "it does not know yet");
    assert_eq!(count(&stage.kept), 1, "and goes on");
    stage.faults.set_cut("home-1", MEMBERS, false);
    stage.source.advance(at(4_200));
    assert!(*joined.lost().borrow());
    assert_eq!(count(&stage.kept), 0);
}

#[tokio::test]
async fn a_process_that_died_keeps_no_lease() {
    let stage = stage();
    drop(stage.kept.join(home("home-1")).await.unwrap());
    stage.source.advance(at(2_900));
    assert_eq!(count(&stage.other), 1);
    stage.source.advance(at(3_100));
    assert_eq!(count(&stage.other), 0);
}

#[tokio::test]
async fn a_process_that_is_late_or_blind_sees_everything_in_the_end() {
    let stage = stage();
    stage.source.set_delay("router-1", at(500));
    let _one = stage.kept.join(home("home-1")).await.unwrap();
    assert_eq!(count(&stage.other), 0);
    stage.source.advance(at(600));
    assert_eq!(count(&stage.other), 1);
    stage.source.set_delay("router-1", Duration::ZERO);
    stage.source.set_blind("router-1", true);
    let _two = stage.kept.join(home("home-2")).await.unwrap();
    stage.source.advance(at(700));
    assert_eq!(count(&stage.other), 1);
    assert_eq!(stage.source.behind(&["router-1".to_owned()]), ["router-1"]);
    stage.source.set_blind("router-1", false);
    stage.source.advance(at(800));
    assert_eq!(count(&stage.other), 2, "it reads everything again");
}

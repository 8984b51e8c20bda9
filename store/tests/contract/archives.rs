//! The archive.

use super::Stage;
use super::samples::{EPOCH, SLOT, at, claim, kept_message, person, put_new, write};
use bytes::Bytes;
use rvp::{Domain, Identity, MessageId};
use std::time::Duration;
use store::{
    ArchiveEntry, Archived, Chain, ChainPoint, Change, KEPT_READ_BYTES_MAX, PURGE_ENTRIES_MAX, Store, Write,
    verify_archive,
};
use tokio::task::JoinSet;

fn domain(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

fn ours() -> Domain {
    domain("im.example.com")
}

fn entry(number: u64) -> ArchiveEntry {
    ArchiveEntry {
        domain: ours(),
        at: at(number),
        id: MessageId::parse(&format!("bob-{number}")).unwrap(),
        from: Identity::Person(person("bob")),
        to: person("alice"),
        document: format!("<message number='{number}'/>").into(),
    }
}

fn said(entry: ArchiveEntry) -> Write {
    write("alice", Change::Archive(entry))
}

async fn chain(store: &dyn Store, of: &Domain) -> Chain {
    let chains = store.archives().await.unwrap();
    chains.into_iter().find(|chain| chain.domain == *of).unwrap()
}

/// Everything of a domain, which must be sound.
async fn sound(store: &dyn Store, of: &Domain) -> Vec<Archived> {
    let chain = chain(store, of).await;
    let (mut all, mut last): (Vec<Archived>, _) = (Vec::new(), chain.anchor);
    loop {
        let some = store.archive(of, last.number, 1000).await.unwrap();
        if some.is_empty() {
            chain.ends_at(last).unwrap();
            return all;
        }
        last = verify_archive(&some, last).unwrap();
        all.extend(some);
    }
}

fn numbers(entries: &[Archived]) -> Vec<u64> {
    entries.iter().map(|archived| archived.number).collect()
}

pub(crate) async fn what_was_said_is_there_in_order_and_chained(stage: &impl Stage) {
    let store = stage.open().await;
    assert_eq!(store.archives().await.unwrap(), []);
    assert_eq!(store.archive(&ours(), 0, 10).await.unwrap(), []);
    // Not for an account: who was written to may be gone.
    for group in [1..=1, 2..=150, 151..=153] {
        let writes: Vec<_> = group.map(|number| said(entry(number))).collect();
        store.write(&writes).await.unwrap();
    }
    drop(store);
    let store = stage.open().await;
    let all = sound(&*store, &ours()).await;
    let entries: Vec<_> = all.iter().map(|archived| archived.entry.clone()).collect();
    assert_eq!(entries, (1..=153).map(entry).collect::<Vec<_>>());
    assert_eq!(all[0], ChainPoint::BEGINNING.append(entry(1)));
    assert_eq!(chain(&*store, &ours()).await.anchor, ChainPoint::BEGINNING);
}

pub(crate) async fn each_domain_has_a_chain_of_its_own(stage: &impl Stage) {
    let store = stage.open().await;
    let other = domain("im.contoso.example:8080");
    let elsewhere = |number| ArchiveEntry {
        domain: other.clone(),
        ..entry(number)
    };
    let writes = [entry(1), elsewhere(2), entry(3), elsewhere(4), elsewhere(5)].map(said);
    store.write(&writes).await.unwrap();
    let chains = store.archives().await.unwrap();
    let domains: Vec<_> = chains.iter().map(|chain| chain.domain.clone()).collect();
    assert_eq!(domains, [other.clone(), ours()]);
    assert_eq!(sound(&*store, &ours()).await.len(), 2);
    let theirs = sound(&*store, &other).await;
    assert_eq!(numbers(&theirs), [1, 2, 3]);
    assert_eq!(theirs[2].entry, elsewhere(5));
}

pub(crate) async fn entries_are_appended_with_the_other_writes_or_not_at_all(stage: &impl Stage) {
    let store = stage.open().await;
    put_new(&*store, "alice").await;
    let both = || {
        [
            write("alice", Change::PutMessage(kept_message(1))),
            said(entry(1)),
        ]
    };
    store.write(&both()).await.unwrap();
    store.claim(&claim("home-2", EPOCH + 1), &[SLOT]).await.unwrap();
    let fenced = store.write(&both()).await.unwrap();
    assert_eq!(fenced.len(), 1);
    assert_eq!(sound(&*store, &ours()).await.len(), 1);
    assert_eq!(store.kept(&person("alice"), 0, 10).await.unwrap().len(), 1);
}

pub(crate) async fn homes_that_write_at_one_time_make_one_chain(stage: &impl Stage) {
    let mut homes = JoinSet::new();
    for home in 0..4 {
        let store = stage.open().await;
        homes.spawn(async move {
            for group in 0..10 {
                let first = 1000 * home + 10 * group;
                let writes: Vec<_> = (first..first + 5).map(|number| said(entry(number))).collect();
                store.write(&writes).await.unwrap();
            }
        });
    }
    homes.join_all().await;
    let all = sound(&*stage.open().await, &ours()).await;
    assert_eq!(numbers(&all), (1..=200).collect::<Vec<_>>());
    // Those of one home in its order.
    for home in 0..4 {
        let theirs = all
            .iter()
            .filter(|archived| (at(1000 * home)..at(1000 * home + 999)).contains(&archived.entry.at));
        let times: Vec<_> = theirs.map(|archived| archived.entry.at).collect();
        assert!(times.is_sorted() && times.len() == 50);
    }
}

pub(crate) async fn an_entry_comes_back_as_it_was_put(stage: &impl Stage) {
    let store = stage.open().await;
    let odd = ArchiveEntry {
        at: at(7) + Duration::from_nanos(999_999),
        id: MessageId::parse("~!{}'\"").unwrap(),
        from: Identity::Server(domain("im.contoso.example:8080")),
        document: Bytes::from_iter((0..=255).cycle().take(60_000)),
        ..entry(1)
    };
    let empty = ArchiveEntry {
        document: Bytes::new(),
        ..entry(2)
    };
    store
        .write(&[said(odd.clone()), said(empty.clone())])
        .await
        .unwrap();
    let all = sound(&*store, &ours()).await;
    let whole_millis = ArchiveEntry { at: at(7), ..odd };
    assert_eq!((&all[0].entry, &all[1].entry), (&whole_millis, &empty));
}

pub(crate) async fn entries_are_read_within_limits(stage: &impl Stage) {
    let store = stage.open().await;
    let sized = |number| {
        said(ArchiveEntry {
            document: Bytes::from(vec![b'x'; KEPT_READ_BYTES_MAX / 3 + 1]),
            ..entry(number)
        })
    };
    let writes: Vec<_> = (1..=4)
        .map(sized)
        .chain((5..=20).map(|number| said(entry(number))))
        .collect();
    store.write(&writes).await.unwrap();
    for (after, limit, expected) in [(0, 100, 1..=3), (4, 5, 5..=9), (15, 100, 16..=20)] {
        let found = store.archive(&ours(), after, limit).await.unwrap();
        assert_eq!(numbers(&found), expected.collect::<Vec<_>>());
    }
    for after in [20, u64::MAX] {
        assert_eq!(store.archive(&ours(), after, 100).await.unwrap(), []);
    }
}

pub(crate) async fn what_is_old_is_removed_from_the_beginning_on(stage: &impl Stage) {
    let store = stage.open().await;
    // The third is older than the second, as clocks of two homes may have it.
    let times = [10, 30, 20, 40, 50];
    let writes: Vec<_> = times.iter().map(|time| said(entry(*time))).collect();
    store.write(&writes).await.unwrap();
    let purge = async |before| store.purge_archive(&ours(), at(before)).await.unwrap();
    assert_eq!(purge(10).await, 0);
    assert_eq!(purge(25).await, 1);
    assert_eq!(numbers(&sound(&*store, &ours()).await), [2, 3, 4, 5]);
    assert_eq!(purge(31).await, 2);
    assert_eq!(numbers(&sound(&*store, &ours()).await), [4, 5]);
    assert_eq!(purge(1000).await, 2);
    assert_eq!(numbers(&sound(&*store, &ours()).await), [0; 0]);
    assert_eq!(purge(1000).await, 0);
    store.write(&[said(entry(60))]).await.unwrap();
    assert_eq!(numbers(&sound(&*store, &ours()).await), [6]);
    let elsewhere = domain("im.contoso.example");
    assert_eq!(store.purge_archive(&elsewhere, at(1000)).await.unwrap(), 0);
}

pub(crate) async fn a_purge_has_a_limit(stage: &impl Stage) {
    let store = stage.open().await;
    let most = u64::from(PURGE_ENTRIES_MAX);
    let writes: Vec<_> = (1..=most + 5).map(|number| said(entry(number))).collect();
    store.write(&writes).await.unwrap();
    let purge = async || store.purge_archive(&ours(), at(most + 4)).await.unwrap();
    assert_eq!((purge().await, purge().await, purge().await), (most, 3, 0));
    assert_eq!(sound(&*store, &ours()).await.len(), 2);
}

use super::*;
use std::time::Duration;

fn entry(text: &str) -> ArchiveEntry {
    ArchiveEntry {
        domain: Domain::parse("im.example.com").unwrap(),
        at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_785_000_000_000),
        id: MessageId::parse("m-1").unwrap(),
        from: Identity::parse("http://im.example.com/instmsg/aliases/bob").unwrap(),
        to: Principal::from_address("alice@im.example.com").unwrap(),
        document: Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn chain(texts: &[&str]) -> Vec<Archived> {
    let mut last = ChainPoint::BEGINNING;
    let append = |text: &&str| {
        let archived = last.append(entry(text));
        last = archived.point();
        archived
    };
    texts.iter().map(append).collect()
}

fn five() -> Vec<Archived> {
    chain(&["one", "two", "three", "four", "five"])
}

#[test]
fn a_sound_chain_comes_to_its_head_from_any_anchor() {
    let all = five();
    let head = all[4].point();
    assert_eq!(verify(&all, ChainPoint::BEGINNING), Ok(head));
    assert_eq!(verify(&all[3..], all[2].point()), Ok(head));
    assert_eq!(verify(&[], head), Ok(head));
}

/// The format is for decades: whoever changes it breaks every chain there is. The expected value was computed with
/// another program over the octets that docs/archive.md lists.
#[test]
fn the_hash_is_of_the_octets_that_are_documented() {
    let mut octets = vec![0; 32];
    octets.extend(1_u64.to_be_bytes());
    octets.extend(1_785_000_000_000_u64.to_be_bytes());
    for field in [
        "im.example.com",
        "m-1",
        "http://im.example.com/instmsg/aliases/bob",
        "http://im.example.com/instmsg/aliases/alice",
        "one",
    ] {
        octets.extend((field.len() as u64).to_be_bytes());
        octets.extend(field.as_bytes());
    }
    let expected: [u8; 32] = Sha256::digest(&octets).into();
    assert_eq!(five()[0].hash.0, expected);
    assert_eq!(five()[0].hash.to_string(), GOLDEN);
}

const GOLDEN: &str = "8ed0ca696cd80201cf136e3f5beada70d7b472e41fdac4978eb542fb51905884";

#[test]
fn a_removed_entry_is_found() {
    for place in 0..4 {
        let mut all = five();
        all.remove(place);
        let number = place as u64 + 1;
        assert_eq!(
            verify(&all, ChainPoint::BEGINNING),
            Err(Break::Missing { number })
        );
    }
}

#[test]
fn removed_entries_at_the_end_are_found_by_the_head() {
    let all = five();
    let chain = Chain {
        domain: all[0].entry.domain.clone(),
        anchor: ChainPoint::BEGINNING,
        head: all[4].point(),
    };
    let last = verify(&all[..3], chain.anchor).unwrap();
    assert_eq!(chain.ends_at(last), Err(Break::Missing { number: 4 }));
    assert_eq!(chain.ends_at(verify(&all, chain.anchor).unwrap()), Ok(()));
    let other = chain_of_other_text();
    let last = verify(&other, chain.anchor).unwrap();
    assert_eq!(chain.ends_at(last), Err(Break::Changed { number: 5 }));
}

fn chain_of_other_text() -> Vec<Archived> {
    chain(&["one", "two", "three", "four", "other"])
}

#[test]
fn every_change_of_an_entry_is_found() {
    let changes: [fn(&mut Archived); 7] = [
        |archived| archived.entry.document = "tree".into(),
        |archived| archived.entry.at += Duration::from_millis(1),
        |archived| archived.entry.id = MessageId::parse("m-2").unwrap(),
        |archived| archived.entry.from = Identity::parse("im.example.com").unwrap(),
        |archived| archived.entry.to = Principal::from_address("bob@im.example.com").unwrap(),
        |archived| archived.entry.domain = Domain::parse("im.example.org").unwrap(),
        |archived| archived.hash.0[31] ^= 1,
    ];
    for change in changes {
        let mut all = five();
        change(&mut all[2]);
        assert_eq!(
            verify(&all, ChainPoint::BEGINNING),
            Err(Break::Changed { number: 3 })
        );
    }
}

#[test]
fn swapped_entries_are_found() {
    // As they stand, and with the numbers put right.
    let mut all = five();
    all.swap(1, 2);
    assert_eq!(
        verify(&all, ChainPoint::BEGINNING),
        Err(Break::Missing { number: 2 })
    );
    all[1].number = 2;
    all[2].number = 3;
    assert_eq!(
        verify(&all, ChainPoint::BEGINNING),
        Err(Break::Changed { number: 2 })
    );
}

#[test]
fn an_entry_that_is_there_twice_is_found() {
    let mut all = five();
    let again = all[1].clone();
    all.insert(2, again);
    assert_eq!(
        verify(&all, ChainPoint::BEGINNING),
        Err(Break::Changed { number: 2 })
    );
}

#[test]
fn a_field_cannot_lend_octets_to_the_next() {
    let first = entry("one");
    let mut second = first.clone();
    second.id = MessageId::parse("m-1h").unwrap();
    assert_ne!(
        ChainPoint::BEGINNING.append(first).hash,
        ChainPoint::BEGINNING.append(second).hash
    );
}

//! The contact list: kept for a person, the same for all their clients.

use crate::scene::person;
use anyhow::{bail, ensure};
use attachment::{ClientFrame, Contact, ContactsAction, ContactsChange, ServerFrame, Why};
use rvp::Principal;
use store::{CONTACT_LIST_MAX, CONTACT_TEXT_CHARS_MAX};
use tests::{Attached, Failure, Plan, Stage};

fn contact(who: &str, name: &str, group: &str) -> Contact {
    Contact {
        who: who.to_owned(),
        name: name.to_owned(),
        group: group.to_owned(),
    }
}

fn put(contact: &Contact) -> ContactsAction {
    ContactsAction::Put(contact.clone())
}

async fn asks(client: &mut Attached, action: ContactsAction) -> anyhow::Result<ServerFrame> {
    client
        .ask(|request| ClientFrame::Contacts { request, action })
        .await
}

async fn does(client: &mut Attached, action: ContactsAction) -> anyhow::Result<()> {
    let answer = asks(client, action).await?;
    ensure!(matches!(answer, ServerFrame::Done { .. }), "{answer:?}");
    Ok(())
}

async fn is_refused(client: &mut Attached, action: ContactsAction, why: Why) -> anyhow::Result<()> {
    let answer = asks(client, action).await?;
    let right = matches!(answer, ServerFrame::Refused { why: reason, .. } if reason == why);
    ensure!(right, "{answer:?} instead of {why:?}");
    Ok(())
}

/// The parts of the list, as they come.
async fn parts(client: &mut Attached) -> anyhow::Result<Vec<Vec<Contact>>> {
    let asked = client.number();
    let action = ContactsAction::Get;
    client
        .say(&ClientFrame::Contacts {
            request: asked,
            action,
        })
        .await?;
    let mut parts = Vec::new();
    loop {
        let of_it = |frame: &ServerFrame| frame.request() == Some(asked);
        let frame = client.next("a part of the list", of_it).await?;
        if let ServerFrame::Done { .. } = frame {
            return Ok(parts);
        }
        let ServerFrame::Contacts {
            change: ContactsChange::List(part),
            ..
        } = frame
        else {
            bail!("{frame:?}");
        };
        parts.push(part);
    }
}

async fn list(client: &mut Attached) -> anyhow::Result<Vec<Contact>> {
    Ok(parts(client).await?.concat())
}

/// The next that a client is told of the list without having asked.
async fn told(client: &mut Attached) -> anyhow::Result<ContactsChange> {
    let is_told = |frame: &ServerFrame| matches!(frame, ServerFrame::Contacts { request: None, .. });
    let ServerFrame::Contacts { change, .. } = client.next("a changed contact", is_told).await? else {
        bail!("no changed contact");
    };
    Ok(change)
}

/// What an operator writes into the store.
async fn import(stage: &mut Stage, me: &Principal, list: &[Contact]) -> anyhow::Result<()> {
    let contact = |each: &Contact| -> anyhow::Result<store::Contact> {
        Ok(store::Contact {
            principal: Principal::from_address(&each.who)?,
            name: each.name.clone(),
            group: each.group.clone(),
        })
    };
    let list = list.iter().map(contact).collect::<anyhow::Result<Vec<_>>>()?;
    Ok(stage.accounts().store().put_contacts(me, &list).await?)
}

#[test]
fn two_clients_of_one_person_have_one_list() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut stage = Stage::start(Plan::with_homes(2).with_routers(2)).await?;
        let alice = person(&mut stage, "alice", "home-1").await?;
        let mut desk = Attached::log_on(&stage, &alice, "r-1").await?;
        let mut phone = Attached::log_on(&stage, &alice, "r-2").await?;
        let maxb = person(&mut stage, "maxb", "home-1").await?;
        let mut stranger = Attached::log_on(&stage, &maxb, "r-1").await?;
        ensure!(list(&mut desk).await?.is_empty(), "a list of nobody");

        let bob = contact("bob@im.example.com", "Robert", "work");
        let dana = contact("dana@elsewhere.example", "", "");
        let carol = contact("carol@im.example.com", "Käthe 🎻", "");
        for each in [&bob, &dana, &carol] {
            does(&mut desk, put(each)).await?;
            ensure!(
                told(&mut phone).await? == ContactsChange::Put(each.clone()),
                "{each:?}"
            );
        }
        // One that is there keeps its place.
        let robert = contact("bob@im.example.com", "Bob", "friends");
        does(&mut phone, put(&robert)).await?;
        ensure!(
            told(&mut desk).await? == ContactsChange::Put(robert.clone()),
            "{robert:?}"
        );
        does(&mut phone, ContactsAction::Remove(dana.who.clone())).await?;
        ensure!(
            told(&mut desk).await? == ContactsChange::Removed(dana.who.clone()),
            "dana"
        );
        for client in [&mut desk, &mut phone] {
            ensure!(list(client).await? == [robert.clone(), carol.clone()], "the list");
        }
        // The same again changes nothing, and nobody is told; nor is a client told of what it did.
        does(&mut desk, put(&carol)).await?;
        is_refused(&mut desk, ContactsAction::Remove(dana.who.clone()), Why::NotThere).await?;
        does(&mut desk, ContactsAction::Remove(carol.who.clone())).await?;
        ensure!(
            told(&mut phone).await? == ContactsChange::Removed(carol.who.clone()),
            "carol"
        );
        desk.ping().await?;
        ensure!(
            !desk.has_heard(|frame| matches!(frame, ServerFrame::Contacts { .. })),
            "its own change"
        );

        // Somebody else has a list of their own, and is told nothing.
        ensure!(list(&mut stranger).await?.is_empty(), "another's list");
        is_refused(&mut stranger, ContactsAction::Remove(robert.who), Why::NotThere).await?;
        ensure!(
            !stranger.has_heard(|frame| matches!(frame, ServerFrame::Contacts { .. })),
            "another's change"
        );
        stage.close().await
    })
}

#[test]
fn the_list_survives_its_home_and_an_import_beside_it_is_seen() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut stage = Stage::start(Plan::with_homes(1).with_routers(1)).await?;
        let alice = person(&mut stage, "alice", "home-1").await?;
        let mut desk = Attached::log_on(&stage, &alice, "r-1").await?;
        let mut all = Vec::new();
        for name in ["zoe", "bob", "maxb"] {
            let new = contact(&format!("{name}@im.example.com"), name, "");
            does(&mut desk, put(&new)).await?;
            all.push(new);
        }
        stage.crash("home-1").await?;
        stage.start_again("home-1").await?;
        let mut desk = Attached::log_on(&stage, &alice, "r-1").await?;
        ensure!(list(&mut desk).await? == all, "after a restart");

        all.reverse();
        all.push(contact("dana@im.example.com", "Dana", "new"));
        import(&mut stage, &alice, &all).await?;
        ensure!(list(&mut desk).await? == all, "after an import");
        let carol = contact("carol@im.example.com", "", "");
        does(&mut desk, put(&carol)).await?;
        all.push(carol);
        ensure!(
            list(&mut desk).await? == all,
            "after a change of what was imported"
        );
        stage.close().await
    })
}

#[test]
fn a_list_and_its_texts_are_bounded_and_come_in_parts() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut stage = Stage::start(Plan::with_homes(1).with_routers(1)).await?;
        let alice = person(&mut stage, "alice", "home-1").await?;
        let mut desk = Attached::log_on(&stage, &alice, "r-1").await?;
        // The longest texts of the largest characters: no part may be too large for a frame.
        let long = "🎻".repeat(CONTACT_TEXT_CHARS_MAX);
        let numbered = |number: usize| contact(&format!("p{number}@im.example.com"), &long, &long);
        let mut all: Vec<Contact> = (1..CONTACT_LIST_MAX).map(numbered).collect();
        import(&mut stage, &alice, &all).await?;
        let last = contact("bob@im.example.com", "", "");
        does(&mut desk, put(&last)).await?;
        all.push(last.clone());
        let parts = parts(&mut desk).await?;
        ensure!(
            parts.len() == 20 && parts.iter().all(|part| part.len() == 100),
            "{}",
            parts.len()
        );
        ensure!(parts.concat() == all, "the order");

        let one_more = contact("carol@im.example.com", "", "");
        is_refused(&mut desk, put(&one_more), Why::KeptFull).await?;
        // One that is there may still be changed.
        does(&mut desk, put(&contact(&last.who, &long, ""))).await?;
        does(&mut desk, ContactsAction::Remove(last.who)).await?;
        does(&mut desk, put(&one_more)).await?;
        for (name, group) in [
            (format!("{long}x"), String::new()),
            (String::new(), "a\nb".into()),
        ] {
            is_refused(
                &mut desk,
                put(&contact("bob@im.example.com", &name, &group)),
                Why::Malformed,
            )
            .await?;
        }
        is_refused(&mut desk, put(&contact("nobody", "", "")), Why::Malformed).await?;
        stage.close().await
    })
}

#[test]
fn changes_at_the_same_time_are_all_there() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut stage = Stage::start(Plan::with_homes(1).with_routers(2)).await?;
        let alice = person(&mut stage, "alice", "home-1").await?;
        let mut desk = Attached::log_on(&stage, &alice, "r-1").await?;
        let mut phone = Attached::log_on(&stage, &alice, "r-2").await?;
        let of = |place: &str, number: usize| contact(&format!("{place}{number}@im.example.com"), "", place);
        for number in 0..20 {
            let (at_desk, at_phone) = (put(&of("d", number)), put(&of("p", number)));
            let (first, second) = tokio::join!(does(&mut desk, at_desk), does(&mut phone, at_phone));
            first?;
            second?;
        }
        let all = list(&mut desk).await?;
        ensure!(all.len() == 40, "{} of 40: {all:?}", all.len());
        ensure!(all == list(&mut phone).await?, "another list");
        for number in 0..20 {
            ensure!(
                told(&mut desk).await? == ContactsChange::Put(of("p", number)),
                "p{number}"
            );
            ensure!(
                told(&mut phone).await? == ContactsChange::Put(of("d", number)),
                "d{number}"
            );
        }
        stage.close().await
    })
}

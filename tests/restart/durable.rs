//! What was answered is durable: the whole cluster dies right after each answer, and comes back knowing it.

use crate::scene::{Scene, client, expect};
use anyhow::ensure;
use rvp::access::{Right, Who};
use rvp::{Identity, SubscriptionKind};
use tests::client::ALL_PROPERTIES;
use tests::{Ask, Failure};

async fn crash(scene: &mut Scene) -> anyhow::Result<()> {
    scene.stage.crash_everything().await?;
    scene.stage.start_everything().await
}

#[test]
fn logins_are_kept_and_ended_ones_stay_ended() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        crash(&mut scene).await?;
        scene.works("busy").await?;
        let me = scene.maxb.me().clone();
        let login = scene.maxb.login.unwrap_or_default();
        expect(200, &scene.maxb.renew(&me, login, 600).await?)?;
        crash(&mut scene).await?;
        let logins = scene
            .maxb
            .list(&me, SubscriptionKind::Login)
            .await?
            .subscriptions()?;
        ensure!(
            logins.len() == 1 && logins[0].left.0 == 600,
            "the renewal is forgotten: {logins:?}"
        );
        expect(200, &scene.maxb.cancel(&me, login).await?)?;
        // Presence is soft: what nobody has been told yet when everything crashes, nobody is told.
        let heard = scene.deriks.listener.next("offline", |_| true).await?;
        ensure!(heard.is_change_of(&me), "it heard {heard}");
        crash(&mut scene).await?;
        let logins = scene
            .maxb
            .list(&me, SubscriptionKind::Login)
            .await?
            .subscriptions()?;
        ensure!(logins.is_empty(), "the login is back: {logins:?}");
        scene.stage.close().await
    })
}

#[test]
fn watches_are_kept_and_ended_ones_stay_ended() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        let me = scene.maxb.me().clone();
        let mut anna = client(&mut scene.stage, "anna", "home-2").await?;
        expect(207, &anna.watch(&me, 600).await?)?;
        crash(&mut scene).await?;
        let watchers = scene
            .maxb
            .list(&me, SubscriptionKind::Property)
            .await?
            .subscriptions()?;
        ensure!(watchers.len() == 2, "watches are forgotten: {watchers:?}");
        expect(200, &anna.cancel(&me, anna.watches[&me]).await?)?;
        crash(&mut scene).await?;
        let watchers = scene
            .maxb
            .list(&me, SubscriptionKind::Property)
            .await?
            .subscriptions()?;
        ensure!(watchers.len() == 1, "the watch is back: {watchers:?}");
        scene.works("busy").await?;
        scene.stage.close().await
    })
}

#[test]
fn rights_and_names_are_kept() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        let (me, deriks) = (scene.maxb.me().clone(), scene.deriks.me().clone());
        expect(
            200,
            &scene
                .maxb
                .change_access(deriks.as_url(), &["presence"], &["send-to"])
                .await?,
        )?;
        crash(&mut scene).await?;
        let list = scene.maxb.read_access(&me).await?.access()?;
        let entry = list
            .entries
            .iter()
            .find(|entry| entry.who == Who::One(Identity::Person(deriks.clone())));
        let kept = entry.is_some_and(|entry| {
            entry.deny == [Right::SendTo].into() && entry.grant == [Right::Presence].into()
        });
        ensure!(kept, "the entry is forgotten: {list:?}");
        let body = scene
            .maxb
            .dialect()
            .update("<d:displayname>Max the Second</d:displayname>");
        expect(
            207,
            &scene.maxb.ask(&Ask::new("PROPPATCH", &me).body(body)).await?,
        )?;
        crash(&mut scene).await?;
        let found = scene.deriks.find(&me, &ALL_PROPERTIES).await?;
        ensure!(
            String::from_utf8_lossy(&found.body).contains("Max the Second"),
            "the name is forgotten"
        );
        scene.deriks.listener.rest()?;
        scene.stage.close().await
    })
}

/// Ids from before are never given out again for something else, and views keep theirs.
#[test]
fn restarting_again_and_again_changes_nothing() -> Result<(), Failure> {
    tests::run(&[], async |_| {
        let mut scene = Scene::on(2).await?;
        for (round, state) in ["busy", "away", "on-phone", "online"].into_iter().enumerate() {
            if round % 2 == 0 {
                crash(&mut scene).await?;
            } else {
                scene.stage.stop_everything().await?;
                scene.stage.start_everything().await?;
            }
            scene.works(state).await?;
            ensure!(
                scene.maxb.former_view == scene.maxb.view,
                "the view has become another"
            );
        }
        scene.stage.close().await
    })
}

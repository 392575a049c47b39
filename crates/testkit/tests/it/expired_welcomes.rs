//! A device that was away for so long that its invitations are gone.

use std::time::Duration;

use huis_testkit::{Device, World, story};
use huis_views::ConversationState;

/// More days than anything undelivered is kept, and more than a session lives that nobody uses; everybody else keeps
/// theirs.
async fn a_season_passes(world: &World, present: &Device) {
    for _ in 0..2 {
        world.days_pass_at_once(46).await;
        world.passes(Duration::from_secs(1800)).await;
        present.is_connected().await;
    }
}

async fn comes_back(device: &Device) {
    device.start();
    device.until("it signs in again, as its session is over", async || device.tries_to_sign_in().await.is_ok()).await;
    device.has_settled().await;
}

#[test]
fn a_device_whose_welcome_expired_comes_in_by_itself_as_a_request() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        bea.stops().await;
        ann.says("@bea", "hello bea").await;
        a_season_passes(&world, &ann).await;
        ann.says("@bea", "are you still away?").await;
        comes_back(&bea).await;
        bea.is_in("@ann").await;
        let view = bea.looks_at("@ann").await.unwrap();
        assert_eq!((view.state, view.request), (ConversationState::Joined, true));
        ann.says("@bea", "welcome back").await;
        bea.hears("@ann", "welcome back").await;
        ann.agrees_with(&[&bea], "@bea").await;
    });
}

#[test]
fn a_device_whose_welcome_expired_in_silence_asks_for_its_conversations() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.account("bea").await);
        bea.stops().await;
        let id = ann.opens_a_group("garden", &[&bea]).await;
        a_season_passes(&world, &ann).await;
        comes_back(&bea).await;
        let id = id.to_string();
        bea.is_in(&id).await;
        assert!(bea.looks_at(&id).await.unwrap().request);
        ann.says(&id, "there you are").await;
        bea.hears(&id, "there you are").await;
        ann.agrees_with(&[&bea], &id).await;
    });
}

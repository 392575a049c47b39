//! A server that was restored from a backup.

use huis_testkit::story;
use huis_views::Notice;

use crate::two_friends;

fn is_restored(notice: &Notice) -> bool {
    *notice == Notice::ServerRestored
}

#[test]
fn after_a_restore_what_was_said_since_the_backup_is_offered_again() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let backup = world.server_is_backed_up();
        bea.stops().await;
        ann.says("@bea", "since the backup").await;
        world.server_is_restored_from(&backup).await;
        ann.notices("the restore", is_restored).await;
        ann.has_settled().await;
        bea.start();
        bea.notices("the restore", is_restored).await;
        bea.reads_exactly("@ann", &["hello", "since the backup"]).await;
        bea.says("@ann", "got it").await;
        ann.hears("@bea", "got it").await;
        ann.agrees_with(&[&bea], "@bea").await;
    });
}

#[test]
fn after_a_restore_a_change_of_the_group_since_the_backup_is_made_up_for() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let cem = world.account("cem").await;
        ann.opens_a_group("garden", &[&bea]).await;
        bea.hears_title("garden").await;
        let backup = world.server_is_backed_up();
        ann.invites("#garden", &[&cem]).await;
        cem.hears_title("garden").await;
        ann.says("#garden", "cem is here").await;
        for each in [&bea, &cem] {
            each.hears("#garden", "cem is here").await;
        }
        world.server_is_restored_from(&backup).await;
        for each in [&ann, &bea, &cem] {
            each.notices("the restore", is_restored).await;
        }
        ann.says("#garden", "once more").await;
        bea.hears("#garden", "once more").await;
        ann.agrees_with(&[&bea], "#garden").await;
    });
}

#[test]
fn a_server_that_merely_restarts_is_not_taken_for_a_restored_one() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        world.server_crashes().await;
        world.server_starts().await;
        ann.says("@bea", "still here").await;
        bea.hears("@ann", "still here").await;
        for each in [&ann, &bea] {
            assert!(!each.noticed().await.iter().any(is_restored), "{each:?}");
        }
    });
}

//! Accounts that keep their password out of the vault.

use huis_testkit::{PASSWORD, story};
use huis_views::{Command, Failure};

use crate::nobody_is_alarmed;

const NEW: &str = "seven green herons mend 31 bicycles";
const NEWER: &str = "four amber kettles borrow 88 umbrellas";

#[test]
fn a_password_that_is_kept_out_of_the_vault_is_not_enough_for_a_further_device() {
    story(async |world| {
        let (ann, bea) = (world.account("ann").await, world.blank_account("bea"));
        bea.start();
        bea.registers_by_recovery_key_only().await;
        bea.says("@ann", "hello").await;
        ann.accepts("@bea").await;
        let key = bea.recovery_key();
        let tablet = world.blank_device(&bea, "tablet");
        tablet.start();
        assert_eq!(tablet.tries_to_sign_in().await.unwrap_err(), Failure::NeedsRecoveryKey);
        let others = Some(ann.recovery_key());
        assert_eq!(tablet.signs_in_with(PASSWORD, others.as_ref()).await, Err(Failure::WrongRecoveryKey));
        assert_eq!(tablet.signs_in_with(NEW, Some(&key)).await, Err(Failure::WrongPassword));
        tablet.signs_in_with(PASSWORD, Some(&key)).await.unwrap();
        tablet.has_settled().await;
        tablet.says("@ann", "from the tablet").await;
        ann.hears("@bea", "from the tablet").await;

        // Locking asks for the password alone, and revoking opens the vault.
        assert!(bea.password_is(PASSWORD).await && !bea.password_is(NEW).await);
        let device = tablet.profile().await.device;
        let revoke = |recovery_key| {
            let password = huis_proto::rest::Secret::new(PASSWORD);
            Command::RevokeDevice { device, password, recovery_key }
        };
        assert_eq!(bea.tries(revoke(None)).await.unwrap_err(), Failure::NeedsRecoveryKey);
        bea.tries(revoke(Some(key))).await.unwrap();
        assert_eq!(bea.devices().await.len(), 1);
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

#[test]
fn the_password_stays_out_of_the_vault_over_changes_recoveries_and_renewals() {
    story(async |world| {
        let bea = world.blank_account("bea");
        bea.start();
        bea.registers_by_recovery_key_only().await;
        let key = bea.recovery_key();
        let blank = world.blank_device(&bea, "blank");
        blank.start();
        assert_eq!(bea.changes_password(PASSWORD, NEW).await, Err(Failure::NeedsRecoveryKey));
        bea.changes_password_with(Some(&key), PASSWORD, NEW, None).await.unwrap();
        assert_eq!(blank.signs_in_by(NEW).await, Err(Failure::NeedsRecoveryKey));

        let recovered = world.blank_device(&bea, "recovered");
        recovered.start();
        recovered.recovers(&key, NEWER).await.unwrap();
        recovered.has_settled().await;
        assert_eq!(blank.signs_in_by(NEWER).await, Err(Failure::NeedsRecoveryKey));
        // A device that is listed goes on by the password: what is in the vault it has.
        bea.signs_in_by(NEWER).await.unwrap();
        bea.has_settled().await;

        assert_eq!(bea.renews_identity(NEWER, NEW).await, Err(Failure::NeedsRecoveryKey));
        bea.renews_identity_with(Some(&key), NEWER, NEW).await.unwrap();
        assert_eq!(blank.signs_in_by(NEW).await, Err(Failure::NeedsRecoveryKey));
        assert_eq!(blank.signs_in_with(NEW, Some(&key)).await, Err(Failure::WrongRecoveryKey));
        blank.signs_in_with(NEW, Some(&bea.recovery_key())).await.unwrap();
        blank.has_settled().await;
        nobody_is_alarmed(&[&bea, &blank]).await;
    });
}

#[test]
fn a_password_goes_into_the_vault_and_out_of_it_again() {
    story(async |world| {
        let bea = world.account("bea").await;
        let (key, others) = (bea.recovery_key(), world.account("ann").await.recovery_key());
        // Who has lost the recovery key would lock everybody out.
        let out = Some(false);
        assert_eq!(bea.changes_password_with(None, PASSWORD, NEW, out).await, Err(Failure::NeedsRecoveryKey));
        let wrong = bea.changes_password_with(Some(&others), PASSWORD, NEW, out).await;
        assert_eq!(wrong, Err(Failure::WrongRecoveryKey));
        assert!(bea.password_is(PASSWORD).await);
        bea.changes_password_with(Some(&key), PASSWORD, NEW, out).await.unwrap();
        let tablet = world.blank_device(&bea, "tablet");
        tablet.start();
        assert_eq!(tablet.signs_in_by(NEW).await, Err(Failure::NeedsRecoveryKey));
        bea.changes_password_with(Some(&key), NEW, NEWER, Some(true)).await.unwrap();
        tablet.signs_in_by(NEWER).await.unwrap();
        tablet.has_settled().await;
        nobody_is_alarmed(&[&bea, &tablet]).await;
    });
}

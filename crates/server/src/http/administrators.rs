//! Who may ask for what not everybody may.

use huis_store::ServerRole;

use super::problem::Refusal;
use super::signed_in::SignedInDevice;
use crate::state::App;

/// Refuses everybody but the super-administrator; `what` they alone do ends the sentence "Only the server's
/// super-administrator …".
pub(super) async fn only_the_super_administrator(app: &App, asker: SignedInDevice, what: &str) -> Result<(), Refusal> {
    let account = app.store.account(asker.member.account).await?;
    match account.map(|account| account.role) {
        Some(ServerRole::SuperAdministrator) => Ok(()),
        _ => Err(Refusal::forbidden(format!("Only the server's super-administrator {what}"))),
    }
}

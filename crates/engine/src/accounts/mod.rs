//! The account and this device: registration, sign-in, sessions, device lists, the sealed account state.

mod administration;
mod cards;
mod codes;
mod contacts;
mod device_names;
mod devices;
mod directory;
mod entering;
mod invitations;
mod offering;
mod passwords;
mod preferences;
mod pushes;
mod recovery_keys;
mod registration;
mod renewal;
mod second_factors;
mod session;
mod sign_out;
mod state;
mod strength;
mod vaults;
mod versions;

use huis_core::account_state::StateKey;
use huis_core::identity::{DeviceSecret, IdentityKey, LocalDevice};
use huis_proto::{AccountId, Bytes, Bytes32, DeviceId, Member};
use huis_views::Profile;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::client::{Client, Me};
use crate::db::{DbError, Tables};

pub(crate) use self::cards::is_talked_in;
pub use self::codes::code_rows;
pub(crate) use self::directory::identity_changed;
pub(crate) use self::entering::Keys;
pub(crate) use self::second_factors::SecondFactor;
pub(crate) use self::session::{Session, read_session};
pub(crate) use self::strength::Estimate;
pub(crate) use self::versions::server_is_new_enough;

/// The version byte of the stored form.
const STORED: u8 = 1;

/// Who is signed in, as it stands in the encrypted database.
#[derive(Serialize, Deserialize)]
struct StoredMe {
    version: u8,
    account: AccountId,
    device: DeviceId,
    username: String,
    identity: IdentityKey,
    device_secret: Bytes,
    state_key: Bytes32,
}

impl Drop for StoredMe {
    fn drop(&mut self) {
        self.device_secret.0.zeroize();
        self.state_key.0.zeroize();
    }
}

/// Reads who is signed in.
pub(crate) fn read_me(tables: Tables<'_>) -> Result<Option<Me>, DbError> {
    tables.fact::<StoredMe>("me")?.map(|stored| stored.read()).transpose()
}

pub(crate) fn put_me(tables: Tables<'_>, me: &Me) -> Result<(), DbError> {
    tables.put_fact("me", &StoredMe::of(me))
}

impl StoredMe {
    fn of(me: &Me) -> Self {
        Self {
            version: STORED,
            account: me.device.member.account,
            device: me.device.member.device,
            username: me.username.clone(),
            identity: me.identity,
            device_secret: Bytes(me.device.secret.to_stored().to_vec()),
            state_key: Bytes32(*me.state_key.expose()),
        }
    }

    fn read(&self) -> Result<Me, DbError> {
        if self.version != STORED {
            return Err(DbError::Form("account"));
        }
        let secret = DeviceSecret::from_stored(&self.device_secret).map_err(|_| DbError::Form("device secret"))?;
        Ok(Me {
            device: LocalDevice { member: Member { account: self.account, device: self.device }, secret },
            username: self.username.clone(),
            identity: self.identity,
            state_key: StateKey::from_bytes(&self.state_key.0),
        })
    }
}

/// Puts another identity key and state key in place of those before; the device is the same.
fn put_identity(tables: Tables<'_>, identity: IdentityKey, state_key: &StateKey) -> Result<(), DbError> {
    let Some(mut stored) = tables.fact::<StoredMe>("me")? else { return Ok(()) };
    stored.identity = identity;
    stored.state_key = Bytes32(*state_key.expose());
    tables.put_fact("me", &stored)
}

impl Client {
    /// What a face shows of who is signed in.
    pub(crate) fn profile(&self) -> Result<Profile, huis_views::Failure> {
        let me = self.signed_in()?;
        Ok(Profile {
            account: me.account(),
            username: me.username.clone(),
            device: me.device.member.device,
            server: self.transport.server(),
            identity_key: me.identity.0.0.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }
}

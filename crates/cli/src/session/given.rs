//! The key that a process was given by the password of a locked profile.

use huis_engine::DatabaseKey;
use huis_proto::rest::Secret;
use huis_views::Failure;

use crate::outcome::Outcome;
use crate::profile::{LockMark, Profile};

/// Opens the profile until it is locked anew.
pub(super) struct GivenKey {
    key: DatabaseKey,
    /// The newest lock when the password was asked for.
    mark: LockMark,
}

impl GivenKey {
    /// None where the profile is not locked; else by the password, which is asked for.
    pub(super) fn ask(profile: &Profile, password: impl FnOnce() -> Outcome<Secret>) -> Outcome<Option<Self>> {
        if !profile.is_in_use() || !profile.is_locked() {
            return Ok(None);
        }
        // In this order: a lock that comes in between counts.
        let mark = profile.lock_mark()?;
        Ok(Some(Self { key: profile.locked_key(&password()?)?, mark }))
    }

    /// The key itself, for what does not open the database.
    pub(super) fn expose(&self) -> &DatabaseKey {
        &self.key
    }

    /// The key for the database. Whoever calls this holds the profile.
    ///
    /// # Errors
    /// [`Failure::Locked`] where the profile was locked since.
    pub(super) fn open(&self, profile: &Profile) -> Outcome<DatabaseKey> {
        if profile.lock_mark()? != self.mark {
            return Err(Failure::Locked.into());
        }
        profile.finish_locking()?;
        Ok(DatabaseKey::from_bytes(*self.key.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Stop;
    use crate::profile::Taken;

    #[test]
    fn a_key_that_was_given_opens_nothing_after_the_next_lock() {
        let base = tempfile::tempdir().unwrap();
        let profile = Profile::in_folder(Some(base.path().join("p"))).unwrap();
        profile.create().unwrap();
        let key = profile.make_database_key().unwrap();
        std::fs::write(profile.database(), "").unwrap();
        let Taken::Owned(held) = profile.lock().unwrap() else { panic!("locked") };
        let password = || Ok(Secret::new("right"));
        assert!(GivenKey::ask(&profile, password).unwrap().is_none());
        profile.lock_key(&held, &password().unwrap()).unwrap();
        let given = GivenKey::ask(&profile, password).unwrap().unwrap();
        assert_eq!(given.open(&profile).unwrap().expose(), key.expose());
        profile.lock_key(&held, &password().unwrap()).unwrap();
        assert!(matches!(given.open(&profile), Err(Stop::Failed(fault)) if fault.is("locked")));
        let given = GivenKey::ask(&profile, password).unwrap().unwrap();
        assert_eq!(given.open(&profile).unwrap().expose(), key.expose());
    }
}

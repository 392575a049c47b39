//! Recovery keys that nobody has been shown yet: they stay in the encrypted database until a face says that a person has
//! seen them, so that no crash and no lost answer makes an account that nobody can open any more.

use huis_proto::rest::Secret;
use huis_views::Failure;

use crate::client::Client;
use crate::db::{DbError, Tables};

/// What made the key, by the fact of the database that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MadeBy {
    Registration,
    Renewal,
}

impl MadeBy {
    fn fact(self) -> &'static str {
        match self {
            Self::Registration => "unshown_first_recovery_key",
            Self::Renewal => "unshown_recovery_key",
        }
    }
}

impl Client {
    /// A person has seen this recovery key. Another one stays: it may have been made meanwhile.
    pub(crate) fn recovery_key_was_shown(&self, shown: &Secret) -> Result<(), Failure> {
        self.step(|step| {
            for made_by in [MadeBy::Registration, MadeBy::Renewal] {
                if unshown(step.tables, made_by)?.as_ref() == Some(shown) {
                    put_unshown(step.tables, made_by, None)?;
                }
            }
            Ok::<_, DbError>(())
        })?;
        Ok(())
    }
}

/// The recovery key that counts, as long as nobody was shown it.
pub(super) fn unshown(tables: Tables<'_>, made_by: MadeBy) -> Result<Option<Secret>, DbError> {
    Ok(tables.fact::<Option<Secret>>(made_by.fact())?.flatten())
}

pub(super) fn put_unshown(tables: Tables<'_>, made_by: MadeBy, key: Option<&Secret>) -> Result<(), DbError> {
    tables.put_fact(made_by.fact(), &key)
}

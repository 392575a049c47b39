//! What accounts show of themselves, and to which conversations the own account has shown it.

use huis_core::card::Card;
use huis_proto::{AccountId, Bytes, ConversationId};
use rusqlite::{OptionalExtension, params};

use super::{DbError, Tables, int, uint};

/// Accounts of which a picture is kept: 32 KiB each. What comes beyond is kept without.
const PICTURES: u32 = 2048;

impl Tables<'_> {
    pub(crate) fn card(self, account: AccountId) -> Result<Option<Card>, DbError> {
        let mut statement =
            self.0.prepare_cached("SELECT version, name, about, picture FROM cards WHERE account = ?1")?;
        let found = statement.query_row([&account.as_bytes()[..]], |row| {
            let picture: Option<Vec<u8>> = row.get(3)?;
            Ok(Card { version: uint(row, 0)?, name: row.get(1)?, about: row.get(2)?, picture: picture.map(Bytes) })
        });
        Ok(found.optional()?)
    }

    pub(crate) fn card_name(self, account: AccountId) -> Result<Option<String>, DbError> {
        let mut statement = self.0.prepare_cached("SELECT name FROM cards WHERE account = ?1")?;
        Ok(statement.query_row([&account.as_bytes()[..]], |row| row.get(0)).optional()?.flatten())
    }

    /// The version of the account's card; 0 where there is none.
    pub(crate) fn card_version(self, account: AccountId) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached("SELECT version FROM cards WHERE account = ?1")?;
        Ok(statement.query_row([&account.as_bytes()[..]], |row| uint(row, 0)).optional()?.unwrap_or(0))
    }

    /// Keeps a card in place of one of a lower version; whether it did.
    pub(crate) fn put_card(self, account: AccountId, card: &Card) -> Result<bool, DbError> {
        let full = || {
            self.0
                .prepare_cached("SELECT count(*) FROM cards WHERE picture IS NOT NULL AND account <> ?1")?
                .query_row([&account.as_bytes()[..]], |row| row.get::<_, u32>(0))
        };
        let picture = match &card.picture {
            Some(picture) if full()? < PICTURES => Some(&picture.0),
            _ => None,
        };
        let changed = self
            .0
            .prepare_cached(
                "INSERT INTO cards (account, version, name, about, picture) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (account) DO UPDATE SET version = ?2, name = ?3, about = ?4, picture = ?5
                 WHERE version < ?2",
            )?
            .execute(params![&account.as_bytes()[..], int(card.version), card.name, card.about, picture])?;
        Ok(changed > 0)
    }

    /// Which version of the own card was shown to those who are in a conversation now; 0: none.
    pub(crate) fn card_shown(self, id: ConversationId) -> Result<u64, DbError> {
        let mut statement = self.0.prepare_cached("SELECT version FROM cards_shown WHERE conversation = ?1")?;
        Ok(statement.query_row([&id.as_bytes()[..]], |row| uint(row, 0)).optional()?.unwrap_or(0))
    }

    pub(crate) fn put_card_shown(self, id: ConversationId, version: u64) -> Result<(), DbError> {
        self.0
            .prepare_cached(
                "INSERT INTO cards_shown (conversation, version) VALUES (?1, ?2)
                 ON CONFLICT (conversation) DO UPDATE SET version = max(version, ?2)",
            )?
            .execute(params![&id.as_bytes()[..], int(version)])?;
        Ok(())
    }

    /// Somebody there has not seen the own card.
    pub(crate) fn forget_card_shown(self, id: ConversationId) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM cards_shown WHERE conversation = ?1")?.execute([&id.as_bytes()[..]])?;
        Ok(())
    }
}

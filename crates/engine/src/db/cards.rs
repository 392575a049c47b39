//! What accounts show of themselves, and to which conversations the own account has shown it.

use huis_core::card::Card;
use huis_proto::{AccountId, Bytes, ConversationId};
use rusqlite::{OptionalExtension, params};

use super::{DbError, Tables, int, uint};

/// Other accounts of which a picture is kept: 32 KiB each. What comes beyond is kept without.
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

    /// Keeps a card of another account in place of an older one; whether it did.
    pub(crate) fn put_card(self, account: AccountId, card: &Card) -> Result<bool, DbError> {
        let full = || {
            self.0
                .prepare_cached("SELECT count(*) FROM cards WHERE picture IS NOT NULL AND account <> ?1")?
                .query_row([&account.as_bytes()[..]], |row| row.get::<_, u32>(0))
        };
        let had_one = self.card(account)?.is_some_and(|known| known.picture.is_some());
        if card.picture.is_some() && !had_one && full()? >= PICTURES {
            return self.put_own_card(account, &Card { picture: None, ..card.clone() });
        }
        self.put_own_card(account, card)
    }

    /// As [`put_card`](Self::put_card), with its picture however many others are kept: all devices of the account take
    /// it from here.
    pub(crate) fn put_own_card(self, account: AccountId, card: &Card) -> Result<bool, DbError> {
        if self.card(account)?.is_some_and(|known| !card.is_newer_than(&known)) {
            return Ok(false);
        }
        let picture = card.picture.as_ref().map(|picture| &picture.0);
        self.0
            .prepare_cached(
                "INSERT INTO cards (account, version, name, about, picture) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (account) DO UPDATE SET version = ?2, name = ?3, about = ?4, picture = ?5",
            )?
            .execute(params![&account.as_bytes()[..], int(card.version), card.name, card.about, picture])?;
        Ok(true)
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

    /// The own card is another one of the same version: nobody is sure to have seen this one.
    pub(crate) fn forget_cards_shown(self) -> Result<(), DbError> {
        self.0.execute("DELETE FROM cards_shown", [])?;
        Ok(())
    }

    /// Somebody there has not seen the own card.
    pub(crate) fn forget_card_shown(self, id: ConversationId) -> Result<(), DbError> {
        self.0.prepare_cached("DELETE FROM cards_shown WHERE conversation = ?1")?.execute([&id.as_bytes()[..]])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DatabaseKey;
    use crate::db::Db;

    fn account(number: u32) -> AccountId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        AccountId::from_bytes(bytes)
    }

    #[test]
    fn of_others_only_so_many_pictures_are_kept_and_the_own_one_always() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = Db::open(&folder.path().join("db"), &DatabaseKey::from_bytes([7; 32]), None).unwrap();
        let transaction = db.begin().unwrap();
        let tables = Tables(&transaction);
        let card = |version| Card { version, picture: Some(Bytes(vec![1])), ..Card::default() };
        for number in 0..PICTURES {
            assert!(tables.put_card(account(number), &card(1)).unwrap());
        }
        let has_picture = |number| tables.card(account(number)).unwrap().unwrap().picture.is_some();
        let (another, own) = (PICTURES, PICTURES + 1);
        tables.put_card(account(another), &card(1)).unwrap();
        tables.put_own_card(account(own), &card(1)).unwrap();
        assert!(has_picture(0) && !has_picture(another) && has_picture(own));
        tables.put_card(account(0), &card(2)).unwrap();
        tables.put_own_card(account(own), &card(2)).unwrap();
        assert!(has_picture(0) && has_picture(own), "in place of its own earlier one");
    }
}

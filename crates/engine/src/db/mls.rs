//! The core's group state, in the same transaction as everything else.

use huis_core::store::{GroupStore, StoreError};
use rusqlite::{OptionalExtension, params};

use super::Tables;

impl GroupStore for Tables<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0
            .prepare_cached("SELECT value FROM mls WHERE key = ?1")
            .and_then(|mut statement| statement.query_row([key], |row| row.get(0)).optional())
            .map_err(failed)
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.0
            .prepare_cached("INSERT INTO mls (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2")
            .and_then(|mut statement| statement.execute(params![key, value]))
            .map(drop)
            .map_err(failed)
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0
            .prepare_cached("DELETE FROM mls WHERE key = ?1")
            .and_then(|mut statement| statement.execute([key]))
            .map(drop)
            .map_err(failed)
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError(error.to_string())
}

//! The hash of everything that a store holds, which all backends come to alike.
//!
//! A chain of SHA-256 over the rows in their order: the hash of 21 bytes `huis store content v1`; then for each row the
//! hash of the hash before it (32 bytes), the length of the table's name (1 byte), the name, and the row's values. A
//! number is 1 and eight bytes, big-endian; bytes are 2, their count (eight bytes, big-endian) and themselves; a text is
//! 3 and otherwise the same, in UTF-8. Of a chain that was cut off 32 bytes are all that has to be kept.

use huis_proto::Bytes32;
use sha2::{Digest, Sha256};

use super::shape::{Row, Table, Value};

const LABEL: &[u8] = b"huis store content v1";

/// The hash of the rows that were added.
pub(crate) struct Content([u8; 32]);

impl Default for Content {
    /// Of nothing.
    fn default() -> Self {
        Self(Sha256::digest(LABEL).into())
    }
}

impl Content {
    /// Adds the next row.
    pub(crate) fn add(&mut self, table: &Table, row: &Row) {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update([table.name.len() as u8]);
        hash.update(table.name);
        for value in row {
            match value {
                Value::Number(number) => {
                    hash.update([1]);
                    hash.update(number.to_be_bytes());
                }
                Value::Bytes(bytes) => add_sized(&mut hash, 2, bytes),
                Value::Text(text) => add_sized(&mut hash, 3, text.as_bytes()),
            }
        }
        self.0 = hash.finalize().into();
    }

    /// The hash.
    pub(crate) fn hash(&self) -> Bytes32 {
        Bytes32(self.0)
    }
}

fn add_sized(hash: &mut Sha256, tag: u8, bytes: &[u8]) {
    hash.update([tag]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::super::TABLES;
    use super::*;

    fn rooms() -> &'static Table {
        TABLES.iter().find(|table| table.name == "rooms").expect("a table")
    }

    fn hash(rows: &[(i64, &str)]) -> String {
        let mut content = Content::default();
        for (conversation, name) in rows {
            content.add(rooms(), &vec![Value::Number(*conversation), Value::Text((*name).into())]);
        }
        content.hash().0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_hash_covers_the_documented_bytes() {
        let begun = Sha256::digest(LABEL);
        let row = [&begun[..], b"\x05rooms", &[1], &7i64.to_be_bytes(), &[3], &5u64.to_be_bytes(), b"lobby"].concat();
        let expected: String = Sha256::digest(row).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash(&[(7, "lobby")]), expected);
        insta::assert_snapshot!(hash(&[(7, "lobby"), (8, "club")]));
    }

    #[test]
    fn every_value_every_row_and_their_order_count() {
        let plain = hash(&[(7, "lobby"), (8, "club")]);
        for other in [
            vec![(7, "lobby"), (8, "clue")],
            vec![(7, "lobby"), (9, "club")],
            vec![(8, "club"), (7, "lobby")],
            vec![(7, "lobby")],
            vec![(7, "lobby"), (8, "club"), (8, "club")],
        ] {
            assert_ne!(hash(&other), plain, "{other:?}");
        }
    }
}

//! A group store in memory that counts what is put into it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use huis_core::store::{GroupStore, StoreError};

/// Values by key, and how many bytes of values were put so far.
#[derive(Default)]
pub(super) struct CountingStore {
    values: RefCell<BTreeMap<Vec<u8>, Vec<u8>>>,
    put_bytes: Cell<u64>,
}

impl CountingStore {
    /// Bytes of values that were put since the beginning.
    pub(super) fn put_bytes(&self) -> u64 {
        self.put_bytes.get()
    }

    /// Copies all values into another store.
    pub(super) fn copy_into(&self, other: &dyn GroupStore) -> Result<(), StoreError> {
        self.values.borrow().iter().try_for_each(|(key, value)| other.put(key, value))
    }
}

impl GroupStore for CountingStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.values.borrow().get(key).cloned())
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.put_bytes.set(self.put_bytes.get() + value.len() as u64);
        self.values.borrow_mut().insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.values.borrow_mut().remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_put_counts_also_where_it_replaces_a_value() {
        let store = CountingStore::default();
        store.put(b"a", b"123").unwrap();
        store.put(b"a", b"12").unwrap();
        store.delete(b"b").unwrap();
        assert_eq!(store.put_bytes(), 5);
        assert_eq!(store.get(b"a").unwrap().unwrap(), b"12");
    }

    #[test]
    fn a_copy_holds_the_same_values() {
        let (store, other) = (CountingStore::default(), CountingStore::default());
        store.put(b"a", b"1").unwrap();
        store.put(b"b", b"2").unwrap();
        store.copy_into(&other).unwrap();
        assert_eq!(other.get(b"a").unwrap().unwrap(), b"1");
        assert_eq!(other.get(b"b").unwrap().unwrap(), b"2");
        assert_eq!(other.get(b"c").unwrap(), None);
    }
}

//! Where the state of groups lives: a map from bytes to bytes that the caller keeps, inside the caller's transaction.

use std::cell::RefCell;
use std::collections::BTreeMap;

use zeroize::Zeroize;

/// The store failed; what it said, without keys or values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the group store failed: {0}")]
pub struct StoreError(pub String);

/// A map from short keys to values of up to some hundred kilobytes (a large group's secrets), all of them secret.
///
/// The engine implements it on the transaction that also holds the message, so that ratchet state and message are on
/// disk together or not at all.
pub trait GroupStore {
    /// The value of `key`.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets the value of `key`.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be written.
    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Removes `key`, if it is there.
    ///
    /// # Errors
    /// [`StoreError`] where it can't be written.
    fn delete(&self, key: &[u8]) -> Result<(), StoreError>;
}

/// A store in memory, for tests and for what never touches a disk.
#[derive(Default)]
pub struct MemoryGroupStore(RefCell<BTreeMap<Vec<u8>, Vec<u8>>>);

impl MemoryGroupStore {
    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// A copy of all that is there, as a backup of a device would be.
    pub fn snapshot(&self) -> Self {
        Self(self.0.clone())
    }
}

impl GroupStore for MemoryGroupStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.borrow().get(key).cloned())
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.0.borrow_mut().insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.0.borrow_mut().remove(key);
        Ok(())
    }
}

/// Writes that wait: reads see them, the store beneath does not until [`flush`](Overlay::flush).
pub(crate) struct Overlay<'a> {
    beneath: &'a dyn GroupStore,
    writes: RefCell<Writes>,
}

/// Values to set, and keys to remove.
#[derive(Default)]
pub(crate) struct Writes(pub(crate) BTreeMap<Vec<u8>, Option<Vec<u8>>>);

impl<'a> Overlay<'a> {
    pub(crate) fn new(beneath: &'a dyn GroupStore) -> Self {
        Self { beneath, writes: RefCell::default() }
    }

    pub(crate) fn flush(self) -> Result<(), StoreError> {
        self.writes.take().apply(self.beneath)
    }

    pub(crate) fn into_writes(self) -> Writes {
        self.writes.take()
    }
}

impl GroupStore for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.borrow().0.get(key) {
            Some(waiting) => Ok(waiting.clone()),
            None => self.beneath.get(key),
        }
    }

    fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.writes.borrow_mut().0.insert(key.to_vec(), Some(value.to_vec()));
        Ok(())
    }

    fn delete(&self, key: &[u8]) -> Result<(), StoreError> {
        self.writes.borrow_mut().0.insert(key.to_vec(), None);
        Ok(())
    }
}

impl Writes {
    pub(crate) fn apply(&self, store: &dyn GroupStore) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|(key, value)| match value {
            Some(value) => store.put(key, value),
            None => store.delete(key),
        })
    }
}

impl Drop for Writes {
    fn drop(&mut self) {
        self.0.values_mut().flatten().for_each(Zeroize::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_writes_are_seen_above_and_not_beneath_until_they_are_flushed() {
        let store = MemoryGroupStore::default();
        store.put(b"old", b"1").unwrap();
        let overlay = Overlay::new(&store);
        overlay.put(b"new", b"2").unwrap();
        overlay.delete(b"old").unwrap();
        assert_eq!(overlay.get(b"new").unwrap().unwrap(), b"2");
        assert_eq!(overlay.get(b"old").unwrap(), None);
        assert_eq!(store.get(b"old").unwrap().unwrap(), b"1");
        overlay.flush().unwrap();
        assert_eq!(store.get(b"old").unwrap(), None);
        assert_eq!(store.get(b"new").unwrap().unwrap(), b"2");
    }
}

//! Signals and kept values, with one machinery for all types.
//!
//! Those of the framework are used in the same way, and the compiler makes all of their code anew for each type: that was a
//! tenth of the page's module. Here what is kept is behind one pointer, and what is made for a type is the look at it.

use std::any::Any;
use std::cmp::Ordering;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use leptos::prelude::{ArcTrigger, Effect, GetValue, Notify, Track};

/// A value of whatever type, and who is told when it changes.
#[derive(Clone)]
struct Kept {
    changed: ArcTrigger,
    value: Arc<dyn Any + Send + Sync>,
}

impl Kept {
    fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self { changed: ArcTrigger::new(), value: Arc::new(RwLock::new(value)) }
    }

    fn lock<T: 'static>(&self) -> &RwLock<T> {
        self.value.downcast_ref().expect("whoever made it names its type")
    }

    // One thread: a panic ends the page, and nothing is poisoned.
    fn read<T: 'static>(&self) -> RwLockReadGuard<'_, T> {
        self.lock().read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T: 'static>(&self) -> RwLockWriteGuard<'_, T> {
        self.lock().write().unwrap_or_else(PoisonError::into_inner)
    }

    fn set<T: 'static>(&self, value: T) {
        *self.write() = value;
        self.changed.notify();
    }

    fn update<T: 'static, U>(&self, change: impl FnOnce(&mut T) -> U) -> U {
        let made = change(&mut self.write());
        self.changed.notify();
        made
    }
}

/// Where something is kept until the part of the page that made it goes away.
#[derive(Clone, Copy)]
struct Slot(leptos::prelude::StoredValue<Kept>);

impl Slot {
    fn new(kept: Kept) -> Self {
        Self(leptos::prelude::StoredValue::new(kept))
    }

    fn find(self) -> Option<Kept> {
        self.0.try_get_value()
    }

    fn kept(self) -> Kept {
        self.find().expect("a part of the page is asked after it went away")
    }
}

/// A signal that lives as long as the part of the page that made it.
pub(crate) struct RwSignal<T> {
    slot: Slot,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for RwSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RwSignal<T> {}

impl<T: Send + Sync + 'static> RwSignal<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { slot: Slot::new(Kept::new(value)), of: PhantomData }
    }

    pub(crate) fn track(self) {
        self.slot.kept().changed.track();
    }

    pub(crate) fn with<U>(self, look: impl FnOnce(&T) -> U) -> U {
        let kept = self.slot.kept();
        kept.changed.track();
        look(&kept.read())
    }

    pub(crate) fn with_untracked<U>(self, look: impl FnOnce(&T) -> U) -> U {
        look(&self.slot.kept().read())
    }

    /// Does nothing where the part is gone.
    pub(crate) fn set(self, value: T) {
        if let Some(kept) = self.slot.find() {
            kept.set(value);
        }
    }

    /// Nothing where the part is gone.
    pub(crate) fn try_update<U>(self, change: impl FnOnce(&mut T) -> U) -> Option<U> {
        self.slot.find().map(|kept| kept.update(change))
    }

    pub(crate) fn update(self, change: impl FnOnce(&mut T)) {
        self.try_update(change);
    }
}

impl<T: Clone + Send + Sync + 'static> RwSignal<T> {
    pub(crate) fn get(self) -> T {
        self.with(T::clone)
    }

    pub(crate) fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }

    /// Nothing where the part is gone.
    pub(crate) fn try_get_untracked(self) -> Option<T> {
        self.slot.find().map(|kept| kept.read::<T>().clone())
    }
}

/// A signal that lives as long as somebody has it.
pub(crate) struct ArcRwSignal<T> {
    kept: Kept,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for ArcRwSignal<T> {
    fn clone(&self) -> Self {
        Self { kept: self.kept.clone(), of: PhantomData }
    }
}

impl<T: Send + Sync + 'static> ArcRwSignal<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { kept: Kept::new(value), of: PhantomData }
    }

    pub(crate) fn track(&self) {
        self.kept.changed.track();
    }

    pub(crate) fn with<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        self.track();
        look(&self.kept.read())
    }

    pub(crate) fn with_untracked<U>(&self, look: impl FnOnce(&T) -> U) -> U {
        look(&self.kept.read())
    }

    pub(crate) fn set(&self, value: T) {
        self.kept.set(value);
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut T)) {
        self.kept.update(change);
    }
}

impl<T: Clone + Send + Sync + 'static> ArcRwSignal<T> {
    pub(crate) fn get(&self) -> T {
        self.with(T::clone)
    }

    pub(crate) fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

/// A value that nobody follows.
pub(crate) struct StoredValue<T> {
    slot: Slot,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for StoredValue<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoredValue<T> {}

impl<T: Send + Sync + 'static> StoredValue<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { slot: Slot::new(Kept::new(value)), of: PhantomData }
    }

    pub(crate) fn with_value<U>(self, look: impl FnOnce(&T) -> U) -> U {
        look(&self.slot.kept().read())
    }

    /// Does nothing where the part is gone.
    pub(crate) fn set_value(self, value: T) {
        self.update_value(|kept| *kept = value);
    }

    /// Nothing where the part is gone.
    pub(crate) fn try_update_value<U>(self, change: impl FnOnce(&mut T) -> U) -> Option<U> {
        self.slot.find().map(|kept| change(&mut kept.write()))
    }

    pub(crate) fn update_value(self, change: impl FnOnce(&mut T)) {
        self.try_update_value(change);
    }
}

impl<T: Clone + Send + Sync + 'static> StoredValue<T> {
    pub(crate) fn get_value(self) -> T {
        self.with_value(T::clone)
    }

    /// Nothing where the part is gone.
    pub(crate) fn try_get_value(self) -> Option<T> {
        self.slot.find().map(|kept| kept.read::<T>().clone())
    }
}

/// Does it now, and again when something has changed that it read.
pub(crate) fn effect(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_: Option<()>| act());
}

/// In this order; equals stay as they were.
pub(crate) fn sorted<T>(items: Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) -> Vec<T> {
    let order = order(items.len(), &mut |one, other| match (items.get(one), items.get(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    });
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|at| items.get_mut(at)?.take()).collect()
}

fn order(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sorted_is_whole_and_equals_keep_their_order() {
        let items = vec![(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e')];
        let sorted = sorted(items, |(one, _), (other, _)| one.cmp(other));
        assert_eq!(sorted, [(0, 'd'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c')]);
        assert!(super::sorted(Vec::<u8>::new(), u8::cmp).is_empty());
    }
}

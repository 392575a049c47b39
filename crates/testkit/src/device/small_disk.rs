//! A disk that has room for so much.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use huis_engine::native::NativeFiles;
use huis_engine::{FileFault, Files, OpenFile, Stamp};

/// The files of the system, on a disk of which a story says what is free.
pub(super) struct SmallDisk {
    pub(super) system: NativeFiles,
    /// Bytes; none: as much as there is.
    pub(super) free: Rc<Cell<Option<u64>>>,
}

/// An open file, which takes what it writes from what is free.
struct Bounded {
    file: Box<dyn OpenFile>,
    free: Rc<Cell<Option<u64>>>,
}

type Answer<'a, T> = LocalBoxFuture<'a, Result<T, FileFault>>;

impl Files for SmallDisk {
    fn open(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        self.system.open(path)
    }

    fn open_part(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        let opened = self.system.open_part(path);
        let free = Rc::clone(&self.free);
        Box::pin(async move { Ok(Box::new(Bounded { file: opened.await?, free }) as Box<dyn OpenFile>) })
    }

    fn free_path(&self, folder: &str, name: &str, part: &str) -> Answer<'_, String> {
        self.system.free_path(folder, name, part)
    }

    fn part_path(&self, folder: &str, name: &str, mark: &str) -> String {
        self.system.part_path(folder, name, mark)
    }

    fn rename(&self, from: &str, to: &str) -> Answer<'_, bool> {
        self.system.rename(from, to)
    }

    fn free_bytes(&self, folder: &str) -> LocalBoxFuture<'_, Option<u64>> {
        match self.free.get() {
            Some(free) => Box::pin(std::future::ready(Some(free))),
            None => self.system.free_bytes(folder),
        }
    }

    fn remove(&self, path: &str) -> Answer<'_, ()> {
        self.system.remove(path)
    }

    fn own(&self) -> Answer<'_, Vec<String>> {
        self.system.own()
    }
}

impl OpenFile for Bounded {
    fn stamp(&mut self) -> Answer<'_, Stamp> {
        self.file.stamp()
    }

    fn read(&mut self, at: u64, length: usize) -> Answer<'_, Vec<u8>> {
        self.file.read(at, length)
    }

    fn write(&mut self, at: u64, bytes: Vec<u8>) -> Answer<'_, ()> {
        if let Some(free) = self.free.get() {
            match free.checked_sub(bytes.len() as u64) {
                Some(left) => self.free.set(Some(left)),
                None => return Box::pin(std::future::ready(Err(FileFault::NoSpace))),
            }
        }
        self.file.write(at, bytes)
    }

    fn cut(&mut self, length: u64) -> Answer<'_, ()> {
        self.file.cut(length)
    }

    fn sync(&self) -> Answer<'static, ()> {
        self.file.sync()
    }
}

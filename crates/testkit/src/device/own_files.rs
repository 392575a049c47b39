//! A device that keeps files for itself, as a browser does: nobody sees their names, and they go with their transfers.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use huis_core::files::BLOCK;
use huis_engine::native::NativeFiles;
use huis_engine::{FileFault, Files, OpenFile, Stamp};

/// The files of such a device, in a folder of its own.
pub(super) struct OwnFiles {
    pub(super) folder: PathBuf,
    pub(super) system: NativeFiles,
    /// What is chosen, and in no transfer yet.
    pub(super) chosen: Rc<RefCell<BTreeSet<String>>>,
}

type Answer<'a, T> = LocalBoxFuture<'a, Result<T, FileFault>>;

impl OwnFiles {
    fn at(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("a path in UTF-8").to_owned()
    }
}

impl Files for OwnFiles {
    fn open(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        self.system.open(&self.at(path))
    }

    fn open_part(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        let opened = self.system.open_part(&self.at(path));
        Box::pin(async move { Ok(Box::new(InBlocks(opened.await?)) as Box<dyn OpenFile>) })
    }

    fn free_path(&self, _folder: &str, _name: &str, part: &str) -> Answer<'_, String> {
        Box::pin(std::future::ready(Ok(part.to_owned())))
    }

    fn part_path(&self, _folder: &str, _name: &str, mark: &str) -> String {
        mark.to_owned()
    }

    fn rename(&self, from: &str, to: &str) -> Answer<'_, bool> {
        Box::pin(std::future::ready(Ok(from == to)))
    }

    fn free_bytes(&self, _folder: &str) -> LocalBoxFuture<'_, Option<u64>> {
        self.system.free_bytes(&self.at(""))
    }

    fn remove(&self, path: &str) -> Answer<'_, ()> {
        self.system.remove(&self.at(path))
    }

    fn own(&self) -> Answer<'_, Vec<String>> {
        let names = std::fs::read_dir(&self.folder).expect("the device's own files");
        let names = names.map(|entry| entry.expect("a file").file_name().into_string().expect("a name in UTF-8"));
        let names = names.filter(|name| !self.chosen.borrow().contains(name)).collect();
        Box::pin(std::future::ready(Ok(names)))
    }
}

/// A file that is written in whole blocks, as a browser's is, because each is sealed by itself.
struct InBlocks(Box<dyn OpenFile>);

impl OpenFile for InBlocks {
    fn stamp(&mut self) -> Answer<'_, Stamp> {
        self.0.stamp()
    }

    fn read(&mut self, at: u64, length: usize) -> Answer<'_, Vec<u8>> {
        self.0.read(at, length)
    }

    fn write(&mut self, at: u64, bytes: Vec<u8>) -> Answer<'_, ()> {
        Box::pin(async move {
            let ends_it = at + bytes.len() as u64 >= self.0.stamp().await?.size;
            if !at.is_multiple_of(BLOCK as u64) || !(bytes.len().is_multiple_of(BLOCK) || ends_it) {
                return Err(FileFault::Other("it is written in whole blocks".into()));
            }
            self.0.write(at, bytes).await
        })
    }

    fn cut(&mut self, length: u64) -> Answer<'_, ()> {
        self.0.cut(length)
    }

    fn sync(&self) -> Answer<'static, ()> {
        self.0.sync()
    }
}

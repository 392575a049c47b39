//! Files of a page, in the origin private file system.
//!
//! A page has no paths: what a person chooses is copied here, so that an upload goes on after a reload, and what is fetched
//! lies here until it is given to the person. Nothing lies here as it is: each file is sealed under a key that comes of the
//! database's ([`KeptFile`](huis_core::files::KeptFile)), and is called by random digits. Without the database nothing here
//! can be read.

mod sealed;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};

use futures_util::future::LocalBoxFuture;
use js_sys::{IteratorNext, Reflect, Uint8Array};
use rand::RngCore;
use rand::rngs::OsRng;
use tokio::sync::Mutex;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions, FileSystemGetFileOptions,
    FileSystemRemoveOptions, StorageManager, WorkerNavigator,
};
use zeroize::Zeroizing;

use self::sealed::Sealed;
use super::timer::scope;
use crate::config::DatabaseKey;
use crate::ports::{FileFault, Files, OpenFile, Stamp};

/// The folder among the page's files. Another form of what is in it gets another name.
const FOLDER: &str = ".huis-files-1";
/// What is copied of a chosen file at once, in bytes.
const PIECE: u64 = 1024 * 1024;
/// What is left free beside what is copied: the database grows, too.
const MARGIN: f64 = 32.0 * 1024.0 * 1024.0;
/// Files that are chosen and not sent yet.
const MOST_CHOSEN: usize = 64;
/// Digits of a file's name here.
const DIGITS: usize = 32;

type Answer<'a, T> = LocalBoxFuture<'a, Result<T, FileFault>>;

/// The files that a page keeps for itself.
#[derive(Clone)]
pub struct OwnFiles(Rc<Inner>);

struct Inner {
    key: Zeroizing<[u8; 32]>,
    /// A browser opens a file once at a time, so who opens it again shares it. Held while one is being opened.
    open: Mutex<BTreeMap<String, Weak<Sealed>>>,
    /// What is chosen, and in no transfer yet.
    chosen: RefCell<BTreeSet<String>>,
}

/// An open one.
struct Open(Rc<Sealed>);

impl OwnFiles {
    /// The files beside the database with this key.
    pub fn beside(key: &DatabaseKey) -> Self {
        let key = Zeroizing::new(*key.expose());
        Self(Rc::new(Inner { key, open: Mutex::default(), chosen: RefCell::default() }))
    }

    /// Copies a file that a person chose, under a name of 32 hexadecimal digits, and tells how much of it is there. It stays
    /// until it is [let go](Self::let_go) or this process ends, and for as long as a transfer names it.
    ///
    /// # Errors
    /// [`FileFault`]; nothing of the file stays then.
    pub async fn take(&self, name: &str, chosen: &File, tell: impl Fn(f64)) -> Result<(), FileFault> {
        if name.len() != DIGITS || !name.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(FileFault::NotFound);
        }
        if self.0.chosen.borrow().len() >= MOST_CHOSEN {
            return Err(FileFault::Other("too many files are chosen at once".into()));
        }
        if !self.0.chosen.borrow_mut().insert(name.to_owned()) {
            return Err(FileFault::Other("it is being copied already".into()));
        }
        let copied = self.copy(name, chosen, tell).await;
        if copied.is_err() {
            self.let_go(name);
            let _ = self.remove(name).await;
        }
        copied
    }

    async fn copy(&self, name: &str, chosen: &File, tell: impl Fn(f64)) -> Result<(), FileFault> {
        let size = chosen.size();
        let free = free().await?;
        if size + MARGIN > free {
            return Err(FileFault::NoRoom { size: size as u64, free: (free - MARGIN).max(0.0) as u64 });
        }
        let copy = self.sealed(name, true).await?;
        let mut at = 0_u64;
        while (at as f64) < size {
            let slice = chosen.slice_with_f64_and_f64(at as f64, size.min((at + PIECE) as f64)).map_err(fault)?;
            let bytes = JsFuture::from(slice.array_buffer()).await.map_err(fault)?;
            let bytes = Uint8Array::new(&bytes).to_vec();
            if bytes.is_empty() {
                return Err(FileFault::Other("it ends before its end".into()));
            }
            if !self.0.chosen.borrow().contains(name) {
                return Err(FileFault::NotFound);
            }
            copy.write(at, &bytes)?;
            at += bytes.len() as u64;
            tell(at as f64);
        }
        copy.flush()
    }

    /// A chosen file is needed for no more than the transfers that name it.
    pub fn let_go(&self, name: &str) {
        self.0.chosen.borrow_mut().remove(name);
    }

    /// The engine over these files has ended: what is being copied is given up.
    pub fn close(&self) {
        self.0.chosen.borrow_mut().clear();
    }

    /// Removes all files, of whatever database. That some are in use leaves them: they are removed another time, and without
    /// the database's key they are noise.
    pub async fn erase() {
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        if let Ok(root) = root().await {
            let _ = JsFuture::from(root.remove_entry_with_options(FOLDER, &options)).await;
        }
    }

    async fn sealed(&self, name: &str, makes: bool) -> Result<Rc<Sealed>, FileFault> {
        let mut open = self.0.open.lock().await;
        open.retain(|_, file| file.strong_count() > 0);
        if let Some(file) = open.get(name).and_then(Weak::upgrade) {
            return Ok(file);
        }
        let options = FileSystemGetFileOptions::new();
        options.set_create(makes);
        let found = folder().await?.get_file_handle_with_options(name, &options);
        let found: FileSystemFileHandle = JsFuture::from(found).await.map_err(fault)?.unchecked_into();
        let access = JsFuture::from(found.create_sync_access_handle()).await.map_err(fault)?;
        let file = Rc::new(Sealed::of(access.unchecked_into(), &self.0.key, makes)?);
        open.insert(name.to_owned(), Rc::downgrade(&file));
        Ok(file)
    }

    async fn names(&self) -> Result<Vec<String>, FileFault> {
        let names = folder().await?.keys();
        let mut found = Vec::new();
        loop {
            let next = JsFuture::from(names.next().map_err(fault)?).await.map_err(fault)?;
            let next: IteratorNext = next.unchecked_into();
            if next.done() {
                return Ok(found);
            }
            let name = next.value().as_string();
            found.extend(name.filter(|name| !self.0.chosen.borrow().contains(name)));
        }
    }
}

impl Files for OwnFiles {
    fn open(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        let path = path.to_owned();
        Box::pin(async move { Ok(Box::new(Open(self.sealed(&path, false).await?)) as Box<dyn OpenFile>) })
    }

    fn open_part(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        let path = path.to_owned();
        Box::pin(async move { Ok(Box::new(Open(self.sealed(&path, true).await?)) as Box<dyn OpenFile>) })
    }

    fn free_path(&self, _folder: &str, _name: &str, part: &str) -> Answer<'_, String> {
        // What it is called nobody sees here.
        Box::pin(std::future::ready(Ok(part.to_owned())))
    }

    fn part_path(&self, _folder: &str, _name: &str, _mark: &str) -> String {
        let mut random = [0; DIGITS / 2];
        OsRng.fill_bytes(&mut random);
        random.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn rename(&self, from: &str, to: &str) -> Answer<'_, bool> {
        let is_same = from == to;
        Box::pin(std::future::ready(if is_same { Ok(true) } else { Err(FileFault::Unsupported) }))
    }

    fn free_bytes(&self, _folder: &str) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(async { free().await.ok().filter(|bytes| bytes.is_finite()).map(|bytes| bytes.max(0.0) as u64) })
    }

    fn remove(&self, path: &str) -> Answer<'_, ()> {
        let path = path.to_owned();
        Box::pin(async move {
            match JsFuture::from(folder().await?.remove_entry(&path)).await.map_err(fault) {
                Ok(_) | Err(FileFault::NotFound) => Ok(()),
                Err(other) => Err(other),
            }
        })
    }

    fn own(&self) -> Answer<'_, Vec<String>> {
        Box::pin(self.names())
    }
}

impl OpenFile for Open {
    fn stamp(&mut self) -> Answer<'_, Stamp> {
        // A copy changes by nobody's hand.
        Box::pin(async move { Ok(Stamp { size: self.0.size()?, changed_ns: 0 }) })
    }

    fn read(&mut self, at: u64, length: usize) -> Answer<'_, Vec<u8>> {
        Box::pin(async move { self.0.read(at, length) })
    }

    fn write(&mut self, at: u64, bytes: Vec<u8>) -> Answer<'_, ()> {
        Box::pin(async move { self.0.write(at, &bytes) })
    }

    fn cut(&mut self, length: u64) -> Answer<'_, ()> {
        Box::pin(async move { self.0.cut(length) })
    }

    fn sync(&self) -> Answer<'static, ()> {
        Box::pin(std::future::ready(self.0.flush()))
    }
}

fn storage() -> Result<StorageManager, FileFault> {
    let navigator: WorkerNavigator = scope().ok_or(FileFault::Unsupported)?.navigator();
    Ok(navigator.storage())
}

async fn root() -> Result<FileSystemDirectoryHandle, FileFault> {
    let root = JsFuture::from(storage()?.get_directory()).await.map_err(fault)?;
    Ok(root.unchecked_into())
}

async fn folder() -> Result<FileSystemDirectoryHandle, FileFault> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let folder = root().await?.get_directory_handle_with_options(FOLDER, &options);
    Ok(JsFuture::from(folder).await.map_err(fault)?.unchecked_into())
}

/// How many bytes the browser would keep for the page still.
async fn free() -> Result<f64, FileFault> {
    let asked = storage()?.estimate().map_err(fault)?;
    let estimate = JsFuture::from(asked).await.map_err(fault)?;
    let figure = |name: &str| Reflect::get(&estimate, &name.into()).ok().and_then(|figure| figure.as_f64());
    // One that does not say it is asked by writing.
    Ok(figure("quota").map_or(f64::INFINITY, |quota| quota - figure("usage").unwrap_or(0.0)))
}

/// What the browser says of a file (WHATWG File System, section 4; its errors are DOMExceptions with these names).
fn fault(error: JsValue) -> FileFault {
    let text = |name: &str| Reflect::get(&error, &name.into()).ok().and_then(|text| text.as_string());
    match text("name").as_deref() {
        Some("NotFoundError") => FileFault::NotFound,
        Some("TypeMismatchError") => FileFault::NotAFile,
        // A file that the person changed or removed since it was chosen is not readable any more.
        Some("NotReadableError") => FileFault::Other("it changes while it is sent".into()),
        Some("NotAllowedError" | "SecurityError") => FileFault::Denied,
        Some("QuotaExceededError") => FileFault::NoSpace,
        _ => FileFault::Other(text("message").unwrap_or_else(|| "the browser gives no reason".into())),
    }
}

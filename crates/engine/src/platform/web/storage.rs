//! The files of the page's own origin (OPFS) that hold the database.
//!
//! They are a pool of files that are open for good, as SQLite wants to read and write at once; SQLCipher encrypts what
//! goes into them. One worker at a time can have them open.

use rsqlite_vfs::VfsFilesManager as _;
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_vfs::sahpool::{OpfsSAHError, OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install};

use super::DATABASE;
use crate::engine::StartError;

/// The folder among the page's files. Another form of the pool gets another name.
const FOLDER: &str = ".huis-1";

/// The open files.
pub struct Storage {
    pool: OpfsSAHPoolUtil,
}

/// Why the files are not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// This browser has no such files, or not here: no secure context, or a private window.
    #[error("this browser keeps no files for the page: {0}")]
    Unsupported(String),
    /// Another worker has them open.
    #[error("another tab has the files open: {0}")]
    InUse(String),
    /// What is in them is not what was written.
    #[error("the page's files are damaged: {0}")]
    Damaged(String),
    /// Anything else, as no space being left.
    #[error("the page's files can't be used: {0}")]
    Failed(String),
}

impl Storage {
    /// Opens the files, and makes them where there are none.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn open() -> Result<Self, StorageError> {
        let options = OpfsSAHPoolCfgBuilder::new().directory(FOLDER).build();
        let pool = install::<WasmOsCallback>(&options, true).await?;
        if pool.is_paused() {
            pool.resume().await?;
        }
        Ok(Self { pool })
    }

    /// Whether there is a database.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn has_database(&self) -> Result<bool, StorageError> {
        Ok(self.pool.contains(DATABASE)?)
    }

    /// Destroys the database with all that belongs to it. No engine may be running over it.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn erase(&self) -> Result<(), StorageError> {
        Ok(self.pool.clear()?)
    }

    /// Lets go of the files, so that another worker can open them. No engine may be running over them.
    ///
    /// # Errors
    /// [`StorageError`].
    pub fn close(self) -> Result<(), StorageError> {
        Ok(self.pool.pause()?)
    }

    pub(super) fn must_be_open(&self) -> Result<(), StartError> {
        if self.pool.is_paused() { Err(StartError::Database("its files are closed".into())) } else { Ok(()) }
    }
}

impl From<OpfsSAHError> for StorageError {
    fn from(error: OpfsSAHError) -> Self {
        let said = error.to_string();
        match error {
            OpfsSAHError::NotSupported => Self::Unsupported(said),
            OpfsSAHError::Opfs { value, .. } => match js_sys::Error::from(value).name().as_string().as_deref() {
                Some("SecurityError" | "NotAllowedError") => Self::Unsupported(said),
                Some("NoModificationAllowedError") => Self::InUse(said),
                _ => Self::Failed(said),
            },
            OpfsSAHError::InvalidHeader { .. }
            | OpfsSAHError::DuplicateFilename(_)
            | OpfsSAHError::ShortIo { .. }
            | OpfsSAHError::InvalidDirectoryEntry => Self::Damaged(said),
            _ => Self::Failed(said),
        }
    }
}

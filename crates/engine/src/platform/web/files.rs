//! Files of a page. There are none yet: a page has no paths, and what a person chooses there comes another way.

use futures_util::future::LocalBoxFuture;

use crate::ports::{FileFault, Files, OpenFile};

/// Refuses.
pub(crate) struct WebFiles;

fn refused<T>() -> LocalBoxFuture<'static, Result<T, FileFault>>
where
    T: 'static,
{
    Box::pin(std::future::ready(Err(FileFault::Unsupported)))
}

impl Files for WebFiles {
    fn open(&self, _path: &str) -> LocalBoxFuture<'_, Result<Box<dyn OpenFile>, FileFault>> {
        refused()
    }

    fn open_part(&self, _path: &str) -> LocalBoxFuture<'_, Result<Box<dyn OpenFile>, FileFault>> {
        refused()
    }

    fn free_path(&self, _folder: &str, _name: &str) -> LocalBoxFuture<'_, Result<String, FileFault>> {
        refused()
    }

    fn part_path(&self, _folder: &str, name: &str, mark: &str) -> String {
        format!("{mark}.{name}")
    }

    fn rename(&self, _from: &str, _to: &str) -> LocalBoxFuture<'_, Result<bool, FileFault>> {
        refused()
    }

    fn free_bytes(&self, _folder: &str) -> LocalBoxFuture<'_, Option<u64>> {
        Box::pin(std::future::ready(None))
    }

    fn remove(&self, _path: &str) -> LocalBoxFuture<'_, Result<(), FileFault>> {
        refused()
    }
}

//! Files by paths. Whatever touches a disk is done away from the engine's thread.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use futures_util::future::LocalBoxFuture;
use rustix::buffer::spare_capacity;
use rustix::fs::OFlags;
use rustix::io::{Errno, pread};

use super::away;
use crate::ports::{FileFault, Files, OpenFile, Stamp};

/// So many files of one name are told apart by a number.
const SAME_NAME: u32 = 1000;

/// The files of the system.
#[derive(Debug, Clone, Copy)]
pub struct NativeFiles;

/// An open one. It is read and written by places, so one who waits for the disk holds up nobody.
struct Open(Arc<File>);

type Answer<'a, T> = LocalBoxFuture<'a, Result<T, FileFault>>;

fn on_disk<'a, T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Answer<'a, T> {
    Box::pin(async move {
        match away(work).await {
            Some(done) => done.map_err(|error| fault(&error)),
            None => Err(FileFault::Other("reading or writing it came to no end".into())),
        }
    })
}

fn fault(error: &io::Error) -> FileFault {
    match error.kind() {
        ErrorKind::NotFound => FileFault::NotFound,
        ErrorKind::IsADirectory | ErrorKind::InvalidInput => FileFault::NotAFile,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FileFault::Denied,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FileFault::NoSpace,
        _ => FileFault::Other(error.to_string()),
    }
}

impl Files for NativeFiles {
    fn open(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        let path = PathBuf::from(path);
        let opened = on_disk(move || {
            // A pipe would wait for somebody to write; it is not even opened.
            if !std::fs::metadata(&path)?.is_file() {
                return Err(ErrorKind::InvalidInput.into());
            }
            File::open(&path)
        });
        Box::pin(async move { Ok(Box::new(Open::new(opened.await?)) as Box<dyn OpenFile>) })
    }

    fn open_part(&self, path: &str) -> Answer<'_, Box<dyn OpenFile>> {
        let path = PathBuf::from(path);
        let opened = on_disk(move || {
            let mut options = OpenOptions::new();
            // Who can write in the folder does not lead what is written elsewhere, nor holds it up with a pipe.
            let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
            options.read(true).write(true).custom_flags(flags.bits().cast_signed());
            let file = match options.open(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => options.create_new(true).open(&path)?,
                Err(error) if Errno::from_io_error(&error) == Some(Errno::LOOP) => {
                    return Err(ErrorKind::InvalidInput.into());
                }
                opened => opened?,
            };
            if !file.metadata()?.is_file() {
                return Err(ErrorKind::InvalidInput.into());
            }
            Ok(file)
        });
        Box::pin(async move { Ok(Box::new(Open::new(opened.await?)) as Box<dyn OpenFile>) })
    }

    fn free_path(&self, folder: &str, name: &str, _part: &str) -> Answer<'_, String> {
        let (folder, name) = (PathBuf::from(folder), name.to_owned());
        on_disk(move || {
            let (stem, ending) = match name.rfind('.').filter(|dot| *dot > 0) {
                Some(dot) => name.split_at(dot),
                None => (name.as_str(), ""),
            };
            let numbered = (2..=SAME_NAME).map(|number| format!("{stem} ({number}){ending}"));
            for name in std::iter::once(name.clone()).chain(numbered) {
                let path = folder.join(name);
                match path.symlink_metadata() {
                    Err(error) if error.kind() == ErrorKind::NotFound => return as_text(path),
                    Err(error) => return Err(error),
                    Ok(_) => {}
                }
            }
            Err(io::Error::other("there are too many files of this name"))
        })
    }

    fn part_path(&self, folder: &str, name: &str, mark: &str) -> String {
        let name = name.get(..name.floor_char_boundary(128)).unwrap_or_default();
        format!("{}/.{name}.{mark}.part", folder.trim_end_matches('/'))
    }

    fn rename(&self, from: &str, to: &str) -> Answer<'_, bool> {
        let (from, to) = (PathBuf::from(from), PathBuf::from(to));
        on_disk(move || {
            // A second name first, for to give one takes nothing from what has it already, and to rename may.
            match std::fs::hard_link(&from, &to) {
                Ok(()) => std::fs::remove_file(&from)?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(error),
                // Not every file system knows second names: an empty file holds the name then.
                Err(_) => match OpenOptions::new().write(true).create_new(true).open(&to) {
                    Ok(_) => std::fs::rename(&from, &to)?,
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
                    Err(error) => return Err(error),
                },
            }
            sync_folder(&to)?;
            Ok(true)
        })
    }

    fn free_bytes(&self, folder: &str) -> LocalBoxFuture<'_, Option<u64>> {
        let folder = PathBuf::from(folder);
        let asked = on_disk(move || {
            let volume = rustix::fs::statvfs(&folder)?;
            Ok(volume.f_bavail.saturating_mul(volume.f_frsize))
        });
        Box::pin(async move { asked.await.ok() })
    }

    fn remove(&self, path: &str) -> Answer<'_, ()> {
        let path = PathBuf::from(path);
        on_disk(move || match std::fs::remove_file(&path) {
            // Without its folder its disk may be away, and come back with it.
            Err(error) if error.kind() == ErrorKind::NotFound && folder_is_there(&path) => Ok(()),
            done => done,
        })
    }

    fn own(&self) -> Answer<'_, Vec<String>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

fn as_text(path: PathBuf) -> io::Result<String> {
    path.into_os_string().into_string().map_err(|_| io::Error::other("its path is no text in UTF-8"))
}

fn folder_is_there(file: &Path) -> bool {
    // That of a bare name is the one of the process; where nothing was written yet there is no name.
    file.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir())
}

/// A file's name is on disk when its folder is.
fn sync_folder(file: &Path) -> io::Result<()> {
    match file.parent().map(File::open) {
        Some(Ok(folder)) => folder.sync_all(),
        // Where folders can't be opened they are not to be written either.
        _ => Ok(()),
    }
}

impl Open {
    fn new(file: File) -> Self {
        Self(Arc::new(file))
    }

    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> Answer<'static, T> {
        let file = Arc::clone(&self.0);
        on_disk(move || work(&file))
    }
}

impl OpenFile for Open {
    fn stamp(&mut self) -> Answer<'_, Stamp> {
        self.with(|file| {
            let known = file.metadata()?;
            let changed = known.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            Ok(Stamp { size: known.len(), changed_ns: changed.map_or(0, |since| since.as_nanos() as u64) })
        })
    }

    fn read(&mut self, at: u64, length: usize) -> Answer<'_, Vec<u8>> {
        // Made here: of memory that each of those threads makes for itself each keeps some.
        let mut bytes = Vec::with_capacity(length);
        self.with(move |file| {
            while bytes.len() < length {
                let from = at + bytes.len() as u64;
                match pread(file, spare_capacity(&mut bytes), from) {
                    Ok(0) => break,
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            bytes.truncate(length);
            Ok(bytes)
        })
    }

    fn write(&mut self, at: u64, bytes: Vec<u8>) -> Answer<'_, ()> {
        self.with(move |file| file.write_all_at(&bytes, at))
    }

    fn cut(&mut self, length: u64) -> Answer<'_, ()> {
        self.with(move |file| file.set_len(length))
    }

    fn sync(&self) -> Answer<'static, ()> {
        self.with(File::sync_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn a_name_that_is_taken_stays_whose_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let here = folder.path().to_str().unwrap();
        run(async {
            assert_eq!(NativeFiles.free_path(here, "a.tar.gz", "part").await, Ok(inside("a.tar.gz")));
            std::fs::write(inside("a.tar.gz"), "first").unwrap();
            assert_eq!(NativeFiles.free_path(here, "a.tar.gz", "part").await, Ok(inside("a.tar (2).gz")));
            // A link that leads nowhere is taken as well.
            std::os::unix::fs::symlink("nowhere", inside("a.tar (2).gz")).unwrap();
            assert_eq!(NativeFiles.free_path(here, "a.tar.gz", "part").await, Ok(inside("a.tar (3).gz")));
            std::fs::write(inside("part"), "second").unwrap();
            assert_eq!(NativeFiles.rename(&inside("part"), &inside("a.tar.gz")).await, Ok(false));
            assert_eq!(NativeFiles.rename(&inside("part"), &inside("a.tar (2).gz")).await, Ok(false));
            assert_eq!(std::fs::read_to_string(inside("a.tar.gz")).unwrap(), "first");
            assert_eq!(NativeFiles.rename(&inside("part"), &inside("b")).await, Ok(true));
            assert_eq!(std::fs::read_to_string(inside("b")).unwrap(), "second");
            assert!(!folder.path().join("part").exists());
        });
    }

    #[test]
    fn what_is_no_file_is_refused_and_what_is_not_there_is_as_good_as_removed() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().to_str().unwrap();
        let missing = format!("{here}/missing");
        run(async {
            assert_eq!(NativeFiles.open(here).await.err(), Some(FileFault::NotAFile));
            assert_eq!(NativeFiles.open("/dev/zero").await.err(), Some(FileFault::NotAFile));
            assert_eq!(NativeFiles.open(&missing).await.err(), Some(FileFault::NotFound));
            assert_eq!(NativeFiles.remove(&missing).await, Ok(()));
            assert_eq!(NativeFiles.remove(&format!("{here}/away/missing")).await, Err(FileFault::NotFound));
            let mut part = NativeFiles.open_part(&missing).await.unwrap();
            part.write(3, b"four".to_vec()).await.unwrap();
            part.cut(5).await.unwrap();
            assert_eq!(part.read(2, 100).await, Ok(b"\0fo".to_vec()));
            assert_eq!(NativeFiles.open_part(&missing).await.unwrap().stamp().await.unwrap().size, 5);
        });
    }

    #[test]
    fn nothing_is_written_through_a_link_or_into_what_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(inside("other"), "of somebody else").unwrap();
        std::os::unix::fs::symlink(inside("other"), inside("link")).unwrap();
        std::os::unix::fs::symlink(inside("nowhere"), inside("lost")).unwrap();
        run(async {
            for path in [&inside("link"), &inside("lost"), "/dev/null"] {
                assert_eq!(NativeFiles.open_part(path).await.err(), Some(FileFault::NotAFile), "{path}");
            }
        });
        assert!(!folder.path().join("nowhere").exists());
        assert_eq!(std::fs::read_to_string(inside("other")).unwrap(), "of somebody else");
    }
}

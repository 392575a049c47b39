//! Files on their way from the server.
//!
//! A range of sealed chunks is fetched while the one before is opened and written. Nothing of a chunk is written before its
//! tag was right, and a file gets its name when the hash over the whole was right, too. What is noted as done is on disk; it
//! is read again after a break, so what happened to it meanwhile does not pass either.

use futures_util::future::{OptionFuture, join3};
use huis_core::content::SharedFile;
use huis_core::files::{CHUNK, FileError, FileHasher, FileOpener, SEALED_CHUNK, Shape, safe_name};
use huis_proto::limits;
use huis_views::Failure;

use super::carrying::{Fetched, Trouble};
use super::{Stop, file_failure, unfinished};
use crate::client::Client;
use crate::db::{TransferRow, TransferStanding};
use crate::platform::{away, gcm};
use crate::ports::{FileFault, OpenFile};

/// The most chunks that are fetched at once, half of what one request may upload: one range comes while another one is opened, and
/// what is given back of memory is not always given back to the system.
const MOST: u32 = (limits::FILE_REQUEST / 2 / SEALED_CHUNK) as u32;
/// The fewest, but at the end.
const FEWEST: u32 = 4;
/// The chunks that are fetched first.
const FIRST: u32 = 16;
/// What took less time is followed by more at once.
const QUICK_MS: u64 = 1_500;
/// What took more time is followed by less at once.
const SLOW_MS: u64 = 8_000;
/// What was written is brought to disk, and noted as done, after so many bytes; meanwhile the next ones come.
const NOTED_AFTER: u64 = 8 * 1024 * 1024;
/// Bytes that are read at once where a download goes on.
const READ_AT_ONCE: usize = 1024 * 1024;
/// What stays free on the disk: the database of the same profile needs room to take what comes in.
const KEPT_FREE: u64 = 64 * 1024 * 1024;
/// How often a free name is looked for.
const NAMES: u32 = 20;

/// A download that goes on in this process.
pub(super) struct Download {
    number: u64,
    name: String,
    file: SharedFile,
    shape: Shape,
    part_path: String,
    folder: String,
    part: Box<dyn OpenFile>,
    /// None while it is at work.
    opener: Option<(FileOpener, FileHasher)>,
    /// The first chunk that is not written.
    next: u32,
    /// How much is noted as done.
    noted: u64,
    chunks: u32,
}

impl Download {
    fn own_end(&self) -> u64 {
        self.shape.own_range(self.next).start
    }

    fn unwritable(&self, fault: &FileFault) -> Stop {
        Stop::Failed(file_failure(&self.name, fault))
    }

    fn refused(&self, reason: &dyn std::fmt::Display) -> Stop {
        Stop::Failed(Failure::FileRefused { name: self.name.clone(), reason: reason.to_string() })
    }
}

impl Client {
    /// Opens what is there of a file; none where all of it is, under its name.
    pub(super) async fn open_download(&self, row: TransferRow) -> Result<Option<Download>, Stop> {
        let file = self.file_of(&row)?;
        let name = safe_name(&file.name);
        let failed = |fault| Stop::Failed(file_failure(&name, &fault));
        if self.was_finished(&row, &file).await.map_err(failed)? {
            if row.path != row.target {
                // What is left beside it is empty, or the same file by another name.
                let _ = self.files.remove(&row.path).await;
            }
            self.finished(row.number, row.target)?;
            return Ok(None);
        }
        let shape = Shape::of(file.size).map_err(|error| Stop::Failed(refusal(&name, &error)))?;
        let mut part = self.files.open_part(&row.path).await.map_err(failed)?;
        let there = part.stamp().await.map_err(failed)?.size;
        let needed = file.size.saturating_sub(there);
        let room = self.files.free_bytes(&row.folder).await.map(|free| free.saturating_sub(KEPT_FREE));
        if let Some(room) = room.filter(|room| *room < needed) {
            self.forget_part(row.number, &row.path).await?;
            return Err(failed(FileFault::DiskHasNoRoom { needed: file.size, room: room.saturating_add(there) }));
        }
        // A part that somebody removed, or cut, is fetched again.
        let whole = if row.done >= file.size { file.size } else { row.done / CHUNK as u64 * CHUNK as u64 };
        let noted = if there < whole { 0 } else { whole };
        part.cut(noted).await.map_err(failed)?;
        let mut hasher = FileHasher::default();
        let mut at = 0;
        while at < noted {
            let length = (noted - at).min(READ_AT_ONCE as u64) as usize;
            let bytes = part.read(at, length).await.map_err(failed)?;
            if bytes.len() < length {
                return Err(failed(FileFault::Other("it ends before its end".into())));
            }
            at += length as u64;
            self.comes_on(row.number, at);
            hasher = away(move || {
                hasher.update(&bytes);
                hasher
            })
            .await
            .ok_or_else(|| Stop::Failed(unfinished()))?;
        }
        // Only the last chunk that has anything of the file's may be short, and all is there then.
        let next = if noted == file.size && noted > 0 { shape.chunks() } else { (noted / CHUNK as u64) as u32 };
        let opener = FileOpener::by(gcm, &file.key, shape);
        Ok(Some(Download {
            number: row.number,
            name,
            file,
            shape,
            part_path: row.path,
            folder: row.folder,
            part,
            opener: Some((opener, hasher)),
            next,
            noted,
            chunks: FIRST,
        }))
    }

    /// Fetches what is not there yet.
    pub(super) async fn download(&self, download: &mut Download) -> Result<(), Stop> {
        let mut fetched: Option<Vec<u8>> = None;
        let mut ahead = download.next;
        loop {
            self.comes_on(download.number, download.own_end().min(download.file.size));
            if fetched.is_none() && download.next >= download.shape.chunks() {
                return self.downloaded(download).await;
            }
            let taken = fetched.take();
            let first = ahead;
            let behind = (first + download.chunks).min(download.shape.chunks());
            let (blob, shape, began_ms) = (download.file.id, download.shape, self.clock.now_ms());
            let fetching = async {
                if first >= shape.chunks() {
                    return Ok(None);
                }
                self.fetch_range(blob, shape, shape.sealed_range(first, behind)).await.map(Some)
            };
            let written_to = download.own_end();
            let is_noted = written_to - download.noted >= NOTED_AFTER;
            let syncing = OptionFuture::from(is_noted.then(|| download.part.sync()));
            let writing = async {
                match taken {
                    Some(bytes) => self.take_chunks(download, bytes).await,
                    None => Ok(()),
                }
            };
            let (answer, written, synced) = join3(fetching, writing, syncing).await;
            let took_ms = self.clock.now_ms().saturating_sub(began_ms);
            if let Err(stop) = written {
                return Err(self.forget_what_is_in_vain(download, stop).await);
            }
            if let Some(synced) = synced {
                synced.map_err(|fault| download.unwritable(&fault))?;
                self.note_done(download, written_to)?;
            }
            let bytes = match answer {
                Ok(None) => continue,
                Ok(Some(Fetched::Bytes(bytes))) => bytes,
                Ok(Some(Fetched::Gone)) => {
                    let stop = Stop::Failed(Failure::FileGone { name: download.name.clone() });
                    return Err(self.forget_what_is_in_vain(download, stop).await);
                }
                Ok(Some(Fetched::OtherLength)) => {
                    let stop = download.refused(&"it has another length");
                    return Err(self.forget_what_is_in_vain(download, stop).await);
                }
                Err(trouble) => {
                    download.chunks = (download.chunks / 2).max(FEWEST);
                    return Err(Trouble::into(trouble));
                }
            };
            // Of what came only whole chunks can be opened; the rest is fetched again.
            let asked = shape.sealed_range(first, behind);
            let came = if bytes.len() as u64 == asked.end - asked.start {
                behind
            } else {
                first + (bytes.len() / SEALED_CHUNK) as u32
            };
            if came == first {
                download.chunks = (download.chunks / 2).max(FEWEST);
                return Err(Stop::Later(None));
            }
            if took_ms < QUICK_MS && came == behind {
                download.chunks = (download.chunks * 2).min(MOST);
            } else if took_ms > SLOW_MS || came < behind {
                download.chunks = (download.chunks / 2).max(FEWEST);
            }
            ahead = came;
            fetched = Some(bytes);
        }
    }

    /// Opens chunks where they are, and writes them: beside what is fetched meanwhile no more of the file is in memory.
    async fn take_chunks(&self, download: &mut Download, mut bytes: Vec<u8>) -> Result<(), Stop> {
        let Some((opener, mut hasher)) = download.opener.take() else { return Err(Stop::Gone) };
        let first = download.next;
        let opened = away(move || {
            let opened = opener.open_row(first, &mut bytes);
            hasher.update(&bytes);
            (opener, hasher, bytes, opened)
        });
        let Some((opener, hasher, own, opened)) = opened.await else { return Err(Stop::Failed(unfinished())) };
        let opened = opened.map_err(|error| download.refused(&error))?;
        download.opener = Some((opener, hasher));
        // Behind the file's end its chunks have nothing but padding.
        if !own.is_empty() {
            let at = download.own_end();
            download.part.write(at, own).await.map_err(|fault| download.unwritable(&fault))?;
        }
        download.next += opened;
        Ok(())
    }

    fn note_done(&self, download: &mut Download, end: u64) -> Result<(), Stop> {
        self.change_download(download.number, |row| row.done = end)?;
        download.noted = end;
        Ok(())
    }

    /// Notes what was written of one that is put away, so that it is not fetched again.
    pub(super) async fn note_what_is_there(&self, download: &mut Download) {
        let end = download.own_end().min(download.file.size);
        // What can't be brought to disk, or noted, is fetched again.
        if end <= download.noted || download.part.sync().await.is_err() {
            return;
        }
        let noted = self.step(|step| {
            let row = step.tables.transfer(download.number)?;
            let is_kept = |row: &TransferRow| matches!(row.standing, TransferStanding::ToDo | TransferStanding::Paused);
            match row.filter(is_kept) {
                Some(row) => step.tables.put_transfer(&TransferRow { done: end, ..row }),
                None => Ok(()),
            }
        });
        match noted {
            Ok(()) => download.noted = end,
            Err(error) => tracing::warn!(%error, "how much of a file is there was not noted"),
        }
    }

    /// All is there: it gets its name, if it is what the message names.
    async fn downloaded(&self, download: &mut Download) -> Result<(), Stop> {
        let hash = download.opener.as_ref().map(|(_, hasher)| hasher.so_far());
        if hash != Some(download.file.hash) {
            let stop = download.refused(&FileError::OtherFile);
            return Err(self.forget_what_is_in_vain(download, stop).await);
        }
        download.part.sync().await.map_err(|fault| download.unwritable(&fault))?;
        self.note_done(download, download.file.size)?;
        for _ in 0..NAMES {
            let path = self.files.free_path(&download.folder, &download.name, &download.part_path).await;
            let path = path.map_err(|fault| download.unwritable(&fault))?;
            // Noted first: after a crash in between it is known by its name, and is not fetched again.
            self.change_download(download.number, |row| row.target.clone_from(&path))?;
            let renamed = self.files.rename(&download.part_path, &path).await;
            if renamed.map_err(|fault| download.unwritable(&fault))? {
                return self.finished(download.number, path);
            }
        }
        Err(download.unwritable(&FileFault::Other("its name is taken again and again".into())))
    }

    /// Whether a crash came between the file's name and the note that it is there.
    async fn was_finished(&self, row: &TransferRow, file: &SharedFile) -> Result<bool, FileFault> {
        if row.target.is_empty() || row.done > 0 && row.done < file.size {
            return Ok(false);
        }
        let Ok(mut there) = self.files.open(&row.target).await else { return Ok(false) };
        if there.stamp().await?.size != file.size {
            return Ok(false);
        }
        let mut hasher = FileHasher::default();
        let mut at = 0;
        while at < file.size {
            let bytes = there.read(at, READ_AT_ONCE).await?;
            if bytes.is_empty() {
                return Ok(false);
            }
            at += bytes.len() as u64;
            hasher.update(&bytes);
            self.comes_on(row.number, at);
        }
        Ok(hasher.so_far() == file.hash)
    }

    fn finished(&self, number: u64, path: String) -> Result<(), Stop> {
        self.change_download(number, |row| {
            row.done = row.size;
            row.target = path;
            row.standing = TransferStanding::Done;
        })?;
        self.step(|step| {
            let Some(row) = step.tables.transfer(number)? else { return Ok(()) };
            if let Some(message) = step.tables.message_at(row.message)? {
                step.said(message.conversation, message.id);
            }
            Ok(())
        })
    }

    /// Nothing stays of a file that cannot be fetched: it is not what was sent, it is gone, or there is no room for it.
    async fn forget_what_is_in_vain(&self, download: &Download, stop: Stop) -> Stop {
        // What failed otherwise, such as a disk that was taken out, goes on from where it was.
        let is_in_vain = match &stop {
            Stop::Failed(Failure::FileRefused { .. } | Failure::FileGone { .. }) => true,
            Stop::Failed(Failure::File { reason, .. }) => *reason == FileFault::NoSpace.to_string(),
            _ => false,
        };
        if is_in_vain && let Err(stop) = self.forget_part(download.number, &download.part_path).await {
            return stop;
        }
        stop
    }

    async fn forget_part(&self, number: u64, path: &str) -> Result<(), Stop> {
        // What can't be removed stays: nobody could do anything about it here.
        let _ = self.files.remove(path).await;
        self.change_download(number, |row| row.done = 0)
    }

    fn change_download(&self, number: u64, change: impl FnOnce(&mut TransferRow)) -> Result<(), Stop> {
        self.step(|step| {
            let row = step.tables.transfer(number)?;
            let mut row = row.filter(|row| row.standing == TransferStanding::ToDo).ok_or(Stop::Gone)?;
            change(&mut row);
            Ok(step.tables.put_transfer(&row)?)
        })
    }
}

fn refusal(name: &str, error: &FileError) -> Failure {
    Failure::FileRefused { name: name.into(), reason: error.to_string() }
}

//! Files on their way to the server.
//!
//! A file is read, sealed and sent in pieces. While one is on its way the next one is sealed, so two are in memory at most.
//! **Before a sealed piece leaves the device** its place and the hash of the file up to its end are in the database: after a
//! crash the same chunks are sealed again only if their hash is the same, for a key never seals two different texts. If it
//! is not, or the file looks changed, the upload is begun anew with another key.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::join;
use huis_core::content::Content;
use huis_core::files::{CHUNK, FileError, FileKey, FileSealer, SEALED_CHUNK, Shape};
use huis_proto::{BlobId, Bytes, limits};
use huis_views::Failure;

use super::carrying::Reached;
use super::source::Source;
use super::{Stop, file_failure, unfinished, unsealable};
use crate::client::{Client, Step};
use crate::db::{MessageRow, Task, TransferRow, TransferStanding};
use crate::platform::{away, gcm};
use crate::ports::Part;

/// The most chunks of one piece: what one request may have.
const MOST: u32 = (limits::FILE_REQUEST / SEALED_CHUNK) as u32;
/// The fewest chunks of a piece, but for the last one.
const FEWEST: u32 = 4;
/// The chunks of the first piece.
const FIRST: u32 = 16;
/// A piece that took less time is followed by a larger one.
const QUICK_MS: u64 = 1_500;
/// A piece that took more time is followed by a smaller one.
const SLOW_MS: u64 = 8_000;
/// Pieces in memory: one that is sent, and one that is sealed meanwhile.
const WINDOW: usize = 2;
/// Chunks that are read at once: beside the pieces no more of the file than this is in memory.
const READ_AT_ONCE: u32 = 16;

/// An upload that goes on in this process.
pub(super) struct Upload {
    number: u64,
    name: String,
    shape: Shape,
    source: Source,
    /// None while it is at work.
    sealer: Option<FileSealer>,
    blob: BlobId,
    pieces: VecDeque<Piece>,
    /// Chunks of the next piece.
    chunks: u32,
    /// How far the server is; none if it has to be asked.
    offset: Option<u64>,
}

/// Sealed chunks.
struct Piece {
    /// Its first chunk.
    first: u32,
    /// Where it stands in the sealed file.
    from: u64,
    sealed: Arc<Vec<u8>>,
}

impl Piece {
    fn end(&self) -> u64 {
        self.from + self.sealed.len() as u64
    }
}

impl Upload {
    /// The file is not what was begun.
    fn changed(&self) -> Stop {
        changed(&self.name)
    }

    /// Reads the file's own bytes of these chunks.
    async fn read(&mut self, first: u32, behind: u32) -> Result<Vec<u8>, Stop> {
        let (from, to) = (self.shape.own_range(first).start, self.shape.own_range(behind - 1).end);
        let own = self.source.read(from, (to - from) as usize).await.map_err(|fault| self.unreadable(&fault))?;
        if own.len() as u64 == to - from { Ok(own) } else { Err(self.changed()) }
    }

    fn unreadable(&self, fault: &crate::ports::FileFault) -> Stop {
        Stop::Failed(file_failure(&self.name, fault))
    }

    /// Seals the next chunks into one piece.
    async fn seal(&mut self, behind: u32) -> Result<Option<Piece>, Stop> {
        let Some(first) = self.next().filter(|next| *next < behind) else { return Ok(None) };
        let mut sealed = Vec::with_capacity((behind - first) as usize * SEALED_CHUNK);
        while self.next().is_some_and(|next| next < behind) {
            let into = Some(std::mem::take(&mut sealed));
            sealed = self.go_on(behind, into).await?;
        }
        let from = self.shape.sealed_range(first, behind).start;
        Ok(Some(Piece { first, from, sealed: Arc::new(sealed) }))
    }

    /// Reads a few of the next chunks, at most up to the one before `behind`, and seals them behind what is in `sealed`; where
    /// that is none it passes over them.
    async fn go_on(&mut self, behind: u32, sealed: Option<Vec<u8>>) -> Result<Vec<u8>, Stop> {
        let first = self.next().ok_or(Stop::Gone)?;
        let behind = behind.min(first + READ_AT_ONCE);
        let own = self.read(first, behind).await?;
        let Some(mut sealer) = self.sealer.take() else { return Err(Stop::Gone) };
        let done = away(move || {
            let passes_over = sealed.is_none();
            let mut sealed = sealed.unwrap_or_default();
            // A file of nothing has one chunk with nothing of its own.
            let mut chunks = own.chunks(CHUNK);
            for _ in first..behind {
                let chunk = chunks.next().unwrap_or_default();
                if passes_over { sealer.skip_next(chunk)? } else { sealer.seal_next(chunk, &mut sealed)? }
            }
            Ok::<_, FileError>((sealer, sealed))
        });
        let (sealer, sealed) = match done.await {
            Some(Ok(done)) => done,
            Some(Err(error)) => return Err(Stop::Failed(unsealable(&self.name, &error))),
            None => return Err(Stop::Failed(unfinished())),
        };
        self.sealer = Some(sealer);
        Ok(sealed)
    }

    /// The next chunk to seal; none while the sealer is at work.
    fn next(&self) -> Option<u32> {
        self.sealer.as_ref().map(FileSealer::next)
    }

    /// The chunk behind which the next piece ends.
    fn next_end(&self) -> u32 {
        let next = self.next().unwrap_or(u32::MAX);
        next.saturating_add(self.chunks).min(self.shape.chunks())
    }

    fn is_sealed_to_its_end(&self) -> bool {
        self.next().is_some_and(|next| next >= self.shape.chunks())
    }

    /// How much of the file itself is at the server, as a person counts.
    fn done(&self) -> u64 {
        let offset = self.offset.unwrap_or(0);
        let chunks = offset / SEALED_CHUNK as u64;
        (offset - chunks * (SEALED_CHUNK - CHUNK) as u64).min(self.shape.size())
    }
}

impl Client {
    /// Opens what a transfer sends, and comes to where it was.
    pub(super) async fn open_upload(&self, mut row: TransferRow) -> Result<Upload, Stop> {
        let file = self.file_of(&row)?;
        let name = file.name;
        let unreadable = |fault| Stop::Failed(file_failure(&name, &fault));
        let opened = self.files.open(&row.path).await.map_err(unreadable)?;
        let source = Source::of(opened, row.stripped).await.map_err(unreadable)?;
        let shape = Shape::of(source.size).map_err(|error| Stop::Failed(unsealable(&name, &error)))?;
        let as_begun = (row.size, row.changed_ns) == (source.stamp.size, source.stamp.changed_ns);
        let (blob, key) = match row.blob {
            Some(blob) if as_begun && shape.size() == file.size => (blob, file.key),
            Some(_) => return Err(changed(&name)),
            None => {
                let key = FileKey::random(&mut *self.random.borrow_mut());
                let blob = self.make_upload(shape).await?;
                row.blob = Some(blob);
                (row.size, row.changed_ns) = (source.stamp.size, source.stamp.changed_ns);
                self.step(|step| step.upload_begun(&row, &key, source.size))?;
                (blob, key)
            }
        };
        let mut upload = Upload {
            number: row.number,
            name,
            shape,
            source,
            sealer: Some(FileSealer::by(gcm, &key, shape)),
            blob,
            pieces: VecDeque::new(),
            chunks: FIRST,
            offset: None,
        };
        self.come_to_where_it_was(&mut upload, &row).await?;
        Ok(upload)
    }

    /// Passes over what the server has, and seals again what it may have.
    async fn come_to_where_it_was(&self, upload: &mut Upload, row: &TransferRow) -> Result<(), Stop> {
        while let Some(next) = upload.next().filter(|next| *next < row.sealed_from) {
            upload.go_on(row.sealed_from, None).await?;
            self.comes_on(upload.number, upload.shape.own_range(next).start.min(upload.shape.size()));
        }
        while let Some(next) = upload.next().filter(|next| *next < row.sealed_to) {
            if let Some(piece) = upload.seal((next + MOST).min(row.sealed_to)).await? {
                upload.pieces.push_back(piece);
            }
        }
        let digest = upload.sealer.as_ref().map(FileSealer::digest);
        match row.digest {
            Some(known) if digest != Some(known) => Err(upload.changed()),
            _ => Ok(()),
        }
    }

    /// Sends what is not there yet.
    pub(super) async fn upload(&self, upload: &mut Upload) -> Result<(), Stop> {
        loop {
            let offset = match upload.offset {
                Some(offset) => offset,
                None => match self.ask_offset(upload.blob).await? {
                    Reached::Offset(offset) => offset,
                    Reached::Gone => return Err(lost(&upload.name)),
                },
            };
            upload.offset = Some(offset);
            self.comes_on(upload.number, upload.done());
            while upload.pieces.front().is_some_and(|piece| piece.end() <= offset) {
                upload.pieces.pop_front();
            }
            if offset == upload.shape.sealed() && upload.pieces.is_empty() && upload.is_sealed_to_its_end() {
                return self.uploaded(upload).await;
            }
            if upload.pieces.is_empty() {
                self.seal_ahead(upload).await?;
            }
            let Some(piece) = upload.pieces.front().filter(|piece| piece.from <= offset && offset < piece.end()) else {
                // It has less than it had, or more than was sent.
                return Err(lost(&upload.name));
            };
            let part = Part::from(&piece.sealed, (offset - piece.from) as usize);
            let (blob, began_ms) = (upload.blob, self.clock.now_ms());
            let (sent, sealed) = join(self.send_part(blob, offset, part), self.seal_ahead(upload)).await;
            let took_ms = self.clock.now_ms().saturating_sub(began_ms);
            // What was read of a piece that has come to nothing is not read again by this work.
            sealed?;
            match sent {
                Ok(Reached::Offset(reached)) => {
                    upload.offset = Some(reached);
                    if took_ms < QUICK_MS {
                        upload.chunks = (upload.chunks * 2).min(MOST);
                    } else if took_ms > SLOW_MS {
                        upload.chunks = (upload.chunks / 2).max(FEWEST);
                    }
                }
                Ok(Reached::Gone) => return Err(lost(&upload.name)),
                Err(trouble) => {
                    upload.offset = None;
                    upload.chunks = (upload.chunks / 2).max(FEWEST);
                    return Err(trouble.into());
                }
            }
        }
    }

    /// Seals one piece more, if there is room for it, and notes it before anybody sends it.
    async fn seal_ahead(&self, upload: &mut Upload) -> Result<(), Stop> {
        if upload.pieces.len() >= WINDOW {
            return Ok(());
        }
        let Some(piece) = upload.seal(upload.next_end()).await? else { return Ok(()) };
        let from = upload.pieces.front().map_or(piece.first, |first| first.first);
        let (Some(sealer), done) = (&upload.sealer, upload.offset.unwrap_or(0)) else { return Err(Stop::Gone) };
        let (to, digest) = (sealer.next(), sealer.digest());
        self.step(|step| {
            let (row, _) = step.upload_to_do(upload.number)?;
            let row = TransferRow { done, sealed_from: from, sealed_to: to, digest: Some(digest), ..row };
            Ok::<_, Stop>(step.tables.put_transfer(&row)?)
        })?;
        upload.pieces.push_back(piece);
        Ok(())
    }

    /// Everything is at the server. The message goes out with the last of its files.
    async fn uploaded(&self, upload: &mut Upload) -> Result<(), Stop> {
        if !upload.source.is_as_it_was().await.map_err(|fault| upload.unreadable(&fault))? {
            return Err(upload.changed());
        }
        let Some(digest) = upload.sealer.as_ref().map(FileSealer::digest) else { return Err(Stop::Gone) };
        self.step(|step| {
            let (mut row, message) = step.upload_to_do(upload.number)?;
            row.done = upload.shape.sealed();
            row.standing = TransferStanding::Done;
            step.tables.put_transfer(&row)?;
            let content = step.change_file(&message, row.file, |file| file.hash = digest)?;
            step.goes_out_when_uploaded(&message, content)
        })
    }
}

impl Step<'_> {
    /// An upload was made: what is sealed from here on is sealed with this key.
    fn upload_begun(&mut self, row: &TransferRow, key: &FileKey, size: u64) -> Result<(), Stop> {
        // Both may have changed while the server was asked.
        let (_, message) = self.upload_to_do(row.number)?;
        self.tables.put_transfer(row)?;
        self.change_file(&message, row.file, |file| {
            file.key = key.clone();
            file.size = size;
            file.id = row.blob.unwrap_or(file.id);
        })?;
        self.said(message.conversation, message.id);
        Ok(())
    }

    /// An upload that is to be done, and its message.
    fn upload_to_do(&mut self, number: u64) -> Result<(TransferRow, MessageRow), Stop> {
        let row =
            self.tables.transfer(number)?.filter(|row| row.standing == TransferStanding::ToDo).ok_or(Stop::Gone)?;
        let message = self.tables.message_at(row.message)?.ok_or(Stop::Gone)?;
        Ok((row, message))
    }

    /// Changes what a waiting message says of one of its files; gives its content.
    fn change_file(
        &mut self,
        message: &MessageRow,
        number: u32,
        change: impl FnOnce(&mut huis_core::content::SharedFile),
    ) -> Result<Vec<u8>, Stop> {
        let mut content = Content::from_bytes(&message.content).map_err(|_| Stop::Gone)?;
        let Content::Files { files, .. } = &mut content else { return Err(Stop::Gone) };
        change(files.get_mut(number as usize).ok_or(Stop::Gone)?);
        let bytes = content.to_bytes().map_err(|_| Stop::Gone)?;
        self.tables.set_content(message, &bytes)?;
        Ok(bytes)
    }

    /// Gives a message its place in the outbox, if all its files are at the server.
    fn goes_out_when_uploaded(&mut self, message: &MessageRow, content: Vec<u8>) -> Result<(), Stop> {
        let uploads = self.tables.transfers_of(message.position)?;
        if uploads.iter().any(|row| row.outgoing && row.standing != TransferStanding::Done) {
            return Ok(());
        }
        self.task(message.conversation, message.id, &Task::Say { content: Bytes(content), shown: true })?;
        self.said(message.conversation, message.id);
        Ok(())
    }
}

fn changed(name: &str) -> Stop {
    let reason = "it changes while it is sent".into();
    Stop::Anew(Failure::File { name: huis_core::files::safe_name(name), reason })
}

fn lost(name: &str) -> Stop {
    let reason = "the server does not keep what was sent of it".into();
    Stop::Anew(Failure::File { name: huis_core::files::safe_name(name), reason })
}

//! Files that a person sends: their message is stored here at once, and goes out when they are at the server.

use std::pin::pin;

use futures_util::future::{Either, select};
use huis_core::content::{CAPTION, Content, FILE_NAME, SharedFile, Stay, THUMBNAIL, THUMBNAILS, Thumbnail};
use huis_core::files::{FileKey, Shape};
use huis_proto::{BlobId, Bytes32, limits};
use huis_views::{Failure, FileToSend, SendFiles, Sent, ThumbnailView};

use super::media_types::media_type;
use super::source::Source;
use super::{file_failure, unsealable};
use crate::client::Client;
use crate::conversations::refused;
use crate::db::{MessageRow, TransferRow};
use crate::platform::{LARGEST_PICTURE, small_picture};
use crate::time_locks::Locking;

/// Uploads that may wait, over all messages.
const MOST_WAITING: u32 = 1000;
/// What small pictures are made of.
const DECODED: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];

impl Client {
    pub(crate) async fn send_files(&self, wish: SendFiles, locking: Option<Locking>) -> Result<Sent, Failure> {
        let me = self.signed_in()?;
        let count = wish.files.len();
        if count == 0 || count > limits::FILES_PER_MESSAGE {
            let reason = format!("a message brings 1 to {} files, and these are {count}", limits::FILES_PER_MESSAGE);
            return Err(Failure::Invalid { reason });
        }
        if wish.text.len() > CAPTION {
            let reason = format!("the text beside files is longer than {CAPTION} bytes");
            return Err(Failure::Invalid { reason });
        }
        self.check_room_to_wait()?;
        if self.read(|tables| tables.count_uploads())? >= MOST_WAITING {
            return Err(Failure::Busy);
        }
        let mut files = Vec::with_capacity(count);
        for file in &wish.files {
            files.push(self.look_at(file, !wish.keep_metadata, THUMBNAIL.min(THUMBNAILS / count)).await?);
        }
        // Before a conversation is opened for it.
        let stay = Stay { timer: None, once: wish.view_once };
        let draft = Content::Files { files, body: wish.text, mentions: vec![], reply_to: None, forwarded: false, stay };
        draft.to_bytes().map_err(refused)?;
        let conversation = self.find_or_open(&wish.to).await?;
        let id = self.random_id();
        self.step(|step| {
            let row = step.speaks_in(conversation)?;
            let content = step.addressed(&row, draft, wish.reply_to)?;
            let mut message = MessageRow::waiting(conversation, id, me.device.member, step.client.now_ms());
            message.kind = "file".into();
            message.set_text(&content, me.account());
            message.content = content.to_bytes().map_err(refused)?;
            let Some(position) = step.tables.add_message(&message)? else {
                return Err(Failure::Internal { reason: "a fresh id was there already".into() });
            };
            if let Some(locking) = &locking {
                step.lock_until(position, locking)?;
            }
            for (number, file) in (0..).zip(&wish.files) {
                let stripped = !wish.keep_metadata;
                let row = TransferRow::to_do(true, position, number, file.source.clone());
                step.tables.add_transfer(&TransferRow { stripped, ..row })?;
            }
            step.brings_back(conversation, None, step.client.now_ms())?;
            step.said(conversation, id);
            step.wake_transfers();
            Ok::<_, Failure>(())
        })?;
        Ok(Sent { id, conversation, seq: None })
    }

    /// What a message says of a file before it is at the server: what it is called there, its hash, and the key that counts
    /// come with the upload. Where nobody has made a small picture of it, one of at most `most` bytes is made.
    async fn look_at(&self, file: &FileToSend, strips: bool, most: usize) -> Result<SharedFile, Failure> {
        let name = match &file.name {
            Some(name) => name.clone(),
            None => file.source.rsplit(['/', '\\']).next().unwrap_or_default().to_owned(),
        };
        let unreadable = |fault| file_failure(&name, &fault);
        let opened = self.files.open(&file.source).await.map_err(unreadable)?;
        let mut source = Source::of(opened, strips).await.map_err(unreadable)?;
        let shape = Shape::of(source.size).map_err(|error| unsealable(&name, &error))?;
        let beginning = source.beginning().await.map_err(unreadable)?;
        let known = media_type(&name, &beginning);
        let thumbnail = match &file.thumbnail {
            Some(ThumbnailView { picture, width, height }) => {
                Some(Thumbnail { picture: picture.clone(), width: *width, height: *height })
            }
            None if DECODED.contains(&known) => self.until_it_ends(seen(&mut source, most)).await.flatten(),
            None => None,
        };
        let mut random = self.random.borrow_mut();
        Ok(SharedFile {
            id: BlobId::random(&mut *random),
            key: FileKey::random(&mut *random),
            hash: Bytes32([0; 32]),
            size: shape.size(),
            media_type: file.media_type.clone().unwrap_or_else(|| known.into()),
            thumbnail,
            duration_ms: file.duration_ms,
            voice: file.voice,
            peaks: file.peaks.clone(),
            name: name.get(..name.floor_char_boundary(FILE_NAME)).unwrap_or_default().to_owned(),
        })
    }
}

impl Client {
    /// What this comes to, if the engine does not end before.
    async fn until_it_ends<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut ends = pin!(self.signals.ends.notified());
        // What is told from here on is heard.
        ends.as_mut().enable();
        if self.ends.get() {
            return None;
        }
        match select(pin!(work), ends).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}

/// A small picture of what is sent of a file. What can't be read or decoded has none, and is sent all the same.
async fn seen(source: &mut Source, most: usize) -> Option<Thumbnail> {
    if source.size > LARGEST_PICTURE {
        return None;
    }
    let picture = source.read(0, source.size as usize).await.ok()?;
    small_picture(picture, most).await
}

//! Transfers and files as a face shows them.

use huis_core::content::{Content, SharedFile};
use huis_core::files::safe_name;
use huis_proto::ConversationId;
use huis_views::{Failure, FileView, MessageView, ThumbnailView, TransferState, TransferView, play_length};

use super::Transfers;
use super::pace::remaining_s;
use crate::client::Client;
use crate::db::{DbError, MessageRow, Tables, TransferRow, TransferStanding};

impl Client {
    pub(crate) fn transfer_views(&self) -> Result<Vec<TransferView>, Failure> {
        let rows = self.read(|tables| tables.transfers())?;
        let views = rows.iter().map(|row| self.view_of(row));
        Ok(views.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// A transfer as it stands; none where there is no such, or nobody can see it any more.
    pub(super) fn transfer_view(&self, number: u64) -> Result<Option<TransferView>, DbError> {
        let row = self.read(|tables| tables.transfer(number))?;
        match row.filter(|row| row.standing != TransferStanding::LetGo) {
            Some(row) => self.view_of(&row),
            None => Ok(None),
        }
    }

    fn view_of(&self, row: &TransferRow) -> Result<Option<TransferView>, DbError> {
        let message = self.read(|tables| tables.message_at(row.message))?;
        let Some(message) = message else { return Ok(None) };
        let Ok(content) = Content::from_bytes(&message.content) else { return Ok(None) };
        let file = content.files().get(row.file as usize);
        Ok(file.map(|file| self.transfers.borrow().view(row, &message, file, self.clock.now_ms())))
    }

    /// What a message says of its files, with their ways as far as this device has sent or fetched them.
    pub(crate) fn file_views(&self, tables: Tables<'_>, message: &MessageRow) -> Result<Vec<FileView>, DbError> {
        if message.kind != "file" || message.deleted || message.stay.once && !message.opened && !message.is_unsent() {
            return Ok(Vec::new());
        }
        let Ok(content) = Content::from_bytes(&message.content) else { return Ok(Vec::new()) };
        let rows = tables.transfers_of(message.position)?;
        let live = self.transfers.borrow();
        let view = |(number, file): (u32, &SharedFile)| FileView {
            number: number + 1,
            name: safe_name(&file.name),
            size: file.size,
            media_type: file.media_type.clone(),
            thumbnail: file.thumbnail.as_ref().map(|thumbnail| ThumbnailView {
                picture: thumbnail.picture.clone(),
                width: thumbnail.width,
                height: thumbnail.height,
            }),
            duration_ms: file.duration_ms,
            voice: file.voice,
            peaks: file.peaks.clone(),
            transfer: rows
                .iter()
                .rfind(|row| row.file == number)
                .map(|row| live.view(row, message, file, self.clock.now_ms())),
        };
        Ok((0..).zip(content.files()).map(view).collect())
    }

    pub(crate) fn messages_with_files(
        &self,
        conversation: Option<ConversationId>,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<MessageView>, Failure> {
        self.views(|tables| tables.messages_with_files(conversation, before, most.min(crate::reading::MOST_ROWS)))
    }
}

/// What a file is called in a line of text: a voice note by how long it is.
pub(crate) fn called(file: &SharedFile) -> String {
    match file.duration_ms {
        _ if !file.voice => safe_name(&file.name),
        Some(ms) => format!("🎤 {}", play_length(ms)),
        None => "🎤".into(),
    }
}

impl Transfers {
    fn view(&self, row: &TransferRow, message: &MessageRow, file: &SharedFile, now_ms: u64) -> TransferView {
        let live = self.live.get(&row.number);
        let state = match row.standing {
            TransferStanding::ToDo | TransferStanding::LetGo if live.is_some() => TransferState::Running,
            TransferStanding::ToDo | TransferStanding::LetGo => TransferState::Waiting,
            TransferStanding::Paused => TransferState::Paused,
            TransferStanding::Done => TransferState::Done,
            TransferStanding::Failed => {
                let unknown = || Failure::Internal { reason: "the reason was not kept".into() };
                TransferState::Failed(row.failure.clone().unwrap_or_else(unknown))
            }
        };
        let done = match (&state, live) {
            (TransferState::Done, _) => file.size,
            (_, Some(live)) => live.pace.done().max(if row.outgoing { 0 } else { row.done }).min(file.size),
            (_, None) => row.done.min(file.size),
        };
        let running = live.filter(|_| state == TransferState::Running);
        let bytes_per_s = running.and_then(|live| live.pace.bytes_per_s(now_ms));
        TransferView {
            transfer: row.number,
            conversation: message.conversation,
            message: message.id,
            number: row.file + 1,
            outgoing: row.outgoing,
            name: safe_name(&file.name),
            size: file.size,
            done,
            bytes_per_s,
            remaining_s: remaining_s(file.size.saturating_sub(done), bytes_per_s),
            saved_at: (!row.outgoing && state == TransferState::Done).then(|| row.target.clone()),
            state,
        }
    }
}

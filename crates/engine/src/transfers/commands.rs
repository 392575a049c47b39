//! What a person does with transfers: fetches a file, pauses, goes on, gives up.

use huis_core::content::{Content, SharedFile};
use huis_core::files::safe_name;
use huis_proto::{MessageId, Problem};
use huis_views::{Failure, FetchFile, TransferView};
use rand::Rng;

use super::MOST_BEGUN;
use crate::client::{Client, Step};
use crate::conversations::known_message;
use crate::db::{DbError, MessageRow, MessageStanding, OutboxRow, TransferRow, TransferStanding};

impl Client {
    /// Begins to fetch a file. **Nothing is asked of the server for a request that nobody answered:** it would show the sender
    /// that somebody is there.
    pub(crate) async fn fetch_file(&self, wish: FetchFile) -> Result<TransferView, Failure> {
        let (message, file) = self.file_of_others(wish.message, wish.number)?;
        let number = wish.number - 1;
        let before = self.read(|tables| tables.transfers_of(message.position))?;
        let before = before.into_iter().rfind(|row| !row.outgoing && row.file == number && row.folder == wish.folder);
        let goes_on = match &before {
            Some(row) if row.standing == TransferStanding::Done => self.files.open(&row.target).await.is_ok(),
            Some(_) => true,
            None => false,
        };
        let transfer = match before {
            Some(row) if goes_on => {
                if matches!(row.standing, TransferStanding::Paused | TransferStanding::Failed) {
                    self.resume_transfer(row.number)?;
                }
                row.number
            }
            before => {
                let name = safe_name(&file.name);
                let mark = format!("{:08x}", self.random.borrow_mut().r#gen::<u32>());
                let path = self.files.part_path(&wish.folder, &name, &mark);
                let row = TransferRow::to_do(false, message.position, number, path);
                let row = TransferRow { folder: wish.folder, size: file.size, ..row };
                self.step(|step| {
                    if let Some(before) = before {
                        step.tables.delete_transfer(before.number)?;
                    }
                    step.wake_transfers();
                    step.tables.add_transfer(&row)
                })?
            }
        };
        self.transfer_view(transfer)?.ok_or_else(|| unknown(transfer))
    }

    /// A file that a message brings, counted from 1, and its message: one that is at the server, of a conversation that was
    /// accepted.
    pub(super) fn file_of_others(&self, message: MessageId, number: u32) -> Result<(MessageRow, SharedFile), Failure> {
        self.signed_in()?;
        let row = self.read(|tables| Ok::<_, DbError>(known_message(tables, message)))??;
        let conversation = self.read(|tables| tables.conversation(row.conversation))?;
        if !conversation.is_some_and(|conversation| conversation.accepted) {
            return Err(invalid("this conversation is a request; accept it first"));
        }
        if row.seq.is_none() {
            return Err(invalid("this message has not been sent yet"));
        }
        if row.stay.once && !row.opened {
            return Err(invalid("this message is opened once; open it first"));
        }
        let content = Content::from_bytes(&row.content).ok();
        let at = number.checked_sub(1);
        let file = content.zip(at).and_then(|(content, at)| content.files().get(at as usize).cloned());
        match file {
            Some(file) => Ok((row, file)),
            None => Err(Failure::Unknown { what: "file".into(), name: format!("{message}:{number}") }),
        }
    }

    pub(crate) fn pause_transfer(&self, transfer: u64) -> Result<(), Failure> {
        self.step(|step| {
            let mut row = step.tables.transfer(transfer)?.ok_or_else(|| unknown(transfer))?;
            if row.standing != TransferStanding::ToDo {
                return Err(invalid("this transfer does not go on anyway"));
            }
            row.standing = TransferStanding::Paused;
            Ok::<_, Failure>(step.tables.put_transfer(&row)?)
        })?;
        self.stop_work(transfer);
        Ok(())
    }

    pub(crate) fn resume_transfer(&self, transfer: u64) -> Result<(), Failure> {
        self.step(|step| {
            let row = step.tables.transfer(transfer)?.ok_or_else(|| unknown(transfer))?;
            if !matches!(row.standing, TransferStanding::Paused | TransferStanding::Failed) {
                return Err(invalid("this transfer is neither paused nor failed"));
            }
            step.resume(row)?;
            Ok(())
        })?;
        self.stop_work(transfer);
        Ok(())
    }

    pub(crate) fn cancel_transfer(&self, transfer: u64) -> Result<(), Failure> {
        let row = self.read(|tables| tables.transfer(transfer))?.ok_or_else(|| unknown(transfer))?;
        if row.outgoing {
            let message = self.read(|tables| tables.message_at(row.message))?;
            return match message {
                Some(message) => self.discard(message.id),
                None => Ok(()),
            };
        }
        self.step(|step| match row.standing {
            // What was fetched is the person's.
            TransferStanding::Done => step.tables.delete_transfer(transfer),
            _ => {
                if let Some(message) = step.tables.message_at(row.message)? {
                    step.said(message.conversation, message.id);
                }
                step.tables.put_transfer(&TransferRow { standing: TransferStanding::LetGo, ..row })
            }
        })?;
        self.stop_work(transfer);
        Ok(())
    }

    /// Where there is something of files that were not fetched to their end.
    pub(crate) fn parts(&self) -> Result<Vec<String>, DbError> {
        let mut rows = self.read(|tables| tables.transfers())?;
        rows.retain(|row| !row.outgoing && row.standing != TransferStanding::Done);
        Ok(rows.into_iter().map(|row| row.path).collect())
    }
}

impl Step<'_> {
    fn resume(&mut self, row: TransferRow) -> Result<(), DbError> {
        if row.outgoing
            && let Some(message) = self.tables.message_at(row.message)?
            && message.standing == MessageStanding::Failed
        {
            self.tables.set_standing(message.id, MessageStanding::Waiting, None)?;
            self.said(message.conversation, message.id);
        }
        self.wake_transfers();
        self.tables.put_transfer(&TransferRow { standing: TransferStanding::ToDo, failure: None, begun: 0, ..row })
    }

    /// A message of one's own was taken back: the server needs its files for it no longer. What else brings them keeps them.
    pub(crate) fn let_files_go(&mut self, message: &MessageRow) -> Result<(), DbError> {
        let Some(seq) = message.seq.filter(|_| message.own) else { return Ok(()) };
        let Ok(content) = Content::from_bytes(&message.content) else { return Ok(()) };
        for (number, file) in (0..).zip(content.files()) {
            let of = format!("conversation={}&seq={seq}", message.conversation);
            let row = TransferRow::to_do(true, message.position, number, String::new());
            self.let_blob_go(&row, Some(file.id), of)?;
        }
        Ok(())
    }

    /// A message that failed is tried again: says whether it waits for its files.
    pub(crate) fn resume_uploads_of(&mut self, message: u64) -> Result<bool, DbError> {
        let mut waits = false;
        for row in self.tables.transfers_of(message)?.into_iter().filter(|row| row.outgoing) {
            waits |= row.standing != TransferStanding::Done;
            match row.standing {
                TransferStanding::Failed => self.resume(row)?,
                // A person wishes it: what the server lost is uploaded again as often as at first.
                _ => self.tables.put_transfer(&TransferRow { begun: 0, ..row })?,
            }
        }
        Ok(waits)
    }

    /// The server does not have a file that a message brings: it is uploaded again, where that can be done. Says whether.
    pub(crate) fn file_is_missing(&mut self, task: &OutboxRow, problem: &Problem) -> Result<bool, DbError> {
        let Some(message) = self.tables.own_message(task.id)? else { return Ok(false) };
        let uploads = self.tables.transfers_of(message.position)?;
        let missing = uploads.into_iter().find(|row| row.outgoing && row.blob.is_some() && row.blob == problem.file);
        let Some(missing) = missing.filter(|row| row.begun < MOST_BEGUN) else { return Ok(false) };
        self.upload_anew(missing)?;
        Ok(true)
    }
}

fn unknown(transfer: u64) -> Failure {
    Failure::Unknown { what: "transfer".into(), name: transfer.to_string() }
}

fn invalid(reason: &str) -> Failure {
    Failure::Invalid { reason: reason.into() }
}

//! Messages as a face shows them, with everything that goes with them: a page is a handful of statements.

use std::collections::HashMap;

use huis_core::annotations::{Marks, MessageRef};
use huis_core::content::Content;
use huis_proto::{AccountId, ConversationId, ConversationKind, MessageId};
use huis_views::{
    Failure, Found, LockState, LockTrust, LockView, MessageState, MessageView, Named, QuoteView, ReactionView,
    ReceiptCounts,
};

use super::{MOST_ROWS, name_of, named, timer_view};
use crate::client::Client;
use crate::conversations::{known_message, unknown_message};
use crate::db::{
    ConversationRow, DbError, LockRow, LockStanding, MessageRow, MessageStanding, Quoted, Tables, WaitingMark,
};
use crate::sync::RECEIPTS_UP_TO;

/// The longest beginning of a quoted text that is shown.
const QUOTED: usize = 512;

/// What the messages of one page have in common, asked for once.
struct Page<'a> {
    client: &'a Client,
    tables: Tables<'a>,
    me: AccountId,
    conversations: HashMap<ConversationId, Place>,
    names: HashMap<AccountId, Named>,
    marks: HashMap<u64, Marks>,
    quoted: HashMap<u64, Quoted>,
    receipts: HashMap<MessageId, (u32, u32)>,
    locks: HashMap<u64, LockRow>,
}

/// A conversation, as its messages show it.
struct Place {
    name: String,
    row: Option<ConversationRow>,
    waiting: Vec<WaitingMark>,
}

/// Messages as they are shown.
fn message_views(
    client: &Client,
    tables: Tables<'_>,
    me: Option<AccountId>,
    rows: Vec<MessageRow>,
) -> Result<Vec<MessageView>, DbError> {
    // Nobody is signed in: there are no messages either.
    let Some(me) = me.filter(|_| !rows.is_empty()) else { return Ok(Vec::new()) };
    let mut page = Page {
        client,
        tables,
        me,
        conversations: HashMap::new(),
        names: HashMap::new(),
        marks: tables.marks_of(&rows)?,
        quoted: tables.quoted_by(&rows)?,
        receipts: tables.receipts_of(&rows, me)?,
        locks: tables.locks_of(&rows)?,
    };
    rows.into_iter().map(|row| page.view(row)).collect()
}

impl Page<'_> {
    fn view(&mut self, row: MessageRow) -> Result<MessageView, DbError> {
        let marks = self.marks_of(&row)?;
        let reply_to = self.quote(&row)?;
        let from = self.named(row.author.account)?;
        let (mentions, receipts) = {
            let place = self.place(row.conversation)?;
            let accounts = place.row.as_ref().map(|row| row.accounts.as_slice()).unwrap_or_default();
            let mut mentions = row.mentions.clone();
            mentions.retain(|account| accounts.contains(account));
            (mentions, place.others_who_tell())
        };
        let receipts = receipts.filter(|_| row.own && row.seq.is_some()).map(|others| {
            let (delivered, read) = self.receipts.get(&row.id).copied().unwrap_or_default();
            ReceiptCounts { others, delivered: delivered.min(others), read: read.min(others) }
        });
        let lock = self.locks.remove(&row.position).map(|lock| lock_view(&lock, &row));
        let files = self.client.file_views(self.tables, &row)?;
        let deleted_by = marks.deleted().map(|deleted| self.named(deleted.by)).transpose()?;
        let place = self.place(row.conversation)?;
        let text = match row.stay.once && row.is_unsent() {
            // Who wrote it has it until it is in the log.
            true => Content::from_bytes(&row.content).ok().and_then(|said| said.body().map(str::to_owned)),
            false => Some(row.body),
        };
        Ok(MessageView {
            id: row.id,
            position: row.position,
            conversation: row.conversation,
            conversation_name: place.name.clone(),
            request: place.row.as_ref().is_some_and(|conversation| !conversation.accepted),
            from,
            device: row.author.device,
            own: row.own,
            sent_at_ms: row.sent_ms,
            received_at_ms: row.received_ms,
            seq: row.seq,
            kind: row.kind,
            text: text.unwrap_or_default(),
            author_listed: row.author_listed,
            state: state(row.standing, row.failure),
            reply_to,
            forwarded: row.forwarded,
            mentions: mentions.into_iter().map(|account| self.named(account)).collect::<Result<_, _>>()?,
            mentions_me: row.mentions_me,
            edited_at_ms: marks.edited().map(|edited| edited.at_ms),
            deleted_by,
            pinned: row.pinned.is_some(),
            reactions: self.reactions(&marks)?,
            receipts,
            files,
            lock,
            vanishes: row.stay.timer.map(timer_view),
            vanishes_at_ms: row.vanishes_at_ms,
            view_once: row.stay.once,
        })
    }

    /// What was done to a message, with what is on its way from here.
    fn marks_of(&mut self, row: &MessageRow) -> Result<Marks, DbError> {
        let mut marks = self.marks.remove(&row.position).unwrap_or_default();
        let (me, target) = (self.me, row.as_target());
        for waiting in &self.place(row.conversation)?.waiting {
            if waiting.annotation.target == target {
                marks.take(&waiting.annotation.mark, me, waiting.place(), waiting.at_ms);
            }
        }
        Ok(marks)
    }

    fn quote(&mut self, row: &MessageRow) -> Result<Option<QuoteView>, DbError> {
        let Some(MessageRef { message, author }) = row.quoted.filter(|_| !row.deleted) else { return Ok(None) };
        let from = self.named(author)?;
        let quote = match self.quoted.remove(&row.position) {
            Some(Quoted { body, deleted }) if deleted || !body.is_empty() => {
                let text = body.get(..body.floor_char_boundary(QUOTED)).unwrap_or_default().to_owned();
                QuoteView { message, from, text, here: true, deleted }
            }
            // It is not here, or says nothing by itself: files are quoted by their names.
            quoted => {
                let marks = self.tables.marks(row.conversation, MessageRef { message, author })?;
                let target = MessageRef { message, author };
                let deleted = marks.is_some_and(|marks| marks.deleted().is_some())
                    || self.tables.has_vanished(row.conversation, target)?;
                let content = Content::from_bytes(&row.content).ok();
                let quote = content.as_ref().and_then(Content::reply_to).filter(|_| !deleted);
                let text = quote.map(|quote| quote.excerpt.clone()).unwrap_or_default();
                QuoteView { message, from, text, here: quoted.is_some(), deleted }
            }
        };
        Ok(Some(quote))
    }

    fn reactions(&mut self, marks: &Marks) -> Result<Vec<ReactionView>, DbError> {
        let mut views = Vec::new();
        for (emoji, accounts) in marks.reactions() {
            let own = accounts.contains(&self.me);
            let from = accounts.into_iter().map(|account| self.named(account)).collect::<Result<_, _>>()?;
            views.push(ReactionView { emoji: emoji.into(), from, own });
        }
        Ok(views)
    }

    fn named(&mut self, account: AccountId) -> Result<Named, DbError> {
        if let Some(known) = self.names.get(&account) {
            return Ok(known.clone());
        }
        let found = named(self.tables, account)?;
        self.names.insert(account, found.clone());
        Ok(found)
    }

    fn place(&mut self, conversation: ConversationId) -> Result<&Place, DbError> {
        use std::collections::hash_map::Entry;
        match self.conversations.entry(conversation) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(entry) => {
                let row = self.tables.conversation(conversation)?;
                let name = match &row {
                    Some(row) => name_of(self.tables, row)?,
                    None => conversation.to_string(),
                };
                let waiting = self.tables.waiting_marks_of(conversation)?;
                Ok(entry.insert(Place { name, row, waiting }))
            }
        }
    }
}

impl Place {
    /// How many others there are, if these tell what they got and read.
    fn others_who_tell(&self) -> Option<u32> {
        let row = self.row.as_ref()?;
        let quiet = row.kind == ConversationKind::Open || row.accounts.len() > RECEIPTS_UP_TO;
        (!quiet).then(|| row.accounts.len().saturating_sub(1) as u32)
    }
}

fn lock_view(lock: &LockRow, row: &MessageRow) -> LockView {
    let state = match lock.standing {
        LockStanding::Waiting => LockState::Waiting,
        LockStanding::Opened => LockState::Opened,
        LockStanding::Withdrawn => LockState::Withdrawn,
        LockStanding::Broken => LockState::Broken,
    };
    let files = match Content::from_bytes(&row.content) {
        Ok(Content::Timed(timed)) => timed.files.len(),
        Ok(content) => content.files().len(),
        Err(_) => 0,
    };
    let trust = if lock.chain.is_some() { LockTrust::Drand } else { LockTrust::Server };
    LockView { unlocks_at_ms: lock.unlocks_ms, state, files: files as u32, trust }
}

fn state(standing: MessageStanding, failure: Option<Failure>) -> MessageState {
    match standing {
        MessageStanding::Received => MessageState::Received,
        MessageStanding::Waiting => failure.map_or(MessageState::Waiting, MessageState::Held),
        MessageStanding::Sent => MessageState::Sent,
        MessageStanding::Failed => {
            let unknown = Failure::Internal { reason: "the reason was not kept".into() };
            MessageState::Failed(failure.unwrap_or(unknown))
        }
    }
}

impl Client {
    pub(crate) fn views(
        &self,
        rows: impl FnOnce(Tables<'_>) -> Result<Vec<MessageRow>, DbError>,
    ) -> Result<Vec<MessageView>, Failure> {
        let me = self.me().map(|me| me.account());
        let now_ms = self.server_now_ms();
        Ok(self.read(|tables| {
            let mut rows = rows(tables)?;
            rows.retain(|row| !row.is_over(now_ms));
            message_views(self, tables, me, rows)
        })?)
    }

    pub(crate) fn unprinted(&self, most: u32) -> Result<Vec<MessageView>, Failure> {
        self.views(|tables| tables.unprinted(most.min(MOST_ROWS)))
    }

    pub(crate) fn messages(
        &self,
        conversation: ConversationId,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<MessageView>, Failure> {
        self.views(|tables| tables.messages(conversation, before, most.min(MOST_ROWS)))
    }

    pub(crate) fn messages_after(
        &self,
        conversation: ConversationId,
        after: u64,
        most: u32,
    ) -> Result<Vec<MessageView>, Failure> {
        self.views(|tables| tables.messages_after(conversation, after, most.min(MOST_ROWS)))
    }

    pub(crate) fn message(&self, message: MessageId) -> Result<MessageView, Failure> {
        let row = self.read(|tables| Ok(known_message(tables, message)))??;
        self.signed_in()?;
        let found = self.views(|_| Ok(vec![row]))?.pop();
        found.ok_or_else(|| unknown_message(message))
    }

    pub(crate) fn pinned_messages(&self, conversation: ConversationId) -> Result<Vec<MessageView>, Failure> {
        self.views(|tables| tables.pinned(conversation))
    }

    pub(crate) fn search(&self, words: &str, most: u32) -> Result<Vec<Found>, Failure> {
        let me = self.me().map(|me| me.account());
        let wanted = self.wanted(words)?;
        let Some(wanted) = wanted else { return Ok(Vec::new()) };
        let now_ms = self.server_now_ms();
        Ok(self.read(|tables| {
            let mut hits = tables.search(&wanted, most.min(MOST_ROWS))?;
            hits.retain(|(row, _)| !row.is_over(now_ms));
            let (rows, highlights): (Vec<_>, Vec<_>) = hits.into_iter().unzip();
            let views = message_views(self, tables, me, rows)?;
            let found = views.into_iter().zip(highlights);
            Ok::<_, DbError>(found.map(|(message, highlights)| Found { message, highlights }).collect())
        })?)
    }
}

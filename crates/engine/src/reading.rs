//! The views that a face reads, from the database.

use huis_proto::{AccountId, ConversationId, ConversationKind};
use huis_views::{
    ConversationState, ConversationView, Failure, Found, MemberRole, MemberView, MessageState, MessageView, Muted,
    Named, NotificationLevel, ReceiptView, Status, Trust,
};

use crate::client::Client;
use crate::db::{ConversationRow, DbError, MessageRow, MessageStanding, State, Tables, search_query};

/// The most rows that one question gives.
pub(crate) const MOST_ROWS: u32 = 1000;

/// An account with its name, where it is known.
pub(crate) fn named(tables: Tables<'_>, account: AccountId) -> Result<Named, DbError> {
    Ok(Named { account, name: tables.account(account)?.and_then(|row| row.name), card_name: None })
}

/// How to call a conversation.
fn name_of(tables: Tables<'_>, row: &ConversationRow) -> Result<String, DbError> {
    if let Some(peer) = row.peer.filter(|_| row.kind == ConversationKind::Direct)
        && let Some(name) = named(tables, peer)?.name
    {
        return Ok(format!("@{name}"));
    }
    Ok(match row.room.as_ref().or(row.title.as_ref()) {
        Some(title) => format!("#{title}"),
        None => row.id.to_string(),
    })
}

pub(crate) fn conversation_view(tables: Tables<'_>, row: &ConversationRow) -> Result<ConversationView, DbError> {
    Ok(ConversationView {
        id: row.id,
        kind: row.kind,
        name: name_of(tables, row)?,
        title: row.room.clone().or_else(|| row.title.clone()),
        accounts: row.accounts.iter().map(|account| named(tables, *account)).collect::<Result<_, _>>()?,
        state: match row.state {
            State::Joining => ConversationState::Joining,
            State::Joined => ConversationState::Joined,
            State::Repairing => ConversationState::Repairing,
            State::Held => ConversationState::Held,
            State::Left => ConversationState::Left,
        },
        request: !row.accepted,
        newest_ms: row.newest_ms,
        unread: tables.unread(row.id, row.read_up_to)?,
        mentions: 0,
        read_up_to: row.read_up_to,
        topic: None,
        role: None,
        newest: None,
        notifications: NotificationLevel::default(),
        muted: Muted::default(),
        archived: false,
        favourite: false,
        draft: String::new(),
        typing: Vec::new(),
        here: Vec::new(),
        pins: 0,
        trust: Trust::default(),
    })
}

pub(crate) fn message_view(tables: Tables<'_>, row: MessageRow) -> Result<MessageView, DbError> {
    let conversation = tables.conversation(row.conversation)?;
    let conversation_name = match &conversation {
        Some(conversation) => name_of(tables, conversation)?,
        None => row.conversation.to_string(),
    };
    Ok(MessageView {
        id: row.id,
        position: row.position,
        conversation: row.conversation,
        conversation_name,
        from: named(tables, row.author.account)?,
        device: row.author.device,
        own: row.own,
        sent_at_ms: row.sent_ms,
        received_at_ms: row.received_ms,
        seq: row.seq,
        kind: row.kind,
        text: row.body,
        request: conversation.is_some_and(|conversation| !conversation.accepted),
        author_listed: row.author_listed,
        state: match row.standing {
            MessageStanding::Received => MessageState::Received,
            MessageStanding::Waiting => MessageState::Waiting,
            MessageStanding::Sent => MessageState::Sent,
            MessageStanding::Failed => {
                let unknown = Failure::Internal { reason: "the reason was not kept".into() };
                MessageState::Failed(row.failure.unwrap_or(unknown))
            }
        },
        reply_to: None,
        forwarded: false,
        mentions: Vec::new(),
        mentions_me: false,
        edited_at_ms: None,
        deleted_by: None,
        pinned: false,
        reactions: Vec::new(),
        receipts: None,
    })
}

fn message_views(tables: Tables<'_>, rows: Vec<MessageRow>) -> Result<Vec<MessageView>, DbError> {
    rows.into_iter().map(|row| message_view(tables, row)).collect()
}

impl Client {
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        let (waiting, joining) = self.read(|tables| {
            let entering =
                |row: &ConversationRow| row.accepted && matches!(row.state, State::Joining | State::Repairing);
            let joining = tables.conversations()?.iter().filter(|row| entering(row)).count() as u32;
            let unread_state = u32::from(tables.fact::<u64>("state_version")? == Some(0));
            Ok::<_, DbError>((tables.count_tasks()?, joining + unread_state))
        })?;
        Ok(Status {
            connection: self.connection.get(),
            caught_up: self.caught_up.get(),
            waiting,
            joining,
            versions_apart: self.versions_apart.borrow().clone(),
        })
    }

    pub(crate) fn unprinted(&self, most: u32) -> Result<Vec<MessageView>, Failure> {
        Ok(self.read(|tables| message_views(tables, tables.unprinted(most.min(MOST_ROWS))?))?)
    }

    pub(crate) fn messages(
        &self,
        conversation: ConversationId,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<MessageView>, Failure> {
        Ok(self.read(|tables| message_views(tables, tables.messages(conversation, before, most.min(MOST_ROWS))?))?)
    }

    pub(crate) fn search(&self, words: &str, most: u32) -> Result<Vec<Found>, Failure> {
        let query =
            search_query(words).ok_or_else(|| Failure::Invalid { reason: "there is no word to search for".into() })?;
        Ok(self.read(|tables| {
            let found = tables.search(&query, most.min(MOST_ROWS))?;
            found
                .into_iter()
                .map(|(row, highlights)| Ok(Found { message: message_view(tables, row)?, highlights }))
                .collect::<Result<_, DbError>>()
        })?)
    }

    pub(crate) fn receipts(&self, message: huis_proto::MessageId) -> Result<Vec<ReceiptView>, Failure> {
        Ok(self.read(|tables| {
            let receipts = tables.receipts(message)?;
            receipts
                .into_iter()
                .map(|(account, read, at_ms)| Ok(ReceiptView { account: named(tables, account)?, read, at_ms }))
                .collect::<Result<_, DbError>>()
        })?)
    }

    /// Conversations that are, or are not, requests.
    pub(crate) fn conversations(&self, requests: bool) -> Result<Vec<ConversationView>, Failure> {
        Ok(self.read(|tables| {
            let rows = tables.conversations()?;
            rows.iter()
                .filter(|row| row.accepted != requests && !(requests && row.state == State::Left))
                .map(|row| conversation_view(tables, row))
                .collect::<Result<_, DbError>>()
        })?)
    }

    pub(crate) fn conversation_of(&self, id: ConversationId) -> Result<ConversationView, Failure> {
        let view = self.read(|tables| match tables.conversation(id)? {
            Some(row) => conversation_view(tables, &row).map(Some),
            None => Ok::<_, DbError>(None),
        })?;
        view.ok_or_else(|| Failure::Unknown { what: "conversation".into(), name: id.to_string() })
    }

    pub(crate) fn members(&self, id: ConversationId) -> Result<Vec<MemberView>, Failure> {
        self.step(|step| {
            let tables = step.tables;
            let group = step.group(id).map_err(|error| Failure::Database { reason: error.to_string() })?;
            let Some(group) = group else { return Err(Failure::NotAMember) };
            let devices = group.members();
            let mut accounts: Vec<AccountId> = group.roster().accounts().collect();
            accounts.extend(devices.iter().map(|member| member.account));
            accounts.sort_unstable();
            accounts.dedup();
            let view = |account: AccountId| {
                Ok(MemberView {
                    account: named(tables, account)?,
                    role: match group.roster().role(account) {
                        Some(huis_core::groups::Role::Owner) => MemberRole::Owner,
                        Some(huis_core::groups::Role::Admin) => MemberRole::Admin,
                        _ => MemberRole::Member,
                    },
                    devices: devices
                        .iter()
                        .filter(|member| member.account == account)
                        .map(|member| member.device)
                        .collect(),
                    here: false,
                })
            };
            accounts.into_iter().map(view).collect()
        })
    }
}

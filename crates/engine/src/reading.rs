//! The views that a face reads, from the database.

mod messages;
mod wanted;

use huis_core::content::{Content, CountedFrom, Timer};
use huis_core::groups::Role;
use huis_proto::{AccountId, ConversationId, ConversationKind};
use huis_views::{
    ConversationState, ConversationView, Failure, MemberRole, MemberView, MessagePreview, Named, ReceiptView, Status,
    Trust, VanishTimer,
};

use crate::client::Client;
use crate::conversations::{level_of, muted_of};
use crate::db::{AccountRow, ConversationRow, DbError, Glance, SettingsRow, State, Tables};
use crate::transfers::called;

/// The most rows that one question gives.
pub(crate) const MOST_ROWS: u32 = 1000;
/// The longest line of a message in a list, in characters.
const PREVIEW: usize = 120;

/// An account with its name, where it is known.
pub(crate) fn named(tables: Tables<'_>, account: AccountId) -> Result<Named, DbError> {
    Ok(Named { account, name: tables.name_of(account)?, card_name: tables.card_name(account)? })
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

/// Whether the others in a conversation are whom one takes them for, and the one because of whom not.
fn trust_of(
    tables: Tables<'_>,
    row: &ConversationRow,
    me: Option<AccountId>,
) -> Result<(Trust, Option<AccountId>), DbError> {
    let (mut others, mut verified, mut changed) = (0, 0, None);
    for account in row.accounts.iter().filter(|account| Some(**account) != me) {
        let known = tables.account(*account)?;
        // An open room goes on over a handover, and what is written there does not wait.
        let goes_on = |known: &AccountRow| row.kind == ConversationKind::Open && known.is_handed_over();
        if known.as_ref().is_some_and(|known| known.is_broken() && !goes_on(known)) {
            return Ok((Trust::Broken, Some(*account)));
        }
        if known.as_ref().is_some_and(|known| known.shown_identity.is_some()) {
            changed.get_or_insert(*account);
        }
        others += 1;
        verified += u32::from(known.is_some_and(|known| known.is_verified()));
    }
    Ok(match (changed, others > 0 && others == verified) {
        (Some(_), _) => (Trust::Changed, changed),
        (None, true) => (Trust::Verified, None),
        (None, false) => (Trust::NotYet, None),
    })
}

fn conversation_view(
    tables: Tables<'_>,
    row: &ConversationRow,
    me: Option<AccountId>,
) -> Result<ConversationView, DbError> {
    let SettingsRow { settings, draft, draft_wish, .. } = tables.settings(row.id)?;
    let Glance { unread, mentions, pins, topic, role, newest, timer, brings, opened } = tables.glance(row)?;
    let content = brings.and_then(|content| Content::from_bytes(&content).ok());
    let locked = matches!(content, Some(Content::Timed(_)));
    let clip = match &content {
        Some(Content::Timed(_)) => Some(String::new()),
        Some(content) => {
            content.files().first().map(|file| if file.voice { called(file) } else { format!("📎 {}", called(file)) })
        }
        None => None,
    };
    let is_member = matches!(row.state, State::Joined | State::Repairing);
    let (trust, changed) = trust_of(tables, row, me)?;
    let preview = |(author, own, text, deleted, view_once): (AccountId, bool, String, bool, bool)| {
        let text = clip.as_deref().unwrap_or(&text).lines().next().unwrap_or_default().chars().take(PREVIEW).collect();
        Ok::<_, DbError>(MessagePreview { from: named(tables, author)?, own, text, deleted, view_once, locked })
    };
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
        unread,
        mentions,
        read_up_to: opened.map_or(row.read_up_to, |position| position.saturating_sub(1)),
        topic,
        timer: timer.map(timer_view),
        role: role.filter(|_| is_member).map(member_role),
        newest: newest.map(preview).transpose()?,
        notifications: level_of(settings.announced),
        muted: muted_of(settings.muted_until_ms),
        archived: settings.archived_at.is_some(),
        favourite: settings.favourite,
        draft,
        draft_wish,
        typing: Vec::new(),
        here: Vec::new(),
        pins,
        trust,
        changed: changed.map(|account| named(tables, account)).transpose()?,
    })
}

/// A timer, as a face is told.
pub(crate) fn timer_view(timer: Timer) -> VanishTimer {
    VanishTimer {
        after_s: timer.after_s,
        from: match timer.from {
            CountedFrom::Reading => huis_views::CountedFrom::Reading,
            CountedFrom::Sending => huis_views::CountedFrom::Sending,
        },
    }
}

fn member_role(role: Role) -> MemberRole {
    match role {
        Role::Member => MemberRole::Member,
        Role::Admin => MemberRole::Admin,
        Role::Owner => MemberRole::Owner,
    }
}

impl Client {
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        let ((waiting, unsent), held, joining) = self.read(|tables| {
            let entering =
                |row: &ConversationRow| row.accepted && matches!(row.state, State::Joining | State::Repairing);
            let joining = tables.conversations()?.iter().filter(|row| entering(row)).count() as u32;
            let unread_state = u32::from(tables.fact::<u64>("state_version")? == Some(0));
            let without_files = tables.count_messages_without_files()?;
            let waiting = tables.count_tasks()? + without_files;
            let unsent = tables.count_messages_to_send()? + without_files;
            Ok::<_, DbError>(((waiting, unsent), tables.count_held()?, joining + unread_state))
        })?;
        Ok(Status {
            connection: self.connection.get(),
            caught_up: self.caught_up.get(),
            waiting,
            unsent,
            held,
            joining,
            opening: self.opens_something()?,
            restoring: self.restoring()?,
            hindrance: self.hindrance.borrow().clone(),
        })
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
        let me = self.me().map(|me| me.account());
        let mut views = self.read(|tables| {
            let rows = tables.conversations()?;
            rows.iter()
                .filter(|row| row.accepted != requests && !(requests && row.state == State::Left))
                .map(|row| conversation_view(tables, row, me))
                .collect::<Result<Vec<_>, DbError>>()
        })?;
        views.iter_mut().for_each(|view| self.liven(view));
        // Favourites first; among themselves they stay in order.
        views.sort_by_key(|view| !view.favourite);
        Ok(views)
    }

    pub(crate) fn conversation_of(&self, id: ConversationId) -> Result<ConversationView, Failure> {
        let me = self.me().map(|me| me.account());
        let view = self.read(|tables| match tables.conversation(id)? {
            Some(row) => conversation_view(tables, &row, me).map(Some),
            None => Ok::<_, DbError>(None),
        })?;
        let view = view.map(|mut view| {
            self.liven(&mut view);
            view
        });
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
                    role: group.roster().role(account).map_or(MemberRole::Member, member_role),
                    devices: devices
                        .iter()
                        .filter(|member| member.account == account)
                        .map(|member| member.device)
                        .collect(),
                    verified: tables.account(account)?.is_some_and(|known| known.is_verified()),
                    here: self.is_here(account, Some(id)),
                })
            };
            accounts.into_iter().map(view).collect()
        })
    }
}

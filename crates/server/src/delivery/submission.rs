//! What is submitted, over the WebSocket or by REST: checked as far as its clear parts allow, then appended.

use huis_proto::aad::Act;
use huis_proto::frames::EntryKind;
use huis_proto::mls::{self, ContentType, Header};
use huis_proto::rest::{Committed, CreateConversation, MessageAccepted, SubmitCommit};
use huis_proto::{
    AccountId, BlobId, Bytes, ConversationId, ConversationKind, ErrorCode, Member, Problem, TimeLock, TimeShare,
    limits, names,
};
use huis_store::{Append, AppendCommit, Appended, Create, Locked};

use crate::bus::RosterChange;
use crate::http::problem::Refusal;
use crate::serve::in_ms;
use crate::state::App;

/// What an appended entry is answered with.
type Answer<T> = Result<T, Problem>;

/// Checks a message or leave proposal. `addressed` is the conversation that the request names beside the message, if it
/// does.
pub(crate) fn check_message(
    device: Member,
    addressed: Option<ConversationId>,
    submission: u64,
    (payload, share): (Bytes, Option<TimeShare>),
    now_ms: u64,
) -> Answer<Append> {
    if payload.len() > limits::LOG_PAYLOAD {
        return Err(too_large("The message", payload.len(), limits::LOG_PAYLOAD));
    }
    let header = checked_header(device, addressed, &payload)?;
    let lock = match &header.data.act {
        Act::Message { lock, .. } => check_lock(lock.as_ref(), share, now_ms)?,
        _ => check_lock(None, share, now_ms)?,
    };
    let (commitment, leaves, files) = match (header.content, header.data.act) {
        (ContentType::Application, Act::Message { commitment, files, .. }) => (Some(commitment), Vec::new(), files),
        (ContentType::Proposal, Act::Leave { leaves }) => {
            let own = leaves.iter().all(|member| member.account == device.account);
            if !own || !leaves.contains(&device) {
                return Err(bad_message("A leave proposal names all devices of its author's account, and no others."));
            }
            (None, leaves, Vec::new())
        }
        (ContentType::Commit, _) => {
            return Err(bad_message("This is a commit; send it to the conversation's commits."));
        }
        _ => {
            return Err(bad_message(
                "The message's content type and what its authenticated data says do not fit together.",
            ));
        }
    };
    Ok(Append {
        conversation: header.conversation,
        id: header.data.id,
        author: device,
        submission,
        follows: header.data.follows,
        commitment,
        leaves,
        files,
        // As long as the server's settings say, from where it is appended.
        files_end_at_ms: now_ms,
        lock,
        payload,
        received_at_ms: now_ms,
    })
}

/// What a locked message leaves here, if its share is the one that it names. Its time may be over: it may have waited to be
/// sent, or the server may have lost it.
fn check_lock(lock: Option<&TimeLock>, share: Option<TimeShare>, now_ms: u64) -> Answer<Option<Box<Locked>>> {
    let refused = |title: &str| Err(Problem::new(ErrorCode::TimeLockRefused, title));
    let (lock, share) = match (lock, share) {
        (None, None) => return Ok(None),
        (Some(lock), Some(share)) => (lock, share),
        (Some(_), None) => return refused("A locked message comes with the server's share beside it."),
        (None, Some(_)) => return refused("The message names no time at which it opens, and comes with a share."),
    };
    if share.commitment() != lock.share {
        return refused("The share beside the message is not the one that the message names.");
    }
    if lock.unlocks_at_ms > now_ms.saturating_add(in_ms(limits::TIME_LOCK_AHEAD)) {
        return refused("A message can be locked for ten years at most.");
    }
    let kept_from_ms = lock.unlocks_at_ms.max(now_ms);
    Ok(Some(Box::new(Locked {
        unlocks_at_ms: lock.unlocks_at_ms,
        share,
        ends_at_ms: kept_from_ms.saturating_add(in_ms(limits::TIME_SHARE_KEPT)),
        most_waiting: limits::TIME_LOCKS,
    })))
}

/// Checks a commit for the conversation of the URL.
pub(crate) fn check_commit(
    device: Member,
    conversation: ConversationId,
    submitted: SubmitCommit,
    now_ms: u64,
) -> Answer<AppendCommit> {
    fits("The commit", &submitted.commit, limits::COMMIT)?;
    fits("The GroupInfo", &submitted.group_info, limits::GROUP_INFO)?;
    if let Some(welcome) = &submitted.welcome {
        fits("The welcome", welcome, limits::WELCOME)?;
    }
    let header = checked_header(device, Some(conversation), &submitted.commit)?;
    let (ContentType::Commit, Act::Commit { joins, leaves, out }) = (header.content, header.data.act) else {
        return Err(bad_message("This is no commit."));
    };
    let comes = |account: &AccountId| joins.iter().any(|member| member.account == *account);
    if out.iter().any(|account| *account == device.account || comes(account)) {
        return Err(bad_message("A commit takes out neither its author's account nor one whose device it adds."));
    }
    if header.public {
        let joins_alone = joins.len() == 1 && joins.contains(&device);
        if !joins_alone || leaves.iter().any(|member| *member != device) || !out.is_empty() {
            return Err(bad_message(
                "An external commit adds its author's device alone, removes that device's old leaf at most, and takes nobody out.",
            ));
        }
        if submitted.welcome.is_some() {
            return Err(bad_message("An external commit has no welcome."));
        }
    } else {
        if joins.contains(&device) || leaves.contains(&device) {
            return Err(bad_message("A member's commit can't add or remove the member's own device."));
        }
        if joins.is_empty() == submitted.welcome.is_some() {
            return Err(bad_message("A commit has a welcome if it adds somebody, and only then."));
        }
    }
    Ok(AppendCommit {
        conversation,
        id: header.data.id,
        author: device,
        submission: submitted.submission,
        follows: header.data.follows,
        external: header.public,
        joins,
        leaves,
        out,
        commit: submitted.commit,
        welcome: submitted.welcome,
        group_info: submitted.group_info,
        seen: submitted.seen,
        received_at_ms: now_ms,
    })
}

fn fits(what: &str, bytes: &[u8], most: usize) -> Answer<()> {
    if bytes.len() > most { Err(too_large(what, bytes.len(), most)) } else { Ok(()) }
}

/// Checks a creation.
pub(crate) fn check_create(device: Member, submitted: CreateConversation, now_ms: u64) -> Answer<Create> {
    let names_its_like = match submitted.kind {
        ConversationKind::Direct => submitted.peer.is_some() && submitted.room.is_none(),
        ConversationKind::Group => submitted.peer.is_none() && submitted.room.is_none(),
        ConversationKind::Open => submitted.peer.is_none() && submitted.room.is_some(),
    };
    if !names_its_like {
        return Err(Problem::new(
            ErrorCode::BadRequest,
            "A direct conversation has a peer, an open one a room's name, a group neither.",
        ));
    }
    fits("The GroupInfo", &submitted.group_info, limits::GROUP_INFO)?;
    let room = submitted
        .room
        .map(|name| names::room_name(&name))
        .transpose()
        .map_err(|error| Problem::new(ErrorCode::NameRefused, format!("The room's name: {error}.")))?;
    let first_commit = submitted
        .first_commit
        .map(|commit| {
            if commit.submission != submitted.submission {
                return Err(Problem::new(
                    ErrorCode::BadRequest,
                    "The creation and its first commit are one submission; their counters differ.",
                ));
            }
            let commit = check_commit(device, submitted.conversation, commit, now_ms)?;
            if commit.external || commit.follows != 0 {
                return Err(bad_message("A conversation's first commit is a member's and follows counter 0."));
            }
            Ok(commit)
        })
        .transpose()?;
    Ok(Create {
        conversation: submitted.conversation,
        kind: submitted.kind,
        creator: device,
        peer: submitted.peer,
        room,
        group_info: submitted.group_info,
        submission: submitted.submission,
        first_commit,
        created_at_ms: now_ms,
    })
}

/// Appends a message or leave proposal and wakes those whom it concerns.
pub(crate) async fn append(app: App, mut append: Append) -> Answer<MessageAccepted> {
    // What opens later is kept as long from there.
    let opens_at_ms = append.lock.as_ref().map_or(0, |lock| lock.unlocks_at_ms);
    let kept_from_ms = append.received_at_ms.max(opens_at_ms);
    append.files_end_at_ms = kept_from_ms.saturating_add(in_ms(app.config.files.retention));
    if let Some(lock) = &mut append.lock {
        lock.ends_at_ms = lock.ends_at_ms.max(kept_from_ms.saturating_add(in_ms(app.config.retention)));
    }
    let roster =
        (append.kind() == EntryKind::Leave).then(|| RosterChange { joins: Vec::new(), leaves: append.leaves.clone() });
    let conversation = append.conversation;
    match app.store.append(append).await.map_err(fault)? {
        Appended::Stored(entry) => {
            let accepted = MessageAccepted { seq: entry.seq, received_at_ms: entry.received_at_ms };
            app.hub.appended(entry, roster);
            Ok(accepted)
        }
        Appended::Repeat { seq, received_at_ms, .. } => {
            app.hub.appended_before(conversation, seq);
            Ok(MessageAccepted { seq, received_at_ms })
        }
        Appended::Behind { commit_counter } => Err(Problem::new(
            ErrorCode::Stale,
            format!("The message was sealed before commit {commit_counter}; process it and seal the message again."),
        )),
        other => Err(refused(&other)),
    }
}

/// Appends a commit and wakes those whom it concerns.
pub(crate) async fn append_commit(app: App, commit: AppendCommit) -> Answer<Committed> {
    let (conversation, roster) = (commit.conversation, roster_change(&commit));
    let appended = app.store.append_commit(commit).await.map_err(fault)?;
    committed(&app, conversation, appended, Some(roster), 0)
}

/// Creates a conversation and wakes those whom it concerns.
pub(crate) async fn create(app: App, create: Create) -> Answer<Committed> {
    let (conversation, creator, created_at_ms) = (create.conversation, create.creator, create.created_at_ms);
    let roster = create.first_commit.as_ref().map(|commit| {
        let mut roster = roster_change(commit);
        roster.joins.push(creator);
        roster
    });
    let appended = app.store.create_conversation(create).await.map_err(fault)?;
    if appended == Appended::Created {
        app.hub.created(conversation, creator);
    }
    committed(&app, conversation, appended, roster, created_at_ms)
}

fn committed(
    app: &App,
    conversation: ConversationId,
    appended: Appended,
    roster: Option<RosterChange>,
    created_at_ms: u64,
) -> Answer<Committed> {
    match appended {
        Appended::Stored(entry) => {
            let committed = Committed {
                seq: entry.seq,
                commit_counter: entry.commit_counter,
                received_at_ms: entry.received_at_ms,
            };
            app.hub.appended(entry, roster);
            Ok(committed)
        }
        Appended::Created => Ok(Committed { seq: 0, commit_counter: 0, received_at_ms: created_at_ms }),
        Appended::Repeat { seq, commit_counter, received_at_ms } => {
            app.hub.appended_before(conversation, seq);
            Ok(Committed { seq, commit_counter, received_at_ms })
        }
        Appended::Behind { commit_counter } => Err(Problem::new(
            ErrorCode::CommitConflict,
            format!("Commit {commit_counter} came first; process it and build the commit again."),
        )),
        Appended::LeaveUnseen { seq } => Err(Problem::new(
            ErrorCode::CommitConflict,
            format!("The leave at entry {seq} came first; process it and build the commit again."),
        )),
        other => Err(refused(&other)),
    }
}

fn refused(appended: &Appended) -> Problem {
    match appended {
        Appended::SubmissionBehind { highest } => Problem::new(
            ErrorCode::SubmissionBehind,
            format!(
                "This device has used submission counter {highest} already; its database is an old copy, or the profile was cloned."
            ),
        ),
        Appended::NotAMember => {
            Problem::new(ErrorCode::NotAMember, "There is no such conversation, or this device is no member of it.")
        }
        Appended::Exists(conversation) => {
            let mut problem = Problem::new(
                ErrorCode::ConversationExists,
                "This conversation exists; join it instead of creating another.",
            );
            problem.conversation = Some(*conversation);
            problem
        }
        Appended::WrongRoster(member) => bad_message(format!(
            "Device {} joins but stands in no device list or twice in the commit, or leaves but does not exist.",
            member.device
        )),
        Appended::FileUnknown(file) => {
            let title =
                "A file that the message brings is not here, or this account can't pass it on; upload it again.";
            of_file(ErrorCode::FileUnknown, title, *file)
        }
        Appended::FileUnfinished(file) => {
            let title = "A file that the message brings is not whole here; finish its upload first.";
            of_file(ErrorCode::FileUnfinished, title, *file)
        }
        Appended::LockTaken => {
            Problem::new(ErrorCode::TimeLockRefused, "Another locked message of this account has this id already.")
        }
        Appended::TooManyLocks => Problem::new(
            ErrorCode::LimitReached,
            format!("At most {} locked messages of an account wait at a time; withdraw one.", limits::TIME_LOCKS),
        ),
        Appended::TooManyMembers => {
            Problem::new(ErrorCode::LimitReached, format!("A conversation has at most {} members.", limits::MEMBERS))
        }
        Appended::Stored(_)
        | Appended::Created
        | Appended::Repeat { .. }
        | Appended::Behind { .. }
        | Appended::LeaveUnseen { .. } => {
            tracing::error!("the store answered with something that does not belong to the request");
            Refusal::internal().0
        }
    }
}

fn checked_header(device: Member, addressed: Option<ConversationId>, message: &[u8]) -> Answer<Header> {
    let header =
        mls::header(message).map_err(|error| bad_message(format!("The MLS message can't be taken: {error}.")))?;
    if addressed.is_some_and(|addressed| addressed != header.conversation) {
        return Err(bad_message("The message is for another conversation."));
    }
    if header.data.author != device {
        return Err(bad_message("The message's author is not the signed-in device."));
    }
    Ok(header)
}

fn roster_change(commit: &AppendCommit) -> RosterChange {
    RosterChange { joins: commit.joins.clone(), leaves: commit.leaves.clone() }
}

fn fault(error: huis_store::StoreError) -> Problem {
    Refusal::from(error).0
}

fn of_file(code: ErrorCode, title: &str, file: BlobId) -> Problem {
    let mut problem = Problem::new(code, title);
    problem.file = Some(file);
    problem
}

fn bad_message(title: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::BadMessage, title)
}

fn too_large(what: &str, bytes: usize, most: usize) -> Problem {
    Refusal::too_large(what, bytes, most).0
}

#[cfg(test)]
mod tests;

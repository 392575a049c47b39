//! What people do with a device.

use huis_proto::rest::Secret;
use huis_proto::{ConversationId, DeviceId, Member};
use huis_views::{
    Command, ConversationState, ConversationView, DeviceView, Failure, MemberView, MessageView, Profile as ProfileView,
    Reply, RequestAnswer, Send, Sent, Target,
};

use super::{Device, PASSWORD};

impl Device {
    /// Says something, and waits until the server has it on disk.
    pub async fn says(&self, to: &str, text: &str) -> Sent {
        self.tries_to_say(to, text).await.unwrap_or_else(|failure| panic!("{self:?} cannot say {text:?}: {failure:?}"))
    }

    /// As [`says`](Self::says).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_say(&self, to: &str, text: &str) -> Result<Sent, Failure> {
        self.sends(to, text, true).await
    }

    /// Writes something that goes out when it can.
    pub async fn writes(&self, to: &str, text: &str) -> Sent {
        let sent = self.sends(to, text, false).await;
        sent.unwrap_or_else(|failure| panic!("{self:?} cannot write {text:?}: {failure:?}"))
    }

    async fn sends(&self, to: &str, text: &str, wait: bool) -> Result<Sent, Failure> {
        let send = Send { to: target(to), text: text.into(), reply_to: None, view_once: false, wait };
        match self.tries(Command::Send(send)).await? {
            Reply::Sent(sent) => Ok(sent),
            other => panic!("{other:?}"),
        }
    }

    /// Writes something with an engine that may die over it: whether it said that it keeps it.
    pub async fn attempts_to_write(&self, to: &str, text: &str) -> bool {
        let send = Send { to: target(to), text: text.into(), reply_to: None, view_once: false, wait: false };
        matches!(self.attempts(Command::Send(send)).await, Some(Ok(_)))
    }

    /// Waits until a text is here, from whomever.
    pub async fn hears(&self, place: &str, text: &str) {
        self.until(&format!("it hears {text:?} in {place}"), async || {
            self.texts(place).await.iter().any(|heard| heard == text)
        })
        .await;
    }

    /// Waits until a group of this title is here.
    pub async fn hears_title(&self, title: &str) {
        self.is_in(&format!("#{title}")).await;
    }

    /// Waits until the texts of a place are exactly these, in this order: each once.
    pub async fn reads_exactly(&self, place: &str, texts: &[&str]) {
        if let Some(last) = texts.last() {
            self.hears(place, last).await;
        }
        assert_eq!(self.texts(place).await, texts, "what {self:?} reads in {place}");
    }

    /// The texts of a place, oldest first; none if the place is not known.
    pub async fn texts(&self, place: &str) -> Vec<String> {
        self.messages(place).await.into_iter().map(|message| message.text).collect()
    }

    /// The messages of a place, oldest first; none if the place is not known.
    pub async fn messages(&self, place: &str) -> Vec<MessageView> {
        let Some(view) = self.looks_at(place).await else { return vec![] };
        match self.command(Command::Messages { conversation: view.id, before: None, most: 1000 }).await {
            Reply::Messages(messages) => messages,
            other => panic!("{other:?}"),
        }
    }

    /// A place, if it is known here. A conversation that was left is not.
    pub async fn looks_at(&self, place: &str) -> Option<ConversationView> {
        match self.tries(Command::Conversation { target: target(place) }).await {
            Ok(Reply::Conversation(view)) => Some(*view),
            Ok(other) => panic!("{other:?}"),
            Err(Failure::Unknown { .. } | Failure::NotAMember) => None,
            Err(failure) => panic!("{self:?} cannot look at {place}: {failure:?}"),
        }
    }

    /// The id of a place that is known here.
    pub async fn id_of(&self, place: &str) -> ConversationId {
        match self.looks_at(place).await {
            Some(view) => view.id,
            None => panic!("{self:?} knows no {place}"),
        }
    }

    /// Opens a group with others in it.
    pub async fn opens_a_group(&self, title: &str, others: &[&Device]) -> ConversationId {
        let invite = others.iter().map(|other| other.name().to_owned()).collect();
        self.place(Command::CreateRoom { name: title.into(), open: false, invite }).await
    }

    /// Joins an open room, or makes it.
    pub async fn joins_room(&self, name: &str) -> ConversationId {
        self.place(Command::JoinRoom { name: name.into() }).await
    }

    /// Adds accounts to a group.
    pub async fn invites(&self, place: &str, others: &[&Device]) {
        self.tries_to_invite(place, others).await.unwrap_or_else(|failure| panic!("{self:?} invites: {failure:?}"));
    }

    /// As [`invites`](Self::invites).
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tries_to_invite(&self, place: &str, others: &[&Device]) -> Result<(), Failure> {
        let names = others.iter().map(|other| other.name().to_owned()).collect();
        self.tries(Command::Invite { target: target(place), names }).await.map(drop)
    }

    /// Removes accounts from a group.
    pub async fn removes(&self, place: &str, others: &[&Device]) {
        let names = others.iter().map(|other| other.name().to_owned()).collect();
        self.command(Command::Remove { target: target(place), names }).await;
    }

    /// Leaves a place.
    pub async fn leaves(&self, place: &str) {
        self.command(Command::Leave { target: target(place) }).await;
    }

    /// Waits for a stranger's request and accepts it.
    pub async fn accepts(&self, place: &str) {
        self.until(&format!("{place} asks"), async || {
            let waits = |view: ConversationView| view.request && view.state != ConversationState::Left;
            self.looks_at(place).await.is_some_and(waits)
        })
        .await;
        self.answers_request(place, RequestAnswer::Accept).await;
    }

    /// Answers a stranger's request.
    pub async fn answers_request(&self, place: &str, answer: RequestAnswer) {
        self.command(Command::AnswerRequest { target: target(place), answer }).await;
    }

    /// Waits until this device is in a place.
    pub async fn is_in(&self, place: &str) {
        self.until(&format!("it is in {place}"), async || {
            self.looks_at(place).await.is_some_and(|view| view.state == ConversationState::Joined)
        })
        .await;
    }

    /// Waits until this device is not in a place any more.
    pub async fn is_out_of(&self, place: &str) {
        self.until(&format!("it is out of {place}"), async || {
            self.looks_at(place).await.is_none_or(|view| view.state == ConversationState::Left)
        })
        .await;
    }

    /// The members of a place as this device has them, by account.
    pub async fn members(&self, place: &str) -> Vec<MemberView> {
        match self.command(Command::Members { target: target(place) }).await {
            Reply::Members(mut members) => {
                members.sort_by_key(|member| member.account.account);
                members.iter_mut().for_each(|member| member.devices.sort());
                members
            }
            other => panic!("{other:?}"),
        }
    }

    /// The names of the accounts in a place, in order.
    pub async fn names_in(&self, place: &str) -> Vec<String> {
        let members = self.members(place).await;
        let mut names: Vec<String> = members.into_iter().filter_map(|member| member.account.name).collect();
        names.sort();
        names
    }

    /// Waits until all of `others` have the same members as this device, each with the same devices and role.
    pub async fn agrees_with(&self, others: &[&Device], place: &str) {
        let id = self.id_of(place).await.to_string();
        for other in others {
            other
                .until(&format!("it agrees with {self:?} on the members"), async || {
                    let (mine, theirs) = (self.members(&id).await, other.members(&id).await);
                    let plain = |members: Vec<MemberView>| {
                        let plain = members.into_iter().map(|one| (one.account.account, one.role, one.devices));
                        plain.collect::<Vec<_>>()
                    };
                    plain(mine) == plain(theirs)
                })
                .await;
        }
    }

    /// Who is signed in.
    pub async fn profile(&self) -> ProfileView {
        match self.command(Command::WhoAmI).await {
            Reply::Profile(profile) => profile,
            other => panic!("{other:?}"),
        }
    }

    /// This device, as groups name it.
    pub async fn member(&self) -> Member {
        let profile = self.profile().await;
        Member { account: profile.account, device: profile.device }
    }

    /// The account's devices, as the server lists them.
    pub async fn devices(&self) -> Vec<DeviceView> {
        match self.command(Command::Devices).await {
            Reply::Devices(devices) => devices,
            other => panic!("{other:?}"),
        }
    }

    /// Takes a device off the account.
    pub async fn revokes(&self, device: DeviceId) {
        self.command(Command::RevokeDevice { device, password: Secret::new(PASSWORD), recovery_key: None }).await;
    }

    async fn place(&self, command: Command) -> ConversationId {
        match self.command(command).await {
            Reply::Conversation(view) => view.id,
            other => panic!("{other:?}"),
        }
    }
}

/// Reads `@name`, `#room` or an id.
pub(super) fn target(place: &str) -> Target {
    place.parse().unwrap_or_else(|error| panic!("{error}"))
}

//! An engine with canned views, and a person before the screen.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use huis_proto::{AccountId, ConversationId, ConversationKind, DeviceId, MessageId};
use huis_texts::{Language, Texts};
use huis_views::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use unicode_width::UnicodeWidthStr;

use crate::{Answer, App, Depth, Effect, Ground, Input, Pictures, Settings, Theme, Zone};

/// 2026-11-20 18:06 UTC, a Friday.
pub(crate) const NOW: u64 = 1_795_197_960_000;
pub(crate) const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;

pub(crate) const CLUB: ConversationId = ConversationId::from_bytes([1; 16]);
pub(crate) const DIRECT: ConversationId = ConversationId::from_bytes([2; 16]);
pub(crate) const LOBBY: ConversationId = ConversationId::from_bytes([3; 16]);
pub(crate) const STRANGER: ConversationId = ConversationId::from_bytes([4; 16]);
pub(crate) const OLD: ConversationId = ConversationId::from_bytes([5; 16]);

pub(crate) fn person(letter: char) -> Named {
    Named {
        account: AccountId::from_bytes([letter as u8; 16]),
        name: Some(format!("member-{letter}")),
        card_name: None,
    }
}

pub(crate) fn id(position: u64) -> MessageId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&position.to_be_bytes());
    MessageId::from_bytes(bytes)
}

/// A message of `member-X`; `a` is oneself.
pub(crate) fn message(
    position: u64,
    conversation: ConversationId,
    author: char,
    at_ms: u64,
    text: &str,
) -> MessageView {
    let own = author == 'a';
    MessageView {
        id: id(position),
        position,
        conversation,
        conversation_name: "#club".into(),
        from: person(author),
        device: DeviceId::from_bytes([author as u8; 16]),
        own,
        sent_at_ms: at_ms,
        received_at_ms: Some(at_ms),
        seq: Some(position),
        kind: "text".into(),
        text: text.into(),
        request: false,
        author_listed: true,
        state: if own { MessageState::Sent } else { MessageState::Received },
        reply_to: None,
        forwarded: false,
        mentions: Vec::new(),
        mentions_me: false,
        edited_at_ms: None,
        deleted_by: None,
        pinned: false,
        reactions: Vec::new(),
        receipts: None,
        files: Vec::new(),
        lock: None,
        vanishes: None,
        vanishes_at_ms: None,
        view_once: false,
    }
}

pub(crate) fn conversation(
    id: ConversationId,
    kind: ConversationKind,
    name: &str,
    others: &[char],
) -> ConversationView {
    let mut accounts = vec![person('a')];
    accounts.extend(others.iter().map(|letter| person(*letter)));
    ConversationView {
        id,
        kind,
        name: name.into(),
        title: None,
        accounts,
        state: ConversationState::Joined,
        request: false,
        newest_ms: NOW - 60 * MINUTE,
        unread: 0,
        mentions: 0,
        read_up_to: 0,
        topic: None,
        timer: None,
        role: Some(MemberRole::Member),
        newest: None,
        notifications: NotificationLevel::All,
        muted: Muted::No,
        archived: false,
        favourite: false,
        draft: String::new(),
        draft_wish: Wish::default(),
        typing: Vec::new(),
        here: Vec::new(),
        pins: 0,
        trust: Trust::NotYet,
        changed: None,
    }
}

/// What the engine knows.
pub(crate) struct World {
    pub(crate) conversations: Vec<ConversationView>,
    pub(crate) requests: Vec<ConversationView>,
    pub(crate) messages: Vec<MessageView>,
    pub(crate) notices: Vec<NoticeView>,
    pub(crate) status: Status,
    pub(crate) found: Vec<Found>,
    /// What a message says that is opened once.
    pub(crate) opened_once: String,
    /// What was asked, in order.
    pub(crate) asked: Vec<Command>,
    /// What is done beside asking.
    pub(crate) others: Vec<Effect>,
    /// The pictures that were decoded, in order.
    pub(crate) decoded: Vec<crate::Picture>,
    /// Answers to commands that send, and to who asks for files.
    pub(crate) refuses: Option<Failure>,
    pub(crate) now_ms: u64,
    pub(crate) app: App,
}

impl World {
    /// Nothing but oneself.
    pub(crate) fn empty(language: Language, size: (u16, u16)) -> Self {
        let theme = Theme { depth: Depth::True, ground: Ground::Dark, is_fixed: false };
        let settings = Settings { theme, pictures: Pictures::Auto, bell: true, notify: false, lock_after_ms: None };
        let app = App::new(Texts::of(language), Zone::fixed(0), settings, size, NOW);
        Self {
            conversations: Vec::new(),
            requests: Vec::new(),
            messages: Vec::new(),
            notices: Vec::new(),
            status: Status {
                connection: Connection::Open,
                caught_up: true,
                waiting: 0,
                unsent: 0,
                held: 0,
                joining: 0,
                opening: false,
                restoring: None,
                hindrance: None,
            },
            found: Vec::new(),
            opened_once: "the cake is a surprise".into(),
            asked: Vec::new(),
            others: Vec::new(),
            decoded: Vec::new(),
            refuses: None,
            now_ms: NOW,
            app,
        }
    }

    /// A club, a friend, a lobby, a request, and something put aside.
    pub(crate) fn lively(language: Language, size: (u16, u16)) -> Self {
        let mut world = Self::empty(language, size);
        let mut club = conversation(CLUB, ConversationKind::Group, "#club", &['b', 'c', 'd']);
        club.newest_ms = NOW - MINUTE;
        (club.unread, club.mentions, club.read_up_to) = (2, 1, 105);
        club.topic = Some("The autumn issue: texts by Sunday, pictures by Wednesday".into());
        club.here = vec![person('b').account, person('c').account];
        (club.pins, club.trust) = (1, Trust::Verified);
        club.role = Some(MemberRole::Owner);
        club.newest = Some(preview('c', "And where do the pictures go?"));
        let mut direct = conversation(DIRECT, ConversationKind::Direct, "@member-b", &['b']);
        direct.newest_ms = NOW - 5 * MINUTE;
        direct.here = vec![person('b').account];
        direct.typing = vec![person('b')];
        direct.newest = Some(preview('b', "See you tomorrow at nine"));
        let mut lobby = conversation(LOBBY, ConversationKind::Open, "#lobby", &['b', 'c', 'd', 'e', 'f']);
        (lobby.muted, lobby.newest_ms) = (Muted::ForEver, NOW - DAY);
        lobby.newest = Some(preview('e', "Good morning, everybody"));
        let mut old = conversation(OLD, ConversationKind::Group, "#summer-2025", &['d']);
        (old.archived, old.newest_ms) = (true, NOW - 200 * DAY);
        world.conversations = vec![club, direct, lobby, old];
        let mut stranger = conversation(STRANGER, ConversationKind::Direct, "@member-x", &['x']);
        (stranger.request, stranger.unread, stranger.newest_ms) = (true, 1, NOW - 30 * MINUTE);
        world.requests = vec![stranger];
        world.messages = said();
        world
    }

    pub(crate) fn begin(&mut self) -> &mut Self {
        let effects = self.app.begin();
        self.settle(effects);
        self
    }

    /// Opens the club.
    pub(crate) fn open(&mut self) -> &mut Self {
        self.begin();
        self.press(KeyCode::Enter)
    }

    pub(crate) fn press(&mut self, code: KeyCode) -> &mut Self {
        self.chord(code, KeyModifiers::NONE)
    }

    pub(crate) fn chord(&mut self, code: KeyCode, modifiers: KeyModifiers) -> &mut Self {
        self.input(Input::Key(KeyEvent::new(code, modifiers)))
    }

    pub(crate) fn control(&mut self, letter: char) -> &mut Self {
        self.chord(KeyCode::Char(letter), KeyModifiers::CONTROL)
    }

    pub(crate) fn type_text(&mut self, text: &str) -> &mut Self {
        for letter in text.chars() {
            self.press(KeyCode::Char(letter));
        }
        self
    }

    pub(crate) fn event(&mut self, event: Event) -> &mut Self {
        self.input(Input::Event(event))
    }

    /// Lets time pass up to what the screen waits for.
    pub(crate) fn pass(&mut self, ms: u64) -> &mut Self {
        self.now_ms += ms;
        self.input(Input::Tick)
    }

    pub(crate) fn input(&mut self, input: Input) -> &mut Self {
        let effects = self.app.update(input, self.now_ms);
        self.settle(effects);
        self
    }

    /// The commands asked since the last look.
    pub(crate) fn take_asked(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.asked)
    }

    /// The screen as text.
    pub(crate) fn screen(&mut self) -> String {
        let (width, height) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let app = &mut self.app;
        let frame = terminal.draw(|frame| _ = app.paint(frame.buffer_mut())).unwrap();
        let mut text = String::new();
        for y in 0..height {
            let mut row = String::new();
            let mut x = 0;
            while x < width {
                let symbol = frame.buffer[(x, y)].symbol();
                row.push_str(symbol);
                x += u16::try_from(symbol.width()).unwrap().max(1);
            }
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
    }

    fn settle(&mut self, mut effects: Vec<Effect>) {
        let mut rounds = 0;
        while !effects.is_empty() {
            rounds += 1;
            assert!(rounds < 1000, "the screen asks without end");
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Ask { purpose, command } => {
                        self.asked.push(command.clone());
                        let result = self.answer(command);
                        let answer = Input::Answer(Box::new(Answer { purpose, result }));
                        effects.extend(self.app.update(answer, self.now_ms));
                    }
                    Effect::Decode(picture, bytes) => {
                        self.decoded.push(picture);
                        let decoded = Input::Picture(picture, picture.decoded(&bytes));
                        effects.extend(self.app.update(decoded, self.now_ms));
                    }
                    other => self.others.push(other),
                }
            }
        }
    }

    /// A transfer stands so from now on, or is no more.
    fn stands(&mut self, transfer: u64, state: Option<TransferState>) -> Reply {
        let files = self.messages.iter_mut().flat_map(|view| &mut view.files);
        for file in files {
            if let Some(known) = file.transfer.as_mut().filter(|known| known.transfer == transfer) {
                match &state {
                    Some(state) => known.state = state.clone(),
                    None => file.transfer = None,
                }
            }
        }
        Reply::Done
    }

    fn answer(&mut self, command: Command) -> Result<Reply, Failure> {
        let of = |conversation| self.messages.iter().filter(move |message| message.conversation == conversation);
        Ok(match command {
            Command::WhoAmI => Reply::Profile(Profile {
                account: person('a').account,
                username: "member-a".into(),
                device: DeviceId::from_bytes([9; 16]),
                server: "https://huis.example".into(),
                identity_key: String::new(),
            }),
            Command::Status => Reply::Status(self.status.clone()),
            Command::Conversations => Reply::Conversations(self.conversations.clone()),
            Command::Requests => Reply::Conversations(self.requests.clone()),
            Command::Conversation { target: Target::Id(id) } => {
                let found = self.conversations.iter().chain(&self.requests).find(|view| view.id == id);
                let unknown = || Failure::Unknown { what: "conversation".into(), name: id.to_string() };
                Reply::Conversation(Box::new(found.ok_or_else(unknown)?.clone()))
            }
            Command::Messages { conversation, before, most } => {
                let page = of(conversation).filter(|message| before.is_none_or(|before| message.position < before));
                let page: Vec<_> = page.cloned().collect();
                Reply::Messages(page[page.len().saturating_sub(most as usize)..].to_vec())
            }
            Command::MessagesAfter { conversation, after, most } => Reply::Messages(
                of(conversation).filter(|message| message.position > after).take(most as usize).cloned().collect(),
            ),
            Command::Message { message } => {
                let unknown = Failure::Unknown { what: "message".into(), name: message.to_string() };
                let found = self.messages.iter().find(|view| view.id == message);
                Reply::Message(Box::new(found.ok_or(unknown)?.clone()))
            }
            Command::OpenOnce { message } => {
                let unknown = Failure::Unknown { what: "message".into(), name: message.to_string() };
                let at = self.messages.iter().position(|view| view.id == message).ok_or(unknown)?;
                let opened = self.messages.remove(at);
                Reply::Message(Box::new(MessageView { text: self.opened_once.clone(), ..opened }))
            }
            Command::Files { conversation, before, most } => {
                if let Some(failure) = &self.refuses {
                    return Err(failure.clone());
                }
                let fits = |message: &&MessageView| {
                    !message.files.is_empty() && before.is_none_or(|before| message.position < before)
                };
                let there = self.messages.iter().filter(|view| Some(view.conversation) == conversation);
                let page: Vec<_> = there.filter(fits).cloned().collect();
                Reply::Messages(page[page.len().saturating_sub(most as usize)..].to_vec())
            }
            Command::FetchFile(FetchFile { message, number, .. }) => {
                let begun = u64::from(number) * 1000 + self.messages.len() as u64;
                let view = self.messages.iter_mut().find(|view| view.id == message).unwrap();
                let (conversation, file) = (view.conversation, &mut view.files[number as usize - 1]);
                let transfer = TransferView {
                    transfer: begun,
                    conversation,
                    message,
                    number,
                    outgoing: false,
                    name: file.name.clone(),
                    size: file.size,
                    done: 0,
                    bytes_per_s: None,
                    remaining_s: None,
                    state: TransferState::Running,
                    saved_at: None,
                };
                file.transfer = Some(transfer.clone());
                Reply::Transfer(Box::new(transfer))
            }
            Command::PauseTransfer { transfer } => self.stands(transfer, Some(TransferState::Paused)),
            Command::ResumeTransfer { transfer } => self.stands(transfer, Some(TransferState::Running)),
            Command::CancelTransfer { transfer } => self.stands(transfer, None),
            Command::Notices { .. } => Reply::Notices(self.notices.iter().rev().cloned().collect()),
            Command::Search { .. } => Reply::Found(self.found.clone()),
            Command::PinnedMessages { conversation } => {
                Reply::Messages(of(conversation).filter(|message| message.pinned).cloned().collect())
            }
            Command::Members { .. } => Reply::Members(
                ['a', 'b', 'c', 'd']
                    .map(|letter| MemberView {
                        account: person(letter),
                        role: if letter == 'a' { MemberRole::Owner } else { MemberRole::Member },
                        devices: Vec::new(),
                        verified: letter == 'b',
                        here: letter != 'd',
                    })
                    .to_vec(),
            ),
            Command::Contact { name } => Reply::Contact(Box::new(ContactView {
                account: Named { account: person('b').account, name: Some(name), card_name: None },
                safety_number: "012345678901234567890123456789012345678901234567890123456789".into(),
                verified: false,
                compared: None,
                identity_changed: false,
                broken: false,
                blocked: false,
                devices: vec![DeviceId::from_bytes([1; 16])],
                card: CardView { about: Some("Reads everything twice.".into()), ..CardView::default() },
                here: true,
            })),
            Command::Receipts { .. } => Reply::Receipts(vec![
                ReceiptView { account: person('b'), read: false, at_ms: NOW - 1_000 },
                ReceiptView { account: person('b'), read: true, at_ms: NOW },
                ReceiptView { account: person('c'), read: false, at_ms: NOW },
            ]),
            Command::Send(_) | Command::SendFiles(_) | Command::Annotate(_) | Command::Forward(_) => {
                if let Some(failure) = &self.refuses {
                    return Err(failure.clone());
                }
                Reply::Sent(Sent { id: id(1), conversation: CLUB, seq: None })
            }
            _ => Reply::Done,
        })
    }
}

fn preview(author: char, text: &str) -> MessagePreview {
    MessagePreview {
        from: person(author),
        own: author == 'a',
        text: text.into(),
        deleted: false,
        view_once: false,
        locked: false,
    }
}

/// What was said in the club, with one of everything.
fn said() -> Vec<MessageView> {
    let at = |minutes: u64| NOW - minutes * MINUTE;
    let mut said = vec![
        message(98, CLUB, 'd', NOW - DAY - 9 * MINUTE, "Welcome to the club."),
        message(99, CLUB, 'b', NOW - DAY - 8 * MINUTE, "The plan stands at https://huis.example/plan (all dates)."),
        message(100, CLUB, 'b', at(4), "Did you see the draft?"),
        message(
            101,
            CLUB,
            'a',
            at(4),
            "Yes. Two remarks:\n1. The title is too long.\n2. The second page repeats the first.",
        ),
        message(
            102,
            CLUB,
            'b',
            at(3),
            "True, both. I shorten the second page today and send it round again before the evening.",
        ),
        message(103, CLUB, 'd', at(3), ""),
        message(104, CLUB, 'a', at(2), "Thank you!"),
        message(105, CLUB, 'a', at(2), "I print it on Monday."),
        message(106, CLUB, 'c', at(1), "@member-a can we add my picture 📷 of the garden?"),
        message(107, CLUB, 'c', at(1), "And where do the pictures go?"),
        message(120, STRANGER, 'x', at(30), "Hello, we met at the market. Do you still have the recipe?"),
    ];
    said[1].pinned = true;
    said[3].receipts = Some(ReceiptCounts { others: 3, delivered: 3, read: 2 });
    said[3].edited_at_ms = Some(at(3));
    said[4].reply_to = Some(QuoteView {
        message: id(101),
        from: person('a'),
        text: "Yes. Two remarks:".into(),
        here: true,
        deleted: false,
    });
    said[4].reactions = vec![
        ReactionView { emoji: "👍".into(), from: vec![person('a'), person('c')], own: true },
        ReactionView { emoji: "🎉".into(), from: vec![person('d')], own: false },
    ];
    said[5].deleted_by = Some(person('d'));
    said[6].receipts = Some(ReceiptCounts { others: 3, delivered: 1, read: 0 });
    said[7].state = MessageState::Failed(Failure::NotAllowed);
    said[8].mentions = vec![person('a')];
    said[8].mentions_me = true;
    said
}

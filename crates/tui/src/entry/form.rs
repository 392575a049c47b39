//! The forms: which lines they have, where the keys go, and what is wrong where.

use huis_proto::ErrorCode;
use huis_proto::names;
use huis_proto::rest::Admission;
use huis_texts::{Texts, typed_address};
use huis_views::{Command, Failure, Recover, Register, SignIn};

use super::field::Field;

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A new account.
    Register,
    /// A device of an account that exists.
    SignIn,
    /// The same device again, after its session ended.
    SignInAgain,
    /// A new password by the recovery key.
    Recover,
    /// A locked device opens.
    Unlock,
    /// A device is put under the password.
    Lock,
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Server,
    Admission,
    Name,
    RecoveryKey,
    Password,
    Again,
    Code,
}

/// What lets a newcomer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ticket {
    Passphrase,
    Invitation,
    Claim,
}

/// A form.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) purpose: Purpose,
    pub(super) lines: Vec<(Line, Field)>,
    pub(super) focus: usize,
    pub(super) ticket: Ticket,
    /// What is wrong, and at which line if at one.
    pub(super) wrong: Option<(Option<Line>, String)>,
    /// Who signs in, where that is not asked.
    fixed: (String, String),
}

impl Form {
    pub(super) fn new(purpose: Purpose, server: &str, name: &str) -> Self {
        use Line::{Again, Name, Password, RecoveryKey, Server};
        let kinds: &[Line] = match purpose {
            Purpose::Register => &[Server, Line::Admission, Name, Password, Again],
            Purpose::SignIn => &[Server, Name, Password],
            Purpose::SignInAgain | Purpose::Unlock => &[Password],
            Purpose::Recover => &[Server, Name, RecoveryKey, Password, Again],
            Purpose::Lock => &[Password, Again],
        };
        let field = |line: Line| match line {
            Server => Field::plain(server),
            Name => Field::plain(name),
            Line::Admission => Field::plain(""),
            RecoveryKey | Password | Again | Line::Code => Field::hidden(),
        };
        let lines: Vec<_> = kinds.iter().map(|line| (*line, field(*line))).collect();
        // Where there is an address already, it need not be gone through.
        let focus = lines.iter().position(|(_, field)| field.is_empty()).unwrap_or(0);
        let fixed = (server.to_owned(), name.to_owned());
        Self { purpose, lines, focus, ticket: Ticket::Passphrase, wrong: None, fixed }
    }

    /// Takes over what was typed in another form.
    pub(super) fn take_over(&mut self, other: &Self) {
        for (line, field) in &mut self.lines {
            if matches!(line, Line::Server | Line::Name)
                && let Some(typed) = other.field(*line).filter(|typed| !typed.is_empty())
            {
                field.clear();
                field.insert(typed.text());
            }
        }
        self.focus = self.lines.iter().position(|(_, field)| field.is_empty()).unwrap_or(0);
    }

    pub(super) fn field(&self, wanted: Line) -> Option<&Field> {
        self.lines.iter().find(|(line, _)| *line == wanted).map(|(_, field)| field)
    }

    fn text(&self, line: Line) -> &str {
        self.field(line).map_or("", Field::text)
    }

    pub(super) fn focused(&mut self) -> Option<&mut (Line, Field)> {
        self.lines.get_mut(self.focus)
    }

    /// The address of the server in its one form.
    pub(super) fn server(&self) -> Option<String> {
        match self.field(Line::Server) {
            Some(field) => typed_address(field.text()).ok(),
            None => Some(self.fixed.0.clone()),
        }
    }

    pub(super) fn username(&self) -> String {
        let typed = self.field(Line::Name).map_or(self.fixed.1.as_str(), Field::text);
        typed.trim().trim_start_matches('@').to_owned()
    }

    pub(super) fn go(&mut self, back: bool) {
        let last = self.lines.len().saturating_sub(1);
        self.focus = if back { self.focus.saturating_sub(1) } else { (self.focus + 1).min(last) };
    }

    /// Goes on to the next line if the one before is in order. Gives whether it was the last one and all are.
    pub(super) fn go_on(&mut self, texts: &Texts) -> bool {
        let Some((line, _)) = self.lines.get(self.focus) else { return false };
        if let Some(wrong) = self.check(*line, texts) {
            self.wrong = Some((Some(*line), wrong));
            return false;
        }
        self.wrong = None;
        if self.focus + 1 < self.lines.len() {
            self.focus += 1;
            return false;
        }
        let wrong =
            self.lines.iter().enumerate().find_map(|(at, (line, _))| Some((at, *line, self.check(*line, texts)?)));
        match wrong {
            Some((at, line, wrong)) => {
                self.focus = at;
                self.wrong = Some((Some(line), wrong));
                false
            }
            None => true,
        }
    }

    /// What is wrong with a line, as far as can be seen from here.
    fn check(&self, line: Line, texts: &Texts) -> Option<String> {
        let is_empty = self.field(line).is_none_or(Field::is_empty);
        match line {
            Line::Server => self.server().is_none().then(|| texts.text("entry-wrong-server")),
            // An open server asks for none.
            Line::Admission => None,
            Line::Name if is_empty => Some(texts.text("entry-needed")),
            Line::Name => {
                let error = names::username(&self.username()).err()?;
                Some(texts.failure(&Failure::Invalid { reason: error.to_string() }))
            }
            Line::Again => (self.text(Line::Password) != self.text(Line::Again)).then(|| texts.text("entry-differ")),
            Line::RecoveryKey | Line::Password | Line::Code => is_empty.then(|| texts.text("entry-needed")),
        }
    }

    /// What is asked of the engine; none for what concerns the key alone.
    pub(super) fn command(&self) -> Option<Command> {
        let command = self.plain_command()?;
        Some(match self.field(Line::Code) {
            Some(code) => Command::WithSecondFactor { code: code.secret(), command: Box::new(command) },
            None => command,
        })
    }

    fn plain_command(&self) -> Option<Command> {
        let username = self.username();
        let password = self.field(Line::Password)?.secret();
        match self.purpose {
            Purpose::Register => {
                let admission = self.admission();
                let register = Register {
                    username,
                    password,
                    email: None,
                    admission,
                    recovery_key_only: false,
                    stay_signed_in: true,
                };
                Some(Command::Register(register))
            }
            Purpose::SignIn | Purpose::SignInAgain => {
                let recovery_key = self.field(Line::RecoveryKey).map(Field::secret);
                Some(Command::SignIn(SignIn { username, password, recovery_key, stay_signed_in: true }))
            }
            Purpose::Recover => {
                let recovery_key = self.field(Line::RecoveryKey)?.secret();
                Some(Command::Recover(Recover { username, recovery_key, password, stay_signed_in: true }))
            }
            Purpose::Unlock | Purpose::Lock => None,
        }
    }

    fn admission(&self) -> Admission {
        let mut admission = Admission { access_passphrase: None, claim: None, invitation: None };
        let Some(field) = self.field(Line::Admission).filter(|field| !field.is_empty()) else { return admission };
        let code = field.text().trim();
        // An invitation has a form that no passphrase has.
        let is_invitation = code.len() == 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        match self.ticket {
            Ticket::Claim => admission.claim = Some(field.secret()),
            Ticket::Passphrase if !is_invitation => admission.access_passphrase = Some(field.secret()),
            Ticket::Passphrase | Ticket::Invitation => admission.invitation = Some(field.secret()),
        }
        admission
    }

    /// Shows why it was not done, beside the line that is to blame. Nothing that was typed is lost, but for a password
    /// that is wrong, and a code.
    pub(super) fn failed(&mut self, failure: &Failure, texts: &Texts) {
        if *failure == Failure::NeedsRecoveryKey && self.field(Line::RecoveryKey).is_none() {
            self.lines.push((Line::RecoveryKey, Field::hidden()));
        }
        // A code that was sent may be used up; another one is asked for where it is needed still.
        self.lines.retain(|(line, _)| *line != Line::Code);
        if matches!(failure, Failure::NeedsSecondFactor | Failure::WrongSecondFactor) {
            self.lines.push((Line::Code, Field::hidden()));
        }
        self.focus = self.focus.min(self.lines.len().saturating_sub(1));
        let to_blame = blamed(failure).filter(|line| self.field(*line).is_some());
        if let Some(at) = to_blame.and_then(|line| self.lines.iter().position(|(there, _)| *there == line)) {
            self.focus = at;
        }
        let to_clear: &[Line] = match failure {
            Failure::WrongPassword => &[Line::Password],
            Failure::WeakPassword { .. } => &[Line::Password, Line::Again],
            _ => &[],
        };
        for (line, field) in &mut self.lines {
            if to_clear.contains(line) {
                field.clear();
            }
        }
        let text = match (failure, self.purpose) {
            // No name was asked for that could be wrong.
            (Failure::WrongPassword, Purpose::Unlock | Purpose::Lock | Purpose::SignInAgain) => {
                texts.text("entry-wrong-password")
            }
            _ => texts.failure(failure),
        };
        self.wrong = Some((to_blame, text));
    }

    /// The next kind of what lets a newcomer in.
    pub(super) fn next_ticket(&mut self, back: bool) {
        self.ticket = match (self.ticket, back) {
            (Ticket::Passphrase, false) | (Ticket::Claim, true) => Ticket::Invitation,
            (Ticket::Invitation, false) | (Ticket::Passphrase, true) => Ticket::Claim,
            (Ticket::Claim, false) | (Ticket::Invitation, true) => Ticket::Passphrase,
        };
    }
}

/// The line that a failure is about.
fn blamed(failure: &Failure) -> Option<Line> {
    match failure {
        Failure::WeakPassword { .. } | Failure::WrongPassword => Some(Line::Password),
        Failure::WrongRecoveryKey | Failure::NeedsRecoveryKey => Some(Line::RecoveryKey),
        Failure::WrongSecondFactor | Failure::NeedsSecondFactor => Some(Line::Code),
        Failure::Offline { .. }
        | Failure::CertificateChanged { .. }
        | Failure::ServerTooOld { .. }
        | Failure::BadAnswer { .. } => Some(Line::Server),
        Failure::Invalid { reason } if reason.contains("recovery key") => Some(Line::RecoveryKey),
        Failure::Invalid { reason } if reason.contains("password") => Some(Line::Password),
        Failure::Invalid { reason } if reason.contains("name") => Some(Line::Name),
        Failure::Refused { code, .. } => match code {
            ErrorCode::NameRefused | ErrorCode::NameTaken | ErrorCode::NameLooksAlike => Some(Line::Name),
            ErrorCode::PassphraseRefused
            | ErrorCode::ClaimRefused
            | ErrorCode::InvitationRefused
            | ErrorCode::RegistrationClosed => Some(Line::Admission),
            ErrorCode::ClientTooOld => Some(Line::Server),
            _ => None,
        },
        _ => None,
    }
}

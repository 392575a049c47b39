//! What a link brings that lets a newcomer in: `#WORDS`, `#join=WORDS` or `#invitation=CODE`, `#claim=CODE`.

use std::cell::OnceCell;

use huis_proto::rest::{Admission, Secret};

use crate::page;

/// What lets a newcomer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ticket {
    Passphrase,
    Invitation,
    Claim,
}

/// A ticket with its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invited {
    pub(crate) ticket: Ticket,
    pub(crate) code: String,
}

thread_local! {
    static BROUGHT: OnceCell<Option<Invited>> = const { OnceCell::new() };
}

/// What the page's link brought. It is taken out of the address, which others may see.
pub(crate) fn of_link() -> Option<Invited> {
    BROUGHT.with(|brought| brought.get_or_init(take_from_link).clone())
}

fn take_from_link() -> Option<Invited> {
    let hash = page::window().location().hash().ok()?;
    let invited = read(&hash)?;
    page::clear_hash();
    Some(invited)
}

fn read(hash: &str) -> Option<Invited> {
    let text = hash.strip_prefix('#').unwrap_or(hash);
    let (kind, code) = text.split_once('=').unwrap_or(("", text));
    let code: String = code
        .replace("%20", "-")
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .take(200)
        .collect();
    if code.is_empty() {
        return None;
    }
    let ticket = match kind {
        "" | "join" => ticket_of(&code),
        "invitation" | "invite" => Ticket::Invitation,
        "claim" => Ticket::Claim,
        _ => return None,
    };
    Some(Invited { ticket, code })
}

/// An invitation has a form that no passphrase has.
pub(crate) fn ticket_of(code: &str) -> Ticket {
    let is_invitation = code.len() == 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_invitation { Ticket::Invitation } else { Ticket::Passphrase }
}

/// What is shown to the server.
pub(crate) fn admission(ticket: Ticket, code: &str) -> Admission {
    let mut admission = Admission::default();
    let code = code.trim();
    if code.is_empty() {
        return admission;
    }
    let secret = Some(Secret::new(code));
    match ticket {
        Ticket::Claim => admission.claim = secret,
        Ticket::Passphrase if ticket_of(code) == Ticket::Passphrase => admission.access_passphrase = secret,
        Ticket::Passphrase | Ticket::Invitation => admission.invitation = secret,
    }
    admission
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_brings_what_lets_in() {
        let read = |hash: &str| read(hash).map(|invited| (invited.ticket, invited.code));
        assert_eq!(read("#amber-basket"), Some((Ticket::Passphrase, "amber-basket".into())));
        assert_eq!(read("#join=amber%20basket"), Some((Ticket::Passphrase, "amber-basket".into())));
        assert_eq!(read(&format!("#join={}", "0a".repeat(16))), Some((Ticket::Invitation, "0a".repeat(16))));
        assert_eq!(read("#claim=abc"), Some((Ticket::Claim, "abc".into())));
        assert_eq!(read("#other=abc"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("#<script>"), Some((Ticket::Passphrase, "script".into())));
    }
}

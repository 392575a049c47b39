//! The loop that joins these screens, a terminal and what is done outside.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, KeyEvent};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use huis_views::{Command, Failure};

use super::{Entered, Entry, EntryEffect, EntryInput};
use crate::background::{Background, Heard};
use crate::run::now_ms;
use crate::terminal::{Keys, Screen};

/// How long what was begun may take when the screen is ended from outside.
const LAST: Duration = Duration::from_secs(5);

/// Somebody on their way in.
pub type Entering<'a> = Pin<Box<dyn Future<Output = Result<Entered, Failure>> + 'a>>;

/// What is done outside, one thing at a time.
pub trait EntryPort {
    /// Enters, unlocks or locks. What was begun is ended also where nobody waits for it any more.
    fn enter(&mut self, effect: EntryEffect) -> Entering<'_>;
}

/// Shows the screen until somebody is in. Gives whether they are, or have left. `stop` ends it from outside.
///
/// # Errors
/// What the terminal says.
pub async fn enter(
    entry: &mut Entry,
    screen: &mut Screen,
    port: &mut dyn EntryPort,
    stop: &mut BoxFuture<'static, ()>,
) -> io::Result<bool> {
    let mut keys = screen.take_keys();
    let is_in = enter_with(entry, screen, port, stop, &mut keys).await;
    screen.give_back(keys);
    is_in
}

async fn enter_with(
    entry: &mut Entry,
    screen: &mut Screen,
    port: &mut dyn EntryPort,
    stop: &mut BoxFuture<'static, ()>,
    keys: &mut Keys,
) -> io::Result<bool> {
    let (columns, rows) = screen.size()?;
    entry.update(EntryInput::Resize(columns, rows), now_ms());
    let mut effect = None;
    loop {
        match effect.take() {
            None => {}
            Some(EntryEffect::Done) => return Ok(true),
            Some(EntryEffect::Quit) => return Ok(false),
            Some(EntryEffect::Repaint) => screen.clear()?,
            Some(outside) => {
                let makes_account = matches!(
                    &outside,
                    EntryEffect::Enter { command, .. } if shows_its_answer_once(command)
                );
                match working(entry, screen, port.enter(outside), makes_account, keys, stop).await? {
                    Some(answer) => effect = entry.update(EntryInput::Answer(answer), now_ms()),
                    None => return Ok(false),
                }
                continue;
            }
        }
        screen.paint_entry(entry)?;
        effect = tokio::select! {
            biased;
            () = &mut *stop => return Ok(false),
            key = keys.stream.next() => match key {
                Some(key) => take_in(entry, &mut keys.background, key?),
                None => return Ok(false),
            },
        };
    }
}

/// Whether leaving in the midst of it could cost the account.
pub(super) fn shows_its_answer_once(command: &Command) -> bool {
    match command {
        Command::Register(_) | Command::Recover(_) => true,
        Command::WithSecondFactor { command, .. } => shows_its_answer_once(command),
        _ => false,
    }
}

/// Waits for what is done outside, and shows that it is under way. None where the person has left.
async fn working(
    entry: &mut Entry,
    screen: &mut Screen,
    mut answering: Entering<'_>,
    makes_account: bool,
    keys: &mut Keys,
    stop: &mut BoxFuture<'static, ()>,
) -> io::Result<Option<Result<Entered, Failure>>> {
    loop {
        // Before the first step, which may hold this thread up.
        screen.paint_entry(entry)?;
        let effect = tokio::select! {
            biased;
            () = &mut *stop => {
                // What was begun is ended, where that is a matter of moments.
                let _ = tokio::time::timeout(LAST, answering).await;
                return Ok(None);
            }
            key = keys.stream.next() => match key {
                Some(key) => take_in(entry, &mut keys.background, key?),
                None => return Ok(None),
            },
            answer = &mut answering => return Ok(Some(answer)),
            () = tokio::time::sleep(Duration::from_secs(1)), if entry.ticks() => entry.update(EntryInput::Tick, now_ms()),
        };
        match effect {
            // The account may be made already, and its recovery key is shown in the answer alone.
            Some(EntryEffect::Quit) if makes_account => {}
            Some(EntryEffect::Quit) => return Ok(None),
            Some(EntryEffect::Repaint) => screen.clear()?,
            _ => {}
        }
    }
}

fn take_in(entry: &mut Entry, background: &mut Background, event: TerminalEvent) -> Option<EntryEffect> {
    let now_ms = now_ms();
    match event {
        TerminalEvent::Key(key) => {
            let typed: Vec<KeyEvent> = match background.hear(key) {
                Heard::Nothing => Vec::new(),
                Heard::Typed(keys) => keys,
                Heard::Ground(ground) => return entry.update(EntryInput::Ground(ground), now_ms),
            };
            typed.into_iter().filter_map(|key| entry.update(EntryInput::Key(key), now_ms)).last()
        }
        TerminalEvent::Paste(text) => entry.update(EntryInput::Paste(text), now_ms),
        TerminalEvent::Resize(columns, rows) => entry.update(EntryInput::Resize(columns, rows), now_ms),
        _ => None,
    }
}

//! The loop that joins a screen, a terminal and an engine. It waits for keys, events and answers, and for time only
//! where something changes by it; drawing waits for nothing.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crossterm::event::{Event as TerminalEvent, KeyEvent};
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt, LocalBoxFuture};
use futures_util::stream::FuturesUnordered;
use huis_proto::Bytes;

use crate::app::{Answer, App, Effect, End, Input, Purpose};
use crate::background::{Background, Heard};
use crate::port::Port;
use crate::terminal::{Announcing, Keys, Screen};
use crate::timeline::Picture;

/// Commands that are under way at a time; others wait here.
const UNDER_WAY: usize = 32;
/// Inputs that are taken in before the screen is painted again.
const BATCH: usize = 256;
/// Pictures that are decoded at a time; others wait here.
const DECODED: usize = 2;
/// How long the last commands may take when the screen is left.
const LAST: Duration = Duration::from_secs(2);

/// Shows the screen until it is left. `stop` ends it from outside.
///
/// # Errors
/// What the terminal says.
pub async fn run(
    app: &mut App,
    screen: &mut Screen,
    port: &mut dyn Port,
    stop: &mut BoxFuture<'static, ()>,
) -> io::Result<End> {
    let mut keys = screen.take_keys();
    let mut asks = Asks::default();
    let left = show(app, screen, port, stop, &mut keys, &mut asks).await;
    screen.give_back(keys);
    if left.is_err() {
        // The terminal has gone: what was being written is kept all the same.
        for effect in app.update(Input::Focus(false), now_ms()) {
            asks.take(effect);
        }
    }
    asks.finish(app, &*port).await;
    left
}

async fn show(
    app: &mut App,
    screen: &mut Screen,
    port: &mut dyn Port,
    stop: &mut BoxFuture<'static, ()>,
    Keys { stream: keys, background }: &mut Keys,
    asks: &mut Asks,
) -> io::Result<End> {
    let (columns, rows) = screen.size()?;
    let mut effects = app.update(Input::Resize(columns, rows), now_ms());
    effects.extend(app.begin());
    let mut end = None;
    let mut decoding = Decoding::default();
    loop {
        for effect in effects.drain(..) {
            match effect {
                Effect::Ask { purpose, command } => asks.put(purpose, command),
                Effect::Decode(picture, bytes) => decoding.put(picture, bytes),
                Effect::Copy(text) => screen.copy(&text)?,
                Effect::Call { title, text } => {
                    let how = Announcing { bell: app.rings(), notify: app.notifies() };
                    screen.call(how, &title, &text)?;
                }
                Effect::Repaint => screen.clear()?,
                Effect::End(why) => end = Some(why),
            }
        }
        asks.begin(&*port);
        decoding.begin(app);
        if let Some(end) = end {
            return Ok(end);
        }
        if app.take_changed() {
            screen.paint(app)?;
        }
        let wake = Duration::from_millis(app.wake_at().saturating_sub(now_ms()).min(3_600_000));
        let first = tokio::select! {
            biased;
            () = &mut *stop => {
                end = Some(End::Quit);
                effects.extend(app.update(Input::Focus(false), now_ms()));
                continue;
            }
            key = keys.next() => match key {
                Some(Ok(key)) => Came::Terminal(key),
                // The terminal has gone: what was being written is kept all the same.
                Some(Err(_)) | None => {
                    end = Some(End::Quit);
                    effects.extend(app.update(Input::Focus(false), now_ms()));
                    continue;
                }
            },
            Some(answer) = asks.under_way.next() => Came::Answer(answer),
            Some((picture, pixels)) = decoding.under_way.next() => Came::Picture(picture, pixels),
            event = port.event() => Came::Event(event),
            () = tokio::time::sleep(wake) => Came::Tick,
        };
        take_in(app, background, first, &mut effects);
        // What is there already is taken in before the screen is painted.
        for _ in 0..BATCH {
            let next = match ready(keys).await {
                Some(Ok(key)) => Came::Terminal(key),
                _ => match ready(&mut asks.under_way).await {
                    Some(answer) => Came::Answer(answer),
                    None => break,
                },
            };
            take_in(app, background, next, &mut effects);
        }
    }
}

/// What a stream has at this moment. It is asked by this task itself: a stream of keys wakes whoever asked it first, and
/// would wake nobody where that was no task.
async fn ready<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|context| match stream.poll_next_unpin(context) {
        Poll::Ready(next) => Poll::Ready(next),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

enum Came {
    Terminal(TerminalEvent),
    Answer(Answer),
    Picture(Picture, Option<Vec<u8>>),
    Event(huis_views::Event),
    Tick,
}

fn take_in(app: &mut App, background: &mut Background, came: Came, effects: &mut Vec<Effect>) {
    let now_ms = now_ms();
    let input = match came {
        Came::Terminal(TerminalEvent::Key(key)) => {
            let typed: Vec<KeyEvent> = match background.hear(key) {
                Heard::Nothing => Vec::new(),
                Heard::Typed(keys) => keys,
                Heard::Ground(ground) => {
                    effects.extend(app.update(Input::Ground(ground), now_ms));
                    Vec::new()
                }
            };
            for key in typed {
                effects.extend(app.update(Input::Key(key), now_ms));
            }
            return;
        }
        Came::Terminal(TerminalEvent::Mouse(mouse)) => Input::Mouse(mouse),
        Came::Terminal(TerminalEvent::Paste(text)) => Input::Paste(text),
        Came::Terminal(TerminalEvent::Resize(columns, rows)) => Input::Resize(columns, rows),
        Came::Terminal(TerminalEvent::FocusGained) => Input::Focus(true),
        Came::Terminal(TerminalEvent::FocusLost) => Input::Focus(false),
        Came::Answer(answer) => Input::Answer(Box::new(answer)),
        Came::Picture(picture, pixels) => Input::Picture(picture, pixels),
        Came::Event(event) => Input::Event(event),
        Came::Tick => Input::Tick,
    };
    effects.extend(app.update(input, now_ms));
}

/// Pictures that are decoded, each on a thread of its own: what others sent may take its time.
#[derive(Default)]
struct Decoding {
    under_way: FuturesUnordered<BoxFuture<'static, (Picture, Option<Vec<u8>>)>>,
    waiting: VecDeque<(Picture, Bytes)>,
}

impl Decoding {
    /// One that was out of sight meanwhile, and came back before it was its turn, is decoded once.
    fn put(&mut self, picture: Picture, bytes: Bytes) {
        if self.waiting.iter().all(|(waiting, _)| *waiting != picture) {
            self.waiting.push_back((picture, bytes));
        }
    }

    /// Begins with those that are still to be seen.
    fn begin(&mut self, app: &App) {
        while self.under_way.len() < DECODED
            && let Some((picture, bytes)) = self.waiting.pop_front()
        {
            if !app.awaits(picture) {
                continue;
            }
            let decoded = tokio::task::spawn_blocking(move || picture.decoded(&bytes));
            self.under_way.push(async move { (picture, decoded.await.ok().flatten()) }.boxed());
        }
    }
}

/// Commands on their way.
#[derive(Default)]
struct Asks {
    under_way: FuturesUnordered<LocalBoxFuture<'static, Answer>>,
    waiting: VecDeque<(Purpose, huis_views::Command)>,
}

impl Asks {
    fn put(&mut self, purpose: Purpose, command: huis_views::Command) {
        self.waiting.push_back((purpose, command));
    }

    fn begin(&mut self, port: &dyn Port) {
        while self.under_way.len() < UNDER_WAY
            && let Some((purpose, command)) = self.waiting.pop_front()
        {
            let asked = port.ask(command);
            self.under_way.push(async move { Answer { purpose, result: asked.await } }.boxed_local());
        }
    }

    fn take(&mut self, effect: Effect) {
        if let Effect::Ask { purpose, command } = effect {
            self.put(purpose, command);
        }
    }

    /// Brings what was begun to an end, so that no message and no draft is lost; for a short while.
    async fn finish(&mut self, app: &mut App, port: &dyn Port) {
        let all = async {
            self.begin(port);
            while let Some(answer) = self.under_way.next().await {
                for effect in app.update(Input::Answer(Box::new(answer)), now_ms()) {
                    // A draft that changed while it was being kept is kept once more; nothing else is begun.
                    if matches!(effect, Effect::Ask { purpose: Purpose::Draft(_), .. }) {
                        self.take(effect);
                    }
                }
                self.begin(port);
            }
        };
        // What takes longer is the engine's own affair by now.
        let _ = tokio::time::timeout(LAST, all).await;
    }
}

/// The time, in milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

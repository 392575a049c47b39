//! What connections do without hints: they look at the store, one after another, at a bounded rate.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::hub::Hub;

/// How many connections look at the store in one go, and how often.
const AT_ONCE: (usize, Duration) = (10, Duration::from_millis(100));
/// How often a connection looks at most.
const ROUND: Duration = Duration::from_secs(2);
/// Every so many rounds all is looked at, and not the conversations alone.
const ALL: u32 = 16;

/// Sees to it that no connection waits for a hint that was lost, until the server stops.
pub(crate) async fn catch_up(hub: Arc<Hub>, mut is_stopping: watch::Receiver<bool>) {
    let rounds = async {
        let mut number = 0;
        loop {
            if hub.bus.is_whole() {
                hub.missed.notified().await;
                number = 0;
            }
            let until = Instant::now() + ROUND;
            // Hints come again, or this is the first of several rounds: from here on nothing is to be missing.
            round(&hub, number % ALL == 0).await;
            number = number.wrapping_add(1);
            sleep_until(until).await;
        }
    };
    tokio::select! {
        _ = is_stopping.wait_for(|stopping| *stopping) => {}
        () = rounds => {}
    }
}

/// Reads bans and settings anew when somebody has told of them, until the server stops: once for all that is told meanwhile.
pub(crate) async fn follow_rules(hub: Arc<Hub>, mut is_stopping: watch::Receiver<bool>) {
    let follows = async {
        loop {
            hub.rules_told.notified().await;
            hub.look_at_rules().await;
        }
    };
    tokio::select! {
        _ = is_stopping.wait_for(|stopping| *stopping) => {}
        () = follows => {}
    }
}

/// Every connection looks once.
async fn round(hub: &Hub, at_all: bool) {
    hub.forget_rosters();
    hub.look_at_rules().await;
    let (count, pause) = AT_ONCE;
    let mailboxes = hub.mailboxes();
    let mut portions = mailboxes.chunks(count).peekable();
    while let Some(portion) = portions.next() {
        for mailbox in portion.iter().filter_map(std::sync::Weak::upgrade) {
            if at_all { mailbox.missed() } else { mailbox.recheck() }
        }
        if portions.peek().is_some() {
            sleep(pause).await;
        }
    }
}

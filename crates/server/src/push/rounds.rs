//! The rounds: what was noted is written and looked up, and what is due is sent.

use std::time::Duration;

use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use huis_proto::{Member, SessionId};
use huis_store::{PushDue, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Moved, Recipient, checked};
use crate::state::App;

/// What lies between two rounds: so long a push waits at most, and so seldom the store is asked.
const BETWEEN: Duration = Duration::from_secs(1);
/// How many devices one look into the store is about.
const DEVICES_AT_ONCE: usize = 500;
/// The most pushes that are under way or wait for another try.
const UNDER_WAY: usize = 1024;
/// How often one push is tried.
const TRIES: u32 = 4;
/// What lies between the first two tries; four times as much between the next.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// The longest that a push service can make a push wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// How long a push service keeps a push for a browser that it can't reach, in seconds.
const TTL_S: u32 = 3 * 24 * 3600;

/// Pushes under way.
#[derive(Default)]
pub(super) struct Rounds {
    under_way: JoinSet<()>,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// The push service has it.
    Taken,
    /// There is no such subscription any more, or it is not for this server.
    Gone,
    /// It may work later: after so long, if the push service said it.
    Later(Option<Duration>),
}

/// Sends what is due until the server stops.
pub(crate) async fn run(app: App, mut is_stopping: watch::Receiver<bool>) {
    let work = async {
        loop {
            app.push.wake.notified().await;
            round(&app).await;
            tokio::time::sleep(BETWEEN).await;
        }
    };
    let stop = async {
        // An error means that the sender is gone, and with it whoever could stop the server otherwise.
        let _ = is_stopping.wait_for(|stopping| *stopping).await;
    };
    tokio::select! {
        () = work => {}
        () = stop => {}
    }
    app.push.rounds.lock().await.under_way.shutdown().await;
}

/// Does a round at once, and returns when everything that was under way has ended.
pub(crate) async fn settle(app: &App) {
    round(app).await;
    let mut rounds = app.push.rounds.lock().await;
    while rounds.under_way.join_next().await.is_some() {}
}

/// Whether there are subscriptions is looked at now and then: another node may have the first, or the last be gone.
pub(crate) async fn look_again(app: &App) -> Result<(), StoreError> {
    app.push.set_wanted(app.store.has_push_subscriptions().await?);
    Ok(())
}

async fn round(app: &App) {
    let mut rounds = app.push.rounds.lock().await;
    while rounds.under_way.try_join_next().is_some() {}
    let noted = std::mem::take(&mut *app.push.noted());
    let moved: Vec<(SessionId, bool)> =
        noted.moved.into_iter().map(|(session, moved)| (session, moved == Moved::Went)).collect();
    if !moved.is_empty()
        && let Err(error) = app.store.note_away(moved).await
    {
        tracing::warn!(%error, "who is away could not be noted; pushes may be late, or one too many");
    }
    let expecting: Vec<Member> = noted.expecting.into_iter().collect();
    for devices in expecting.chunks(DEVICES_AT_ONCE) {
        match app.store.take_push_due(devices.to_vec()).await {
            Ok(due) => due.into_iter().for_each(|due| send(app, &mut rounds, due)),
            Err(error) => tracing::warn!(%error, "pushes that are due could not be read"),
        }
    }
}

fn send(app: &App, rounds: &mut Rounds, due: PushDue) {
    if rounds.under_way.len() >= UNDER_WAY {
        metrics::counter!("huis_pushes_total", "end" => "dropped").increment(1);
        // The next message tries again.
        app.push.went(due.session);
        return;
    }
    rounds.under_way.spawn(sent(app.clone(), due));
}

async fn sent(app: App, due: PushDue) {
    let mut pause = FIRST_PAUSE;
    for last in (0..TRIES).rev() {
        match attempt(&app, &due).await {
            Tried::Taken => return count("taken"),
            Tried::Gone => {
                count("gone");
                if let Err(error) = app.store.forget_push_subscription(due.session, due.subscription.endpoint).await {
                    tracing::warn!(%error, "a subscription that is gone could not be forgotten");
                }
                return;
            }
            Tried::Later(after) if last > 0 => {
                tokio::time::sleep(after.unwrap_or(pause).min(LONGEST_PAUSE)).await;
                pause *= 4;
            }
            Tried::Later(_) => {}
        }
    }
    count("failed");
    app.push.went(due.session);
}

fn count(end: &'static str) {
    metrics::counter!("huis_pushes_total", "end" => end).increment(1);
}

async fn attempt(app: &App, due: &PushDue) -> Tried {
    // What was allowed when it came need not be any more.
    let (Ok(url), Ok(recipient)) =
        (checked(&due.subscription.endpoint, app.push.endpoints), Recipient::of(&due.subscription))
    else {
        return Tried::Gone;
    };
    let (Some(client), Some(body)) = (app.push.client(), app.push.sealed(&recipient)) else {
        return Tried::Later(None);
    };
    let origin = url.origin().ascii_serialization();
    let contact = app.config.public_url.as_deref();
    let authorization = app.push.vapid.authorization(&origin, contact, app.clock.now_ms());
    let request = client
        .post(url)
        .header(AUTHORIZATION, authorization.expose())
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_ENCODING, "aes128gcm")
        .header("ttl", TTL_S)
        .header("urgency", "normal")
        // One that waits at the push service is replaced by the next.
        .header("topic", "huis");
    match request.body(body).send().await {
        // What else the push service says is of no use, and not read.
        Ok(answer) => tried(answer.status(), answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok())),
        Err(error) => {
            // Without the URL, which lets whoever has it push.
            tracing::debug!(error = %error.without_url(), "a push service can't be reached");
            Tried::Later(None)
        }
    }
}

fn tried(status: StatusCode, retry_after: Option<&str>) -> Tried {
    match status.as_u16() {
        200..300 => Tried::Taken,
        408 | 425 | 429 | 500.. => {
            Tried::Later(retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs))
        }
        _ => {
            if !matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
                tracing::warn!(status = status.as_u16(), "a push service refuses a subscription, which is forgotten");
            }
            Tried::Gone
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_push_service_answers_decides_what_becomes_of_the_subscription() {
        let tried = |status, after| tried(StatusCode::from_u16(status).unwrap(), after);
        assert_eq!([200, 201, 202, 204].map(|status| tried(status, None)), [Tried::Taken; 4]);
        assert_eq!([404, 410, 400, 401, 403, 301].map(|status| tried(status, None)), [Tried::Gone; 6]);
        assert_eq!([429, 500, 503].map(|status| tried(status, None)), [Tried::Later(None); 3]);
        assert_eq!(tried(429, Some("7")), Tried::Later(Some(Duration::from_secs(7))));
        assert_eq!(tried(503, Some("Fri, 31 Dec 1999 23:59:59 GMT")), Tried::Later(None));
    }
}

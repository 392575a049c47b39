//! The rounds: what was noted is written and looked up, and what is due is sent.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use huis_proto::{Member, SessionId};
use huis_store::{PushDue, StoreError, StoreResult};
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use super::queue::{Queue, Queued};
use super::{Moved, Noted, Recipient, checked};
use crate::state::App;

/// What lies between two rounds: so long a push waits at most, and so seldom the store is asked.
const BETWEEN: Duration = Duration::from_secs(1);
/// A device that stays away is woken again after this, in milliseconds.
const WAKE_AGAIN_MS: u64 = 10 * 60 * 1000;
/// How many devices one look into the store is about.
const DEVICES_AT_ONCE: usize = 500;
/// How long a push service keeps a push for a browser that it can't reach, in seconds.
const TTL_S: u32 = 3 * 24 * 3600;
/// How often it is told at most that a push service refuses.
const TELL_AGAIN: Duration = Duration::from_secs(3600);
/// How many push services that refuse are known apart.
const TOLD: usize = 256;

/// Pushes under way.
#[derive(Default)]
pub(super) struct Rounds {
    queue: Queue,
    under_way: JoinSet<(Queued, Tried)>,
    places: HashMap<Id, (SessionId, String)>,
    /// Push services that refused, and when that was told.
    told: HashMap<String, Instant>,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    /// The push service has it.
    Taken,
    /// There is no such subscription any more.
    Gone,
    /// The push service does not take it as it is, for a fault of ours or its own; its status, if it was asked.
    Refused(Option<u16>),
    /// It may work later: after so long, if the push service said it.
    Later(Option<Duration>),
    /// The device is here, or is woken elsewhere.
    Needless,
}

/// Sends what is due until the server stops.
pub(crate) async fn run(app: App, mut is_stopping: watch::Receiver<bool>) {
    let work = async {
        let mut has_more = false;
        loop {
            if !has_more {
                app.push.wake.notified().await;
            }
            has_more = round(&app).await;
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

/// Does a round at once, and returns when everything that was under way has ended, and nothing is to be tried again at once.
pub(crate) async fn settle(app: &App) {
    round(app).await;
    let mut rounds = app.push.rounds.lock().await;
    loop {
        while let Some(ended) = rounds.under_way.join_next_with_id().await {
            rounds.ended(ended);
        }
        if !rounds.queue.has_any_now(Instant::now()) {
            return;
        }
        rounds.send(app);
    }
}

/// Whether there are subscriptions is looked at now and then: another node may have the first. Who came and went before it
/// was known is not.
pub(crate) async fn look_again(app: &App) -> Result<(), StoreError> {
    if !app.push.is_wanted() && app.store.has_push_subscriptions().await? {
        app.push.want();
        app.push.lost_moves();
    }
    Ok(())
}

/// Whether there is more to do without anything that happens.
async fn round(app: &App) -> bool {
    let mut rounds = app.push.rounds.lock().await;
    while let Some(ended) = rounds.under_way.try_join_next_with_id() {
        rounds.ended(ended);
    }
    let noted = std::mem::take(&mut *app.push.noted());
    if let Err(error) = note(app, &noted).await {
        tracing::warn!(%error, "who is away could not be noted; pushes are late");
        app.push.note(|since| since.put_back(noted));
    } else {
        let expecting: Vec<Member> = noted.expecting.into_iter().collect();
        take(app, &mut rounds, &expecting).await;
    }
    rounds.send(app);
    metrics::gauge!("huis_pushes_waiting").set(rounds.queue.waiting() as f64);
    rounds.queue.has_any() || !rounds.places.is_empty()
}

/// Writes who is away.
async fn note(app: &App, noted: &Noted) -> StoreResult<()> {
    if noted.has_lost_moves {
        app.store.note_all_away().await?;
        // Whoever comes or goes from here on is noted after this.
        let here: Vec<_> = app.hub.sessions().into_iter().map(|session| (session, false)).collect();
        for sessions in here.chunks(DEVICES_AT_ONCE) {
            app.store.note_away(sessions.to_vec()).await?;
        }
    }
    let moved: Vec<_> = noted.moved.iter().map(|(session, moved)| (*session, *moved == Moved::Went)).collect();
    if moved.is_empty() { Ok(()) } else { app.store.note_away(moved).await }
}

/// Takes those that are due of these.
async fn take(app: &App, rounds: &mut Rounds, expecting: &[Member]) {
    let now_ms = app.clock.now_ms();
    for devices in expecting.chunks(DEVICES_AT_ONCE) {
        let taken = app.store.take_push_due(devices.to_vec(), now_ms, now_ms.saturating_sub(WAKE_AGAIN_MS)).await;
        match taken {
            Ok(due) => due.into_iter().for_each(|due| rounds.add(due)),
            Err(error) => {
                tracing::warn!(%error, "pushes that are due could not be read; they are late");
                let before = Noted { expecting: devices.iter().copied().collect(), ..Noted::default() };
                app.push.note(|since| since.put_back(before));
            }
        }
    }
}

impl Rounds {
    fn add(&mut self, due: PushDue) {
        if !self.queue.add(due, Instant::now()) {
            count("dropped");
        }
    }

    fn send(&mut self, app: &App) {
        for queued in self.queue.next(Instant::now()) {
            let place = (queued.due.session, queued.host.clone());
            let task = self.under_way.spawn(sent(app.clone(), queued));
            self.places.insert(task.id(), place);
        }
    }

    fn ended(&mut self, ended: Result<(Id, (Queued, Tried)), tokio::task::JoinError>) {
        let (task, ended) = match ended {
            Ok((task, ended)) => (task, Some(ended)),
            Err(error) => (error.id(), None),
        };
        if let Some((session, host)) = self.places.remove(&task) {
            self.queue.ended(session, &host);
        }
        match ended {
            Some((_, Tried::Taken)) => count("taken"),
            Some((_, Tried::Gone)) => count("gone"),
            Some((_, Tried::Needless)) => count("needless"),
            Some((queued, Tried::Refused(status))) => {
                count("refused");
                self.tell(queued.host, status);
            }
            Some((queued, Tried::Later(after))) => {
                if !self.queue.try_again(queued, after, Instant::now()) {
                    count("failed");
                }
            }
            None => count("failed"),
        }
    }

    /// Tells who runs the server that a push service refuses: not where to, which lets whoever has it push.
    fn tell(&mut self, host: String, status: Option<u16>) {
        let now = Instant::now();
        self.told.retain(|_, at| now.duration_since(*at) < TELL_AGAIN);
        if self.told.len() < TOLD && !self.told.contains_key(&host) {
            tracing::warn!(host, status, "a push service refuses pushes, or they may not go there any more");
            self.told.insert(host, now);
        }
    }
}

async fn sent(app: App, queued: Queued) -> (Queued, Tried) {
    let due = &queued.due;
    let (session, endpoint) = (due.session, &due.subscription.endpoint);
    let is_needed = !app.hub.is_connected(session)
        && (queued.tries == 0 || app.store.is_push_wanted(session, endpoint.clone()).await.unwrap_or(true));
    let tried = if is_needed { attempt(&app, due).await } else { Tried::Needless };
    if tried == Tried::Gone
        && let Err(error) = app.store.forget_push_subscription(session, endpoint.clone()).await
    {
        tracing::warn!(%error, "a subscription that is gone could not be forgotten");
    }
    (queued, tried)
}

/// From the beginning, so that the first of each is seen as one more.
pub(super) fn begin_counting() {
    for end in ["taken", "gone", "needless", "refused", "failed", "dropped"] {
        metrics::counter!("huis_pushes_total", "end" => end).increment(0);
    }
    metrics::gauge!("huis_pushes_waiting").set(0.0);
}

fn count(end: &'static str) {
    metrics::counter!("huis_pushes_total", "end" => end).increment(1);
}

async fn attempt(app: &App, due: &PushDue) -> Tried {
    // What was allowed when it came need not be any more.
    let (Ok(url), Ok(recipient)) =
        (checked(&due.subscription.endpoint, app.push.endpoints), Recipient::of(&due.subscription))
    else {
        return Tried::Refused(None);
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
        404 | 410 => Tried::Gone,
        408 | 425 | 429 | 500.. => {
            Tried::Later(retry_after.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs))
        }
        refused => Tried::Refused(Some(refused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_push_service_answers_decides_what_becomes_of_the_subscription() {
        let tried = |status, after| tried(StatusCode::from_u16(status).unwrap(), after);
        assert_eq!([200, 201, 202, 204].map(|status| tried(status, None)), [Tried::Taken; 4]);
        assert_eq!([404, 410].map(|status| tried(status, None)), [Tried::Gone; 2]);
        for status in [301, 307, 400, 401, 403, 413] {
            assert_eq!(tried(status, None), Tried::Refused(Some(status)));
        }
        assert_eq!([429, 500, 503].map(|status| tried(status, None)), [Tried::Later(None); 3]);
        assert_eq!(tried(429, Some("7")), Tried::Later(Some(Duration::from_secs(7))));
        assert_eq!(tried(503, Some("Fri, 31 Dec 1999 23:59:59 GMT")), Tried::Later(None));
    }
}

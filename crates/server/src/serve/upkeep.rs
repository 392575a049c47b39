//! What a server does now and then by itself.

use std::collections::HashSet;
use std::sync::PoisonError;
use std::time::Duration;

use huis_proto::limits;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::{SharedCertificates, stopped};
use crate::state::App;

const EVERY: Duration = Duration::from_secs(30);
/// A session that stays signed in ends when nothing refreshed it for this long: the time after which a silent device
/// is removed from its conversations.
const LONG_IDLE_MS: u64 = 90 * 24 * 3600 * 1000;
/// What one transaction of tidying takes, so that messages never wait long behind it.
const EXPIRE_AT_ONCE: usize = 1000;
/// Reports that go in one transaction: each may hold a whole message.
const REPORTS_AT_ONCE: usize = 50;
/// How many such transactions one round makes.
const EXPIRE_ROUNDS: usize = 100;

/// Runs until the server stops.
pub(super) async fn run(app: App, shared: Option<SharedCertificates>, is_stopping: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // Elsewhere a certificate that changed is noticed within a tick.
    let mut hang_up = shared.is_some().then(|| signal(SignalKind::hangup()).ok()).flatten();
    let stop = stopped(is_stopping);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = ticks.tick() => round(&app).await,
            () = heard(&mut hang_up) => {}
        }
        if let Some(shared) = &shared {
            certificates(&app, shared);
        }
    }
}

/// Renews the certificate in time, or reads it again, as its kind wants it.
pub(super) fn certificates(app: &App, shared: &SharedCertificates) {
    let mut certificates = shared.lock().unwrap_or_else(PoisonError::into_inner);
    certificates.keep_up(&app.config, app.clock.now_ms());
}

/// Ends idle sessions and drops what has expired. Files that are over have [a task of their own](crate::files::removal).
pub(super) async fn round(app: &App) {
    if let Err(error) = end_idle_sessions(app).await {
        tracing::warn!(%error, "idle sessions could not be ended; they will be at the next round");
    }
    if let Err(error) = crate::push::look_again(app).await {
        tracing::warn!(%error, "subscriptions to pushes could not be counted; they will be at the next round");
    }
    // Each node that missed the word of one goes by it from here on.
    app.hub.look_at_rules().await;
    if let Err(error) = end_reports(app).await {
        tracing::warn!(%error, "reports that are over could not be removed; they will be at the next round");
    }
    if let Err(error) = expire(app).await {
        tracing::warn!(%error, "expired messages could not be dropped; they will be at the next round");
    }
    // So that a jump of the clock is seen soon, and also where nobody asks.
    if let Ok(now_ms) = app.time.sure_now_ms(&*app.clock)
        && let Err(error) = tell_of_opened(app, now_ms).await
    {
        tracing::warn!(%error, "what has opened could not be read; who is away is told at the next round");
    }
}

/// Has those woken who are away while a locked message opens.
async fn tell_of_opened(app: &App, now_ms: u64) -> Result<(), huis_store::StoreError> {
    for _ in 0..EXPIRE_ROUNDS {
        let opened = app.store.take_opened(now_ms, EXPIRE_AT_ONCE).await?;
        let count = opened.len();
        // Many of one conversation wake it once.
        let opened: HashSet<_> = opened.into_iter().collect();
        for opened in opened {
            if let Err(error) = app.hub.lock_opened(opened).await {
                // The others are none the worse for it.
                tracing::warn!(%error, "who is away while a message opens could not be read, and is not woken");
            }
        }
        if count < EXPIRE_AT_ONCE {
            break;
        }
    }
    Ok(())
}

async fn end_idle_sessions(app: &App) -> Result<(), huis_store::StoreError> {
    let now_ms = app.clock.now_ms();
    let idle_since_ms = now_ms.saturating_sub(in_ms(app.config.idle_session));
    let long_idle_since_ms = now_ms.saturating_sub(LONG_IDLE_MS);
    loop {
        let ended = app.store.end_idle_sessions(idle_since_ms, long_idle_since_ms).await?;
        if ended.is_empty() {
            return Ok(());
        }
        tracing::debug!(count = ended.len(), "idle sessions ended");
        for session in ended {
            app.hub.session_ended(session);
        }
    }
}

async fn end_reports(app: &App) -> Result<(), huis_store::StoreError> {
    let closed_until_ms = app.clock.now_ms().saturating_sub(in_ms(limits::REPORT_KEPT));
    for _ in 0..EXPIRE_ROUNDS {
        if app.store.end_reports(closed_until_ms, REPORTS_AT_ONCE).await? < REPORTS_AT_ONCE {
            break;
        }
    }
    Ok(())
}

async fn expire(app: &App) -> Result<(), huis_store::StoreError> {
    let retention_ms = in_ms(app.config.retention);
    let before_ms = app.clock.now_ms().saturating_sub(retention_ms);
    // The key of the repeat check outlives its ciphertext by as long again, for a client that comes back late and
    // sends what it had sent before.
    let keys_before_ms = before_ms.saturating_sub(retention_ms);
    for _ in 0..EXPIRE_ROUNDS {
        let dropped = app.store.expire(before_ms, keys_before_ms, EXPIRE_AT_ONCE).await?;
        if dropped < EXPIRE_AT_ONCE {
            break;
        }
    }
    // A share whose time to be kept seems to be over may be one whose time to open seems to have come.
    if let Ok(now_ms) = app.time.sure_now_ms(&*app.clock) {
        app.store.end_time_locks(now_ms, EXPIRE_AT_ONCE).await?;
    }
    Ok(())
}

async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

pub(crate) fn in_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

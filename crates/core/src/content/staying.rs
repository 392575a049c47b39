//! How long a message stays: until its timer has run out, or until it was opened once.

use serde::{Deserialize, Serialize};

use super::ContentError;

/// The shortest timer, in seconds.
pub const SHORTEST_TIMER_S: u64 = 30;
/// The longest timer, in seconds: a year.
pub const LONGEST_TIMER_S: u64 = 365 * 24 * 3600;

/// How long a message stays. Each message says it for itself, so that all devices agree whatever the conversation's timer
/// was when it came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stay {
    /// After how long it vanishes; none: it stays.
    pub timer: Option<Timer>,
    /// Whether it is opened once, and then gone.
    pub once: bool,
}

/// After how long a message vanishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// So many seconds, [`SHORTEST_TIMER_S`] to [`LONGEST_TIMER_S`].
    pub after_s: u64,
    /// Since when.
    pub from: CountedFrom,
}

/// Since when a timer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedFrom {
    /// Since the account has read the message; for who wrote it, since it was sent.
    Reading,
    /// Since it was sent: since the server got it.
    Sending,
}

/// What a conversation's timer is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimerSetting {
    /// Messages stay.
    Off,
    /// They vanish.
    On(Timer),
}

impl Stay {
    /// Whether it does not stay for good.
    pub fn ends(self) -> bool {
        self.once || self.timer.is_some()
    }

    pub(super) fn check(self) -> Result<(), ContentError> {
        self.timer.map_or(Ok(()), Timer::check)
    }
}

impl Timer {
    /// Whether it is neither too short nor too long.
    ///
    /// # Errors
    /// [`ContentError::Timer`].
    pub fn check(self) -> Result<(), ContentError> {
        match self.after_s {
            SHORTEST_TIMER_S..=LONGEST_TIMER_S => Ok(()),
            after_s => Err(ContentError::Timer { after_s }),
        }
    }

    /// When a message is gone whose timer began to count at this time, both in milliseconds since 1970.
    pub fn ends_at(self, began_ms: u64) -> u64 {
        began_ms.saturating_add(self.after_s.saturating_mul(1000))
    }
}

impl TimerSetting {
    /// The timer, where there is one.
    pub fn timer(self) -> Option<Timer> {
        match self {
            Self::Off => None,
            Self::On(timer) => Some(timer),
        }
    }

    pub(super) fn check(self) -> Result<(), ContentError> {
        self.timer().map_or(Ok(()), Timer::check)
    }
}

impl From<Option<Timer>> for TimerSetting {
    fn from(timer: Option<Timer>) -> Self {
        timer.map_or(Self::Off, Self::On)
    }
}

#[cfg(test)]
mod tests {
    use huis_proto::codec;

    use super::super::Content;
    use super::*;

    fn timer(after_s: u64) -> Timer {
        Timer { after_s, from: CountedFrom::Sending }
    }

    #[test]
    fn a_timer_has_half_a_minute_to_a_year_whoever_sends_it() {
        for after_s in [30, 3600, LONGEST_TIMER_S] {
            let said = Content::text("x").unwrap().staying(Stay { timer: Some(timer(after_s)), once: false });
            assert_eq!(Content::from_bytes(&said.to_bytes().unwrap()), Ok(said));
        }
        // As a hostile member writes them: nobody takes such a message, or such a setting.
        #[derive(Serialize)]
        struct Text {
            body: &'static str,
            timer: Timer,
        }
        #[derive(Serialize)]
        struct Settings {
            title: Option<&'static str>,
            topic: Option<&'static str>,
            timer: TimerSetting,
        }
        for after_s in [0, 29, LONGEST_TIMER_S + 1, 1000 * LONGEST_TIMER_S, u64::MAX] {
            let refused = Err(ContentError::Timer { after_s });
            let text = std::collections::BTreeMap::from([("text", Text { body: "x", timer: timer(after_s) })]);
            assert_eq!(Content::from_bytes(&codec::to_versioned(1, &text)), refused);
            let settings = Settings { title: Some("x"), topic: None, timer: TimerSetting::On(timer(after_s)) };
            let settings = std::collections::BTreeMap::from([("settings", settings)]);
            assert_eq!(Content::from_bytes(&codec::to_versioned(1, &settings)), refused);
        }
    }
}

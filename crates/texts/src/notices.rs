//! What the engine noticed, as a person reads it.

use huis_views::{CountedFrom, Named, Notice, RepairReason};

use crate::failures::named;
use crate::{Texts, Value, readable, safe_line};

impl Texts {
    /// A notice in a sentence or two, on one line and harmless to a terminal.
    pub fn notice(&self, notice: &Notice) -> String {
        let number = |number: &u64| Value::Number(*number);
        let seq = |key: &str, seq: &u64| self.text_with(key, &[("seq", Value::Number(*seq))]);
        let name = |key: &str, account: &Named| self.text_with(key, &[("name", Value::Text(&named(account)))]);
        let reason = |key: &str, reason: &str| self.text_with(key, &[("reason", Value::Text(reason))]);
        match notice {
            Notice::WillNotOpen { sender, reason, .. } => {
                let (name, reason) = (named(sender), self.reason(reason));
                self.text_with(
                    "notice-will-not-open",
                    &[("name", Value::Text(&name)), ("reason", Value::Text(&reason))],
                )
            }
            Notice::Repairing { reason: why } => reason("notice-repairing", &self.repair(why)),
            Notice::Repaired { from_seq, to_seq } => {
                self.text_with("notice-repaired", &[("from", Value::Number(from_seq + 1)), ("to", number(to_seq))])
            }
            Notice::RepairDelayed { until_ms } => {
                self.text_with("notice-repair-delayed", &[("time", Value::Text(&readable(*until_ms)))])
            }
            Notice::RepairCalledOff { reason: why } => reason("notice-repair-called-off", &self.repair(why)),
            Notice::Expired { seq: at } => seq("notice-expired", at),
            Notice::Gap { from_seq, to_seq } => {
                self.text_with("notice-gap", &[("from", number(from_seq)), ("to", number(to_seq))])
            }
            Notice::MissingFrom { sender, count } => {
                let name = named(sender);
                self.text_with("notice-missing-from", &[("name", Value::Text(&name)), ("count", number(count))])
            }
            Notice::CounterRepeated { sender } => name("notice-counter-repeated", sender),
            Notice::Forked { sender, seq } => self.named_at("notice-forked", sender, *seq),
            Notice::Hole { sender, seq } => self.named_at("notice-hole", sender, *seq),
            Notice::Unreadable { seq, reason } => self.reasoned_at("notice-unreadable", *seq, reason),
            Notice::InvalidCommit { seq, reason } => self.reasoned_at("notice-invalid-commit", *seq, reason),
            Notice::ShutOut { seq: at } => seq("notice-shut-out", at),
            Notice::IdentityChanged { account, handed_over, was_verified } => {
                let key = match (was_verified, handed_over) {
                    (false, false) => "notice-identity-changed",
                    (false, true) => "notice-identity-handed-over",
                    (true, false) => "notice-identity-broken",
                    (true, true) => "notice-identity-broken-by-handover",
                };
                name(key, account)
            }
            Notice::RecoveryKeyChanged => self.text("notice-recovery-key-changed"),
            Notice::SecondFactorChanged { enabled: true } => self.text("notice-second-factor-on"),
            Notice::SecondFactorChanged { enabled: false } => self.text("notice-second-factor-off"),
            Notice::IdentityRenewed => self.text("notice-identity-renewed"),
            Notice::OwnIdentityChanged => self.text("notice-own-identity-changed"),
            Notice::DeviceListRefused { account, reason } => {
                let (name, reason) = (named(account), self.reason(reason));
                let values = [("name", Value::Text(&name)), ("reason", Value::Text(&reason))];
                self.text_with("notice-device-list-refused", &values)
            }
            Notice::AccountStateRefused { reason: why } => reason("notice-account-state-refused", &self.reason(why)),
            Notice::ArchiveRefused { reason: why } => reason("notice-archive-refused", &self.reason(why)),
            Notice::HistoryIncomplete { count } => {
                self.text_with("notice-history-incomplete", &[("count", Value::Number(u64::from(*count)))])
            }
            Notice::UnexpectedMembers { accounts } => {
                let names = accounts.iter().map(named).collect::<Vec<_>>().join(", ");
                self.text_with("notice-unexpected-members", &[("names", Value::Text(&names))])
            }
            Notice::JoinFailed { failure } => {
                self.text_with("notice-join-failed", &[("failure", Value::Text(&self.failure(failure)))])
            }
            Notice::OwnDeviceAdded { count } => {
                self.text_with("notice-own-device-added", &[("count", Value::Number(u64::from(*count)))])
            }
            Notice::DeviceAdded { account, count } => {
                let (name, count) = (named(account), Value::Number(u64::from(*count)));
                self.text_with("notice-device-added", &[("name", Value::Text(&name)), ("count", count)])
            }
            Notice::Removed { by } => name("notice-removed", by),
            Notice::OldCopy => self.text("notice-old-copy"),
            Notice::ServerRestored => self.text("notice-server-restored"),
            Notice::VaultSetBack => self.text("notice-vault-set-back"),
            Notice::VersionsApart { failure } => self.failure(failure),
            Notice::LostByServer => self.text("notice-lost-by-server"),
            Notice::NotDone { failure, .. } => {
                self.text_with("notice-not-done", &[("reason", Value::Text(&self.failure(failure)))])
            }
            Notice::TimerSet { by, timer } => {
                let Some(timer) = timer else { return name("notice-timer-off", by) };
                let key = match timer.from {
                    CountedFrom::Reading => "notice-timer-reading",
                    CountedFrom::Sending => "notice-timer-sending",
                };
                let (name, span) = (named(by), self.whole_span(timer.after_s));
                self.text_with(key, &[("name", Value::Text(&name)), ("span", Value::Text(&span))])
            }
            Notice::Unknown { what } => self.text_with("notice-unknown", &[("what", Value::Text(&safe_line(what)))]),
        }
    }

    fn named_at(&self, key: &str, account: &Named, seq: u64) -> String {
        self.text_with(key, &[("name", Value::Text(&named(account))), ("seq", Value::Number(seq))])
    }

    fn reasoned_at(&self, key: &str, seq: u64, reason: &str) -> String {
        self.text_with(key, &[("seq", Value::Number(seq)), ("reason", Value::Text(&self.reason(reason)))])
    }

    fn repair(&self, reason: &RepairReason) -> String {
        let key = match reason {
            RepairReason::Unreadable { seq, .. } => {
                return self.text_with("repair-unreadable", &[("seq", Value::Number(*seq))]);
            }
            RepairReason::Expired => "repair-expired",
            RepairReason::TakenOut => "repair-taken-out",
            RepairReason::StateLost => "repair-state-lost",
            RepairReason::OldCopy => "repair-old-copy",
            RepairReason::Welcome { .. } => "repair-welcome",
            RepairReason::Gap => "repair-gap",
            RepairReason::ServerRestored => "repair-server-restored",
        };
        self.text(key)
    }
}

#[cfg(test)]
mod tests {
    use huis_views::{Failure, VanishTimer};

    use super::*;
    use crate::Language;

    fn each() -> Vec<Notice> {
        let account =
            || Named { account: "22".repeat(16).parse().unwrap(), name: Some("member-b".into()), card_name: None };
        let text = || "x".to_owned();
        let mut all = vec![
            Notice::Repaired { from_seq: 1, to_seq: 2 },
            Notice::RepairDelayed { until_ms: 0 },
            Notice::Expired { seq: 1 },
            Notice::Gap { from_seq: 1, to_seq: 2 },
            Notice::MissingFrom { sender: account(), count: 2 },
            Notice::CounterRepeated { sender: account() },
            Notice::Forked { sender: account(), seq: 1 },
            Notice::Hole { sender: account(), seq: 1 },
            Notice::Unreadable { seq: 1, reason: text() },
            Notice::InvalidCommit { seq: 1, reason: text() },
            Notice::ShutOut { seq: 1 },
            Notice::IdentityChanged { account: account(), handed_over: false, was_verified: false },
            Notice::IdentityChanged { account: account(), handed_over: true, was_verified: false },
            Notice::IdentityChanged { account: account(), handed_over: false, was_verified: true },
            Notice::IdentityChanged { account: account(), handed_over: true, was_verified: true },
            Notice::OwnDeviceAdded { count: 1 },
            Notice::RecoveryKeyChanged,
            Notice::SecondFactorChanged { enabled: true },
            Notice::SecondFactorChanged { enabled: false },
            Notice::IdentityRenewed,
            Notice::OwnIdentityChanged,
            Notice::DeviceListRefused { account: account(), reason: text() },
            Notice::AccountStateRefused { reason: text() },
            Notice::ArchiveRefused { reason: text() },
            Notice::HistoryIncomplete { count: 2 },
            Notice::UnexpectedMembers { accounts: vec![account()] },
            Notice::JoinFailed { failure: Failure::Busy },
            Notice::DeviceAdded { account: account(), count: 1 },
            Notice::Removed { by: account() },
            Notice::OldCopy,
            Notice::ServerRestored,
            Notice::VaultSetBack,
            Notice::NotDone { message: "11".repeat(16).parse().unwrap(), failure: Failure::NotAllowed },
            Notice::VersionsApart { failure: Failure::ServerTooOld { version: text(), oldest: text() } },
            Notice::LostByServer,
            Notice::TimerSet { by: account(), timer: None },
            Notice::TimerSet { by: account(), timer: Some(VanishTimer { after_s: 3600, from: CountedFrom::Reading }) },
            Notice::TimerSet { by: account(), timer: Some(VanishTimer { after_s: 90, from: CountedFrom::Sending }) },
            Notice::Unknown { what: text() },
        ];
        for reason in [
            RepairReason::Unreadable { seq: 1, detail: text() },
            RepairReason::Expired,
            RepairReason::TakenOut,
            RepairReason::StateLost,
            RepairReason::OldCopy,
            RepairReason::Welcome { detail: text() },
            RepairReason::Gap,
            RepairReason::ServerRestored,
        ] {
            all.push(Notice::Repairing { reason: reason.clone() });
            all.push(Notice::RepairCalledOff { reason });
        }
        all
    }

    #[test]
    fn every_notice_is_a_sentence_in_each_language() {
        let [english, french] = Language::ALL.map(Texts::of);
        for notice in each() {
            let [said, dit] = [&english, &french].map(|texts| texts.notice(&notice));
            assert_ne!(said, dit, "{notice:?}");
            for text in [said, dit] {
                assert!(text.ends_with('.') || text.ends_with("member-b"), "{notice:?}: {text}");
                assert!(!text.contains("{ $") && !text.starts_with("notice-"), "{notice:?}: {text}");
            }
        }
    }
}

//! When shares are asked for, and for how long.

use futures_util::FutureExt;
use huis_core::identity::LocalDevice;
use huis_proto::{AccountId, Bytes, Bytes32, ConversationId, ConversationKind, DeviceId, Member, MessageId, TimeLock};
use huis_views::Failure;
use rand::SeedableRng;
use rand::rngs::{OsRng, StdRng};

use super::*;
use crate::config::DatabaseKey;
use crate::db::Task;
use crate::measuring::Stepper;

const PLACE: ConversationId = ConversationId::from_bytes([9; 16]);

/// Something that opens then, by the server's share.
fn timed(unlocks_at_ms: u64) -> Timed {
    let lock = TimeLock { unlocks_at_ms, share: Bytes32([5; 32]) };
    Timed { lock, beacon: None, share: TimeShare(Bytes32([6; 32])), files: vec![], sealed: Bytes(vec![7; 99]) }
}

/// A device with a conversation of so many, in which a message from somebody else waits for its time.
struct Waiting {
    client: Client,
    message: MessageRow,
    _folder: tempfile::TempDir,
}

impl Waiting {
    fn until(unlocks_ms: u64, accounts: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let me = LocalDevice::generate(&mut OsRng, AccountId::random(&mut OsRng));
        let key = DatabaseKey::from_bytes([7; 32]);
        let database = folder.path().join("db");
        let client = Stepper::sign_in(&database, &key, me, [], StdRng::seed_from_u64(1)).unwrap().client;
        let mut place = ConversationRow::new(PLACE, ConversationKind::Group);
        place.accepted = true;
        place.accounts = (0..accounts).map(|number| AccountId::from_bytes([number; 16])).collect();
        let author = Member { account: AccountId::from_bytes([2; 16]), device: DeviceId::from_bytes([2; 16]) };
        let mut message = MessageRow::waiting(PLACE, MessageId::from_bytes([1; 16]), author, 1);
        (message.own, message.seq, message.kind) = (false, Some(1), "timed".into());
        client
            .step(|step| {
                step.tables.put_conversation(&place)?;
                message.position = step.tables.add_message(&message)?.unwrap();
                step.is_locked_until(&place, message.position, &timed(unlocks_ms))
            })
            .unwrap();
        Self { client, message, _folder: folder }
    }

    fn lock(&self) -> LockRow {
        self.client.read(|tables| tables.lock(self.message.position)).unwrap().unwrap()
    }

    fn due(&self, asked: Asked) -> Vec<LockRow> {
        self.client.due(asked).unwrap()
    }

    /// The server answers so, after that many tries: how many there are then, and after how many milliseconds the next one comes.
    fn is_answered(
        &self,
        tries: u32,
        answer: impl FnOnce(&mut Step<'_>, &LockRow) -> Result<(), DbError>,
    ) -> (u32, u64) {
        let before_ms = self.client.server_now_ms();
        let lock = LockRow { tries, ..self.lock() };
        self.client.step(|step| answer(step, &lock)).unwrap();
        let next_ms = self.client.read(|tables| tables.next_ask_ms(Asked::Server)).unwrap().unwrap();
        (self.lock().tries, next_ms - before_ms)
    }
}

#[test]
fn who_is_put_off_does_not_give_up_for_that() {
    let waiting = Waiting::until(1, 2);
    let put_off = |tries| waiting.is_answered(tries, |step, lock| step.is_put_off(lock, None)).0;
    assert_eq!([0, 1, 13].map(put_off), [1, 2, 14]);
    assert_eq!([14, MOST_TRIES - 1, MOST_TRIES].map(put_off), [14, MOST_TRIES - 1, MOST_TRIES]);
}

#[test]
fn by_a_slow_clock_nothing_counts_as_put_off_that_came_due_while_the_device_was_off() {
    const HOUR_MS: u64 = 3_600_000;
    // In the hour since the device is on, by its clock; by a server that is a day ahead it was off then.
    for (server_ahead_ms, tries) in [(0, 1), (24 * HOUR_MS as i64, 0)] {
        let now_ms = Waiting::until(1, 2).client.clock.now_ms();
        let waiting = Waiting::until(now_ms - HOUR_MS / 2, 2);
        waiting.client.step(|step| step.tables.put_fact("server_ahead_ms", &server_ahead_ms)).unwrap();
        waiting.client.recall_time().unwrap();
        let client = &waiting.client;
        client.step(|step| client.could_not_ask_since(step, Asked::Server, now_ms - HOUR_MS)).unwrap();
        assert_eq!(waiting.lock().tries, tries, "{server_ahead_ms}");
    }
}

#[test]
fn the_longest_pause_is_six_hours_so_that_all_tries_take_three_months() {
    let waiting = Waiting::until(1, 2);
    let pause = |tries| waiting.is_answered(tries, |step, lock| step.ask_later(lock, lock.tries + 1, None)).1;
    let pauses: Vec<u64> = (LONGEST_AFTER..MOST_TRIES).map(pause).collect();
    let hours = |ms: u64| ms / 3_600_000;
    assert!(pauses.iter().all(|ms| (4..=6).contains(&hours(*ms))), "{pauses:?}");
    assert!((75..=90).contains(&(hours(pauses.iter().sum()) / 24)), "{}", hours(pauses.iter().sum()) / 24);
}

#[test]
fn a_time_beyond_all_times_never_comes() {
    for accounts in [2, 200] {
        let waiting = Waiting::until(u64::MAX, accounts);
        assert_eq!(waiting.lock().unlocks_ms, LATEST_MS, "among {accounts}");
        assert!(!waiting.client.opens_something().unwrap());
        assert!(waiting.due(Asked::Server).is_empty());
    }
}

#[test]
fn what_is_deleted_here_and_not_in_the_log_yet_keeps_what_it_opens_with() {
    let waiting = Waiting::until(1, 2);
    let deleted = MessageRow { deleted: true, ..waiting.message.clone() };
    waiting.client.step(|step| step.tables.set_marked(&deleted)).unwrap();
    waiting.client.open_what_is_due(Asked::Server, Who::Server).now_or_never().unwrap().unwrap();
    assert_eq!(waiting.lock().standing, LockStanding::Waiting);
    // It is not asked for meanwhile, and looked at again.
    assert!(!waiting.client.opens_something().unwrap());
    waiting.client.step(|step| step.tables.set_marked(&waiting.message)).unwrap();
    assert!(waiting.client.read(|tables| tables.next_ask_ms(Asked::Server)).unwrap().is_some());
}

#[test]
fn a_round_that_nobody_gives_holds_up_what_waits_for_others_for_one_pause_and_no_longer() {
    const CHAIN: Bytes32 = Bytes32([3; 32]);
    let waiting = Waiting::until(1, 2);
    let step =
        |change: &dyn Fn(&mut Step<'_>) -> Result<(), DbError>| waiting.client.step(|step| change(step)).unwrap();
    let mut positions = Vec::new();
    for number in 2..5 {
        let message = MessageRow { id: MessageId::from_bytes([number; 16]), position: 0, ..waiting.message.clone() };
        let position = waiting.client.step(|step| step.tables.add_message(&message)).unwrap().unwrap();
        step(&|step| step.tables.add_lock(position, 1, (None, Keeper::Beacon(&CHAIN, None)), 1));
        positions.push(position);
    }
    // By the device's own clock one is not over yet.
    let far_ms = waiting.client.clock.now_ms() + 86_400_000;
    waiting.client.heard_time(far_ms + 86_400_000, waiting.client.clock.now_ms());
    let early = MessageRow { id: MessageId::from_bytes([9; 16]), position: 0, ..waiting.message.clone() };
    let early = waiting.client.step(|step| step.tables.add_message(&early)).unwrap().unwrap();
    step(&|step| step.tables.add_lock(early, far_ms, (None, Keeper::Beacon(&CHAIN, None)), far_ms));
    let due = waiting.due(Asked::Beacon);
    assert_eq!((due.len(), due.last().map(|lock| lock.message)), (4, Some(early)));
    step(&|step| step.all_is_put_off(&due[0], None));
    assert!(waiting.due(Asked::Beacon).is_empty());
    // What a server keeps is not held up.
    assert_eq!(waiting.due(Asked::Server).len(), 1);
    // Of those that nobody gives none keeps another one back, however often it was asked for.
    let later_ms = waiting.client.due_ms(Asked::Beacon) + 2 * BEACON_PAUSE_MS;
    let next = || {
        waiting.client.read(|tables| tables.rounds_due(later_ms, waiting.client.clock.now_ms(), 1)).unwrap()[0].clone()
    };
    let second = next();
    assert_ne!(second.message, due[0].message);
    step(&|step| step.all_is_put_off(&second, None));
    assert!(![due[0].message, second.message].contains(&next().message));
    for position in &positions {
        step(&|step| step.tables.ask_again(*position, LONGEST_AFTER, 1));
    }
    let mut asked = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let one = next();
        step(&|step| step.all_is_put_off(&one, None));
        asked.insert(one.message);
    }
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), positions);
    // However often it is asked for, the pause stays short, and a server can't make it longer.
    for after_s in [None, Some(1), Some(u64::MAX)] {
        for position in positions.iter().chain([&early]) {
            step(&|step| step.tables.ask_again(*position, LONGEST_AFTER, 1));
        }
        let before_ms = waiting.client.due_ms(Asked::Beacon);
        let often = next();
        step(&|step| step.all_is_put_off(&often, after_s));
        let next_ms = waiting.client.read(|tables| tables.next_ask_ms(Asked::Beacon)).unwrap().unwrap();
        let pause_ms = next_ms - before_ms;
        assert!((BEACON_PAUSE_MS * 3 / 4..BEACON_PAUSE_MS + 5_000).contains(&pause_ms), "{after_s:?}: {pause_ms}");
    }
}

#[test]
fn what_was_said_meanwhile_is_waited_for_and_not_for_ever() {
    let minute = Duration::from_secs(60);
    // It is seen only later that a connection has ended.
    let mut ended = Behind::at(0);
    assert_eq!(ended.left(true, true, 0), minute);
    assert_eq!(ended.left(false, false, 299_000), minute);
    assert_eq!(ended.left(false, false, 359_000), Duration::ZERO);
    let mut away = Behind::at(100_000);
    assert_eq!(away.left(false, false, 100_000), minute);
    assert_eq!(away.left(false, false, 159_000), Duration::from_secs(1));
    assert_eq!(away.left(false, false, 161_000), Duration::ZERO);
    // The clock is set back while it is away.
    assert_eq!(away.left(false, false, 50_000), minute);
    assert_eq!(away.left(false, false, 111_000), Duration::ZERO);
    // A server that is there now and then, and is never heard to the end.
    let mut flaps = Behind::at(0);
    let waits = |second: &u64| !flaps.left(second.is_multiple_of(50), false, second * 1000).is_zero();
    assert_eq!((0..2_000).take_while(waits).count(), 600);
    assert_eq!(flaps.left(true, true, 2_000_000), minute);
}

#[test]
fn without_the_server_only_what_nobody_can_have_is_withdrawn() {
    /// What became of a message of one's own, whose task stands at this position, before it is withdrawn.
    type Before = fn(&mut Step<'_>, u64) -> Result<(), DbError>;
    let is_sealed: Before = |step, task| step.tables.set_sealed(task, 1, Some(1), 0, (b"sealed", None));
    let is_draft_again: Before = |step, task| {
        step.tables.set_sealed(task, 1, Some(1), 0, (b"sealed", None))?;
        step.tables.unseal(task)
    };
    let has_failed: Before = |step, task| {
        step.tables.set_sealed(task, 1, Some(1), 0, (b"sealed", None))?;
        let task = step.tables.task(task)?.unwrap();
        step.fail_task(&task, Failure::NotAMember)
    };
    let waits_for_files_in_an_old_copy: Before = |step, task| {
        step.tables.delete_task(task)?;
        step.tables.all_is_perhaps_taken()
    };
    let was_never_sealed: Before = |_, _| Ok(());
    let waits_for_files: Before = |step, task| step.tables.delete_task(task);
    for (number, (before, is_forgotten)) in [
        (is_sealed, false),
        (is_draft_again, false),
        (has_failed, false),
        (waits_for_files_in_an_old_copy, false),
        (was_never_sealed, true),
        (waits_for_files, true),
    ]
    .into_iter()
    .enumerate()
    {
        let waiting = Waiting::until(1, 2);
        let client = &waiting.client;
        let own = MessageRow::waiting(PLACE, MessageId::from_bytes([7; 16]), client.me().unwrap().device.member, 1);
        client
            .step(|step| {
                let position = step.tables.add_message(&own)?.unwrap();
                step.lock_until(position, &Locking { unlocks_at_ms: LATEST_MS, beacon: None })?;
                let say = Task::Say { content: Bytes(Vec::new()), shown: true };
                let task = step.tables.add_task(PLACE, own.id, &say)?;
                before(step, task)
            })
            .unwrap();
        let withdrawn = client.withdraw_timed(own.id).now_or_never().unwrap();
        assert_eq!(withdrawn.is_ok(), is_forgotten, "{number}: {withdrawn:?}");
        let left = client.read(|tables| tables.own_message(own.id)).unwrap();
        assert_eq!(left.is_none(), is_forgotten, "{number}");
    }
}

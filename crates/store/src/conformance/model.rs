//! Random operations on a store and on a model of the log that is simple enough to be right.

use std::collections::BTreeMap;

use huis_proto::{ConversationId, Member, MessageId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::people::{People, sorted};
use crate::{Append, AppendCommit, Appended, SharedStore};

const RUNS: u64 = 3;
const OPERATIONS: usize = 1500;
const PEOPLE: usize = 5;

/// Runs of random appends, commits, leaves, acknowledgements and sweeps, with repeats and wrong counters among them.
/// A failure names its seed, which gives the same run again.
pub async fn random_operations_agree_with_a_simple_model(store: SharedStore) {
    let people = People::new(store);
    for seed in 0..RUNS {
        let mut members = Vec::new();
        for _ in 0..PEOPLE {
            members.push(people.account().await);
        }
        let conversation = people.group(&members[..3]).await;
        let run = Run {
            seed,
            random: StdRng::seed_from_u64(seed),
            model: Model::begun(&members[..3], people.next()),
            people: people.clone(),
            members,
            conversation,
            sent: Vec::new(),
        };
        run.run().await;
    }
}

/// One conversation as the promises say it should be.
struct Model {
    head: u64,
    commit_counter: u64,
    forgotten: u64,
    expired: u64,
    seats: BTreeMap<Member, ModelSeat>,
    participants: Vec<Member>,
    highest: BTreeMap<Member, u64>,
    answers: BTreeMap<(Member, MessageId), (u64, u64)>,
    received: BTreeMap<u64, u64>,
}

#[derive(Clone, Copy)]
struct ModelSeat {
    joined: u64,
    acked: u64,
    last: u64,
    leaf: bool,
}

impl Model {
    fn begun(members: &[Member], highest: u64) -> Self {
        let seat = |place: usize| ModelSeat {
            // The creator was there before the first commit.
            joined: u64::from(place != 0),
            acked: u64::from(place != 0),
            last: u64::MAX,
            leaf: true,
        };
        let seats = members.iter().enumerate().map(|(place, member)| (*member, seat(place)));
        Self {
            head: 1,
            commit_counter: 1,
            forgotten: 0,
            expired: 0,
            seats: seats.collect(),
            participants: members.to_vec(),
            highest: BTreeMap::from([(members[0], highest - 1)]),
            answers: BTreeMap::new(),
            received: BTreeMap::from([(1, 10)]),
        }
    }

    fn is_member(&self, member: Member) -> bool {
        self.seats.get(&member).is_some_and(|seat| seat.last == u64::MAX)
    }

    fn has_leaf(&self, member: Member) -> bool {
        self.seats.get(&member).is_some_and(|seat| seat.leaf)
    }

    /// The refusal, but for the roster's; `Err` is the repeat.
    fn checked(&self, author: Member, id: MessageId, submission: u64, follows: u64, may: bool) -> Option<Appended> {
        if let Some((seq, commit_counter)) = self.answers.get(&(author, id)) {
            return Some(Appended::Repeat {
                seq: *seq,
                commit_counter: *commit_counter,
                received_at_ms: self.received[seq],
            });
        }
        let highest = self.highest.get(&author).copied().unwrap_or(0);
        if !may {
            Some(Appended::NotAMember)
        } else if submission <= highest {
            Some(Appended::SubmissionBehind { highest })
        } else if follows != self.commit_counter {
            let commit_counter = self.commit_counter;
            Some(Appended::Behind { commit_counter })
        } else {
            None
        }
    }

    fn placed(&mut self, author: Member, id: MessageId, submission: u64, received_at_ms: u64) {
        self.head += 1;
        self.highest.insert(author, submission);
        self.answers.insert((author, id), (self.head, self.commit_counter));
        self.received.insert(self.head, received_at_ms);
    }

    fn append(&mut self, append: &Append) -> Option<Appended> {
        let may = self.is_member(append.author);
        let refused = self.checked(append.author, append.id, append.submission, append.follows, may);
        if refused.is_some() {
            return refused;
        }
        self.placed(append.author, append.id, append.submission, append.received_at_ms);
        for leaver in &append.leaves {
            if let Some(seat) = self.seats.get_mut(leaver) {
                seat.last = self.head;
            }
            self.participants.retain(|member| member != leaver);
        }
        None
    }

    fn commit(&mut self, commit: &AppendCommit) -> Option<Appended> {
        let may =
            if commit.external { self.participants.contains(&commit.author) } else { self.is_member(commit.author) };
        let refused = self.checked(commit.author, commit.id, commit.submission, commit.follows, may);
        if refused.is_some() {
            return refused;
        }
        for leaver in &commit.leaves {
            if (*leaver == commit.author) != commit.external {
                return Some(Appended::WrongRoster(*leaver));
            }
        }
        self.commit_counter += 1;
        self.placed(commit.author, commit.id, commit.submission, commit.received_at_ms);
        // Out and in by somebody else's commit it keeps its place.
        let keeps = |model: &Self, member: &Member| {
            commit.joins.contains(member)
                && *member != commit.author
                && model.is_member(*member)
                && model.has_leaf(*member)
        };
        let leavers: Vec<_> = commit.leaves.iter().copied().filter(|leaver| !keeps(self, leaver)).collect();
        for leaver in &leavers {
            if let Some(seat) = self.seats.get_mut(leaver) {
                seat.leaf = false;
                seat.last = seat.last.min(self.head);
            }
        }
        for account in commit.out.iter().filter(|account| **account != commit.author.account) {
            self.participants.retain(|member| member.account != *account);
            let of_account = |(member, _): &(&Member, &mut ModelSeat)| member.account == *account;
            for (_, seat) in self.seats.iter_mut().filter(of_account).filter(|(_, seat)| seat.last == u64::MAX) {
                (seat.leaf, seat.last) = (false, self.head);
            }
        }
        for joiner in &commit.joins {
            if *joiner != commit.author && self.has_leaf(*joiner) && self.is_member(*joiner) {
                continue;
            }
            let seat = ModelSeat { joined: self.head, acked: self.head, last: u64::MAX, leaf: true };
            self.seats.insert(*joiner, seat);
            if !self.participants.contains(joiner) {
                self.participants.push(*joiner);
            }
        }
        None
    }

    fn acknowledge(&mut self, member: Member, seq: u64) {
        let head = self.head;
        if let Some(seat) = self.seats.get_mut(&member) {
            seat.acked = seat.acked.max(seq.min(head).min(seat.last));
        }
    }

    fn expire(&mut self, before_ms: u64) {
        self.forget();
        while self.forgotten < self.head && self.received[&(self.forgotten + 1)] < before_ms {
            self.forgotten += 1;
            self.expired = self.forgotten;
        }
        // Who left and could only have read what has expired is done with, unless it is expected back.
        let back = &self.participants;
        self.seats.retain(|member, seat| seat.leaf || seat.last > self.expired || back.contains(member));
        self.forget();
    }

    fn forget(&mut self) {
        let waiting = self.seats.values().filter(|seat| seat.acked.max(self.forgotten) < seat.last);
        let floor = waiting.map(|seat| seat.acked).min().unwrap_or(self.head);
        self.forgotten = self.forgotten.max(floor);
    }

    fn readable(&mut self, member: Member) -> Vec<u64> {
        self.forget();
        // Who has no leaf and has its last entry is through.
        self.seats.retain(|_, seat| seat.leaf || seat.acked < seat.last);
        let Some(seat) = self.seats.get(&member) else {
            return Vec::new();
        };
        let first = self.forgotten.max(seat.joined) + 1;
        (first..=seat.last.min(self.head)).collect()
    }
}

struct Run {
    seed: u64,
    random: StdRng,
    model: Model,
    people: People,
    members: Vec<Member>,
    conversation: ConversationId,
    sent: Vec<Append>,
}

impl Run {
    async fn run(mut self) {
        for step in 0..OPERATIONS {
            match self.random.gen_range(0..100) {
                0..50 => self.append(step).await,
                50..65 => self.commit(step).await,
                65..68 => self.leave(step).await,
                68..97 => self.acknowledge().await,
                _ => self.expire(step).await,
            }
            if self.random.gen_ratio(1, 10) {
                self.compare(step).await;
            }
        }
        self.compare(OPERATIONS).await;
    }

    fn somebody(&mut self) -> Member {
        self.members[self.random.gen_range(0..PEOPLE)]
    }

    fn follows(&mut self) -> u64 {
        let wrong = self.random.gen_ratio(1, 10);
        self.model.commit_counter - u64::from(wrong)
    }

    async fn append(&mut self, step: usize) {
        let author = self.somebody();
        let follows = self.follows();
        let mut append = self.people.message(self.conversation, author, follows);
        append.received_at_ms = step as u64;
        if self.random.gen_ratio(1, 8) && !self.sent.is_empty() {
            append = self.sent[self.random.gen_range(0..self.sent.len())].clone();
        }
        self.sent.push(append.clone());
        self.submit(step, append).await;
    }

    async fn leave(&mut self, step: usize) {
        let author = self.somebody();
        let follows = self.follows();
        let mut leave = self.people.leave(self.conversation, &[author], follows);
        leave.received_at_ms = step as u64;
        self.submit(step, leave).await;
    }

    async fn submit(&mut self, step: usize, append: Append) {
        let expected = self.model.append(&append);
        let answer = self.people.store.append(append).await.expect("an answer");
        self.same(step, answer, expected);
    }

    async fn commit(&mut self, step: usize) {
        let (author, other) = (self.somebody(), self.somebody());
        let follows = self.follows();
        let mut commit = self.people.commit(self.conversation, author, follows);
        commit.received_at_ms = step as u64;
        match self.random.gen_range(0..10) {
            0..4 => commit.joins = vec![other],
            4 => (commit.leaves, commit.out) = (vec![other], vec![other.account]),
            5 if self.random.gen_bool(0.5) => commit.leaves = vec![other],
            5 => commit.out = vec![other.account],
            6 => (commit.joins, commit.leaves) = (vec![other], vec![other]),
            7..9 => {
                commit.external = true;
                commit.joins = vec![author];
                if self.model.has_leaf(author) && self.random.gen_ratio(3, 4) {
                    commit.leaves = vec![author];
                }
            }
            _ => {}
        }
        let expected = self.model.commit(&commit);
        let answer = self.people.store.append_commit(commit).await.expect("an answer");
        self.same(step, answer, expected);
    }

    async fn acknowledge(&mut self) {
        let member = self.somebody();
        let seq = self.random.gen_range(0..self.model.head + 3);
        self.model.acknowledge(member, seq);
        self.people.acks(self.conversation, member, seq).await;
    }

    async fn expire(&mut self, step: usize) {
        let before_ms = (step as u64).saturating_sub(100);
        self.model.expire(before_ms);
        let swept = self.people.store.expire(before_ms, 0, 100_000).await;
        swept.expect("swept");
    }

    fn same(&self, step: usize, answer: Appended, expected: Option<Appended>) {
        let place = format!("seed {}, step {step}", self.seed);
        match (answer, expected) {
            (Appended::Stored(entry), None) => {
                let stored = (entry.seq, entry.commit_counter);
                assert_eq!(stored, (self.model.head, self.model.commit_counter), "{place}");
            }
            (answer, expected) => assert_eq!(Some(answer), expected, "{place}"),
        }
    }

    async fn compare(&mut self, step: usize) {
        let place = format!("seed {}, step {step}", self.seed);
        let conversation = self.conversation;
        for member in self.members.clone() {
            let readable = self.model.readable(member);
            let read = self.people.reads(conversation, member, 0).await;
            assert_eq!(read, readable, "{place}: what {member:?} reads");
            let cursors = self.people.store.cursors(member).await.expect("read");
            let cursor = cursors.iter().find(|cursor| cursor.conversation == conversation);
            // Somebody who left and could only have read what has expired may be forgotten already.
            if self.model.is_member(member) {
                let seat = self.model.seats[&member];
                let cursor = cursor.map(|cursor| (cursor.acked, cursor.last, cursor.expired));
                let expected = (seat.acked, self.model.head, self.model.expired);
                assert_eq!(cursor, Some(expected), "{place}: the cursor of {member:?}");
            }
            let highest = self.people.store.highest_submission(member).await.expect("read");
            let expected = self.model.highest.get(&member).copied().unwrap_or(0);
            assert_eq!(highest, expected, "{place}: the submissions of {member:?}");
        }
        let head = self.model.head;
        let seats = self.model.seats.iter();
        let may = seats.filter(|(_, seat)| {
            seat.joined <= head && head <= seat.last && (seat.last == u64::MAX || seat.acked < seat.last)
        });
        let may = sorted(may.map(|(member, _)| *member).collect());
        let recipients = self.people.recipients(conversation).await;
        let members_only = |all: &[Member]| -> Vec<Member> {
            all.iter().copied().filter(|member| self.model.is_member(*member)).collect()
        };
        assert_eq!(members_only(&recipients), members_only(&may), "{place}: recipients");
        let too_many: Vec<_> = recipients
            .iter()
            .filter(|member| self.model.seats.get(member).is_none_or(|seat| seat.last < head))
            .collect();
        assert!(too_many.is_empty(), "{place}: {too_many:?} get what they may not have");
    }
}

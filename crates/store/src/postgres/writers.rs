//! The tasks that write what is written all the time: submissions, each device's in their order, and acknowledgements.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use huis_proto::{ConversationId, Member};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::acks::{self, Acks};
use super::batch::{self, Together};
use super::db::Db;
use super::fault::Fault;
use super::pool::Pools;
use super::queue::{Caller, Job, QUEUE_UNITS, Queue, StopWhenDropped};
use super::{commits, files, log};
use crate::turns::{self, Turns};
use crate::{Append, AppendCommit, Appended, Create, Franking, StoreError, StoreResult};

/// How many batches of submissions of this node are on their way at once. While one is flushed to disk, others gather.
pub(super) const WRITERS: usize = 4;
/// How long acknowledgements, which nobody waits for, wait for company.
const LINGER: Duration = Duration::from_millis(5);
/// The most acknowledged places of one transaction.
const BATCH_ACKS: usize = 1024;

/// What a device submits.
#[expect(clippy::large_enum_variant, reason = "most are messages, which need no allocation of their own")]
pub(super) enum Submission {
    /// A message or a leave proposal.
    Append(Append),
    /// A commit.
    Commit(Box<AppendCommit>),
    /// A conversation.
    Create(Box<Create>),
}

struct Submitted {
    what: Submission,
    caller: Caller<Appended>,
}

struct Acknowledged {
    device: Member,
    acks: Vec<(ConversationId, u64)>,
    caller: Caller<()>,
}

impl Submission {
    fn turn(&self) -> turns::Submission {
        match self {
            Self::Append(append) => (append.author, append.submission),
            Self::Commit(commit) => (commit.author, commit.submission),
            Self::Create(create) => (create.creator, create.submission),
        }
    }

    fn bytes(&self) -> usize {
        let of_commit = |commit: &AppendCommit| {
            commit.commit.len() + commit.group_info.len() + commit.welcome.as_ref().map_or(0, |welcome| welcome.len())
        };
        match self {
            Self::Append(append) => append.payload.len(),
            Self::Commit(commit) => of_commit(commit),
            Self::Create(create) => create.group_info.len() + create.first_commit.as_ref().map_or(0, of_commit),
        }
    }
}

impl Job for Submitted {
    fn bytes(&self) -> usize {
        self.what.bytes()
    }

    fn refuse(self, why: StoreError) {
        let _ = self.caller.send(Err(why));
    }
}

impl Job for Acknowledged {
    fn bytes(&self) -> usize {
        self.acks.len() * 64
    }

    fn refuse(self, why: StoreError) {
        let _ = self.caller.send(Err(why));
    }
}

/// The queues; their tasks end when they are stopped, or dropped with the store.
pub(super) struct Writers {
    submissions: Vec<Arc<Queue<Submitted>>>,
    acknowledgements: Arc<Queue<Acknowledged>>,
}

impl Writers {
    /// Starts the tasks, on the runtime that this is called on.
    pub(super) fn start(pools: &Arc<Pools>, franking: &Arc<dyn Franking>) -> (Self, Vec<JoinHandle<()>>) {
        let mut tasks = Vec::with_capacity(WRITERS + 1);
        let mut submissions = Vec::with_capacity(WRITERS);
        for _ in 0..WRITERS {
            let queue = Arc::new(Queue::new());
            let turns = Turns::new(QUEUE_UNITS as usize);
            let writer = Writer { pools: Arc::clone(pools), franking: Arc::clone(franking), turns };
            let served = Arc::clone(&queue);
            tasks.push(tokio::spawn(async move { writer.serve(&served).await }));
            submissions.push(queue);
        }
        let acknowledgements = Arc::new(Queue::new());
        let (pools, queue) = (Arc::clone(pools), Arc::clone(&acknowledgements));
        tasks.push(tokio::spawn(async move { serve_acknowledgements(&pools, &queue).await }));
        (Self { submissions, acknowledgements }, tasks)
    }

    /// Hands a submission over behind all earlier ones of its device; it is on disk when this answers.
    pub(super) async fn submit(&self, what: Submission) -> StoreResult<Appended> {
        let mut hasher = DefaultHasher::new();
        what.turn().0.hash(&mut hasher);
        let writer = hasher.finish() as usize % WRITERS;
        let queue = self.submissions.get(writer).ok_or(StoreError::Stopped)?;
        let (caller, answer) = oneshot::channel();
        queue.push(Submitted { what, caller }).await?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    pub(super) async fn acknowledge(&self, device: Member, acks: Vec<(ConversationId, u64)>) -> StoreResult<()> {
        let (caller, answer) = oneshot::channel();
        self.acknowledgements.push(Acknowledged { device, acks, caller }).await?;
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }

    pub(super) fn stop(&self) {
        self.submissions.iter().for_each(|queue| queue.stop());
        self.acknowledgements.stop();
    }

    /// Whether one of them takes no more work.
    pub(super) fn are_stopped(&self) -> bool {
        self.acknowledgements.is_stopped() || self.submissions.iter().any(|queue| queue.is_stopped())
    }
}

struct Writer {
    pools: Arc<Pools>,
    franking: Arc<dyn Franking>,
    turns: Turns,
}

impl Writer {
    async fn serve(mut self, queue: &Queue<Submitted>) {
        let _stopped = StopWhenDropped(queue);
        loop {
            let mut together = Together::default();
            let mut is_alone = false;
            let batch = queue.next_batch(|job| match message(&job.what) {
                Some(message) => !is_alone && together.takes(message),
                None => {
                    is_alone = true;
                    false
                }
            });
            let Some(batch) = batch.await else { return };
            self.run(batch).await;
        }
    }

    async fn run(&mut self, batch: Vec<Submitted>) {
        let batch: Vec<Submitted> = batch.into_iter().filter_map(|job| self.admit(job)).collect();
        let messages: Vec<&Append> = batch.iter().filter_map(|job| message(&job.what)).collect();
        if messages.len() < batch.len() {
            return self.each_alone(batch).await;
        } else if batch.is_empty() {
            return;
        }
        let (franking, together) = (&*self.franking, messages.as_slice());
        let append = |db: Db| async move { batch::append(&db, franking, together).await };
        let done = self.pools.hot.try_repeatedly(append).await;
        match done {
            Ok(answers) => {
                for (job, answer) in batch.into_iter().zip(answers) {
                    self.answer(job, Ok(answer));
                }
            }
            // One message's fault must not be the others': each gets a transaction and an answer of its own.
            Err(fault) if batch.len() > 1 && fault.may_spare_others() => self.each_alone(batch).await,
            Err(fault) => {
                let told = fault.told_and_logged();
                batch.into_iter().for_each(|job| self.answer(job, Err(told.clone())));
            }
        }
    }

    async fn each_alone(&mut self, batch: Vec<Submitted>) {
        for job in batch {
            if let Some(job) = self.admit(job) {
                let done = self.alone(&job.what).await;
                self.answer(job, done);
            }
        }
    }

    /// The job, unless it is behind one of its device that was not taken.
    fn admit(&mut self, job: Submitted) -> Option<Submitted> {
        if self.turns.admits(job.what.turn()) {
            return Some(job);
        }
        job.refuse(StoreError::OutOfTurn);
        None
    }

    fn answer(&mut self, job: Submitted, done: StoreResult<Appended>) {
        if done.is_err() {
            self.turns.not_taken(job.what.turn());
        }
        let _ = job.caller.send(done);
    }

    async fn alone(&self, what: &Submission) -> StoreResult<Appended> {
        let (hot, franking) = (&self.pools.hot, &*self.franking);
        let done = match what {
            Submission::Append(append) if message(what).is_some() => {
                let one = |db: Db| async move { batch::append(&db, franking, &[append]).await };
                hot.try_repeatedly(one).await.map(|answers| answers.into_iter().next().unwrap_or(Appended::NotAMember))
            }
            Submission::Append(append) if append.commitment.is_some() => {
                hot.transact(|db| async move { files::append(&db, franking, append).await }).await
            }
            Submission::Append(append) => hot.transact(|db| async move { log::append_leave(&db, append).await }).await,
            Submission::Commit(commit) => {
                hot.transact(|db| async move { commits::append_commit(&db, commit).await }).await
            }
            Submission::Create(create) => {
                hot.transact(|db| async move { commits::create_conversation(&db, create).await }).await
            }
        };
        done.map_err(Fault::told_and_logged)
    }
}

/// A submission that can share its transaction with others.
fn message(what: &Submission) -> Option<&Append> {
    let is_alone = |append: &Append| !append.files.is_empty() || append.lock.is_some();
    match what {
        Submission::Append(append) if append.commitment.is_some() && !is_alone(append) => Some(append),
        _ => None,
    }
}

async fn serve_acknowledgements(pools: &Pools, queue: &Queue<Acknowledged>) {
    let _stopped = StopWhenDropped(queue);
    loop {
        queue.wait().await;
        if !queue.is_stopped() {
            tokio::time::sleep(LINGER).await;
        }
        let mut places = 0;
        let batch = queue.next_batch(|job| {
            places += job.acks.len();
            places <= BATCH_ACKS
        });
        let Some(batch) = batch.await else { return };
        let mut acks = Acks::new();
        for job in &batch {
            for (conversation, seq) in &job.acks {
                let place = acks.entry((*conversation, job.device)).or_insert(0);
                *place = (*place).max(*seq);
            }
        }
        let acks = &acks;
        let done = pools.hot.try_repeatedly(|db| async move { acks::acknowledge(&db, acks).await }).await;
        let told = done.map_err(Fault::told_and_logged);
        for job in batch {
            let _ = job.caller.send(told.clone());
        }
    }
}

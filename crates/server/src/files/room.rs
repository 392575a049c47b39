//! The room on the disk where files are kept, if that is a disk of this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use huis_proto::ErrorCode;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::http::problem::Refusal;
use crate::space::size;

const GIB: u64 = 1024 * 1024 * 1024;
/// How long what was seen of the disk counts.
const FRESH: Duration = Duration::from_secs(1);
/// A disk that does not say within so long how much is free is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a volume has free, and what it has in all.
type Volume = fn(&Path) -> io::Result<(u64, u64)>;

pub(super) struct Room {
    /// None where files are elsewhere: nobody knows what is free there.
    folder: Option<PathBuf>,
    keep_free: Option<u64>,
    volume: Volume,
    seen: tokio::sync::Mutex<Seen>,
    writes: Arc<Mutex<Writes>>,
}

#[derive(Default)]
struct Seen {
    last: Option<(Instant, (u64, u64))>,
    /// Beside the runtime, as a disk may take its time; one at a time, as a disk that is away holds a thread.
    looking: Option<JoinHandle<io::Result<(u64, u64)>>>,
}

#[derive(Default)]
struct Writes {
    under_way: u64,
    /// What was kept of what has ended since the disk was looked at.
    ended: u64,
}

/// Room for something that is being written, until it is dropped.
pub(crate) struct Reserved {
    writes: Arc<Mutex<Writes>>,
    bytes: u64,
    kept: u64,
}

impl Reserved {
    /// So many bytes are there for good. Of what is not said to be kept nothing takes room when this is dropped.
    pub(crate) fn keeps(&mut self, bytes: u64) {
        self.kept = bytes;
    }
}

impl Room {
    pub(super) fn new(folder: Option<PathBuf>, keep_free: Option<u64>, volume: Volume) -> Self {
        Self { folder, keep_free, volume, seen: tokio::sync::Mutex::default(), writes: Arc::default() }
    }

    /// Refuses what would leave too little free.
    pub(super) async fn needs(&self, bytes: u64) -> Result<(), Refusal> {
        let volume = self.volume().await?;
        self.fits(volume, &held(&self.writes), bytes)
    }

    /// Room for something that is written at once. All who write together get no more than there is.
    pub(super) async fn reserve(&self, bytes: u64) -> Result<Reserved, Refusal> {
        let volume = self.volume().await?;
        let mut writes = held(&self.writes);
        self.fits(volume, &writes, bytes)?;
        writes.under_way += bytes;
        Ok(Reserved { writes: Arc::clone(&self.writes), bytes, kept: 0 })
    }

    fn fits(&self, volume: Option<(u64, u64)>, writes: &Writes, bytes: u64) -> Result<(), Refusal> {
        let Some((free, all)) = volume else { return Ok(()) };
        let keep_free = self.keep_free.unwrap_or_else(|| GIB.min(all / 20));
        let room = [keep_free, writes.under_way, writes.ended].into_iter().fold(free, u64::saturating_sub);
        if bytes <= room {
            return Ok(());
        }
        Err(Refusal::new(
            ErrorCode::StorageFull,
            format!(
                "The server's disk has room for {} more, and this takes {}; its operator must free some space.",
                size(room),
                size(bytes)
            ),
        ))
    }

    async fn volume(&self) -> Result<Option<(u64, u64)>, Refusal> {
        let Some(folder) = &self.folder else { return Ok(None) };
        match timeout(PATIENCE, self.look(folder)).await {
            Ok(Ok(volume)) => Ok(Some(volume)),
            Ok(Err(error)) => {
                tracing::error!(%error, "what is free where files are kept can't be had");
                Err(Refusal::internal())
            }
            Err(_) => {
                tracing::error!("the disk where files are kept does not answer");
                Err(Refusal::unavailable("The server can't reach where its files are; come back in a moment.", 5))
            }
        }
    }

    async fn look(&self, folder: &Path) -> io::Result<(u64, u64)> {
        let mut seen = self.seen.lock().await;
        if let Some((at, volume)) = seen.last
            && at.elapsed() < FRESH
        {
            return Ok(volume);
        }
        // A look that somebody gave up waiting for is waited for by the next.
        let looking = seen.looking.get_or_insert_with(|| {
            // What ends from here on may not be in what is seen.
            held(&self.writes).ended = 0;
            let (folder, volume) = (folder.to_owned(), self.volume);
            tokio::task::spawn_blocking(move || volume(&folder))
        });
        let found = looking.await;
        seen.looking = None;
        let volume = found.map_err(io::Error::other)??;
        seen.last = Some((Instant::now(), volume));
        Ok(volume)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut writes = held(&self.writes);
        writes.under_way = writes.under_way.saturating_sub(self.bytes);
        writes.ended = writes.ended.saturating_add(self.kept);
    }
}

fn held(writes: &Mutex<Writes>) -> MutexGuard<'_, Writes> {
    writes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(volume: Volume) -> Room {
        Room::new(Some("/".into()), Some(200), volume)
    }

    fn code(refused: Result<Reserved, Refusal>) -> ErrorCode {
        refused.map(|_| ()).expect_err("a refusal").0.code
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_write_together_leave_free_what_is_to_stay_free() {
        let room = room(|_| Ok((1000, 10_000)));
        room.needs(800).await.map_err(|refusal| refusal.0).unwrap();
        let mut first = room.reserve(500).await.map_err(|refusal| refusal.0).unwrap();
        assert_eq!(code(room.reserve(301).await), ErrorCode::StorageFull);
        assert!(room.needs(301).await.is_err());
        let mut second = room.reserve(300).await.map_err(|refusal| refusal.0).unwrap();
        // What has just been written is not in what was seen of the disk.
        first.keeps(500);
        second.keeps(300);
        drop((first, second));
        assert_eq!(code(room.reserve(1).await), ErrorCode::StorageFull);
        tokio::time::advance(FRESH).await;
        assert!(room.reserve(800).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_brought_nothing_takes_no_room_of_others() {
        let room = room(|_| Ok((1000, 10_000)));
        for _ in 0..10 {
            drop(room.reserve(800).await.map_err(|refusal| refusal.0).unwrap());
        }
        let mut part = room.reserve(800).await.map_err(|refusal| refusal.0).unwrap();
        part.keeps(100);
        drop(part);
        assert_eq!(code(room.reserve(701).await), ErrorCode::StorageFull);
        assert!(room.reserve(700).await.is_ok());
    }

    #[tokio::test]
    async fn a_disk_that_does_not_answer_holds_one_thread_and_nobody_for_long() {
        use std::sync::Barrier;
        use std::sync::atomic::{AtomicUsize, Ordering};
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        static ANSWERS: Barrier = Barrier::new(2);
        let room = room(|_| {
            LOOKS.fetch_add(1, Ordering::SeqCst);
            ANSWERS.wait();
            Ok((1000, 10_000))
        });
        let folder = Path::new("/");
        for _ in 0..3 {
            // Given up as soon as it waits.
            assert!(timeout(Duration::ZERO, room.look(folder)).await.is_err());
        }
        ANSWERS.wait();
        assert_eq!(room.look(folder).await.unwrap(), (1000, 10_000));
        assert_eq!(LOOKS.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn of_storage_elsewhere_nobody_knows_how_much_is_free() {
        let room = Room::new(None, Some(u64::MAX), |_| Ok((0, 0)));
        assert!(room.reserve(1 << 40).await.is_ok());
    }
}

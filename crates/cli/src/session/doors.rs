//! The owner's side of the socket: other processes of the same user ask the engine through it.

use std::fs::{DirBuilder, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Error, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use huis_engine::Handle;
use huis_views::{Command, Event, Failure, Reply};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::idle::Idle;
use super::wire::{self, FROM_GUEST_BYTES, FromOwner, Lines, Question};
use crate::profile::Profile;

/// Guests beyond these are turned away.
const GUESTS: usize = 32;
/// A guest that does not read for this long is dropped; it comes back by itself.
const READS_WITHIN: Duration = Duration::from_secs(30);
/// What guests have begun may take this long when the owner ends.
const ENDS_WITHIN: Duration = Duration::from_secs(10);
/// The longest path that a socket's address holds everywhere (macOS: 104 bytes with the closing zero).
const LONGEST_PATH: usize = 103;

/// What a guest has ended for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The device was signed out.
    SignedOut,
    /// The profile is being locked.
    Locked,
}

/// The open socket.
pub(super) struct Doors {
    closing: watch::Sender<bool>,
    end: watch::Receiver<Option<End>>,
    accepting: JoinHandle<()>,
    idling: Option<JoinHandle<()>>,
    socket: PathBuf,
}

impl Doors {
    /// Opens the socket. The caller owns the profile, so whatever lies at its place is stale. Whoever comes in is a
    /// person's command, and so the profile is not idle.
    pub(super) fn open(profile: &Profile, handle: Handle, idle: Option<Idle>) -> Result<Self, Error> {
        let socket = socket_path(profile)?;
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&socket)?;
        // The folder is its owner's alone already; this is the second bolt.
        std::fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        let (closing, close) = watch::channel(false);
        let (ending, end) = watch::channel(None);
        let idling = idle.clone().map(|idle| tokio::spawn(lock_when_idle(idle, profile.clone(), ending.clone())));
        let accepting = tokio::spawn(accept(listener, handle, close, ending, idle));
        Ok(Self { closing, end, accepting, idling, socket })
    }

    /// Where it is.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Resolves when a guest has signed this device out or locks it, with the event that says so.
    pub(super) async fn ended(&mut self) -> Event {
        match becomes(&mut self.end, |end| end.is_some()).await {
            Some(End::Locked) => Event::Stopped { failure: Some(Failure::Locked) },
            _ => Event::SessionEnded,
        }
    }

    /// Resolves when a guest locks the profile.
    pub(super) async fn locked(&mut self) {
        becomes(&mut self.end, |end| *end == Some(End::Locked)).await;
    }

    /// Lets nobody in any more, lets guests end what they began, and removes the socket.
    pub(super) async fn close(self) {
        // Nobody can come between this and the end: the lock is still held.
        let _ = std::fs::remove_file(&self.socket);
        if let Some(folder) = self.socket.parent() {
            // The short folder of a long path is empty without it; a profile never is, and stays.
            let _ = std::fs::remove_dir(folder);
        }
        if let Some(idling) = self.idling {
            // This process owns the profile no more, and locks nothing.
            idling.abort();
        }
        self.closing.send_replace(true);
        let abort = self.accepting.abort_handle();
        if timeout(ENDS_WITHIN, self.accepting).await.is_err() {
            abort.abort();
        }
    }
}

/// Puts all guests out when nobody has asked for anything for long, as where one of them locks the profile: also while
/// this process waits for whoever reads its output.
async fn lock_when_idle(idle: Idle, profile: Profile, ending: watch::Sender<Option<End>>) {
    idle.is_over().await;
    if let Err(stop) = profile.mark_lock() {
        tracing::warn!(?stop, "the lock was not marked");
    }
    ending.send_replace(Some(End::Locked));
}

async fn accept(
    listener: UnixListener,
    handle: Handle,
    mut closing: watch::Receiver<bool>,
    ending: watch::Sender<Option<End>>,
    idle: Option<Idle>,
) {
    let mut guests = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = becomes(&mut closing, |closing| *closing) => break,
            Some(_) = guests.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((mut stream, _)) if guests.len() >= GUESTS => {
                let _ = timeout(READS_WITHIN, wire::say(&mut stream, &FromOwner::Full)).await;
            }
            Ok((stream, _)) => {
                if let Some(idle) = &idle {
                    idle.is_used();
                }
                let guest = serve_guest(stream, handle.clone(), closing.clone(), ending.clone());
                guests.spawn(async move {
                    // A guest that goes away is no fault.
                    if let Err(error) = guest.await {
                        tracing::debug!(%error, "a guest was dropped");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no guest can be let in");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    while guests.join_next().await.is_some() {}
}

async fn serve_guest(
    mut stream: UnixStream,
    handle: Handle,
    mut closing: watch::Receiver<bool>,
    ending: watch::Sender<Option<End>>,
) -> Result<(), Error> {
    let (from, mut to) = stream.split();
    let mut lines = Lines::new(from, FROM_GUEST_BYTES);
    // Before the greeting: whatever happens after a guest was greeted, it hears of.
    let mut events = handle.subscribe();
    let mut end = ending.subscribe();
    let hello = FromOwner::Hello { protocol: wire::PROTOCOL, version: env!("CARGO_PKG_VERSION").into() };
    timeout(READS_WITHIN, wire::say(&mut to, &hello)).await??;
    loop {
        let said = tokio::select! {
            biased;
            _ = becomes(&mut end, |end| *end == Some(End::Locked)) => {
                let locked = Event::Stopped { failure: Some(Failure::Locked) };
                timeout(READS_WITHIN, wire::say(&mut to, &FromOwner::Event(locked))).await??;
                FromOwner::Closing
            }
            _ = becomes(&mut closing, |closing| *closing) => FromOwner::Closing,
            question = lines.next::<Question>() => match question? {
                None => return Ok(()),
                Some(question) => answer(question, &handle, &ending).await,
            },
            event = events.next() => FromOwner::Event(event),
        };
        timeout(READS_WITHIN, wire::say(&mut to, &said)).await??;
        if matches!(said, FromOwner::Closing | FromOwner::Event(Event::Stopped { .. })) {
            return Ok(());
        }
    }
}

/// Resolves with the first value that is `wanted`; never, if nobody can give one any more.
async fn becomes<T: Copy>(watched: &mut watch::Receiver<T>, wanted: impl Fn(&T) -> bool) -> T {
    // The borrow must be over before anything is waited for.
    let value = watched.wait_for(wanted).await.ok().map(|value| *value);
    match value {
        Some(value) => value,
        None => std::future::pending().await,
    }
}

async fn answer(
    Question { number, command }: Question,
    handle: &Handle,
    ending: &watch::Sender<Option<End>>,
) -> FromOwner {
    // The owner ends its own command and then the engine.
    if matches!(command, Command::Lock) {
        ending.send_replace(Some(End::Locked));
        return FromOwner::Reply { question: number, reply: Box::new(Reply::Done) };
    }
    match handle.command(command).await {
        Ok(reply) => {
            if matches!(reply, Reply::SignedOut { .. }) {
                ending.send_replace(Some(End::SignedOut));
            }
            FromOwner::Reply { question: number, reply: Box::new(reply) }
        }
        Err(failure) => FromOwner::Failure { question: number, failure },
    }
}

/// In the profile; where that path is too long for a socket, in a folder of its own with a short path.
fn socket_path(profile: &Profile) -> Result<PathBuf, Error> {
    let beside = profile.socket();
    if beside.as_os_str().as_bytes().len() <= LONGEST_PATH {
        return Ok(beside);
    }
    let mut hasher = DefaultHasher::new();
    profile.folder().hash(&mut hasher);
    let owner = std::fs::metadata(profile.folder())?.uid();
    let name = format!("huis-{owner}-{:016x}", hasher.finish());
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let base = runtime.filter(|path| path.as_os_str().len() + name.len() + 8 <= LONGEST_PATH);
    let folder = base.unwrap_or_else(|| "/tmp".into()).join(name);
    private_folder(&folder, owner)?;
    Ok(folder.join("socket"))
}

/// Makes a folder that is its owner's alone, or checks that it is.
fn private_folder(folder: &Path, owner: u32) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Somebody else may have been there first, in a folder that all may write to; a link would lead elsewhere.
    let found = std::fs::symlink_metadata(folder)?;
    if found.is_dir() && found.uid() == owner && found.mode() & 0o077 == 0 {
        Ok(())
    } else {
        let reason = format!("{} is not a folder of this user alone; remove it", folder.display());
        Err(Error::new(ErrorKind::PermissionDenied, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_a_short_socket_in_a_private_folder() {
        let base = tempfile::tempdir().unwrap();
        let near = Profile::in_folder(Some(base.path().join("p"))).unwrap();
        near.create().unwrap();
        assert_eq!(socket_path(&near).unwrap(), near.socket());
        let far = Profile::in_folder(Some(base.path().join("x".repeat(120)))).unwrap();
        far.create().unwrap();
        let socket = socket_path(&far).unwrap();
        assert!(socket.as_os_str().len() <= LONGEST_PATH);
        assert_eq!(socket_path(&far).unwrap(), socket);
        let folder = socket.parent().unwrap();
        assert_eq!(std::fs::metadata(folder).unwrap().mode() & 0o777, 0o700);
        std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        assert!(socket_path(&far).is_err());
        std::fs::remove_dir(folder).unwrap();
        std::os::unix::fs::symlink(base.path(), folder).unwrap();
        assert!(socket_path(&far).is_err());
        std::fs::remove_file(folder).unwrap();
    }
}

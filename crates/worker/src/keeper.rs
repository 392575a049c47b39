//! Keeps the database: one tab has it at a time, it is locked when nobody is there, and what the browser lost is said.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use huis_engine::web::{self, OwnFiles, Storage, StorageError};
use huis_engine::{DatabaseKey, Events, Handle, LockedKeyError, StartError};
use huis_proto::rest::Secret;
use huis_views::{Command, Event, Failure, FromWorker, Missing, Reply, Standing, ToWorker};
use tokio::sync::{mpsc, oneshot};
use wasm_bindgen_futures::spawn_local;

use crate::device::{self, Device, Found, Owner, Trouble};
use crate::hand::Hand;
use crate::page::Page;
use crate::platform::{Platform, said};

/// How long a tab that was asked for the database may take to let go.
const PATIENCE_MS: f64 = 10_000.0;
/// How often it is looked whether anybody is there.
const LOOK: Duration = Duration::from_secs(30);
/// How often files that are in use are tried again, and how long after.
const TRIES: u32 = 50;
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// Questions of the page that are worked on at the same time.
const AT_ONCE: u32 = 256;

/// What the keeper is told.
pub(crate) enum Input {
    /// The page said something.
    Page(ToWorker),
    /// The page hands something over that is no text.
    Hand(Hand),
    /// Another tab wants the database.
    AskedToLetGo,
}

pub(crate) struct Keeper {
    page: Page,
    platform: Platform,
    inputs: mpsc::Receiver<Input>,
}

/// Why a running engine was ended.
enum End {
    /// Another tab has the database from here on.
    LetGo,
    Lock,
    /// What the page hears when nothing is left here.
    SignedOut(FromWorker),
    /// By itself, which it does not do; the page was told.
    Stopped,
}

/// How the wait for the password ended.
enum Unlocked {
    With(Device),
    /// The database was given up.
    ByForgetting,
    /// Another tab wants it.
    No,
}

/// What a command says of the password, once it is done.
struct Signing {
    password: Secret,
    stays: Option<bool>,
    /// For a renewal: the password so far, which counts where the new one does not.
    old: Option<Secret>,
}

impl Keeper {
    pub(crate) fn new(page: Page, platform: Platform, inputs: mpsc::Receiver<Input>) -> Self {
        Self { page, platform, inputs }
    }

    /// Works as long as the page is there.
    pub(crate) async fn live(mut self) {
        let mut patience = 0.0;
        loop {
            match self.platform.hold(patience).await {
                Ok(held) if held.is_truthy() => {
                    self.have().await;
                    self.platform.release();
                    self.page.standing(Standing::TakenOver);
                }
                Ok(_) => self.page.standing(Standing::Elsewhere),
                Err(error) => self.page.standing(unable(Missing::Other, said(&error))),
            }
            loop {
                match self.inputs.recv().await {
                    Some(Input::Page(ToWorker::TakeOver)) => break,
                    Some(Input::Page(other)) => self.decline(&other),
                    Some(Input::Hand(hand)) => hand.refuse(&Failure::Stopped),
                    Some(Input::AskedToLetGo) => {}
                    None => return,
                }
            }
            self.platform.ask();
            patience = PATIENCE_MS;
        }
    }

    /// Has the database, until another tab asks for it.
    async fn have(&mut self) {
        self.page.standing(Standing::Opening);
        let storage = match storage().await {
            Ok(storage) => storage,
            Err(error) => {
                self.page.standing(not_to_be_had(error));
                return self.until_asked().await;
            }
        };
        loop {
            let device = match self.find(&storage).await {
                Ok(Found::Open(device)) if device.owner.is_idle() => match self.lock(device).await {
                    Ok(owner) => Ok(Found::Locked(owner)),
                    Err(reason) => Err(Trouble::NotNow(reason)),
                },
                found => found,
            };
            let device = match device {
                Ok(Found::Open(device)) => device,
                Ok(Found::GivenUp) => match self.erase(&storage).await {
                    Ok(()) => continue,
                    Err(reason) => {
                        self.page.standing(unable(Missing::Other, reason));
                        self.until_asked().await;
                        break;
                    }
                },
                Ok(Found::Nothing) => match self.begin().await {
                    Ok(device) => device,
                    Err(reason) => {
                        self.page.standing(unable(Missing::Other, reason));
                        self.until_asked().await;
                        break;
                    }
                },
                Ok(Found::Locked(owner)) => match self.until_unlocked(owner, &storage).await {
                    Unlocked::With(device) => device,
                    Unlocked::ByForgetting => continue,
                    Unlocked::No => break,
                },
                Err(Trouble::Lost(reason)) => {
                    self.page.standing(Standing::Lost { reason });
                    if !self.until_begun_anew(&storage).await {
                        break;
                    }
                    continue;
                }
                Err(Trouble::NotNow(reason)) => {
                    self.page.standing(unable(Missing::Other, reason));
                    self.until_asked().await;
                    break;
                }
            };
            let files = OwnFiles::beside(&device.key);
            let (handle, events, run) = match web::start(&storage, copy(&device.key), &files) {
                Ok(started) => started,
                Err(error) => {
                    let lost = is_damage(&error);
                    self.page.standing(match error {
                        StartError::NewerSchema { .. } => unable(Missing::NewerVersion, error.to_string()),
                        _ if lost => Standing::Lost { reason: error.to_string() },
                        _ => unable(Missing::Other, error.to_string()),
                    });
                    if lost && self.until_begun_anew(&storage).await {
                        continue;
                    }
                    if !lost {
                        self.until_asked().await;
                    }
                    break;
                }
            };
            let (device, end) = self.serve(device, handle, files, events, run).await;
            if !matches!(end, End::SignedOut(_) | End::Stopped) {
                self.page.standing(Standing::Opening);
            }
            match end {
                End::LetGo => break,
                End::Stopped => {
                    self.until_asked().await;
                    break;
                }
                End::Lock => {
                    if let Err(reason) = self.lock(device).await {
                        // Opened again it would look locked to nobody and be open to everybody.
                        self.page.standing(unable(Missing::Other, reason));
                        self.until_asked().await;
                        break;
                    }
                }
                End::SignedOut(answer) => {
                    let erased = self.erase(&storage).await;
                    // Once everything is gone, and before the page forgets that it asked.
                    self.page.say(&answer);
                    self.page.standing(Standing::Opening);
                    if let Err(reason) = erased {
                        self.page.standing(unable(Missing::Other, reason));
                    }
                }
            }
        }
        if let Err(error) = storage.close() {
            self.page.standing(unable(Missing::Other, error.to_string()));
        }
    }

    /// What is kept, once it was looked whether key and database are both there.
    async fn find(&self, storage: &Storage) -> Result<Found, Trouble> {
        let found = device::find(&self.platform).await?;
        let has_database = storage.has_database().map_err(|error| Trouble::NotNow(error.to_string()))?;
        let owner = match &found {
            Found::Nothing if has_database => return Err(Trouble::Lost("the database's key is gone".into())),
            Found::Nothing | Found::GivenUp => return Ok(found),
            Found::Open(device) => &device.owner,
            Found::Locked(owner) => owner,
        };
        // Where nobody had signed in there is nothing to miss.
        if !has_database && owner.username.is_some() {
            return Err(Trouble::Lost("the database is gone".into()));
        }
        Ok(found)
    }

    async fn begin(&self) -> Result<Device, String> {
        let device = Device::fresh();
        // The key first: a database without its key would be lost.
        device.keep(&self.platform).await?;
        Ok(device)
    }

    async fn lock(&self, device: Device) -> Result<Owner, String> {
        let owner = device.owner;
        let Some(sealed) = owner.sealed.as_deref() else { return Err("nobody is signed in here".into()) };
        let username = owner.username.as_deref().map_or(wasm_bindgen::JsValue::UNDEFINED, Into::into);
        let locked = self.platform.lock(sealed.into(), username, owner.stays).await;
        locked.map_err(|error| said(&error))?;
        Ok(owner)
    }

    async fn erase(&self, storage: &Storage) -> Result<(), String> {
        // The key first: without it nothing reads what may be left of the database.
        self.platform.give_up().await.map_err(|error| said(&error))?;
        storage.erase().map_err(|error| error.to_string())?;
        OwnFiles::erase().await;
        self.platform.forget().await.map(drop).map_err(|error| said(&error))
    }

    /// Waits for the password.
    async fn until_unlocked(&mut self, owner: Owner, storage: &Storage) -> Unlocked {
        let mut failure = None;
        loop {
            let username = owner.username.clone();
            self.page.standing(Standing::Locked { username, failure: failure.take() });
            failure = Some(match self.inputs.recv().await {
                Some(Input::AskedToLetGo) | None => return Unlocked::No,
                Some(Input::Page(ToWorker::Unlock { password })) => match self.unlock(&owner, &password).await {
                    Ok(device) => return Unlocked::With(device),
                    Err(why) => why,
                },
                Some(Input::Page(ToWorker::BeginAnew)) => match self.erase(storage).await {
                    Ok(()) => return Unlocked::ByForgetting,
                    Err(reason) => Failure::Internal { reason },
                },
                Some(Input::Page(other)) => {
                    self.decline(&other);
                    continue;
                }
                Some(Input::Hand(hand)) => {
                    hand.refuse(&Failure::Stopped);
                    continue;
                }
            });
        }
    }

    async fn unlock(&self, owner: &Owner, password: &Secret) -> Result<Device, Failure> {
        let sealed = owner.sealed.as_deref().unwrap_or_default();
        let key = DatabaseKey::unlock(sealed, password).map_err(|error| match error {
            LockedKeyError::WrongPassword => Failure::WrongPassword,
            LockedKeyError::Unreadable(reason) => Failure::Database { reason },
        })?;
        let owner = Owner { attended_at: js_sys::Date::now(), ..owner.clone() };
        let device = Device { key, owner };
        device.keep(&self.platform).await.map_err(|reason| Failure::Internal { reason })?;
        Ok(device)
    }

    /// Waits until a person lets go of what is lost. False where another tab asks for the database.
    async fn until_begun_anew(&mut self, storage: &Storage) -> bool {
        loop {
            match self.inputs.recv().await {
                Some(Input::Page(ToWorker::BeginAnew)) => match self.erase(storage).await {
                    Ok(()) => return true,
                    Err(reason) => self.page.standing(Standing::Lost { reason }),
                },
                Some(Input::Page(other)) => self.decline(&other),
                Some(Input::Hand(hand)) => hand.refuse(&Failure::Stopped),
                Some(Input::AskedToLetGo) | None => return false,
            }
        }
    }

    async fn until_asked(&mut self) {
        loop {
            match self.inputs.recv().await {
                Some(Input::Page(other)) => self.decline(&other),
                Some(Input::Hand(hand)) => hand.refuse(&Failure::Stopped),
                Some(Input::AskedToLetGo) | None => return,
            }
        }
    }

    /// There is no engine to ask.
    fn decline(&self, said: &ToWorker) {
        if let ToWorker::Ask { number, .. } = said {
            self.page.say(&FromWorker::Answer { number: *number, answer: Err(Failure::Stopped) });
        }
    }

    /// Passes questions, answers and events on, until there is a reason to end.
    async fn serve(
        &mut self,
        mut device: Device,
        handle: Handle,
        files: OwnFiles,
        mut events: Events,
        run: LocalBoxFuture<'static, ()>,
    ) -> (Device, End) {
        let (ended, mut has_ended) = oneshot::channel();
        spawn_local(async move {
            run.await;
            // The keeper waits for it, or is gone with the page.
            let _ = ended.send(());
        });
        self.page.standing(Standing::Open);
        device.owner.attended_at = js_sys::Date::now();
        let mut signings: FuturesUnordered<LocalBoxFuture<'static, (Signing, FromWorker)>> = FuturesUnordered::new();
        let asked = Rc::new(Cell::new(0_u32));
        let mut look = Box::pin(web::sleep(LOOK));
        let end = loop {
            tokio::select! {
                input = self.inputs.recv() => match input {
                    Some(Input::Page(ToWorker::Ask { number, command })) => {
                        if matches!(*command, Command::Attend) {
                            self.attended(&mut device).await;
                        }
                        let page = self.page.clone();
                        if asked.get() >= AT_ONCE {
                            page.say(&FromWorker::Answer { number, answer: Err(Failure::Busy) });
                            continue;
                        }
                        asked.set(asked.get() + 1);
                        let (handle, asked, signing) = (handle.clone(), asked.clone(), signing(&command));
                        let answering = async move {
                            let answer = handle.command(*command).await.map(Box::new);
                            asked.set(asked.get() - 1);
                            FromWorker::Answer { number, answer }
                        };
                        match signing {
                            Some(signing) => {
                                signings.push(Box::pin(async move { (signing, answering.await) }));
                            }
                            None => spawn_local(async move { page.say(&answering.await) }),
                        }
                    }
                    Some(Input::Page(ToWorker::Lock)) if device.owner.sealed.is_some() => break End::Lock,
                    // Also a second wish to begin anew: what is open is not given up by an impatient finger.
                    Some(Input::Page(_)) => {}
                    Some(Input::Hand(hand)) if asked.get() >= AT_ONCE => hand.refuse(&Failure::Busy),
                    Some(Input::Hand(hand)) => {
                        asked.set(asked.get() + 1);
                        let (asked, carried) = (asked.clone(), hand.carry_out(handle.clone(), files.clone()));
                        spawn_local(async move {
                            carried.await;
                            asked.set(asked.get() - 1);
                        });
                    }
                    Some(Input::AskedToLetGo) | None => break End::LetGo,
                },
                event = events.next() => {
                    let has_stopped = matches!(event, Event::Stopped { .. });
                    self.page.say(&FromWorker::Event(event));
                    if has_stopped {
                        break End::Stopped;
                    }
                }
                Some((signing, answer)) = signings.next() => {
                    let FromWorker::Answer { answer: Ok(reply), .. } = &answer else {
                        self.page.say(&answer);
                        continue;
                    };
                    if matches!(**reply, Reply::SignedOut { .. }) {
                        break End::SignedOut(answer);
                    }
                    // Before the page hears it: a page that is closed at once leaves a device that can be locked.
                    self.signed_in(&mut device, signing, reply).await;
                    self.page.say(&answer);
                }
                () = &mut look => {
                    if device.owner.is_idle() {
                        break End::Lock;
                    }
                    look = Box::pin(web::sleep(LOOK));
                }
            }
        };
        // Closes the database; that it was closed already is as good.
        let _ = handle.command(Command::Lock).await;
        let _ = (&mut has_ended).await;
        files.close();
        (device, end)
    }

    async fn attended(&self, device: &mut Device) {
        device.owner.attended_at = js_sys::Date::now();
        // What is not kept only locks sooner.
        let _ = self.platform.attended(device.owner.attended_at).await;
    }

    /// From here on the password opens the key when it is locked.
    async fn signed_in(&self, device: &mut Device, signing: Signing, reply: &Reply) {
        let password = match (reply, &signing.old) {
            (Reply::IdentityRenewed { new_password_counts: false, .. }, Some(old)) => old,
            _ => &signing.password,
        };
        if let Reply::Registered { profile, .. } | Reply::SignedIn { profile, .. } = reply {
            device.owner.username = Some(profile.username.clone());
        }
        if let Some(stays) = signing.stays {
            device.owner.stays = stays;
        }
        device.owner.attended_at = js_sys::Date::now();
        let kept = match device.seal(password) {
            Ok(()) => device.keep(&self.platform).await,
            Err(reason) => Err(reason),
        };
        if let Err(reason) = kept {
            // The browser does not keep what it is told to keep; what comes next would be lost.
            self.page.standing(unable(Missing::Other, reason));
        }
    }
}

/// What this command says of the password, once it is done.
fn signing(command: &Command) -> Option<Signing> {
    let with = |password: &Secret, stays| Some(Signing { password: password.clone(), stays, old: None });
    match command {
        Command::Register(wish) => with(&wish.password, Some(wish.stay_signed_in)),
        Command::SignIn(wish) => with(&wish.password, Some(wish.stay_signed_in)),
        Command::Recover(wish) => with(&wish.password, Some(wish.stay_signed_in)),
        Command::ChangePassword(wish) => with(&wish.new, None),
        Command::RenewIdentity(wish) => {
            Some(Signing { password: wish.new.clone(), stays: None, old: Some(wish.old.clone()) })
        }
        Command::SignOut(_) => with(&Secret::new(String::new()), None),
        Command::WithSecondFactor { command, .. } => signing(command),
        _ => None,
    }
}

/// The page's files. The worker of a page that was just left may have them open for a moment yet.
async fn storage() -> Result<Storage, StorageError> {
    for _ in 0..TRIES {
        match Storage::open().await {
            Err(StorageError::InUse(_)) => web::sleep(TRY_AGAIN).await,
            opened => return opened,
        }
    }
    Storage::open().await
}

fn copy(key: &DatabaseKey) -> DatabaseKey {
    DatabaseKey::from_bytes(*key.expose())
}

/// Whether the database will never open again. What else keeps it from opening, such as a full disk, may pass, and
/// nobody is asked to give it up for that.
fn is_damage(error: &StartError) -> bool {
    matches!(error, StartError::WrongKey | StartError::Damaged(_))
}

fn unable(missing: Missing, reason: String) -> Standing {
    Standing::Unable { missing, reason }
}

fn not_to_be_had(error: StorageError) -> Standing {
    let reason = error.to_string();
    match error {
        StorageError::Unsupported(_) => unable(Missing::Files, reason),
        StorageError::Damaged(_) => Standing::Lost { reason },
        StorageError::InUse(_) | StorageError::Failed(_) => unable(Missing::Other, reason),
    }
}

//! `huis lock` and `huis unlock`.

use clap::Args;
use huis_views::Command;

use super::{Context, done};
use crate::outcome::{Outcome, Stop};
use crate::passwords::PasswordArgs;
use crate::printer::note;
use crate::session::Session;

/// Put this device under lock and key, without signing it out
///
/// The key of its database is sealed under your password, and whatever runs on the profile ends. Each command then asks
/// for the password, or takes it from HUIS_PASSWORD, until `huis unlock`. Nothing is lost: what waits to be sent goes out
/// later, and what comes meanwhile waits at the server. The password is checked with the server where it can be reached.
///
/// Who forgets the password cannot open the profile: `huis recover` then makes another one.
#[derive(Debug, Args)]
pub(crate) struct Lock {
    #[command(flatten)]
    password: PasswordArgs,
}

/// Open a device that was locked
///
/// It is the password that counted when the device was locked.
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    #[command(flatten)]
    password: PasswordArgs,
}

impl Lock {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let profile = &context.profile;
        if profile.is_locked() {
            // Whatever was let in by the password is put out.
            let _held = Session::take_over(profile).await?;
            profile.mark_lock()?;
            profile.finish_locking()?;
            return context.printer.remark("It was locked; whatever ran on it has ended.");
        }
        let mut session = Session::open(profile).await?;
        let checked = match self.password.twice() {
            Ok(password) => {
                check(&mut session, Command::CheckPassword { password: password.clone() }).await.map(|()| password)
            }
            Err(stop) => Err(stop),
        };
        session.close().await;
        let password = checked?;
        let held = Session::take_over(profile).await?;
        profile.lock_key(&held, &password)?;
        context.printer.remark("Locked. Each command asks for the password, until `huis unlock`.")
    }
}

/// Asks the server whether it is the password. A mistyped one would lock its owner out.
async fn check(session: &mut Session, command: Command) -> Outcome {
    match session.ask(command).await {
        Ok(reply) => done(reply),
        Err(Stop::Failed(fault)) if fault.is("wrong-password") => Err(Stop::Failed(fault)),
        // Whoever locks wants the key away now, whatever the server has to say.
        Err(_) => {
            note("the server did not check the password; it is taken as you gave it");
            Ok(())
        }
    }
}

impl Unlock {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let profile = &context.profile;
        if !profile.is_in_use() {
            return Session::open(profile).await.map(drop);
        }
        if !profile.is_locked() {
            return context.printer.remark("It is not locked.");
        }
        profile.unlock_key(&self.password.known()?)?;
        note(&profile.key_warning());
        context.printer.remark("Unlocked.")
    }
}

//! `huis second-factor`.

use std::io::IsTerminal;

use clap::{Args, Subcommand};
use huis_proto::rest::Secret;
use huis_views::{Command, FinishSecondFactor, Reply, SecondFactorBegun};
use serde::Serialize;

use super::Context;
use crate::outcome::{Outcome, Stop};
use crate::passwords::{PasswordArgs, SecondFactorArgs, line, prompted};
use crate::printer::note;

/// Ask for a code of an authenticator wherever your account is opened
///
/// With a second factor, a sign-in, a recovery and whatever else opens the vault need the password and a code that changes every
/// 30 seconds (TOTP, RFC 6238). Devices that are signed in go on.
#[derive(Debug, Args)]
pub(crate) struct SecondFactor {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Set an authenticator up
    ///
    /// Shows its secret as a QR code, an address and text, and asks for a code that the authenticator makes from it; only
    /// then the second factor counts. Shows ten recovery codes once: write them down. Each stands once for a code, where the
    /// authenticator is lost; the recovery key does not. Without a terminal the code is read from the standard input, from the
    /// line behind the password's.
    Enable {
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Say whether the account has a second factor, and how many recovery codes are left
    Status,
    /// Make ten other recovery codes in place of those that are left
    Codes {
        #[command(flatten)]
        password: PasswordArgs,

        #[command(flatten)]
        code: SecondFactorArgs,
    },
    /// Take the second factor off your account
    Disable {
        #[command(flatten)]
        password: PasswordArgs,

        #[command(flatten)]
        code: SecondFactorArgs,
    },
}

#[derive(Serialize)]
struct BegunLine {
    secret: Secret,
    address: Secret,
}

#[derive(Serialize)]
struct CodesLine {
    recovery_codes: Vec<Secret>,
}

#[derive(Serialize)]
struct StatusLine {
    enabled: bool,
    codes_left: u32,
}

/// A mistyped code is asked for again this often.
const TRIES: usize = 3;

impl SecondFactor {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        if !context.profile.is_in_use() {
            // Nobody is asked for a password in vain.
            return context.with_session(async |_| Ok(())).await;
        }
        match self.what {
            What::Enable { password } => enable(context, password).await,
            What::Status => {
                let reply = context.with_session(async |session| session.ask(Command::SecondFactor).await).await?;
                let Reply::SecondFactor { enabled, codes_left } = reply else { return Err(Stop::unexpected(&reply)) };
                context.printer.thing(&StatusLine { enabled, codes_left }, || match enabled {
                    true => format!("Your account has a second factor; {codes_left} recovery codes are left."),
                    false => "Your account has no second factor.".into(),
                })
            }
            What::Codes { password, code } => {
                let password = password.known()?;
                let command = Command::RenewRecoveryCodes { password: password.clone() };
                let reply =
                    context.with_session_by(|| Ok(password), async |session| code.ask(session, command).await).await?;
                print_codes(context, reply, "Other recovery codes, in place of those before, shown this once:")
            }
            What::Disable { password, code } => {
                let password = password.known()?;
                let command = Command::DisableSecondFactor { password: password.clone() };
                let reply =
                    context.with_session_by(|| Ok(password), async |session| code.ask(session, command).await).await?;
                super::done(reply)?;
                let line = StatusLine { enabled: false, codes_left: 0 };
                context.printer.thing(&line, || "Your account has no second factor any more.".into())
            }
        }
    }
}

async fn enable(context: &Context, password: PasswordArgs) -> Outcome {
    let given = password.known()?;
    let reply = context
        .with_session_by(
            || Ok(given.clone()),
            async |session| {
                let reply = session.ask(Command::SecondFactor).await?;
                if let Reply::SecondFactor { enabled: true, .. } = reply {
                    let advice = "for another authenticator, take it off first: huis second-factor disable";
                    return Err(Stop::failed("state-conflict", "your account has a second factor already", advice));
                }
                let begin = Command::BeginSecondFactor { password: given.clone() };
                let Reply::SecondFactorBegun(begun) = session.ask(begin).await? else {
                    return Err(Stop::failed("internal", "the engine began no second factor", ""));
                };
                print_begun(context, &begun)?;
                let mut tries = 0;
                loop {
                    let code = typed_code()?;
                    let (ticket, state) = (begun.ticket.clone(), begun.state.clone());
                    let finish = Command::FinishSecondFactor(FinishSecondFactor { ticket, state, code });
                    tries += 1;
                    match session.ask(finish).await {
                        Err(Stop::Failed(fault))
                            if fault.is("wrong-second-factor") && tries < TRIES && std::io::stdin().is_terminal() =>
                        {
                            note("that is no code of this secret; take the next one");
                        }
                        answer => return answer,
                    }
                }
            },
        )
        .await?;
    print_codes(context, reply, "The second factor counts. Recovery codes, shown this once:")
}

fn typed_code() -> Outcome<Secret> {
    if std::io::stdin().is_terminal() {
        return prompted("code", "Code that the authenticator shows: ");
    }
    let code = line(std::io::stdin().lock(), "code")?;
    if code.expose().is_empty() {
        let why = "the code that the authenticator shows is needed on the standard input, or a terminal to ask for it";
        return Err(Stop::Usage(why.into()));
    }
    Ok(code)
}

fn print_begun(context: &Context, begun: &SecondFactorBegun) -> Outcome {
    let line = BegunLine { secret: begun.secret.clone(), address: begun.address.clone() };
    context.printer.thing(&line, || {
        let lines: Vec<String> = begun.code.lines.iter().map(|line| line.expose().into()).collect();
        format!(
            "For your authenticator to scan:\n\n{}\n\nor to open:\n\n    {}\n\nor to type:\n\n    {}\n",
            huis_texts::drawn_code(&lines).join("\n"),
            line.address.expose(),
            line.secret.expose()
        )
    })
}

fn print_codes(context: &Context, reply: Reply, said: &str) -> Outcome {
    let Reply::RecoveryCodes(recovery_codes) = reply else { return Err(Stop::unexpected(&reply)) };
    let line = CodesLine { recovery_codes };
    context.printer.thing(&line, || {
        let codes: Vec<_> = line.recovery_codes.iter().map(|code| format!("    {}", code.expose())).collect();
        format!(
            "{said}\n\n{}\n\nEach stands once for a code of the authenticator. Write them down and keep them away from it.",
            codes.join("\n")
        )
    })
}

//! Second factors, between the devices of an account and between their commands.

use hmac::{Hmac, Mac as _};
use huis_proto::rest::Secret;
use huis_testkit::{Device, PASSWORD, World, story};
use huis_views::{Command, Failure, FinishSecondFactor, Notice, Reply, SignOut};
use sha1::Sha1;

use crate::nobody_is_alarmed;

/// What an authenticator with this secret shows at this time (RFC 6238).
fn code_at(base32: &Secret, now_ms: u64) -> Secret {
    let digit = |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == c).unwrap() as u64;
    let groups = base32.expose().as_bytes().chunks_exact(8);
    let secret: Vec<u8> = groups
        .flat_map(|group| group.iter().fold(0, |bits, c| bits << 5 | digit(*c)).to_be_bytes()[3..].to_vec())
        .collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(&secret).unwrap();
    mac.update(&(now_ms / 30_000).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    let number = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    Secret::new(format!("{:06}", number % 1_000_000))
}

/// Turns it on; gives the recovery codes.
async fn enables(world: &World, device: &Device) -> Vec<Secret> {
    let begin = Command::BeginSecondFactor { password: Secret::new(PASSWORD) };
    let Reply::SecondFactorBegun(begun) = device.command(begin).await else { panic!("not begun") };
    let code = code_at(&begun.secret, world.now_ms());
    let finish = FinishSecondFactor { ticket: begun.ticket, state: begun.state, code };
    let Reply::RecoveryCodes(codes) = device.command(Command::FinishSecondFactor(finish)).await else {
        panic!("not finished")
    };
    codes
}

fn with(code: &Secret, command: Command) -> Command {
    Command::WithSecondFactor { code: code.clone(), command: Box::new(command) }
}

/// What needs password and second factor, and nothing else.
fn makes_codes() -> Command {
    Command::RenewRecoveryCodes { password: Secret::new(PASSWORD) }
}

#[test]
fn the_accounts_other_devices_hear_that_it_was_turned_on_and_off() {
    story(async |world| {
        let ann = world.account("ann").await;
        let tablet = world.another_device_of(&ann).await;
        let codes = enables(&world, &ann).await;
        tablet.notices("it is on", |notice| *notice == Notice::SecondFactorChanged { enabled: true }).await;
        ann.command(with(&codes[0], Command::DisableSecondFactor { password: Secret::new(PASSWORD) })).await;
        tablet.notices("it is off", |notice| *notice == Notice::SecondFactorChanged { enabled: false }).await;
        // Neither who did it, nor who comes later.
        let phone = world.another_device_of(&ann).await;
        phone.has_settled().await;
        for device in [&ann, &phone] {
            let noticed = device.noticed().await;
            assert!(!noticed.iter().any(|notice| matches!(notice, Notice::SecondFactorChanged { .. })), "{noticed:?}");
        }
        nobody_is_alarmed(&[&ann, &tablet, &phone]).await;
    });
}

#[test]
fn whoever_signs_out_leaves_nothing_that_stands_for_a_code() {
    story(async |world| {
        let ann = world.account("ann").await;
        let codes = enables(&world, &ann).await;
        assert!(matches!(ann.tries(makes_codes()).await, Err(Failure::NeedsSecondFactor)));
        ann.command(with(&codes[0], makes_codes())).await;
        // What was given for the code stands for one.
        ann.command(makes_codes()).await;
        ann.has_settled().await;
        let sign_out = SignOut { password: None, recovery_key: None, discard_unsent: true };
        ann.command(Command::SignOut(sign_out)).await;
        assert_eq!(ann.signs_in_by(PASSWORD).await, Err(Failure::NeedsSecondFactor));
    });
}

#[test]
fn a_command_that_ends_leaves_the_code_of_another_one_that_goes_on() {
    story(async |world| {
        let ann = world.account("ann").await;
        let codes = enables(&world, &ann).await;
        // The first ends by one request, while the second signs in.
        let (quick, slow) = futures_util::join!(
            ann.tries(with(&codes[0], Command::SecondFactor)),
            ann.tries(with(&codes[1], makes_codes())),
        );
        assert!(quick.is_ok(), "{quick:?}");
        assert!(slow.is_ok(), "{slow:?}");
    });
}

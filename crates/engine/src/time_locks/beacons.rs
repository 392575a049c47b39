//! Locks of which a public randomness beacon keeps the share, and no server: the device asks for the round, by itself or through its
//! server, and takes nobody's word for it.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::{Either, select};
use huis_core::content::Content;
use huis_core::time_locks::{BeaconLock, BeaconSecret, SEALED_SECRET, SECRET, Timed, UnlockError};
use huis_proto::Bytes32;
use huis_proto::beacon::{ANSWER, BeaconRound, Chain, SIGNATURE, path_of};
use huis_proto::rest::ServerInfo;
use huis_views::Failure;
use rand::RngCore;

use super::commands::{Locking, invalid};
use super::{Answer, LATEST_MS, Who};
use crate::api::ApiError;
use crate::client::Client;
use crate::db::{LockRow, MessageRow};
use crate::platform;
use crate::ports::{HttpResponse, Method, TransportError};

/// A round is asked for so long after its time, in milliseconds: its members have to sign it, and relays to pass it on.
const PUBLISHED_WITHIN_MS: u64 = 1_500;
/// What one way of asking may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Files have to be at the server for so long, in milliseconds, behind the time at which they open.
const FETCHED_WITHIN_MS: u64 = 24 * 3_600_000;
/// Rounds that are remembered: what is locked for the same one asks nobody more than once.
const REMEMBERED: usize = 64;

/// Why nothing was sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BeaconFault {
    /// The chain did not sign the round so.
    Signature,
    /// Nothing opens: it was sealed for something else, or changed.
    Sealed,
    /// What computes it is not there, or the chain's key is none.
    NotAtHand,
}

/// Rounds of which the chain's signature was checked.
#[derive(Default)]
pub(crate) struct Rounds(VecDeque<(Bytes32, u64, [u8; SIGNATURE])>);

impl Rounds {
    fn of(&self, chain: &Chain, round: u64) -> Option<[u8; SIGNATURE]> {
        self.0.iter().find(|(hash, known, _)| *hash == chain.hash && *known == round).map(|(.., signature)| *signature)
    }

    fn learn(&mut self, chain: &Chain, round: u64, signature: [u8; SIGNATURE]) {
        if self.of(chain, round).is_some() {
            return;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((chain.hash, round, signature));
    }
}

impl Client {
    /// When a lock's share is asked for first, by the server's time.
    pub(super) fn asked_ms(&self, unlocks_ms: u64, chain: Option<&Bytes32>) -> u64 {
        match self.published_ms(unlocks_ms, chain) {
            Some(published_ms) => published_ms + PUBLISHED_WITHIN_MS,
            None => unlocks_ms,
        }
    }

    /// When a lock opens at the earliest.
    pub(crate) fn opens_ms(&self, lock: &LockRow) -> u64 {
        self.published_ms(lock.unlocks_ms, lock.chain.as_ref()).unwrap_or(lock.unlocks_ms)
    }

    fn published_ms(&self, unlocks_ms: u64, chain: Option<&Bytes32>) -> Option<u64> {
        let chain = self.beacons.chain(chain?)?;
        Some(chain.published_ms(chain.round_at(unlocks_ms)).min(LATEST_MS))
    }

    /// A fresh share, sealed for the round that is published at this time or next. Of files it is seen to that the server keeps
    /// them so long: of when they open it is told nothing.
    pub(super) async fn lock_by_beacon(&self, unlocks_at_ms: u64, brings_files: bool) -> Result<Locking, Failure> {
        let Some(chain) = self.beacons.chains.first() else {
            return Err(invalid("no beacon is set on this device, so that nothing can be locked by one"));
        };
        if brings_files {
            self.check_files_outlast(unlocks_at_ms).await?;
        }
        let (secret, sigma) = {
            let mut random = self.random.borrow_mut();
            let secret = BeaconSecret::random(&mut *random);
            let mut sigma = zeroize::Zeroizing::new([0; SECRET]);
            random.fill_bytes(&mut *sigma);
            (secret, sigma)
        };
        let sealed = platform::seal_for_round(chain, chain.round_at(unlocks_at_ms), &secret, &sigma).await;
        let sealed =
            sealed.map_err(|_| invalid("nothing could be sealed for the beacon; try again, or check how it is set"))?;
        let beacon = Some((BeaconLock { chain: chain.hash, sealed }, secret.share()));
        Ok(Locking { unlocks_at_ms, beacon })
    }

    async fn check_files_outlast(&self, unlocks_at_ms: u64) -> Result<(), Failure> {
        let server: ServerInfo = self.ask_openly(Method::Get, "/api/v1/server".to_owned(), None::<&()>).await?;
        let Some(files) = server.files else { return Ok(()) };
        let kept_until_ms = self.server_now_ms().saturating_add(files.retention_s.saturating_mul(1000));
        if unlocks_at_ms.saturating_add(FETCHED_WITHIN_MS) > kept_until_ms {
            return Err(invalid(
                "the server does not keep files for so long; choose an earlier time, or let the server keep the key",
            ));
        }
        Ok(())
    }

    /// Asks for the round that a lock waits for, one way behind the other, and opens the share with it.
    pub(super) async fn ask_for_round(
        &self,
        chain: &Bytes32,
        lock: &LockRow,
        message: &MessageRow,
        who: Who,
    ) -> Answer {
        let Some(chain) = self.beacons.chain(chain) else { return Answer::NotKnown };
        let sealed = match (&lock.beacon, Content::from_bytes(&message.content)) {
            (Some(beacon), _) => beacon.sealed,
            (None, Ok(Content::Timed(Timed { beacon: Some(beacon), .. }))) => beacon.sealed,
            _ => return Answer::Never(UnlockError::Sealed.to_string()),
        };
        let round = chain.round_at(lock.unlocks_ms);
        let known = self.rounds.borrow().of(chain, round);
        if let Some(signature) = known
            && let Some(answer) = self.tried(chain, round, &sealed, Ok(BeaconRound::new(round, &signature))).await
        {
            return answer;
        }
        for way in &self.beacons.ways {
            let asked = select(way.ask(path_of(&chain.hash, round)), self.clock.sleep(PATIENCE)).await;
            let said = match asked {
                Either::Left((answer, _)) => said(answer),
                Either::Right(_) => Err("it does not answer in time".to_owned()),
            };
            if let Some(answer) = self.tried(chain, round, &sealed, said).await {
                return answer;
            }
        }
        if who == Who::BeaconAlone {
            return Answer::Dark(None);
        }
        let path = format!("/api/v1/beacon/{}/{round}", chain.hash_in_hex());
        let said = self.get::<BeaconRound>(path).await;
        let again_s = said.as_ref().err().and_then(ApiError::retry_after_s);
        let said = said.map_err(|error| error.to_string());
        self.tried(chain, round, &sealed, said).await.unwrap_or(Answer::Dark(again_s))
    }

    /// None where somebody else is to be asked.
    async fn tried(
        &self,
        chain: &Chain,
        round: u64,
        sealed: &[u8; SEALED_SECRET],
        said: Result<BeaconRound, String>,
    ) -> Option<Answer> {
        let why = match said {
            Ok(said) => match said.signature_of(round) {
                Some(signature) => match platform::open_by_round(chain, round, &signature, sealed).await {
                    Ok(secret) => {
                        self.rounds.borrow_mut().learn(chain, round, signature);
                        return Some(Answer::Share(secret.share()));
                    }
                    Err(BeaconFault::Sealed) => {
                        self.rounds.borrow_mut().learn(chain, round, signature);
                        return Some(Answer::Never(UnlockError::Sealed.to_string()));
                    }
                    Err(BeaconFault::NotAtHand) => {
                        tracing::warn!(
                            round,
                            "the beacon gave the round, and what opens by it is not at hand; it is tried again"
                        );
                        return Some(Answer::Dark(None));
                    }
                    Err(BeaconFault::Signature) => "its signature is not the chain's".to_owned(),
                },
                None => "its answer is of another round, or has no signature".to_owned(),
            },
            Err(why) => why,
        };
        tracing::info!(round, why, "the beacon did not give the round yet");
        None
    }
}

/// What was answered, where it is of a beacon's form.
fn said(answer: Result<HttpResponse, TransportError>) -> Result<BeaconRound, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("it answered with status {}", answer.status));
    }
    if answer.body.len() > ANSWER {
        return Err("its answer is larger than a beacon's".to_owned());
    }
    serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_rounds_are_remembered_and_no_more() {
        let (chain, mut rounds) = (Chain::quicknet(), Rounds::default());
        for round in 0..=REMEMBERED as u64 {
            for _ in 0..2 {
                rounds.learn(&chain, round, [round as u8; SIGNATURE]);
            }
        }
        assert_eq!((rounds.of(&chain, 0), rounds.of(&chain, 1)), (None, Some([1; SIGNATURE])));
        assert_eq!(rounds.0.len(), REMEMBERED);
        assert_eq!(rounds.of(&Chain { hash: Bytes32([0; 32]), ..chain }, 1), None);
    }
}

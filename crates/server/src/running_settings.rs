//! The settings that can be changed while the server runs, as they count at this moment: what is configured, with what was set
//! in its place since. Kept in memory by each node, and read anew whenever they may have changed.

use std::sync::{PoisonError, RwLock};

use huis_proto::rest::RegistrationPolicy;
use huis_store::{Override, SharedStore, StoreResult};

use crate::config::{Changing, Config, Rates};

/// The settings of a node.
pub(crate) struct RunningSettings {
    configured: Config,
    counting: RwLock<Counting>,
    /// Held while they are read, so that what was read last is what was there last. In it is what was not good then, which is
    /// said once.
    reading: tokio::sync::Mutex<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counting {
    registration: RegistrationPolicy,
    rates: Rates,
}

impl RunningSettings {
    /// As they are configured.
    pub(crate) fn new(configured: Config) -> Self {
        let counting = RwLock::new(Counting::of(&configured));
        Self { configured, counting, reading: tokio::sync::Mutex::default() }
    }

    /// Reads what was set in place of the configured values.
    pub(crate) async fn read(&self, store: &SharedStore) -> StoreResult<()> {
        if self.configured.ignore_changed_settings {
            return Ok(());
        }
        let mut said = self.reading.lock().await;
        let (config, wrong) = with(&self.configured, &store.overrides().await?);
        if *said != wrong {
            wrong.iter().for_each(|wrong| tracing::error!("{wrong}"));
            *said = wrong;
        }
        let counting = Counting::of(&config);
        let before = std::mem::replace(&mut *self.counting.write().unwrap_or_else(PoisonError::into_inner), counting);
        if before != counting {
            tracing::info!(?counting, "settings that were changed while the server runs count");
        }
        Ok(())
    }

    /// Who may register.
    pub(crate) fn registration(&self) -> RegistrationPolicy {
        self.counting().registration
    }

    /// How often may be asked.
    pub(crate) fn rates(&self) -> Rates {
        self.counting().rates
    }

    fn counting(&self) -> Counting {
        *self.counting.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counting {
    fn of(config: &Config) -> Self {
        Self { registration: config.registration, rates: config.rates }
    }
}

/// The configuration with what was set in place of it, and what of that is left aside. Only what is good is stored; another
/// version may see it otherwise, and so may another configuration.
fn with(configured: &Config, overrides: &[Override]) -> (Config, Vec<String>) {
    let mut config = configured.clone();
    let mut wrong = Vec::new();
    for Override { name, value, .. } in overrides {
        match Changing::named(name).map(|setting| setting.set(&config, value)) {
            Some(Ok(changed)) => config = changed,
            Some(Err(why)) => wrong.push(format!("the changed setting {name} goes by what is configured: {why}")),
            None => wrong.push(format!("the changed setting {name} is not known, and left aside")),
        }
    }
    (config, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str, value: &str) -> Override {
        Override { name: name.into(), value: value.into(), set_by: "head".into(), since_ms: 1 }
    }

    #[test]
    fn what_was_set_counts_in_place_of_what_is_configured_and_what_is_not_good_does_not() {
        let configured = Config::in_folder("nowhere");
        let overrides = [
            set("registration", "closed"),
            set("guesses-per-minute", "7"),
            set("lookups-per-minute", "none"),
            set("listen", "0.0.0.0:80"),
        ];
        let (config, wrong) = with(&configured, &overrides);
        let rates = Rates { guesses_per_minute: 7, ..configured.rates };
        let counting = Counting { registration: RegistrationPolicy::Closed, rates };
        assert_eq!((Counting::of(&config), wrong.len()), (counting, 2), "{wrong:?}");
        assert_eq!(config.listen, configured.listen);
        assert_eq!(Counting::of(&with(&configured, &[]).0), Counting::of(&configured));
    }
}

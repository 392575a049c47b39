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
    /// Held while they are read, so that what was read last is what was there last.
    reading: tokio::sync::Mutex<()>,
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
        let _one_after_another = self.reading.lock().await;
        let counting = Counting::of(&with(&self.configured, &store.overrides().await?));
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

fn with(configured: &Config, overrides: &[Override]) -> Config {
    let mut config = configured.clone();
    for one in overrides {
        match Changing::named(&one.name).map(|setting| setting.set(&config, &one.value)) {
            Some(Ok(changed)) => config = changed,
            // Only what is good is stored; another version may see it otherwise, and so may another configuration.
            Some(Err(wrong)) => {
                tracing::error!(setting = one.name, wrong, "a setting that was changed goes by what is configured");
            }
            None => tracing::error!(setting = one.name, "a setting that was changed is not known"),
        }
    }
    config
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
        let counting = Counting::of(&with(&configured, &overrides));
        let rates = Rates { guesses_per_minute: 7, ..configured.rates };
        assert_eq!(counting, Counting { registration: RegistrationPolicy::Closed, rates });
        assert_eq!(with(&configured, &overrides).listen, configured.listen);
        assert_eq!(Counting::of(&with(&configured, &[])), Counting::of(&configured));
    }
}

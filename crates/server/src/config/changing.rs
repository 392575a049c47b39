//! Settings that can be changed while a server runs: which they are, and what a configuration becomes by another value.

use huis_proto::rest::RegistrationPolicy;

use super::Config;
use super::settings::with_value;

/// The most that a rate can be set to.
const MOST: u32 = 1_000_000;

/// A setting that can be changed while a server runs. What it means, and which values are good, stands in the table of all
/// settings.
pub(crate) struct Changing {
    /// Its name, as in that table.
    pub name: &'static str,
    /// What can be chosen.
    pub values: Values,
    /// Its value in a configuration, as it is set.
    pub read: fn(&Config) -> String,
}

/// The values of a setting.
#[derive(Clone, Copy)]
pub(crate) enum Values {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A number from the first to the second.
    Numbers(u32, u32),
}

pub(crate) const CHANGING: &[Changing] = &[
    Changing {
        name: "registration",
        values: Values::OneOf(&["passphrase", "open", "invite", "closed"]),
        read: |config| said(config.registration).into(),
    },
    Changing {
        name: "requests-per-second",
        values: Values::Numbers(1, MOST),
        read: |config| config.rates.requests_per_second.to_string(),
    },
    Changing {
        name: "guesses-per-minute",
        values: Values::Numbers(1, MOST),
        read: |config| config.rates.guesses_per_minute.to_string(),
    },
    Changing {
        name: "lookups-per-minute",
        values: Values::Numbers(1, MOST),
        read: |config| config.rates.lookups_per_minute.to_string(),
    },
    Changing {
        name: "key-package-claims-per-minute",
        values: Values::Numbers(1, MOST),
        read: |config| config.rates.key_package_claims_per_minute.to_string(),
    },
];

impl Changing {
    /// The setting of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        CHANGING.iter().find(|setting| setting.name == name)
    }

    /// The configuration with another value of this setting.
    ///
    /// # Errors
    /// What would be right.
    pub(crate) fn set(&self, config: &Config, value: &str) -> Result<Config, String> {
        with_value(config, self.name, value)
    }
}

fn said(policy: RegistrationPolicy) -> &'static str {
    match policy {
        RegistrationPolicy::Passphrase => "passphrase",
        RegistrationPolicy::Open => "open",
        RegistrationPolicy::Invite => "invite",
        RegistrationPolicy::Closed => "closed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_that_can_be_chosen_is_taken_and_read_again_and_changes_nothing_else() {
        let config = Config::in_folder("nowhere");
        for setting in CHANGING {
            let good = match setting.values {
                Values::OneOf(values) => values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>(),
                Values::Numbers(least, most) => vec![least.to_string(), "7".into(), most.to_string()],
            };
            for value in good {
                let changed = setting.set(&config, &value).unwrap();
                assert_eq!((setting.read)(&changed), value, "{}", setting.name);
                let back = setting.set(&changed, &(setting.read)(&config)).unwrap();
                assert_eq!(format!("{back:?}"), format!("{config:?}"), "{}", setting.name);
            }
            let (least, most) = match setting.values {
                Values::OneOf(_) => (String::new(), "anybody".to_owned()),
                Values::Numbers(least, most) => ((least - 1).to_string(), (u64::from(most) + 1).to_string()),
            };
            for wrong in [least, most, "-1".into(), "1 000".into()] {
                assert!(setting.set(&config, &wrong).is_err(), "{} {wrong}", setting.name);
            }
        }
    }

    #[test]
    fn nodes_that_would_each_have_a_passphrase_of_their_own_are_not_opened_by_one() {
        let registration = Changing::named("registration").unwrap();
        let mut config = Config::in_folder("nowhere");
        config.registration = RegistrationPolicy::Invite;
        config.bus = Some("redis://localhost".parse().unwrap());
        assert!(registration.set(&config, "passphrase").unwrap_err().contains("access-passphrase"));
        config.access_passphrase = Some(huis_proto::rest::Secret::new("amber basket cedar"));
        assert!(registration.set(&config, "passphrase").is_ok());
    }
}

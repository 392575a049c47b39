//! `huis serve --check`: everything that a start needs is tried, without starting, changing or disturbing anything.
//!
//! A check is a name and a function in the table below. What several of them need stands in the [`Scene`].

mod address;
mod blobs;
mod bus;
mod certificate;
mod clock;
mod folder;
mod scene;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use crate::config::{Config, ConfigError};
use crate::state::Clock;
pub(crate) use clock::WRITTEN_MS;
use scene::Scene;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check; does not change, so that scripts can decide on it.
    pub check: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found.
    pub says: String,
    /// What to do about it; empty where all is well.
    pub advice: String,
}

/// How bad a finding is; the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All is well.
    Ok,
    /// A server starts; something should be done all the same.
    Warning,
    /// A server does not start, or not as it should.
    Fault,
}

impl Verdict {
    /// Its name, which does not change.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// What a check says, still without the check's name.
struct Said {
    verdict: Verdict,
    says: String,
    advice: String,
}

type Look = for<'a> fn(&'a Scene<'a>) -> BoxFuture<'a, Vec<Said>>;

const CONFIGURATION: &str = "configuration";

const CHECKS: &[(&str, Look)] = &[
    (CONFIGURATION, |scene| at_once(configuration(scene))),
    ("folder", |scene| at_once(folder::folder(scene))),
    ("space", |scene| at_once(folder::space(scene))),
    ("server", |scene| at_once(folder::server(scene))),
    ("database", |scene| at_once(scene.database.said())),
    ("blobs", |scene| blobs::look(scene).boxed()),
    ("bus", |scene| bus::look(scene).boxed()),
    ("keys", |scene| at_once(folder::keys(scene))),
    ("certificate", |scene| at_once(certificate::look(scene))),
    ("address", |scene| address::look(scene).boxed()),
    ("clock", |scene| at_once(clock::look(scene))),
];

/// Tries everything that a server with this configuration needs.
pub async fn check(config: &Config, clock: &dyn Clock) -> Vec<Finding> {
    let scene = Scene::of(config, clock).await;
    let mut findings = Vec::new();
    for (check, look) in CHECKS {
        findings.extend(look(&scene).await.into_iter().map(|said| said.by(check)));
    }
    findings
}

/// The finding where the configuration itself is refused, so that nothing else can be tried.
pub fn refused_configuration(error: &ConfigError) -> Finding {
    Said::fault(error.to_string(), "correct it; `huis serve --help` explains every setting").by(CONFIGURATION)
}

impl Said {
    fn ok(says: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, says: says.into(), advice: String::new() }
    }

    fn warning(says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warning, says: says.into(), advice: advice.into() }
    }

    fn fault(says: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fault, says: says.into(), advice: advice.into() }
    }

    fn by(self, check: &'static str) -> Finding {
        Finding { check, verdict: self.verdict, says: self.says, advice: self.advice }
    }
}

fn at_once(said: Vec<Said>) -> BoxFuture<'static, Vec<Said>> {
    ready(said).boxed()
}

/// It was read, or there would be no scene.
fn configuration(scene: &Scene<'_>) -> Vec<Said> {
    let config = scene.config;
    vec![Said::ok(format!("read; data in {}, listens on {}", config.data.display(), config.listen))]
}

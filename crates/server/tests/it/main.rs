//! The server as its clients see it: a real router, a real store, a clock that the test moves.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up should stop")]

mod accounts;
mod admin_visits;
mod administration;
mod archives;
mod bad_input;
mod connections;
mod cookies;
mod delivery;
mod device_lists;
mod files;
mod harness;
mod identities;
mod invitations;
mod local_tls;
mod pages;
mod passwords;
mod push_subscriptions;
mod recoveries;
mod registrations;
mod reports;
mod running_settings;
mod second_factors;
mod sessions;
mod sign_ins;
mod time_locks;
mod versions;
mod web_app;

//! Black-box tests of the real binary: a server, and people with their profiles, all processes of their own.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up should stop")]
#![expect(clippy::print_stdout, reason = "figures are stated on the standard output")]

mod admin;
mod backups;
mod chat;
mod chat_commands;
mod chat_entry;
mod chat_files;
mod checks;
mod connections;
mod crashes;
mod cut_off;
mod files;
#[cfg(target_os = "linux")]
mod full_disks;
mod harness;
mod identities;
mod insight;
mod interrupts;
mod invitations;
mod local_tls;
mod locks;
mod manuals;
mod marks;
mod nodes;
mod one_profile;
mod operating;
mod passwords;
mod postgres;
mod readme;
mod refusals;
mod second_factors;
mod secrets;
mod settings;
mod starts;
mod stories;
mod sureness;
mod terminal;
mod time_locks;
mod time_locks_by_drand;
mod vanishing;
mod web_hash;

//! What a person does with conversations: speaks, opens, joins, invites, answers requests.

mod annotating;
mod manage;
mod mentions;
mod requests;
mod speaking;
mod targets;

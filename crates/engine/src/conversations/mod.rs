//! What a person does with conversations: speaks, opens, joins, invites, answers requests.

mod manage;
mod requests;
mod speaking;
mod targets;

//! Who is in a conversation, in which role: a group-context extension that every member agrees on.
//!
//! Form: version byte 1, then CBOR. It holds no title and no name: the server can see it.

use std::collections::BTreeMap;

use huis_proto::codec::{self, CodecError};
use huis_proto::{AccountId, ConversationKind, limits};
use openmls::prelude::{Extension, Extensions, GroupContext, UnknownExtension};
use serde::{Deserialize, Serialize};

/// The extension's type, from the range for private use (RFC 9420, section 17.3).
pub const ROSTER_EXTENSION: u16 = 0xF4A1;
/// The version byte.
const VERSION: u8 = 1;

/// What an account may do in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Speaks.
    Member,
    /// Invites, and removes members.
    Admin,
    /// Gives roles, and removes anybody.
    Owner,
}

/// An account's place in the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SeatWire", into = "SeatWire")]
pub struct Seat {
    /// Its role.
    pub role: Role,
    /// The device-list floor: a leaf of the account counts only if list number `floor` or a later one names its device.
    /// Judging by a number that the group agrees on, and not by what each member happens to know, is what makes all
    /// members judge alike; it is raised to the newest known list by whoever commits.
    pub floor: u64,
}

/// How a seat travels: role and floor, without names. The roster is in the group context, which every signature in the
/// conversation covers: each byte of it counts with each message.
type SeatWire = (RoleWire, u64);

/// How a role travels in a roster: as its number.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
struct RoleWire(Role);

impl From<RoleWire> for u8 {
    fn from(role: RoleWire) -> Self {
        match role.0 {
            Role::Member => 0,
            Role::Admin => 1,
            Role::Owner => 2,
        }
    }
}

impl TryFrom<u8> for RoleWire {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self(Role::Member)),
            1 => Ok(Self(Role::Admin)),
            2 => Ok(Self(Role::Owner)),
            _ => Err("an unknown role"),
        }
    }
}

impl From<Seat> for SeatWire {
    fn from(seat: Seat) -> Self {
        (RoleWire(seat.role), seat.floor)
    }
}

impl From<SeatWire> for Seat {
    fn from((RoleWire(role), floor): SeatWire) -> Self {
        Self { role, floor }
    }
}

/// The kind of a conversation and its accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The kind, which never changes.
    pub kind: ConversationKind,
    seats: BTreeMap<AccountId, Seat>,
}

impl Roster {
    /// A roster of these accounts.
    pub(super) fn new(kind: ConversationKind, seats: impl IntoIterator<Item = (AccountId, Seat)>) -> Self {
        Self { kind, seats: seats.into_iter().collect() }
    }

    /// The accounts with their places. In an open room, who joined by itself and was given no role is not among them.
    pub fn seats(&self) -> impl Iterator<Item = (AccountId, Seat)> + '_ {
        self.seats.iter().map(|(account, seat)| (*account, *seat))
    }

    /// The accounts.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> + '_ {
        self.seats.keys().copied()
    }

    /// Whether the account stands in the roster.
    pub fn holds(&self, account: AccountId) -> bool {
        self.seats.contains_key(&account)
    }

    /// The account's role; in an open room everybody is a member at least.
    pub fn role(&self, account: AccountId) -> Option<Role> {
        let unseated = (self.kind == ConversationKind::Open).then_some(Role::Member);
        self.seats.get(&account).map(|seat| seat.role).or(unseated)
    }

    /// The account's device-list floor.
    pub fn floor(&self, account: AccountId) -> u64 {
        self.seats.get(&account).map_or(0, |seat| seat.floor)
    }

    pub(super) fn seat(&mut self, account: AccountId, seat: Seat) {
        self.seats.insert(account, seat);
    }

    pub(super) fn unseat(&mut self, account: AccountId) {
        self.seats.remove(&account);
    }

    pub(super) fn set_role(&mut self, account: AccountId, role: Role) {
        let floor = self.floor(account);
        self.seats.insert(account, Seat { role, floor });
    }

    /// Raises the floor of a seated account; never lowers it.
    pub(super) fn raise_floor(&mut self, account: AccountId, floor: u64) {
        if let Some(seat) = self.seats.get_mut(&account) {
            seat.floor = seat.floor.max(floor);
        }
    }

    /// A group whose last owner has gone passes to the admin with the lowest id, else to the member with the lowest:
    /// a rule that all members compute alike.
    pub(super) fn pass_on(&mut self) {
        if self.kind == ConversationKind::Direct || self.seats.values().any(|seat| seat.role == Role::Owner) {
            return;
        }
        // The map is sorted by id, so that the first of the highest role is the heir.
        let highest = self.seats.values().map(|seat| seat.role).max();
        if let Some(heir) = self.seats.values_mut().find(|seat| Some(seat.role) == highest) {
            heir.role = Role::Owner;
        }
    }

    pub(super) fn to_extension(&self) -> Extension {
        Extension::Unknown(ROSTER_EXTENSION, UnknownExtension(codec::to_versioned(VERSION, self)))
    }

    pub(super) fn from_extensions(extensions: &Extensions<GroupContext>) -> Result<Self, CodecError> {
        let extension = extensions
            .unknown(ROSTER_EXTENSION)
            .ok_or_else(|| CodecError::Malformed("the group has no roster".into()))?;
        let roster: Self = codec::from_versioned(VERSION, &extension.0)?;
        if roster.seats.len() > limits::MEMBERS {
            return Err(CodecError::Malformed(format!("{} accounts in a roster", roster.seats.len())));
        }
        if roster.kind == ConversationKind::Direct && roster.seats.len() > 2 {
            return Err(CodecError::Malformed("a direct conversation has two accounts".into()));
        }
        Ok(roster)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(byte: u8) -> AccountId {
        AccountId::from_bytes([byte; 16])
    }

    fn seat(role: Role) -> Seat {
        Seat { role, floor: 1 }
    }

    #[test]
    fn a_roster_keeps_its_bytes() {
        let roster =
            Roster::new(ConversationKind::Group, [(account(1), seat(Role::Owner)), (account(2), seat(Role::Member))]);
        let Extension::Unknown(_, UnknownExtension(bytes)) = roster.to_extension() else { panic!() };
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        insta::assert_snapshot!(hex);
        let extensions = Extensions::single(roster.to_extension()).unwrap();
        assert_eq!(Roster::from_extensions(&extensions).unwrap(), roster);
    }

    #[test]
    fn a_roster_with_an_unknown_role_is_refused() {
        let read = |role: u8| codec::from_cbor::<Seat>(&codec::to_cbor(&(role, 7_u64)));
        assert_eq!(read(2), Ok(Seat { role: Role::Owner, floor: 7 }));
        assert!(read(3).is_err());
    }

    #[test]
    fn a_group_without_an_owner_passes_to_the_first_admin() {
        let seats =
            [(account(1), seat(Role::Member)), (account(3), seat(Role::Admin)), (account(2), seat(Role::Admin))];
        let mut roster = Roster::new(ConversationKind::Group, seats);
        roster.pass_on();
        assert_eq!(roster.role(account(2)), Some(Role::Owner));
        roster.pass_on();
        assert_eq!(roster.role(account(3)), Some(Role::Admin));
    }

    #[test]
    fn a_direct_conversation_of_three_is_refused() {
        let seats = [1, 2, 3].map(|byte| (account(byte), seat(Role::Member)));
        let extensions = Extensions::single(Roster::new(ConversationKind::Direct, seats).to_extension()).unwrap();
        assert!(Roster::from_extensions(&extensions).is_err());
    }
}

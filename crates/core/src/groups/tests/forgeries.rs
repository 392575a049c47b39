//! Every rule broken on purpose, by a member or a server that does not keep to it.

use huis_proto::BlobId;
use huis_proto::aad::{Act, AuthenticatedData};
use openmls::prelude::{LeafNodeIndex, ProposalType};
use openmls_traits::OpenMlsProvider as _;
use rand::rngs::OsRng;

use super::*;
use crate::content::{Envelope, FrankingOpening};

/// A commit by a member whose client keeps to no rule: what it says in the clear, and what it does.
pub(super) struct Forged<'a> {
    author: &'a mut Device,
    pub(super) act: Act,
    adds: Vec<VerifiedKeyPackage>,
    pub(super) removes: Vec<Member>,
    pub(super) roster: Option<Roster>,
}

impl Forged<'_> {
    pub(super) fn new(author: &mut Device) -> Forged<'_> {
        Forged {
            author,
            act: Act::Commit { joins: vec![], leaves: vec![], out: vec![] },
            adds: vec![],
            removes: vec![],
            roster: None,
        }
    }

    /// Builds it past all checks. The forger stays in its epoch.
    pub(super) fn build(self) -> Sent {
        let device = self.author;
        let id = device.id();
        let group = device.group.as_mut().unwrap();
        let overlay = Overlay::new(&device.store);
        let backend = Backend::over(&overlay);
        let data = AuthenticatedData { id, author: device.me.member, follows: group.record.counter, act: self.act };
        let index = |member: &Member| -> LeafNodeIndex {
            group.leaves.iter().find(|(_, leaf)| leaf.member == *member).unwrap().0
        };
        let removes: Vec<_> = self.removes.iter().map(index).collect();
        group.mls.set_aad(data.to_bytes());
        let mut builder = group
            .mls
            .commit_builder()
            .force_self_update(true)
            .propose_adds(self.adds.into_iter().map(|added| added.package))
            .propose_removals(removes);
        if let Some(roster) = self.roster {
            let mut extensions = openmls::prelude::Extensions::empty();
            let required = openmls::prelude::RequiredCapabilitiesExtension::new(
                &[openmls::prelude::ExtensionType::Unknown(ROSTER_EXTENSION)],
                &[],
                &[],
            );
            extensions.add(openmls::prelude::Extension::RequiredCapabilities(required)).unwrap();
            extensions.add(roster.to_extension()).unwrap();
            builder = builder.propose_group_context_extensions(extensions).unwrap();
        }
        let bundle = builder
            .load_psks(backend.storage())
            .unwrap()
            .build(backend.rand(), backend.crypto(), &backend::signer(&device.me), |_| true)
            .unwrap()
            .stage_commit(&backend)
            .unwrap();
        let bytes = bundle.into_messages().0.to_bytes().unwrap();
        let follows = data.follows;
        group.mls.clear_pending_commit(backend.storage()).unwrap();
        overlay.flush().unwrap();
        Sent::new(bytes, device.me.member, id, follows)
    }
}

/// After a skipped commit everybody goes on: the next one names the next counter.
fn everybody_goes_on(author: &mut Device, others: &mut [&mut Device]) {
    let commit = author.commits(Change::UpdateOwnLeaf);
    for other in others {
        other.merges(&Sent::commit(&commit));
        assert_eq!(other.group().epoch_authenticator(), author.group().epoch_authenticator());
        assert_eq!(other.group().commit_counter(), author.group().commit_counter());
    }
}

#[test]
fn a_commit_whose_authenticated_data_hides_a_join_is_skipped_by_all_and_the_group_goes_on() {
    let (_, [mut alice, mut bob, mut carol, dave]) = {
        let (accounts, [mut alice, mut bob, mut carol, dave]) = people::<4>();
        alice.creates(ConversationKind::Group, &[&accounts[3]]);
        let packages = vec![alice.verified(&bob), alice.verified(&carol)];
        let commit = alice.commits(Change::Invite(packages));
        bob.joins(&commit);
        carol.joins(&commit);
        (accounts, [alice, bob, carol, dave])
    };
    let package = bob.verified(&dave);
    let mut forged = Forged::new(&mut bob);
    forged.adds = vec![package];
    let sent = forged.build();
    assert_eq!(alice.skips(&sent), Breach::JoinsAndLeaves);
    assert_eq!(carol.skips(&sent), Breach::JoinsAndLeaves);
    // Who forged it has to take notice, too: the counter has passed it.
    bob.group().record.counter += 1;
    assert_eq!(alice.group().commit_counter(), 2);
    everybody_goes_on(&mut alice, &mut [&mut bob, &mut carol]);
}

#[test]
fn a_commit_that_claims_a_leave_it_does_not_make_is_skipped() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let mut forged = Forged::new(&mut bob);
    forged.act = Act::Commit { joins: vec![], leaves: vec![alice.member()], out: vec![] };
    let sent = forged.build();
    assert_eq!(alice.skips(&sent), Breach::JoinsAndLeaves);
}

#[test]
fn garbage_under_a_commits_framing_does_not_stop_the_group() {
    let (_, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let sent = Forged::new(&mut bob).build();
    let mut garbage = sent.clone();
    let last = garbage.bytes.len() - 1;
    garbage.bytes[last] ^= 1;
    assert!(matches!(alice.skips(&garbage), Breach::Unreadable(_)));
    assert!(matches!(carol.skips(&garbage), Breach::Unreadable(_)));
    bob.group().record.counter += 1;
    everybody_goes_on(&mut carol, &mut [&mut alice, &mut bob]);
}

#[test]
fn a_plain_member_removes_and_promotes_nobody() {
    let (accounts, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let refused = bob.prepares(Change::Remove { accounts: vec![accounts[2].id], devices: vec![] });
    let role = |deed| Breach::Role { role: Role::Member, deed };
    assert_eq!(refused, Err(PrepareError::NotAllowed(role(Deed::RemoveAccount(Role::Member)))));

    let mut without_carol = bob.group().roster().clone();
    without_carol.unseat(accounts[2].id);
    let mut forged = Forged::new(&mut bob);
    forged.act = Act::Commit { joins: vec![], leaves: vec![carol.member()], out: vec![accounts[2].id] };
    forged.removes = vec![carol.member()];
    forged.roster = Some(without_carol);
    let sent = forged.build();
    assert_eq!(alice.skips(&sent), role(Deed::RemoveAccount(Role::Member)));
    assert_eq!(carol.skips(&sent), role(Deed::RemoveAccount(Role::Member)));
    bob.group().record.counter += 1;

    let mut crowned = bob.group().roster().clone();
    crowned.set_role(accounts[1].id, Role::Owner);
    let mut forged = Forged::new(&mut bob);
    forged.roster = Some(crowned);
    let sent = forged.build();
    assert_eq!(alice.skips(&sent), role(Deed::ChangeRoles));

    let mut forged = Forged::new(&mut bob);
    forged.act = Act::Commit { joins: vec![], leaves: vec![carol.member()], out: vec![] };
    forged.removes = vec![carol.member()];
    let sent = forged.build();
    assert_eq!(carol.skips(&sent), role(Deed::RemoveDevice(Role::Member)));
}

#[test]
fn nobody_enters_a_direct_conversation() {
    let (_, [mut alice, _, carol]) = {
        let (accounts, [mut alice, mut bob, carol]) = people::<3>();
        alice.creates(ConversationKind::Direct, &[&accounts[1]]);
        let commit = alice.commits(Change::Invite(vec![alice.verified(&bob)]));
        bob.joins(&commit);
        (accounts, [alice, bob, carol])
    };
    let package = alice.verified(&carol);
    let refused = alice.prepares(Change::Invite(vec![package]));
    let breach = Breach::Role { role: Role::Member, deed: Deed::InviteAccount };
    assert_eq!(refused, Err(PrepareError::NotAllowed(breach)));
}

#[test]
fn a_leaf_that_is_on_no_device_list_is_refused_once_the_newest_list_is_known() {
    let (accounts, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let stolen = Device::new(LocalDevice::generate(&mut StdRng::seed_from_u64(5), accounts[1].id), 5);
    let member = stolen.member();
    let package = stolen.unlisted_package();
    let mut forged = Forged::new(&mut bob);
    forged.adds = vec![package];
    forged.act = Act::Commit { joins: vec![member], leaves: vec![], out: vec![] };
    let sent = forged.build();
    let unknown = alice.tries(&sent).unwrap_err();
    assert_eq!(unknown.disposition(), Disposition::FetchDeviceLists(vec![accounts[1].id]));
    // Nothing has changed: the same entry is opened again when the lists were fetched, and brought nothing.
    match alice.tries_having_fetched(&sent, &[accounts[1].id]).unwrap() {
        Opened::Skipped(breach) => assert_eq!(breach, Breach::UnlistedLeaf(member)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_leaf_with_another_key_than_the_listed_one_is_refused() {
    let (mut accounts, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let second = accounts[1].device(&mut StdRng::seed_from_u64(5));
    alice.learns(&[&accounts[1]]);
    let mut forger = LocalDevice::generate(&mut StdRng::seed_from_u64(6), accounts[1].id);
    forger.member = second.member();
    let package = Device::new(forger, 6).unlisted_package();
    let mut forged = Forged::new(&mut bob);
    forged.adds = vec![package];
    forged.act = Act::Commit { joins: vec![second.member()], leaves: vec![], out: vec![] };
    let sent = forged.build();
    assert_eq!(alice.skips(&sent), Breach::OtherKey(second.member()));
}

#[test]
fn a_revoked_device_does_not_come_back_by_an_external_commit() {
    let (mut accounts, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let mut second = accounts[1].device(&mut StdRng::seed_from_u64(5));
    let [a, b] = &accounts;
    [&mut alice, &mut bob, &mut second].into_iter().for_each(|device| device.learns(&[a, b]));
    let commit = bob.commits(Change::Invite(vec![bob.verified(&second)]));
    alice.merges(&Sent::commit(&commit));
    accounts[1].revoke(second.member());
    alice.learns(&[&accounts[1]]);
    bob.learns(&[&accounts[1]]);
    let commit = alice.commits(Change::RemoveUnlisted);
    bob.merges(&Sent::commit(&commit));

    let info = alice.group.as_ref().unwrap().group_info(&alice.me).unwrap();
    // The thief's own client accepts the old list and joins; the members do not.
    let refused = second.joins_externally(&info, 3).unwrap_err();
    assert!(matches!(refused, JoinError::NeedLists(_)));
    let join = second.joins_past_all_checks(&info, 3);
    assert_eq!(alice.skips(&join), Breach::UnlistedLeaf(second.member()));
    assert_eq!(bob.skips(&join), Breach::UnlistedLeaf(second.member()));
    everybody_goes_on(&mut bob, &mut [&mut alice]);
}

#[test]
fn a_plain_member_of_an_open_room_removes_a_revoked_device_and_it_does_not_come_back() {
    let (mut accounts, [mut alice, mut bob, mut carol]) = people::<3>();
    let info = alice.creates(ConversationKind::Open, &[]);
    let join = bob.joins_externally(&info, 0).unwrap();
    alice.merges(&Sent::commit(&join));
    bob.is_in(&join);
    let join = carol.joins_externally(&join.group_info, 1).unwrap();
    alice.merges(&Sent::commit(&join));
    bob.merges(&Sent::commit(&join));
    carol.is_in(&join);
    accounts[1].revoke(bob.member());
    alice.learns(&[&accounts[1]]);
    carol.learns(&[&accounts[1]]);
    let commit = carol.commits(Change::RemoveUnlisted);
    assert_eq!(alice.merges(&Sent::commit(&commit)).left, [bob.member()]);
    assert_eq!(alice.group().roster().floor(accounts[1].id), 2);
    let again = bob.joins_past_all_checks(&commit.group_info, 3);
    assert_eq!(alice.skips(&again), Breach::UnlistedLeaf(bob.member()));
}

#[test]
fn an_external_commit_removes_nobody_but_its_own_old_leaf() {
    // A leaf with bob's key and mallory's name: OpenMLS would replace bob's leaf, as it compares keys alone.
    let (mut accounts, [mut alice, bob]) = group_of::<2>(ConversationKind::Group);
    let mut mallory = accounts[0].device(&mut StdRng::seed_from_u64(5));
    let [a, b] = &accounts;
    alice.learns(&[a, b]);
    mallory.learns(&[a, b]);
    mallory.me.secret = crate::identity::DeviceSecret::from_bytes(bob.me.secret.expose());
    let info = alice.group.as_ref().unwrap().group_info(&alice.me).unwrap();
    let act = Act::Commit { joins: vec![mallory.member()], leaves: vec![bob.member()], out: vec![] };
    let join = mallory.joins_past_all_checks_saying(&info, 1, act);
    assert_eq!(alice.skips(&join), Breach::ExternalCommit);
    assert_eq!(alice.group().members().len(), 2);
}

#[test]
fn an_uninvited_account_does_not_join_a_group_by_itself() {
    let (_, [mut alice, _, mut mallory]) = {
        let (accounts, [mut alice, mut bob, mallory]) = people::<3>();
        alice.creates(ConversationKind::Group, &[]);
        let commit = alice.commits(Change::Invite(vec![alice.verified(&bob)]));
        bob.joins(&commit);
        (accounts, [alice, bob, mallory])
    };
    let info = alice.group.as_ref().unwrap().group_info(&alice.me).unwrap();
    let join = mallory.joins_past_all_checks(&info, 1);
    assert_eq!(alice.skips(&join), Breach::NotInRoster(mallory.member().account));
}

#[test]
fn a_device_list_floor_is_not_lowered_and_not_raised_to_a_list_that_is_none() {
    let (accounts, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    for floor in [0, 9] {
        let mut roster = bob.group().roster().clone();
        roster.seat(accounts[0].id, Seat { role: Role::Owner, floor });
        let mut forged = Forged::new(&mut bob);
        forged.roster = Some(roster);
        let sent = forged.build();
        match alice.tries_having_fetched(&sent, &[accounts[0].id]).unwrap() {
            Opened::Skipped(breach) => assert_eq!(breach, Breach::Floor(accounts[0].id)),
            other => panic!("{other:?}"),
        }
        bob.group().record.counter += 1;
    }
}

#[test]
fn the_kind_of_a_conversation_does_not_change() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let mut roster = bob.group().roster().clone();
    roster.kind = ConversationKind::Open;
    let mut forged = Forged::new(&mut bob);
    forged.roster = Some(roster);
    let sent = forged.build();
    assert_eq!(alice.skips(&sent), Breach::GroupContext);
}

#[test]
fn a_replayed_message_is_skipped() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let said = alice.says("once");
    assert_eq!(bob.hears(&said), "once");
    assert_eq!(bob.skips(&said), Breach::Replay);
    for n in 0..huis_proto::limits::SUBMISSIONS_IN_FLIGHT + 1 {
        let said = alice.says(&n.to_string());
        bob.hears(&said);
    }
    assert_eq!(bob.skips(&said), Breach::Replay);
}

#[test]
fn a_replayed_commit_changes_nothing() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let commit = alice.commits(Change::UpdateOwnLeaf);
    bob.merges(&Sent::commit(&commit));
    let before = bob.group().epoch_authenticator();
    assert!(matches!(bob.skips(&Sent::commit(&commit)), Breach::Counter { .. }));
    let again = Sent { follows: 2, ..Sent::commit(&commit) };
    assert_eq!(bob.skips(&again), Breach::Counter { named: 1, ordered: 2 });
    assert_eq!(bob.group().epoch_authenticator(), before);
}

#[test]
fn a_server_that_gives_another_id_sender_or_counter_is_seen_through() {
    let (_, [mut alice, mut bob, carol]) = group_of::<3>(ConversationKind::Group);
    let said = alice.says("mine");
    let other_id = Sent { id: MessageId::from_bytes([9; 16]), ..said.clone() };
    assert_eq!(bob.skips(&other_id), Breach::Id);
    let other_sender = Sent { sender: carol.member(), ..said.clone() };
    assert_eq!(bob.skips(&other_sender), Breach::Author);
    let later = Sent { follows: 7, ..said.clone() };
    let missed = bob.tries(&later).unwrap_err();
    assert_eq!(missed, OpenError::MissedCommit { ordered: 7, reached: 1 });
    assert_eq!(missed.disposition(), Disposition::Repair);
    assert_eq!(bob.hears(&said), "mine");
}

#[test]
fn an_author_who_names_another_author_is_skipped() {
    let (_, [mut alice, mut bob, carol]) = group_of::<3>(ConversationKind::Group);
    let sent = alice.seals_badly(|data, _| data.author = carol.member());
    let as_carol = Sent { sender: carol.member(), ..sent };
    assert_eq!(bob.skips(&as_carol), Breach::Author);
}

#[test]
fn an_id_inside_that_differs_from_the_one_outside_is_skipped() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let sent = alice.seals_badly(|_, envelope| envelope.id = MessageId::from_bytes([9; 16]));
    assert_eq!(bob.skips(&sent), Breach::Id);
}

#[test]
fn a_message_with_a_wrong_franking_opening_is_skipped() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let sent = alice.seals_badly(|_, envelope| envelope.opening = FrankingOpening::from_bytes(&[9; 32]));
    assert_eq!(bob.skips(&sent), Breach::Commitment);
    let sent = alice.seals_badly(|_, envelope| *envelope.content_bytes.last_mut().unwrap() = b'!');
    assert_eq!(bob.skips(&sent), Breach::Commitment);
}

#[test]
fn a_message_whose_header_names_other_files_than_it_brings_is_skipped() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let blob = BlobId::from_bytes([5; 16]);
    let sent = alice.seals_badly(|data, _| {
        let Act::Message { files, .. } = &mut data.act else { panic!() };
        files.push(blob);
    });
    assert_eq!(bob.skips(&sent), Breach::Files);
    let brings = |named: Vec<BlobId>| {
        move |data: &mut AuthenticatedData, envelope: &mut Envelope| {
            envelope.content_bytes = Content::a_file(blob).to_bytes().unwrap();
            data.act = Act::Message { commitment: envelope.commitment(), files: named, lock: None };
        }
    };
    let sent = alice.seals_badly(brings(vec![]));
    assert_eq!(bob.skips(&sent), Breach::Files);
    let sent = alice.seals_badly(brings(vec![BlobId::from_bytes([6; 16])]));
    assert_eq!(bob.skips(&sent), Breach::Files);
    let sent = alice.seals_badly(brings(vec![blob]));
    assert!(matches!(bob.tries(&sent).unwrap(), Opened::Message(message) if message.content == Content::a_file(blob)));
}

#[test]
fn a_message_that_claims_to_be_a_commit_is_skipped() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let sent = alice.seals_badly(|data, _| data.act = Act::Commit { joins: vec![], leaves: vec![], out: vec![] });
    assert_eq!(bob.skips(&sent), Breach::Act);
}

#[test]
fn who_skipped_a_commit_that_others_accepted_learns_that_it_has_parted_and_joins_again() {
    let (_, [mut alice, mut bob, mut carol]) = group_of::<3>(ConversationKind::Group);
    let old = alice.says("too late");
    let commit = bob.commits(Change::UpdateOwnLeaf);
    carol.merges(&Sent::commit(&commit));
    assert!(matches!(carol.skips(&old), Breach::Counter { .. }));
    // Alice skipped the commit that the others accepted.
    alice.group().record.counter += 1;
    let said = bob.says("we went on");
    let breach = alice.skips(&said);
    assert_eq!(breach, Breach::Epoch { found: 2, current: 1 });
    assert!(breach.may_mean_parted());
    assert!(!alice.group.as_ref().unwrap().agrees_with(&alice.me, &commit.group_info).unwrap());
    assert!(carol.group.as_ref().unwrap().agrees_with(&carol.me, &commit.group_info).unwrap());
    let join = alice.joins_externally(&commit.group_info, 2).unwrap();
    carol.merges(&Sent::commit(&join));
    alice.is_in(&join);
    let said = carol.says("welcome back");
    assert_eq!(alice.hears(&said), "welcome back");
}

#[test]
fn a_message_that_claims_a_later_epoch_stops_nobody() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let mut forged = alice.says("text");
    // Version, wire format and group id stand before the epoch.
    let epoch_at = 2 + 2 + 17;
    forged.bytes[epoch_at] = 0xff;
    assert!(matches!(bob.skips(&forged), Breach::Epoch { .. }));
    let said = alice.says("still here");
    assert_eq!(bob.hears(&said), "still here");
}

#[test]
fn a_member_does_not_propose_that_another_leaves() {
    let (_, [mut alice, mut bob, carol]) = group_of::<3>(ConversationKind::Group);
    let id = bob.id();
    let group = bob.group.as_mut().unwrap();
    let index = group.leaves.iter().find(|(_, leaf)| leaf.member == carol.member()).unwrap().0;
    let act = Act::Leave { leaves: vec![bob.me.member] };
    let data = AuthenticatedData { id, author: bob.me.member, follows: 1, act };
    group.mls.set_aad(data.to_bytes());
    let backend = Backend::over(&bob.store);
    let (message, _) = group.mls.propose_remove_member(&backend, &backend::signer(&bob.me), index).unwrap();
    let sent = Sent::new(message.to_bytes().unwrap(), bob.me.member, id, 1);
    assert_eq!(alice.skips(&sent), Breach::Proposal);
    assert!(!alice.group().has_pending_proposals());
}

#[test]
fn an_old_copy_of_a_device_notices_its_own_unknown_commit() {
    let (_, [mut alice, _]) = group_of::<2>(ConversationKind::Group);
    let old = alice.store.snapshot();
    let commit = alice.commits(Change::UpdateOwnLeaf);
    alice.store = old;
    alice.restarts();
    let lost = alice.tries(&Sent::commit(&commit)).unwrap_err();
    assert_eq!((lost.disposition(), lost), (Disposition::Repair, OpenError::OwnStateLost));
}

#[test]
fn a_store_that_fails_leaves_the_group_where_the_store_is() {
    /// Fails every write.
    struct Broken<'a>(&'a MemoryGroupStore);

    impl GroupStore for Broken<'_> {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            self.0.get(key)
        }

        fn put(&self, _: &[u8], _: &[u8]) -> Result<(), StoreError> {
            Err(StoreError("disk full".into()))
        }

        fn delete(&self, _: &[u8]) -> Result<(), StoreError> {
            Err(StoreError("disk full".into()))
        }
    }

    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let said = alice.says("keep me");
    let entry = Entry { payload: &said.bytes, sender: said.sender, id: said.id, follows: said.follows, fetched: &[] };
    let group = bob.group.as_mut().unwrap();
    let failed = group.open(&Broken(&bob.store), &bob.me, &bob.known, &entry).unwrap_err();
    assert_eq!(failed.disposition(), Disposition::StoreFailed);
    assert_eq!(bob.hears(&said), "keep me");
}

#[test]
fn nothing_of_a_group_shows_secrets_in_debug() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    assert_eq!(format!("{:?}", alice.group()), format!("Group {{ conversation: {ROOM:?}, epoch: 1, counter: 1, .. }}"));
    let said = alice.says("hidden words");
    match bob.tries(&said).unwrap() {
        Opened::Message(message) => assert!(format!("{:?}", message.opening).ends_with("(…)")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_two_kinds_of_proposals_are_announced() {
    assert!(!backend::capabilities().proposals().contains(&ProposalType::Reinit));
    assert_eq!(backend::capabilities().ciphersuites().len(), 1);
}

impl Device {
    /// A key package that no check has seen.
    fn unlisted_package(&self) -> VerifiedKeyPackage {
        let mut known = KnownDevices::default();
        let identity = IdentitySecret::from_bytes(&[0xee; 32]);
        let listed =
            ListedDevice { device: self.me.member.device, signature_key: self.me.secret.public(), added_at_ms: 0 };
        let list = identity.sign_device_list(&next_device_list(
            self.me.member.account,
            identity.key(),
            None,
            0,
            1,
            vec![listed],
        ));
        known.accept(self.me.member.account, &identity.key(), &[list]).unwrap();
        VerifiedKeyPackage::verify(&self.key_package(), self.member(), &known, now_ms()).unwrap()
    }

    fn joins_past_all_checks(&mut self, info: &[u8], follows: u64) -> Sent {
        let act = Act::Commit { joins: vec![self.member()], leaves: vec![], out: vec![] };
        self.joins_past_all_checks_saying(info, follows, act)
    }

    fn joins_past_all_checks_saying(&mut self, info: &[u8], follows: u64, act: Act) -> Sent {
        use openmls::prelude::tls_codec::Deserialize as _;
        let id = self.id();
        let data = AuthenticatedData { id, author: self.member(), follows, act };
        let store = MemoryGroupStore::default();
        let backend = Backend::over(&store);
        let info = openmls::prelude::MlsMessageIn::tls_deserialize_exact(info).unwrap();
        let openmls::prelude::MlsMessageBodyIn::GroupInfo(info) = info.extract() else { panic!() };
        let parameters =
            openmls::prelude::LeafNodeParameters::builder().with_capabilities(backend::capabilities()).build();
        let (_, bundle) = MlsGroup::external_commit_builder()
            .with_config(backend::join_config())
            .with_aad(data.to_bytes())
            .build_group(&backend, info, backend::credential(&self.me))
            .unwrap()
            .leaf_node_parameters(parameters)
            .load_psks(backend.storage())
            .unwrap()
            .build(backend.rand(), backend.crypto(), &backend::signer(&self.me), |_| true)
            .unwrap()
            .finalize(&backend)
            .unwrap();
        Sent::new(bundle.into_messages().0.to_bytes().unwrap(), self.member(), id, follows)
    }

    /// Seals a message after something was changed in it.
    pub(super) fn seals_badly(&mut self, change: impl FnOnce(&mut AuthenticatedData, &mut Envelope)) -> Sent {
        let id = self.id();
        let content = Content::text("text").unwrap();
        let draft = Draft { id, content: &content, sent_at_ms: 5, counter: 1, last_seen: None };
        let mut envelope = Envelope::new(&mut OsRng, &draft).unwrap();
        let group = self.group.as_mut().unwrap();
        let mut data =
            group.data(&self.me, id, Act::Message { commitment: envelope.commitment(), files: vec![], lock: None });
        change(&mut data, &mut envelope);
        let plaintext = envelope.to_padded();
        let outgoing =
            group.work(&self.store, |group, backend| group.seal_bytes(backend, &self.me, data, &plaintext)).unwrap();
        Sent::new(outgoing.bytes, self.me.member, id, 1)
    }
}

#[test]
fn a_leave_that_names_other_devices_or_comes_twice_is_skipped() {
    let (_, [mut alice, mut bob, carol]) = group_of::<3>(ConversationKind::Group);
    let forge = |bob: &mut Device, leaves: Vec<Member>| {
        let id = bob.id();
        let group = bob.group.as_mut().unwrap();
        let data = AuthenticatedData { id, author: bob.me.member, follows: 1, act: Act::Leave { leaves } };
        group.mls.set_aad(data.to_bytes());
        let backend = Backend::over(&bob.store);
        let message = group.mls.leave_group(&backend, &backend::signer(&bob.me)).unwrap();
        Sent::new(message.to_bytes().unwrap(), bob.me.member, id, 1)
    };
    let member = bob.member();
    let sent = forge(&mut bob, vec![member, carol.member()]);
    assert_eq!(alice.skips(&sent), Breach::JoinsAndLeaves);
    let sent = forge(&mut bob, vec![member]);
    assert!(matches!(alice.tries(&sent).unwrap(), Opened::Leaving { .. }));
    let sent = forge(&mut bob, vec![member]);
    assert_eq!(alice.skips(&sent), Breach::Proposal);
}

#[test]
fn more_devices_than_one_commit_adds_are_refused_before_anything_is_built() {
    let (_, [mut alice, bob]) = people::<2>();
    alice.creates(ConversationKind::Group, &[]);
    let many = vec![alice.verified(&bob); huis_proto::limits::JOINS_PER_COMMIT + 1];
    assert_eq!(alice.prepares(Change::Invite(many)), Err(PrepareError::TooMany(201)));
}

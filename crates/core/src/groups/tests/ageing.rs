//! Groups that live longer than a version of this program, and than what a leaf was signed for.

use openmls::prelude::{Capabilities, CredentialType, ExtensionType, KeyPackage, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY};

use super::*;

impl Device {
    /// A key package past all checks, as another version would have made it.
    fn package_of_another_version(&self, capabilities: Capabilities) -> VerifiedKeyPackage {
        let overlay = Overlay::new(&self.store);
        let bundle = KeyPackage::builder()
            .key_package_lifetime(backend::lifetime(now_ms()))
            .leaf_node_capabilities(capabilities)
            .build(
                backend::CIPHERSUITE,
                &Backend::over(&overlay),
                &backend::signer(&self.me),
                backend::credential(&self.me),
            )
            .unwrap();
        overlay.flush().unwrap();
        let leaf = Leaf { member: self.member(), key: self.me.secret.public() };
        VerifiedKeyPackage { package: bundle.key_package().clone(), leaf }
    }

    /// Founds a group with a leaf whose time was over long ago, which got no fresh key since.
    fn founded_long_ago(&mut self, other: &Account) {
        let long_ago = backend::lifetime(now_ms() - 200 * 24 * 3_600_000);
        self.creates(ConversationKind::Group, &[other]);
        let extensions = self.group().mls.extensions().clone();
        self.store = MemoryGroupStore::default();
        let overlay = Overlay::new(&self.store);
        let mls = MlsGroup::builder()
            .with_group_id(group_id(ROOM))
            .ciphersuite(backend::CIPHERSUITE)
            .with_wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .with_capabilities(backend::capabilities())
            .with_group_context_extensions(extensions)
            .lifetime(long_ago)
            .build(&Backend::over(&overlay), &backend::signer(&self.me), backend::credential(&self.me))
            .unwrap();
        let group = Group::new(mls, Record { counter: 0, pending: None }).unwrap();
        overlay.put(&record_key(ROOM), &codec::to_versioned(RECORD, &group.record)).unwrap();
        overlay.flush().unwrap();
        self.group = Some(group);
    }

    /// What the device's own leaf says that it can do.
    fn says_it_can(&mut self) -> Capabilities {
        self.group().mls.own_leaf_node().unwrap().capabilities().clone()
    }

    /// What the leaf of another device says that it can do.
    fn is_told_by(&mut self, member: Member) -> Capabilities {
        let group = self.group();
        let index = group.leaves.iter().find(|(_, leaf)| leaf.member == member).unwrap().0;
        group.mls.public_group().leaf(index).unwrap().capabilities().clone()
    }
}

/// The capabilities of a version that knew less.
fn fewer_capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![backend::CIPHERSUITE])
        .extensions(vec![ExtensionType::Unknown(ROSTER_EXTENSION)])
        .proposals(vec![])
        .credentials(vec![CredentialType::Basic])
        .build()
}

#[test]
fn the_next_fresh_key_of_a_leaf_raises_what_it_says_that_it_can_do() {
    let (accounts, [mut alice, mut bob]) = people::<2>();
    alice.creates(ConversationKind::Group, &[&accounts[1]]);
    let package = bob.package_of_another_version(fewer_capabilities());
    let commit = alice.commits(Change::Invite(vec![package]));
    bob.joins(&commit);
    assert_eq!(bob.says_it_can(), fewer_capabilities());
    let update = bob.commits(Change::UpdateOwnLeaf);
    assert_eq!(bob.says_it_can(), backend::capabilities());
    alice.merges(&Sent::commit(&update));
    assert_eq!(alice.is_told_by(bob.member()), backend::capabilities());
    let said = bob.says("as before");
    assert_eq!(alice.hears(&said), "as before");
}

#[test]
fn a_fresh_key_is_another_key_for_the_same_device() {
    let (_, [mut alice, mut bob]) = group_of::<2>(ConversationKind::Group);
    let member = bob.member();
    let key = |device: &mut Device| {
        let group = device.group();
        let index = group.leaves.iter().find(|(_, leaf)| leaf.member == member).unwrap().0;
        let leaf = group.mls.public_group().leaf(index).unwrap();
        (leaf.encryption_key().clone(), leaf.signature_key().clone())
    };
    let (before, signs) = key(&mut alice);
    let update = bob.commits(Change::UpdateOwnLeaf);
    alice.merges(&Sent::commit(&update));
    let (after, still_signs) = key(&mut alice);
    assert!(before != after && signs == still_signs);
}

#[test]
fn a_leaf_whose_time_is_over_stops_nobody_from_joining() {
    let (mut accounts, [mut alice, mut carol]) = people::<2>();
    let mut second = accounts[0].device(&mut StdRng::seed_from_u64(5));
    let all: Vec<&Account> = accounts.iter().collect();
    [&mut alice, &mut carol, &mut second].into_iter().for_each(|device| device.learns(&all));
    alice.founded_long_ago(&accounts[1]);
    let commit = alice.commits(Change::Invite(vec![alice.verified(&carol)]));
    carol.joins(&commit);
    let join = second.joins_externally(&commit.group_info, 1).unwrap();
    carol.merges(&Sent::commit(&join));
    assert_eq!(carol.group().members().len(), 3);
}

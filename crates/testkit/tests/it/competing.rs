//! Several who change a group at once: one wins, all end the same.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use huis_engine::HttpRequest;
use huis_proto::frames::{ClientFrame, EntryKind, ServerFrame};
use huis_proto::{ErrorCode, mls};
use huis_testkit::{Device, Fate, Faults, World, seeds, story, story_with_seed};
use huis_views::{Command, MemberRole, Target};

use crate::nobody_is_alarmed;

#[test]
fn of_two_who_commit_at_once_one_wins_and_both_end_the_same() {
    for seed in seeds(3) {
        story_with_seed(seed, async |world| {
            let (ann, bea, guests) = two_admins_and(&world, &["cem", "dan"]).await;
            let (cem, dan) = (&guests[0], &guests[1]);
            let conflicts = Rc::new(Cell::new(0));
            for device in [&ann, &bea] {
                counts_conflicts(device, &conflicts);
                device.network_is(Faults { delay: Duration::from_millis(50), ..Faults::NONE });
            }
            let (hers, theirs) = ([cem], [dan]);
            tokio::join!(ann.invites("#garden", &hers), bea.invites("#garden", &theirs));
            assert!(conflicts.get() > 0, "they did not meet");
            for device in [cem, dan] {
                device.hears_title("garden").await;
            }
            ann.agrees_with(&[&bea, cem, dan], "#garden").await;
            assert_eq!(ann.names_in("#garden").await, ["ann", "bea", "cem", "dan"]);
            dan.says("#garden", "here we are").await;
            for device in [&ann, &bea, cem] {
                device.hears("#garden", "here we are").await;
            }
            nobody_is_alarmed(&[&ann, &bea, cem, dan]).await;
        });
    }
}

#[test]
fn a_message_that_a_commit_overtakes_is_sealed_again_under_its_id() {
    story(async |world| {
        let (ann, bea, guests) = two_admins_and(&world, &["cem"]).await;
        let cem = &guests[0];
        let (submitted, refused) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(0)));
        records_submissions(&bea, &submitted);
        withholds_commits_until_stale(&bea, &refused);
        ann.invites("#garden", &[cem]).await;
        bea.says("#garden", "too late?").await;
        assert_eq!(refused.get(), 1, "the message was stale");
        ann.hears("#garden", "too late?").await;
        cem.hears_title("garden").await;
        cem.reads_exactly("#garden", &["too late?"]).await;
        let submitted = submitted.take();
        let headers: Vec<_> = submitted.iter().map(|payload| mls::header(payload).unwrap()).collect();
        assert_eq!(headers.len(), 2, "{headers:?}");
        assert_eq!(headers[0].data.id, headers[1].data.id);
        assert!(headers[0].epoch < headers[1].epoch);
        nobody_is_alarmed(&[&ann, &bea, cem]).await;
    });
}

#[test]
fn the_answer_to_a_commit_may_be_lost_and_the_commit_is_still_made_once() {
    story(async |world| {
        let (ann, bea, guests) = two_admins_and(&world, &["cem"]).await;
        let cem = &guests[0];
        let lost = Rc::new(Cell::new(0));
        let count = Rc::clone(&lost);
        ann.answers_pass(move |request, response| {
            let loses = is_commit(request) && count.get() < 2;
            count.set(count.get() + u32::from(loses));
            (!loses).then_some(response)
        });
        ann.invites("#garden", &[cem]).await;
        assert!(lost.get() > 0);
        cem.hears_title("garden").await;
        ann.agrees_with(&[&bea, cem], "#garden").await;
        ann.says("#garden", "welcome").await;
        cem.reads_exactly("#garden", &["welcome"]).await;
        nobody_is_alarmed(&[&ann, &bea, cem]).await;
    });
}

#[test]
fn two_who_write_to_each_other_for_the_first_time_at_once_share_one_conversation() {
    for seed in seeds(2) {
        story_with_seed(seed, async |world| {
            let (ann, bea) = (world.account("ann").await, world.account("bea").await);
            world.network_is(Faults { delay: Duration::from_millis(50), ..Faults::NONE });
            let (one, other) = tokio::join!(ann.says("@bea", "from ann"), bea.says("@ann", "from bea"));
            assert_eq!(one.conversation, other.conversation);
            ann.hears("@bea", "from bea").await;
            bea.hears("@ann", "from ann").await;
            ann.agrees_with(&[&bea], "@bea").await;
        });
    }
}

/// ann and bea in #garden, both allowed to invite; the others have accounts.
async fn two_admins_and(world: &World, others: &[&str]) -> (Device, Device, Vec<Device>) {
    let (ann, bea) = (world.account("ann").await, world.account("bea").await);
    let mut guests = Vec::new();
    for name in others {
        guests.push(world.account(name).await);
    }
    ann.opens_a_group("garden", &[&bea]).await;
    bea.hears_title("garden").await;
    let (target, names) = (Target::Room("garden".into()), vec!["bea".to_owned()]);
    ann.command(Command::SetRole { target, names, role: MemberRole::Admin }).await;
    ann.agrees_with(&[&bea], "#garden").await;
    // Fresh leaves are updated soon after joining; what follows is about other commits.
    world.passes(Duration::from_secs(7200)).await;
    ann.has_settled().await;
    bea.has_settled().await;
    ann.agrees_with(&[&bea], "#garden").await;
    (ann, bea, guests)
}

fn is_commit(request: &HttpRequest) -> bool {
    request.path.ends_with("/commits")
}

fn counts_conflicts(device: &Device, conflicts: &Rc<Cell<u32>>) {
    let conflicts = Rc::clone(conflicts);
    device.answers_pass(move |request, response| {
        if is_commit(request) && response.status == ErrorCode::CommitConflict.status() {
            conflicts.set(conflicts.get() + 1);
        }
        Some(response)
    });
}

fn records_submissions(device: &Device, submitted: &Rc<RefCell<Vec<Vec<u8>>>>) {
    let submitted = Rc::clone(submitted);
    device.sent_frames_pass(move |frame| {
        if let ClientFrame::Submit(submit) = &frame {
            submitted.borrow_mut().push(submit.payload.0.clone());
        }
        Fate::passes(frame)
    });
}

/// The device gets no commit, and nothing behind one, before one of its messages was refused as stale.
fn withholds_commits_until_stale(device: &Device, refused: &Rc<Cell<u32>>) {
    let refused = Rc::clone(refused);
    let mut withheld = Vec::new();
    device.received_frames_pass(move |frame| match frame {
        ServerFrame::Entry(entry)
            if refused.get() == 0 && (entry.kind == EntryKind::Commit || !withheld.is_empty()) =>
        {
            withheld.push(ServerFrame::Entry(entry));
            Fate::Becomes(vec![])
        }
        ServerFrame::Refused { request, problem } if problem.code == ErrorCode::Stale => {
            refused.set(refused.get() + 1);
            let mut frames = vec![ServerFrame::Refused { request, problem }];
            frames.append(&mut withheld);
            Fate::Becomes(frames)
        }
        other => Fate::passes(other),
    });
}

//! Stories of reports.

use huis_proto::rest::{
    ProvenContent, ReportCategory, ReportInfo, ReportOutcome, ReportState, ReportedPlace, ServerRole,
};
use huis_proto::{Bytes, Bytes32, ConversationId, Member, MessageId, ReportId, TimeShare};

use super::administration::{NOW_MS, act, audit, by, head, named, of_role};
use super::people::People;
use crate::{Acted, NewClosing, NewReport, ReportPut, ReportsWanted, SharedStore};

/// A report on somebody.
pub(super) fn report(people: &People, reporter: Member, reported: Member) -> NewReport {
    NewReport {
        id: ReportId::from_bytes(people.id()),
        reporter: reporter.account,
        reported: reported.account,
        category: ReportCategory::Abuse,
        note: "Every day.\nPlease help.".into(),
        made_at_ms: NOW_MS,
        message: None,
        revealed: None,
    }
}

/// The same about a message of an author, whose content is revealed.
pub(super) fn about(people: &People, report: NewReport, author: Member) -> NewReport {
    let message = ReportedPlace {
        conversation: ConversationId::from_bytes(people.id()),
        message: MessageId::from_bytes(people.id()),
        device: author.device,
        seq: 7,
        received_at_ms: NOW_MS - 9,
    };
    let share = Some(TimeShare(Bytes32([5; 32])));
    let revealed = ProvenContent { content: Bytes(b"content".to_vec()), share };
    NewReport { message: Some(message), revealed: Some(revealed), ..report }
}

async fn kept(people: &People, new: NewReport) -> ReportId {
    let id = new.id;
    assert_eq!(people.store.put_report(new, 100).await.expect("an answer"), ReportPut::Kept);
    id
}

fn wanted(asker: Member, role: ServerRole, state: ReportState) -> ReportsWanted {
    ReportsWanted { asker: asker.account, role, state, after: None, most: 100 }
}

async fn seen(store: &SharedStore, asker: Member, role: ServerRole) -> Vec<ReportId> {
    let page = store.reports_page(wanted(asker, role, ReportState::Open)).await.expect("read");
    page.into_iter().map(|report| report.id).collect()
}

fn dismissed(answer: &str) -> NewClosing {
    NewClosing { outcome: ReportOutcome::Dismissed, answer: answer.into() }
}

fn done<T>(acted: Acted<T>) -> T {
    match acted {
        Acted::Done(done) => done,
        _ => panic!("it was refused"),
    }
}

/// Those who look after the server see all of it, its reporter what they said; that it was read is written down.
pub async fn a_report_is_kept_and_told_as_it_was_made(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna, berta) = (head(&people).await, named(&people, "anna").await, named(&people, "berta").await);
    let person = kept(&people, report(&people, anna, berta)).await;
    let mut new = about(&people, report(&people, anna, berta), berta);
    new.made_at_ms += 1;
    let (place, revealed) = (new.message, new.revealed.clone());
    let message = kept(&people, new).await;

    let told = done(store.read_report(by(head), message).await.expect("an answer"));
    assert_eq!((told.report.message, &told.revealed), (place, &revealed));
    assert_eq!((told.report.reporter.as_str(), told.report.username.as_str()), ("anna", "berta"));
    assert_eq!((told.report.account, told.report.note.as_str()), (berta.account, "Every day.\nPlease help."));
    assert!(told.report.proven && told.report.state == ReportState::Open && told.report.closing.is_none());
    assert_eq!(told.report.category, ReportCategory::Abuse);
    let page = store.reports_page(wanted(head, ServerRole::SuperAdministrator, ReportState::Open)).await;
    assert_eq!(page.expect("read").last(), Some(&told.report));
    let told = done(store.read_report(by(head), person).await.expect("an answer"));
    assert!(told.report.message.is_none() && told.revealed.is_none() && !told.report.proven);

    let own = store.own_reports(anna.account).await.expect("read");
    assert_eq!(own.iter().map(|own| (own.id, own.revealed)).collect::<Vec<_>>(), [(message, true), (person, false)]);
    assert_eq!(own[0].message, place.map(|place| place.message));
    assert_eq!(store.own_reports(berta.account).await.expect("read"), []);
    let read: Vec<_> = audit(&store).await.into_iter().filter(|entry| entry.action == "try").collect();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].subject, format!("report {message} on berta"));

    let nobody = report(&people, anna, people.stranger());
    assert_eq!(store.put_report(nobody, 100).await.expect("an answer"), ReportPut::NoAccount);
}

/// What is decided stays as it is; every step is written down.
pub async fn a_report_is_taken_up_closed_once_and_answered(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna, berta) = (head(&people).await, named(&people, "anna").await, named(&people, "berta").await);
    let moderator = of_role(&people, head, "mod", ServerRole::Moderator).await;
    let id = kept(&people, report(&people, anna, berta)).await;
    let before = audit(&store).await.len();
    let taken = done(store.take_report(by(moderator), id).await.expect("an answer"));
    assert_eq!((taken.state, taken.handled_by.as_deref()), (ReportState::Taken, Some("mod")));
    assert_eq!(done(store.take_report(by(moderator), id).await.expect("an answer")), taken, "the answer was lost");
    let taken = done(store.take_report(by(head), id).await.expect("an answer"));
    assert_eq!(taken.handled_by.as_deref(), Some("head"));
    let closed = done(store.close_report(by(moderator), id, dismissed("It is a joke.")).await.expect("an answer"));
    let again = store.close_report(by(moderator), id, dismissed("It is a joke.")).await.expect("an answer");
    assert_eq!(done(again), closed, "the answer was lost");
    let other = store.close_report(by(head), id, dismissed("It is a joke.")).await.expect("an answer");
    assert_eq!(other, Acted::Unchanged);
    let closing = closed.closing.clone().expect("closed");
    assert_eq!((closing.outcome, closing.closed_at_ms), (ReportOutcome::Dismissed, NOW_MS));
    assert_eq!(store.close_report(by(head), id, dismissed("No.")).await.expect("an answer"), Acted::Unchanged);
    assert_eq!(store.take_report(by(head), id).await.expect("an answer"), Acted::Unchanged);
    let page = store.reports_page(wanted(head, ServerRole::SuperAdministrator, ReportState::Closed)).await;
    assert_eq!(page.expect("read"), [closed]);
    assert_eq!(seen(&store, head, ServerRole::SuperAdministrator).await, []);
    let own = store.own_reports(anna.account).await.expect("read");
    assert_eq!((own[0].state, own[0].closing.as_ref()), (ReportState::Closed, Some(&closing)));
    let log = audit(&store).await;
    let steps: Vec<_> = log[before..].iter().map(|entry| (entry.before.as_str(), entry.after.as_str())).collect();
    assert_eq!(
        steps,
        [("open", "taken by mod"), ("taken by mod", "taken by head"), ("taken by head", "closed: dismissed")]
    );
    assert!(log.iter().all(|entry| !entry.after.contains("joke")));
}

/// For a moderator there is no report about themselves or another moderator; a member does nothing at all.
pub async fn nobody_sees_a_report_about_themselves_or_their_equals(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna) = (head(&people).await, named(&people, "anna").await);
    let moderator = of_role(&people, head, "mod", ServerRole::Moderator).await;
    let other = of_role(&people, head, "other", ServerRole::Moderator).await;
    let on_moderator = kept(&people, report(&people, anna, moderator)).await;
    let on_head = kept(&people, report(&people, anna, head)).await;
    let on_anna = kept(&people, report(&people, other, anna)).await;
    for asker in [moderator, other] {
        assert_eq!(seen(&store, asker, ServerRole::Moderator).await, [on_anna]);
        for id in [on_moderator, on_head] {
            assert_eq!(store.read_report(by(asker), id).await.expect("an answer"), Acted::NotThere);
            assert_eq!(store.take_report(by(asker), id).await.expect("an answer"), Acted::NotThere);
            let closed = store.close_report(by(asker), id, dismissed("")).await;
            assert_eq!(closed.expect("an answer"), Acted::NotThere);
        }
    }
    let mut of_head = seen(&store, head, ServerRole::SuperAdministrator).await;
    let mut others = vec![on_moderator, on_anna];
    of_head.sort_unstable();
    others.sort_unstable();
    assert_eq!(of_head, others);
    assert_eq!(store.read_report(by(head), on_head).await.expect("an answer"), Acted::NotThere);
    let member = act(anna, ServerRole::Moderator, "try");
    assert_eq!(store.read_report(member.clone(), on_anna).await.expect("an answer"), Acted::NotAllowed);
    assert_eq!(store.take_report(member.clone(), on_anna).await.expect("an answer"), Acted::NotAllowed);
    let closed = store.close_report(member, on_anna, dismissed("")).await.expect("an answer");
    assert_eq!(closed, Acted::NotAllowed);
    let missing = ReportId::from_bytes(people.id());
    assert_eq!(store.read_report(by(head), missing).await.expect("an answer"), Acted::NotThere);
}

/// One account's reports leave the others' room alone, and closed ones count as well.
pub async fn reports_are_bounded_for_each_account(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna, berta) = (head(&people).await, named(&people, "anna").await, named(&people, "berta").await);
    let put = async |new: NewReport| store.put_report(new, 2).await.expect("an answer");
    let first = report(&people, anna, berta);
    let id = first.id;
    assert_eq!(put(first).await, ReportPut::Kept);
    done(store.close_report(by(head), id, dismissed("")).await.expect("an answer"));
    assert_eq!(put(report(&people, anna, berta)).await, ReportPut::Kept);
    assert_eq!(put(report(&people, anna, berta)).await, ReportPut::TooMany);
    assert_eq!(put(report(&people, berta, anna)).await, ReportPut::Kept);
}

/// Pages hold what stands behind the place that they are asked for, though many were made in one millisecond.
pub async fn reports_are_listed_by_age_page_by_page(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna, berta) = (head(&people).await, named(&people, "anna").await, named(&people, "berta").await);
    let mut made = Vec::new();
    for number in 0..7 {
        let mut new = report(&people, anna, berta);
        new.made_at_ms = NOW_MS + number / 3;
        made.push((new.made_at_ms, kept(&people, new).await));
    }
    made.sort_unstable();
    let mut found: Vec<(u64, ReportId)> = Vec::new();
    loop {
        let after = found.last().copied();
        let page = ReportsWanted { after, most: 2, ..wanted(head, ServerRole::SuperAdministrator, ReportState::Open) };
        let page: Vec<ReportInfo> = store.reports_page(page).await.expect("read");
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        found.extend(page.iter().map(|report| (report.made_at_ms, report.id)));
    }
    assert_eq!(found, made);
}

/// What is not closed stays, however old it is.
pub async fn a_report_goes_with_its_reporter_and_some_time_after_its_closing(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna, berta) = (head(&people).await, named(&people, "anna").await, named(&people, "berta").await);
    let mut old = report(&people, anna, berta);
    old.made_at_ms = 1;
    let old = kept(&people, old).await;
    let mut closed = Vec::new();
    for number in 0..3 {
        let id = kept(&people, about(&people, report(&people, anna, berta), berta)).await;
        let mut act = by(head);
        act.at_ms += number;
        done(store.close_report(act, id, dismissed("")).await.expect("an answer"));
        closed.push(id);
    }
    assert_eq!(store.end_reports(NOW_MS - 1, 10).await.expect("ended"), 0);
    assert_eq!(store.end_reports(NOW_MS + 1, 1).await.expect("ended"), 1);
    assert_eq!(store.end_reports(NOW_MS + 1, 10).await.expect("ended"), 1);
    let mut left: Vec<_> = store.own_reports(anna.account).await.expect("read").iter().map(|own| own.id).collect();
    let mut expected = vec![old, closed[2]];
    left.sort_unstable();
    expected.sort_unstable();
    assert_eq!(left, expected);

    // Who is reported takes nothing along by being deleted.
    let on_anna = kept(&people, report(&people, berta, anna)).await;
    done(store.delete_account(by(head), "anna").await.expect("an answer"));
    assert_eq!(seen(&store, head, ServerRole::SuperAdministrator).await, [on_anna]);
    assert_eq!(store.own_reports(anna.account).await.expect("read"), []);
    let late = store.put_report(report(&people, anna, berta), 100).await;
    assert_eq!(late.expect("an answer"), ReportPut::NoAccount);
}

/// The other one is told that it is closed.
pub async fn of_two_who_close_a_report_at_once_one_does(store: SharedStore) {
    let people = People::new(store.clone());
    let (head, anna, berta) = (head(&people).await, named(&people, "anna").await, named(&people, "berta").await);
    let moderator = of_role(&people, head, "mod", ServerRole::Moderator).await;
    let id = kept(&people, report(&people, anna, berta)).await;
    let (one, other) = tokio::join!(
        store.close_report(by(head), id, dismissed("one")),
        store.close_report(by(moderator), id, dismissed("other")),
    );
    let both = [one.expect("an answer"), other.expect("an answer")];
    assert_eq!(both.iter().filter(|acted| matches!(acted, Acted::Done(_))).count(), 1);
    assert_eq!(both.iter().filter(|acted| **acted == Acted::Unchanged).count(), 1);
}

//! Reports: what is revealed is proven, and nothing else is told.

use std::time::Duration;

use huis_proto::rest::{CreateReport, OwnReport, ReportCategory};
use huis_proto::{Bytes, ErrorCode, MessageId, ReportId};
use huis_testkit::{Device, World, story};
use huis_views::{Command, Failure, LockState, MakeReport, Reply, ReportView, Reported};

use crate::time_locks::TWO_MINUTES;
use crate::two_friends;

const SAID: &str = "the cormorant owes me nine herrings";
const UNTOLD: &str = "nobody hears of the kingfisher";

async fn reports(device: &Device, message: MessageId, reveal: bool) -> Result<ReportId, Failure> {
    let what = Reported::Message { message, reveal };
    let report = MakeReport { what, category: ReportCategory::Abuse, note: "look".into() };
    match device.tries(Command::Report(report)).await? {
        Reply::ReportMade { id } => Ok(id),
        other => panic!("{other:?}"),
    }
}

async fn reads(device: &Device, report: ReportId) -> ReportView {
    match device.command(Command::ReadReport { report }).await {
        Reply::Report(view) => *view,
        other => panic!("{other:?}"),
    }
}

async fn own(device: &Device) -> Vec<OwnReport> {
    match device.command(Command::Reports).await {
        Reply::Reports(reports) => reports,
        other => panic!("{other:?}"),
    }
}

fn server_holds(world: &World, text: &str) -> bool {
    let stored = world.everything_the_server_stores();
    stored.iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}

#[test]
fn a_revealed_message_is_proven_and_nothing_else_is_told() {
    story(async |world| {
        let head = world.super_administrator("head").await;
        let (ann, bea) = two_friends(&world).await;
        ann.says("@bea", UNTOLD).await;
        let sent = ann.says("@bea", SAID).await;
        bea.hears("@ann", SAID).await;
        let told = reports(&bea, sent.id, false).await.unwrap();
        assert!(!server_holds(&world, SAID), "it was not revealed");
        let view = reads(&head, told).await;
        assert!(!view.report.proven && view.revealed.is_none());
        // The newest stands first, by the milliseconds of the server's clock.
        world.passes(Duration::from_millis(1)).await;
        let revealed = reports(&bea, sent.id, true).await.unwrap();
        assert!(server_holds(&world, SAID));
        let view = reads(&head, revealed).await;
        assert!(view.report.proven);
        assert_eq!((view.report.reporter.as_str(), view.report.username.as_str()), ("bea", "ann"));
        assert_eq!(view.report.message.unwrap().message, sent.id);
        let read = view.revealed.unwrap();
        assert_eq!((read.kind.as_str(), read.text.as_str()), ("text", SAID));
        assert!(!server_holds(&world, UNTOLD), "it stood beside what was revealed");
        let own = own(&bea).await;
        let told: Vec<_> =
            own.iter().map(|report| (report.username.as_str(), report.message, report.revealed)).collect();
        assert_eq!(told, [("ann", Some(sent.id), true), ("ann", Some(sent.id), false)]);
        // Nobody reports themselves.
        assert!(matches!(reports(&ann, sent.id, true).await, Err(Failure::Invalid { .. })));
    });
}

#[test]
fn a_reporter_who_changes_what_was_said_proves_nothing() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.says("@bea", SAID).await;
        bea.hears("@ann", SAID).await;
        bea.requests_pass(|mut request| {
            if request.path == "/api/v1/reports"
                && let Some(body) = &request.body
            {
                let mut report: CreateReport = serde_json::from_slice(body).unwrap();
                let revealed = report.message.as_mut().unwrap().revealed.as_mut().unwrap();
                let said = revealed.content.windows(4).position(|window| window == b"nine").unwrap();
                let mut changed = revealed.content.to_vec();
                changed[said..said + 4].copy_from_slice(b"five");
                revealed.content = Bytes(changed);
                request.body = Some(serde_json::to_vec(&report).unwrap());
            }
            Some(request)
        });
        let refused = reports(&bea, sent.id, true).await;
        assert!(matches!(refused, Err(Failure::Refused { code: ErrorCode::ReportUnproven, .. })), "{refused:?}");
        bea.nobody_meddles();
        assert_eq!(own(&bea).await, []);
        assert!(!server_holds(&world, "five herrings") && !server_holds(&world, SAID));
    });
}

#[test]
fn what_opened_later_is_revealed_with_the_share_that_opened_it() {
    story(async |world| {
        let head = world.super_administrator("head").await;
        let (ann, bea) = two_friends(&world).await;
        let sent = ann.locks("@bea", SAID, TWO_MINUTES).await;
        bea.sees_lock(sent.id, LockState::Waiting).await;
        assert!(matches!(reports(&bea, sent.id, true).await, Err(Failure::Invalid { .. })));
        bea.sees_lock(sent.id, LockState::Opened).await;
        let report = reports(&bea, sent.id, true).await.unwrap();
        assert!(own(&bea).await[0].revealed);
        let read = reads(&head, report).await.revealed.unwrap();
        assert_eq!((read.kind.as_str(), read.text.as_str()), ("text", SAID));
    });
}

//! A server whose disk is full.

use std::cell::Cell;
use std::rc::Rc;

use huis_proto::frames::{ClientFrame, ServerFrame, Submit};
use huis_proto::{Bytes, ErrorCode, Problem};
use huis_testkit::{Fate, story};

use crate::{nobody_is_alarmed, two_friends};

#[test]
fn what_a_full_server_refuses_waits_and_arrives_once_there_is_space() {
    story(async |world| {
        let (ann, bea) = two_friends(&world).await;
        let (full, refused) = (Rc::new(Cell::new(true)), Rc::new(Cell::new(0)));
        // Nothing is stored of what the server can't read; the device is told another reason for it.
        let is_full = Rc::clone(&full);
        ann.sent_frames_pass(move |frame| {
            Fate::passes(match frame {
                ClientFrame::Submit(submit) if is_full.get() => {
                    ClientFrame::Submit(Submit { payload: Bytes(vec![0]), ..submit })
                }
                other => other,
            })
        });
        let count = Rc::clone(&refused);
        ann.received_frames_pass(move |frame| {
            Fate::passes(match frame {
                ServerFrame::Refused { request, .. } => {
                    count.set(count.get() + 1);
                    let problem = Problem::new(ErrorCode::StorageFull, "The server's disk is full.");
                    ServerFrame::Refused { request, problem }
                }
                other => other,
            })
        });
        for text in ["one", "two"] {
            ann.writes("@bea", text).await;
        }
        ann.until("it was refused more than once", async || refused.get() > 3).await;
        let status = ann.status().await;
        assert_eq!((status.waiting, status.unsent), (2, 2));
        assert_eq!(bea.texts("@ann").await, ["hello"]);
        full.set(false);
        bea.reads_exactly("@ann", &["hello", "one", "two"]).await;
        ann.has_settled().await;
        nobody_is_alarmed(&[&ann, &bea]).await;
    });
}

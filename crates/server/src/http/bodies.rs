//! How many bytes of unfinished requests are held in memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// The bytes of bodies that all unfinished requests may hold together.
pub(crate) struct BodyBudget {
    held: Arc<AtomicUsize>,
    most: usize,
}

/// What one request holds; given back when the request is answered.
pub(super) struct Tally {
    held: Arc<AtomicUsize>,
    most: usize,
    own: AtomicUsize,
    exceeded: AtomicBool,
}

/// A body that counts what came, not what was announced: who announces much and sends little takes little.
struct Counted {
    body: Body,
    tally: Arc<Tally>,
}

#[derive(Debug, thiserror::Error)]
#[error("too many bytes of other requests are in memory")]
struct BudgetExceeded;

impl BodyBudget {
    pub(crate) fn new(most: usize) -> Self {
        Self { held: Arc::default(), most }
    }

    /// How many bytes are held.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) fn tally(&self) -> Arc<Tally> {
        Arc::new(Tally {
            held: self.held.clone(),
            most: self.most,
            own: AtomicUsize::new(0),
            exceeded: AtomicBool::new(false),
        })
    }
}

impl Tally {
    /// Whether the body was cut because there was no room for it.
    pub(super) fn was_exceeded(&self) -> bool {
        self.exceeded.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) -> Result<(), BudgetExceeded> {
        self.own.fetch_add(bytes, Ordering::Relaxed);
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.most {
            self.exceeded.store(true, Ordering::Relaxed);
            return Err(BudgetExceeded);
        }
        Ok(())
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.held.fetch_sub(*self.own.get_mut(), Ordering::Relaxed);
    }
}

pub(super) fn counted(body: Body, tally: Arc<Tally>) -> Body {
    if body.is_end_stream() { body } else { Body::new(Counted { body, tally }) }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            if let Some(data) = frame.data_ref() {
                self.tally.add(data.len())?;
            }
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn read(body: Body) -> Result<usize, axum::Error> {
        Ok(body.collect().await?.to_bytes().len())
    }

    #[tokio::test]
    async fn requests_together_hold_a_bounded_number_of_bytes() {
        let budget = BodyBudget::new(100);
        let first = budget.tally();
        assert_eq!(read(counted(Body::from(vec![0; 80]), first.clone())).await.unwrap(), 80);
        let second = budget.tally();
        assert!(read(counted(Body::from(vec![0; 80]), second.clone())).await.is_err());
        assert!(second.was_exceeded() && !first.was_exceeded());
        drop((first, second));
        let third = budget.tally();
        assert_eq!(read(counted(Body::from(vec![0; 100]), third.clone())).await.unwrap(), 100);
    }
}

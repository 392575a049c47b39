//! What the client says: frames, read one at a time, and its submissions on their way to the store.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::future::BoxFuture;
use huis_proto::frames::{Accepted, ClientFrame, CloseCode, Received, ServerFrame, Submit, first_frame};
use huis_proto::rest::MessageAccepted;
use huis_proto::{ErrorCode, Problem, limits};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::order::Order;
use super::{Connection, End};
use crate::delivery::meters::Waiting;
use crate::delivery::submission;

/// A submission that was handed to the store, or refused at once.
pub(super) struct Flight {
    request: u32,
    submission: u64,
    began: Instant,
    state: FlightState,
    /// Given back when it is answered, or its connection ends.
    _waiting: Waiting,
}

enum FlightState {
    Up(BoxFuture<'static, Result<MessageAccepted, Problem>>),
    Down(Result<MessageAccepted, Problem>),
}

impl Connection {
    /// Reads as long as there is something and room for its answers; whether anything came in.
    pub(super) fn poll_received(&mut self, now: Instant, context: &mut Context<'_>) -> Result<bool, End> {
        let mut received = false;
        loop {
            while !self.unread.is_empty() && self.takes_frames() {
                self.take_frame(now, context)?;
                received = true;
            }
            if !self.unread.is_empty() || !self.takes_frames() {
                return Ok(received);
            }
            match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Pending => return Ok(received),
                Poll::Ready(message) => self.take_message(now, message)?,
            }
            received = true;
        }
    }

    /// Polls the submissions in the order in which they came, so that the store gets them in this order, and answers
    /// those at the front that are done.
    pub(super) fn poll_flights(&mut self, context: &mut Context<'_>) {
        for flight in &mut self.flights {
            flight.poll(context, &mut self.order);
        }
        while self.flights.front().is_some_and(Flight::is_down) {
            if let Some(flight) = self.flights.pop_front() {
                self.answer(flight);
            }
        }
    }

    /// Waits for all submissions and answers them.
    pub(super) async fn land_flights(&mut self) {
        while let Some(mut flight) = self.flights.pop_front() {
            if let FlightState::Up(up) = &mut flight.state {
                let result = up.await;
                flight.state = FlightState::Down(result);
            }
            self.answer(flight);
        }
    }

    fn takes_frames(&self) -> bool {
        self.flights.len() < limits::SUBMISSIONS_IN_FLIGHT && self.outgoing.has_room()
    }

    fn take_message(&mut self, now: Instant, message: Option<Result<Message, Error>>) -> Result<(), End> {
        self.heard_at = now;
        match message {
            Some(Ok(Message::Binary(message))) if !message.is_empty() => self.unread = message,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                if !self.frames.take(now) {
                    return Err(End::Close(CloseCode::TooMany));
                }
            }
            // The library has queued the answer to a close; the end of the stream follows.
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone),
            Some(Ok(_)) => return Err(End::Close(CloseCode::BadFrame)),
            Some(Err(Error::Capacity(_))) => return Err(End::Close(CloseCode::TooBig)),
            Some(Err(_)) => return Err(End::Gone),
        }
        Ok(())
    }

    fn take_frame(&mut self, now: Instant, context: &mut Context<'_>) -> Result<(), End> {
        if !self.frames.take(now) {
            return Err(End::Close(CloseCode::TooMany));
        }
        let (frame, rest) = first_frame::<ClientFrame>(&self.unread).map_err(|_| End::Close(CloseCode::BadFrame))?;
        let read = self.unread.len() - rest.len();
        if rest.is_empty() {
            self.unread = axum::body::Bytes::new();
        } else {
            let _ = self.unread.split_to(read);
        }
        match frame {
            Received::Frame(ClientFrame::Submit(submit)) => self.submit(submit, now, context),
            Received::Frame(ClientFrame::Ack { conversation, seq }) => {
                self.take_ack(conversation, seq, now);
            }
            Received::Frame(ClientFrame::AckWelcome { conversation, seq }) => {
                self.take_welcome_ack(conversation, seq, now);
            }
            Received::Frame(ClientFrame::Ephemeral { conversation, payload }) => {
                if payload.len() > limits::EPHEMERAL_PAYLOAD {
                    return Err(End::Close(CloseCode::TooBig));
                }
                // Beyond the rate they are lost, as they may be.
                if self.ephemerals.take(now) {
                    let hub = self.place.hub();
                    hub.meters.ephemerals.increment(1);
                    hub.ephemeral(conversation, self.device, payload.0);
                }
            }
            Received::Frame(ClientFrame::Ping {}) => {
                self.outgoing.frame(&ServerFrame::Pong { server_time_ms: self.app.clock.now_ms() })
            }
            Received::Unknown(name) => {
                if !self.said_unknown {
                    self.said_unknown = true;
                    tracing::debug!(name, "skipped a frame that this version does not know");
                }
            }
        }
        Ok(())
    }

    fn submit(&mut self, submit: Submit, now: Instant, context: &mut Context<'_>) {
        let (request, submission) = (submit.request, submit.submission);
        let said = (submit.payload, submit.share);
        let checked = submission::check_message(self.device, None, submission, said, self.app.clock.now_ms());
        let state = match checked {
            Ok(_) if !self.order.admits(submission) => FlightState::Down(Err(Problem::new(
                ErrorCode::Unavailable,
                "An earlier submission of this device could not be taken just now; send that one again first.",
            ))),
            Ok(append) => FlightState::Up(Box::pin(submission::append(self.app.clone(), append))),
            Err(problem) => FlightState::Down(Err(problem)),
        };
        let waiting = self.place.hub().meters.waiting();
        let mut flight = Flight { request, submission, began: now, state, _waiting: waiting };
        // The first poll hands it to the store, before the next frame is looked at.
        flight.poll(context, &mut self.order);
        self.flights.push_back(flight);
    }

    fn answer(&mut self, flight: Flight) {
        let meters = &self.place.hub().meters;
        let result = match flight.state {
            FlightState::Down(result) => result,
            FlightState::Up(_) => {
                Err(Problem::new(ErrorCode::Unavailable, "The server is stopping; come back in a moment."))
            }
        };
        match result {
            Ok(accepted) => {
                meters.append_seconds.record(flight.began.elapsed());
                self.outgoing.frame(&ServerFrame::Accepted(Accepted {
                    request: flight.request,
                    seq: accepted.seq,
                    received_at_ms: accepted.received_at_ms,
                }));
            }
            Err(problem) => {
                meters.refused.increment(1);
                self.outgoing.frame(&ServerFrame::Refused { request: flight.request, problem });
            }
        }
    }
}

impl Flight {
    fn poll(&mut self, context: &mut Context<'_>, order: &mut Order) {
        if let FlightState::Up(up) = &mut self.state
            && let Poll::Ready(result) = up.as_mut().poll(context)
        {
            if let Err(problem) = &result {
                order.refused(self.submission, problem.code);
            }
            self.state = FlightState::Down(result);
        }
    }

    fn is_down(&self) -> bool {
        matches!(self.state, FlightState::Down(_))
    }
}

//! The way to the worker behind the page: JSON texts out and in ([`ToWorker`], [`FromWorker`]).

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use huis_views::{Command, Failure, FromWorker, Reply, ToWorker};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;
use web_sys::{MessageEvent, Worker};

use huis_views::json;

thread_local! {
    static PORT: OnceCell<Port> = const { OnceCell::new() };
}

struct Port {
    worker: Worker,
    last: Cell<u32>,
    waiting: RefCell<HashMap<u32, Rc<RefCell<Slot>>>>,
    hears: Box<dyn Fn(FromWorker)>,
}

#[derive(Default)]
struct Slot {
    answer: Option<Result<Reply, Failure>>,
    waker: Option<Waker>,
}

/// An answer on its way. Dropping it gives up the answer, not what was begun.
pub(crate) struct Answering(Rc<RefCell<Slot>>);

impl Future for Answering {
    type Output = Result<Reply, Failure>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.borrow_mut();
        match slot.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Takes the worker that the page made, and what it said before anybody listened. All but answers goes to `hears`.
pub(crate) fn attach(worker: Worker, early: &js_sys::Array, hears: impl Fn(FromWorker) + 'static) {
    let port = Port { worker, last: Cell::new(0), waiting: RefCell::new(HashMap::new()), hears: Box::new(hears) };
    PORT.with(|cell| {
        let _ = cell.set(port);
    });
    for said in early.iter() {
        hear(&said);
    }
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| hear(&event.data()));
    PORT.with(|cell| {
        if let Some(port) = cell.get() {
            port.worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        }
    });
    // It listens as long as there is a page.
    on_message.forget();
}

fn hear(said: &JsValue) {
    // What cannot be read is of a worker of another version; a page loaded anew has the same as its worker.
    let Some(said) = said.as_string().and_then(|text| json::read::<FromWorker>(&text).ok()) else { return };
    PORT.with(|cell| {
        let Some(port) = cell.get() else { return };
        let FromWorker::Answer { number, answer } = said else { return (port.hears)(said) };
        let slot = port.waiting.borrow_mut().remove(&number);
        if let Some(slot) = slot {
            let waker = {
                let mut slot = slot.borrow_mut();
                slot.answer = Some(answer.map(|reply| *reply));
                slot.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    });
}

/// Asks the engine.
pub(crate) fn ask(command: Command) -> Answering {
    let slot = Rc::new(RefCell::new(Slot::default()));
    PORT.with(|cell| match cell.get() {
        Some(port) => {
            let number = port.last.get().wrapping_add(1);
            port.last.set(number);
            port.waiting.borrow_mut().insert(number, slot.clone());
            port.post(&ToWorker::Ask { number, command: Box::new(command) });
        }
        None => slot.borrow_mut().answer = Some(Err(Failure::Stopped)),
    });
    Answering(slot)
}

/// Tells the worker what concerns itself.
pub(crate) fn tell(message: &ToWorker) {
    PORT.with(|cell| {
        if let Some(port) = cell.get() {
            port.post(message);
        }
    });
}

/// Nobody will answer any more.
pub(crate) fn give_up() {
    PORT.with(|cell| {
        let Some(port) = cell.get() else { return };
        let slots: Vec<_> = port.waiting.borrow_mut().drain().map(|(_, slot)| slot).collect();
        for slot in slots {
            let waker = {
                let mut slot = slot.borrow_mut();
                slot.answer = Some(Err(Failure::Stopped));
                slot.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    });
}

impl Port {
    fn post(&self, message: &ToWorker) {
        // Plain data can always be written.
        if let Ok(text) = serde_json::to_string(message) {
            let _ = self.worker.post_message(&JsValue::from_str(&text));
        }
    }
}

#[cfg(test)]
mod tests {
    use huis_views::{Connection, Event, MessageState, MessageView, Standing};

    use super::*;
    use crate::timeline::a_message as message;

    /// What comes out is what went in.
    fn comes_back(said: &FromWorker) {
        let text = serde_json::to_string(said).unwrap();
        let read = json::read::<FromWorker>(&text).unwrap_or_else(|_| panic!("{text}"));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn what_a_worker_says_comes_back() {
        comes_back(&FromWorker::Event(Event::CaughtUp));
        comes_back(&FromWorker::Event(Event::Connection(Connection::Waiting { retry_in_ms: 500 })));
        let failure = Failure::Unsent { count: 3 };
        comes_back(&FromWorker::Standing(Standing::Locked { username: None, failure: Some(failure.clone()) }));
        comes_back(&FromWorker::Answer { number: 7, answer: Err(Failure::NotSignedIn) });
        let said =
            MessageView { state: MessageState::Failed(failure), text: "\u{202e}\"\n".into(), ..message(1, 1, 0) };
        let reply = Reply::Messages(vec![message(1, 0, 5), said]);
        comes_back(&FromWorker::Answer { number: 7, answer: Ok(Box::new(reply)) });
    }
}

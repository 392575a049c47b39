//! Waiting, by the worker's `setTimeout`.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::WorkerGlobalScope;

/// `setTimeout` takes 32 bits with a sign; a longer one would be over at once.
const LONGEST_MS: u128 = i32::MAX as u128;

/// Is ready after `duration`. One that is dropped leaves no timer behind.
pub(super) fn sleep(duration: Duration) -> Sleep {
    let state = Rc::new(State::default());
    let told = state.clone();
    let over = Closure::once(move || {
        told.over.set(true);
        if let Some(waker) = told.waker.take() {
            waker.wake();
        }
    });
    let milliseconds = duration.as_millis().min(LONGEST_MS) as i32;
    let timer = scope().and_then(|scope| {
        scope.set_timeout_with_callback_and_timeout_and_arguments_0(over.as_ref().unchecked_ref(), milliseconds).ok()
    });
    Sleep { state, timer, _over: over }
}

pub(super) fn scope() -> Option<WorkerGlobalScope> {
    js_sys::global().dyn_into().ok()
}

#[derive(Default)]
struct State {
    over: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

pub(super) struct Sleep {
    state: Rc<State>,
    timer: Option<i32>,
    /// Alive as long as the timer may call it.
    _over: Closure<dyn FnMut()>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.state.over.get() {
            return Poll::Ready(());
        }
        self.state.waker.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(scope), Some(timer)) = (scope(), self.timer) {
            scope.clear_timeout_with_handle(timer);
        }
    }
}

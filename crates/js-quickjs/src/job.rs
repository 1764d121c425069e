//! Promises and jobs.

use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rquickjs::qjs;
use sinew_bridge::{Capability, PromiseState, Throw};

use crate::QuickJs;
use crate::error::{Result, completion, fail, guarded_status, status};
use crate::scope::{Scope, State};
use crate::value::Value;

pub(crate) fn new_promise(cx: &mut Scope<'_>) -> Result<Capability<QuickJs>> {
    let mut functions = [qjs::JS_UNDEFINED; 2];
    // SAFETY: there is room for both functions.
    let raw = unsafe { qjs::JS_NewPromiseCapability(cx.ctx, functions.as_mut_ptr()) };
    let promise = completion(cx, raw)?;
    let [resolve, reject] = functions.map(|function| Value::owned(cx, function));
    Ok(Capability {
        promise,
        resolve,
        reject,
    })
}

pub(crate) fn promise_state(cx: &mut Scope<'_>, value: &Value) -> Option<PromiseState<Value>> {
    let raw = value.raw(cx);
    // SAFETY: a valid value.
    let state = unsafe { qjs::JS_PromiseState(cx.ctx, raw) };
    let result = |cx: &mut Scope<'_>| {
        // SAFETY: a promise; one count comes with the result.
        let raw = unsafe { qjs::JS_PromiseResult(cx.ctx, raw) };
        Value::owned(cx, raw)
    };
    match state {
        qjs::JSPromiseStateEnum_JS_PROMISE_PENDING => Some(PromiseState::Pending),
        qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED => Some(PromiseState::Fulfilled(result(cx))),
        qjs::JSPromiseStateEnum_JS_PROMISE_REJECTED => Some(PromiseState::Rejected(result(cx))),
        _ => None,
    }
}

pub(crate) fn promise_then(
    cx: &mut Scope<'_>,
    promise: &Value,
    on_fulfilled: &Value,
    on_rejected: &Value,
) -> Result<()> {
    let (promise, yes, no) = (promise.raw(cx), on_fulfilled.raw(cx), on_rejected.raw(cx));
    // SAFETY: valid values. This is PerformPromiseThen with a new promise as result.
    let raw = unsafe { qjs::JS_PromiseThen(cx.ctx, promise, yes, no) };
    let derived = completion(cx, raw)?;
    // There is to be no result, so nobody could handle its rejection.
    // SAFETY: a promise.
    unsafe { qjs::JS_PromiseMarkAsHandled(cx.ctx, derived.raw(cx)) };
    Ok(())
}

pub(crate) fn enqueue_job(cx: &mut Scope<'_>, function: &Value) -> Result<()> {
    let mut function = function.raw(cx);
    // SAFETY: one argument, which QuickJS counts.
    let result = unsafe { qjs::JS_EnqueueJob(cx.ctx, Some(call), 1, &mut function) };
    status(cx, result).map(drop)
}

/// The job that calls its argument.
unsafe extern "C" fn call(
    ctx: *mut qjs::JSContext,
    _: c_int,
    function: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: QuickJS passes the one argument that the job was made with.
    unsafe { qjs::JS_Call(ctx, *function, qjs::JS_UNDEFINED, 0, std::ptr::null_mut()) }
}

pub(crate) fn run_job(cx: &mut Scope<'_>) -> Result<bool> {
    cx.state.drop_dead();
    let rt = cx.state.live.rt.get();
    let mut ctx = std::ptr::null_mut();
    // SAFETY: the runtime lives.
    let ran = guarded_status(cx, |_| unsafe { qjs::JS_ExecutePendingJob(rt, &mut ctx) });
    cx.state.end_job();
    if matches!(ran, Err(Throw::Terminated)) {
        // A job that ended with a termination may have left it pending.
        drop(fail(cx));
    }
    Ok(ran? > 0)
}

/// HostPromiseRejectionTracker.
pub(crate) unsafe extern "C" fn track_rejection(
    _: *mut qjs::JSContext,
    promise: qjs::JSValue,
    reason: qjs::JSValue,
    handled: bool,
    state: *mut c_void,
) {
    // SAFETY: the state, which outlives the runtime.
    let state = unsafe { &*state.cast::<State>() };
    if state.is_terminated() {
        return;
    }
    let mut cx = state.scope();
    let (promise, reason) = (Value::borrowed(&cx, promise), Value::borrowed(&cx, reason));
    let hooks = state.hooks.clone();
    let result = catch_unwind(AssertUnwindSafe(|| {
        hooks.promise_rejection(&mut cx, &promise, &reason, handled);
    }));
    if let Err(payload) = result {
        state.termination.set_panicked(&*payload);
        state.interrupt_soon();
    }
}

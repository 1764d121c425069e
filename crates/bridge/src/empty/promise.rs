//! Promises and jobs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::host::EmptyHost;
use super::object::Kind;
use super::realm::Scope;
use super::value::{Arguments, Value};
use crate::class::type_error;
use crate::{
    Capability, Completion, FunctionSpec, Intrinsic, JsHost, NativeFn, PromiseState, Throw,
};

/// What a promise has.
pub(super) struct Promise {
    pub(super) state: PromiseState<Value>,
    handled: bool,
    /// What to call, fulfilled or rejected.
    reactions: Vec<(Value, Value)>,
}

impl Promise {
    pub(super) const PENDING: Self = Promise {
        state: PromiseState::Pending,
        handled: false,
        reactions: Vec::new(),
    };
}

/// A call that waits.
pub(super) struct Job {
    pub(super) function: Value,
    pub(super) this: Value,
    pub(super) args: Vec<Value>,
    /// Takes what the call throws.
    pub(super) reject: Option<Value>,
}

impl Job {
    /// A call without arguments.
    pub(super) fn of(function: &Value) -> Self {
        Self {
            function: function.clone(),
            this: Value::Undefined,
            args: Vec::new(),
            reject: None,
        }
    }
}

pub(super) fn of(value: &Value) -> Option<&RefCell<Promise>> {
    match &value.object()?.kind {
        Kind::Promise(promise) => Some(promise),
        _ => None,
    }
}

/// A [resolving function](https://tc39.es/ecma262/#sec-createresolvingfunctions).
struct Resolving;

struct ResolvingData {
    promise: Value,
    rejects: bool,
    already_resolved: Rc<Cell<bool>>,
}

impl NativeFn<EmptyHost> for Resolving {
    type Data = ResolvingData;

    fn call(
        cx: &mut Scope<'_>,
        data: &ResolvingData,
        args: Arguments<'_>,
    ) -> Completion<EmptyHost> {
        if !data.already_resolved.replace(true) {
            let value = args.get(0).clone();
            if data.rejects {
                settle(cx, &data.promise, PromiseState::Rejected(value));
            } else {
                resolve(cx, &data.promise, value)?;
            }
        }
        Ok(Value::Undefined)
    }
}

fn resolving_functions(cx: &mut Scope<'_>, promise: &Value) -> Completion<EmptyHost, [Value; 2]> {
    let already_resolved = Rc::new(Cell::new(false));
    let mut function = |rejects| {
        let data = ResolvingData {
            promise: promise.clone(),
            rejects,
            already_resolved: already_resolved.clone(),
        };
        let spec = FunctionSpec {
            name: "",
            length: 1,
            constructor: false,
        };
        EmptyHost::create_function::<Resolving>(cx, data, spec)
    };
    Ok([function(false)?, function(true)?])
}

/// The steps of a [resolve
/// function](https://tc39.es/ecma262/#sec-promise-resolve-functions), with promises adopted
/// directly, as they have no `then`.
fn resolve(cx: &mut Scope<'_>, promise: &Value, value: Value) -> Completion<EmptyHost, ()> {
    if value.same(promise) {
        let Throw::Value(error) = type_error::<EmptyHost>(cx, "a promise resolved with itself")
        else {
            return Err(Throw::Terminated);
        };
        settle(cx, promise, PromiseState::Rejected(error));
        return Ok(());
    }
    if of(&value).is_some() {
        let [resolve, reject] = resolving_functions(cx, promise)?;
        return then(cx, &value, &resolve, &reject);
    }
    let method = match value.object() {
        Some(_) => EmptyHost::get(cx, &value, "then".into()),
        None => Ok(Value::Undefined),
    };
    match method {
        Ok(method) if method.is_callable() => {
            let [resolve, reject] = resolving_functions(cx, promise)?;
            cx.jobs.push_back(Job {
                function: method,
                this: value,
                args: vec![resolve, reject.clone()],
                reject: Some(reject),
            });
        }
        Ok(_) => settle(cx, promise, PromiseState::Fulfilled(value)),
        Err(Throw::Value(error)) => settle(cx, promise, PromiseState::Rejected(error)),
        Err(Throw::Terminated) => return Err(Throw::Terminated),
    }
    Ok(())
}

/// [FulfillPromise](https://tc39.es/ecma262/#sec-fulfillpromise) and
/// [RejectPromise](https://tc39.es/ecma262/#sec-rejectpromise)
fn settle(cx: &mut Scope<'_>, promise: &Value, state: PromiseState<Value>) {
    let Some(record) = of(promise) else { return };
    let reactions = {
        let mut record = record.borrow_mut();
        record.state = state.clone();
        std::mem::take(&mut record.reactions)
    };
    let handled = record.borrow().handled;
    if let PromiseState::Rejected(reason) = &state
        && !handled
    {
        let hooks = cx.hooks.clone();
        hooks.promise_rejection(cx, promise, reason, false);
    }
    for (fulfilled, rejected) in &reactions {
        react(cx, &state, fulfilled, rejected);
    }
}

/// [NewPromiseReactionJob](https://tc39.es/ecma262/#sec-newpromisereactionjob)
fn react(cx: &mut Scope<'_>, state: &PromiseState<Value>, fulfilled: &Value, rejected: &Value) {
    let (function, value) = match state {
        PromiseState::Pending => return,
        PromiseState::Fulfilled(value) => (fulfilled, value),
        PromiseState::Rejected(reason) => (rejected, reason),
    };
    if function.is_callable() {
        cx.jobs.push_back(Job {
            function: function.clone(),
            this: Value::Undefined,
            args: vec![value.clone()],
            reject: None,
        });
    }
}

pub(super) fn then(
    cx: &mut Scope<'_>,
    promise: &Value,
    fulfilled: &Value,
    rejected: &Value,
) -> Completion<EmptyHost, ()> {
    let Some(record) = of(promise) else {
        return Err(type_error::<EmptyHost>(cx, "not a promise"));
    };
    let was_handled = std::mem::replace(&mut record.borrow_mut().handled, true);
    let state = record.borrow().state.clone();
    if let PromiseState::Pending = state {
        let reaction = (fulfilled.clone(), rejected.clone());
        record.borrow_mut().reactions.push(reaction);
    }
    if let PromiseState::Rejected(reason) = &state
        && !was_handled
    {
        let hooks = cx.hooks.clone();
        hooks.promise_rejection(cx, promise, reason, true);
    }
    react(cx, &state, fulfilled, rejected);
    Ok(())
}

pub(super) fn capability(cx: &mut Scope<'_>) -> Completion<EmptyHost, Capability<EmptyHost>> {
    let proto = EmptyHost::intrinsic(cx, Intrinsic::Promise);
    let proto = EmptyHost::get(cx, &proto, "prototype".into())?;
    let promise = cx.allocate(Kind::Promise(RefCell::new(Promise::PENDING)), &proto);
    let [resolve, reject] = resolving_functions(cx, &promise)?;
    Ok(Capability {
        promise,
        resolve,
        reject,
    })
}

/// The next job; whether there was one.
pub(super) fn run_job(cx: &mut Scope<'_>) -> Completion<EmptyHost, bool> {
    if cx.termination.is_set() {
        return Err(Throw::Terminated);
    }
    let Some(job) = cx.jobs.pop_front() else {
        return Ok(false);
    };
    let result = EmptyHost::call(cx, &job.function, &job.this, &job.args);
    match (result, job.reject) {
        (Err(Throw::Value(error)), Some(reject)) => {
            EmptyHost::call(cx, &reject, &Value::Undefined, &[error])?;
        }
        (result, _) => drop(result?),
    }
    Ok(true)
}

/// The [constructor](https://tc39.es/ecma262/#sec-promise-constructor).
pub(super) struct Constructor;

impl NativeFn<EmptyHost> for Constructor {
    type Data = ();

    fn call(cx: &mut Scope<'_>, (): &(), args: Arguments<'_>) -> Completion<EmptyHost> {
        let executor = args.get(0).clone();
        if args.new_target.is_none() || !executor.is_callable() {
            return Err(type_error::<EmptyHost>(
                cx,
                "Promise is constructed with a function",
            ));
        }
        let capability = capability(cx)?;
        let functions = [capability.resolve, capability.reject];
        match EmptyHost::call(cx, &executor, &Value::Undefined, &functions) {
            Err(Throw::Value(error)) => {
                EmptyHost::call(cx, &functions[1], &Value::Undefined, &[error])?;
            }
            result => drop(result?),
        }
        Ok(capability.promise)
    }
}

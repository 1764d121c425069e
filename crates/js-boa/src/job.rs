//! Promises, jobs and their executor.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Wake, Waker};

use boa_engine::builtins::promise::PromiseState as BoaPromiseState;
use boa_engine::context::time::JsInstant;
use boa_engine::job::{GenericJob, Job, JobExecutor, NativeAsyncJob, PromiseJob, TimeoutJob};
use boa_engine::object::FunctionObjectBuilder;
use boa_engine::object::builtins::{JsFunction, JsPromise};
use boa_engine::property::{PropertyDescriptor, PropertyKey as BoaKey};
use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsValue, NativeFunction, js_string,
};
use sinew_bridge::{Capability, Completion, PromiseState};

use crate::Boa;
use crate::scope::Scope;

type JobFuture = Pin<Box<dyn Future<Output = JsResult<JsValue>>>>;

/// One queue, first in, first out, whatever kind the jobs are of.
///
/// Boa's asynchronous jobs are futures. Most end at their first poll, module loading among them.
/// One that does not, such as a FinalizationRegistry that waits for a collection, is parked: it
/// neither counts as waiting nor holds up the queue, and comes back into it when it is woken.
#[derive(Default)]
pub(crate) struct Jobs {
    queue: RefCell<VecDeque<Queued>>,
    parked: RefCell<HashMap<u64, Parked>>,
    woken: Arc<Woken>,
    next_id: Cell<u64>,
    timeouts: RefCell<Vec<(JsInstant, TimeoutJob)>>,
}

enum Queued {
    Promise(PromiseJob),
    Generic(GenericJob),
    Timeout(TimeoutJob),
    Start(NativeAsyncJob),
    Resume(u64),
}

/// The ids of parked futures that were woken, by this thread's collector or by another thread.
#[derive(Default)]
struct Woken(Mutex<Vec<u64>>);

struct Alarm {
    id: u64,
    woken: Arc<Woken>,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let mut woken = self.woken.0.lock().unwrap_or_else(PoisonError::into_inner);
        woken.push(self.id);
    }
}

/// A future and the cell through which it reaches the context while it is polled.
struct Parked {
    future: Option<JobFuture>,
    cell: NonNull<RefCell<&'static mut Context>>,
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.future = None;
        // SAFETY: the cell was made by `Box::leak` in `Parked::new` and the future, its only user,
        // is gone.
        drop(unsafe { Box::from_raw(self.cell.as_ptr()) });
    }
}

impl Parked {
    fn new(job: NativeAsyncJob, context: &mut Context) -> Self {
        // SAFETY: see `lend`.
        let cell = Box::leak(Box::new(RefCell::new(unsafe { lend(context) })));
        let cell = NonNull::from(cell);
        // SAFETY: the cell is valid until `drop` frees it, after the future.
        let future = job.call(unsafe { cell.as_ref() });
        Self {
            future: Some(Box::pin(future)),
            cell,
        }
    }

    fn poll(&mut self, context: &mut Context, waker: &Waker) -> Poll<JsResult<JsValue>> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(Ok(JsValue::undefined()));
        };
        // SAFETY: the cell is valid until `drop`; for the reference in it see `lend`.
        unsafe { self.cell.as_ref().replace(lend(context)) };
        future
            .as_mut()
            .poll(&mut std::task::Context::from_waker(waker))
    }
}

/// # Safety
/// The result must not be used when `context` may not: it is for the cell of a [`Parked`] alone,
/// which is given the current borrow before each poll, and which nothing reads between polls.
unsafe fn lend(context: &mut Context) -> &'static mut Context {
    let context: *mut Context = context;
    // SAFETY: valid now, by the reference it is made from; later by this function's contract.
    unsafe { &mut *context }
}

impl JobExecutor for Jobs {
    fn enqueue_job(self: Rc<Self>, job: Job, context: &mut Context) {
        let queued = match job {
            Job::PromiseJob(job) => Queued::Promise(job),
            Job::GenericJob(job) => Queued::Generic(job),
            Job::AsyncJob(job) | Job::FinalizationRegistryCleanupJob(job) => Queued::Start(job),
            Job::TimeoutJob(job) => {
                // Only `Atomics.waitAsync` makes these.
                let due = context.clock().now() + job.timeout();
                self.timeouts.borrow_mut().push((due, job));
                return;
            }
            // No built-in makes intervals, and the context is handed to nobody who could.
            _ => return,
        };
        self.queue.borrow_mut().push_back(queued);
    }

    fn run_jobs(self: Rc<Self>, context: &mut Context) -> JsResult<()> {
        while self.run_one(context)? {}
        Ok(())
    }
}

impl Jobs {
    pub(crate) fn clear(&self) {
        drop(std::mem::take(&mut *self.queue.borrow_mut()));
        drop(std::mem::take(&mut *self.parked.borrow_mut()));
        drop(std::mem::take(&mut *self.timeouts.borrow_mut()));
    }

    fn collect_woken(&self, context: &Context) {
        let woken = {
            let mut woken = self.woken.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *woken)
        };
        let mut queue = self.queue.borrow_mut();
        queue.extend(woken.into_iter().map(Queued::Resume));
        let mut timeouts = self.timeouts.borrow_mut();
        if !timeouts.is_empty() {
            let now = context.clock().now();
            let (due, later): (Vec<_>, _) =
                timeouts.drain(..).partition(|(instant, _)| *instant <= now);
            *timeouts = later;
            queue.extend(due.into_iter().map(|(_, job)| Queued::Timeout(job)));
        }
    }

    fn run_one(&self, context: &mut Context) -> JsResult<bool> {
        self.collect_woken(context);
        let Some(job) = self.queue.borrow_mut().pop_front() else {
            return Ok(false);
        };
        match job {
            Queued::Promise(job) => drop(job.call(context)?),
            Queued::Generic(job) => drop(job.call(context)?),
            Queued::Timeout(job) if job.cancelled() => {}
            Queued::Timeout(job) => drop(job.call(context)?),
            Queued::Start(job) => {
                let id = self.next_id.replace(self.next_id.get() + 1);
                self.poll(id, Parked::new(job, context), context)?;
            }
            Queued::Resume(id) => {
                let parked = self.parked.borrow_mut().remove(&id);
                if let Some(parked) = parked {
                    self.poll(id, parked, context)?;
                }
            }
        }
        Ok(true)
    }

    /// While it is polled a future is in no list: nobody can poll it again from inside.
    fn poll(&self, id: u64, mut parked: Parked, context: &mut Context) -> JsResult<()> {
        let woken = self.woken.clone();
        let waker = Waker::from(Arc::new(Alarm { id, woken }));
        match parked.poll(context, &waker) {
            Poll::Ready(result) => result.map(drop),
            Poll::Pending => {
                self.parked.borrow_mut().insert(id, parked);
                Ok(())
            }
        }
    }
}

pub(crate) fn run_job(cx: &mut Scope<'_>) -> Completion<Boa, bool> {
    let jobs = cx.state.jobs.clone();
    let ran = cx.run(|context| jobs.run_one(context));
    // ClearKeptObjects, when this was not called from inside JavaScript.
    if cx.context.stack_trace().next().is_none() {
        cx.context.clear_kept_objects();
    }
    cx.state.empty_trash();
    if cx.ended() {
        Err(sinew_bridge::Throw::Terminated)
    } else {
        ran
    }
}

pub(crate) fn enqueue_job(cx: &mut Scope<'_>, function: &JsValue) -> Completion<Boa, ()> {
    let function = function.clone();
    cx.run(|context| {
        let function = callable(&function)?;
        let realm = context.realm().clone();
        let job = GenericJob::new(
            move |context| function.call(&JsValue::undefined(), &[], context),
            realm,
        );
        context.enqueue_job(job.into());
        Ok(())
    })
}

pub(crate) fn callable(value: &JsValue) -> JsResult<JsObject> {
    value
        .as_callable()
        .ok_or_else(|| JsError::from(JsNativeError::typ().with_message("not a function")))
}

pub(crate) fn new_promise(cx: &mut Scope<'_>) -> Completion<Boa, Capability<Boa>> {
    cx.run(|context| {
        let (promise, functions) = JsPromise::new_pending(context);
        Ok(Capability {
            promise: promise.into(),
            resolve: functions.resolve.into(),
            reject: functions.reject.into(),
        })
    })
}

fn promise_of(value: &JsValue) -> Option<JsPromise> {
    JsPromise::from_object(value.as_object()?).ok()
}

pub(crate) fn promise_state(value: &JsValue) -> Option<PromiseState<JsValue>> {
    Some(match promise_of(value)?.state() {
        BoaPromiseState::Pending => PromiseState::Pending,
        BoaPromiseState::Fulfilled(value) => PromiseState::Fulfilled(value),
        BoaPromiseState::Rejected(reason) => PromiseState::Rejected(reason),
    })
}

/// Boa's one public way to PerformPromiseThen is `JsPromise::then`, which first asks the promise
/// for its `constructor`, to know of what kind to make the promise that it returns. An own property
/// that is undefined for that moment makes the answer `%Promise%` without a look at anything that
/// user code can reach.
pub(crate) fn promise_then(
    cx: &mut Scope<'_>,
    promise: &JsValue,
    on_fulfilled: &JsValue,
    on_rejected: &JsValue,
) -> Completion<Boa, ()> {
    cx.run(|context| {
        let Some(promise) = promise_of(promise) else {
            let error = JsNativeError::typ().with_message("not a promise");
            return Err(error.into());
        };
        let on_fulfilled = reaction(on_fulfilled, context)?;
        let on_rejected = reaction(on_rejected, context)?;
        let object = JsObject::from(promise.clone());
        let key = BoaKey::from(js_string!("constructor"));
        let own = object.borrow().properties().get(&key);
        let shadow = PropertyDescriptor::builder()
            .value(JsValue::undefined())
            .writable(true)
            .enumerable(false)
            .configurable(true);
        object.insert_property(key.clone(), shadow);
        let result = catch_unwind(AssertUnwindSafe(|| {
            promise.then(Some(on_fulfilled), Some(on_rejected), context)
        }));
        match own {
            Some(own) => drop(object.insert_property(key, own)),
            None => drop(object.delete_property_or_throw(key, context)),
        }
        match result {
            Ok(result) => result.map(drop),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    })
}

/// A function that calls `handler` and forgets the result: nobody wants the promise that `then`
/// returns, so nothing may be asked of an object that would resolve it. It does nothing when the
/// handler is not callable, so that this promise is not rejected with nobody to handle it.
fn reaction(handler: &JsValue, context: &mut Context) -> JsResult<JsFunction> {
    let Some(handler) = handler.as_callable() else {
        let nothing = NativeFunction::from_fn_ptr(|_, _, _| Ok(JsValue::undefined()));
        return Ok(nothing.to_js_function(context.realm()));
    };
    let function = NativeFunction::from_copy_closure_with_captures(
        |_, args, handler: &JsObject, context| {
            handler.call(&JsValue::undefined(), args, context)?;
            Ok(JsValue::undefined())
        },
        handler,
    );
    Ok(FunctionObjectBuilder::new(context.realm(), function)
        .length(1)
        .build())
}

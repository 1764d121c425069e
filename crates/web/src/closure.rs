//! Functions that close over JavaScript values, and what is done with promises by them.

use std::rc::Rc;

use sinew_bridge::{Capability, Completion, Edge, FunctionSpec, JsHost, NativeFn, Throw, trace};

use crate::Web;

/// The body of a closure: scope, globals, the values it closes over, arguments.
pub(crate) type ClosureBody<J, const N: usize> = for<'s, 'a, 'b, 'c> fn(
    &'a mut <J as JsHost>::Scope<'s>,
    &'b Rc<Web<J>>,
    [<J as JsHost>::Value; N],
    <J as JsHost>::Args<'c>,
) -> Completion<J>;

/// A step that reacts to a promise: scope, globals, the values it closes over, the promise's value
/// or reason.
pub(crate) type Step<J, const N: usize> = for<'s, 'a, 'b> fn(
    &'a mut <J as JsHost>::Scope<'s>,
    &'b Rc<Web<J>>,
    [<J as JsHost>::Value; N],
    <J as JsHost>::Value,
) -> Completion<J>;

impl<J: JsHost> Web<J> {
    /// A function that closes over `values`. They live as long as it does.
    pub(crate) fn closure<const N: usize>(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        name: &str,
        length: u32,
        values: [J::Value; N],
        body: ClosureBody<J, N>,
    ) -> Completion<J> {
        let data = ClosureData {
            values: values.map(Edge::new),
            web: self.clone(),
            body,
        };
        let spec = FunctionSpec {
            name,
            length,
            constructor: false,
        };
        J::create_closure::<Closure<N>>(cx, data, spec)
    }

    /// [A promise resolved with](https://webidl.spec.whatwg.org/#a-promise-resolved-with) a value.
    /// Runs user code when that is an object: its `then` is looked up.
    pub(crate) fn resolved(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J> {
        let capability = J::new_promise(cx)?;
        let value = std::slice::from_ref(value);
        J::call(cx, &capability.resolve, &J::undefined(), value)?;
        Ok(capability.promise)
    }

    /// [A promise rejected with](https://webidl.spec.whatwg.org/#a-promise-rejected-with) a reason.
    pub(crate) fn rejected(&self, cx: &mut J::Scope<'_>, reason: &J::Value) -> Completion<J> {
        let capability = J::new_promise(cx)?;
        let reason = std::slice::from_ref(reason);
        J::call(cx, &capability.reject, &J::undefined(), reason)?;
        Ok(capability.promise)
    }

    /// The result of an operation whose return type is a promise: what `steps` throws
    /// [rejects it](https://webidl.spec.whatwg.org/#dfn-create-operation-function).
    pub(crate) fn promising(
        &self,
        cx: &mut J::Scope<'_>,
        steps: impl FnOnce(&mut J::Scope<'_>) -> Completion<J>,
    ) -> Completion<J> {
        match steps(cx) {
            Err(Throw::Value(reason)) => self.rejected(cx, &reason),
            other => other,
        }
    }

    /// Sets a promise's `[[PromiseIsHandled]]` to true.
    pub(crate) fn mark_as_handled(
        &self,
        cx: &mut J::Scope<'_>,
        promise: &J::Value,
    ) -> Completion<J, ()> {
        J::promise_then(cx, promise, &J::undefined(), &J::undefined())
    }

    /// [Reacts](https://webidl.spec.whatwg.org/#dfn-perform-steps-once-promise-is-settled) to a
    /// promise with one of two steps that close over `values`. What a step throws is lost, unless it
    /// ends the runtime: a step that may throw handles that itself.
    pub(crate) fn react<const N: usize>(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        promise: &J::Value,
        values: [J::Value; N],
        fulfilled: Step<J, N>,
        rejected: Step<J, N>,
    ) -> Completion<J, ()> {
        let on_fulfilled = self.reaction(cx, values.clone(), fulfilled, None)?;
        let on_rejected = self.reaction(cx, values, rejected, None)?;
        J::promise_then(cx, promise, &on_fulfilled, &on_rejected)
    }

    /// The promise of [reacting](https://webidl.spec.whatwg.org/#dfn-perform-steps-once-promise-is-settled)
    /// to a promise with one of two steps that close over `values`: of what the step returns or
    /// throws. Runs user code later only.
    pub(crate) fn transform<const N: usize>(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        promise: &J::Value,
        values: [J::Value; N],
        fulfilled: Step<J, N>,
        rejected: Step<J, N>,
    ) -> Completion<J> {
        let (result, promise_of_result) = Deferred::new(cx)?;
        let other = result.duplicate();
        let on_fulfilled = self.reaction(cx, values.clone(), fulfilled, Some(result))?;
        let on_rejected = self.reaction(cx, values, rejected, Some(other))?;
        J::promise_then(cx, promise, &on_fulfilled, &on_rejected)?;
        Ok(promise_of_result)
    }

    fn reaction<const N: usize>(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        values: [J::Value; N],
        step: Step<J, N>,
        result: Option<Deferred<J>>,
    ) -> Completion<J> {
        let data = ReactionData {
            values: values.map(Edge::new),
            result,
            web: self.clone(),
            step,
        };
        let spec = FunctionSpec {
            name: "",
            length: 1,
            constructor: false,
        };
        J::create_closure::<Reaction<N>>(cx, data, spec)
    }
}

/// A promise that is settled by whoever owns this.
pub(crate) struct Deferred<J: JsHost> {
    promise: Edge<J>,
    resolve: Edge<J>,
    reject: Edge<J>,
}

trace!(struct Deferred { promise, resolve, reject });

impl<J: JsHost> Deferred<J> {
    /// [A new promise](https://webidl.spec.whatwg.org/#a-new-promise), and the promise itself.
    pub(crate) fn new(cx: &mut J::Scope<'_>) -> Completion<J, (Self, J::Value)> {
        let Capability {
            promise,
            resolve,
            reject,
        } = J::new_promise(cx)?;
        let deferred = Self {
            promise: Edge::new(promise.clone()),
            resolve: Edge::new(resolve),
            reject: Edge::new(reject),
        };
        Ok((deferred, promise))
    }

    /// Another owner of the same promise.
    pub(crate) fn duplicate(&self) -> Self {
        let copy = |edge: &Edge<J>| Edge::new(edge.get());
        Self {
            promise: copy(&self.promise),
            resolve: copy(&self.resolve),
            reject: copy(&self.reject),
        }
    }

    pub(crate) fn promise(&self) -> J::Value {
        self.promise.get()
    }

    /// [Resolves](https://webidl.spec.whatwg.org/#resolve) the promise; the first settling counts.
    /// Runs user code when `value` is an object: its `then` is looked up.
    pub(crate) fn resolve(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, ()> {
        let value = std::slice::from_ref(value);
        J::call(cx, &self.resolve.get(), &J::undefined(), value)?;
        Ok(())
    }

    /// [Rejects](https://webidl.spec.whatwg.org/#reject) the promise; the first settling counts.
    pub(crate) fn reject(&self, cx: &mut J::Scope<'_>, reason: &J::Value) -> Completion<J, ()> {
        let reason = std::slice::from_ref(reason);
        J::call(cx, &self.reject.get(), &J::undefined(), reason)?;
        Ok(())
    }
}

/// The functions of [`Web::closure`].
struct Closure<const N: usize>;

struct ClosureData<J: JsHost, const N: usize> {
    values: [Edge<J>; N],
    web: Rc<Web<J>>,
    body: ClosureBody<J, N>,
}

trace!(struct ClosureData<const N: usize> { values });

impl<J: JsHost, const N: usize> NativeFn<J> for Closure<N> {
    type Data = ClosureData<J, N>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        (data.body)(cx, &data.web, data.values.each_ref().map(Edge::get), args)
    }
}

/// The functions that react to promises.
struct Reaction<const N: usize>;

struct ReactionData<J: JsHost, const N: usize> {
    values: [Edge<J>; N],
    /// What the step's completion settles.
    result: Option<Deferred<J>>,
    web: Rc<Web<J>>,
    step: Step<J, N>,
}

trace!(struct ReactionData<const N: usize> { values, result });

impl<J: JsHost, const N: usize> NativeFn<J> for Reaction<N> {
    type Data = ReactionData<J, N>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        let value = J::arg(cx, args, 0);
        let values = data.values.each_ref().map(Edge::get);
        let completion = (data.step)(cx, &data.web, values, value);
        match (&data.result, completion) {
            (_, Err(Throw::Terminated)) => return Err(Throw::Terminated),
            (None, _) => {}
            (Some(result), Ok(value)) => result.resolve(cx, &value)?,
            (Some(result), Err(Throw::Value(reason))) => result.reject(cx, &reason)?,
        }
        Ok(J::undefined())
    }
}

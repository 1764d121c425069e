//! The [WebAssembly Web API](https://webassembly.github.io/spec/web-api/): compiling the body of a
//! `Response`.
//!
//! The whole body is awaited, then compiled. What the standard says of cross-origin responses does
//! not apply: a program here has no origin, so that no response is CORS-cross-origin.

use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::class::{Method, define_methods};
use sinew_bridge::{
    Capability, Completion, Edge, FunctionSpec, JsHost, NativeFn, Throw, WasmEngine, trace,
};
use sinew_web::{ResponseBytes, Web};

use crate::agent::Agent;
use crate::webassembly::namespace::{fulfilled, instantiate_compiled};
use crate::webassembly::options::CompileOptions;
use crate::webassembly::{instance, module, webidl};

/// What the functions share.
struct Streaming<J: JsHost, W: WasmEngine> {
    agent: Rc<Agent<J, W>>,
    web: Rc<Web<J>>,
}

/// Defines `compileStreaming` and `instantiateStreaming` on the `WebAssembly` namespace.
pub(crate) fn install<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    web: &Rc<Web<J>>,
    namespace: &J::Value,
) -> Completion<J, ()> {
    let streaming = Rc::new(Streaming {
        agent: agent.clone(),
        web: web.clone(),
    });
    define_methods(cx, &streaming, namespace, methods::<J, W>())
}

fn methods<J: JsHost, W: WasmEngine>() -> &'static [Method<J, Streaming<J, W>>] {
    const {
        &[
            Method {
                name: "compileStreaming",
                length: 1,
                body: compile_streaming::<J, W>,
            },
            Method {
                name: "instantiateStreaming",
                length: 1,
                body: instantiate_streaming::<J, W>,
            },
        ]
    }
}

/// [`compileStreaming(source, options)`](https://webassembly.github.io/spec/web-api/#dom-webassembly-compilestreaming)
fn compile_streaming<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    streaming: &Rc<Streaming<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    begin(cx, streaming, args, Goal::Module)
}

/// [`instantiateStreaming(source, importObject, options)`](https://webassembly.github.io/spec/web-api/#dom-webassembly-instantiatestreaming)
fn instantiate_streaming<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    streaming: &Rc<Streaming<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    begin(cx, streaming, args, Goal::Instance)
}

/// What a call is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    Module,
    Instance,
}

impl Goal {
    /// The function, as errors name it.
    fn file(self) -> &'static str {
        match self {
            Goal::Module => "WebAssembly.compileStreaming()",
            Goal::Instance => "WebAssembly.instantiateStreaming()",
        }
    }
}

/// A call that waits for its source or for the body.
struct Call<J: JsHost> {
    goal: Goal,
    options: CompileOptions,
    import_object: Edge<J>,
    promise: Edge<J>,
    resolve: Edge<J>,
    reject: Edge<J>,
    steps: Rc<dyn Steps<J>>,
}

trace!(struct Call { import_object, promise, resolve, reject });

impl<J: JsHost> Call<J> {
    fn duplicate(&self) -> Self {
        let copy = |edge: &Edge<J>| Edge::new(edge.get());
        Self {
            goal: self.goal,
            options: self.options.clone(),
            import_object: copy(&self.import_object),
            promise: copy(&self.promise),
            resolve: copy(&self.resolve),
            reject: copy(&self.reject),
            steps: self.steps.clone(),
        }
    }

    fn capability(&self) -> Capability<J> {
        Capability {
            promise: self.promise.get(),
            resolve: self.resolve.get(),
            reject: self.reject.get(),
        }
    }

    /// Goes on with `step` when `promise` is fulfilled, and passes a rejection on.
    fn when(&self, cx: &mut J::Scope<'_>, promise: &J::Value, step: Step) -> Completion<J, ()> {
        let spec = FunctionSpec {
            name: "",
            length: 1,
            constructor: false,
        };
        let data = Reaction {
            call: self.duplicate(),
            step,
        };
        let on_fulfilled = J::create_closure::<React>(cx, data, spec)?;
        J::promise_then(cx, promise, &on_fulfilled, &self.reject.get())
    }
}

/// What is done with a source that is there, and with bytes that are.
trait Steps<J: JsHost> {
    fn source(&self, cx: &mut J::Scope<'_>, call: &Call<J>, value: J::Value) -> Completion<J, ()>;
    fn read(&self, cx: &mut J::Scope<'_>, call: &Call<J>, value: J::Value) -> Completion<J, ()>;
}

#[derive(Clone, Copy)]
enum Step {
    Source,
    Read,
}

/// The functions that react to promises.
struct React;

struct Reaction<J: JsHost> {
    call: Call<J>,
    step: Step,
}

trace!(struct Reaction { call });

impl<J: JsHost> NativeFn<J> for React {
    type Data = Reaction<J>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        let value = J::arg(cx, args, 0);
        let Reaction { call, step } = data;
        let done = match step {
            Step::Source => call.steps.source(cx, call, value),
            Step::Read => call.steps.read(cx, call, value),
        };
        fulfilled::<J, _>(cx, &call.capability(), done)?;
        Ok(J::undefined())
    }
}

/// The steps of both functions up to where the source is awaited.
fn begin<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    streaming: &Rc<Streaming<J, W>>,
    args: J::Args<'_>,
    goal: Goal,
) -> Completion<J> {
    let capability = J::new_promise(cx)?;
    let promise = capability.promise.clone();
    let begun = await_source(cx, streaming, args, goal, &capability);
    fulfilled::<J, _>(cx, &capability, begun)?;
    Ok(promise)
}

/// Converts the arguments, and awaits the first.
fn await_source<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    streaming: &Rc<Streaming<J, W>>,
    args: J::Args<'_>,
    goal: Goal,
    capability: &Capability<J>,
) -> Completion<J, ()> {
    let source = webidl::required::<J>(cx, args, 0, goal.file())?;
    // Promise<Response>: a promise resolved with the argument.
    let resolved = J::new_promise(cx)?;
    J::call(cx, &resolved.resolve, &J::undefined(), &[source])?;
    let (import_object, options) = match goal {
        Goal::Module => (J::undefined(), J::arg(cx, args, 1)),
        Goal::Instance => (J::arg(cx, args, 1), J::arg(cx, args, 2)),
    };
    instance::require_import_object::<J>(cx, &import_object)?;
    let call = Call {
        goal,
        options: CompileOptions::of_argument::<J>(cx, &options)?,
        import_object: Edge::new(import_object),
        promise: Edge::new(capability.promise.clone()),
        resolve: Edge::new(capability.resolve.clone()),
        reject: Edge::new(capability.reject.clone()),
        steps: streaming.clone(),
    };
    call.when(cx, &resolved.promise, Step::Source)
}

impl<J: JsHost, W: WasmEngine> Steps<J> for Streaming<J, W> {
    /// [Compile a potential WebAssembly response](https://webassembly.github.io/spec/web-api/#compile-a-potential-webassembly-response)
    /// up to where the body is there.
    fn source(&self, cx: &mut J::Scope<'_>, call: &Call<J>, value: J::Value) -> Completion<J, ()> {
        match self.web.take_wasm_response(cx, &value, call.goal.file())? {
            ResponseBytes::Now(bytes) => self.compile(cx, call, bytes.into()),
            ResponseBytes::Later(promise) => call.when(cx, &promise, Step::Read),
        }
    }

    fn read(&self, cx: &mut J::Scope<'_>, call: &Call<J>, value: J::Value) -> Completion<J, ()> {
        let bytes = self.web.response_bytes(cx, &value);
        self.compile(cx, call, bytes.into())
    }
}

impl<J: JsHost, W: WasmEngine> Streaming<J, W> {
    /// The rest of it: asynchronously compile, and settle the promise.
    fn compile(
        &self,
        cx: &mut J::Scope<'_>,
        call: &Call<J>,
        bytes: Arc<[u8]>,
    ) -> Completion<J, ()> {
        let agent = &self.agent;
        if agent.termination.is_set() {
            return Err(Throw::Terminated);
        }
        let options = call.options.clone();
        let module = module::compile_with(cx, agent, call.goal.file(), bytes, options)?;
        let capability = call.capability();
        match call.goal {
            Goal::Module => {
                let object = module::object(cx, agent, module, None)?;
                J::call(cx, &capability.resolve, &J::undefined(), &[object])?;
                Ok(())
            }
            Goal::Instance => {
                let import_object = call.import_object.get();
                let file = call.goal.file();
                instantiate_compiled(cx, agent, file, capability, module, import_object)
            }
        }
    }
}

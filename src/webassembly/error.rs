//! [Error objects](https://webassembly.github.io/spec/js-api/#error-objects): what the engines
//! report becomes JavaScript errors here, in the same words on every pairing.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::binary::{Import, ModuleInfo};
use sinew_bridge::class::{Class, link_prototype};
use sinew_bridge::{
    Completion, EngineError, ErrorClass, ErrorKind, FunctionSpec, Intrinsic, JsHost, NativeFn,
    Property, Throw, TrapCode, ValueType, WasmEngine, class,
};

use crate::agent::{Agent, stack_overflow};
use crate::webassembly::exception;

/// A [NativeError](https://tc39.es/ecma262/#sec-nativeerror-object-structure) of the namespace.
pub(crate) trait NativeError: 'static {
    /// Its name.
    const NAME: &'static str;
}

/// `WebAssembly.CompileError`
pub(crate) struct CompileError;
/// `WebAssembly.LinkError`
pub(crate) struct LinkError;
/// `WebAssembly.RuntimeError`
pub(crate) struct RuntimeError;

impl NativeError for CompileError {
    const NAME: &'static str = "CompileError";
}
impl NativeError for LinkError {
    const NAME: &'static str = "LinkError";
}
impl NativeError for RuntimeError {
    const NAME: &'static str = "RuntimeError";
}

/// The [constructor](https://tc39.es/ecma262/#sec-nativeerror) of a NativeError.
struct Constructor<E>(PhantomData<E>);

impl<J: JsHost, E: NativeError> NativeFn<J> for Constructor<E> {
    type Data = ConstructorData<J>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        // 1. If NewTarget is undefined, let newTarget be the active function object.
        let own = |cx: &mut J::Scope<'_>| {
            let constructor = data.constructor.borrow();
            constructor.as_ref().and_then(|own| J::upgrade(cx, own))
        };
        let new_target = match J::new_target(cx, args).or_else(|| own(cx)) {
            Some(new_target) => new_target,
            None => J::intrinsic(cx, Intrinsic::ErrorConstructor),
        };
        // 2. Let O be ? OrdinaryCreateFromConstructor(newTarget, "%NativeError.prototype%").
        let mut proto = J::get(cx, &new_target, "prototype".into())?;
        if !matches!(J::type_of(&proto), ValueType::Object | ValueType::Function)
            && let Some(own) = own(cx)
        {
            proto = J::get(cx, &own, "prototype".into())?;
        }
        // 3. to 6. are those of Error.
        let error = J::intrinsic(cx, Intrinsic::ErrorConstructor);
        let arguments: Vec<_> = (0..J::args_len(args).min(2))
            .map(|index| J::arg(cx, args, index))
            .collect();
        let object = J::construct(cx, &error, &arguments, &error)?;
        J::set_prototype(cx, &object, &proto)?;
        Ok(object)
    }
}

/// What a NativeError's constructor owns: itself, for calls without `new`.
struct ConstructorData<J: JsHost> {
    constructor: Rc<RefCell<Option<J::Weak>>>,
}

/// Creates a [NativeError](https://tc39.es/ecma262/#sec-native-error-types-used-in-this-standard)
/// class.
pub(crate) fn define<J: JsHost, E: NativeError>(cx: &mut J::Scope<'_>) -> Completion<J, Class<J>> {
    let itself = Rc::new(RefCell::new(None));
    let data = ConstructorData::<J> {
        constructor: itself.clone(),
    };
    let spec = FunctionSpec {
        name: E::NAME,
        length: 1,
        constructor: true,
    };
    let constructor = J::create_function::<Constructor<E>>(cx, data, spec)?;
    *itself.borrow_mut() = Some(J::downgrade(cx, &constructor));
    let error = J::intrinsic(cx, Intrinsic::ErrorConstructor);
    J::set_prototype(cx, &constructor, &error)?;
    let parent = J::intrinsic(cx, Intrinsic::ErrorPrototype);
    let prototype = J::create_object(cx, &parent)?;
    let name = J::string(cx, E::NAME)?;
    J::define_property(cx, &prototype, "name".into(), Property::hidden(name))?;
    let message = J::string(cx, "")?;
    J::define_property(cx, &prototype, "message".into(), Property::hidden(message))?;
    link_prototype::<J>(cx, &constructor, &prototype)?;
    Ok(Class {
        constructor,
        prototype,
    })
}

fn throw<J: JsHost>(cx: &mut J::Scope<'_>, class: &Class<J>, message: &str) -> Throw<J::Value> {
    let error = J::create_error(cx, ErrorClass::Error, Some(&class.prototype), message);
    Throw::Value(error)
}

/// The CompileError of a module that cannot be compiled. `file` is what it was read from, if
/// anything.
#[cold]
pub(crate) fn compile<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    file: &str,
    message: &str,
    offset: Option<usize>,
) -> Throw<J::Value> {
    let message = match offset {
        Some(offset) => format!("{file}: {message} (at byte offset {offset:#x})"),
        None => format!("{file}: {message}"),
    };
    throw(cx, &agent.classes().compile_error, &message)
}

/// The LinkError of an import that does not fit.
#[cold]
pub(crate) fn link<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    file: &str,
    import: &Import,
    found: &str,
) -> Throw<J::Value> {
    let Import { module, name, ty } = import;
    let message = format!("{file}: import {name:?} from {module:?}: expected {ty}, found {found}");
    throw(cx, &agent.classes().link_error, &message)
}

/// The LinkError with this message.
#[cold]
pub(crate) fn link_message<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    message: &str,
) -> Throw<J::Value> {
    throw(cx, &agent.classes().link_error, message)
}

/// The RuntimeError with this message.
#[cold]
pub(crate) fn runtime<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    message: &str,
) -> Throw<J::Value> {
    throw(cx, &agent.classes().runtime_error, message)
}

/// The RuntimeError of calling into a module that was unloaded.
#[cold]
pub(crate) fn unloaded<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
) -> Throw<J::Value> {
    throw(
        cx,
        &agent.classes().runtime_error,
        "the module of this function was unloaded",
    )
}

/// The throw completion of what a wasm engine reports. `module` gives the file and the names of the
/// functions, where they are known.
#[cold]
pub(crate) fn engine_error<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    error: &W::Error,
    module: Option<(&str, &ModuleInfo)>,
) -> Throw<J::Value> {
    let file = module.map_or("WebAssembly", |(file, _)| file);
    match error.kind() {
        // The completion of the host function that did not return.
        ErrorKind::Host => agent.pending.take().unwrap_or(Throw::Terminated),
        ErrorKind::Terminated => Throw::Terminated,
        ErrorKind::Trap(TrapCode::StackOverflow) => stack_overflow::<J>(cx),
        ErrorKind::Trap(code) => trap(cx, agent, error, code),
        ErrorKind::Limit => {
            let message = format!("{file}: {error}");
            class::throw::<J>(cx, ErrorClass::RangeError, &message)
        }
        ErrorKind::Compile { offset } => compile(cx, agent, file, &error.to_string(), offset),
        ErrorKind::Link => link_message(cx, agent, &format!("{file}: {error}")),
        ErrorKind::Type => class::throw::<J>(cx, ErrorClass::TypeError, &error.to_string()),
        ErrorKind::Exception => uncaught(cx, agent),
        _ => throw(cx, &agent.classes().runtime_error, &error.to_string()),
    }
}

/// The exception that nothing in wasm caught, as JavaScript's own.
fn uncaught<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
) -> Throw<J::Value> {
    let value =
        agent
            .store(cx)
            .and_then(|store| match store.access(cx, |wasm| W::exn_take(wasm))? {
                Some(exn) => exception::to_value(cx, &store, exn),
                None => Err(runtime(cx, agent, "uncaught exception")),
            });
    match value {
        Ok(value) => Throw::Value(value),
        Err(throw) => throw,
    }
}

/// A trap becomes a RuntimeError whose stack begins with the wasm functions that were active.
fn trap<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Agent<J, W>,
    error: &W::Error,
    code: TrapCode,
) -> Throw<J::Value> {
    let message = match code {
        TrapCode::Other => error.to_string(),
        _ => code.as_str().to_owned(),
    };
    let class = &agent.classes().runtime_error;
    let value = J::create_error(cx, ErrorClass::Error, Some(&class.prototype), &message);
    let frames: Vec<String> = error
        .frames()
        .into_iter()
        .map(|frame| {
            let name = frame.func_name.as_deref().unwrap_or("<anonymous>");
            let at = frame
                .offset
                .map_or(String::new(), |offset| format!(":{offset:#x}"));
            format!("    at {name} (wasm-function[{}]{at})", frame.func_index)
        })
        .collect();
    if !frames.is_empty() {
        J::prepend_stack(cx, &value, &frames);
    }
    Throw::Value(value)
}

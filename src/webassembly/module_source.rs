//! [%AbstractModuleSource%](https://tc39.es/proposal-source-phase-imports/#sec-%abstractmodulesource%)

use std::rc::Rc;

use sinew_bridge::class::{Class, link_prototype};
use sinew_bridge::{
    Completion, ErrorClass, FunctionSpec, Intrinsic, JsHost, NativeFn, Property, PropertyKey,
    PropertyKind, WasmEngine, WellKnownSymbol, class,
};

use crate::agent::Agent;
use crate::webassembly::module::of_object;

/// Creates the [%AbstractModuleSource%](https://tc39.es/proposal-source-phase-imports/#sec-%abstractmodulesource%)
/// intrinsic, from which `WebAssembly.Module` inherits.
pub(crate) fn abstract_module_source<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
) -> Completion<J, Class<J>> {
    let spec = FunctionSpec {
        name: "AbstractModuleSource",
        length: 0,
        constructor: true,
    };
    let constructor = J::create_function::<AbstractModuleSource>(cx, (), spec)?;
    let object = J::intrinsic(cx, Intrinsic::ObjectPrototype);
    let prototype = J::create_object(cx, &object)?;
    link_prototype::<J>(cx, &constructor, &prototype)?;
    let name = "get [Symbol.toStringTag]";
    let get = class::create_function(cx, agent, name, 0, to_string_tag::<J, W>)?;
    let tag = Property {
        kind: PropertyKind::Accessor {
            get: Some(get),
            set: None,
        },
        enumerable: false,
        configurable: true,
    };
    let key = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
    J::define_property(cx, &prototype, key, tag)?;
    Ok(Class {
        constructor,
        prototype,
    })
}

/// The constructor of `%AbstractModuleSource%`, which throws.
struct AbstractModuleSource;

impl<J: JsHost> NativeFn<J> for AbstractModuleSource {
    type Data = ();

    /// [%AbstractModuleSource%()](https://tc39.es/proposal-source-phase-imports/#sec-%abstractmodulesource%)
    fn call(cx: &mut J::Scope<'_>, (): &(), _: J::Args<'_>) -> Completion<J> {
        let message = "AbstractModuleSource is not for use";
        Err(class::throw::<J>(cx, ErrorClass::TypeError, message))
    }
}

/// [get %AbstractModuleSource%.prototype [ %Symbol.toStringTag% ]](https://tc39.es/proposal-source-phase-imports/#sec-get-%abstractmodulesource%.prototype-%40%40tostringtag)
fn to_string_tag<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    // 2. and 3. undefined for what has no [[ModuleSourceClassName]].
    let this = J::this(cx, args);
    match of_object::<J, W>(cx, agent, &this) {
        Some(_) => J::string(cx, "WebAssembly.Module"),
        None => Ok(J::undefined()),
    }
}

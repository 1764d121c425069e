//! [Source phase imports](https://tc39.es/proposal-source-phase-imports/): the Module object behind
//! a wasm file. How they get into engines that do not know them is told in
//! [`syntax`](crate::esm::syntax).

use std::borrow::Cow;
use std::rc::Rc;

use sinew_bridge::class::{create_function, throw, type_error};
use sinew_bridge::stack::StackBounds;
use sinew_bridge::{
    Completion, ErrorClass, JsHost, Property, PropertyKey, PropertyKind, Throw, ValueType,
    WasmEngine,
};

use crate::error::is_object;
use crate::esm::hooks::ModuleFunction;
use crate::esm::loader::Loader;
use crate::esm::operands::keep_order;
use crate::esm::record::{ModuleRecord, WasmRecord};
use crate::esm::source::ModuleSource;
use crate::esm::syntax::{FUNCTION, Goal, SourceImports, free_names};
use crate::webassembly::webidl;

/// What precedes the name of a module in the name of the module whose default export is its source.
pub(crate) const SOURCE: &str = "source:";
/// What precedes the name of a module in the name of the module that exports its `import.source`.
pub(crate) const CALLS: &str = "import.source:";

impl<J: JsHost, W: WasmEngine> Loader<J, W> {
    /// [GetModuleSource](https://tc39.es/proposal-source-phase-imports/#sec-getmodulesource) of the
    /// module of this name, which is loaded if it is not, and alone: what it requests is not.
    pub(crate) fn module_source(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J> {
        match self.load_wasm(cx, name)? {
            Some(record) => record.module_source(cx, &self.agent),
            None => {
                let message =
                    format!("{name} cannot be imported in source phase: it is no wasm file");
                Err(throw::<J>(cx, ErrorClass::SyntaxError, &message))
            }
        }
    }

    /// The wasm file of this module name, read and compiled if it is not loaded; `None` when it is
    /// anything else, which is not loaded for that.
    fn load_wasm(
        &self,
        cx: &mut J::Scope<'_>,
        name: &str,
    ) -> Completion<J, Option<Rc<WasmRecord<J, W>>>> {
        match self.records.borrow().get(name) {
            Some(ModuleRecord::Wasm(record)) => return Ok(Some(record.clone())),
            Some(_) => return Ok(None),
            None => {}
        }
        let is_other = self.host_module(name).is_some() || self.is_supplied_text(name);
        let key = self.key_of(name);
        let extension = key.as_ref().and_then(|key| key.extension());
        if is_other || matches!(extension, Some("js" | "mjs" | "cjs" | "json")) {
            return Ok(None);
        }
        match self.source_of(cx, name)? {
            ModuleSource::Wasm(bytes) => self.add_wasm(cx, name, bytes).map(Some),
            _ => Ok(None),
        }
    }

    /// The text to run instead of the script `source`.
    pub(crate) fn script_text<'t>(
        &self,
        cx: &mut J::Scope<'_>,
        name: &str,
        source: &'t str,
    ) -> Completion<J, Cow<'t, str>> {
        let stack = || StackBounds::of_current_thread().remaining();
        let found = SourceImports::find(source, Goal::Script, stack);
        let text = match found {
            Some(found) => {
                let function = self.script_function(cx, name, source)?;
                found.rewrite(source, &function).into()
            }
            None => Cow::from(source),
        };
        Ok(self.keep_order(&text, Goal::Script).map_or(text, Cow::from))
    }

    /// The text with its operands kept in order, if the engine does not and they need it.
    pub(crate) fn keep_order(&self, text: &str, goal: Goal) -> Option<String> {
        let stack = || StackBounds::of_current_thread().remaining();
        match J::FEATURES.operand_order {
            true => None,
            false => keep_order(text, goal, stack),
        }
    }

    /// The name of the constant of the global object that is `import.source` in the scripts of this
    /// name, and does not occur in `source`.
    fn script_function(
        &self,
        cx: &mut J::Scope<'_>,
        name: &str,
        source: &str,
    ) -> Completion<J, String> {
        if let Some(function) = self.script_functions.borrow().get(name)
            && !source.contains(function)
        {
            return Ok(function.clone());
        }
        let Some(loader) = self.this.upgrade() else {
            return Err(Throw::Terminated);
        };
        let data = Rc::new(ModuleFunction {
            loader,
            name: name.to_owned(),
        });
        let global = J::global(cx);
        for free in free_names(source) {
            let key = PropertyKey::Name(&free);
            if J::get_own_property(cx, &global, key)?.is_some() {
                continue;
            }
            let constant = Property {
                kind: PropertyKind::Data {
                    value: create_function(cx, &data, FUNCTION, 1, import_source::<J, W>)?,
                    writable: false,
                },
                enumerable: false,
                configurable: false,
            };
            J::define_property(cx, &global, key, constant)?;
            let mut functions = self.script_functions.borrow_mut();
            functions.insert(name.to_owned(), free.clone());
            return Ok(free);
        }
        let message = "no name is left for import.source";
        Err(throw::<J>(cx, ErrorClass::RangeError, message))
    }
}

/// [`import.source(specifier, options)`](https://tc39.es/proposal-source-phase-imports/#sec-evaluate-import-call)
pub(crate) fn import_source<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    data: &Rc<ModuleFunction<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let ModuleFunction { loader, name } = &**data;
    let (specifier, options) = (J::arg(cx, args, 0), J::arg(cx, args, 1));
    // 7. Let promiseCapability be ! NewPromiseCapability(%Promise%).
    let capability = J::new_promise(cx)?;
    // 8. Let specifierString be Completion(ToString(specifier)).
    let outcome = webidl::to_text::<J>(cx, &specifier).and_then(|specifier| {
        // 10. If options is not undefined, …
        let attributes = import_attributes::<J>(cx, &options)?;
        // 13. HostLoadImportedModule, which ends here, so that the steps after it follow at once:
        // Let moduleSource be Completion(module.GetModuleSource()).
        let module = loader.request(cx, name, &specifier, &attributes)?;
        loader.module_source(cx, &module)
    });
    // 9. IfAbruptRejectPromise(specifierString, promiseCapability), and so on.
    let (settle, value) = match outcome {
        Ok(source) => (&capability.resolve, source),
        Err(Throw::Value(reason)) => (&capability.reject, reason),
        Err(Throw::Terminated) => return Err(Throw::Terminated),
    };
    J::call(cx, settle, &J::undefined(), &[value])?;
    Ok(capability.promise)
}

/// Step 10 of [EvaluateImportCall](https://tc39.es/ecma262/#sec-evaluate-import-call): the import
/// attributes in its second argument. Runs user code.
fn import_attributes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    options: &J::Value,
) -> Completion<J, Vec<(String, String)>> {
    let mut attributes = Vec::new();
    if J::type_of(options) == ValueType::Undefined {
        return Ok(attributes);
    }
    // 10.a. If options is not an Object, …
    if !is_object::<J>(options) {
        return Err(type_error::<J>(cx, "the import options must be an object"));
    }
    // 10.b. Let attributesObj be Completion(Get(options, "with")).
    let object = J::get(cx, options, "with".into())?;
    if J::type_of(&object) == ValueType::Undefined {
        return Ok(attributes);
    }
    // 10.d.i. If attributesObj is not an Object, …
    if !is_object::<J>(&object) {
        return Err(type_error::<J>(
            cx,
            "the import attributes must be an object",
        ));
    }
    // 10.d.ii. Let entries be Completion(EnumerableOwnProperties(attributesObj, key+value)).
    for key in J::own_keys(cx, &object)? {
        if J::type_of(&key) != ValueType::String {
            continue;
        }
        let property = J::get_own_property(cx, &object, PropertyKey::Value(&key))?;
        if !property.is_some_and(|property| property.enumerable) {
            continue;
        }
        let value = J::get(cx, &object, PropertyKey::Value(&key))?;
        // 10.d.iv. If value is not a String, …
        match (J::as_text(cx, &key), J::as_text(cx, &value)) {
            (Some(key), Some(value)) => attributes.push((key, value)),
            _ => {
                let message = "the value of an import attribute must be a string";
                return Err(type_error::<J>(cx, message));
            }
        }
    }
    Ok(attributes)
}

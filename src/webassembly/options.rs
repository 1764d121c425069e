//! [`WebAssemblyCompileOptions`](https://webassembly.github.io/spec/js-api/#dictdef-webassemblycompileoptions)

use std::rc::Rc;

use sinew_bridge::binary::{ExactTypes, Import, ModuleInfo};
use sinew_bridge::{
    Completion, ExternType, GlobalType, HeapType, JsHost, RefType, Val, ValType, ValueType,
    WasmEngine,
};

use crate::store::Store;
use crate::webassembly::builtins::{Builtin, JS_STRING};
use crate::webassembly::imports::Importing;
use crate::webassembly::{Entity, builtins, error, global, webidl};

/// How a module was compiled: `[[BuiltinSets]]` and `[[ImportedStringModule]]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CompileOptions {
    builtins: Vec<String>,
    string_constants: Option<String>,
}

impl CompileOptions {
    /// The options of modules that are
    /// [loaded as ES modules](https://webassembly.github.io/esm-integration/js-api/#parse-a-webassembly-module).
    pub(crate) fn esm() -> Self {
        Self {
            builtins: vec![JS_STRING.to_owned()],
            string_constants: Some("wasm:js/string-constants".to_owned()),
        }
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.builtins.is_empty() && self.string_constants.is_none()
    }

    /// Converts an argument. Runs user code.
    pub(crate) fn of_argument<J: JsHost>(
        cx: &mut J::Scope<'_>,
        argument: &J::Value,
    ) -> Completion<J, Self> {
        let mut options = Self::default();
        if !webidl::optional_dictionary::<J>(cx, argument, "the compile options")? {
            return Ok(options);
        }
        if let Some(names) = webidl::member::<J>(cx, argument, "builtins")? {
            options.builtins =
                webidl::sequence::<J, _>(cx, &names, |cx, name| webidl::to_text::<J>(cx, &name))?;
        }
        if let Some(module) = webidl::member::<J>(cx, argument, "importedStringConstants")?
            && J::type_of(&module) != ValueType::Null
        {
            options.string_constants = Some(webidl::to_text::<J>(cx, &module)?);
        }
        Ok(options)
    }

    /// [Validate builtins and imported string for a WebAssembly module](https://webassembly.github.io/spec/js-api/#validate-builtins-and-imported-string-for-a-webassembly-module).
    /// The error says what is wrong.
    pub(crate) fn validate(&self, info: &ModuleInfo) -> Result<(), String> {
        // 1. Validate builtin set names: there are no duplicates.
        for (at, name) in self.builtins.iter().enumerate() {
            if self.builtins[..at].contains(name) {
                return Err(format!("the builtin set {name:?} is named twice"));
            }
        }
        // 2. For each import of module_imports(module),
        let mut exact = None;
        for (at, import) in info.imports.iter().enumerate() {
            match self.supply(import) {
                // 2.1. const (ref extern) must match.
                Some(Supplied::String) if !is_string_constant(&import.ty) => {
                    return Err(wrong(import, "an immutable global of type externref"));
                }
                // 2.2. Validate an import for builtins.
                Some(Supplied::Builtin(builtin)) => {
                    let exact = match &mut exact {
                        Some(exact) => exact,
                        None => exact.insert(
                            ExactTypes::read(&info.bytes).map_err(|error| error.to_string())?,
                        ),
                    };
                    if !builtin.matches(exact, at) {
                        return Err(wrong(import, builtin.signature));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What stands for an import in place of the import object:
    /// [find a builtin](https://webassembly.github.io/spec/js-api/#find-a-builtin), and string
    /// constants.
    pub(crate) fn supply(&self, import: &Import) -> Option<Supplied> {
        if self.string_constants.as_ref() == Some(&import.module) {
            return Some(Supplied::String);
        }
        let set = import.module.strip_prefix("wasm:")?;
        if set != JS_STRING || !self.builtins.iter().any(|name| name == set) {
            return None;
        }
        builtins::find(&import.name).map(Supplied::Builtin)
    }
}

/// What stands for an import in place of the import object.
#[derive(Clone, Copy)]
pub(crate) enum Supplied {
    /// The name of the import, as a String.
    String,
    /// A builtin function.
    Builtin(&'static Builtin),
}

/// Whether `const (ref extern)` matches a type.
fn is_string_constant(ty: &ExternType) -> bool {
    let ExternType::Global(GlobalType {
        value: ValType::Ref(RefType { heap, .. }),
        mutable: false,
    }) = ty
    else {
        return false;
    };
    *heap == HeapType::Extern
}

fn wrong(import: &Import, expected: &str) -> String {
    let Import { module, name, ty } = import;
    format!("import {name:?} from {module:?} is a {ty}, where {expected} is supplied")
}

/// The entity that stands for an import.
pub(crate) fn supplied_entity<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    supplied: Supplied,
    importing: &Importing<'_, W>,
) -> Completion<J, Entity<W>> {
    let import = importing.import();
    let ty = importing.engine_type();
    match (supplied, &import.ty) {
        (Supplied::String, ExternType::Global(global)) => {
            let string = J::string(cx, &import.name)?;
            let value = Val::Extern(Some(store.extern_ref(cx, &string)?));
            let slot = global::alloc(cx, store, *global, Some(ty), &value)?;
            Ok(Entity::Global(slot))
        }
        (Supplied::Builtin(builtin), ExternType::Func(func)) => {
            let function = builtin.function(store);
            let func = store.try_access(cx, |wasm| {
                W::func_alloc::<builtins::BuiltinFunction<J, W>>(wasm, func, Some(ty), function)
            })?;
            Ok(Entity::Func(func))
        }
        // Types are checked when the module is compiled.
        _ => {
            let message = wrong(import, "something else");
            Err(error::link_message(cx, &store.agent, &message))
        }
    }
}

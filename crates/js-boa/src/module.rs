//! The module loader, `import`, and scripts.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;

use boa_engine::builtins::promise::PromiseState;
use boa_engine::module::{ModuleLoader, ModuleRequest, Referrer, SyntheticModuleInitializer};
use boa_engine::{
    Context, JsError, JsNativeError, JsObject, JsResult, JsString, JsValue, Module, Script, Source,
};
use sinew_bridge::{Completion, Throw, UNINITIALIZED};

use crate::Boa;
use crate::error::Trap;
use crate::scope::{Scope, State};

/// The module map: one record per name.
#[derive(Default)]
pub(crate) struct Modules(HashMap<String, Record>);

struct Record {
    module: Module,
    /// What the embedder put into `import.meta`, until the module asks for it.
    ///
    /// Boa asks while it evaluates `import.meta`, where an error has nowhere to go and its own
    /// record is borrowed. So the hook runs when the module is loaded, on an object of its own,
    /// and an error of its is one of loading.
    meta: Option<JsObject>,
}

/// The module [`UNINITIALIZED`], made at the first request.
///
/// A synthetic module would not do, since Boa initialises its exports to undefined, and no Rust code
/// can take a value away from a binding. But its parser does not see the `await` of a top-level
/// `for await`: so it runs such a module like one without, and takes it for evaluated when it first
/// waits. This one waits for ever, with its binding in the temporal dead zone. It belongs to a realm
/// of its own, of which no user code can have changed anything.
fn uninitialized(cx: &mut Scope<'_>) -> Completion<Boa, Module> {
    const SOURCE: &str = "\
        for await (const _ of { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) });\
        export let binding;";
    if let Some(module) = known(cx, UNINITIALIZED) {
        return Ok(module);
    }
    let module = cx.run(|context| {
        let source = Source::from_bytes(SOURCE).with_path(Path::new(UNINITIALIZED));
        let realm = context.create_realm()?;
        let module = Module::parse(source, Some(realm), context)?;
        module.link(context)?;
        module.evaluate(context)?;
        Ok(module)
    })?;
    let record = Record {
        module: module.clone(),
        meta: None,
    };
    let mut modules = cx.state.modules.borrow_mut();
    modules.0.insert(UNINITIALIZED.to_owned(), record);
    Ok(module)
}

/// Boa's module loader: each load ends at its first poll.
pub(crate) struct Loader(pub(crate) Rc<State>);

impl ModuleLoader for Loader {
    /// `context` stays borrowed while hooks run user code. No one can meet that borrow: the cell
    /// belongs to the one future that is being polled, and user code that runs other jobs polls
    /// futures with cells of their own.
    fn load_imported_module(
        self: Rc<Self>,
        referrer: Referrer,
        request: ModuleRequest,
        context: &RefCell<&mut Context>,
    ) -> impl Future<Output = JsResult<Module>> {
        let mut context = context.borrow_mut();
        let mut cx = Scope {
            context: &mut context,
            state: &self.0,
        };
        let load = || host_load_imported_module(&mut cx, &referrer, &request);
        let loaded = match catch_unwind(AssertUnwindSafe(load)) {
            Ok(loaded) => loaded,
            Err(payload) => Err(cx.panicked(&*payload)),
        };
        std::future::ready(loaded.map_err(|throw| cx.js_error(throw)))
    }

    fn init_import_meta(
        self: Rc<Self>,
        import_meta: &JsObject,
        module: &Module,
        context: &mut Context,
    ) {
        let name = text_of(module.path());
        let meta = {
            let mut modules = self.0.modules.borrow_mut();
            modules
                .0
                .get_mut(&name)
                .and_then(|record| record.meta.take())
        };
        if let Some(meta) = meta {
            copy_ordinary(&meta, import_meta, context);
        }
    }
}

/// Gives one ordinary object the prototype and properties of another. Runs no user code.
fn copy_ordinary(from: &JsObject, to: &JsObject, context: &mut Context) {
    to.set_prototype(from.prototype());
    for key in from.own_property_keys(context).unwrap_or_default() {
        let property = from.borrow().properties().get(&key);
        if let Some(property) = property {
            to.insert_property(key, property);
        }
    }
}

fn text_of(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| path.to_string_lossy().into_owned())
}

/// [HostLoadImportedModule](https://tc39.es/ecma262/#sec-HostLoadImportedModule)
fn host_load_imported_module(
    cx: &mut Scope<'_>,
    referrer: &Referrer,
    request: &ModuleRequest,
) -> Completion<Boa, Module> {
    let hooks = cx.state.hooks().filter(|_| !cx.ended());
    let Some(hooks) = hooks else {
        return Err(Throw::Terminated);
    };
    let attributes: Vec<(String, String)> = request
        .attributes()
        .iter()
        .map(|attribute| {
            let text = |string: &JsString| string.to_std_string_lossy();
            (text(attribute.key()), text(attribute.value()))
        })
        .collect();
    let specifier = request.specifier().to_std_string_lossy();
    if specifier == UNINITIALIZED {
        return uninitialized(cx);
    }
    let name = hooks.resolve(cx, &text_of(referrer.path()), &specifier, &attributes)?;
    if let Some(module) = known(cx, &name) {
        return Ok(module);
    }
    let source = hooks.load(cx, &name)?;
    let module = cx.run(|context| {
        // Boa misses the semicolon of a last `export { x }`. An export of nothing changes nothing
        // and completes nothing that is not complete.
        let source = source + "\nexport {};";
        let source = Source::from_bytes(&source).with_path(Path::new(&name));
        Module::parse(source, None, context).map_err(|error| with_file(error, &name))
    })?;
    let meta = JsObject::with_null_proto();
    hooks.import_meta(cx, &name, &meta.clone().into())?;
    // A hook that ran user code may have loaded the same name meanwhile: the first record stays.
    if let Some(module) = known(cx, &name) {
        return Ok(module);
    }
    let record = Record {
        module: module.clone(),
        meta: Some(meta),
    };
    cx.state.modules.borrow_mut().0.insert(name, record);
    Ok(module)
}

/// Boa's SyntaxErrors say where in a text they are, and not in which.
fn with_file(error: JsError, name: &str) -> JsError {
    match error.as_native().map(|native| native.message().to_string()) {
        Some(message) => JsNativeError::syntax()
            .with_message(format!("{message} in {name}"))
            .into(),
        None => error,
    }
}

/// Parts the namespaces of all modules from them, when nothing will run any more.
pub(crate) fn part_namespaces(modules: &Modules, context: &mut Context) {
    if modules.0.is_empty() {
        return;
    }
    let body = SyntheticModuleInitializer::from_copy_closure(|_, _| Ok(()));
    let empty = Module::synthetic(&[], body, None, None, context);
    let empty_namespace = empty.namespace(context);
    for Record { module, .. } in modules.0.values() {
        if may_have_namespace(module)
            && let Some(namespace) = namespace_of(module, context)
        {
            crate::object::empty_namespace(&namespace, (&empty, &empty_namespace));
        }
    }
}

/// Whether somebody has asked for the namespace of a module, as far as can be told: Boa shows it to
/// those who debug alone. Making one takes a time quadratic in the number of exports.
fn may_have_namespace(module: &Module) -> bool {
    /// The beginning of a text.
    struct Beginning(String);

    impl Write for Beginning {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            const ENOUGH: usize = 256;
            self.0.push_str(text);
            match self.0.len() < ENOUGH {
                true => Ok(()),
                false => Err(std::fmt::Error),
            }
        }
    }

    let mut shown = Beginning(String::new());
    // The error says that it is enough.
    let _ = write!(shown, "{module:?}");
    let cell = shown.0.split_once("namespace: ");
    let value = cell.and_then(|(_, cell)| cell.split_once("value: "));
    value.is_none_or(|(_, value)| !value.starts_with("None"))
}

/// The namespace of a module that is loaded with all that it requests, which is known at once where
/// it is linked. Boa has no namespace of any other, and could not make one.
fn namespace_of(module: &Module, context: &mut Context) -> Option<JsObject> {
    let loaded = module.load(context).state();
    matches!(loaded, PromiseState::Fulfilled(_)).then(|| module.namespace(context))
}

pub(crate) fn namespace(cx: &mut Scope<'_>, name: &str) -> Completion<Boa, Option<JsValue>> {
    let Some(module) = known(cx, name) else {
        return Ok(None);
    };
    cx.run(|context| Ok(namespace_of(&module, context).map(JsValue::from)))
}

fn known(cx: &Scope<'_>, name: &str) -> Option<Module> {
    let modules = cx.state.modules.borrow();
    modules.0.get(name).map(|record| record.module.clone())
}

fn run_script(context: &mut Context, name: &str, source: &str) -> JsResult<JsValue> {
    let source = Source::from_bytes(source).with_path(Path::new(name));
    Script::parse(source, None, context)?.evaluate(context)
}

pub(crate) fn eval_script(cx: &mut Scope<'_>, name: &str, source: &str) -> Completion<Boa> {
    cx.run(|context| run_script(context, name, source))
}

/// The steps of a dynamic import, from loading to the promise of the namespace, are Boa's own: a
/// script of the referrer's name asks for them.
pub(crate) fn import(cx: &mut Scope<'_>, referrer: &str, specifier: &str) -> Completion<Boa> {
    let specifier = JsValue::from(JsString::from(specifier));
    cx.run(|context| {
        let import = run_script(context, referrer, "(specifier) => import(specifier)")?;
        crate::job::callable(&import)?.call(&JsValue::undefined(), &[specifier], context)
    })
}

/// A native function has no frame of its own: the topmost one is its caller's.
pub(crate) fn active_script_or_module(cx: &Scope<'_>) -> Option<String> {
    let active = cx.context.get_active_script_or_module()?;
    active
        .path()
        .map(|path| path.to_string_lossy().into_owned())
}

pub(crate) fn parse_json(cx: &mut Scope<'_>, text: &str) -> Completion<Boa> {
    let text = JsValue::from(JsString::from(text));
    let Some(intrinsics) = cx.intrinsics() else {
        return Err(Throw::Terminated);
    };
    cx.run(|context| {
        let undefined = JsValue::undefined();
        intrinsics.json_parse.call(&undefined, &[text], context)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Boa's own word for it.
    #[test]
    fn a_namespace_that_was_made_shows() {
        let mut context = Context::default();
        let context = &mut context;
        let source = Source::from_bytes("export let a = 1; export { b as default }; let b;")
            .with_path(Path::new("value: None"));
        let module = Module::parse(source, None, context).unwrap();
        assert!(!may_have_namespace(&module));
        module.load(context);
        module.link(context).unwrap();
        module.evaluate(context).unwrap();
        assert!(!may_have_namespace(&module));
        module.namespace(context);
        assert!(may_have_namespace(&module));
    }
}

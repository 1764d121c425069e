//! [`import.meta`](https://nodejs.org/api/esm.html#importmeta) of JavaScript modules, as in Node.js.

use std::rc::Rc;

use sinew_bridge::class::create_function;
use sinew_bridge::{Completion, JsHost, Property, WasmEngine};

use crate::esm::find::HOST;
use crate::esm::hooks::ModuleFunction;
use crate::webassembly::webidl;

/// Defines the properties of a module's `import.meta`: only files have a path.
pub(super) fn define_meta<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    module: &Rc<ModuleFunction<J, W>>,
    meta: &J::Value,
) -> Completion<J, ()> {
    let ModuleFunction { loader, name } = &**module;
    let define = |cx: &mut J::Scope<'_>, name: &str, value: J::Value| {
        J::define_property(cx, meta, name.into(), Property::data(value))
    };
    let key = loader.key_of(name);
    if let Some(key) = &key {
        let path = key.path();
        let dirname = path.parent().unwrap_or(path);
        for (name, path) in [("dirname", dirname), ("filename", path)] {
            let text = J::string(cx, &path.display().to_string())?;
            define(cx, name, text)?;
        }
    }
    let is_main = loader.main.borrow().as_deref() == Some(name.as_str());
    define(cx, "main", J::boolean(is_main))?;
    let resolve = create_function(cx, module, "resolve", 1, resolve::<J, W>)?;
    define(cx, "resolve", resolve)?;
    let url = match key {
        Some(key) => Some(key.url().into()),
        // What the embedder supplies has no URL but the specifier that means it everywhere.
        None => loader
            .data_url(name)
            .or_else(|| name.strip_prefix(HOST).map(Into::into)),
    };
    if let Some(url) = url {
        let url = J::string(cx, &url)?;
        define(cx, "url", url)?;
    }
    Ok(())
}

/// [`import.meta.resolve(specifier)`](https://html.spec.whatwg.org/multipage/webappapis.html#hostgetimportmetaproperties)
fn resolve<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    module: &Rc<ModuleFunction<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let ModuleFunction { loader, name } = &**module;
    // 6.4.1. Set specifier to ? ToString(specifier).
    let specifier = J::arg(cx, args, 0);
    let specifier = webidl::to_text::<J>(cx, &specifier)?;
    // 6.4.2. Let url be the result of resolving a module specifier given moduleScript and specifier.
    let url = loader
        .find_url(name, &specifier)
        .map_err(|refused| refused.throw::<J>(cx))?;
    // 6.4.3. Return the serialization of url.
    J::string(cx, &url)
}

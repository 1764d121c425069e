//! [Reading imports](https://webassembly.github.io/spec/js-api/#read-the-imports), and
//! [host functions](https://webassembly.github.io/spec/js-api/#create-a-host-function): wasm to
//! JavaScript.

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::binary::Import;
use sinew_bridge::convert::{arg_to_raw, raw_to_number, to_raw};
use sinew_bridge::{
    Completion, ExternType, FuncType, GlobalType, HostFunc, HostTrap, ImportType, JsHost, Throw,
    Val, ValType, ValueType, WasmEngine, class,
};
use smallvec::SmallVec;

use crate::store::Store;
use crate::webassembly::exported_function::function_address;
use crate::webassembly::{Entity, WasmModule, error, global, iterate, value};

/// How many values a call keeps on the native stack.
const INLINE: usize = 8;

/// One import of the module that `file` names in messages.
pub(crate) struct Importing<'a, W: WasmEngine> {
    pub file: &'a str,
    pub module: &'a WasmModule<W>,
    /// Its place in the import section.
    pub index: usize,
}

impl<'a, W: WasmEngine> Importing<'a, W> {
    /// What the file says of it.
    pub(crate) fn import(&self) -> &'a Import {
        &self.module.info.imports[self.index]
    }

    /// Its type in the engine's terms.
    pub(crate) fn engine_type(&self) -> ImportType<'a, W> {
        ImportType {
            module: &self.module.module,
            index: self.index,
        }
    }
}

/// Steps 5.4 and following of
/// [reading the imports](https://webassembly.github.io/spec/js-api/#read-the-imports): the entity
/// that `value` is for an import.
pub(crate) fn import_value<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    importing: &Importing<'_, W>,
    value: &J::Value,
) -> Completion<J, Entity<W>> {
    let agent = &store.agent;
    let (file, import) = (importing.file, importing.import());
    let kind = import.ty.kind();
    match &import.ty {
        // 4. If externtype is of the form func functype,
        ExternType::Func(ty) => import_function(cx, store, importing, ty, value),
        // 5. If externtype is of the form global mut valtype,
        ExternType::Global(ty) => {
            if let Some(slot) = agent.slot_of(cx, value, kind) {
                return Ok(Entity::Global(slot));
            }
            import_number(cx, store, importing, *ty, value)
        }
        // 6. mem, 7. table, 8. tag: only the class's own objects.
        ExternType::Memory(_) => match agent.slot_of(cx, value, kind) {
            Some(slot) => Ok(Entity::Memory(slot)),
            None => Err(error::link(cx, agent, file, import, &describe::<J>(value))),
        },
        ExternType::Table(_) => match agent.slot_of(cx, value, kind) {
            Some(slot) => Ok(Entity::Table(slot)),
            None => Err(error::link(cx, agent, file, import, &describe::<J>(value))),
        },
        ExternType::Tag(_) => match agent.slot_of(cx, value, kind) {
            Some(slot) => Ok(Entity::Tag(slot)),
            None => Err(error::link(cx, agent, file, import, &describe::<J>(value))),
        },
    }
}

fn import_function<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    importing: &Importing<'_, W>,
    ty: &FuncType,
    value: &J::Value,
) -> Completion<J, Entity<W>> {
    let import = importing.import();
    // 4.1. If IsCallable(v) is false, throw a LinkError.
    if !J::is_callable(cx, value) {
        return Err(error::link(
            cx,
            &store.agent,
            importing.file,
            import,
            &describe::<J>(value),
        ));
    }
    // 4.2. If v has a [[FunctionAddress]], let funcaddr be that.
    if let Some(binding) = function_address::<J, W>(cx, value)
        && Rc::ptr_eq(&binding.store, store)
    {
        if binding.unloaded.get() {
            return Err(error::unloaded(cx, &store.agent));
        }
        return Ok(Entity::Func(binding.func.clone()));
    }
    // 4.3. Otherwise, create a host function from v and functype.
    let label = format!("{} {}", import.module, import.name);
    let engine_type = Some(importing.engine_type());
    let func = host_function(cx, store, value.clone(), ty.clone(), label, engine_type)?;
    Ok(Entity::Func(func))
}

/// [Create a host function](https://webassembly.github.io/spec/js-api/#create-a-host-function) from
/// a callable. `label` names it in messages, `import` is the import that it is made for.
pub(crate) fn host_function<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    callable: J::Value,
    ty: FuncType,
    label: String,
    import: Option<ImportType<'_, W>>,
) -> Completion<J, W::Func> {
    let function = ImportedFunction {
        store: store.clone(),
        callable,
        ty: ty.clone(),
        label,
    };
    store.try_access(cx, |wasm| {
        W::func_alloc::<ImportedFunction<J, W>>(wasm, &ty, import, function)
    })
}

/// Step 5.2: a value that JavaScript has, for an immutable global.
fn import_number<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    importing: &Importing<'_, W>,
    ty: GlobalType,
    value: &J::Value,
) -> Completion<J, Entity<W>> {
    let (file, import) = (importing.file, importing.import());
    let fits = match ty.value {
        ValType::I64 => J::type_of(value) == ValueType::BigInt,
        ValType::I32 | ValType::F32 | ValType::F64 => J::type_of(value) == ValueType::Number,
        ValType::V128 => false,
        ValType::Ref(_) => true,
    };
    if ty.mutable || !fits {
        return Err(error::link(
            cx,
            &store.agent,
            file,
            import,
            &describe::<J>(value),
        ));
    }
    let engine_type = Some(importing.engine_type());
    let allocated = value::to_wasm(cx, store, value, ty.value)
        .and_then(|value| global::alloc(cx, store, ty, engine_type, &value));
    match allocated {
        Ok(slot) => Ok(Entity::Global(slot)),
        // 5.2.5. A reference that does not convert, or not to this type, is a LinkError.
        Err(Throw::Value(_)) if matches!(ty.value, ValType::Ref(_)) => Err(error::link(
            cx,
            &store.agent,
            file,
            import,
            &describe::<J>(value),
        )),
        Err(throw) => Err(throw),
    }
}

/// What a value is, for a message.
pub(crate) fn describe<J: JsHost>(value: &J::Value) -> String {
    match J::type_of(value) {
        ValueType::Undefined => "undefined".into(),
        ValueType::Null => "null".into(),
        ValueType::Boolean => "a boolean".into(),
        ValueType::Number => "a number".into(),
        ValueType::BigInt => "a BigInt".into(),
        ValueType::String => "a string".into(),
        ValueType::Symbol => "a symbol".into(),
        ValueType::Function => "a function".into(),
        ValueType::Object => "an object".into(),
    }
}

/// A host function made from a JavaScript function: what the wasm store owns of it.
///
/// A cycle, from the store to its entry, until [`Store::close`].
pub(crate) struct ImportedFunction<J: JsHost, W: WasmEngine> {
    store: Rc<Store<J, W>>,
    callable: J::Value,
    ty: FuncType,
    /// Where it was imported, for messages.
    label: String,
}

impl<J: JsHost, W: WasmEngine> HostFunc<W> for ImportedFunction<J, W> {
    type Data = Self;

    #[inline]
    fn invoke(
        wasm: &mut W::StoreMut<'_>,
        function: &Self,
        vals: &mut [W::Raw],
    ) -> Result<(), HostTrap> {
        let store = &function.store;
        store.leave(wasm, |cx| run_scalar(cx, function, vals))
    }

    fn call(
        wasm: &mut W::StoreMut<'_>,
        function: &Self,
        params: &[Val<W>],
        results: &mut [Val<W>],
    ) -> Result<(), HostTrap> {
        let store = &function.store;
        store.leave(wasm, |cx| run_general(cx, function, params, results))
    }
}

/// [Run a host function](https://webassembly.github.io/spec/js-api/#run-a-host-function) of scalar
/// signature.
#[inline]
fn run_scalar<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    function: &ImportedFunction<J, W>,
    vals: &mut [W::Raw],
) -> Completion<J, ()> {
    let ty = &function.ty;
    let vals = Cell::from_mut(vals).as_slice_of_cells();
    // 3. Let jsArguments be « ». 4. For each arg of arguments, append ToJSValue(arg).
    let params = vals.iter().zip(ty.params());
    let arguments = params.map(|(val, ty)| raw_to_number::<W>(val, ty));
    // 5. Let ret be ? Call(func, undefined, jsArguments).
    J::call_with_numbers(cx, &function.callable, arguments, |cx, ret| {
        // 6. Let resultsSize be the size of results.
        match *ty.results() {
            // 7. If resultsSize is 0, return « ».
            [] => Ok(()),
            // 8. Otherwise, if resultsSize is 1, return « ToWebAssemblyValue(ret, results[0]) ».
            [ref ty] => arg_to_raw::<J, W>(cx, ret, 0, ty, &vals[0]),
            // 9. Otherwise, …
            ref types => {
                let ret = J::arg(cx, ret, 0);
                let values = results_list(cx, function, &ret)?;
                for ((val, value), ty) in vals.iter().zip(&values).zip(types) {
                    val.set(to_raw::<J, W>(cx, value, *ty)?);
                }
                Ok(())
            }
        }
    })
}

/// [Run a host function](https://webassembly.github.io/spec/js-api/#run-a-host-function) of any
/// signature.
fn run_general<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    function: &ImportedFunction<J, W>,
    params: &[Val<W>],
    results: &mut [Val<W>],
) -> Completion<J, ()> {
    let (store, ty) = (&function.store, &function.ty);
    // 1. If parameters or results contain v128 or exnref, throw a TypeError.
    if let Some(ty) = ty
        .params()
        .iter()
        .chain(ty.results())
        .find(|ty| !value::crosses(**ty))
    {
        let message = format!(
            "{}: a value of type {ty} cannot cross into JavaScript",
            function.label
        );
        return Err(class::type_error::<J>(cx, &message));
    }
    // 3. to 5., as above.
    let mut arguments = SmallVec::<[J::Value; INLINE]>::new();
    for param in params {
        arguments.push(value::to_js(cx, store, param)?);
    }
    let ret = J::call(cx, &function.callable, &J::undefined(), &arguments)?;
    match *ty.results() {
        [] => {}
        [ty] => results[0] = value::to_wasm(cx, store, &ret, ty)?,
        ref types => {
            let values = results_list(cx, function, &ret)?;
            for ((slot, value), ty) in results.iter_mut().zip(&values).zip(types) {
                *slot = value::to_wasm(cx, store, value, *ty)?;
            }
        }
    }
    Ok(())
}

/// Step 9 of running a host function: several results come from an iterable of just as many.
fn results_list<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    function: &ImportedFunction<J, W>,
    ret: &J::Value,
) -> Completion<J, Vec<J::Value>> {
    // 9.1. Let method be ? GetMethod(ret, @@iterator). 9.2. If undefined, throw a TypeError.
    // 9.3. Let values be ? IteratorToList(? GetIteratorFromMethod(ret, method)).
    let values = iterate::iterable_to_list::<J>(cx, ret)?;
    // 9.5. If values's size is not resultsSize, throw a TypeError.
    let expected = function.ty.results().len();
    if values.len() != expected {
        let message = format!(
            "{}: expected {expected} results, got {}",
            function.label,
            values.len()
        );
        return Err(class::type_error::<J>(cx, &message));
    }
    Ok(values)
}

//! [Exported Functions](https://webassembly.github.io/spec/js-api/#exported-function-exotic-objects):
//! JavaScript to wasm.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::convert::{Number, arg_to_raw, raw_to_number};
use sinew_bridge::{Completion, FuncType, FunctionSpec, JsHost, NativeFn, Val, WasmEngine, class};
use smallvec::SmallVec;

use crate::store::Store;
use crate::webassembly::{error, value};

/// How many values a call keeps on the native stack.
const INLINE: usize = 8;

/// The body of every Exported Function.
pub(crate) struct ExportedFunction<J, W>(PhantomData<(J, W)>);

/// What an Exported Function owns.
pub(crate) struct Binding<J: JsHost, W: WasmEngine> {
    pub store: Rc<Store<J, W>>,
    pub func: W::Func,
    pub ty: FuncType,
    /// Whether its parameters and results are numbers, and few.
    scalar: bool,
    /// Set when the module that defines the function was unloaded.
    pub unloaded: Rc<Cell<bool>>,
}

impl<J: JsHost, W: WasmEngine> NativeFn<J> for ExportedFunction<J, W> {
    type Data = Rc<Binding<J, W>>;

    fn call(cx: &mut J::Scope<'_>, binding: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        if binding.unloaded.get() {
            return Err(error::unloaded(cx, &binding.store.agent));
        }
        call_general(cx, binding, args)
    }

    #[inline]
    fn invoke(cx: &mut J::Scope<'_>, binding: &Self::Data, args: J::Args<'_>) -> J::Outcome {
        if binding.unloaded.get() || !binding.scalar {
            let completion = Self::call(cx, binding, args);
            return J::outcome(cx, completion);
        }
        // No handle of the result is made, which would go through memory.
        match call_scalar(cx, binding, args) {
            Ok(Returned::Number(number)) => J::outcome_of_number(cx, number),
            Ok(Returned::Value(value)) => J::outcome(cx, Ok(value)),
            Err(throw) => J::outcome(cx, Err(throw)),
        }
    }
}

/// What a call of scalar signature returns.
enum Returned<V> {
    Number(Number),
    Value(V),
}

/// [Call an Exported Function](https://webassembly.github.io/spec/js-api/#call-an-exported-function)
/// of scalar signature: nothing is owned, counted or looked up.
#[inline(always)]
fn call_scalar<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    binding: &Binding<J, W>,
    args: J::Args<'_>,
) -> Completion<J, Returned<J::Value>> {
    let ty = &binding.ty;
    // 4. Let args be « ». 5. For each t of parameters, append ToWebAssemblyValue(argument, t).
    let mut raw = [W::raw_i32(0); INLINE];
    let slots = Cell::from_mut(&mut raw[..]).as_slice_of_cells();
    for (index, (slot, ty)) in slots.iter().zip(ty.params()).enumerate() {
        arg_to_raw::<J, W>(cx, args, index, ty, slot)?;
    }
    // 6. Let (store, ret) be the result of func_invoke(store, funcaddr, args).
    let vals = &mut raw[..ty.raw_len()];
    binding
        .store
        .enter(cx, |wasm| W::func_invoke(wasm, &binding.func, ty, vals))?;
    // 9. Let outArity be the size of ret.
    let ret = Cell::from_mut(&mut raw[..]).as_slice_of_cells();
    match *ty.results() {
        // 10. If outArity is 0, return undefined.
        [] => Ok(Returned::Value(J::undefined())),
        // 11. Otherwise, if outArity is 1, return ToJSValue(ret[0]).
        [ref ty] => Ok(Returned::Number(raw_to_number::<W>(&ret[0], ty))),
        // 12. Otherwise, return CreateArrayFromList of the values.
        ref types => {
            let values: SmallVec<[J::Value; INLINE]> = types
                .iter()
                .zip(ret)
                .map(|(ty, raw)| raw_to_number::<W>(raw, ty).to_js::<J>(cx))
                .collect();
            J::create_array(cx, &values).map(Returned::Value)
        }
    }
}

/// [Call an Exported Function](https://webassembly.github.io/spec/js-api/#call-an-exported-function)
/// of any signature.
fn call_general<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    binding: &Binding<J, W>,
    args: J::Args<'_>,
) -> Completion<J> {
    let ty = &binding.ty;
    // 3. If parameters or results contain v128 or exnref, throw a TypeError.
    if let Some(ty) = ty
        .params()
        .iter()
        .chain(ty.results())
        .find(|ty| !value::crosses(**ty))
    {
        let message =
            format!("a function with type {ty} in its signature cannot be called from JavaScript");
        return Err(class::type_error::<J>(cx, &message));
    }
    // 4. Let args be « ». 5. For each t of parameters, append ToWebAssemblyValue(argument, t).
    let store = &binding.store;
    let mut params = SmallVec::<[Val<W>; INLINE]>::new();
    for (index, ty) in ty.params().iter().enumerate() {
        let argument = J::arg(cx, args, index);
        params.push(value::to_wasm(cx, store, &argument, *ty)?);
    }
    // 6. Let (store, ret) be the result of func_invoke(store, funcaddr, args).
    let mut results: SmallVec<[Val<W>; INLINE]> = ty
        .results()
        .iter()
        .map(|ty| value::placeholder(*ty))
        .collect();
    store.enter(cx, |wasm| {
        W::func_call(wasm, &binding.func, &params, &mut results)
    })?;
    // 9. to 12., as above.
    let mut values = SmallVec::<[J::Value; INLINE]>::new();
    for result in &results {
        values.push(value::to_js(cx, store, result)?);
    }
    match values.len() {
        0 => Ok(J::undefined()),
        1 => Ok(values.remove(0)),
        _ => J::create_array(cx, &values),
    }
}

impl<J: JsHost, W: WasmEngine> Store<J, W> {
    /// [A new Exported Function](https://webassembly.github.io/spec/js-api/#a-new-exported-function)
    /// for `func`: the same object each time it is met. `origin` is the function's index and the
    /// unload flag of its module, where they are known.
    pub(crate) fn function_object(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        func: &W::Func,
        origin: Option<(u32, &Rc<Cell<bool>>)>,
    ) -> Completion<J> {
        // 1. to 3. If the agent's Exported Function cache has it, return that.
        let identity = self.access(cx, |wasm| W::func_identity(wasm, func))?;
        if let Some(weak) = self.functions.borrow().get(&identity)
            && let Some(function) = J::upgrade(cx, weak)
        {
            return Ok(function);
        }
        let (index, ty) = self.access(cx, |wasm| {
            (W::func_index(wasm, func), W::func_type(wasm, func))
        })?;
        // 7. Let arity be the size of the parameters. 8. Let name be the name of the function.
        let length = ty.params().len() as u32;
        let index = index.or(origin.map(|(index, _)| index)).unwrap_or(0);
        let binding = Rc::new(Binding {
            store: self.clone(),
            func: func.clone(),
            scalar: ty.is_scalar() && ty.raw_len() <= INLINE,
            ty,
            unloaded: origin
                .map(|(_, unloaded)| unloaded.clone())
                .unwrap_or_default(),
        });
        // 9. Let function be CreateBuiltinFunction(steps, arity, name, « [[FunctionAddress]] »).
        let spec = FunctionSpec {
            name: &index.to_string(),
            length,
            constructor: false,
        };
        let function = J::create_function::<ExportedFunction<J, W>>(cx, binding, spec)?;
        // Exported Functions are WebAssembly.Functions, as type reflection has it.
        J::set_prototype(cx, &function, &self.agent.classes().function.prototype)?;
        // 11. Set the cache's entry.
        let weak = J::downgrade(cx, &function);
        self.functions.borrow_mut().insert(identity, weak);
        Ok(function)
    }
}

/// The `[[FunctionAddress]]` of an Exported Function of `store`.
pub(crate) fn function_address<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Option<Rc<Binding<J, W>>> {
    J::function_data::<ExportedFunction<J, W>>(cx, value)
}

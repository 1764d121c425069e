//! Functions: calls from the host, calls to the host, time slices.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sinew_bridge::lend::ThreadBound;
use sinew_bridge::{FuncIdentity, FuncType, HostFunc, HostTrap, Val};
use smallvec::SmallVec;
use wasmi::{
    AsContext, AsContextMut, Caller, F32, F64, ResumableCall, TypedFunc, TypedResumableCall,
    WasmParams, WasmResults,
};

use crate::error::Stop;
use crate::store::{StoreMut, bits, reserve_entities};
use crate::{Error, Wasmi, conv};

/// Values that a call keeps on the native stack.
const INLINE: usize = 16;

type Vals = SmallVec<[wasmi::Val; INLINE]>;

/// Parameters of a scalar signature for which there is an array.
const FEW: usize = 8;

/// Fuel of one time slice.
///
/// Some 30 µs of plain instructions, which makes stopping and going on (some 150 ns) cost well
/// below a percent.
pub(crate) const SLICE: u64 = 8 << 10;

/// Starts the next time slice, which needs at least `required` fuel, unless the runtime was
/// stopped.
///
/// Wasmi forgets where it was when `table.grow` runs out of fuel: going on would run a part of the
/// function again. Such a call ends here instead. It takes a growth by more than 2,000 elements at
/// the very end of a slice; smaller ones cost no fuel.
#[cold]
pub(crate) fn refuel(store: &mut StoreMut<'_>, required: u64) -> Result<(), Error> {
    let lost = store.data_mut().limiter.take_table_out_of_fuel();
    if store.data().data.termination.is_set() {
        return Err(Error::terminated());
    }
    if lost {
        return Err(Error::limit("table.grow met the end of a time slice"));
    }
    Ok(store.set_fuel(SLICE.max(required))?)
}

/// Calls a function; interruptibly, if the store is.
fn call(
    store: &mut StoreMut<'_>,
    func: wasmi::Func,
    params: &[wasmi::Val],
    results: &mut [wasmi::Val],
) -> Result<(), Error> {
    if !store.data().interruptible {
        return Ok(func.call(store, params, results)?);
    }
    let mut call = func.call_resumable(&mut *store, params, results)?;
    loop {
        match call {
            ResumableCall::Finished => return Ok(()),
            ResumableCall::HostTrap(trap) => return Err(trap.into_host_error().into()),
            ResumableCall::OutOfFuel(rest) => {
                refuel(store, rest.required_fuel())?;
                call = rest.resume(&mut *store, results)?;
            }
        }
    }
}

/// [`call`] of a signature known to the compiler.
#[inline]
fn call_typed<P: WasmParams, R: WasmResults>(
    store: &mut StoreMut<'_>,
    func: TypedFunc<P, R>,
    params: P,
) -> Result<R, Error> {
    if !store.data().interruptible {
        return Ok(func.call(store, params)?);
    }
    let mut call = func.call_resumable(&mut *store, params)?;
    loop {
        match call {
            TypedResumableCall::Finished(results) => return Ok(results),
            TypedResumableCall::HostTrap(trap) => return Err(trap.host_error().into()),
            TypedResumableCall::OutOfFuel(rest) => {
                refuel(store, rest.required_fuel())?;
                call = rest.resume(&mut *store)?;
            }
        }
    }
}

/// Runs a host function's body on behalf of wasmi, through whose frames no panic may pass: they
/// abort the process.
#[inline]
fn guard(
    store: &mut StoreMut<'_>,
    body: impl FnOnce(&mut StoreMut<'_>) -> Result<(), HostTrap>,
) -> Result<(), wasmi::Error> {
    match catch_unwind(AssertUnwindSafe(|| body(store))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(HostTrap::Completion)) => Err(wasmi::Error::host(Stop::Host)),
        Ok(Err(HostTrap::Exception)) => Err(wasmi::Error::host(Stop::Exception)),
        Err(payload) => Err(panicked(store, payload)),
    }
}

#[cold]
fn panicked(store: &StoreMut<'_>, payload: Box<dyn Any + Send>) -> wasmi::Error {
    store.data().data.termination.set_panicked(&*payload);
    // Its destructor is anybody's code, and might panic in turn.
    std::mem::forget(payload);
    wasmi::Error::host(Stop::Panicked)
}

/// A scalar of the common signatures.
trait Scalar: Copy {
    const TYPE: wasmi::ValType;
    fn from_raw(raw: u64) -> Self;
    fn into_raw(self) -> u64;
}

macro_rules! scalars {
    ($($name:ident: $ty:ident, |$raw:ident| $from:expr, |$value:ident| $into:expr;)*) => {
        $(
            impl Scalar for $ty {
                const TYPE: wasmi::ValType = wasmi::ValType::$name;

                #[inline]
                fn from_raw($raw: u64) -> Self {
                    $from
                }

                #[inline]
                fn into_raw(self) -> u64 {
                    let $value = self;
                    $into
                }
            }
        )*
    };
}

scalars! {
    I32: i32, |raw| raw as i32, |value| u64::from(value.cast_unsigned());
    I64: i64, |raw| raw.cast_signed(), |value| value.cast_unsigned();
    F32: F32, |raw| F32::from_bits(raw as u32), |value| u64::from(value.to_bits());
    F64: F64, |raw| F64::from_bits(raw), |value| value.to_bits();
}

/// The results of the common signatures.
trait Results: Sized {
    const TYPES: &'static [wasmi::ValType];
    fn read(vals: &[u64]) -> Self;
    fn write(self, vals: &mut [u64]);
}

impl Results for () {
    const TYPES: &'static [wasmi::ValType] = &[];

    #[inline]
    fn read(_vals: &[u64]) -> Self {}

    #[inline]
    fn write(self, _vals: &mut [u64]) {}
}

impl<T: Scalar> Results for T {
    const TYPES: &'static [wasmi::ValType] = &[T::TYPE];

    #[inline]
    fn read(vals: &[u64]) -> Self {
        T::from_raw(vals[0])
    }

    #[inline]
    fn write(self, vals: &mut [u64]) {
        if let Some(slot) = vals.first_mut() {
            *slot = self.into_raw();
        }
    }
}

macro_rules! signatures {
    ($($name:ident($($param:ident: $ty:ident),*) -> $result:ty;)*) => {
        /// A function of a store. That of a common signature knows it, which saves a third of a call.
        #[derive(Clone, Copy, Debug)]
        pub enum Func {
            #[doc(hidden)]
            Any(wasmi::Func),
            $(#[doc(hidden)] $name(TypedFunc<($($ty,)*), $result>),)*
        }

        impl Func {
            pub(crate) fn new(store: impl AsContext, func: wasmi::Func) -> Self {
                let ty = func.ty(&store);
                $(
                    if *ty.params() == [$(<$ty as Scalar>::TYPE),*]
                        && ty.results() == <$result as Results>::TYPES
                    {
                        return func.typed(&store).map_or(Func::Any(func), Func::$name);
                    }
                )*
                Func::Any(func)
            }

            #[inline]
            pub(crate) fn handle(&self) -> wasmi::Func {
                match self {
                    Func::Any(func) => *func,
                    $(Func::$name(func) => *func.func(),)*
                }
            }

            #[inline]
            pub(crate) fn invoke(
                &self,
                store: &mut StoreMut<'_>,
                ty: &FuncType,
                vals: &mut [u64],
            ) -> Result<(), Error> {
                match *self {
                    Func::Any(func) => invoke(store, func, ty, vals),
                    $(
                        Func::$name(func) => {
                            #[allow(irrefutable_let_patterns, reason = "without parameters")]
                            let [$($param,)* ..] = *vals else {
                                return Err(Error::other("too few values for a call"));
                            };
                            let params = ($(<$ty as Scalar>::from_raw($param),)*);
                            call_typed(store, func, params)?.write(vals);
                            Ok(())
                        }
                    )*
                }
            }
        }

        /// A host function of a common signature; of any other, what it was to own.
        fn wrap<H: HostFunc<Wasmi>>(
            store: &mut StoreMut<'_>,
            ty: &wasmi::FuncType,
            data: ThreadBound<H::Data>,
        ) -> Result<wasmi::Func, ThreadBound<H::Data>> {
            $(
                if *ty.params() == [$(<$ty as Scalar>::TYPE),*]
                    && ty.results() == <$result as Results>::TYPES
                {
                    let body = move |mut caller: Caller<'_, _>, $($param: $ty),*|
                        -> Result<$result, wasmi::Error>
                    {
                        // One more than the parameters, for a result.
                        let mut vals = [$($param.into_raw(),)* 0];
                        guard(&mut caller.as_context_mut(), |cx| {
                            H::invoke(cx, data.get(), &mut vals)
                        })?;
                        Ok(Results::read(&vals))
                    };
                    return Ok(wasmi::Func::wrap(store, body));
                }
            )*
            Err(data)
        }
    };
}

signatures! {
    Nothing() -> ();
    ToI32() -> i32;
    ToI64() -> i64;
    ToF64() -> F64;
    I32(a: i32) -> ();
    I32ToI32(a: i32) -> i32;
    I32ToI64(a: i32) -> i64;
    I32ToF64(a: i32) -> F64;
    I32x2(a: i32, b: i32) -> ();
    I32x2ToI32(a: i32, b: i32) -> i32;
    I32x3(a: i32, b: i32, c: i32) -> ();
    I32x3ToI32(a: i32, b: i32, c: i32) -> i32;
    I32x4(a: i32, b: i32, c: i32, d: i32) -> ();
    I32x4ToI32(a: i32, b: i32, c: i32, d: i32) -> i32;
    I32x5(a: i32, b: i32, c: i32, d: i32, e: i32) -> ();
    I32x5ToI32(a: i32, b: i32, c: i32, d: i32, e: i32) -> i32;
    I32x6(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32) -> ();
    I32x6ToI32(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32) -> i32;
    I32x7(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32) -> ();
    I32x7ToI32(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32) -> i32;
    I32x8(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32) -> ();
    I32x8ToI32(a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32) -> i32;
    I64(a: i64) -> ();
    I64ToI64(a: i64) -> i64;
    I64x2ToI64(a: i64, b: i64) -> i64;
    F32ToF32(a: F32) -> F32;
    F32x2ToF32(a: F32, b: F32) -> F32;
    F64(a: F64) -> ();
    F64ToF64(a: F64) -> F64;
    F64x2ToF64(a: F64, b: F64) -> F64;
}

/// A call of any other scalar signature.
fn invoke(
    store: &mut StoreMut<'_>,
    func: wasmi::Func,
    ty: &FuncType,
    vals: &mut [u64],
) -> Result<(), Error> {
    // Not a `SmallVec`: filling one by one costs more than the array.
    let (mut few, mut many) = ([const { wasmi::Val::I32(0) }; FEW + 1], Vec::new());
    let all = match ty.params().len() + ty.results().len() {
        len if len <= few.len() => &mut few[..len],
        len => {
            many.resize(len, wasmi::Val::I32(0));
            &mut many[..]
        }
    };
    let (params, results) = all.split_at_mut(ty.params().len());
    for ((param, ty), bits) in params.iter_mut().zip(ty.params()).zip(&*vals) {
        *param = conv::raw(*ty, *bits);
    }
    call(store, func, params, results)?;
    for (slot, result) in vals.iter_mut().zip(&*results) {
        *slot = conv::from_raw(result);
    }
    Ok(())
}

pub(crate) fn call_general(
    store: &mut StoreMut<'_>,
    func: &Func,
    params: &[Val<Wasmi>],
    results: &mut [Val<Wasmi>],
) -> Result<(), Error> {
    let params: Vals = params.iter().map(conv::val).collect::<Result<_, _>>()?;
    let mut out: Vals = results.iter().map(|_| wasmi::Val::I32(0)).collect();
    call(store, func.handle(), &params, &mut out)?;
    for (slot, result) in results.iter_mut().zip(&out) {
        *slot = conv::from_val(store, result);
    }
    Ok(())
}

/// Calls a function that takes and gives nothing.
pub(crate) fn call_nothing(store: &mut StoreMut<'_>, func: wasmi::Func) -> Result<(), Error> {
    call(store, func, &[], &mut [])
}

pub(crate) fn alloc<H: HostFunc<Wasmi>>(
    store: &mut StoreMut<'_>,
    ty: &FuncType,
    data: H::Data,
) -> Result<Func, Error> {
    let scalar = ty.is_scalar();
    let ty = conv::func_type(ty)?;
    reserve_entities(store, 1)?;
    // SAFETY: the closure that it goes to is the store's, which calls it and drops it, and is bound to
    // its thread (`data_stays_on_its_thread` below).
    let data = unsafe { ThreadBound::new(data) };
    let func = match wrap::<H>(store, &ty, data) {
        Ok(func) => func,
        Err(data) if scalar => wasmi::Func::new(&mut *store, ty, move |caller, params, results| {
            host_invoke::<H>(caller, data.get(), params, results)
        }),
        Err(data) => wasmi::Func::new(&mut *store, ty, move |caller, params, results| {
            host_call::<H>(caller, data.get(), params, results)
        }),
    };
    Ok(Func::new(store, func))
}

fn host_invoke<H: HostFunc<Wasmi>>(
    mut caller: Caller<'_, crate::State>,
    data: &H::Data,
    params: &[wasmi::Val],
    results: &mut [wasmi::Val],
) -> Result<(), wasmi::Error> {
    let (mut few, mut many) = ([0; FEW], Vec::new());
    let vals = match params.len().max(results.len()) {
        len if len <= few.len() => &mut few[..len],
        len => {
            many.resize(len, 0);
            &mut many[..]
        }
    };
    for (slot, param) in vals.iter_mut().zip(params) {
        *slot = conv::from_raw(param);
    }
    guard(&mut caller.as_context_mut(), |cx| H::invoke(cx, data, vals))?;
    for (slot, bits) in results.iter_mut().zip(&*vals) {
        conv::set_raw(slot, *bits);
    }
    Ok(())
}

fn host_call<H: HostFunc<Wasmi>>(
    mut caller: Caller<'_, crate::State>,
    data: &H::Data,
    params: &[wasmi::Val],
    results: &mut [wasmi::Val],
) -> Result<(), wasmi::Error> {
    let mut cx = caller.as_context_mut();
    let args: SmallVec<[_; INLINE]> = params.iter().map(|val| conv::from_val(&cx, val)).collect();
    let mut out: SmallVec<[_; INLINE]> =
        results.iter().map(|val| conv::from_val(&cx, val)).collect();
    guard(&mut cx, |cx| H::call(cx, data, &args, &mut out))?;
    for (slot, result) in results.iter_mut().zip(&out) {
        // Wasmi panics on what does not fit, where a panic aborts the process.
        *slot = conv::val(result)
            .ok()
            .filter(|val| val.ty() == slot.ty() && cx.data().bits.owns(val))
            .ok_or_else(|| wasmi::Error::host(Stop::Type))?;
    }
    Ok(())
}

pub(crate) fn identity(func: &Func) -> FuncIdentity {
    let [a, b] = bits(func.handle());
    FuncIdentity([a as usize, b as usize, 0, 0])
}

pub(crate) fn index(store: &StoreMut<'_>, func: &Func) -> Option<u32> {
    let state = store.data();
    state.spans.find(state.bits.index(func.handle()))
}

#[cfg(test)]
mod tests {
    /// What host functions own rests on this.
    #[test]
    fn data_stays_on_its_thread() {
        static_assertions::assert_not_impl_any!(crate::State: Send, Sync);
        static_assertions::assert_not_impl_any!(crate::Store: Send, Sync);
    }
}

//! Engines and stores.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sinew_bridge::{EngineConfig, StoreData};
use wasmi::{AsContextMut, CompilationMode, Config, CustomFuelCosts};

use crate::Error;
#[cfg(doc)]
use crate::func;
use crate::limiter::Limiter;
use crate::memory::{self, Reservations};

/// An engine of wasmi, with what it does not keep itself.
#[derive(Clone)]
pub struct Engine {
    inner: wasmi::Engine,
    interruptible: bool,
    /// Functions compiled so far: wasmi keeps them all, and panics beyond a number of them.
    functions: Arc<AtomicU64>,
}

/// Wasmi's own bound, see `MAX_FUNCS` of its code map.
const MAX_FUNCTIONS: u64 = 100_000_000;

/// Bytes that a value stack has at least.
const MIN_STACK_BYTES: usize = 64 << 10;

/// Bytes of the wasm stack for each frame that may be on it: a call without locals takes about as
/// much of the native stack in engines that compile.
const BYTES_PER_FRAME: usize = 32;

/// Stacks that an engine keeps for reuse: one is in use for each nested entry.
const CACHED_STACKS: usize = 16;

/// Bytes that bulk instructions move for one unit of fuel, which is what other instructions cost.
///
/// With [`func::SLICE`] it bounds what one time slice may copy to 64 MiB, some milliseconds. It also
/// is the number of bytes up to which `table.grow` costs nothing, see [`func::refuel`].
const BYTES_PER_FUEL: u32 = 8 << 10;

/// Native stack that one entry into wasm and one host function called from there take.
///
/// Wasm's own frames are on stacks that wasmi allocates. What is native is the entry
/// (`func_invoke`, wasmi's executor) and a host function's trampoline: 3 KiB together in a release
/// build, 18 KiB where this crate is not optimised. The rest is for the host function.
const STACK_RESERVE: usize = 128 << 10;

impl Engine {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        let stack = config.stack_bytes.max(MIN_STACK_BYTES);
        let mut inner = Config::default();
        inner
            .set_max_stack_height(stack)
            .set_max_recursion_depth(stack / BYTES_PER_FRAME)
            .set_max_cached_stacks(CACHED_STACKS)
            .consume_fuel(config.interruptible)
            .fuel_cost(CustomFuelCosts {
                bytes_copied_per_fuel: BYTES_PER_FUEL,
                fuel_per_bytes_translated: 0,
                fuel_per_bytes_validated: 0,
            })
            // What the bytes say is read elsewhere.
            .ignore_custom_sections(true)
            // All of a module is validated when it is compiled; a function is translated when it is
            // called first. Translating costs three times as much as validating, and most functions
            // of a large module never run. What valid functions wasmi cannot translate (they need
            // more slots than 16 bits count) fails with a compile error at that call.
            .compilation_mode(CompilationMode::LazyTranslation);
        Self {
            inner: wasmi::Engine::new(&inner),
            interruptible: config.interruptible,
            functions: Arc::default(),
        }
    }

    pub(crate) fn inner(&self) -> &wasmi::Engine {
        &self.inner
    }

    pub(crate) fn stack_reserve(&self) -> usize {
        STACK_RESERVE
    }

    /// Room for the functions of one more module.
    pub(crate) fn reserve_functions(&self, count: u32) -> Result<(), Error> {
        let count = u64::from(count);
        let fits = |used: u64| used.checked_add(count).filter(|sum| *sum <= MAX_FUNCTIONS);
        self.functions
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .map(drop)
            .map_err(|_| Error::limit("the engine holds too many functions"))
    }
}

/// A store of wasmi. Nothing in it is freed before it is dropped.
pub struct Store {
    // Before what it points to.
    inner: wasmi::Store<State>,
    _reservations: Rc<RefCell<Reservations>>,
}

/// Exclusive access to a [`Store`].
pub type StoreMut<'a> = wasmi::StoreContextMut<'a, State>;

/// What a store of wasmi carries for this crate.
pub struct State {
    pub(crate) data: StoreData,
    pub(crate) limiter: Limiter,
    pub(crate) reservations: Rc<RefCell<Reservations>>,
    pub(crate) spans: FuncSpans,
    pub(crate) bits: HandleBits,
    pub(crate) interruptible: bool,
    entities: u64,
}

impl Store {
    pub(crate) fn new(engine: &Engine, data: StoreData) -> Self {
        let reservations = Rc::<RefCell<Reservations>>::default();
        let state = State {
            limiter: Limiter::new(data.budget.clone(), memory::MAX_BYTES),
            data,
            reservations: reservations.clone(),
            spans: FuncSpans::default(),
            bits: HandleBits::default(),
            interruptible: engine.interruptible,
            entities: 0,
        };
        let mut inner = wasmi::Store::new(&engine.inner, state);
        inner.limiter(|state| &mut state.limiter);
        let bits = HandleBits::of(&mut inner.as_context_mut());
        inner.data_mut().bits = bits;
        Self {
            inner,
            _reservations: reservations,
        }
    }

    pub(crate) fn as_mut(&mut self) -> StoreMut<'_> {
        self.inner.as_context_mut()
    }
}

/// Handles of wasmi are 32-bit numbers, and it panics when they run out.
const MAX_ENTITIES: u64 = (u32::MAX / 2) as u64;

/// Room for so many more functions, globals, segments or references.
pub(crate) fn reserve_entities(store: &mut StoreMut<'_>, count: u64) -> Result<(), Error> {
    let entities = &mut store.data_mut().entities;
    if *entities + count > MAX_ENTITIES {
        return Err(Error::limit("the store holds too many entities"));
    }
    *entities += count;
    Ok(())
}

/// The two numbers that a handle of wasmi consists of: which store, and which of its functions. In
/// what order, the compiler decides.
type Bits = [u32; 2];

pub(crate) fn bits(func: wasmi::Func) -> Bits {
    // SAFETY: a handle is a store's number and the entity's, a `u32` and a `NonZero<u32>`, without
    // padding (`transmute` checks the size): any of its values is a valid `[u32; 2]`. The test
    // `handles_are_two_numbers` fails when this changes.
    unsafe { std::mem::transmute::<wasmi::Func, Bits>(func) }
}

fn extern_bits(value: wasmi::ExternRef) -> Bits {
    // SAFETY: as in `bits`, of which it is a twin.
    unsafe { std::mem::transmute::<wasmi::ExternRef, Bits>(value) }
}

/// How to read the handles of a store.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HandleBits {
    /// Which of the two numbers is the entity's.
    entity: usize,
    store: u32,
}

impl HandleBits {
    /// Told from two functions made in a row.
    pub(crate) fn of(store: &mut StoreMut<'_>) -> Self {
        let [a, b] = [(); 2].map(|()| bits(wasmi::Func::wrap(&mut *store, || ())));
        let entity = usize::from(a[0] == b[0]);
        Self {
            entity,
            store: a[1 - entity],
        }
    }

    pub(crate) fn index(self, func: wasmi::Func) -> u32 {
        bits(func)[self.entity]
    }

    /// Whether a value belongs to the store.
    pub(crate) fn owns(self, val: &wasmi::Val) -> bool {
        let handle = match val {
            wasmi::Val::FuncRef(func) => Option::from(*func).map(bits),
            wasmi::Val::ExternRef(value) => Option::from(*value).map(extern_bits),
            _ => None,
        };
        handle.is_none_or(|handle| handle[1 - self.entity] == self.store)
    }
}

/// The functions that instances have defined: wasmi numbers those of one instance in a row, and
/// never uses a number again.
#[derive(Debug, Default)]
pub(crate) struct FuncSpans(Vec<FuncSpan>);

#[derive(Debug)]
struct FuncSpan {
    /// The number in the store of the first.
    start: u32,
    len: u32,
    /// The index in its module of the first.
    first: u32,
}

impl FuncSpans {
    pub(crate) fn find(&self, number: u32) -> Option<u32> {
        let after = self.0.partition_point(|span| span.start <= number);
        let span = &self.0[after.checked_sub(1)?];
        let offset = number - span.start;
        (offset < span.len).then(|| span.first + offset)
    }
}

/// Notes that `len` functions of a module, from index `first` on, are about to be numbered.
pub(crate) fn expect_span(store: &mut StoreMut<'_>, first: u32, len: u32) {
    if len == 0 {
        return;
    }
    // A function made now has the number before theirs.
    let mark = wasmi::Func::wrap(&mut *store, || ());
    let state = store.data_mut();
    let start = state.bits.index(mark) + 1;
    state.spans.0.push(FuncSpan { start, len, first });
}

/// Takes back [`expect_span`] where no instance came to be.
pub(crate) fn forget_span(store: &mut StoreMut<'_>, len: u32) {
    if len > 0 {
        store.data_mut().spans.0.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_two_numbers() {
        let engine = wasmi::Engine::default();
        let mut stores = [(); 2].map(|()| wasmi::Store::new(&engine, ()));
        let all = stores.each_mut().map(|store| {
            [(); 3].map(|()| {
                let func = wasmi::Func::wrap(&mut *store, || ());
                (bits(func), format!("{func:?}"))
            })
        });
        for [a, b, c] in &all {
            let key = usize::from(a.0[0] == b.0[0]);
            assert_eq!(a.0[1 - key], b.0[1 - key]);
            assert_eq!([a.0[key] + 1, a.0[key] + 2], [b.0[key], c.0[key]]);
            for (bits, text) in [a, b, c] {
                assert!(
                    text.contains(&format!("StoreId({})", bits[1 - key])),
                    "{text}"
                );
                assert!(text.contains(&format!("key: {}", bits[key])), "{text}");
            }
        }
        let value = wasmi::ExternRef::new(&mut stores[1], ());
        let key = usize::from(all[1][0].0[0] == all[1][1].0[0]);
        assert_eq!(extern_bits(value)[1 - key], all[1][0].0[1 - key]);
    }

    #[test]
    fn spans_are_found() {
        let span = |start, len, first| FuncSpan { start, len, first };
        let spans = FuncSpans(vec![span(3, 2, 1), span(5, 1, 0), span(9, 3, 7)]);
        let found: Vec<_> = (0..13).map(|number| spans.find(number)).collect();
        let mut expected = vec![None; 13];
        for (number, index) in [(3, 1), (4, 2), (5, 0), (9, 7), (10, 8), (11, 9)] {
            expected[number] = Some(index);
        }
        assert_eq!(found, expected);
    }
}

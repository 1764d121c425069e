//! Re-entrancy: lending an exclusive borrow to whoever runs inside.
//!
//! JavaScript calls wasm, wasm calls JavaScript, and so on to any depth; each engine wants an
//! exclusive borrow of its state (a scope, a store) for as long as it runs. While one of them is
//! running the other's borrow lies still, so it is *lent*: put where code that runs inside can take
//! it, and given back before the lender goes on. Lending nests strictly, last in first out, also
//! when a panic unwinds; taking a borrow that is already taken is an error.
//!
//! Nearly all `unsafe` of the generic half is in this file.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use crate::{JsHost, WasmEngine};

/// What a host function owns, as a wasm engine's closure captures it.
///
/// Engines ask of closures that they be `Send` and `Sync`, for the sake of stores that are. Those of
/// this seam are neither, and what their host functions own is no more: it holds handles of JavaScript.
/// In a debug build, use and drop on another thread panic.
pub struct ThreadBound<T> {
    value: T,
    #[cfg(debug_assertions)]
    thread: std::thread::ThreadId,
}

// SAFETY: what `new` asks for: nobody reaches the value from another thread, whoever holds this.
unsafe impl<T> Send for ThreadBound<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for ThreadBound<T> {}

impl<T> ThreadBound<T> {
    /// Binds a value to the current thread.
    ///
    /// # Safety
    /// What is made here is used and dropped on this thread alone. A store that is neither `Send` nor
    /// `Sync` sees to it, if it is the only owner and lets nobody but its own host functions
    /// have it.
    pub unsafe fn new(value: T) -> Self {
        Self {
            value,
            #[cfg(debug_assertions)]
            thread: std::thread::current().id(),
        }
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> &T {
        self.check();
        &self.value
    }

    #[inline]
    fn check(&self) {
        #[cfg(debug_assertions)]
        assert_eq!(
            self.thread,
            std::thread::current().id(),
            "a host function has left its thread"
        );
    }
}

impl<T> Drop for ThreadBound<T> {
    fn drop(&mut self) {
        self.check();
    }
}

/// A type with a lifetime parameter.
pub trait Family: 'static {
    /// The type with the parameter filled in.
    type Of<'a>;
}

/// The scopes of a JavaScript engine.
pub struct Scopes<J>(PhantomData<J>);

impl<J: JsHost> Family for Scopes<J> {
    type Of<'a> = J::Scope<'a>;
}

/// The stores of a wasm engine, as borrowed.
pub struct Stores<W>(PhantomData<W>);

impl<W: WasmEngine> Family for Stores<W> {
    type Of<'a> = W::StoreMut<'a>;
}

/// What is asked for is in use, or was never lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLent;

/// The place where an exclusive borrow is lent.
pub struct Lent<F: Family> {
    current: Cell<Option<NonNull<F::Of<'static>>>>,
}

/// Puts back what was there before, also on unwind.
struct Restore<'c, T> {
    cell: &'c Cell<Option<NonNull<T>>>,
    previous: Option<NonNull<T>>,
}

impl<T> Drop for Restore<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.cell.set(self.previous);
    }
}

impl<F: Family> Lent<F> {
    /// A place where nothing is lent yet.
    pub const fn new() -> Self {
        Self {
            current: Cell::new(None),
        }
    }

    /// Lends `value` while `f` runs.
    #[inline]
    pub fn lend<R>(&self, value: &mut F::Of<'_>, f: impl FnOnce() -> R) -> R {
        let pointer = NonNull::from(value).cast::<F::Of<'static>>();
        let _restore = Restore {
            previous: self.current.replace(Some(pointer)),
            cell: &self.current,
        };
        f()
    }

    /// Runs `f` with what is lent, which nobody else can take meanwhile.
    #[inline]
    pub fn with<R>(&self, f: impl for<'a> FnOnce(&mut F::Of<'a>) -> R) -> Result<R, NotLent> {
        let pointer = self.current.take().ok_or(NotLent)?;
        let _restore = Restore {
            previous: Some(pointer),
            cell: &self.current,
        };
        // SAFETY: `pointer` comes from the `&mut` of a `lend` (or of `StoreCell::new`) that is still
        // running and cannot use its borrow meanwhile: `lend` restores the cell before it returns,
        // so a pointer in the cell is never older than its borrow. It has been taken out of the
        // cell, so no second `&mut` to it can be made before this one ends. The lifetime that was
        // erased is hidden again behind `for<'a>`, so `f` can neither keep nor swap anything.
        Ok(f(unsafe { &mut *pointer.as_ptr() }))
    }
}

impl<F: Family> Default for Lent<F> {
    fn default() -> Self {
        Self::new()
    }
}

/// Owns a store, and lends it: to the outermost entry the store itself, to entries from inside a
/// host function what that function was given.
pub struct StoreCell<W: WasmEngine> {
    lent: Lent<Stores<W>>,
    /// How many times it is lent at the moment. The address of what is lent would not tell: an
    /// engine may hand on to a host function the very borrow that it was entered with.
    lenders: Cell<u32>,
    /// The owned store and the borrow of it that outermost entries take; `None` once closed.
    owned: Cell<Option<Owned<W>>>,
}

struct Owned<W: WasmEngine> {
    store: NonNull<W::Store>,
    bottom: NonNull<W::StoreMut<'static>>,
}

impl<W: WasmEngine> Clone for Owned<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W: WasmEngine> Copy for Owned<W> {}

/// Counts a lender, until it drops, also on unwind.
struct Lender<'c>(&'c Cell<u32>);

impl<'c> Lender<'c> {
    #[inline]
    fn new(count: &'c Cell<u32>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Lender<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<W: WasmEngine> StoreCell<W> {
    /// Takes a store in.
    pub fn new(store: W::Store) -> Self {
        let store = NonNull::from(Box::leak(Box::new(store)));
        // SAFETY: the box was leaked just now, and this is the only borrow of it that is ever made:
        // from here on the store is reached through `bottom` alone until `close` frees both.
        let bottom = W::store_mut(unsafe { &mut *store.as_ptr() });
        let bottom = NonNull::from(Box::leak(Box::new(bottom)));
        let lent = Lent::new();
        lent.current.set(Some(bottom));
        Self {
            lent,
            lenders: Cell::new(0),
            owned: Cell::new(Some(Owned { store, bottom })),
        }
    }

    /// Whether nothing of the store is running.
    pub fn is_idle(&self) -> bool {
        match (self.owned.get(), self.lent.current.get()) {
            (Some(_), Some(_)) => !self.is_lent(),
            _ => false,
        }
    }

    /// Whether a host function of the store runs, so that an entry is not the outermost.
    #[inline]
    pub fn is_lent(&self) -> bool {
        self.lenders.get() > 0
    }

    /// Lends a borrow of the store while `f` runs: for the bodies of its host functions.
    #[inline]
    pub fn lend<R>(&self, store: &mut W::StoreMut<'_>, f: impl FnOnce() -> R) -> R {
        let _lender = Lender::new(&self.lenders);
        self.lent.lend(store, f)
    }

    /// Runs `f` with the store.
    #[inline]
    pub fn with<R>(&self, f: impl for<'a> FnOnce(&mut W::StoreMut<'a>) -> R) -> Result<R, NotLent> {
        self.lent.with(f)
    }

    /// Drops the store, unless something of it is running. Whether it is gone now.
    pub fn close(&self) -> bool {
        let Some(owned) = self.owned.get() else {
            return true;
        };
        if !self.is_idle() {
            return false;
        }
        self.owned.set(None);
        self.lent.current.set(None);
        // SAFETY: both were leaked from boxes in `new` and are freed only here, once, because
        // `owned` was `Some`. The store is idle: nothing had been taken out of the cell and nobody was
        // lending, so no `with` and no `lend` is active. `bottom` borrows the store and goes first.
        unsafe {
            drop(Box::from_raw(owned.bottom.as_ptr()));
            drop(Box::from_raw(owned.store.as_ptr()));
        }
        true
    }
}

impl<W: WasmEngine> Drop for StoreCell<W> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// Exclusive access to a number, as a scope is to an engine.
    struct Borrows;

    impl Family for Borrows {
        type Of<'a> = &'a mut u32;
    }

    #[test]
    fn lends_to_the_inside_and_takes_back() {
        let place = Lent::<Borrows>::new();
        assert_eq!(place.with(|_| ()), Err(NotLent));
        let mut number = 1;
        let mut borrow = &mut number;
        place.lend(&mut borrow, || {
            place.with(|inner| **inner += 1).unwrap();
            assert_eq!(place.with(|inner| **inner), Ok(2));
        });
        assert_eq!(place.with(|_| ()), Err(NotLent));
        assert_eq!(number, 2);
    }

    #[test]
    fn taking_twice_is_an_error_and_nesting_is_not() {
        let place = Lent::<Borrows>::new();
        let (mut outer, mut inner) = (1, 10);
        let mut outer_borrow = &mut outer;
        place.lend(&mut outer_borrow, || {
            place
                .with(|taken| {
                    assert_eq!(place.with(|_| ()), Err(NotLent));
                    **taken += 1;
                    let mut inner_borrow = &mut inner;
                    place.lend(&mut inner_borrow, || {
                        place.with(|deeper| **deeper += 1).unwrap();
                    });
                    assert_eq!(place.with(|_| ()), Err(NotLent));
                    **taken += 1;
                })
                .unwrap();
            assert_eq!(place.with(|taken| **taken), Ok(3));
        });
        assert_eq!((outer, inner), (3, 11));
    }

    /// A value that left its thread is noticed where it would do harm.
    #[test]
    #[cfg(debug_assertions)]
    fn what_is_bound_stays() {
        let value = std::rc::Rc::new(1);
        // SAFETY: the other thread does no more than find out that it may not.
        let bound = unsafe { ThreadBound::new(value.clone()) };
        assert_eq!(**bound.get(), 1);
        let elsewhere = std::thread::scope(|scope| {
            let used = || catch_unwind(AssertUnwindSafe(|| drop(bound.get().clone()))).is_err();
            scope.spawn(used).join()
        });
        assert!(elsewhere.is_ok_and(|caught| caught));
        drop(bound);
        assert_eq!(std::rc::Rc::strong_count(&value), 1);
    }

    #[test]
    fn unwinding_restores() {
        let place = Lent::<Borrows>::new();
        let mut number = 1;
        let mut borrow = &mut number;
        place.lend(&mut borrow, || {
            let caught = catch_unwind(AssertUnwindSafe(|| place.with(|_| panic!("inside"))));
            assert!(caught.is_err());
            assert_eq!(place.with(|taken| **taken), Ok(1));
        });
    }
}

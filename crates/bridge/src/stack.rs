//! How much native stack is left.
//!
//! Neither side counts the other's native frames, so each crossing asks here: below the headroom
//! it throws a RangeError instead of going deeper.

use std::cell::Cell;

/// Bytes that a crossing needs at the least: what the engines, a native function and its error
/// path use before the next crossing asks again.
pub const HEADROOM: usize = if cfg!(debug_assertions) {
    384 << 10
} else {
    192 << 10
};

/// Where the stack of the current thread ends.
#[derive(Clone, Copy, Debug)]
pub struct StackBounds {
    /// The lowest address that may be used.
    floor: usize,
}

impl StackBounds {
    /// The bounds of the current thread's stack. Where the system does not tell, half a MiB from
    /// here is taken to be left.
    pub fn of_current_thread() -> Self {
        thread_local! {
            static FOUND: Cell<Option<(platform::Limit, usize)>> = const { Cell::new(None) };
        }
        // Linux reads /proc/self/maps to find the main thread's, up to its limit of the moment.
        let limit = platform::stack_limit();
        let known = FOUND.get().filter(|(under, _)| *under == limit);
        let floor = match known.map(|(_, floor)| floor).or_else(platform::stack_floor) {
            Some(floor) => {
                FOUND.set(Some((limit, floor)));
                floor
            }
            None => here().saturating_sub(512 << 10),
        };
        Self { floor }
    }

    /// Bytes left on the stack, on the thread these bounds are of.
    #[inline]
    pub fn remaining(self) -> usize {
        here().saturating_sub(self.floor)
    }
}

/// An address in the current stack frame.
#[inline(always)]
fn here() -> usize {
    let marker = 0u8;
    (&raw const marker).addr()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use std::mem::MaybeUninit;

    pub type Limit = libc::rlim_t;

    /// What the main thread's stack may grow to.
    pub fn stack_limit() -> Limit {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: the pointer is to a live local of the right type.
        match unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut limit) } {
            0 => limit.rlim_cur,
            _ => 0,
        }
    }

    pub fn stack_floor() -> Option<usize> {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        let mut address = std::ptr::null_mut();
        let (mut size, mut guard) = (0, 0);
        // SAFETY: `attributes` is initialised by `pthread_getattr_np` before anything reads it and
        // destroyed once; the other pointers are to live locals of the right types.
        unsafe {
            if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
                return None;
            }
            let found = libc::pthread_attr_getstack(attributes.as_ptr(), &mut address, &mut size)
                == 0
                && libc::pthread_attr_getguardsize(attributes.as_ptr(), &mut guard) == 0;
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            found.then(|| address.addr() + guard)
        }
    }
}

#[cfg(target_vendor = "apple")]
mod platform {
    pub type Limit = u8;

    pub fn stack_limit() -> Limit {
        0
    }

    pub fn stack_floor() -> Option<usize> {
        // SAFETY: both functions only read the attributes of the thread they are given.
        let (top, size) = unsafe {
            let thread = libc::pthread_self();
            (
                libc::pthread_get_stackaddr_np(thread).addr(),
                libc::pthread_get_stacksize_np(thread),
            )
        };
        top.checked_sub(size)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
mod platform {
    pub type Limit = u8;

    pub fn stack_limit() -> Limit {
        0
    }

    pub fn stack_floor() -> Option<usize> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::StackBounds;

    /// What a new thread that asks for `size` bytes has, where the system tells.
    fn remaining(size: usize) -> Option<usize> {
        let thread = std::thread::Builder::new().stack_size(size);
        let remaining = thread
            .spawn(|| StackBounds::of_current_thread().remaining())
            .unwrap()
            .join()
            .unwrap();
        cfg!(any(target_os = "linux", target_vendor = "apple")).then_some(remaining)
    }

    #[test]
    fn knows_the_size_of_a_thread() {
        for size in [1 << 20, 2 << 20, 8 << 20] {
            let Some(remaining) = remaining(size) else {
                return;
            };
            assert!(remaining > size - (128 << 10), "{remaining} of {size}");
        }
        // The system may hand out the larger stack of a thread that ended: these are larger than
        // those of tests, and each than the one before.
        for size in [12 << 20, 20 << 20, 32 << 20] {
            let Some(remaining) = remaining(size) else {
                return;
            };
            assert!(remaining > size - (128 << 10), "{remaining} of {size}");
            assert!(remaining <= size + (64 << 10), "{remaining} of {size}");
        }
    }

    #[test]
    fn stays_the_same_when_asked_again() {
        let bounds = StackBounds::of_current_thread();
        let again = StackBounds::of_current_thread();
        if cfg!(any(target_os = "linux", target_vendor = "apple")) {
            assert_eq!(bounds.floor, again.floor);
        }
    }

    #[test]
    fn shrinks_as_the_stack_grows() {
        #[inline(never)]
        fn deeper(bounds: StackBounds, depth: usize) -> usize {
            let frame = std::hint::black_box([depth as u8; 4096]);
            match depth {
                0 => bounds.remaining(),
                _ => deeper(bounds, depth - 1) + usize::from(frame[0]) - depth,
            }
        }
        let bounds = StackBounds::of_current_thread();
        if cfg!(any(target_os = "linux", target_vendor = "apple")) {
            assert!(bounds.remaining() - deeper(bounds, 20) > 20 * 4096);
        }
    }
}

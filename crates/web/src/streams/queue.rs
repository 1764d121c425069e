//! [Queues with sizes](https://streams.spec.whatwg.org/#queue-with-sizes).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use sinew_bridge::class::throw;
use sinew_bridge::{Completion, Edge, ErrorClass, JsHost, trace};

/// `[[queue]]` and `[[queueTotalSize]]` of a controller whose chunks are values.
pub(crate) struct Queue<J: JsHost> {
    /// The values and their sizes. No value is the close sentinel of a writable stream.
    entries: RefCell<VecDeque<(Option<Edge<J>>, f64)>>,
    total: Cell<f64>,
}

trace!(struct Queue { entries });

impl<J: JsHost> Default for Queue<J> {
    fn default() -> Self {
        Self {
            entries: RefCell::default(),
            total: Cell::new(0.0),
        }
    }
}

impl<J: JsHost> Queue<J> {
    /// `[[queueTotalSize]]`
    pub(crate) fn total_size(&self) -> f64 {
        self.total.get()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.borrow().is_empty()
    }

    /// [EnqueueValueWithSize](https://streams.spec.whatwg.org/#enqueue-value-with-size); `None` is
    /// the close sentinel.
    pub(crate) fn enqueue_value_with_size(
        &self,
        cx: &mut J::Scope<'_>,
        value: Option<J::Value>,
        size: f64,
    ) -> Completion<J, ()> {
        if !(size >= 0.0 && size.is_finite()) {
            let message = "the size of a chunk must be a finite, non-negative number";
            return Err(throw::<J>(cx, ErrorClass::RangeError, message));
        }
        let mut entries = self.entries.borrow_mut();
        entries.push_back((value.map(Edge::new), size));
        self.total.set(self.total.get() + size);
        Ok(())
    }

    /// [DequeueValue](https://streams.spec.whatwg.org/#dequeue-value)
    pub(crate) fn dequeue_value(&self) -> Option<J::Value> {
        let (value, size) = self.entries.borrow_mut().pop_front()?;
        // Rounding may have made the total smaller than the size.
        self.total.set((self.total.get() - size).max(0.0));
        value.map(|value| value.get())
    }

    /// [PeekQueueValue](https://streams.spec.whatwg.org/#peek-queue-value)
    pub(crate) fn peek_value(&self) -> Option<J::Value> {
        let entries = self.entries.borrow();
        let (value, _) = entries.front()?;
        value.as_ref().map(Edge::get)
    }

    /// [ResetQueue](https://streams.spec.whatwg.org/#reset-queue)
    pub(crate) fn reset(&self) {
        let entries = self.entries.take();
        self.total.set(0.0);
        drop(entries);
    }
}

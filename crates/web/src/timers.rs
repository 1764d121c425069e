//! [Timers](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers).
//!
//! AD-HOC: as in Node, a handler is a function, never source text, the shortest delay is one
//! millisecond, and nesting does not make it longer.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::{Duration, Instant};

use sinew_bridge::{Completion, JsHost, ValueType};

use crate::globals::Global;
use crate::tasks::Task;
use crate::{Web, webidl};

/// Runs the first timer that is due; `false` when none is.
pub(crate) fn run_one<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J, bool> {
    let Some((id, timer)) = web.timers.borrow_mut().take_due(Instant::now()) else {
        return Ok(false);
    };
    let result = match &timer.handler {
        Handler::Function { function, args } => {
            let this = J::global(cx);
            J::call(cx, function, &this, args).map(|_| ())
        }
        Handler::Steps(steps) => match steps.take() {
            Some(steps) => steps(cx, web),
            None => Ok(()),
        },
    };
    if timer.repeat {
        web.timers.borrow_mut().repeat(id, Instant::now());
    }
    result.map(|()| true)
}

impl<J: JsHost> Web<J> {
    pub(crate) const TIMERS: &'static [Global<J>] = &[
        Global::operation("setTimeout", 1, set_timeout),
        Global::operation("setInterval", 1, set_interval),
        Global::operation("clearTimeout", 0, clear),
        Global::operation("clearInterval", 0, clear),
    ];

    /// [Runs steps after a timeout](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#run-steps-after-a-timeout)
    /// that nobody waits for if there is nothing else to do.
    pub(crate) fn add_background_timer(
        &self,
        delay: Duration,
        steps: impl for<'s, 'a, 'b> FnOnce(&'a mut J::Scope<'s>, &'b Rc<Web<J>>) -> Completion<J, ()>
        + 'static,
    ) {
        let timer = Timer {
            handler: Handler::Steps(RefCell::new(Some(Box::new(steps)))),
            delay: delay.min(LONGEST),
            repeat: false,
            background: true,
        };
        self.timers.borrow_mut().add(timer, Instant::now());
    }
}

/// The longest delay: every clock can tell the time that long from now.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// [`setTimeout(handler, timeout, ...arguments)`](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-settimeout)
fn set_timeout<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    initialize::<J>(cx, web, args, false)
}

/// [`setInterval(handler, timeout, ...arguments)`](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-setinterval)
fn set_interval<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    initialize::<J>(cx, web, args, true)
}

/// The [timer initialization steps](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timer-initialisation-steps)
fn initialize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
    repeat: bool,
) -> Completion<J> {
    let handler = J::arg(cx, args, 0);
    let handler = webidl::callback::<J>(cx, handler, "the handler of a timer")?;
    let delay = J::arg(cx, args, 1);
    let delay = webidl::long::<J>(cx, &undefined_as_zero::<J>(delay))?;
    let timer = Timer {
        handler: Handler::Function {
            function: handler,
            args: (2..J::args_len(args))
                .map(|i| J::arg(cx, args, i))
                .collect(),
        },
        delay: Duration::from_millis(delay.max(1).unsigned_abs().into()),
        repeat,
        background: false,
    };
    let id = web.timers.borrow_mut().add(timer, Instant::now());
    Ok(J::number_i32(id))
}

/// [`clearTimeout(id)`](https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#dom-cleartimeout),
/// which is `clearInterval`, too.
///
/// AD-HOC: a Symbol or BigInt is no timer, as in Node, not a TypeError.
fn clear<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let id = J::arg(cx, args, 0);
    if !matches!(J::type_of(&id), ValueType::Symbol | ValueType::BigInt) {
        let id = webidl::long::<J>(cx, &undefined_as_zero::<J>(id))?;
        // Named, so that it is dropped after the borrow.
        let timer = web.timers.borrow_mut().remove(id);
        drop(timer);
    }
    Ok(J::undefined())
}

fn undefined_as_zero<J: JsHost>(value: J::Value) -> J::Value {
    match J::type_of(&value) {
        ValueType::Undefined => J::number_i32(0),
        _ => value,
    }
}

/// The map of setTimeout and setInterval IDs, and when each is due.
pub(crate) struct Timers<J: JsHost> {
    last_id: i32,
    /// Counts the insertions into `queue`: equal times are served in this order.
    sequence: u64,
    queue: BTreeMap<(Instant, u64), i32>,
    /// How many of the queue are worth waiting for.
    foreground: usize,
    active: HashMap<i32, Active<J>>,
}

struct Timer<J: JsHost> {
    handler: Handler<J>,
    delay: Duration,
    repeat: bool,
    /// Whether nobody waits for it if there is nothing else to do.
    background: bool,
}

/// What a timer runs.
enum Handler<J: JsHost> {
    /// A function of the guest's.
    Function {
        function: J::Value,
        args: Vec<J::Value>,
    },
    /// Steps of this crate.
    Steps(RefCell<Option<Task<J>>>),
}

struct Active<J: JsHost> {
    timer: Rc<Timer<J>>,
    /// Its place in the queue; an interval whose callback runs has none.
    place: Option<(Instant, u64)>,
}

impl<J: JsHost> Default for Timers<J> {
    fn default() -> Self {
        Self {
            last_id: 0,
            sequence: 0,
            queue: BTreeMap::new(),
            foreground: 0,
            active: HashMap::new(),
        }
    }
}

impl<J: JsHost> Timers<J> {
    /// When the next timer is due, if one is worth waiting for.
    pub(crate) fn next_awaited(&self) -> Option<Instant> {
        self.next_due().filter(|_| self.foreground > 0)
    }

    pub(crate) fn next_due(&self) -> Option<Instant> {
        let ((due, _), _) = self.queue.first_key_value()?;
        Some(*due)
    }

    fn add(&mut self, timer: Timer<J>, now: Instant) -> i32 {
        loop {
            self.last_id = self.last_id.checked_add(1).unwrap_or(1);
            if !self.active.contains_key(&self.last_id) {
                break;
            }
        }
        let place = self.enqueue(self.last_id, now + timer.delay, timer.background);
        let active = Active {
            timer: Rc::new(timer),
            place: Some(place),
        };
        self.active.insert(self.last_id, active);
        self.last_id
    }

    fn enqueue(&mut self, id: i32, due: Instant, background: bool) -> (Instant, u64) {
        self.sequence += 1;
        self.foreground += usize::from(!background);
        let place = (due, self.sequence);
        self.queue.insert(place, id);
        place
    }

    /// Takes the first timer that is due from the queue. An interval stays active, so that its own
    /// callback can clear it.
    fn take_due(&mut self, now: Instant) -> Option<(i32, Rc<Timer<J>>)> {
        let first = self.queue.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let id = first.remove();
        let active = self.active.get_mut(&id)?;
        active.place = None;
        let timer = active.timer.clone();
        self.foreground -= usize::from(!timer.background);
        if !timer.repeat {
            self.active.remove(&id);
        }
        Some((id, timer))
    }

    /// Queues an interval again whose callback has run, unless it was cleared.
    fn repeat(&mut self, id: i32, now: Instant) {
        let Some(active) = self.active.get(&id) else {
            return;
        };
        let (due, background) = (now + active.timer.delay, active.timer.background);
        let place = self.enqueue(id, due, background);
        if let Some(active) = self.active.get_mut(&id) {
            active.place = Some(place);
        }
    }

    fn remove(&mut self, id: i32) -> Option<Rc<Timer<J>>> {
        let active = self.active.remove(&id)?;
        if let Some(place) = active.place {
            self.queue.remove(&place);
            self.foreground -= usize::from(!active.timer.background);
        }
        Some(active.timer)
    }
}

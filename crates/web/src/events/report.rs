//! [Reporting exceptions](https://html.spec.whatwg.org/multipage/webappapis.html#report-the-exception).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use sinew_bridge::{Completion, Edge, ErrorClass, JsHost, ObjectClass, Throw};

use super::error_event::ErrorEvent;
use super::event::{EventInit, EventKind};
use crate::dom_exception::DomException;
use crate::inspect::{Inspector, Options};
use crate::{Web, webidl};

/// What a realm knows of exceptions that nobody caught.
pub(crate) struct Reporting<J: JsHost> {
    /// The global object's [error reporting mode](https://html.spec.whatwg.org/multipage/webappapis.html#in-error-reporting-mode).
    in_error_reporting_mode: Cell<bool>,
    /// Those that no listener handled: the embedder's, first come first served.
    uncaught: RefCell<VecDeque<J::Value>>,
}

impl<J: JsHost> Default for Reporting<J> {
    fn default() -> Self {
        Self {
            in_error_reporting_mode: Cell::new(false),
            uncaught: RefCell::default(),
        }
    }
}

impl<J: JsHost> Reporting<J> {
    pub(crate) fn clear(&self) {
        let uncaught = self.uncaught.take();
        drop(uncaught);
    }

    pub(super) fn add_uncaught(&self, exception: J::Value) {
        self.uncaught.borrow_mut().push_back(exception);
    }
}

impl<J: JsHost> Web<J> {
    /// [Reports an exception](https://html.spec.whatwg.org/multipage/webappapis.html#report-the-exception):
    /// if no listener of the global object handles it, it is what a later call of
    /// [`run_job`](Self::run_job), [`run_task`](Self::run_task) or [`run_timer`](Self::run_timer)
    /// throws. Runs user code.
    pub(crate) fn report_exception(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        exception: &J::Value,
    ) -> Completion<J, ()> {
        let mode = &self.reporting.in_error_reporting_mode;
        let mut not_handled = true;
        if !mode.get() {
            mode.set(true);
            let fired = self.fire_error(cx, exception);
            mode.set(false);
            not_handled = fired?;
        }
        if not_handled {
            self.reporting.add_uncaught(exception.clone());
        }
        Ok(())
    }

    /// Reports what a job, task or timer threw. What nobody handles is thrown, one at a time.
    pub(crate) fn reported(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        completion: Completion<J, bool>,
    ) -> Completion<J, bool> {
        let ran = match completion {
            Err(Throw::Value(exception)) => {
                self.report_exception(cx, &exception)?;
                true
            }
            other => other?,
        };
        let uncaught = self.reporting.uncaught.borrow_mut().pop_front();
        match uncaught {
            Some(exception) => Err(Throw::Value(exception)),
            None => Ok(ran),
        }
    }

    /// Runs the next job; `false` when none waits. Runs user code; what it throws and no listener of
    /// the global object handles is thrown, the other jobs stay.
    pub fn run_job(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, bool> {
        let completion = J::run_job(cx);
        self.reported(cx, completion)
    }

    /// Fires an event named error at the global object; `true` when it did not handle it.
    fn fire_error(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        exception: &J::Value,
    ) -> Completion<J, bool> {
        let global = J::global(cx);
        // Nobody could see the event.
        if !self.realm(cx)?.global_target.listens_to("error") {
            return Ok(true);
        }
        let init = EventInit {
            cancelable: true,
            ..EventInit::of_type("error")
        };
        let info = self.error_info(cx, exception)?;
        let event = self.create_event(cx, &Self::ERROR_EVENT, init, EventKind::Error(info))?;
        self.dispatch(cx, &event, &global)
    }

    /// [Extracts error information](https://html.spec.whatwg.org/multipage/webappapis.html#extract-error)
    /// from an exception. Runs no user code. What is no error with a stack trace is located where it
    /// is reported.
    fn error_info(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        exception: &J::Value,
    ) -> Completion<J, ErrorEvent<J>> {
        let mut location = locate(&J::error_stack(cx, exception));
        if location.is_none() {
            let here = J::create_error(cx, ErrorClass::Error, None, "");
            location = locate(&J::error_stack(cx, &here));
        }
        let (filename, lineno, colno) = location.unwrap_or_default();
        let message = format!("Uncaught {}", self.describe(cx, exception)?);
        Ok(ErrorEvent {
            message: message.encode_utf16().collect(),
            filename,
            lineno,
            colno,
            error: Edge::new(exception.clone()),
        })
    }

    /// Name and message of an error, anything else as the console shows it.
    fn describe(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        exception: &J::Value,
    ) -> Completion<J, String> {
        let realm = self.realm(cx)?;
        let mut inspector = Inspector::new(self, &realm.builtins, Options::new(false));
        let (name, message) = if let Some(state) = J::state::<DomException<J>>(cx, exception) {
            (state.name(), state.message())
        } else if J::object_class(cx, exception) == Some(ObjectClass::Error) {
            let name = inspector.find_text(cx, exception, "name")?;
            let message = inspector.find_text(cx, exception, "message")?;
            let name = name.unwrap_or_else(|| "Error".to_owned());
            (name, message.unwrap_or_default())
        } else {
            return inspector.inspect(cx, exception);
        };
        Ok(match message.is_empty() {
            true => name,
            false => format!("{name}: {message}"),
        })
    }
}

/// File, line and column of the first frame that has them.
fn locate(stack: &str) -> Option<(String, u32, u32)> {
    stack.lines().find_map(|frame| {
        let place = match frame.rsplit_once('(') {
            Some((_, place)) => place.trim_end().strip_suffix(')')?,
            None => frame.trim().strip_prefix("at ")?,
        };
        let (rest, colno) = place.rsplit_once(':')?;
        let (file, lineno) = rest.rsplit_once(':')?;
        Some((file.to_owned(), lineno.parse().ok()?, colno.parse().ok()?))
    })
}

/// [`reportError(e)`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-reporterror)
pub(super) fn report_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "reportError")?;
    let exception = J::arg(cx, args, 0);
    web.report_exception(cx, &exception)?;
    Ok(J::undefined())
}

#[cfg(test)]
mod tests {
    use super::locate;

    #[test]
    fn frames_are_located() {
        let at =
            |stack| locate(stack).map(|(file, line, column)| format!("{file}|{line}|{column}"));
        assert_eq!(
            at("at f (file:///a b.js:3:7)").as_deref(),
            Some("file:///a b.js|3|7")
        );
        assert_eq!(at("    at test.js:1:2").as_deref(), Some("test.js|1|2"));
        assert_eq!(at("at g (native)\nat x (y:1:2)").as_deref(), Some("y|1|2"));
        assert_eq!(at(""), None);
        assert_eq!(at("at (a:b:c)"), None);
    }
}

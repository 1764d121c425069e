//! [Tasks](https://html.spec.whatwg.org/multipage/webappapis.html#concept-task): what is to be done
//! once the code that runs now and its microtasks are through.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost};

use crate::Web;

/// The steps of a task.
pub(crate) type Task<J> = Box<
    dyn for<'s, 'a, 'b> FnOnce(
        &'a mut <J as JsHost>::Scope<'s>,
        &'b Rc<Web<J>>,
    ) -> Completion<J, ()>,
>;

impl<J: JsHost> Web<J> {
    /// [Queues a task](https://html.spec.whatwg.org/multipage/webappapis.html#queue-a-task).
    pub(crate) fn queue_task(
        &self,
        task: impl for<'s, 'a, 'b> FnOnce(&'a mut J::Scope<'s>, &'b Rc<Web<J>>) -> Completion<J, ()>
        + 'static,
    ) {
        self.tasks.borrow_mut().push_back(Box::new(task));
    }

    /// Runs the next task; `false` when none waits. Runs user code; what it throws and no listener of
    /// the global object handles is thrown, the other tasks stay. Callers drain the microtasks between two calls.
    pub fn run_task(self: &Rc<Self>, cx: &mut J::Scope<'_>) -> Completion<J, bool> {
        let task = self.tasks.borrow_mut().pop_front();
        let completion = match task {
            Some(task) => task(cx, self).map(|()| true),
            None => Ok(false),
        };
        self.reported(cx, completion)
    }
}

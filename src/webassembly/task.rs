//! [Queue a task](https://html.spec.whatwg.org/multipage/webappapis.html#queue-a-task)

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::{Completion, FunctionSpec, JsHost, NativeFn, WasmEngine};

use crate::agent::Agent;

/// Runs `steps` after the jobs that already wait. A job queue is all that every embedder has.
pub(crate) fn enqueue_task<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    steps: impl for<'a, 's> FnOnce(&'a mut J::Scope<'s>, &Rc<Agent<J, W>>) -> Completion<J, ()>
    + 'static,
) -> Completion<J, ()> {
    let data = TaskData {
        agent: agent.clone(),
        steps: Cell::new(Some(Box::new(steps))),
    };
    let spec = FunctionSpec {
        name: "",
        length: 0,
        constructor: false,
    };
    let function = J::create_function::<Task<J, W>>(cx, data, spec)?;
    J::enqueue_job(cx, &function)
}

/// The function that a task's job calls.
struct Task<J, W>(PhantomData<(J, W)>);

/// What such a function owns.
struct TaskData<J: JsHost, W: WasmEngine> {
    agent: Rc<Agent<J, W>>,
    /// To be run once.
    steps: Cell<Option<Box<Steps<J, W>>>>,
}

type Steps<J, W> =
    dyn for<'a, 's> FnOnce(&'a mut <J as JsHost>::Scope<'s>, &Rc<Agent<J, W>>) -> Completion<J, ()>;

impl<J: JsHost, W: WasmEngine> NativeFn<J> for Task<J, W> {
    type Data = TaskData<J, W>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, _: J::Args<'_>) -> Completion<J> {
        if let Some(steps) = data.steps.take() {
            steps(cx, &data.agent)?;
        }
        Ok(J::undefined())
    }
}

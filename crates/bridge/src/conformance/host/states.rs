//! Objects and functions that own values where the collector sees them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::fixture::*;
use crate::{Completion, Edge, FunctionSpec, JsHost, NativeFn, ObjectClass, ValueType};

/// A state with edges of each kind, that counts its end.
struct Node<J: JsHost> {
    drops: Rc<Cell<u32>>,
    one: Edge<J>,
    many: RefCell<Vec<Edge<J>>>,
    steps: RefCell<Option<Step<J>>>,
}

enum Step<J: JsHost> {
    Call(Edge<J>),
    Read { into: Edge<J>, from: u32 },
    Close,
}

crate::trace!(struct Node { one, many, steps });
crate::trace!(enum Step { Call(function), Read { into } });

impl<J: JsHost> Drop for Node<J> {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
    }
}

impl<J: JsHost> Node<J> {
    fn new(drops: &Rc<Cell<u32>>) -> Self {
        Self {
            drops: drops.clone(),
            one: Edge::default(),
            many: RefCell::default(),
            steps: RefCell::new(Some(Step::Close)),
        }
    }
}

fn node<J: JsHost>(cx: &mut J::Scope<'_>, drops: &Rc<Cell<u32>>) -> (J::Value, Rc<Node<J>>) {
    let state = Node::new(drops);
    let object = ok::<J, _>(cx, |cx| J::create_state_object(cx, &J::null(), state));
    let state = J::state::<Node<J>>(cx, &object).expect("a node");
    (object, state)
}

/// A function that returns what it closes over.
struct Closed;

impl<J: JsHost> NativeFn<J> for Closed {
    type Data = Node<J>;

    fn call(_: &mut J::Scope<'_>, data: &Node<J>, _: J::Args<'_>) -> Completion<J> {
        Ok(data.one.get())
    }
}

fn closure<J: JsHost>(cx: &mut J::Scope<'_>, drops: &Rc<Cell<u32>>, over: J::Value) -> J::Value {
    let data = Node::<J>::new(drops);
    data.one.set(over);
    let spec = FunctionSpec {
        name: "closed",
        length: 0,
        constructor: false,
    };
    ok::<J, _>(cx, |cx| J::create_closure::<Closed>(cx, data, spec))
}

/// A state is found by its type, on its object alone; its edges are what was put there.
pub fn states_belong_to_their_objects<J: JsHost>() {
    struct Other<J: JsHost>(std::marker::PhantomData<J>);
    crate::trace!(
        struct Other {}
    );
    let drops = Rc::default();
    Fixture::<J>::new().enter(|cx| {
        let (object, state) = node::<J>(cx, &drops);
        assert!(J::state::<Other<J>>(cx, &object).is_none());
        assert_eq!(J::object_class(cx, &object), Some(ObjectClass::Platform));
        for source in ["({})", "Object.create(null)", "1", "() => 1", "new Map"] {
            let value = eval::<J>(cx, source);
            assert!(J::state::<Node<J>>(cx, &value).is_none(), "{source}");
        }
        let heir = ok::<J, _>(cx, |cx| J::create_object(cx, &object));
        assert!(J::state::<Node<J>>(cx, &heir).is_none());
        state.one.set(J::number(1.5));
        assert_eq!(J::as_number(&state.one.get()), Some(1.5));
        assert_eq!(J::as_number(&state.one.take()), Some(1.5));
        assert_eq!(J::type_of(&state.one.get()), ValueType::Undefined);
        let again = J::state::<Node<J>>(cx, &object).expect("the same");
        assert!(Rc::ptr_eq(&state, &again));
        assert!(J::host_data(cx, &object).is_none());
    });
}

/// What an edge leads to lives as long as the object does, through collections.
pub fn edges_keep_alive<J: JsHost>() {
    let drops = Rc::default();
    Fixture::<J>::new().enter(|cx| {
        let (object, state) = node::<J>(cx, &drops);
        let text = "'kept '.repeat(3)";
        state
            .one
            .set(eval::<J>(cx, &format!("({{ text: {text} }})")));
        let element = eval::<J>(cx, &format!("[{text}]"));
        state.many.borrow_mut().push(Edge::new(element));
        let into = Edge::new(eval::<J>(cx, &format!("() => {text}")));
        *state.steps.borrow_mut() = Some(Step::Read { into, from: 7 });
        drop(state);
        let function = closure::<J>(cx, &drops, object);
        for _ in 0..3 {
            J::collect_garbage(cx);
            eval::<J>(cx, "Array(1000).fill().map(() => ({}))");
        }
        let object = ok::<J, _>(cx, |cx| J::call(cx, &function, &J::undefined(), &[]));
        define::<J>(cx, "object", object.clone());
        let state = J::state::<Node<J>>(cx, &object).expect("a node");
        define::<J>(cx, "one", state.one.get());
        define::<J>(cx, "element", state.many.borrow()[0].get());
        if let Some(Step::Read { into, from: 7 }) = &*state.steps.borrow() {
            define::<J>(cx, "into", into.get());
        }
        let expected = "'kept kept kept '";
        assert!(holds::<J>(
            cx,
            &format!(
                "one.text === {expected} && element[0] === {expected} && into() === {expected}"
            )
        ));
        assert_eq!(drops.get(), 0);
    });
    assert_eq!(drops.get(), 2);
}

/// Cycles through edges die: from an object to itself, between objects, through JavaScript and
/// closures.
pub fn cycles_of_edges_are_collected<J: JsHost>() {
    // The engine without a collector frees cycles with itself.
    let collects = J::NAME != "empty";
    let drops = Rc::default();
    let mut fixture = Fixture::<J>::new();
    fixture.enter(|cx| {
        for _ in 0..10 {
            let (a, state_a) = node::<J>(cx, &drops);
            let (b, state_b) = node::<J>(cx, &drops);
            state_a.one.set(a.clone());
            state_a.many.borrow_mut().push(Edge::new(b.clone()));
            let function = closure::<J>(cx, &drops, a.clone());
            *state_b.steps.borrow_mut() = Some(Step::Call(Edge::new(function.clone())));
            define::<J>(cx, "a", a);
            define::<J>(cx, "f", function);
            state_b
                .one
                .set(eval::<J>(cx, "({ a, f, g() { return [a, f]; } })"));
            eval::<J>(cx, "f = a = null;");
        }
        J::collect_garbage(cx);
        J::collect_garbage(cx);
        J::collect_garbage(cx);
        if collects {
            assert_eq!(drops.get(), 30);
        }
    });
    drop(fixture);
    if collects {
        assert_eq!(drops.get(), 30);
    }
}

/// A state that is kept longer than its object leads nowhere.
pub fn edges_end_with_their_object<J: JsHost>() {
    let drops = Rc::default();
    let mut fixture = Fixture::<J>::new();
    let state = fixture.enter(|cx| {
        let (object, state) = node::<J>(cx, &drops);
        state.one.set(object.clone());
        let value = eval::<J>(cx, "({ text: 'x'.repeat(10) })");
        state.many.borrow_mut().push(Edge::new(value));
        drop(object);
        J::collect_garbage(cx);
        J::collect_garbage(cx);
        if J::NAME != "empty" {
            assert_eq!(J::type_of(&state.one.get()), ValueType::Undefined);
            let value = state.many.borrow()[0].get();
            assert_eq!(J::type_of(&value), ValueType::Undefined);
        }
        state
    });
    assert_eq!(drops.get(), 0);
    drop(fixture);
    drop(state);
    if J::NAME != "empty" {
        assert_eq!(drops.get(), 1);
    }
}

/// States may change while the collector comes at any time, and while a part of them is borrowed.
pub fn edges_survive_collections_amid_changes<J: JsHost>() {
    let drops = Rc::default();
    Fixture::<J>::new().enter(|cx| {
        let (object, state) = node::<J>(cx, &drops);
        for round in 0..50 {
            let mut many = state.many.borrow_mut();
            many.push(Edge::new(eval::<J>(cx, &format!("({{ n: {round} }})"))));
            J::collect_garbage(cx);
            many.push(Edge::new(object.clone()));
            if round % 3 == 0 {
                many.remove(0);
            }
            drop(many);
            J::collect_garbage(cx);
        }
        let last = state.many.borrow().iter().rev().nth(1).map(Edge::get);
        define::<J>(cx, "last", last.expect("the last"));
        assert!(holds::<J>(cx, "last.n === 49"));
    });
}

/// Weak handles to objects with a state, and to closures, do not keep them.
pub fn weak_handles_to_states<J: JsHost>() {
    let drops = Rc::default();
    Fixture::<J>::new().enter(|cx| {
        let (object, state) = node::<J>(cx, &drops);
        let function = closure::<J>(cx, &drops, J::undefined());
        let weak = [J::downgrade(cx, &object), J::downgrade(cx, &function)];
        for weak in &weak {
            assert!(J::upgrade(cx, weak).is_some());
        }
        drop((object, state, function));
        J::collect_garbage(cx);
        J::collect_garbage(cx);
        for weak in &weak {
            assert!(J::upgrade(cx, weak).is_none());
        }
        assert_eq!(drops.get(), 2);
    });
}

//! [Reading all bytes](https://streams.spec.whatwg.org/#readablestreamdefaultreader-read-all-bytes)
//! of a stream.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, ObjectClass, Throw, trace};

use super::default_reader::{self, Reader};
use super::request::{ReadRequest, ReadSteps};
use crate::Web;
use crate::closure::Step;
use crate::streams::{Object, hidden};

/// What happens with all bytes: scope, globals, a value to close over, the bytes.
pub(crate) type BytesStep<J> = for<'s, 'a, 'b> fn(
    &'a mut <J as JsHost>::Scope<'s>,
    &'b Rc<Web<J>>,
    <J as JsHost>::Value,
    Vec<u8>,
) -> Completion<J, ()>;

/// What is read so far.
struct Collect<J: JsHost> {
    reader: Edge<J>,
    bytes: RefCell<Vec<u8>>,
    /// Whether [`read_loop`] runs, and whether it is to read once more.
    running: Cell<bool>,
    again: Cell<bool>,
    state: Edge<J>,
    success: BytesStep<J>,
    failure: Step<J, 1>,
}

trace!(struct Collect { reader, state });

/// Reads all bytes from a reader: then, or at once, one of the two steps is performed with `state`
/// and the bytes or the reason. A chunk that is no Uint8Array is a failure.
pub(crate) fn read_all_bytes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    reader: &Reader<J>,
    state: J::Value,
    success: BytesStep<J>,
    failure: Step<J, 1>,
) -> Completion<J, ()> {
    let collect = Collect {
        reader: Edge::new(reader.value()),
        bytes: RefCell::default(),
        running: Cell::new(false),
        again: Cell::new(false),
        state: Edge::new(state),
        success,
        failure,
    };
    let collect = hidden(cx, collect)?;
    read_loop(cx, web, &collect)
}

/// [read-loop](https://streams.spec.whatwg.org/#read-loop), which does not recurse for chunks that
/// are there already.
fn read_loop<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    collect: &Object<J, Collect<J>>,
) -> Completion<J, ()> {
    collect.again.set(true);
    if collect.running.replace(true) {
        return Ok(());
    }
    while collect.again.take() {
        let reader: Reader<J> = Object::at(cx, &collect.reader)?;
        let steps = &ReadSteps {
            chunk: got_chunk,
            close: got_close,
            error: got_error,
        };
        let request = ReadRequest::native(collect.value(), steps);
        default_reader::read(cx, web, &reader, request)?;
    }
    collect.running.set(false);
    Ok(())
}

fn got_chunk<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [collect]: [J::Value; 1],
    chunk: J::Value,
) -> Completion<J> {
    let Some(collect) = Object::<J, Collect<J>>::of(cx, collect) else {
        return Ok(J::undefined());
    };
    if !is_uint8_array(cx, web, &chunk)? {
        let message = "a chunk of the body is not a Uint8Array";
        if let Throw::Value(reason) = type_error::<J>(cx, message) {
            return (collect.failure)(cx, web, [collect.state.get()], reason);
        }
    }
    J::with_bytes(cx, &chunk, |bytes| {
        collect.bytes.borrow_mut().extend_from_slice(bytes);
    });
    read_loop(cx, web, &collect)?;
    Ok(J::undefined())
}

fn got_close<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [collect]: [J::Value; 1],
    _: J::Value,
) -> Completion<J> {
    if let Some(collect) = Object::<J, Collect<J>>::of(cx, collect) {
        let bytes = collect.bytes.take();
        (collect.success)(cx, web, collect.state.get(), bytes)?;
    }
    Ok(J::undefined())
}

fn got_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [collect]: [J::Value; 1],
    reason: J::Value,
) -> Completion<J> {
    match Object::<J, Collect<J>>::of(cx, collect) {
        Some(collect) => (collect.failure)(cx, web, [collect.state.get()], reason),
        None => Ok(J::undefined()),
    }
}

fn is_uint8_array<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    value: &J::Value,
) -> Completion<J, bool> {
    if J::object_class(cx, value) != Some(ObjectClass::TypedArray) {
        return Ok(false);
    }
    let realm = web.realm(cx)?;
    let name = realm.builtins.typed_array_name(cx, value)?;
    Ok(name.as_deref() == Some("Uint8Array"))
}

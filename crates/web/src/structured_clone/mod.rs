//! [Structured cloning](https://html.spec.whatwg.org/multipage/structured-data.html#safe-passing-of-structured-data).
//!
//! A value is serialized into [`record`]s and these are made objects again. Neither recurses: values
//! may be nested as deep as memory allows.
//!
//! A platform object can be serialized if the state of its class has a row in
//! [`Web::SERIALIZABLE`].
//!
//! NOTE: a record never leaves its realm, so it holds primitives as they are, and a
//! SharedArrayBuffer itself.

mod buffer;
mod deserialize;
mod record;
mod serialize;
mod transfer;
mod uncloneable;

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, PropertyKey, WellKnownSymbol, class::type_error};

use crate::globals::Global;
use crate::{Web, webidl};

/// [Deserialization steps](https://html.spec.whatwg.org/multipage/structured-data.html#deserialization-steps)
/// with what they need.
pub(crate) type Deserialize<J> = Box<
    dyn for<'s, 'a, 'b> FnOnce(&'a mut <J as JsHost>::Scope<'s>, &'b Rc<Web<J>>) -> Completion<J>,
>;

/// [Serialization steps](https://html.spec.whatwg.org/multipage/structured-data.html#serialization-steps)
/// of an interface; `None` for what is no object of it.
pub(crate) type Serialize<J> = for<'s, 'a, 'b> fn(
    &'a mut <J as JsHost>::Scope<'s>,
    &'b <J as JsHost>::Value,
) -> Completion<J, Option<Deserialize<J>>>;

impl<J: JsHost> Web<J> {
    pub(crate) const STRUCTURED_CLONE: &'static [Global<J>] =
        &[Global::operation("structuredClone", 1, structured_clone)];

    /// The interfaces that are [serializable](https://html.spec.whatwg.org/multipage/structured-data.html#serializable-objects).
    const SERIALIZABLE: &'static [Serialize<J>] =
        &[crate::dom_exception::serialize, crate::blob::serialize];

    /// Has `is_protected` tell which buffers cannot be transferred nor resized at will, as those of
    /// WebAssembly memories.
    pub fn protect_buffers(&self, is_protected: impl Fn(&J::Value) -> bool + 'static) {
        self.protected_buffers.replace(Some(Box::new(is_protected)));
    }

    fn is_protected(&self, buffer: &J::Value) -> bool {
        let is_protected = self.protected_buffers.borrow();
        is_protected
            .as_ref()
            .is_some_and(|is_protected| is_protected(buffer))
    }
}

/// [`structuredClone(value, options)`](https://html.spec.whatwg.org/multipage/structured-data.html#dom-structuredclone)
fn structured_clone<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "structuredClone")?;
    let [value, options] = [0, 1].map(|i| J::arg(cx, args, i));
    let options = webidl::dictionary::<J>(cx, options, "the options of structuredClone")?;
    let transfer = transfer_list::<J>(cx, &options)?;
    let (root, records, transferred) =
        transfer::serialize_with_transfer(cx, web, &value, &transfer)?;
    deserialize::deserialize(cx, web, root, records, &transferred)
}

/// The member `transfer` of [StructuredSerializeOptions](https://html.spec.whatwg.org/multipage/web-messaging.html#structuredserializeoptions)
fn transfer_list<J: JsHost>(
    cx: &mut J::Scope<'_>,
    options: &Option<J::Value>,
) -> Completion<J, Vec<J::Value>> {
    let Some(list) = webidl::member::<J>(cx, options, "transfer")? else {
        return Ok(Vec::new());
    };
    let iterator = PropertyKey::Symbol(WellKnownSymbol::Iterator);
    let method = match webidl::is_object::<J>(&list) {
        true => webidl::method::<J>(cx, &list, iterator)?,
        false => None,
    };
    let Some(method) = method else {
        return Err(type_error::<J>(cx, "the transfer list is not iterable"));
    };
    let list = webidl::sequence::<J>(cx, &list, &method)?;
    match list.iter().all(webidl::is_object::<J>) {
        true => Ok(list),
        false => Err(type_error::<J>(
            cx,
            "an element of the transfer list is not an object",
        )),
    }
}

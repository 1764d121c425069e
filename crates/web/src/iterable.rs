//! [Iterable declarations](https://webidl.spec.whatwg.org/#js-iterable) of pairs.

use std::cell::Cell;
use std::rc::Rc;

use sinew_bridge::class::{Class, create_function, plain_object, type_error};
use sinew_bridge::{
    Completion, Edge, JsHost, Property, PropertyKey, ValueType, WellKnownSymbol, trace,
};

use crate::inspect::Show;
use crate::{Web, webidl};

/// A key and a value.
pub(crate) type Pair<J> = (<J as JsHost>::Value, <J as JsHost>::Value);

/// An interface that is iterable by pairs.
pub(crate) trait Iterable<J: JsHost>: 'static {
    /// Its name.
    const NAME: &'static str;

    /// The [value pair to iterate over](https://webidl.spec.whatwg.org/#dfn-value-pairs-to-iterate-over)
    /// at `index`, as it is now; a TypeError where `target` is no such object.
    fn pair(
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        target: &J::Value,
        index: usize,
    ) -> Completion<J, Option<Pair<J>>>;
}

/// What an iterator returns of each pair.
#[derive(Clone, Copy)]
enum Kind {
    Key,
    Value,
    KeyAndValue,
}

/// A [default iterator object](https://webidl.spec.whatwg.org/#js-default-iterator-object).
struct PairIterator<J: JsHost> {
    name: &'static str,
    target: Edge<J>,
    kind: Kind,
    index: Cell<usize>,
}

trace!(struct PairIterator { target });

/// Defines the iteration methods of a class, as a step of its definition.
pub(crate) fn define<J: JsHost, I: Iterable<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    class: &Class<J>,
) -> Completion<J, ()> {
    let realm = web.realm(cx)?;
    let show = match I::NAME {
        "URLSearchParams" => Show::Entries(I::pair),
        _ => Show::Properties(I::pair),
    };
    realm.builtins.add_show(&class.prototype, show);
    let parent = realm.builtins.iterator_prototype.clone();
    let proto = J::create_object(cx, &parent)?;
    let function = create_function(cx, web, "next", 0, next::<J, I>)?;
    J::define_property(cx, &proto, "next".into(), Property::data(function))?;
    let tag = J::string(cx, &format!("{} Iterator", I::NAME))?;
    let key = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
    J::define_property(cx, &proto, key, Property::readonly(tag))?;

    let values = || [proto.clone()];
    let entries = web.closure(cx, "entries", 0, values(), |cx, web, [proto], args| {
        iterator::<J, I>(cx, web, &proto, Kind::KeyAndValue, args)
    })?;
    let keys = web.closure(cx, "keys", 0, values(), |cx, web, [proto], args| {
        iterator::<J, I>(cx, web, &proto, Kind::Key, args)
    })?;
    let by_value = web.closure(cx, "values", 0, values(), |cx, web, [proto], args| {
        iterator::<J, I>(cx, web, &proto, Kind::Value, args)
    })?;
    let for_each = create_function(cx, web, "forEach", 1, for_each::<J, I>)?;
    let target = &class.prototype;
    let key = PropertyKey::Symbol(WellKnownSymbol::Iterator);
    J::define_property(cx, target, key, Property::hidden(entries.clone()))?;
    for (name, function) in [
        ("entries", entries),
        ("keys", keys),
        ("values", by_value),
        ("forEach", for_each),
    ] {
        J::define_property(cx, target, name.into(), Property::data(function))?;
    }
    Ok(())
}

/// `entries`, `keys` and `values`
fn iterator<J: JsHost, I: Iterable<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    proto: &J::Value,
    kind: Kind,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = J::this(cx, args);
    // Checks the brand.
    I::pair(cx, web, &this, 0)?;
    let state = PairIterator {
        name: I::NAME,
        target: Edge::new(this),
        kind,
        index: Cell::new(0),
    };
    J::create_state_object(cx, proto, state)
}

/// [`next`](https://webidl.spec.whatwg.org/#js-iterator-prototype-object) of an iterator.
fn next<J: JsHost, I: Iterable<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = J::this(cx, args);
    let Some(this) = J::state::<PairIterator<J>>(cx, &this).filter(|this| this.name == I::NAME)
    else {
        let message = format!("receiver is not a {} Iterator", I::NAME);
        return Err(type_error::<J>(cx, &message));
    };
    let index = this.index.get();
    let pair = I::pair(cx, web, &this.target.get(), index)?;
    let done = pair.is_none();
    let value = match (pair, this.kind) {
        (None, _) => J::undefined(),
        (Some((key, _)), Kind::Key) => key,
        (Some((_, value)), Kind::Value) => value,
        (Some((key, value)), Kind::KeyAndValue) => J::create_array(cx, &[key, value])?,
    };
    if !done {
        this.index.set(index + 1);
    }
    let result = plain_object::<J>(cx)?;
    J::define_property(cx, &result, "value".into(), Property::data(value))?;
    let done = Property::data(J::boolean(done));
    J::define_property(cx, &result, "done".into(), done)?;
    Ok(result)
}

/// [`forEach`](https://webidl.spec.whatwg.org/#js-forEach)
fn for_each<J: JsHost, I: Iterable<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = J::this(cx, args);
    I::pair(cx, web, &this, 0)?;
    webidl::required::<J>(cx, args, 1, "forEach")?;
    let callback = J::arg(cx, args, 0);
    let callback = webidl::callback::<J>(cx, callback, "the callback of forEach")?;
    let callback_this = J::arg(cx, args, 1);
    let mut index = 0;
    while let Some((key, value)) = I::pair(cx, web, &this, index)? {
        J::call(cx, &callback, &callback_this, &[value, key, this.clone()])?;
        index += 1;
    }
    Ok(J::undefined())
}

/// Whether `value` has an iterator method: it is to be converted to a sequence rather than a record.
/// Runs user code.
pub(crate) fn iterator_method<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Option<J::Value>> {
    match J::type_of(value) {
        ValueType::Object | ValueType::Function => {
            webidl::method::<J>(cx, value, PropertyKey::Symbol(WellKnownSymbol::Iterator))
        }
        _ => Ok(None),
    }
}

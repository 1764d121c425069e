//! [`Headers`](https://fetch.spec.whatwg.org/#headers-class)

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, JsHost, trace};

use crate::fetch::header_list::{Header, HeaderList, is_token, is_value, normalize};
use crate::iterable::{self, Iterable, iterator_method};
use crate::{Web, webidl};

/// A header list that a request or response has in common with its Headers object.
pub(crate) type SharedHeaders = Rc<RefCell<HeaderList>>;

/// A [headers guard](https://fetch.spec.whatwg.org/#headers-guard).
///
/// AD-HOC: there are no forbidden header names, as in Node and Deno. They protect servers from what
/// pages send in their users' names; here is no user but the program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// "none", "request" and "response"
    Open,
    RequestNoCors,
    Immutable,
}

/// A Headers object.
pub(crate) struct Headers<J: JsHost> {
    pub(crate) list: SharedHeaders,
    pub(crate) guard: Guard,
    _engine: PhantomData<J>,
}

trace!(
    struct Headers {}
);

impl<J: JsHost> Headers<J> {
    pub(crate) fn new(list: SharedHeaders, guard: Guard) -> Self {
        Self {
            list,
            guard,
            _engine: PhantomData,
        }
    }
}

impl<J: JsHost> Web<J> {
    pub(crate) const HEADERS: ClassSpec<J, Self> = ClassSpec {
        name: "Headers",
        display: "Headers",
        constructor,
        methods: &[
            method("append", 2, append),
            method("delete", 1, delete),
            method("get", 1, get),
            method("getSetCookie", 0, get_set_cookie),
            method("has", 1, has),
            method("set", 2, set),
        ],
        more: Some(iterable::define::<J, HeaderPairs>),
        ..ClassSpec::BASE
    };
}

pub(crate) const fn method<J: JsHost>(
    name: &'static str,
    length: u32,
    body: sinew_bridge::class::Body<J, Web<J>>,
) -> Method<J, Web<J>> {
    Method { name, length, body }
}

/// The iteration of Headers objects.
struct HeaderPairs;

impl<J: JsHost> Iterable<J> for HeaderPairs {
    const NAME: &'static str = "Headers";

    fn pair(
        cx: &mut J::Scope<'_>,
        _: &Rc<Web<J>>,
        target: &J::Value,
        index: usize,
    ) -> Completion<J, Option<(J::Value, J::Value)>> {
        let Some(headers) = J::state::<Headers<J>>(cx, target) else {
            return Err(type_error::<J>(cx, "receiver is not a Headers"));
        };
        let mut pairs = headers.list.borrow().sort_and_combine();
        if index >= pairs.len() {
            return Ok(None);
        }
        let (name, value) = pairs.swap_remove(index);
        let name = webidl::isomorphic::<J>(cx, &name)?;
        Ok(Some((name, webidl::isomorphic::<J>(cx, &value)?)))
    }
}

/// A [HeadersInit](https://fetch.spec.whatwg.org/#typedefdef-headersinit). Runs user code.
pub(crate) fn headers_init<J: JsHost>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
) -> Completion<J, Vec<Header>> {
    if !webidl::is_object::<J>(value) {
        let message = "the headers are neither a sequence nor a record";
        return Err(type_error::<J>(cx, message));
    }
    match iterator_method::<J>(cx, value)? {
        Some(method) => webidl::sequence_of::<J, _>(cx, value, &method, |cx, pair| {
            let Some(method) = iterator_method::<J>(cx, &pair)? else {
                return Err(type_error::<J>(cx, "a header is not a sequence"));
            };
            let pair = webidl::sequence_of::<J, _>(cx, &pair, &method, |cx, part| {
                webidl::byte_string::<J>(cx, &part)
            })?;
            // Its length is fill's to check, after everything is converted; nothing tells.
            match <[Vec<u8>; 2]>::try_from(pair) {
                Ok([name, value]) => Ok((name, value)),
                Err(_) => Err(type_error::<J>(cx, "a header is not a name and a value")),
            }
        }),
        None => webidl::record::<J, _>(cx, value, webidl::byte_string::<J>),
    }
}

/// [Fills](https://fetch.spec.whatwg.org/#concept-headers-fill) a header list.
pub(crate) fn fill<J: JsHost>(
    cx: &mut J::Scope<'_>,
    list: &SharedHeaders,
    guard: Guard,
    init: Vec<Header>,
) -> Completion<J, ()> {
    for (name, value) in init {
        append_to::<J>(cx, list, guard, &name, &value)?;
    }
    Ok(())
}

/// [Appends](https://fetch.spec.whatwg.org/#concept-headers-append) a header.
fn append_to<J: JsHost>(
    cx: &mut J::Scope<'_>,
    list: &SharedHeaders,
    guard: Guard,
    name: &[u8],
    value: &[u8],
) -> Completion<J, ()> {
    // 1. Normalize value.
    let value = normalize(value);
    // 2. Validate.
    validate::<J>(cx, guard, name, value)?;
    let mut list = list.borrow_mut();
    // 3. The value that there would be must be no-CORS-safelisted.
    if guard == Guard::RequestNoCors {
        let whole = match list.get(name) {
            Some(own) => [&own, value].join(&b", "[..]),
            None => value.to_vec(),
        };
        if !is_no_cors_safelisted(name, &whole) {
            return Ok(());
        }
    }
    // 4. Append.
    list.append(name, value);
    Ok(())
}

/// [Validates](https://fetch.spec.whatwg.org/#headers-validate) a header.
fn validate<J: JsHost>(
    cx: &mut J::Scope<'_>,
    guard: Guard,
    name: &[u8],
    value: &[u8],
) -> Completion<J, ()> {
    // 1. If name is not a header name or value is not a header value.
    if !is_token(name) {
        let name = String::from_utf8_lossy(name);
        let message = format!("{name:?} is no name of a header");
        return Err(type_error::<J>(cx, &message));
    }
    if !is_value(value) {
        let name = String::from_utf8_lossy(name);
        let message = format!("the value of the header {name:?} has a line break or NUL");
        return Err(type_error::<J>(cx, &message));
    }
    // 2. If guard is "immutable".
    if guard == Guard::Immutable {
        return Err(type_error::<J>(cx, "the headers are immutable"));
    }
    Ok(())
}

/// A [no-CORS-safelisted request-header](https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header)
fn is_no_cors_safelisted(name: &[u8], value: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let is_unsafe =
        |byte: &u8| (*byte < 0x20 && *byte != b'\t') || b"\"():<>?@[\\]{}\x7F".contains(byte);
    let is_language = |byte: &u8| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte);
    let safe = match &name[..] {
        b"accept" => !value.iter().any(is_unsafe),
        b"accept-language" | b"content-language" => value.iter().all(is_language),
        b"content-type" => {
            let text = String::from_utf8_lossy(value);
            !value.iter().any(is_unsafe)
                && text.parse::<data_url::mime::Mime>().is_ok_and(|mime| {
                    let essence = format!("{}/{}", mime.type_, mime.subtype);
                    matches!(
                        &essence[..],
                        "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain"
                    )
                })
        }
        _ => false,
    };
    safe && value.len() <= 128
}

/// [`new Headers(init)`](https://fetch.spec.whatwg.org/#dom-headers)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let init = J::arg(cx, args, 0);
    let init = match webidl::is_missing::<J>(&init) {
        true => Vec::new(),
        false => headers_init::<J>(cx, &init)?,
    };
    let proto = web.prototype(cx, args, &Web::HEADERS)?;
    let list = SharedHeaders::default();
    fill::<J>(cx, &list, Guard::Open, init)?;
    J::create_state_object(cx, &proto, Headers::new(list, Guard::Open))
}

/// What a member of Headers is called with.
type Arguments<J, const N: usize> = (Rc<Headers<J>>, [Vec<u8>; N]);

/// The `this` of a member of Headers, and its first `N` arguments.
fn arguments<J: JsHost, const N: usize>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, Arguments<J, N>> {
    let this = web.this::<Headers<J>>(cx, args, &Web::HEADERS)?;
    webidl::required::<J>(cx, args, N, what)?;
    let mut strings = [const { Vec::new() }; N];
    for (at, string) in strings.iter_mut().enumerate() {
        let value = J::arg(cx, args, at);
        *string = webidl::byte_string::<J>(cx, &value)?;
    }
    Ok((this, strings))
}

/// [`append(name, value)`](https://fetch.spec.whatwg.org/#dom-headers-append)
fn append<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, [name, value]) = arguments::<J, 2>(cx, web, args, "Headers.append")?;
    append_to::<J>(cx, &this.list, this.guard, &name, &value)?;
    Ok(J::undefined())
}

/// [`delete(name)`](https://fetch.spec.whatwg.org/#dom-headers-delete)
fn delete<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, [name]) = arguments::<J, 1>(cx, web, args, "Headers.delete")?;
    validate::<J>(cx, this.guard, &name, b"")?;
    if this.guard != Guard::RequestNoCors || is_no_cors_safelisted(&name, b"") {
        this.list.borrow_mut().delete(&name);
    }
    Ok(J::undefined())
}

/// The argument `name` of a member that only looks, and the list.
fn looked_up<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, (Rc<Headers<J>>, Vec<u8>)> {
    let (this, [name]) = arguments::<J, 1>(cx, web, args, what)?;
    validate::<J>(cx, Guard::Open, &name, b"")?;
    Ok((this, name))
}

/// [`get(name)`](https://fetch.spec.whatwg.org/#dom-headers-get)
fn get<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, name) = looked_up(cx, web, args, "Headers.get")?;
    let value = this.list.borrow().get(&name);
    match value {
        Some(value) => webidl::isomorphic::<J>(cx, &value),
        None => Ok(J::null()),
    }
}

/// [`getSetCookie()`](https://fetch.spec.whatwg.org/#dom-headers-getsetcookie)
fn get_set_cookie<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<Headers<J>>(cx, args, &Web::HEADERS)?;
    let values: Vec<_> = {
        let list = this.list.borrow();
        list.values(b"set-cookie").map(<[u8]>::to_vec).collect()
    };
    let mut cookies = Vec::with_capacity(values.len());
    for value in values {
        cookies.push(webidl::isomorphic::<J>(cx, &value)?);
    }
    J::create_array(cx, &cookies)
}

/// [`has(name)`](https://fetch.spec.whatwg.org/#dom-headers-has)
fn has<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, name) = looked_up(cx, web, args, "Headers.has")?;
    let has = this.list.borrow().contains(&name);
    Ok(J::boolean(has))
}

/// [`set(name, value)`](https://fetch.spec.whatwg.org/#dom-headers-set)
fn set<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, [name, value]) = arguments::<J, 2>(cx, web, args, "Headers.set")?;
    let value = normalize(&value);
    validate::<J>(cx, this.guard, &name, value)?;
    if this.guard != Guard::RequestNoCors || is_no_cors_safelisted(&name, value) {
        this.list.borrow_mut().set(&name, value);
    }
    Ok(J::undefined())
}

//! [`Response`](https://fetch.spec.whatwg.org/#response-class)

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, throw, type_error};
use sinew_bridge::{Completion, Edge, ErrorClass, JsHost, trace};

use crate::blob::Bytes;
use crate::builtins::Builtin;
use crate::fetch::body::{Body, Reading, read_bytes};
use crate::fetch::body_init::BodyInit;
use crate::fetch::consume::{self, HasBody};
use crate::fetch::header_list::{Header, HeaderList};
use crate::fetch::headers::{Guard, Headers, SharedHeaders, fill, headers_init, method};
use crate::fetch::request::parse_relative;
use crate::globals::readonly;
use crate::{Web, webidl};

/// A Response object.
pub(crate) struct Response<J: JsHost> {
    pub(crate) facts: Facts,
    list: SharedHeaders,
    guard: Guard,
    /// The Headers object, once somebody has asked for it.
    headers: Edge<J>,
    pub(crate) body: Body<J>,
}

trace!(struct Response { headers, body });

/// What a response is beside headers and body.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) kind: ResponseType,
    pub(crate) status: u16,
    pub(crate) status_text: Vec<u8>,
    pub(crate) url: Option<String>,
    pub(crate) redirected: bool,
}

/// A [response type](https://fetch.spec.whatwg.org/#concept-response-type). There are no cross-origin
/// ones, for want of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseType {
    Basic,
    Default,
    Error,
    OpaqueRedirect,
}

impl Facts {
    pub(crate) fn network_error() -> Self {
        Self {
            kind: ResponseType::Error,
            status: 0,
            status_text: Vec::new(),
            url: None,
            redirected: false,
        }
    }

    fn is_ok(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

impl<J: JsHost> Response<J> {
    /// A response whose headers are guarded.
    pub(crate) fn immutable(facts: Facts, list: SharedHeaders, body: Body<J>) -> Self {
        Self {
            facts,
            list,
            guard: Guard::Immutable,
            headers: Edge::default(),
            body,
        }
    }
}

impl<J: JsHost> HasBody<J> for Response<J> {
    const SPEC: &'static ClassSpec<J, Web<J>> = &Web::RESPONSE;

    fn body(&self) -> &Body<J> {
        &self.body
    }

    fn header_list(&self) -> &SharedHeaders {
        &self.list
    }
}

impl<J: JsHost> Web<J> {
    pub(crate) const RESPONSE: ClassSpec<J, Self> = ClassSpec {
        name: "Response",
        display: "Response",
        constructor,
        statics: &[
            method("error", 0, error),
            method("json", 1, json),
            method("redirect", 1, redirect),
        ],
        methods: &const {
            let [a, b, c, d, e, f] = consume::methods::<J, Response<J>>();
            [method("clone", 0, clone), a, b, c, d, e, f]
        },
        accessors: &[
            readonly("type", response_type),
            readonly("url", url),
            readonly("redirected", redirected),
            readonly("status", status),
            readonly("ok", ok),
            readonly("statusText", status_text),
            readonly("headers", headers),
            readonly("body", consume::body::<J, Response<J>>),
            readonly("bodyUsed", consume::body_used::<J, Response<J>>),
        ],
        ..ClassSpec::BASE
    };
}

/// A [null body status](https://fetch.spec.whatwg.org/#null-body-status)
pub(crate) fn is_null_body_status(status: u16) -> bool {
    matches!(status, 101 | 103 | 204 | 205 | 304)
}

/// A [ResponseInit](https://fetch.spec.whatwg.org/#responseinit).
struct ResponseInit {
    headers: Option<Vec<Header>>,
    status: u16,
    status_text: Vec<u8>,
}

/// Converts an argument. Runs user code.
fn response_init<J: JsHost>(cx: &mut J::Scope<'_>, value: J::Value) -> Completion<J, ResponseInit> {
    let init = webidl::dictionary::<J>(cx, value, "the options of Response")?;
    let mut converted = ResponseInit {
        headers: None,
        status: 200,
        status_text: Vec::new(),
    };
    if let Some(headers) = webidl::member::<J>(cx, &init, "headers")? {
        converted.headers = Some(headers_init::<J>(cx, &headers)?);
    }
    if let Some(status) = webidl::member::<J>(cx, &init, "status")? {
        converted.status = webidl::long::<J>(cx, &status)? as u16;
    }
    if let Some(text) = webidl::member::<J>(cx, &init, "statusText")? {
        converted.status_text = webidl::byte_string::<J>(cx, &text)?;
    }
    Ok(converted)
}

/// [Initializes a response](https://fetch.spec.whatwg.org/#initialize-a-response)
fn initialize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    init: ResponseInit,
    body: Option<(Body<J>, Option<String>)>,
) -> Completion<J, Response<J>> {
    // 1. If init["status"] is not in the range 200 to 599.
    if !(200..=599).contains(&init.status) {
        let message = format!("the status {} is not from 200 to 599", init.status);
        return Err(throw::<J>(cx, ErrorClass::RangeError, &message));
    }
    // 2. If init["statusText"] does not match reason-phrase.
    let is_allowed = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    if !init.status_text.iter().all(is_allowed) {
        return Err(type_error::<J>(
            cx,
            "the statusText has a control character",
        ));
    }
    // 5. Fill the headers.
    let list = SharedHeaders::default();
    fill::<J>(cx, &list, Guard::Open, init.headers.unwrap_or_default())?;
    // 6. If body is given.
    let body = match body {
        Some(_) if is_null_body_status(init.status) => {
            let message = format!("a response of status {} has no body", init.status);
            return Err(type_error::<J>(cx, &message));
        }
        Some((body, media_type)) => {
            let mut list = list.borrow_mut();
            if let Some(media_type) = media_type
                && !list.contains(b"content-type")
            {
                list.append(b"Content-Type", media_type.as_bytes());
            }
            body
        }
        None => Body::of_bytes(None),
    };
    let facts = Facts {
        kind: ResponseType::Default,
        status: init.status,
        status_text: init.status_text,
        ..Facts::network_error()
    };
    Ok(Response {
        guard: Guard::Open,
        ..Response::immutable(facts, list, body)
    })
}

/// [`new Response(body, init)`](https://fetch.spec.whatwg.org/#dom-response)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let body = J::arg(cx, args, 0);
    let body = BodyInit::of_value(cx, body)?;
    let init = J::arg(cx, args, 1);
    let init = response_init::<J>(cx, init)?;
    let proto = web.prototype(cx, args, &Web::RESPONSE)?;
    let body = match body {
        Some(body) => Some(body.extract(cx, web)?),
        None => None,
    };
    let response = initialize(cx, init, body)?;
    J::create_state_object(cx, &proto, response)
}

/// [`Response.error()`](https://fetch.spec.whatwg.org/#dom-response-error)
fn error<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, _: J::Args<'_>) -> Completion<J> {
    let list = SharedHeaders::default();
    let response = Response::immutable(Facts::network_error(), list, Body::of_bytes(None));
    web.create(cx, &Web::RESPONSE, response)
}

/// [`Response.redirect(url, status)`](https://fetch.spec.whatwg.org/#dom-response-redirect)
fn redirect<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "Response.redirect")?;
    let url = J::arg(cx, args, 0);
    let url = webidl::usv_string::<J>(cx, &url)?;
    let status = J::arg(cx, args, 1);
    let status = match webidl::is_missing::<J>(&status) {
        true => 302,
        false => webidl::long::<J>(cx, &status)? as u16,
    };
    // 1. and 2. Parse url.
    let url = parse_relative(cx, web, &url)?;
    // 3. If status is not a redirect status.
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        let message = format!("the status {status} is no redirect");
        return Err(throw::<J>(cx, ErrorClass::RangeError, &message));
    }
    let mut list = HeaderList::default();
    list.append(b"Location", url.as_str().as_bytes());
    let facts = Facts {
        kind: ResponseType::Default,
        status,
        ..Facts::network_error()
    };
    let list = Rc::new(RefCell::new(list));
    let response = Response::immutable(facts, list, Body::of_bytes(None));
    web.create(cx, &Web::RESPONSE, response)
}

/// [`Response.json(data, init)`](https://fetch.spec.whatwg.org/#dom-response-json)
fn json<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    webidl::required::<J>(cx, args, 1, "Response.json")?;
    let init = J::arg(cx, args, 1);
    let init = response_init::<J>(cx, init)?;
    // 1. Serialize a JavaScript value to JSON bytes.
    let data = [J::arg(cx, args, 0)];
    let realm = web.realm(cx)?;
    let text = realm
        .builtins
        .call_with(cx, Builtin::JsonStringify, &J::undefined(), &data)?;
    let Some(text) = text.and_then(|text| J::as_text(cx, &text)) else {
        return Err(type_error::<J>(cx, "the data has no JSON"));
    };
    // 2. Extract body.
    let body = Body::of_bytes(Some(Bytes::from(text.into_bytes())));
    let body = Some((body, Some("application/json".to_owned())));
    let response = initialize(cx, init, body)?;
    web.create(cx, &Web::RESPONSE, response)
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, Rc<Response<J>>> {
    web.this(cx, args, &Web::RESPONSE)
}

/// [`clone()`](https://fetch.spec.whatwg.org/#dom-response-clone)
fn clone<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    // 1. If this is unusable.
    this.body.expect_usable(cx, "Response")?;
    // 2. Clone a response.
    let list = Rc::new(RefCell::new(this.list.borrow().clone()));
    let body = this.body.duplicate(cx, web)?;
    let response = Response {
        guard: this.guard,
        ..Response::immutable(this.facts.clone(), list, body)
    };
    web.create(cx, &Web::RESPONSE, response)
}

/// [`type`](https://fetch.spec.whatwg.org/#dom-response-type)
fn response_type<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let name = match this(cx, web, args)?.facts.kind {
        ResponseType::Basic => "basic",
        ResponseType::Default => "default",
        ResponseType::Error => "error",
        ResponseType::OpaqueRedirect => "opaqueredirect",
    };
    J::string(cx, name)
}

/// [`url`](https://fetch.spec.whatwg.org/#dom-response-url)
fn url<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    J::string(cx, this.facts.url.as_deref().unwrap_or_default())
}

/// [`redirected`](https://fetch.spec.whatwg.org/#dom-response-redirected)
fn redirected<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    Ok(J::boolean(this(cx, web, args)?.facts.redirected))
}

/// [`status`](https://fetch.spec.whatwg.org/#dom-response-status)
fn status<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let status = this(cx, web, args)?.facts.status;
    Ok(J::number_i32(status.into()))
}

/// [`ok`](https://fetch.spec.whatwg.org/#dom-response-ok)
fn ok<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    Ok(J::boolean(this(cx, web, args)?.facts.is_ok()))
}

/// [`statusText`](https://fetch.spec.whatwg.org/#dom-response-statustext)
fn status_text<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    webidl::isomorphic::<J>(cx, &this.facts.status_text)
}

/// [`headers`](https://fetch.spec.whatwg.org/#dom-response-headers)
fn headers<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    same_headers(cx, web, &this.headers, &this.list, this.guard)
}

/// The Headers object of a request or response: the same each time.
pub(crate) fn same_headers<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    edge: &Edge<J>,
    list: &SharedHeaders,
    guard: Guard,
) -> Completion<J> {
    let made = edge.get();
    if !webidl::is_missing::<J>(&made) {
        return Ok(made);
    }
    let headers = Headers::new(list.clone(), guard);
    let made = web.create(cx, &Web::HEADERS, headers)?;
    edge.set(made.clone());
    Ok(made)
}

/// The bytes of a response that was [taken](Web::take_wasm_response).
pub enum ResponseBytes<J: JsHost> {
    /// They are there.
    Now(Vec<u8>),
    /// They come: a promise for [`Web::response_bytes`].
    Later(J::Value),
}

impl<J: JsHost> Web<J> {
    /// The steps of [compiling a potential WebAssembly response](https://webassembly.github.io/spec/web-api/#compile-a-potential-webassembly-response)
    /// that concern the response: whether it may be compiled, then its bytes.
    ///
    /// Responses are never cross-origin: a program here has no origin.
    pub fn take_wasm_response(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        what: &str,
    ) -> Completion<J, ResponseBytes<J>> {
        // 3.1. Let response be unwrappedSource's response.
        let Some(response) = J::state::<Response<J>>(cx, value) else {
            let message = format!("{what}: the argument must be a Response or a promise of one");
            return Err(type_error::<J>(cx, &message));
        };
        let facts = &response.facts;
        let of = facts.url.as_deref().unwrap_or("the response");
        // 3.2. to 3.5. The MIME type.
        let media_type = response.list.borrow().get(b"content-type");
        let essence = media_type.as_deref().map(|value| {
            let is_space = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' ');
            let start = value.iter().position(|byte| !is_space(byte)).unwrap_or(0);
            let end = value.iter().rposition(|byte| !is_space(byte));
            &value[start..end.map_or(start, |end| end + 1)]
        });
        let is_wasm = essence.is_some_and(|value| value.eq_ignore_ascii_case(b"application/wasm"));
        if !is_wasm {
            let found = match &media_type {
                Some(value) => format!("{:?}", String::from_utf8_lossy(value)),
                None => "missing".to_owned(),
            };
            let message = format!(
                "{what}: the Content-Type of {of} must be \"application/wasm\", but it is {found}"
            );
            return Err(type_error::<J>(cx, &message));
        }
        // 3.6. If response is not CORS-same-origin.
        // 3.7. If response's status is not an ok status.
        if !facts.is_ok() {
            let message = format!("{what}: the status of {of} is {}", facts.status);
            return Err(type_error::<J>(cx, &message));
        }
        // 3.8. Consume response's body as an ArrayBuffer.
        response.body.expect_usable(cx, "Response")?;
        match response.body.read(cx, self)? {
            Reading::Now(bytes) => Ok(ResponseBytes::Now(bytes.to_vec())),
            Reading::Later(promise) => Ok(ResponseBytes::Later(promise)),
        }
    }

    /// The bytes that the promise of [`ResponseBytes::Later`] was fulfilled with.
    pub fn response_bytes(&self, cx: &mut J::Scope<'_>, value: &J::Value) -> Vec<u8> {
        read_bytes::<J>(cx, value).to_vec()
    }
}

//! [`Request`](https://fetch.spec.whatwg.org/#request-class)

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, Edge, JsHost, ValueType, trace};
use url::Url;

use crate::fetch::body::Body;
use crate::fetch::body_init::BodyInit;
use crate::fetch::consume::{self, HasBody};
use crate::fetch::headers::{Guard, SharedHeaders, fill, method};
use crate::fetch::request_init::{RequestInit, normalized_method};
use crate::fetch::response::same_headers;
use crate::globals::readonly;
use crate::{Web, webidl};

/// A Request object.
pub(crate) struct Request<J: JsHost> {
    pub(crate) facts: Facts,
    pub(crate) list: SharedHeaders,
    guard: Guard,
    /// The Headers object, once somebody has asked for it.
    headers: Edge<J>,
    pub(crate) body: Body<J>,
    /// The AbortSignal that it follows, or undefined.
    pub(crate) followed: Edge<J>,
    /// Its own AbortSignal, once somebody has asked for it.
    signal: Edge<J>,
}

trace!(struct Request { headers, body, followed, signal });

/// What a request is beside headers and body.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) method: String,
    pub(crate) url: Url,
    mode: &'static str,
    credentials: &'static str,
    cache: &'static str,
    pub(crate) redirect: &'static str,
    /// "client" or "no-referrer": a program here has no origin that another could be.
    has_referrer: bool,
    referrer_policy: &'static str,
    integrity: String,
    keepalive: bool,
}

impl Facts {
    fn of_url(url: Url) -> Self {
        Self {
            method: "GET".to_owned(),
            url,
            mode: "cors",
            credentials: "same-origin",
            cache: "default",
            redirect: "follow",
            has_referrer: true,
            referrer_policy: "",
            integrity: String::new(),
            keepalive: false,
        }
    }
}

impl<J: JsHost> HasBody<J> for Request<J> {
    const SPEC: &'static ClassSpec<J, Web<J>> = &Web::REQUEST;

    fn body(&self) -> &Body<J> {
        &self.body
    }

    fn header_list(&self) -> &SharedHeaders {
        &self.list
    }
}

impl<J: JsHost> Web<J> {
    pub(crate) const REQUEST: ClassSpec<J, Self> = ClassSpec {
        name: "Request",
        display: "Request",
        length: 1,
        constructor,
        methods: &const {
            let [a, b, c, d, e, f] = consume::methods::<J, Request<J>>();
            [method("clone", 0, clone), a, b, c, d, e, f]
        },
        accessors: &[
            readonly("method", |cx, web, args| {
                text(cx, web, args, |facts| &facts.method)
            }),
            readonly("url", |cx, web, args| {
                text(cx, web, args, |facts| facts.url.as_str())
            }),
            readonly("headers", headers),
            readonly("destination", |cx, web, args| text(cx, web, args, |_| "")),
            readonly("referrer", |cx, web, args| {
                text(cx, web, args, |facts| match facts.has_referrer {
                    true => "about:client",
                    false => "",
                })
            }),
            readonly("referrerPolicy", |cx, web, args| {
                text(cx, web, args, |facts| facts.referrer_policy)
            }),
            readonly("mode", |cx, web, args| {
                text(cx, web, args, |facts| facts.mode)
            }),
            readonly("credentials", |cx, web, args| {
                text(cx, web, args, |facts| facts.credentials)
            }),
            readonly("cache", |cx, web, args| {
                text(cx, web, args, |facts| facts.cache)
            }),
            readonly("redirect", |cx, web, args| {
                text(cx, web, args, |facts| facts.redirect)
            }),
            readonly("integrity", |cx, web, args| {
                text(cx, web, args, |facts| &facts.integrity)
            }),
            readonly("keepalive", |cx, web, args| {
                Ok(J::boolean(this(cx, web, args)?.facts.keepalive))
            }),
            readonly("isReloadNavigation", |cx, web, args| {
                this(cx, web, args).map(|_| J::boolean(false))
            }),
            readonly("isHistoryNavigation", |cx, web, args| {
                this(cx, web, args).map(|_| J::boolean(false))
            }),
            readonly("signal", signal),
            readonly("duplex", |cx, web, args| text(cx, web, args, |_| "half")),
            readonly("body", consume::body::<J, Request<J>>),
            readonly("bodyUsed", consume::body_used::<J, Request<J>>),
        ],
        ..ClassSpec::BASE
    };
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J, Rc<Request<J>>> {
    web.this(cx, args, &Web::REQUEST)
}

/// An attribute that is a string.
fn text<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    get: impl FnOnce(&Facts) -> &str,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    J::string(cx, get(&this.facts))
}

/// [`headers`](https://fetch.spec.whatwg.org/#dom-request-headers)
fn headers<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    same_headers(cx, web, &this.headers, &this.list, this.guard)
}

/// The argument `input` of the constructor and of `fetch`.
pub(crate) enum Input<J: JsHost> {
    Request(Rc<Request<J>>),
    Text(String),
}

/// Converts the arguments of the constructor or of `fetch`. Runs user code.
pub(crate) fn arguments<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, (Input<J>, RequestInit<J>)> {
    webidl::required::<J>(cx, args, 1, what)?;
    let input = J::arg(cx, args, 0);
    let input = match J::state::<Request<J>>(cx, &input) {
        Some(request) => Input::Request(request),
        None => Input::Text(webidl::usv_string::<J>(cx, &input)?),
    };
    let init = J::arg(cx, args, 1);
    Ok((input, RequestInit::of_value(cx, web, init)?))
}

/// [`new Request(input, init)`](https://fetch.spec.whatwg.org/#dom-request)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (input, init) = arguments::<J>(cx, web, args, "Request")?;
    let proto = web.prototype(cx, args, &Web::REQUEST)?;
    let request = create(cx, web, input, init)?;
    J::create_state_object(cx, &proto, request)
}

/// The steps of the [constructor](https://fetch.spec.whatwg.org/#dom-request).
pub(crate) fn create<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    input: Input<J>,
    init: RequestInit<J>,
) -> Completion<J, Request<J>> {
    // 5. and 6. The request to begin with.
    let mut facts = match &input {
        Input::Text(text) => Facts::of_url(parse_url(cx, web, text)?),
        Input::Request(request) => request.facts.clone(),
    };
    // 10. to 25. What the dictionary says.
    init.check(cx)?;
    apply(cx, web, &mut facts, &init)?;
    // 26. to 33. The headers.
    let guard = match facts.mode {
        "no-cors" => Guard::RequestNoCors,
        _ => Guard::Open,
    };
    let list = SharedHeaders::default();
    let headers = match (init.headers, &input) {
        (Some(headers), _) => headers,
        (None, Input::Request(request)) => {
            let list = request.list.borrow();
            list.iter()
                .map(|(name, value)| (name.to_vec(), value.to_vec()))
                .collect()
        }
        (None, Input::Text(_)) => Vec::new(),
    };
    fill::<J>(cx, &list, guard, headers)?;
    // 34. and 35. GET and HEAD have no body.
    let input_body = match &input {
        Input::Request(request) if !request.body.is_null() => Some(&request.body),
        _ => None,
    };
    if (init.body.is_some() || input_body.is_some()) && matches!(&facts.method[..], "GET" | "HEAD")
    {
        let message = format!("a request with method {} has no body", facts.method);
        return Err(type_error::<J>(cx, &message));
    }
    let signal = match (&init.signal, &input) {
        (Some(signal), _) if J::type_of(signal) == ValueType::Null => J::undefined(),
        (Some(signal), _) => signal.clone(),
        (None, Input::Request(request)) => request.followed.get(),
        (None, Input::Text(_)) => J::undefined(),
    };
    // 36. to 41. The body.
    if matches!(init.body, Some(BodyInit::Stream(_))) {
        check_stream::<J>(cx, &facts, init.duplex)?;
    }
    let body = match (init.body, input_body) {
        (Some(body), _) => {
            let (body, media_type) = body.extract(cx, web)?;
            if let Some(media_type) = media_type
                && !list.borrow().contains(b"content-type")
            {
                let header = (b"Content-Type".to_vec(), media_type.into_bytes());
                fill::<J>(cx, &list, guard, vec![header])?;
            }
            body
        }
        (None, Some(body)) => {
            body.expect_usable(cx, "Request")?;
            body.take(cx, web)?
        }
        (None, None) => Body::of_bytes(None),
    };
    Ok(Request {
        facts,
        list,
        guard,
        headers: Edge::default(),
        body,
        followed: Edge::new(signal),
        signal: Edge::default(),
    })
}

/// Steps 37 and 39 of the constructor: what a body without a source needs.
fn check_stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    facts: &Facts,
    duplex: Option<&'static str>,
) -> Completion<J, ()> {
    let message = if facts.keepalive {
        "a request with keepalive has no stream for a body"
    } else if duplex.is_none() {
        "a request with a stream for a body needs the member duplex: \"half\""
    } else if !matches!(facts.mode, "same-origin" | "cors") {
        "a request with a stream for a body has the mode same-origin or cors"
    } else {
        return Ok(());
    };
    Err(type_error::<J>(cx, message))
}

/// [`signal`](https://fetch.spec.whatwg.org/#dom-request-signal): a dependent signal.
fn signal<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let made = this.signal.get();
    if !webidl::is_missing::<J>(&made) {
        return Ok(made);
    }
    let followed = this.followed.get();
    let followed = match webidl::is_missing::<J>(&followed) {
        true => Vec::new(),
        false => vec![followed],
    };
    let made = web.create_dependent_signal(cx, &followed)?;
    this.signal.set(made.clone());
    Ok(made)
}

/// Parses a URL as the program wrote it.
pub(crate) fn parse_relative<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    text: &str,
) -> Completion<J, Url> {
    let url = Url::options().base_url(web.base_url.as_ref()).parse(text);
    url.map_err(|error| {
        let shown: String = text.chars().take(200).collect();
        let message = format!("the URL {shown:?} cannot be parsed: {error}");
        type_error::<J>(cx, &message)
    })
}

fn parse_url<J: JsHost>(cx: &mut J::Scope<'_>, web: &Web<J>, text: &str) -> Completion<J, Url> {
    let url = parse_relative(cx, web, text)?;
    if !url.username().is_empty() || url.password().is_some() {
        let message = "a request's URL must not have a user name or password";
        return Err(type_error::<J>(cx, message));
    }
    Ok(url)
}

/// Steps 13 to 25 and 32 of the constructor.
fn apply<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    facts: &mut Facts,
    init: &RequestInit<J>,
) -> Completion<J, ()> {
    // 13. If init is not empty, what the input says of the referrer is forgotten.
    if !init.is_empty {
        facts.has_referrer = true;
        facts.referrer_policy = "";
    }
    // 14. The referrer: with no origin of our own, none is the same.
    if let Some(referrer) = &init.referrer {
        facts.has_referrer = !referrer.is_empty();
        if facts.has_referrer {
            parse_relative(cx, web, referrer)?;
        }
    }
    facts.referrer_policy = init.referrer_policy.unwrap_or(facts.referrer_policy);
    facts.mode = init.mode.unwrap_or(facts.mode);
    facts.credentials = init.credentials.unwrap_or(facts.credentials);
    facts.cache = init.cache.unwrap_or(facts.cache);
    // 21. only-if-cached is for same-origin.
    if facts.cache == "only-if-cached" && facts.mode != "same-origin" {
        let message = "the cache mode only-if-cached needs the mode same-origin";
        return Err(type_error::<J>(cx, message));
    }
    facts.redirect = init.redirect.unwrap_or(facts.redirect);
    if let Some(integrity) = &init.integrity {
        facts.integrity.clone_from(integrity);
    }
    facts.keepalive = init.keepalive.unwrap_or(facts.keepalive);
    // 25. The method.
    if let Some(method) = &init.method {
        match normalized_method(method) {
            Some(method) => facts.method = method,
            None => {
                let method = String::from_utf8_lossy(method);
                let message = format!("{method:?} is no method that a program may use");
                return Err(type_error::<J>(cx, &message));
            }
        }
    }
    // 32.1. no-cors has simple methods only.
    if facts.mode == "no-cors" && !matches!(&facts.method[..], "GET" | "HEAD" | "POST") {
        let message = format!("the mode no-cors has no method {}", facts.method);
        return Err(type_error::<J>(cx, &message));
    }
    Ok(())
}

/// [`clone()`](https://fetch.spec.whatwg.org/#dom-request-clone)
fn clone<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    // 1. If this is unusable.
    this.body.expect_usable(cx, "Request")?;
    // 2. Clone the request.
    let request = Request {
        facts: this.facts.clone(),
        list: Rc::new(RefCell::new(this.list.borrow().clone())),
        guard: this.guard,
        headers: Edge::default(),
        body: this.body.duplicate(cx, web)?,
        followed: Edge::new(this.followed.get()),
        signal: Edge::default(),
    };
    web.create(cx, &Web::REQUEST, request)
}

//! [URL](https://url.spec.whatwg.org/#api).

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use ::url::{Url, quirks};
use sinew_bridge::class::{Accessor, ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, Property, Throw, ValueType, trace};

use crate::globals::{Global, readonly};
use crate::{Web, webidl};

mod corrections;
mod search_params;

pub(crate) use search_params::SearchParams;

/// An attribute that is a component of the URL.
macro_rules! component {
    ($name:literal, $get:path, $set:path) => {
        Accessor {
            name: $name,
            get: |cx, web, args| get(cx, web, args, |url| $get(url).into()),
            set: Some(|cx, web, args| {
                // What is refused leaves the URL as it was.
                set(cx, web, args, |url, value| _ = $set(url, value))
            }),
        }
    };
}

impl<J: JsHost> Web<J> {
    pub(crate) const URLS: &'static [Global<J>] = &[
        Global::interface(&Self::URL),
        Global::interface(&Self::URL_SEARCH_PARAMS),
    ];

    pub(crate) const URL: ClassSpec<J, Self> = ClassSpec {
        name: "URL",
        display: "URL",
        length: 1,
        constructor,
        statics: &[
            Method {
                name: "parse",
                length: 1,
                body: parse,
            },
            Method {
                name: "canParse",
                length: 1,
                body: can_parse,
            },
        ],
        methods: &[
            Method {
                name: "toString",
                length: 0,
                body: href,
            },
            Method {
                name: "toJSON",
                length: 0,
                body: href,
            },
        ],
        accessors: &[
            Accessor {
                name: "href",
                get: href,
                set: Some(set_href),
            },
            readonly("origin", |cx, web, args| {
                get(cx, web, args, |url| origin(url).into())
            }),
            component!("protocol", quirks::protocol, quirks::set_protocol),
            component!("username", quirks::username, quirks::set_username),
            component!("password", quirks::password, quirks::set_password),
            component!("host", quirks::host, corrections::set_host),
            component!("hostname", quirks::hostname, corrections::set_hostname),
            component!("port", quirks::port, corrections::set_port),
            component!("pathname", quirks::pathname, corrections::set_pathname),
            Accessor {
                name: "search",
                get: |cx, web, args| get(cx, web, args, |url| quirks::search(url).into()),
                set: Some(set_search),
            },
            readonly("searchParams", search_params),
            component!("hash", quirks::hash, quirks::set_hash),
        ],
        ..ClassSpec::BASE
    };
}

/// A URL object.
pub(crate) struct UrlObject<J: JsHost> {
    /// Its [URL](https://url.spec.whatwg.org/#concept-url-url).
    pub(crate) url: RefCell<Url>,
    /// Its [query object](https://url.spec.whatwg.org/#concept-url-query-object), once it was asked
    /// for.
    query_object: Edge<J>,
}

trace!(struct UrlObject { query_object });

impl<J: JsHost> UrlObject<J> {
    fn new(url: Url) -> Self {
        Self {
            url: RefCell::new(url),
            query_object: Edge::default(),
        }
    }

    /// Makes what `query` is parsed into the list of the query object.
    fn update_query_object(&self, cx: &mut J::Scope<'_>, query: &str) {
        if let Some(params) = J::state::<SearchParams<J>>(cx, &self.query_object.get()) {
            params.parse(query);
        }
    }
}

/// More than this is not parsed: positions in a URL are 32 bits wide, and encoding makes it longer.
const LONGEST: usize = 1 << 28;

/// The [API URL parser](https://url.spec.whatwg.org/#api-url-parser)
fn api_url_parser(url: &str, base: Option<&str>) -> Option<Url> {
    if url.len() > LONGEST || base.is_some_and(|base| base.len() > LONGEST) {
        return None;
    }
    let base = match base {
        Some(base) => Some(corrections::parse(base, None)?),
        None => None,
    };
    corrections::parse(url, base.as_ref())
}

/// The arguments `url` and `base`. Runs user code.
fn url_and_base<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, (String, Option<String>)> {
    webidl::required::<J>(cx, args, 1, what)?;
    let url = J::arg(cx, args, 0);
    let url = webidl::usv_string::<J>(cx, &url)?;
    let base = J::arg(cx, args, 1);
    let base = match J::type_of(&base) {
        ValueType::Undefined => None,
        _ => Some(webidl::usv_string::<J>(cx, &base)?),
    };
    Ok((url, base))
}

/// [`new URL(url, base)`](https://url.spec.whatwg.org/#dom-url-url)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let (url, base) = url_and_base::<J>(cx, args, "URL")?;
    let proto = web.prototype(cx, args, &Web::URL)?;
    match api_url_parser(&url, base.as_deref()) {
        Some(parsed) => J::create_state_object(cx, &proto, UrlObject::new(parsed)),
        None => Err(invalid_url::<J>(cx, &url, base.as_deref())),
    }
}

/// The TypeError for a URL that cannot be parsed, with the properties that Node gives it.
#[cold]
fn invalid_url<J: JsHost>(cx: &mut J::Scope<'_>, url: &str, base: Option<&str>) -> Throw<J::Value> {
    let throw = type_error::<J>(cx, "Invalid URL");
    let Throw::Value(error) = &throw else {
        return throw;
    };
    let properties = [
        ("code", Some("ERR_INVALID_URL")),
        ("input", Some(url)),
        ("base", base),
    ];
    for (name, value) in properties {
        let Some(value) = value else { continue };
        let defined = J::string(cx, value)
            .and_then(|value| J::define_property(cx, error, name.into(), Property::data(value)));
        if let Err(throw) = defined {
            return throw;
        }
    }
    throw
}

/// [`parse(url, base)`](https://url.spec.whatwg.org/#dom-url-parse)
fn parse<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (url, base) = url_and_base::<J>(cx, args, "URL.parse")?;
    match api_url_parser(&url, base.as_deref()) {
        Some(url) => web.create(cx, &Web::URL, UrlObject::new(url)),
        None => Ok(J::null()),
    }
}

/// [`canParse(url, base)`](https://url.spec.whatwg.org/#dom-url-canparse)
fn can_parse<J: JsHost>(cx: &mut J::Scope<'_>, _: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (url, base) = url_and_base::<J>(cx, args, "URL.canParse")?;
    Ok(J::boolean(api_url_parser(&url, base.as_deref()).is_some()))
}

/// [`href`](https://url.spec.whatwg.org/#dom-url-href), and
/// [`toJSON()`](https://url.spec.whatwg.org/#dom-url-tojson)
fn href<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    get(cx, web, args, |url| url.as_str().into())
}

/// Sets [`href`](https://url.spec.whatwg.org/#dom-url-href).
fn set_href<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<UrlObject<J>>(cx, args, &Web::URL)?;
    let value = J::arg(cx, args, 0);
    let value = webidl::usv_string::<J>(cx, &value)?;
    let Some(url) = api_url_parser(&value, None) else {
        return Err(invalid_url::<J>(cx, &value, None));
    };
    this.update_query_object(cx, url.query().unwrap_or_default());
    *this.url.borrow_mut() = url;
    Ok(J::undefined())
}

/// The [serialization](https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin)
/// of a URL's [origin](https://url.spec.whatwg.org/#concept-url-origin).
fn origin(url: &Url) -> String {
    let inner = match url.scheme() {
        "blob" => Url::parse(url.path()).ok(),
        _ => return url.origin().ascii_serialization(),
    };
    match inner.filter(|inner| matches!(inner.scheme(), "http" | "https")) {
        Some(inner) => inner.origin().ascii_serialization(),
        None => "null".to_owned(),
    }
}

/// Sets [`search`](https://url.spec.whatwg.org/#dom-url-search).
fn set_search<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<UrlObject<J>>(cx, args, &Web::URL)?;
    let value = J::arg(cx, args, 0);
    let value = webidl::usv_string::<J>(cx, &value)?;
    if value.len() <= LONGEST {
        quirks::set_search(&mut this.url.borrow_mut(), &value);
        this.update_query_object(cx, value.strip_prefix('?').unwrap_or(&value));
    }
    Ok(J::undefined())
}

/// [`searchParams`](https://url.spec.whatwg.org/#dom-url-searchparams)
fn search_params<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<UrlObject<J>>(cx, args, &Web::URL)?;
    let params = this.query_object.get();
    if !webidl::is_missing::<J>(&params) {
        return Ok(params);
    }
    let state = SearchParams::of_url(J::this(cx, args));
    state.parse(this.url.borrow().query().unwrap_or_default());
    let params = web.create(cx, &Web::URL_SEARCH_PARAMS, state)?;
    this.query_object.set(params.clone());
    Ok(params)
}

/// The getter of an attribute.
fn get<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    get: impl for<'u> FnOnce(&'u Url) -> Cow<'u, str>,
) -> Completion<J> {
    let this = web.this::<UrlObject<J>>(cx, args, &Web::URL)?;
    let text = get(&this.url.borrow()).into_owned();
    J::string(cx, &text)
}

/// The setter of an attribute that does not touch the query.
fn set<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    set: impl FnOnce(&mut Url, &str),
) -> Completion<J> {
    let this = web.this::<UrlObject<J>>(cx, args, &Web::URL)?;
    let value = J::arg(cx, args, 0);
    let value = webidl::usv_string::<J>(cx, &value)?;
    if value.len() <= LONGEST {
        set(&mut this.url.borrow_mut(), &value);
    }
    Ok(J::undefined())
}

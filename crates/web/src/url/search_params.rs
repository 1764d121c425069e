//! [URLSearchParams](https://url.spec.whatwg.org/#interface-urlsearchparams).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use ::url::form_urlencoded;
use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, PropertyKey, ValueType, WellKnownSymbol, trace};

use super::{LONGEST, UrlObject};
use crate::globals::readonly;
use crate::iterable::{self, Iterable, iterator_method};
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const URL_SEARCH_PARAMS: ClassSpec<J, Self> = ClassSpec {
        name: "URLSearchParams",
        display: "URLSearchParams",
        constructor,
        methods: &[
            Method {
                name: "append",
                length: 2,
                body: append,
            },
            Method {
                name: "delete",
                length: 1,
                body: delete,
            },
            Method {
                name: "get",
                length: 1,
                body: get,
            },
            Method {
                name: "getAll",
                length: 1,
                body: get_all,
            },
            Method {
                name: "has",
                length: 1,
                body: has,
            },
            Method {
                name: "set",
                length: 2,
                body: set,
            },
            Method {
                name: "sort",
                length: 0,
                body: sort,
            },
            Method {
                name: "toString",
                length: 0,
                body: to_string,
            },
        ],
        accessors: &[readonly("size", size)],
        more: Some(iterable::define::<J, Pairs>),
        ..ClassSpec::BASE
    };
}

/// A name and a value.
type Pair = (String, String);

/// A URLSearchParams object.
pub(crate) struct SearchParams<J: JsHost> {
    /// Its [list](https://url.spec.whatwg.org/#concept-urlsearchparams-list).
    pub(crate) list: RefCell<Vec<Pair>>,
    /// Its [URL object](https://url.spec.whatwg.org/#concept-urlsearchparams-url-object), or
    /// undefined.
    url: Edge<J>,
}

trace!(struct SearchParams { url });

impl<J: JsHost> SearchParams<J> {
    /// The query object of a URL object, still empty.
    pub(super) fn of_url(url: J::Value) -> Self {
        Self {
            list: RefCell::default(),
            url: Edge::new(url),
        }
    }

    /// Makes what `query` is parsed into the list.
    pub(super) fn parse(&self, query: &str) {
        *self.list.borrow_mut() = parse(query);
    }

    /// The [serialization](https://url.spec.whatwg.org/#concept-urlencoded-serializer) of the list.
    pub(crate) fn serialize(&self) -> String {
        let mut serializer = form_urlencoded::Serializer::new(String::new());
        serializer.extend_pairs(&*self.list.borrow());
        serializer.finish()
    }

    /// [Update](https://url.spec.whatwg.org/#concept-urlsearchparams-update)
    fn update(&self, cx: &mut J::Scope<'_>) {
        let Some(url) = J::state::<UrlObject<J>>(cx, &self.url.get()) else {
            return;
        };
        let query = self.serialize();
        if query.len() <= LONGEST {
            let query = Some(query.as_str()).filter(|query| !query.is_empty());
            url.url.borrow_mut().set_query(query);
        }
    }
}

/// The [parser](https://url.spec.whatwg.org/#concept-urlencoded-string-parser) of
/// `application/x-www-form-urlencoded`.
fn parse(text: &str) -> Vec<Pair> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// The iteration over a list.
struct Pairs;

impl<J: JsHost> Iterable<J> for Pairs {
    const NAME: &'static str = "URLSearchParams";

    fn pair(
        cx: &mut J::Scope<'_>,
        _: &Rc<Web<J>>,
        target: &J::Value,
        index: usize,
    ) -> Completion<J, Option<(J::Value, J::Value)>> {
        let Some(params) = J::state::<SearchParams<J>>(cx, target) else {
            return Err(type_error::<J>(cx, "receiver is not a URLSearchParams"));
        };
        let pair = params.list.borrow().get(index).cloned();
        match pair {
            Some((name, value)) => Ok(Some((J::string(cx, &name)?, J::string(cx, &value)?))),
            None => Ok(None),
        }
    }
}

/// [`new URLSearchParams(init)`](https://url.spec.whatwg.org/#dom-urlsearchparams-urlsearchparams)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let init = J::arg(cx, args, 0);
    let list = match J::type_of(&init) {
        ValueType::Undefined => Vec::new(),
        ValueType::Object | ValueType::Function => match iterator_method::<J>(cx, &init)? {
            Some(method) => pairs::<J>(cx, &init, &method)?,
            None => record::<J>(cx, &init)?,
        },
        _ => {
            let init = webidl::usv_string::<J>(cx, &init)?;
            parse(init.strip_prefix('?').unwrap_or(&init))
        }
    };
    let state = SearchParams {
        list: RefCell::new(list),
        url: Edge::default(),
    };
    web.construct(cx, args, &Web::URL_SEARCH_PARAMS, state)
}

/// A `sequence<sequence<USVString>>` of pairs. Runs user code.
fn pairs<J: JsHost>(
    cx: &mut J::Scope<'_>,
    init: &J::Value,
    method: &J::Value,
) -> Completion<J, Vec<Pair>> {
    let sequences = webidl::sequence_of::<J, _>(cx, init, method, |cx, element| {
        let key = PropertyKey::Symbol(WellKnownSymbol::Iterator);
        let method = match webidl::is_object::<J>(&element) {
            true => webidl::method::<J>(cx, &element, key)?,
            false => None,
        };
        let Some(method) = method else {
            return Err(type_error::<J>(
                cx,
                "the pair of a URLSearchParams is not iterable",
            ));
        };
        webidl::sequence_of::<J, _>(cx, &element, &method, |cx, text| {
            webidl::usv_string::<J>(cx, &text)
        })
    })?;
    let pairs: Option<Vec<Pair>> = sequences
        .into_iter()
        .map(|sequence| <[String; 2]>::try_from(sequence).ok().map(Pair::from))
        .collect();
    pairs.ok_or_else(|| {
        let message = "a pair of a URLSearchParams does not have exactly two elements";
        type_error::<J>(cx, message)
    })
}

/// A `record<USVString, USVString>`. Runs user code.
fn record<J: JsHost>(cx: &mut J::Scope<'_>, init: &J::Value) -> Completion<J, Vec<Pair>> {
    let entries = webidl::record::<J, _>(cx, init, |cx, text| webidl::usv_string::<J>(cx, text))?;
    // Conversion may have made keys equal: the first counts for the place, the last for the value.
    let mut places = HashMap::new();
    let mut list: Vec<Pair> = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        match places.get(&name) {
            Some(&place) => {
                let pair: &mut Pair = &mut list[place];
                pair.1 = value;
            }
            None => {
                places.insert(name.clone(), list.len());
                list.push((name, value));
            }
        }
    }
    Ok(list)
}

/// [`size`](https://url.spec.whatwg.org/#dom-urlsearchparams-size)
fn size<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let size = this.list.borrow().len();
    Ok(J::number(size as f64))
}

/// [`append(name, value)`](https://url.spec.whatwg.org/#dom-urlsearchparams-append)
fn append<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let pair = name_and_value::<J>(cx, args, "append")?;
    this.list.borrow_mut().push(pair);
    this.update(cx);
    Ok(J::undefined())
}

/// [`delete(name, value)`](https://url.spec.whatwg.org/#dom-urlsearchparams-delete)
fn delete<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let matches = matcher::<J>(cx, args, "delete")?;
    this.list.borrow_mut().retain(|pair| !matches(pair));
    this.update(cx);
    Ok(J::undefined())
}

/// [`get(name)`](https://url.spec.whatwg.org/#dom-urlsearchparams-get)
fn get<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let name = name::<J>(cx, args, "get")?;
    let list = this.list.borrow();
    let value = list.iter().find(|pair| pair.0 == name);
    match value.map(|pair| pair.1.clone()) {
        Some(value) => {
            drop(list);
            J::string(cx, &value)
        }
        None => Ok(J::null()),
    }
}

/// [`getAll(name)`](https://url.spec.whatwg.org/#dom-urlsearchparams-getall)
fn get_all<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let name = name::<J>(cx, args, "getAll")?;
    let list = this.list.borrow().clone();
    let mut values = Vec::new();
    for (_, value) in list.iter().filter(|pair| pair.0 == name) {
        values.push(J::string(cx, value)?);
    }
    J::create_array(cx, &values)
}

/// [`has(name, value)`](https://url.spec.whatwg.org/#dom-urlsearchparams-has)
fn has<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let matches = matcher::<J>(cx, args, "has")?;
    let has = this.list.borrow().iter().any(matches);
    Ok(J::boolean(has))
}

/// [`set(name, value)`](https://url.spec.whatwg.org/#dom-urlsearchparams-set)
fn set<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    let (name, value) = name_and_value::<J>(cx, args, "set")?;
    {
        let mut list = this.list.borrow_mut();
        match list.iter().position(|pair| pair.0 == name) {
            Some(first) => {
                list[first].1 = value;
                let mut index = 0;
                list.retain(|pair| {
                    index += 1;
                    index - 1 <= first || pair.0 != name
                });
            }
            None => list.push((name, value)),
        }
    }
    this.update(cx);
    Ok(J::undefined())
}

/// [`sort()`](https://url.spec.whatwg.org/#dom-urlsearchparams-sort)
fn sort<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = this(cx, web, args)?;
    this.list
        .borrow_mut()
        .sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    this.update(cx);
    Ok(J::undefined())
}

/// The [stringification behavior](https://url.spec.whatwg.org/#urlsearchparams-stringification-behavior)
fn to_string<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = this(cx, web, args)?;
    J::string(cx, &this.serialize())
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
) -> Completion<J, Rc<SearchParams<J>>> {
    web.this(cx, args, &Web::URL_SEARCH_PARAMS)
}

/// The argument `name`. Runs user code.
fn name<J: JsHost>(cx: &mut J::Scope<'_>, args: J::Args<'_>, what: &str) -> Completion<J, String> {
    webidl::required::<J>(cx, args, 1, what)?;
    let name = J::arg(cx, args, 0);
    webidl::usv_string::<J>(cx, &name)
}

/// The arguments `name` and `value`. Runs user code.
fn name_and_value<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, Pair> {
    webidl::required::<J>(cx, args, 2, what)?;
    let name = J::arg(cx, args, 0);
    let name = webidl::usv_string::<J>(cx, &name)?;
    let value = J::arg(cx, args, 1);
    Ok((name, webidl::usv_string::<J>(cx, &value)?))
}

/// What tells the pairs that the arguments `name` and, if there is one, `value` mean. Runs user
/// code.
fn matcher<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, impl Fn(&Pair) -> bool + use<J>> {
    let name = name::<J>(cx, args, what)?;
    let value = J::arg(cx, args, 1);
    let value = match J::type_of(&value) {
        ValueType::Undefined => None,
        _ => Some(webidl::usv_string::<J>(cx, &value)?),
    };
    Ok(move |pair: &Pair| pair.0 == name && value.as_ref().is_none_or(|value| pair.1 == *value))
}

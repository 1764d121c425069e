//! [Fetch method](https://fetch.spec.whatwg.org/#fetch-method)

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use sinew_bridge::{Completion, JsHost, Throw};

use crate::Web;
use crate::blob::Bytes;
use crate::closure::Deferred;
use crate::fetch::body::{Body, Reading, read_bytes};
use crate::fetch::header_list::HeaderList;
use crate::fetch::http::{Exchange, network_error};
use crate::fetch::request::{self, Request};
use crate::fetch::response::{Facts, Response, ResponseType};
use crate::fetch::scheme::{self, Loaded};

/// [`fetch(input, init)`](https://fetch.spec.whatwg.org/#dom-global-fetch)
pub(crate) fn fetch<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.promising(cx, |cx| {
        // 2. Let requestObject be the result of the constructor of Request.
        let (input, init) = request::arguments::<J>(cx, web, args, "fetch")?;
        let request = request::create(cx, web, input, init)?;
        // 4. If requestObject's signal is aborted.
        let signal = request.followed.get();
        if web.is_aborted(cx, &signal) {
            return Err(Throw::Value(web.abort_reason(cx, &signal)));
        }
        let (response, promise) = Deferred::new(cx)?;
        // 12. Fetch.
        match request.body.is_null() {
            true => start(cx, web, &request, None, response)?,
            false => match request.body.read(cx, web)? {
                Reading::Now(bytes) => start(cx, web, &request, Some(bytes), response)?,
                Reading::Later(bytes) => start_later(cx, web, request, &bytes, response)?,
            },
        }
        Ok(promise)
    })
}

/// Starts when the body has come.
fn start_later<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    request: Request<J>,
    bytes: &J::Value,
    response: Deferred<J>,
) -> Completion<J, ()> {
    let request = J::create_state_object(cx, &J::null(), request)?;
    let response = J::create_state_object(cx, &J::null(), response)?;
    web.react(
        cx,
        bytes,
        [request, response],
        |cx, web, [request, response], read| {
            let bytes = read_bytes::<J>(cx, &read);
            let request = J::state::<Request<J>>(cx, &request);
            let response = J::state::<Deferred<J>>(cx, &response);
            if let (Some(request), Some(response)) = (request, response) {
                let response = response.duplicate();
                start(cx, web, &request, Some(bytes), response)?;
            }
            Ok(J::undefined())
        },
        |cx, _, [_, response], reason| {
            if let Some(response) = J::state::<Deferred<J>>(cx, &response) {
                response.reject(cx, &reason)?;
            }
            Ok(J::undefined())
        },
    )
}

/// [Scheme fetch](https://fetch.spec.whatwg.org/#concept-scheme-fetch) of a request whose body is
/// there.
fn start<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    request: &Request<J>,
    body: Option<Bytes>,
    response: Deferred<J>,
) -> Completion<J, ()> {
    let facts = &request.facts;
    let signal = request.followed.get();
    // 11. Add the abort steps to requestObject's signal.
    let fetch = web.abortable(cx, &signal, &response)?;
    let loaded = match facts.url.scheme() {
        "data" => scheme::data(&facts.url),
        "file" => scheme::file(web, &facts.method, &facts.url),
        "about" | "blob" => Err("there is nothing at such a URL".to_owned()),
        _ => {
            let mut headers = request.list.borrow().clone();
            add_default_headers(&mut headers);
            web.begin_exchange(Exchange {
                method: facts.method.clone(),
                url: facts.url.clone(),
                headers,
                body,
                redirect: facts.redirect,
                redirects: 0,
                cancelled: Arc::default(),
                fetch,
                signal,
                response,
            });
            return Ok(());
        }
    };
    let url = &facts.url;
    let result = match loaded {
        Ok(loaded) => {
            let is_head = facts.method == "HEAD";
            let loaded = loaded_response(url.clone(), loaded, is_head);
            Ok(web.create(cx, &Web::RESPONSE, loaded)?)
        }
        Err(why) => Err(network_error::<J>(cx, url.as_str(), &why)?),
    };
    // A response never comes before the code that asked for it has ended.
    web.queue_task(move |cx, web| {
        web.forget_abort(cx, fetch);
        match result {
            Ok(value) => response.resolve(cx, &value),
            Err(error) => response.reject(cx, &error),
        }
    });
    Ok(())
}

/// The response of what was loaded without a network.
fn loaded_response<J: JsHost>(mut url: url::Url, loaded: Loaded, is_head: bool) -> Response<J> {
    url.set_fragment(None);
    let facts = Facts {
        kind: ResponseType::Basic,
        status: 200,
        status_text: b"OK".to_vec(),
        url: Some(url.into()),
        redirected: false,
    };
    let mut list = HeaderList::default();
    list.append(b"Content-Type", loaded.media_type.as_bytes());
    let body = (!is_head).then(|| Bytes::from(loaded.bytes));
    let list = Rc::new(RefCell::new(list));
    Response::immutable(facts, list, Body::of_bytes(body))
}

/// What [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch)
/// and [fetch](https://fetch.spec.whatwg.org/#concept-fetch) add where the program says nothing.
fn add_default_headers(headers: &mut HeaderList) {
    const USER_AGENT: &str = concat!("Sinew/", env!("CARGO_PKG_VERSION"));
    for (name, value) in [("Accept", "*/*"), ("User-Agent", USER_AGENT)] {
        if !headers.contains(name.as_bytes()) {
            headers.append(name.as_bytes(), value.as_bytes());
        }
    }
}

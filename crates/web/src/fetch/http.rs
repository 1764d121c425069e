//! [HTTP-redirect fetch](https://fetch.spec.whatwg.org/#concept-http-redirect-fetch) and what is
//! around it, over the embedder's network.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost, Throw};
use url::Url;

use crate::Web;
use crate::blob::Bytes;
use crate::closure::Deferred;
use crate::fetch::body::{Body, Content};
use crate::fetch::header_list::{HeaderList, is_token, is_value, normalize};
use crate::fetch::network::Incoming;
use crate::fetch::reply::{FetchHead, FetchRequest};
use crate::fetch::response::{Facts, Response, ResponseType, is_null_body_status};

/// A request that is under way, and who waits for the response.
pub(crate) struct Exchange<J: JsHost> {
    pub(crate) method: String,
    pub(crate) url: Url,
    pub(crate) headers: HeaderList,
    pub(crate) body: Option<Bytes>,
    /// "follow", "error" or "manual"
    pub(crate) redirect: &'static str,
    /// [redirect count](https://fetch.spec.whatwg.org/#concept-request-redirect-count)
    pub(crate) redirects: u32,
    pub(crate) cancelled: Arc<AtomicBool>,
    /// Its number among the fetches.
    pub(crate) fetch: u64,
    /// The AbortSignal, or undefined.
    pub(crate) signal: J::Value,
    pub(crate) response: Deferred<J>,
}

impl<J: JsHost> Exchange<J> {
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// What the embedder is asked for.
    pub(crate) fn request(&self) -> FetchRequest {
        let mut url = self.url.clone();
        url.set_fragment(None);
        let headers = self.headers.iter();
        FetchRequest {
            method: self.method.clone(),
            url: url.into(),
            headers: headers
                .map(|(name, value)| (name.to_vec(), value.to_vec()))
                .collect(),
            body: self.body.as_ref().map(|body| body.to_vec()),
        }
    }

    /// There is no response.
    pub(crate) fn fail(
        self,
        cx: &mut J::Scope<'_>,
        _: &Rc<Web<J>>,
        why: &str,
    ) -> Completion<J, ()> {
        let error = network_error::<J>(cx, self.url.as_str(), why)?;
        self.response.reject(cx, &error)
    }

    /// The head of the response is there.
    pub(crate) fn take_head(
        mut self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        head: FetchHead,
        incoming: Rc<Incoming>,
    ) -> Completion<J, ()> {
        if !(200..=999).contains(&head.status) {
            let why = format!("the status {} is no status of a response", head.status);
            return self.fail(cx, web, &why);
        }
        let mut headers = HeaderList::default();
        for (name, value) in &head.headers {
            let value = normalize(value);
            if !is_token(name) || !is_value(value) {
                return self.fail(cx, web, "a header of the response is malformed");
            }
            headers.append(name, value);
        }
        let mut kind = ResponseType::Basic;
        if matches!(head.status, 301 | 302 | 303 | 307 | 308) {
            match self.redirect {
                "error" => {
                    let why = "it redirects, and the request's redirect mode is \"error\"";
                    return self.fail(cx, web, why);
                }
                "manual" => kind = ResponseType::OpaqueRedirect,
                _ => match self.location(&headers) {
                    Ok(None) => {}
                    Ok(Some(location)) => {
                        return match self.follow(head.status, location) {
                            Ok(()) => {
                                web.begin_exchange(self);
                                Ok(())
                            }
                            Err(why) => self.fail(cx, web, &why),
                        };
                    }
                    Err(why) => return self.fail(cx, web, &why),
                },
            }
        }
        let response = self.response_of(kind, head, headers, incoming);
        response.body.signal.set(self.signal.clone());
        let response = web.create(cx, &Web::RESPONSE, response)?;
        self.response.resolve(cx, &response)
    }

    fn response_of(
        &self,
        kind: ResponseType,
        head: FetchHead,
        headers: HeaderList,
        incoming: Rc<Incoming>,
    ) -> Response<J> {
        let mut url = self.url.clone();
        url.set_fragment(None);
        if kind == ResponseType::OpaqueRedirect {
            let facts = Facts {
                kind,
                url: Some(url.into()),
                ..Facts::network_error()
            };
            let list = Rc::new(RefCell::new(HeaderList::default()));
            return Response::immutable(facts, list, Body::of_bytes(None));
        }
        let facts = Facts {
            kind,
            status: head.status,
            status_text: head.status_text.into_bytes(),
            url: Some(url.into()),
            redirected: self.redirects > 0,
        };
        let has_body = self.method != "HEAD" && !is_null_body_status(head.status);
        let content = match has_body {
            true => Content::Incoming(incoming),
            false => Content::None,
        };
        let list = Rc::new(RefCell::new(headers));
        Response::immutable(facts, list, Body::new(content))
    }

    /// The [location URL](https://fetch.spec.whatwg.org/#concept-response-location-url)
    fn location(&self, headers: &HeaderList) -> Result<Option<Url>, String> {
        let Some(location) = headers.get(b"location") else {
            return Ok(None);
        };
        let location = String::from_utf8_lossy(&location);
        let mut url = self
            .url
            .join(&location)
            .map_err(|error| format!("it redirects to {location:?}: {error}"))?;
        if url.fragment().is_none() {
            url.set_fragment(self.url.fragment());
        }
        Ok(Some(url))
    }

    /// [HTTP-redirect fetch](https://fetch.spec.whatwg.org/#concept-http-redirect-fetch) up to
    /// where it fetches.
    fn follow(&mut self, status: u16, location: Url) -> Result<(), String> {
        // 5. If locationURL's scheme is not an HTTP(S) scheme.
        if !matches!(location.scheme(), "http" | "https") {
            return Err(format!("it redirects to {location}, which is not HTTP"));
        }
        // 6. and 7. Count.
        if self.redirects == 20 {
            return Err("it redirects more than 20 times".to_owned());
        }
        self.redirects += 1;
        // The body of the redirect is not wanted; what comes of this is.
        self.cancelled = Arc::default();
        // 12. A POST that becomes a GET.
        let becomes_get = match status {
            301 | 302 => self.method == "POST",
            303 => !matches!(&self.method[..], "GET" | "HEAD"),
            _ => false,
        };
        if becomes_get {
            self.method = "GET".to_owned();
            self.body = None;
            for name in [
                "content-encoding",
                "content-language",
                "content-location",
                "content-type",
                "content-length",
            ] {
                self.headers.delete(name.as_bytes());
            }
        }
        // 13. What is for one origin alone.
        if location.origin() != self.url.origin() {
            for name in ["authorization", "cookie", "host", "proxy-authorization"] {
                self.headers.delete(name.as_bytes());
            }
        }
        self.url = location;
        Ok(())
    }
}

/// The error of a [network error](https://fetch.spec.whatwg.org/#concept-network-error).
pub(crate) fn network_error<J: JsHost>(
    cx: &mut J::Scope<'_>,
    url: &str,
    why: &str,
) -> Completion<J> {
    // A data: URL may be long.
    let shown: String = url.chars().take(200).collect();
    let cut = if shown.len() < url.len() { "..." } else { "" };
    match type_error::<J>(cx, &format!("fetch of {shown}{cut}: {why}")) {
        Throw::Value(error) => Ok(error),
        terminated => Err(terminated),
    }
}

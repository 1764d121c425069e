//! [RequestInit](https://fetch.spec.whatwg.org/#requestinit)

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost, ValueType};

use crate::fetch::body_init::BodyInit;
use crate::fetch::header_list::Header;
use crate::fetch::headers::headers_init;
use crate::{Web, webidl};

/// A RequestInit that is converted.
pub(crate) struct RequestInit<J: JsHost> {
    pub(crate) body: Option<BodyInit<J>>,
    pub(crate) cache: Option<&'static str>,
    pub(crate) credentials: Option<&'static str>,
    pub(crate) duplex: Option<&'static str>,
    pub(crate) headers: Option<Vec<Header>>,
    pub(crate) integrity: Option<String>,
    pub(crate) keepalive: Option<bool>,
    pub(crate) method: Option<Vec<u8>>,
    pub(crate) mode: Option<&'static str>,
    pub(crate) redirect: Option<&'static str>,
    pub(crate) referrer: Option<String>,
    pub(crate) referrer_policy: Option<&'static str>,
    /// null, or an object.
    pub(crate) signal: Option<J::Value>,
    pub(crate) window: Option<J::Value>,
    /// Whether nothing is there.
    pub(crate) is_empty: bool,
}

const CACHES: &[&str] = &[
    "default",
    "no-store",
    "reload",
    "no-cache",
    "force-cache",
    "only-if-cached",
];
const REFERRER_POLICIES: &[&str] = &[
    "",
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

/// A dictionary whose members are read.
struct Members<J: JsHost> {
    object: Option<J::Value>,
    found: bool,
}

impl<J: JsHost> Members<J> {
    fn get(&mut self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, Option<J::Value>> {
        let value = webidl::member::<J>(cx, &self.object, name)?;
        self.found |= value.is_some();
        Ok(value)
    }

    fn one_of(
        &mut self,
        cx: &mut J::Scope<'_>,
        name: &str,
        values: &[&'static str],
    ) -> Completion<J, Option<&'static str>> {
        match self.get(cx, name)? {
            Some(value) => webidl::enumeration::<J>(cx, &value, values, name).map(Some),
            None => Ok(None),
        }
    }

    fn text(&mut self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, Option<String>> {
        match self.get(cx, name)? {
            Some(value) => webidl::usv_string::<J>(cx, &value).map(Some),
            None => Ok(None),
        }
    }
}

impl<J: JsHost> RequestInit<J> {
    /// Converts an argument. Runs user code.
    pub(crate) fn of_value(
        cx: &mut J::Scope<'_>,
        web: &Web<J>,
        value: J::Value,
    ) -> Completion<J, Self> {
        let object = webidl::dictionary::<J>(cx, value, "the options of a request")?;
        let mut members = Members::<J> {
            object,
            found: false,
        };
        // null is a body: none, whatever the input has.
        let body = match members.get(cx, "body")? {
            Some(body) => BodyInit::of_value(cx, body)?,
            None => None,
        };
        let cache = members.one_of(cx, "cache", CACHES)?;
        let values = &["omit", "same-origin", "include"];
        let credentials = members.one_of(cx, "credentials", values)?;
        let duplex = members.one_of(cx, "duplex", &["half"])?;
        let headers = match members.get(cx, "headers")? {
            Some(headers) => Some(headers_init::<J>(cx, &headers)?),
            None => None,
        };
        let integrity = members.text(cx, "integrity")?;
        let keepalive = members.get(cx, "keepalive")?;
        let keepalive = keepalive.map(|value| J::to_boolean(cx, &value));
        let method = match members.get(cx, "method")? {
            Some(method) => Some(webidl::byte_string::<J>(cx, &method)?),
            None => None,
        };
        let values = &["navigate", "same-origin", "no-cors", "cors"];
        let mode = members.one_of(cx, "mode", values)?;
        members.one_of(cx, "priority", &["high", "low", "auto"])?;
        let redirect = members.one_of(cx, "redirect", &["follow", "error", "manual"])?;
        let referrer = members.text(cx, "referrer")?;
        let referrer_policy = members.one_of(cx, "referrerPolicy", REFERRER_POLICIES)?;
        let signal = members.get(cx, "signal")?;
        if let Some(signal) = &signal
            && J::type_of(signal) != ValueType::Null
        {
            web.expect_signal(cx, signal, "the member signal")?;
        }
        let window = members.get(cx, "window")?;
        Ok(Self {
            body,
            cache,
            credentials,
            duplex,
            headers,
            integrity,
            keepalive,
            method,
            mode,
            redirect,
            referrer,
            referrer_policy,
            signal,
            window,
            is_empty: !members.found,
        })
    }

    /// The checks of the [constructor](https://fetch.spec.whatwg.org/#dom-request) that concern the
    /// dictionary alone.
    pub(crate) fn check(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        // 10. If init["window"] exists and is non-null.
        let is_null = |value: &J::Value| matches!(J::type_of(value), ValueType::Null);
        if self.window.as_ref().is_some_and(|window| !is_null(window)) {
            return Err(type_error::<J>(cx, "the member window must be null"));
        }
        // 17. If mode is "navigate".
        if self.mode == Some("navigate") {
            return Err(type_error::<J>(cx, "the mode navigate is not for programs"));
        }
        Ok(())
    }
}

/// [Normalizes a method](https://fetch.spec.whatwg.org/#concept-method-normalize); `None` for what
/// is none, or [forbidden](https://fetch.spec.whatwg.org/#forbidden-method).
pub(crate) fn normalized_method(method: &[u8]) -> Option<String> {
    let method = std::str::from_utf8(method).ok()?;
    let is_forbidden = ["CONNECT", "TRACE", "TRACK"];
    if !crate::fetch::header_list::is_token(method.as_bytes())
        || is_forbidden
            .iter()
            .any(|name| name.eq_ignore_ascii_case(method))
    {
        return None;
    }
    let normal = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
    let normal = normal.iter().find(|name| name.eq_ignore_ascii_case(method));
    Some(normal.map_or(method, |name| name).to_owned())
}

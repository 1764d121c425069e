//! [`atob` and `btoa`](https://html.spec.whatwg.org/multipage/webappapis.html#atob).

use std::rc::Rc;

use base64_simd::{STANDARD, forgiving_decode_to_vec};
use sinew_bridge::{Completion, JsHost};

use crate::globals::Global;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const BASE64: &'static [Global<J>] = &[
        Global::operation("atob", 1, atob),
        Global::operation("btoa", 1, btoa),
    ];
}

/// [`btoa(data)`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-btoa)
fn btoa<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    match bytes::<J>(cx, args, "btoa")? {
        Some(bytes) => J::string(cx, &STANDARD.encode_to_string(bytes)),
        None => {
            let message = "the string to be encoded has characters beyond U+00FF";
            Err(web.dom_exception(cx, "InvalidCharacterError", message))
        }
    }
}

/// [`atob(data)`](https://html.spec.whatwg.org/multipage/webappapis.html#dom-atob)
fn atob<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let data = bytes::<J>(cx, args, "atob")?;
    match data.and_then(|data| forgiving_decode_to_vec(&data).ok()) {
        Some(bytes) => webidl::isomorphic::<J>(cx, &bytes),
        None => {
            let message = "the string to be decoded is not correctly encoded";
            Err(web.dom_exception(cx, "InvalidCharacterError", message))
        }
    }
}

/// The code units of the argument; `None` if one is no byte. Runs user code.
fn bytes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, Option<Vec<u8>>> {
    webidl::required::<J>(cx, args, 1, what)?;
    let data = J::arg(cx, args, 0);
    let units = webidl::dom_string::<J>(cx, &data)?;
    Ok(units.iter().map(|&unit| u8::try_from(unit).ok()).collect())
}

//! The [Body mixin](https://fetch.spec.whatwg.org/#body-mixin).

use std::rc::Rc;

use data_url::mime::Mime;
use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, JsHost, Throw, Trace, trace};

use crate::Web;
use crate::blob::{Blob, Bytes};
use crate::fetch::body::{Body, Reading, read_bytes};
use crate::fetch::form_data::FormData;
use crate::fetch::headers::{SharedHeaders, method};
use crate::fetch::multipart;
use crate::text_decoder::utf8_decode;

/// An interface that includes the mixin, by its state.
pub(crate) trait HasBody<J: JsHost>: Trace<J> + Sized {
    /// The interface.
    const SPEC: &'static ClassSpec<J, Web<J>>;
    /// The body.
    fn body(&self) -> &Body<J>;
    /// The header list.
    fn header_list(&self) -> &SharedHeaders;
}

/// What a body is [packaged](https://fetch.spec.whatwg.org/#body-package-data) as.
#[derive(Clone, Copy)]
enum Package {
    ArrayBuffer,
    Blob,
    Bytes,
    FormData,
    Json,
    Text,
}

/// A package to be made later.
struct Packaging<J: JsHost> {
    package: Package,
    mime: Option<Mime>,
    _engine: std::marker::PhantomData<J>,
}

trace!(
    struct Packaging {}
);

/// The operations of the mixin.
pub(crate) const fn methods<J: JsHost, T: HasBody<J>>() -> [Method<J, Web<J>>; 6] {
    [
        method("arrayBuffer", 0, |cx, web, args| {
            consume::<J, T>(cx, web, args, Package::ArrayBuffer)
        }),
        method("blob", 0, |cx, web, args| {
            consume::<J, T>(cx, web, args, Package::Blob)
        }),
        method("bytes", 0, |cx, web, args| {
            consume::<J, T>(cx, web, args, Package::Bytes)
        }),
        method("formData", 0, |cx, web, args| {
            consume::<J, T>(cx, web, args, Package::FormData)
        }),
        method("json", 0, |cx, web, args| {
            consume::<J, T>(cx, web, args, Package::Json)
        }),
        method("text", 0, |cx, web, args| {
            consume::<J, T>(cx, web, args, Package::Text)
        }),
    ]
}

/// [`body`](https://fetch.spec.whatwg.org/#dom-body-body)
pub(crate) fn body<J: JsHost, T: HasBody<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<T>(cx, args, T::SPEC)?;
    this.body().stream(cx, web)
}

/// [`bodyUsed`](https://fetch.spec.whatwg.org/#dom-body-bodyused)
pub(crate) fn body_used<J: JsHost, T: HasBody<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let this = web.this::<T>(cx, args, T::SPEC)?;
    Ok(J::boolean(this.body().is_used(cx)))
}

/// [Consumes the body](https://fetch.spec.whatwg.org/#concept-body-consume-body)
fn consume<J: JsHost, T: HasBody<J>>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    package: Package,
) -> Completion<J> {
    web.promising(cx, |cx| {
        let this = web.this::<T>(cx, args, T::SPEC)?;
        // 1. If object is unusable.
        this.body().expect_usable(cx, T::SPEC.name)?;
        let mime = this.header_list().borrow().extract_mime_type();
        // 5. If object's body is null, run successSteps given an empty byte sequence.
        // 6. Otherwise, fully read object's body.
        match this.body().read(cx, web)? {
            Reading::Now(bytes) => {
                let value = package_data(cx, web, package, &bytes, mime.as_ref())?;
                web.resolved(cx, &value)
            }
            Reading::Later(promise) => {
                let packaging = Packaging {
                    package,
                    mime,
                    _engine: std::marker::PhantomData,
                };
                let packaging = J::create_state_object(cx, &J::null(), packaging)?;
                web.transform(
                    cx,
                    &promise,
                    [packaging],
                    package_read,
                    |_, _, _, reason| Err(Throw::Value(reason)),
                )
            }
        }
    })
}

fn package_read<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    [packaging]: [J::Value; 1],
    read: J::Value,
) -> Completion<J> {
    let bytes = read_bytes::<J>(cx, &read);
    match J::state::<Packaging<J>>(cx, &packaging) {
        Some(packaging) => {
            let mime = packaging.mime.as_ref();
            package_data(cx, web, packaging.package, &bytes, mime)
        }
        None => Ok(J::undefined()),
    }
}

/// [Packages data](https://fetch.spec.whatwg.org/#body-package-data), and what the operations do
/// beyond.
fn package_data<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    package: Package,
    bytes: &Bytes,
    mime: Option<&Mime>,
) -> Completion<J> {
    match package {
        Package::ArrayBuffer => J::create_array_buffer(cx, bytes),
        Package::Bytes => J::create_uint8_array(cx, bytes),
        Package::Blob => {
            let media_type = mime.map_or_else(String::new, Mime::to_string);
            web.create_blob(cx, Blob::new(bytes.clone(), media_type, None))
        }
        Package::FormData => form_data(cx, web, bytes, mime),
        Package::Json => J::parse_json(cx, &utf8_decode(bytes)),
        Package::Text => J::string(cx, &utf8_decode(bytes)),
    }
}

/// Package FormData
fn form_data<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    bytes: &Bytes,
    mime: Option<&Mime>,
) -> Completion<J> {
    let entries = match mime {
        Some(mime) if mime.matches("multipart", "form-data") => {
            match multipart::parse(bytes, mime.get_parameter("boundary")) {
                Some(parts) => multipart::entries(cx, web, parts)?,
                None => {
                    let message = "the body is no multipart/form-data with this boundary";
                    return Err(type_error::<J>(cx, message));
                }
            }
        }
        Some(mime) if mime.matches("application", "x-www-form-urlencoded") => {
            multipart::urlencoded_entries(bytes)
        }
        _ => {
            let message = "the Content-Type is neither multipart/form-data nor \
                           application/x-www-form-urlencoded";
            return Err(type_error::<J>(cx, message));
        }
    };
    web.create(cx, &Web::FORM_DATA, FormData::new(entries))
}

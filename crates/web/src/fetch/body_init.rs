//! [BodyInit](https://fetch.spec.whatwg.org/#bodyinit): what a body is made of.

use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, Edge, JsHost, ValueType};

use crate::blob::{Blob, Bytes};
use crate::fetch::body::{Body, Content};
use crate::fetch::form_data::{Entry, FormData};
use crate::fetch::multipart;
use crate::streams::Object;
use crate::streams::readable::{self, Stream};
use crate::url::SearchParams;
use crate::{Web, webidl};

/// A BodyInit that is converted.
pub(crate) enum BodyInit<J: JsHost> {
    Blob(Rc<Blob<J>>),
    Buffer(J::Value),
    FormData(Vec<Entry<J>>),
    SearchParams(String),
    Stream(Stream<J>),
    Text(String),
}

impl<J: JsHost> BodyInit<J> {
    /// Converts a value; `None` for null and undefined. Runs user code.
    pub(crate) fn of_value(cx: &mut J::Scope<'_>, value: J::Value) -> Completion<J, Option<Self>> {
        if matches!(J::type_of(&value), ValueType::Undefined | ValueType::Null) {
            return Ok(None);
        }
        if let Some(blob) = J::state::<Blob<J>>(cx, &value) {
            return Ok(Some(Self::Blob(blob)));
        }
        if let Some(form) = J::state::<FormData<J>>(cx, &value) {
            return Ok(Some(Self::FormData(form.snapshot())));
        }
        if let Some(params) = J::state::<SearchParams<J>>(cx, &value) {
            return Ok(Some(Self::SearchParams(params.serialize())));
        }
        if let Some(stream) = Object::of(cx, value.clone()) {
            return Ok(Some(Self::Stream(stream)));
        }
        if webidl::is_buffer_source::<J>(cx, &value) {
            return Ok(Some(Self::Buffer(value)));
        }
        Ok(Some(Self::Text(webidl::usv_string::<J>(cx, &value)?)))
    }

    /// [Extracts a body](https://fetch.spec.whatwg.org/#concept-bodyinit-extract) with its type.
    pub(crate) fn extract(
        self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
    ) -> Completion<J, (Body<J>, Option<String>)> {
        let (bytes, media_type) = match self {
            Self::Blob(blob) => {
                let media_type = Some(blob.media_type.clone());
                (
                    blob.bytes.clone(),
                    media_type.filter(|text| !text.is_empty()),
                )
            }
            Self::Buffer(buffer) => {
                let bytes = webidl::buffer_bytes::<J>(cx, &buffer).unwrap_or_default();
                (Bytes::from(bytes), None)
            }
            Self::FormData(entries) => {
                let (bytes, boundary) = multipart::encode(cx, web, &entries)?;
                let media_type = format!("multipart/form-data; boundary={boundary}");
                (Bytes::from(bytes), Some(media_type))
            }
            Self::SearchParams(text) => {
                let media_type = "application/x-www-form-urlencoded;charset=UTF-8".to_owned();
                (Bytes::from(text.into_bytes()), Some(media_type))
            }
            Self::Stream(stream) => {
                if readable::is_disturbed(&stream) || readable::is_locked(&stream) {
                    let message = "the stream is locked or was read already";
                    return Err(type_error::<J>(cx, message));
                }
                let content = Content::Stream(Edge::new(stream.value()));
                return Ok((Body::new(content), None));
            }
            Self::Text(text) => {
                let media_type = "text/plain;charset=UTF-8".to_owned();
                (Bytes::from(text.into_bytes()), Some(media_type))
            }
        };
        Ok((Body::new(Content::Bytes(bytes)), media_type))
    }
}

//! [BodyInit](https://fetch.spec.whatwg.org/#bodyinit): what a body is made of.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, ValueType};

use crate::blob::{Blob, Bytes};
use crate::fetch::body::{Body, Content};
use crate::fetch::form_data::{Entry, FormData};
use crate::fetch::multipart;
use crate::{Web, webidl};

/// A BodyInit that is converted.
pub(crate) enum BodyInit<J: JsHost> {
    Blob(Rc<Blob<J>>),
    Buffer(J::Value),
    FormData(Vec<Entry<J>>),
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
            Self::Text(text) => {
                let media_type = "text/plain;charset=UTF-8".to_owned();
                (Bytes::from(text.into_bytes()), Some(media_type))
            }
        };
        Ok((Body::new(Content::Bytes(bytes)), media_type))
    }
}

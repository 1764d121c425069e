//! The streams of the [Encoding Standard](https://encoding.spec.whatwg.org/#api).

mod text_decoder_stream;
mod text_encoder_stream;

use sinew_bridge::JsHost;

use crate::Web;
use crate::globals::Global;

impl<J: JsHost> Web<J> {
    pub(crate) const ENCODING_STREAMS: &'static [Global<J>] = &[
        Global::interface(&Self::TEXT_DECODER_STREAM),
        Global::interface(&Self::TEXT_ENCODER_STREAM),
    ];
}

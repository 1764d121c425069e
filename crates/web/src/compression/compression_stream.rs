//! [`CompressionStream`](https://compression.spec.whatwg.org/#compression-stream).

use std::rc::Rc;

use sinew_bridge::class::ClassSpec;
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::Format;
use super::deflate::Deflate;
use super::pump::{Pump, Pumping};
use crate::Web;
use crate::globals::readonly;
use crate::streams::transform::native::{self, GenericTransformStream};

impl<J: JsHost> Web<J> {
    pub(crate) const COMPRESSION_STREAM: ClassSpec<J, Self> = ClassSpec {
        name: "CompressionStream",
        display: "CompressionStream",
        length: 1,
        constructor,
        accessors: &[
            readonly("readable", native::readable::<J, CompressionStream<J>>),
            readonly("writable", native::writable::<J, CompressionStream<J>>),
        ],
        ..ClassSpec::BASE
    };
}

/// A CompressionStream object.
struct CompressionStream<J: JsHost> {
    transform: Edge<J>,
    pump: Pump,
}

trace!(struct CompressionStream { transform });

impl<J: JsHost> GenericTransformStream<J> for CompressionStream<J> {
    const SPEC: &'static ClassSpec<J, Web<J>> = &Web::COMPRESSION_STREAM;

    fn transform(&self) -> &Edge<J> {
        &self.transform
    }
}

impl<J: JsHost> Pumping<J> for CompressionStream<J> {
    fn pump(&self) -> &Pump {
        &self.pump
    }
}

/// [`new CompressionStream(format)`](https://compression.spec.whatwg.org/#dom-compressionstream-compressionstream)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let format = Format::convert::<J>(cx, args, "CompressionStream")?;
    let proto = web.prototype(cx, args, &Web::COMPRESSION_STREAM)?;
    let state = CompressionStream {
        transform: Edge::default(),
        pump: Pump::new(Deflate::new(format)),
    };
    CompressionStream::wrap(cx, web, &proto, state, CompressionStream::STEPS)
}

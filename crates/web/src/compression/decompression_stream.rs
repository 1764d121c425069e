//! [`DecompressionStream`](https://compression.spec.whatwg.org/#decompression-stream).

use std::rc::Rc;

use sinew_bridge::class::ClassSpec;
use sinew_bridge::{Completion, Edge, JsHost, trace};

use super::Format;
use super::inflate::Inflate;
use super::pump::{Pump, Pumping};
use crate::Web;
use crate::globals::readonly;
use crate::streams::transform::native::{self, GenericTransformStream};

impl<J: JsHost> Web<J> {
    pub(crate) const DECOMPRESSION_STREAM: ClassSpec<J, Self> = ClassSpec {
        name: "DecompressionStream",
        display: "DecompressionStream",
        length: 1,
        constructor,
        accessors: &[
            readonly("readable", native::readable::<J, DecompressionStream<J>>),
            readonly("writable", native::writable::<J, DecompressionStream<J>>),
        ],
        ..ClassSpec::BASE
    };
}

/// A DecompressionStream object.
struct DecompressionStream<J: JsHost> {
    transform: Edge<J>,
    pump: Pump,
}

trace!(struct DecompressionStream { transform });

impl<J: JsHost> GenericTransformStream<J> for DecompressionStream<J> {
    const SPEC: &'static ClassSpec<J, Web<J>> = &Web::DECOMPRESSION_STREAM;

    fn transform(&self) -> &Edge<J> {
        &self.transform
    }
}

impl<J: JsHost> Pumping<J> for DecompressionStream<J> {
    fn pump(&self) -> &Pump {
        &self.pump
    }
}

/// [`new DecompressionStream(format)`](https://compression.spec.whatwg.org/#dom-decompressionstream-decompressionstream)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let format = Format::convert::<J>(cx, args, "DecompressionStream")?;
    let proto = web.prototype(cx, args, &Web::DECOMPRESSION_STREAM)?;
    let state = DecompressionStream {
        transform: Edge::default(),
        pump: Pump::new(Inflate::new(format)),
    };
    DecompressionStream::wrap(cx, web, &proto, state, DecompressionStream::STEPS)
}

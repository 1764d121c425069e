//! [Compression](https://compression.spec.whatwg.org/).

mod compression_stream;
mod decompression_stream;
mod deflate;
mod gzip;
mod inflate;
mod pump;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost};

use crate::globals::Global;
use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(crate) const COMPRESSION: &'static [Global<J>] = &[
        Global::interface(&Self::COMPRESSION_STREAM),
        Global::interface(&Self::DECOMPRESSION_STREAM),
    ];
}

/// A [`CompressionFormat`](https://compression.spec.whatwg.org/#enumdef-compressionformat)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    /// ZLIB
    Deflate,
    DeflateRaw,
    Gzip,
}

impl Format {
    /// Converts the argument of a constructor. Runs user code.
    fn convert<J: JsHost>(
        cx: &mut J::Scope<'_>,
        args: J::Args<'_>,
        what: &str,
    ) -> Completion<J, Self> {
        webidl::required::<J>(cx, args, 1, what)?;
        let format = J::arg(cx, args, 0);
        let format = webidl::usv_string::<J>(cx, &format)?;
        match format.as_str() {
            "deflate" => Ok(Self::Deflate),
            "deflate-raw" => Ok(Self::DeflateRaw),
            "gzip" => Ok(Self::Gzip),
            _ => {
                let shown: String = format.chars().take(100).collect();
                let message = format!("the compression format {shown:?} is not supported");
                Err(type_error::<J>(cx, &message))
            }
        }
    }
}

/// What turns bytes into bytes.
trait Codec {
    /// Takes of the front of `input` what it can, and appends to `output` without making it grow.
    /// `last` says that no input follows this.
    fn run(
        &mut self,
        input: &mut &[u8],
        last: bool,
        output: &mut Vec<u8>,
    ) -> Result<Progress, Malformed>;
}

/// What a codec wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// Input; or nothing, after the last.
    Input,
    /// To run again, with room for output.
    Room,
}

/// The input is not of the format; a message says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Malformed(&'static str);

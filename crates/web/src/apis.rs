//! Which globals a realm gets.

use sinew_bridge::JsHost;

use crate::Web;
use crate::globals::Global;

bitflags::bitflags! {
    /// Which of the Web's interfaces a realm gets.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Apis: u32 {
        /// `console`
        const CONSOLE = 1;
        /// `setTimeout`, `setInterval`, `clearTimeout`, `clearInterval`, `queueMicrotask`
        const TIMERS = 1 << 1;
        /// `performance`
        const PERFORMANCE = 1 << 2;
        /// `TextEncoder`, `TextDecoder`, `TextEncoderStream`, `TextDecoderStream`
        const ENCODING = 1 << 3;
        /// `URL`, `URLSearchParams`
        const URL = 1 << 4;
        /// `atob`, `btoa`
        const BASE64 = 1 << 5;
        /// `crypto`
        const CRYPTO = 1 << 6;
        /// `structuredClone`
        const STRUCTURED_CLONE = 1 << 7;
        /// `DOMException`
        const DOM_EXCEPTION = 1 << 8;
        /// `Event`, `EventTarget` and what goes with them, `reportError`
        const EVENTS = 1 << 9;
        /// `AbortController`, `AbortSignal`
        const ABORT = 1 << 10;
        /// `Blob`, `File`
        const BLOB = 1 << 11;
        /// `fetch`, `Headers`, `Request`, `Response`, `FormData`
        const FETCH = 1 << 12;
        /// `ReadableStream`, `WritableStream`, `TransformStream` and what goes with them
        const STREAMS = 1 << 13;
        /// `CompressionStream`, `DecompressionStream`
        const COMPRESSION = 1 << 14;
        /// `navigator`, `self`
        const NAVIGATOR = 1 << 15;
        /// Console and timers.
        const BASIC = Self::CONSOLE.bits() | Self::TIMERS.bits();
    }
}

impl<J: JsHost> Web<J> {
    /// The globals of each interface, in the order in which they are defined.
    pub(crate) const APIS: &'static [(Apis, &'static [Global<J>])] = &[
        (Apis::CONSOLE, Self::CONSOLE),
        (Apis::TIMERS, Self::TIMERS),
        (Apis::TIMERS, Self::MICROTASKS),
        (Apis::PERFORMANCE, Self::PERFORMANCE),
        (Apis::ENCODING, Self::ENCODING),
        (Apis::ENCODING, Self::ENCODING_STREAMS),
        (Apis::URL, Self::URLS),
        (Apis::BASE64, Self::BASE64),
        (Apis::CRYPTO, Self::CRYPTO),
        (Apis::NAVIGATOR, Self::NAVIGATOR),
        (Apis::DOM_EXCEPTION, Self::DOM_EXCEPTIONS),
        (Apis::BLOB, Self::BLOBS),
        (Apis::FETCH, Self::FETCH),
        (Apis::STREAMS, Self::STREAMS),
        (Apis::STREAMS, Self::WRITABLE_STREAMS),
        (Apis::STREAMS, Self::TRANSFORM_STREAMS),
        (Apis::COMPRESSION, Self::COMPRESSION),
        (Apis::EVENTS, Self::EVENTS),
        (Apis::ABORT, Self::ABORT),
        (Apis::STRUCTURED_CLONE, Self::STRUCTURED_CLONE),
    ];
}

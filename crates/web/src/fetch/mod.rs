//! [Fetch](https://fetch.spec.whatwg.org/), without what protects a browser's user: there are no
//! origins, cookies or caches.
//!
//! - `header_list.rs`, `headers.rs`: header lists, `Headers`
//! - `body.rs`, `body_init.rs`, `consume.rs`: bodies, what they are made of, and their mixin
//! - `form_data.rs`, `multipart.rs`: `FormData` and how it is written down
//! - `request.rs`, `request_init.rs`, `response.rs`: `Request`, `Response`
//! - `fetching.rs`, `scheme.rs`, `http.rs`: `fetch` and how it comes by responses
//! - `reply.rs`: what an embedder that has a network supplies; `network.rs`, `incoming.rs`: what comes
//!   of it

use sinew_bridge::JsHost;

use crate::Web;
use crate::globals::Global;

pub(crate) mod body;
mod body_init;
mod consume;
mod fetching;
mod form_data;
pub(crate) mod header_list;
pub(crate) mod headers;
mod http;
mod incoming;
mod multipart;
pub(crate) mod network;
pub(crate) mod reply;
mod request;
mod request_init;
mod response;
mod scheme;

pub use response::ResponseBytes;

impl<J: JsHost> Web<J> {
    pub(crate) const FETCH: &'static [Global<J>] = &[
        Global::interface(&Self::HEADERS),
        Global::interface(&Self::FORM_DATA),
        Global::interface(&Self::REQUEST),
        Global::interface(&Self::RESPONSE),
        Global::operation("fetch", 1, fetching::fetch::<J>),
    ];
}

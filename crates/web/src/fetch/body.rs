//! [Bodies](https://fetch.spec.whatwg.org/#concept-body).

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sinew_bridge::class::type_error;
use sinew_bridge::{Completion, JsHost, trace};

use crate::Web;
use crate::blob::Bytes;
use crate::closure::Deferred;
use crate::fetch::network::Incoming;

/// The body of a request or response, or that there is none.
pub(crate) struct Body<J: JsHost> {
    pub(crate) content: RefCell<Content<J>>,
    /// Whether it was read.
    used: Cell<bool>,
}

trace!(struct Body { content });

/// What a body is.
pub(crate) enum Content<J: JsHost> {
    None,
    /// Bytes that are there.
    Bytes(Bytes),
    /// Bytes that come from the embedder's network.
    Incoming(Rc<Incoming>),
    #[allow(dead_code, reason = "it names the engine")]
    Engine(std::marker::PhantomData<J>),
}

trace!(
    enum Content {}
);

/// The bytes of a body that is being read.
pub(crate) enum Reading<J: JsHost> {
    Now(Bytes),
    /// A promise of an object that [`read_bytes`] understands.
    Later(J::Value),
}

/// An object that nobody sees, as the value of a promise.
struct ReadBytes<J: JsHost> {
    bytes: Bytes,
    _engine: std::marker::PhantomData<J>,
}

trace!(
    struct ReadBytes {}
);

/// The bytes that the promise of a [`Reading`] was fulfilled with.
pub(crate) fn read_bytes<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Bytes {
    let read = J::state::<ReadBytes<J>>(cx, value);
    read.map_or_else(Bytes::default, |read| read.bytes.clone())
}

/// Fulfills the promise of a [`Reading`].
pub(crate) fn fulfill_reading<J: JsHost>(
    cx: &mut J::Scope<'_>,
    reading: &Deferred<J>,
    bytes: Bytes,
) -> Completion<J, ()> {
    let state = ReadBytes {
        bytes,
        _engine: std::marker::PhantomData,
    };
    // Without a prototype there is no `then` to be found.
    let value = J::create_state_object(cx, &J::null(), state)?;
    reading.resolve(cx, &value)
}

impl<J: JsHost> Body<J> {
    pub(crate) fn new(content: Content<J>) -> Self {
        Self {
            content: RefCell::new(content),
            used: Cell::new(false),
        }
    }

    pub(crate) fn of_bytes(bytes: Option<Bytes>) -> Self {
        Self::new(bytes.map_or(Content::None, Content::Bytes))
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(*self.content.borrow(), Content::None)
    }

    /// [bodyUsed](https://fetch.spec.whatwg.org/#dom-body-bodyused): whether it is there and
    /// disturbed.
    pub(crate) fn is_used(&self, _: &mut J::Scope<'_>) -> bool {
        self.used.get()
    }

    /// [unusable](https://fetch.spec.whatwg.org/#body-unusable): disturbed or locked.
    pub(crate) fn is_unusable(&self, cx: &mut J::Scope<'_>) -> bool {
        self.is_used(cx)
    }

    /// A TypeError if it is unusable.
    pub(crate) fn expect_usable(&self, cx: &mut J::Scope<'_>, what: &str) -> Completion<J, ()> {
        match self.is_unusable(cx) {
            false => Ok(()),
            true => {
                let message = format!("the body of the {what} is locked or was read already");
                Err(type_error::<J>(cx, &message))
            }
        }
    }

    /// [Fully reads](https://fetch.spec.whatwg.org/#body-fully-read) a usable body.
    pub(crate) fn read(
        &self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
    ) -> Completion<J, Reading<J>> {
        self.used.set(!self.is_null());
        let incoming = match &*self.content.borrow() {
            Content::Bytes(bytes) => return Ok(Reading::Now(bytes.clone())),
            Content::Incoming(incoming) => incoming.clone(),
            Content::None | Content::Engine(_) => return Ok(Reading::Now(Bytes::default())),
        };
        web.read_incoming(cx, &incoming)
    }

    /// Takes a usable body away: for the request that is made of another.
    pub(crate) fn take(&self) -> Content<J> {
        let taken = self.content.replace(Content::Bytes(Bytes::default()));
        match taken {
            Content::None => self.content.replace(Content::None),
            taken => {
                self.used.set(true);
                taken
            }
        }
    }

    /// [Clones](https://fetch.spec.whatwg.org/#concept-body-clone) a usable body.
    pub(crate) fn duplicate(&self) -> Self {
        Self::new(match &*self.content.borrow() {
            Content::Bytes(bytes) => Content::Bytes(bytes.clone()),
            Content::Incoming(incoming) => Content::Incoming(incoming.clone()),
            Content::None | Content::Engine(_) => Content::None,
        })
    }
}

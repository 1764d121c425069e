//! [`crypto.subtle`](https://w3c.github.io/webcrypto/#subtlecrypto-interface): digests. What works
//! with keys is not there.

use std::marker::PhantomData;
use std::rc::Rc;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, JsHost, trace};

use crate::{Web, webidl};

impl<J: JsHost> Web<J> {
    pub(super) const SUBTLE_CRYPTO: ClassSpec<J, Self> = ClassSpec {
        name: "SubtleCrypto",
        display: "SubtleCrypto",
        methods: &[Method {
            name: "digest",
            length: 2,
            body: digest,
        }],
        ..ClassSpec::BASE
    };
}

/// A SubtleCrypto object, which has no state.
struct SubtleCrypto<J: JsHost>(PhantomData<J>);

trace!(
    struct SubtleCrypto {}
);

pub(super) fn create<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
    web.create(cx, &Web::SUBTLE_CRYPTO, SubtleCrypto(PhantomData))
}

/// [`digest(algorithm, data)`](https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest)
fn digest<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    web.promising(cx, |cx| {
        web.this::<SubtleCrypto<J>>(cx, args, &Web::SUBTLE_CRYPTO)?;
        webidl::required::<J>(cx, args, 2, "digest")?;
        let algorithm = J::arg(cx, args, 0);
        let algorithm = match webidl::is_object::<J>(&algorithm) {
            true => Algorithm::Object(algorithm),
            false => Algorithm::Name(webidl::usv_string::<J>(cx, &algorithm)?),
        };
        let data = J::arg(cx, args, 1);
        if !webidl::is_buffer_source::<J>(cx, &data) || webidl::is_shared(cx, web, &data)? {
            let message = "the data of digest is neither a buffer nor a view of one";
            return Err(type_error::<J>(cx, message));
        }

        let data = webidl::buffer_bytes::<J>(cx, &data).unwrap_or_default();
        let hash = normalize(cx, web, algorithm)?;
        let result = J::create_array_buffer(cx, &hash(&data))?;
        web.resolved(cx, &result)
    })
}

/// An [AlgorithmIdentifier](https://w3c.github.io/webcrypto/#dom-algorithmidentifier).
enum Algorithm<J: JsHost> {
    Object(J::Value),
    Name(String),
}

/// What computes a digest.
type Hash = fn(&[u8]) -> Vec<u8>;

/// [Normalizes an algorithm](https://w3c.github.io/webcrypto/#algorithm-normalization) for `digest`.
/// Runs user code.
fn normalize<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    algorithm: Algorithm<J>,
) -> Completion<J, Hash> {
    let name = match algorithm {
        Algorithm::Name(name) => name,
        Algorithm::Object(object) => match webidl::member::<J>(cx, &Some(object), "name")? {
            Some(name) => webidl::usv_string::<J>(cx, &name)?,
            None => return Err(type_error::<J>(cx, "the algorithm has no name")),
        },
    };
    match name.to_ascii_uppercase().as_str() {
        "SHA-1" => Ok(hash::<Sha1>),
        "SHA-256" => Ok(hash::<Sha256>),
        "SHA-384" => Ok(hash::<Sha384>),
        "SHA-512" => Ok(hash::<Sha512>),
        _ => {
            let shown: String = name.chars().take(100).collect();
            let message = format!("{shown:?} is no algorithm for digests");
            Err(web.dom_exception(cx, "NotSupportedError", &message))
        }
    }
}

fn hash<D: Digest>(data: &[u8]) -> Vec<u8> {
    D::digest(data).to_vec()
}

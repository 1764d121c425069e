//! [`crypto`](https://w3c.github.io/webcrypto/#Crypto-interface).

use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, Method, type_error};
use sinew_bridge::{Completion, Edge, JsHost, ObjectClass, trace};

use crate::globals::{Global, readonly};
use crate::{Web, webidl};

mod subtle;

impl<J: JsHost> Web<J> {
    pub(crate) const CRYPTO: &'static [Global<J>] = &[
        Global::interface(&Self::CRYPTO_CLASS),
        Global::interface(&Self::SUBTLE_CRYPTO),
        Global::attribute("crypto", crypto),
    ];

    const CRYPTO_CLASS: ClassSpec<J, Self> = ClassSpec {
        name: "Crypto",
        display: "Crypto",
        methods: &[
            Method {
                name: "getRandomValues",
                length: 1,
                body: get_random_values,
            },
            Method {
                name: "randomUUID",
                length: 0,
                body: random_uuid,
            },
        ],
        accessors: &[readonly("subtle", subtle)],
        ..ClassSpec::BASE
    };
}

/// A Crypto object.
struct Crypto<J: JsHost> {
    subtle: Edge<J>,
}

trace!(struct Crypto { subtle });

/// [`crypto`](https://w3c.github.io/webcrypto/#dom-windoworworkerglobalscope-crypto)
fn crypto<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
    let subtle = Edge::new(subtle::create(cx, web)?);
    web.create(cx, &Web::CRYPTO_CLASS, Crypto { subtle })
}

/// [`subtle`](https://w3c.github.io/webcrypto/#dom-crypto-subtle)
fn subtle<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let this = web.this::<Crypto<J>>(cx, args, &Web::CRYPTO_CLASS)?;
    Ok(this.subtle.get())
}

/// [`getRandomValues(array)`](https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues)
fn get_random_values<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.this::<Crypto<J>>(cx, args, &Web::CRYPTO_CLASS)?;
    webidl::required::<J>(cx, args, 1, "getRandomValues")?;
    let array = J::arg(cx, args, 0);
    let class = J::object_class(cx, &array);
    if !matches!(class, Some(ObjectClass::TypedArray | ObjectClass::DataView)) {
        let message = "the argument of getRandomValues is not a view of a buffer";
        return Err(type_error::<J>(cx, message));
    }
    if webidl::is_shared(cx, web, &array)? {
        let message = "the argument of getRandomValues is a view of a shared buffer";
        return Err(type_error::<J>(cx, message));
    }
    let kind = web.realm(cx)?.builtins.typed_array_name(cx, &array)?;
    if kind.is_none_or(|kind| kind.starts_with("Float")) {
        let message = "the argument of getRandomValues is not an array of integers";
        return Err(web.dom_exception(cx, "TypeMismatchError", message));
    }

    if J::with_bytes(cx, &array, <[u8]>::len).unwrap_or(0) > 65536 {
        let message = "getRandomValues fills at most 65536 bytes";
        return Err(web.dom_exception(cx, "QuotaExceededError", message));
    }
    match J::with_bytes_mut(cx, &array, getrandom::fill) {
        Some(Err(_)) => Err(no_randomness(cx, web)),
        _ => Ok(array),
    }
}

/// [`randomUUID()`](https://w3c.github.io/webcrypto/#Crypto-method-randomUUID)
fn random_uuid<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    web.this::<Crypto<J>>(cx, args, &Web::CRYPTO_CLASS)?;
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return Err(no_randomness(cx, web));
    }
    J::string(cx, &uuid(bytes))
}

/// The text of the version 4 UUID with these random bytes.
fn uuid(bytes: [u8; 16]) -> String {
    const VERSION_4: u128 = 0x4000 << 64;
    const VARIANT: u128 = 0x8000 << 48;
    let number = u128::from_be_bytes(bytes) & !(0xF000 << 64) & !(0xC000 << 48);
    let number = number | VERSION_4 | VARIANT;
    let part = |shift: u32, bits: u32| (number >> shift) & ((1 << bits) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 32),
        part(80, 16),
        part(64, 16),
        part(48, 16),
        part(0, 48)
    )
}

#[cold]
fn no_randomness<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
) -> sinew_bridge::Throw<J::Value> {
    let message = "the system gives no random numbers";
    web.dom_exception(cx, "OperationError", message)
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn version_and_variant() {
        assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid([255; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let bytes = std::array::from_fn(|i| i as u8 * 17);
        assert_eq!(uuid(bytes), "00112233-4455-4677-8899-aabbccddeeff");
    }
}

//! What an inspection reads of objects, without running user code.

use sinew_bridge::{
    Completion, Intrinsic, JsHost, ObjectClass, Property, PropertyKey, PropertyKind, ValueType,
    WellKnownSymbol,
};

use super::Inspector;
use crate::builtins::Builtin;

/// A prototype chain is not followed further.
const MAX_CHAIN: usize = 1000;

/// The length from which an array's keys are not listed when it has no holes: own properties that
/// are no elements are not shown then.
const MANY_ELEMENTS: usize = 1 << 16;

/// A property and its key, a String or Symbol.
pub(super) struct Entry<J: JsHost> {
    pub(super) key: J::Value,
    pub(super) property: Property<J>,
}

/// A data property on a prototype chain.
pub(super) struct Found<J: JsHost> {
    pub(super) value: J::Value,
    pub(super) own: bool,
    pub(super) enumerable: bool,
}

impl<J: JsHost> Inspector<'_, J> {
    /// The prototype chain, as far as it has no proxy.
    pub(super) fn chain(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
    ) -> Completion<J, Vec<J::Value>> {
        let mut chain = Vec::new();
        let mut next = object.clone();
        while chain.len() < MAX_CHAIN {
            match J::object_class(cx, &next) {
                None | Some(ObjectClass::Proxy) => break,
                Some(_) => {
                    let proto = J::get_prototype(cx, &next)?;
                    chain.push(next);
                    next = proto;
                }
            }
        }
        Ok(chain)
    }

    /// The property that Get would read, if it is a data property.
    pub(super) fn find(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
        key: PropertyKey<'_, J>,
    ) -> Completion<J, Option<Found<J>>> {
        for (depth, holder) in self.chain(cx, object)?.iter().enumerate() {
            let Some(property) = J::get_own_property(cx, holder, key)? else {
                continue;
            };
            return Ok(match property.kind {
                PropertyKind::Data { value, .. } => Some(Found {
                    value,
                    own: depth == 0,
                    enumerable: property.enumerable,
                }),
                PropertyKind::Accessor { .. } => None,
            });
        }
        Ok(None)
    }

    /// The String that Get would read from a data property.
    pub(crate) fn find_text(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
        key: &str,
    ) -> Completion<J, Option<String>> {
        let found = self.find(cx, object, key.into())?;
        Ok(found.and_then(|found| J::as_text(cx, &found.value)))
    }

    /// The value of an own data property.
    pub(super) fn own_data(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
        key: PropertyKey<'_, J>,
    ) -> Completion<J, Option<J::Value>> {
        if J::object_class(cx, object) == Some(ObjectClass::Proxy) {
            return Ok(None);
        }
        let property = J::get_own_property(cx, object, key)?;
        Ok(match property.map(|property| property.kind) {
            Some(PropertyKind::Data { value, .. }) => Some(value),
            _ => None,
        })
    }

    /// The `name` of a function; `None` if it is empty or anything but a String.
    pub(super) fn function_name(
        &self,
        cx: &mut J::Scope<'_>,
        function: &J::Value,
    ) -> Completion<J, Option<String>> {
        let name = self.own_data(cx, function, "name".into())?;
        let name = name.and_then(|name| J::as_text(cx, &name));
        Ok(name.filter(|name| !name.is_empty()))
    }

    /// The name of the class that an object is an instance of; `None` if its prototype is null.
    pub(crate) fn class_name_of(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
    ) -> Completion<J, Option<String>> {
        let chain = self.chain(cx, object)?;
        self.class_name(cx, &chain, 0)
    }

    fn class_name(
        &self,
        cx: &mut J::Scope<'_>,
        chain: &[J::Value],
        depth: usize,
    ) -> Completion<J, Option<String>> {
        let Some((object, protos)) = chain.split_first() else {
            return Ok(None);
        };
        if let Some(name) = self.constructor_in(cx, chain)? {
            return Ok(Some(name));
        }
        let name = fallback_name::<J>(cx, object);
        if protos.is_empty() {
            // The chain ends here, or goes on behind a proxy.
            let proto = J::get_prototype(cx, object)?;
            let is_null = matches!(J::type_of(&proto), ValueType::Null);
            return Ok((!is_null).then(|| format!("{name} <Complex prototype>")));
        }
        if self.options.is_too_deep(depth) {
            return Ok(Some(format!("{name} <Complex prototype>")));
        }
        let proto = match self.class_name(cx, protos, depth + 1)? {
            Some(proto) => proto,
            None => format!(
                "[{}: null prototype] {{}}",
                fallback_name::<J>(cx, &protos[0])
            ),
        };
        Ok(Some(format!("{name} <{proto}>")))
    }

    /// The first constructor on a chain whose instance the chain's first object is.
    fn constructor_in(
        &self,
        cx: &mut J::Scope<'_>,
        chain: &[J::Value],
    ) -> Completion<J, Option<String>> {
        let well_known = [
            (Intrinsic::ObjectPrototype, "Object"),
            (Intrinsic::FunctionPrototype, "Function"),
        ];
        let well_known = well_known.map(|(intrinsic, name)| {
            let proto = J::intrinsic(cx, intrinsic);
            (J::identity(&proto), name)
        });
        for (depth, object) in chain.iter().enumerate() {
            let identity = J::identity(object);
            let known = well_known.iter().find(|(proto, _)| *proto == identity);
            if depth > 0
                && let Some((_, name)) = known
            {
                return Ok(Some((*name).to_owned()));
            }
            let Some(constructor) = self.own_data(cx, object, "constructor".into())? else {
                continue;
            };
            if !matches!(J::type_of(&constructor), ValueType::Function) {
                continue;
            }
            let Some(proto) = self.own_data(cx, &constructor, "prototype".into())? else {
                continue;
            };
            let proto = J::identity(&proto);
            if proto.is_none() || !chain[1..].iter().any(|other| J::identity(other) == proto) {
                continue;
            }
            if let Some(name) = self.function_name(cx, &constructor)? {
                return Ok(Some(self.clean(&name)));
            }
        }
        Ok(None)
    }

    /// `@@toStringTag`, unless it is shown as a property. Empty for none.
    pub(super) fn tag(&self, cx: &mut J::Scope<'_>, object: &J::Value) -> Completion<J, String> {
        let key = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
        let Some(found) = self.find(cx, object, key)? else {
            return Ok(String::new());
        };
        if found.own && (found.enumerable || self.options.show_hidden) {
            return Ok(String::new());
        }
        let tag = J::as_text(cx, &found.value).unwrap_or_default();
        Ok(self.clean(&tag))
    }

    /// Whether Get of `@@toStringTag` would find anything at all, or ask a proxy for it.
    pub(super) fn may_have_tag(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
    ) -> Completion<J, bool> {
        let chain = self.chain(cx, object)?;
        for holder in &chain {
            let key = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
            if J::get_own_property(cx, holder, key)?.is_some() {
                return Ok(true);
            }
        }
        match chain.last() {
            Some(last) => {
                let end = J::get_prototype(cx, last)?;
                Ok(!matches!(J::type_of(&end), ValueType::Null))
            }
            None => Ok(true),
        }
    }

    /// The own properties that are shown; of a list, those that are no elements.
    pub(super) fn keys(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
        elements: Option<usize>,
    ) -> Completion<J, Vec<Entry<J>>> {
        if let Some(length) = elements
            && length > MANY_ELEMENTS
            && self.is_dense(cx, object, length)?
        {
            return Ok(Vec::new());
        }
        let mut entries = Vec::new();
        for key in J::own_keys(cx, object)? {
            if elements.is_some() && array_index::<J>(cx, &key).is_some() {
                continue;
            }
            let Some(property) = J::get_own_property(cx, object, PropertyKey::Value(&key))? else {
                continue;
            };
            if property.enumerable || self.options.show_hidden {
                entries.push(Entry { key, property });
            }
        }
        if self.options.sorted {
            entries.sort_by_cached_key(|entry| self.sort_key(cx, &entry.key));
        }
        Ok(entries)
    }

    /// What a property is sorted by.
    fn sort_key(&self, cx: &mut J::Scope<'_>, key: &J::Value) -> String {
        let text = match J::type_of(key) {
            ValueType::Symbol => self
                .builtins
                .text(cx, Builtin::SymbolText, key)
                .ok()
                .flatten(),
            _ => J::as_text(cx, key),
        };
        text.unwrap_or_default()
    }

    /// The first names of own enumerable properties, in the order of
    /// [EnumerableOwnProperties](https://tc39.es/ecma262/#sec-enumerableownproperties). Runs the
    /// traps of a proxy.
    pub(crate) fn enumerable_names(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
        limit: usize,
    ) -> Completion<J, Vec<J::Value>> {
        let mut names = Vec::new();
        if let Some(length) = self.dense_length(cx, object)? {
            for index in 0..length.min(limit) {
                names.push(J::string(cx, &index.to_string())?);
            }
            return Ok(names);
        }
        for key in J::own_keys(cx, object)? {
            if names.len() >= limit {
                break;
            }
            if !matches!(J::type_of(&key), ValueType::String) {
                continue;
            }
            let property = J::get_own_property(cx, object, PropertyKey::Value(&key))?;
            if property.is_some_and(|property| property.enumerable) {
                names.push(key);
            }
        }
        Ok(names)
    }

    /// The length of a list that is too long to list its keys, and probably has no holes.
    fn dense_length(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
    ) -> Completion<J, Option<usize>> {
        let length = match J::object_class(cx, object) {
            Some(ObjectClass::Array) => {
                let length = self.own_data(cx, object, "length".into())?;
                length.as_ref().and_then(J::as_number)
            }
            Some(ObjectClass::TypedArray) => {
                self.builtins
                    .number(cx, Builtin::TypedArrayLength, object)?
            }
            _ => None,
        };
        let length = length.unwrap_or_default() as usize;
        let is_dense = length > MANY_ELEMENTS && self.is_dense(cx, object, length)?;
        Ok(is_dense.then_some(length))
    }

    /// Whether a long list probably has no holes.
    fn is_dense(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
        length: usize,
    ) -> Completion<J, bool> {
        for index in [0, length / 2, length - 1] {
            let Ok(index) = u32::try_from(index) else {
                return Ok(true);
            };
            if J::get_own_property(cx, object, PropertyKey::Index(index))?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether String(object) would run built-in code only.
    pub(crate) fn has_builtin_to_string(
        &self,
        cx: &mut J::Scope<'_>,
        object: &J::Value,
    ) -> Completion<J, bool> {
        for (depth, holder) in self.chain(cx, object)?.iter().enumerate() {
            let Some(property) = J::get_own_property(cx, holder, "toString".into())? else {
                continue;
            };
            let PropertyKind::Data { value, .. } = property.kind else {
                return Ok(depth > 0);
            };
            if !J::is_callable(cx, &value) {
                return Ok(true);
            }
            return self.is_native_function(cx, &value);
        }
        Ok(true)
    }
}

/// The array index that a property key is.
pub(super) fn array_index<J: JsHost>(cx: &mut J::Scope<'_>, key: &J::Value) -> Option<u32> {
    if !matches!(J::type_of(key), ValueType::String) {
        return None;
    }
    let text = J::as_text(cx, key)?;
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    let index: u32 = text.parse().ok()?;
    (canonical && index < u32::MAX).then_some(index)
}

/// What an object is called that has no constructor.
pub(super) fn fallback_name<J: JsHost>(cx: &mut J::Scope<'_>, object: &J::Value) -> &'static str {
    match J::object_class(cx, object) {
        Some(ObjectClass::Array) => "Array",
        Some(ObjectClass::Function) => "Function",
        Some(ObjectClass::Error) => "Error",
        Some(ObjectClass::Promise) => "Promise",
        Some(ObjectClass::ArrayBuffer) => "ArrayBuffer",
        Some(ObjectClass::SharedArrayBuffer) => "SharedArrayBuffer",
        Some(ObjectClass::TypedArray) => "TypedArray",
        Some(ObjectClass::DataView) => "DataView",
        Some(ObjectClass::Date) => "Date",
        Some(ObjectClass::RegExp) => "RegExp",
        Some(ObjectClass::Map) => "Map",
        Some(ObjectClass::Set) => "Set",
        Some(ObjectClass::WeakMap) => "WeakMap",
        Some(ObjectClass::WeakSet) => "WeakSet",
        Some(ObjectClass::WeakRef) => "WeakRef",
        Some(ObjectClass::Namespace) => "Module",
        _ => "Object",
    }
}

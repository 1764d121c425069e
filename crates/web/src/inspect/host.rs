//! What objects of this crate's classes show, as those of Node do: their state rather than their
//! own properties.

use std::rc::Rc;

use sinew_bridge::{Completion, JsHost, PropertyKey, PropertyKind, Throw};

use super::Inspector;
use super::layout::List;
use super::lookup::Entry;
use crate::Web;
use crate::iterable::Pair;

/// What objects of a class show.
pub(crate) enum Show<J: JsHost> {
    /// Attributes, by their getters.
    Attributes(Vec<(&'static str, J::Value)>),
    /// Pairs, as a map does.
    Entries(PairAt<J>),
    /// Pairs, as properties: a key that has several values has an array.
    Properties(PairAt<J>),
}

/// The pair of an object at an index.
pub(crate) type PairAt<J> = for<'s, 'a, 'b, 'c> fn(
    &'a mut <J as JsHost>::Scope<'s>,
    &'b Rc<Web<J>>,
    &'c <J as JsHost>::Value,
    usize,
) -> Completion<J, Option<Pair<J>>>;

/// The attributes that each class shows. A class that is not here shows nothing but the properties
/// that its objects were given.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    (
        "URL",
        &[
            "href",
            "origin",
            "protocol",
            "username",
            "password",
            "host",
            "hostname",
            "port",
            "pathname",
            "search",
            "searchParams",
            "hash",
        ],
    ),
    ("Blob", &["size", "type"]),
    ("File", &["size", "type", "name", "lastModified"]),
    ("AbortController", &["signal"]),
    ("AbortSignal", &["aborted"]),
    (
        "Event",
        &["type", "defaultPrevented", "cancelable", "timeStamp"],
    ),
    ("TextEncoder", &["encoding"]),
    ("TextDecoder", &["encoding", "fatal", "ignoreBOM"]),
    ("ReadableStream", &["locked"]),
    ("WritableStream", &["locked"]),
    ("TransformStream", &["readable", "writable"]),
    ("TextEncoderStream", &["encoding", "readable", "writable"]),
    (
        "TextDecoderStream",
        &["encoding", "fatal", "ignoreBOM", "readable", "writable"],
    ),
    ("CompressionStream", &["readable", "writable"]),
    ("DecompressionStream", &["readable", "writable"]),
    ("ByteLengthQueuingStrategy", &["highWaterMark"]),
    ("CountQueuingStrategy", &["highWaterMark"]),
    (
        "Response",
        &[
            "status",
            "statusText",
            "headers",
            "body",
            "bodyUsed",
            "ok",
            "redirected",
            "type",
            "url",
        ],
    ),
    (
        "Request",
        &[
            "method",
            "url",
            "headers",
            "destination",
            "referrer",
            "referrerPolicy",
            "mode",
            "credentials",
            "cache",
            "redirect",
            "integrity",
            "keepalive",
            "isReloadNavigation",
            "isHistoryNavigation",
            "signal",
        ],
    ),
];

/// The [attributes](ATTRIBUTES) of a new class, by the getters on its prototype.
pub(crate) fn attributes<J: JsHost>(
    cx: &mut J::Scope<'_>,
    class: &str,
    prototype: &J::Value,
) -> Completion<J, Option<Show<J>>> {
    let Some((_, names)) = ATTRIBUTES.iter().find(|(name, _)| *name == class) else {
        return Ok(None);
    };
    let mut getters = Vec::new();
    for name in *names {
        let property = J::get_own_property(cx, prototype, PropertyKey::Name(name))?;
        // Those that it inherits are shown by its parent, too.
        let inherited = match property {
            Some(_) => property,
            None => {
                let parent = J::get_prototype(cx, prototype)?;
                J::get_own_property(cx, &parent, PropertyKey::Name(name))?
            }
        };
        if let Some(PropertyKind::Accessor { get: Some(get), .. }) =
            inherited.map(|property| property.kind)
        {
            getters.push((*name, get));
        }
    }
    Ok(Some(Show::Attributes(getters)))
}

impl<J: JsHost> Inspector<'_, J> {
    /// What an object of this crate's classes shows; `None` for any other.
    pub(super) fn host_show(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
    ) -> Completion<J, Option<Rc<Show<J>>>> {
        if !self.builtins.has_shows() {
            return Ok(None);
        }
        for proto in self.chain(cx, value)?.iter().skip(1) {
            let Some(show) = self.builtins.show_of(proto) else {
                continue;
            };
            // An object that only inherits from the prototype has no state to show.
            let completion = match &*show {
                Show::Attributes(getters) => match getters.first() {
                    Some((_, getter)) => J::call(cx, getter, value, &[]).map(|_| ()),
                    None => Ok(()),
                },
                Show::Entries(at) | Show::Properties(at) => at(cx, self.web, value, 0).map(|_| ()),
            };
            return match completion {
                Ok(()) => Ok(Some(show)),
                Err(Throw::Value(_)) => Ok(None),
                Err(Throw::Terminated) => Err(Throw::Terminated),
            };
        }
        Ok(None)
    }

    /// Whether there is nothing to show.
    pub(super) fn is_empty(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        show: &Show<J>,
    ) -> Completion<J, bool> {
        match show {
            Show::Attributes(getters) => Ok(getters.is_empty()),
            Show::Entries(at) | Show::Properties(at) => Ok(at(cx, self.web, value, 0)?.is_none()),
        }
    }

    /// The entries of an object that shows its state.
    pub(super) fn host(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        show: &Show<J>,
        level: usize,
    ) -> Completion<J, List> {
        let mut list = List::default();
        match show {
            Show::Attributes(getters) => {
                for (name, getter) in getters {
                    let field = J::call(cx, getter, value, &[])?;
                    // As in Node, what is inside is not deeper.
                    let text = self.indented(|this| this.value(cx, &field, level - 1))?;
                    list.entries.push(format!("{name}: {text}"));
                }
            }
            Show::Entries(at) => {
                for (key, value) in self.pairs(cx, value, *at)? {
                    let key = self.indented(|this| this.value(cx, &key, level))?;
                    let value = self.indented(|this| this.value(cx, &value, level))?;
                    list.entries.push(format!("{key} => {value}"));
                }
            }
            Show::Properties(at) => {
                for (key, values) in self.grouped(cx, value, *at)? {
                    let value = match values.as_slice() {
                        [value] => value.clone(),
                        values => J::create_array(cx, values)?,
                    };
                    let property = sinew_bridge::Property::data(value);
                    let entry = Entry { key, property };
                    list.entries.push(self.property(cx, &entry, level)?);
                }
            }
        }
        Ok(list)
    }

    fn pairs(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        at: PairAt<J>,
    ) -> Completion<J, Vec<Pair<J>>> {
        let mut pairs = Vec::new();
        while pairs.len() < self.options.max_elements
            && let Some(pair) = at(cx, self.web, value, pairs.len())?
        {
            pairs.push(pair);
        }
        Ok(pairs)
    }

    /// The pairs with those of one key together.
    fn grouped(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        at: PairAt<J>,
    ) -> Completion<J, Vec<(J::Value, Vec<J::Value>)>> {
        let mut groups: Vec<(J::Value, Vec<J::Value>)> = Vec::new();
        for (key, value) in self.pairs(cx, value, at)? {
            let known = groups
                .iter_mut()
                .find(|(other, _)| J::same_value(cx, other, &key));
            match known {
                Some((_, values)) => values.push(value),
                None => groups.push((key, vec![value])),
            }
        }
        Ok(groups)
    }
}

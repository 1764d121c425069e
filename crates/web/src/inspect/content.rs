//! The entries of objects that are no properties.

use sinew_bridge::{Completion, JsHost, PromiseState, PropertyKey, PropertyKind, Throw, ValueType};

use super::layout::List;
use super::lookup::{Entry, array_index};
use super::shape::Content;
use super::{Inspector, Style};
use crate::builtins::Builtin;
use crate::console::OUTPUT_LIMIT;

impl<J: JsHost> Inspector<'_, J> {
    pub(super) fn content(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        content: &Content<J>,
        level: usize,
    ) -> Completion<J, List> {
        let entries = match content {
            Content::None => Vec::new(),
            Content::Host(show) => return self.host(cx, value, show, level),
            Content::Array(length) => return self.array(cx, value, *length, level),
            Content::TypedArray(length) => return self.typed_array(cx, value, *length),
            Content::Set(size) => {
                let values = self.set_values(cx, value, self.options.max_elements)?;
                return self.indented(|this| this.set(cx, &values, *size, level));
            }
            Content::Map(size) => {
                let entries = self.map_entries(cx, value, self.options.max_elements)?;
                return self.indented(|this| this.map(cx, &entries, *size, level));
            }
            Content::Buffer => self.buffer(cx, value)?,
            Content::DataView => self.data_view(cx, value, level)?,
            Content::Promise(state) => vec![self.promise(cx, state, level)?],
            Content::Weak => vec![self.style(Style::Special, "<items unknown>")],
            Content::Namespace(names) => self.namespace(cx, value, names, level)?,
        };
        Ok(List {
            entries,
            ..List::default()
        })
    }

    pub(super) fn indented<T>(
        &mut self,
        f: impl FnOnce(&mut Self) -> Completion<J, T>,
    ) -> Completion<J, T> {
        self.indentation += 2;
        let result = f(self);
        self.indentation -= 2;
        result
    }

    fn array(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        length: usize,
        level: usize,
    ) -> Completion<J, List> {
        let mut list = List {
            numeric: true,
            ..List::default()
        };
        let mut index = 0;
        // The indices there are, once a hole was met.
        let mut present: Option<std::vec::IntoIter<u32>> = None;
        while index < length && list.entries.len() < self.options.max_elements && self.left > 0 {
            let key = PropertyKey::Index(index as u32);
            if let Some(property) = J::get_own_property(cx, value, key)? {
                list.numeric &= is_numeric::<J>(&property.kind);
                let key = J::undefined();
                let entry = Entry { key, property };
                list.entries.push(self.property_value(cx, &entry, level)?);
                index += 1;
                continue;
            }
            if present.is_none() {
                present = Some(indices::<J>(cx, value)?.into_iter());
            }
            let next = present
                .as_mut()
                .and_then(|present| present.find(|&next| next as usize > index));
            let end = next.map_or(length, |next| (next as usize).min(length));
            let text = match end - index {
                1 => "<1 empty item>".to_owned(),
                holes => format!("<{holes} empty items>"),
            };
            list.entries.push(self.style(Style::Undefined, &text));
            list.numeric = false;
            index = end;
        }
        list.cut_at(length - index);
        Ok(list)
    }

    fn typed_array(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        length: usize,
    ) -> Completion<J, List> {
        let shown = length.min(self.options.max_elements);
        let mut list = List {
            numeric: true,
            ..List::default()
        };
        for index in 0..shown {
            if self.left == 0 {
                break;
            }
            let element = J::get(cx, value, PropertyKey::Index(index as u32))?;
            let text = self.number(cx, &element)?;
            self.spend(&text);
            list.entries.push(self.style(Style::Number, &text));
        }
        list.cut_at(length - shown);
        Ok(list)
    }

    /// The first values of a Set.
    pub(crate) fn set_values(
        &self,
        cx: &mut J::Scope<'_>,
        set: &J::Value,
        limit: usize,
    ) -> Completion<J, Vec<J::Value>> {
        self.iterate(cx, set, limit, Builtin::SetValues, Builtin::SetIteratorNext)
    }

    /// The first keys and values of a Map.
    pub(crate) fn map_entries(
        &self,
        cx: &mut J::Scope<'_>,
        map: &J::Value,
        limit: usize,
    ) -> Completion<J, Vec<(J::Value, J::Value)>> {
        let entries = self.iterate(
            cx,
            map,
            limit,
            Builtin::MapEntries,
            Builtin::MapIteratorNext,
        )?;
        let mut pairs = Vec::with_capacity(entries.len());
        for entry in &entries {
            let key = self.own_data(cx, entry, PropertyKey::Index(0))?;
            let value = self.own_data(cx, entry, PropertyKey::Index(1))?;
            let undefined = J::undefined;
            pairs.push((
                key.unwrap_or_else(undefined),
                value.unwrap_or_else(undefined),
            ));
        }
        Ok(pairs)
    }

    /// The first results of an iterator of a Map or Set.
    fn iterate(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        limit: usize,
        method: Builtin,
        next: Builtin,
    ) -> Completion<J, Vec<J::Value>> {
        let mut values = Vec::new();
        let Some(iterator) = self.builtins.call(cx, method, value)? else {
            return Ok(values);
        };
        while values.len() < limit.min(OUTPUT_LIMIT) {
            let Some(result) = self.builtins.call(cx, next, &iterator)? else {
                break;
            };
            let done = self.own_data(cx, &result, "done".into())?;
            if done.as_ref().and_then(J::as_boolean) != Some(false) {
                break;
            }
            let value = self.own_data(cx, &result, "value".into())?;
            values.push(value.unwrap_or_else(J::undefined));
        }
        Ok(values)
    }

    fn set(
        &mut self,
        cx: &mut J::Scope<'_>,
        values: &[J::Value],
        size: usize,
        level: usize,
    ) -> Completion<J, List> {
        let mut list = List::default();
        for value in values {
            list.entries.push(self.value(cx, value, level)?);
        }
        list.cut_at(size - values.len().min(size));
        Ok(list)
    }

    fn map(
        &mut self,
        cx: &mut J::Scope<'_>,
        entries: &[(J::Value, J::Value)],
        size: usize,
        level: usize,
    ) -> Completion<J, List> {
        let mut list = List::default();
        for (key, value) in entries {
            let key = self.value(cx, key, level)?;
            let value = self.value(cx, value, level)?;
            list.entries.push(format!("{key} => {value}"));
        }
        list.cut_at(size - entries.len().min(size));
        Ok(list)
    }

    fn buffer(&mut self, cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, Vec<String>> {
        let detached = self.builtins.call(cx, Builtin::BufferDetached, value)?;
        let is_detached = detached.as_ref().and_then(J::as_boolean) == Some(true);
        let limit = self.options.max_elements.min(OUTPUT_LIMIT);
        let (length, bytes) = J::with_bytes(cx, value, |bytes| {
            let shown = &bytes[..bytes.len().min(limit)];
            let shown: Vec<_> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            (bytes.len(), shown.join(" "))
        })
        .unwrap_or_default();
        let contents = if is_detached {
            self.style(Style::Special, "(detached)")
        } else {
            let more = match length.saturating_sub(limit) {
                0 => String::new(),
                1 => " ... 1 more byte".to_owned(),
                more => format!(" ... {more} more bytes"),
            };
            let name = self.style(Style::Special, "[Uint8Contents]");
            format!("{name}: <{bytes}{more}>")
        };
        self.spend(&contents);
        let length = self.style(Style::Number, &length.to_string());
        Ok(vec![contents, format!("byteLength: {length}")])
    }

    fn data_view(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        level: usize,
    ) -> Completion<J, Vec<String>> {
        let mut entries = Vec::new();
        for (name, builtin) in [
            ("byteLength", Builtin::DataViewByteLength),
            ("byteOffset", Builtin::DataViewByteOffset),
            ("buffer", Builtin::DataViewBuffer),
        ] {
            // The numbers of a view out of bounds cannot be asked for.
            if let Some(field) = self.builtins.call(cx, builtin, value)? {
                let text = self.indented(|this| this.value(cx, &field, level))?;
                entries.push(format!("{name}: {text}"));
            }
        }
        Ok(entries)
    }

    fn promise(
        &mut self,
        cx: &mut J::Scope<'_>,
        state: &PromiseState<J::Value>,
        level: usize,
    ) -> Completion<J, String> {
        match state {
            PromiseState::Pending => Ok(self.style(Style::Special, "<pending>")),
            PromiseState::Fulfilled(value) => self.indented(|this| this.value(cx, value, level)),
            PromiseState::Rejected(reason) => {
                let text = self.indented(|this| this.value(cx, reason, level))?;
                Ok(format!(
                    "{} {text}",
                    self.style(Style::Special, "<rejected>")
                ))
            }
        }
    }

    fn namespace(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        names: &[J::Value],
        level: usize,
    ) -> Completion<J, Vec<String>> {
        let mut entries = Vec::new();
        for key in names {
            if self.left == 0 {
                break;
            }
            match J::get_own_property(cx, value, PropertyKey::Value(key)) {
                Ok(Some(property)) if property.enumerable || self.options.show_hidden => {
                    let key = key.clone();
                    let entry = Entry { key, property };
                    entries.push(self.property(cx, &entry, level)?);
                }
                Ok(_) => {}
                // The binding is not initialized yet.
                Err(Throw::Value(_)) => {
                    let name = self.property_name(cx, key, true)?;
                    let text = self.style(Style::Special, "<uninitialized>");
                    self.spend(&name);
                    entries.push(format!("{name}: {text}"));
                }
                Err(Throw::Terminated) => return Err(Throw::Terminated),
            }
        }
        Ok(entries)
    }
}

impl List {
    /// Says how many elements are missing.
    fn cut_at(&mut self, missing: usize) {
        self.cut = missing > 0;
        match missing {
            0 => {}
            1 => self.entries.push("... 1 more item".to_owned()),
            _ => self.entries.push(format!("... {missing} more items")),
        }
    }
}

fn is_numeric<J: JsHost>(kind: &PropertyKind<J>) -> bool {
    match kind {
        PropertyKind::Data { value, .. } => {
            matches!(J::type_of(value), ValueType::Number | ValueType::BigInt)
        }
        PropertyKind::Accessor { .. } => false,
    }
}

/// The array indices among the own keys, in ascending order.
fn indices<J: JsHost>(cx: &mut J::Scope<'_>, value: &J::Value) -> Completion<J, Vec<u32>> {
    let keys = J::own_keys(cx, value)?;
    Ok(keys
        .iter()
        .filter_map(|key| array_index::<J>(cx, key))
        .collect())
}

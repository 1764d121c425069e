//! Errors.

use sinew_bridge::{Completion, Intrinsic, JsHost, ObjectClass, PropertyKey, PropertyKind};

use super::lookup::Entry;
use super::shape::Title;
use super::{Inspector, Style};
use crate::dom_exception::DomException;

/// Frames that an error must share with its cause to be left out.
const SHARED_FRAMES: usize = 4;

impl<J: JsHost> Inspector<'_, J> {
    /// Name, message and stack trace. Takes from `keys` what that text says, adds the cause.
    pub(super) fn error(
        &mut self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        title: &Title,
        keys: &mut Vec<Entry<J>>,
    ) -> Completion<J, String> {
        let (name, message) = self.name_and_message(cx, value)?;
        let mut head = match (name.is_empty(), message.is_empty()) {
            (true, _) => message.clone(),
            (_, true) => name.clone(),
            _ => format!("{name}: {message}"),
        };
        let mut frames = self.frames(cx, value)?;
        if let Some(text) = self.own_text(cx, value, &message)? {
            // User code has written another text.
            head = text;
            frames.clear();
        } else {
            head = with_class_name(&head, &name, title);
        }
        let said = format!("{head}\n{}", frames.join("\n"));
        self.remove_said(cx, keys, &said)?;
        for key in ["cause", "errors"] {
            self.add_hidden(cx, value, key, keys)?;
        }
        let frames = self.without_shared(cx, value, frames)?;

        let mut text = self.clean(&head);
        if frames.is_empty() && !text.contains("\n    at ") {
            text = format!("[{text}]");
        }
        for frame in frames {
            text.push('\n');
            text += &frame;
        }
        if self.indentation > 0 {
            text = text.replace('\n', &format!("\n{}", " ".repeat(self.indentation)));
        }
        Ok(text)
    }

    /// Whether an object is an error, or inherits from one.
    pub(super) fn is_error(
        &self,
        cx: &mut J::Scope<'_>,
        value: &J::Value,
        class: ObjectClass,
    ) -> Completion<J, bool> {
        if !matches!(class, ObjectClass::Ordinary | ObjectClass::Platform) {
            return Ok(class == ObjectClass::Error);
        }
        let proto = J::intrinsic(cx, Intrinsic::ErrorPrototype);
        let proto = J::identity(&proto);
        let chain = self.chain(cx, value)?;
        Ok(chain
            .iter()
            .skip(1)
            .any(|other| J::identity(other) == proto))
    }

    fn name_and_message(
        &self,
        cx: &mut J::Scope<'_>,
        error: &J::Value,
    ) -> Completion<J, (String, String)> {
        // There they are getters.
        if let Some(exception) = J::state::<DomException<J>>(cx, error) {
            return Ok((exception.name(), exception.message()));
        }
        let name = self.find_text(cx, error, "name")?;
        let message = self.find_text(cx, error, "message")?;
        let name = name.unwrap_or_else(|| "Error".to_owned());
        Ok((name, message.unwrap_or_default()))
    }

    /// The stack trace, four spaces before each frame.
    fn frames(&self, cx: &mut J::Scope<'_>, error: &J::Value) -> Completion<J, Vec<String>> {
        let mut stack = J::error_stack(cx, error);
        if stack.is_empty() && J::object_class(cx, error) != Some(ObjectClass::Error) {
            let own = self.own_data(cx, error, "stack".into())?;
            let own = own.and_then(|own| J::as_text(cx, &own)).unwrap_or_default();
            let frames = own.lines().skip_while(|line| !is_frame(line));
            stack = frames.collect::<Vec<_>>().join("\n");
        }
        let lines = stack.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(lines
            .map(|line| format!("    {}", self.clean(line)))
            .collect())
    }

    /// The `stack` of an error to which user code gave another one than the engine did: whose
    /// lines before the first frame do not end in the message.
    fn own_text(
        &self,
        cx: &mut J::Scope<'_>,
        error: &J::Value,
        message: &str,
    ) -> Completion<J, Option<String>> {
        let stack = self.own_data(cx, error, "stack".into())?;
        let Some(stack) = stack.and_then(|stack| J::as_text(cx, &stack)) else {
            return Ok(None);
        };
        let head: Vec<_> = stack.lines().take_while(|line| !is_frame(line)).collect();
        let head = head.join("\n");
        let is_plain = match message {
            "" => !head.trim().contains(char::is_whitespace),
            _ => head.is_empty() || head.trim_end().ends_with(message.trim_end()),
        };
        Ok((!is_plain).then(|| stack.trim_end().to_owned()))
    }

    /// Removes the enumerable properties that the text of the error has said.
    fn remove_said(
        &self,
        cx: &mut J::Scope<'_>,
        keys: &mut Vec<Entry<J>>,
        said: &str,
    ) -> Completion<J, ()> {
        if self.options.show_hidden {
            return Ok(());
        }
        keys.retain(|entry| {
            let key = J::as_text(cx, &entry.key).unwrap_or_default();
            let PropertyKind::Data { value, .. } = &entry.property.kind else {
                return key != "stack";
            };
            let text = J::as_text(cx, value);
            match &*key {
                // Never enumerable in Node.
                "stack" => false,
                "name" | "message" => !text.is_some_and(|text| said.contains(&text)),
                _ => true,
            }
        });
        Ok(())
    }

    /// Adds an own property that is not enumerable; `errors` only if it is an Array.
    fn add_hidden(
        &self,
        cx: &mut J::Scope<'_>,
        error: &J::Value,
        name: &str,
        keys: &mut Vec<Entry<J>>,
    ) -> Completion<J, ()> {
        let Some(property) = J::get_own_property(cx, error, name.into())? else {
            return Ok(());
        };
        if property.enumerable || self.options.show_hidden {
            return Ok(());
        }
        if name == "errors" {
            let PropertyKind::Data { value, .. } = &property.kind else {
                return Ok(());
            };
            if J::object_class(cx, value) != Some(ObjectClass::Array) {
                return Ok(());
            }
        }
        let key = J::string(cx, name)?;
        keys.push(Entry { key, property });
        Ok(())
    }

    /// Replaces the frames that the cause has, too, by a note.
    fn without_shared(
        &self,
        cx: &mut J::Scope<'_>,
        error: &J::Value,
        mut frames: Vec<String>,
    ) -> Completion<J, Vec<String>> {
        let key = PropertyKey::Name("cause");
        let Some(cause) = self.own_data(cx, error, key)? else {
            return Ok(frames);
        };
        if J::object_class(cx, &cause) != Some(ObjectClass::Error) {
            return Ok(frames);
        }
        let other = self.frames(cx, &cause)?;
        let shared = frames.iter().rev().zip(other.iter().rev());
        let shared = shared.take_while(|(a, b)| a == b).count();
        if shared >= SHARED_FRAMES {
            // The first and last of them stay.
            let start = frames.len() - shared + 1;
            let skipped = shared - 2;
            let note = format!("    ... {skipped} lines matching cause stack trace ...");
            let note = self.style(Style::Undefined, &note);
            frames.splice(start..start + skipped, [note]);
        }
        Ok(frames)
    }
}

fn is_frame(line: &str) -> bool {
    line.trim_start().starts_with("at ")
}

/// The text of an error with its class's name, where the `name` it inherits says less.
fn with_class_name(head: &str, name: &str, title: &Title) -> String {
    let is_plain = name.ends_with("Error") && head.starts_with(name);
    if title.name.is_some() && !is_plain {
        return head.to_owned();
    }
    let prefix = title.prefix("Error", "");
    let prefix = prefix.trim_end();
    let rest = head.strip_prefix(name).unwrap_or(head);
    if prefix == name {
        head.to_owned()
    } else if prefix.contains(name) {
        format!("{prefix}{rest}")
    } else {
        format!("{prefix} [{name}]{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Title, with_class_name};

    #[test]
    fn class_names() {
        let title = |name: &str| Title {
            name: Some(name.to_owned()),
            tag: String::new(),
        };
        for (class, name, head, expected) in [
            ("Error", "Error", "Error: m", "Error: m"),
            ("MyError", "Error", "Error: m", "MyError: m"),
            ("Mine", "Error", "Error", "Mine [Error]"),
            ("Mine", "Other", "Other: m", "Other: m"),
        ] {
            assert_eq!(with_class_name(head, name, &title(class)), expected);
        }
    }
}

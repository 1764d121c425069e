//! Globals that a program takes for granted and a runtime does not have.

use std::fmt;

use sinew_registry::{Key, PackageId, Resolver};

/// A global that was used and does not exist, behind an uncaught `ReferenceError`.
///
/// ```
/// # use sinew::{DefaultEngine, DefaultHost, Runtime};
/// # fn main() -> Result<(), sinew::Error> {
/// let mut runtime = Runtime::<DefaultHost, DefaultEngine>::builder().build()?;
/// let error = runtime.eval::<i32>("x.js", "document.body").unwrap_err();
/// let missing = error.missing_global().unwrap();
/// assert_eq!(missing.name(), "document");
/// assert_eq!(missing.part_of(), Some("the documents of browsers; here is none"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingGlobal {
    name: String,
    package: Option<PackageId>,
    file: Option<String>,
    part_of: Option<&'static str>,
}

impl MissingGlobal {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the package that used it, if it was a package.
    pub fn package(&self) -> Option<&str> {
        self.package.as_ref().map(|package| package.name.as_str())
    }

    /// The version of that package.
    pub fn package_version(&self) -> Option<&str> {
        self.package.as_ref()?.version.as_deref()
    }

    /// The URL of the file that used it, where the stack trace tells.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    /// What it is part of elsewhere, if it is well known: the end of a sentence.
    pub fn part_of(&self) -> Option<&'static str> {
        self.part_of
    }

    /// The global behind an error of this class, message and stack. Names that nobody knows count
    /// where a package uses them: elsewhere they are what they look like, slips.
    pub(crate) fn of_error(
        resolver: Option<&Resolver>,
        class: &str,
        message: &str,
        stack: &str,
    ) -> Option<Self> {
        if class != "ReferenceError" {
            return None;
        }
        let name = message.strip_suffix(" is not defined")?.trim_matches('\'');
        let is_name = |name: &str| {
            let part = |c: char| c.is_alphanumeric() || "_$".contains(c);
            (1..=64).contains(&name.len()) && name.chars().all(part)
        };
        if !is_name(name) {
            return None;
        }
        let key = stack.lines().find_map(file_of);
        let package = match (resolver, &key) {
            (Some(resolver), Some(key)) if key.is_in_node_modules() => resolver.package_of(key),
            _ => None,
        };
        let part_of = part_of(name);
        (part_of.is_some() || package.is_some()).then(|| MissingGlobal {
            name: name.to_owned(),
            package,
            file: key.map(|key| key.url()),
            part_of,
        })
    }
}

impl fmt::Display for MissingGlobal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (&self.package, &self.file) {
            (Some(package), Some(file)) => {
                write!(f, ", which the package {package} uses ({file}),")?;
            }
            (Some(package), None) => write!(f, ", which the package {package} uses,")?,
            _ => {}
        }
        match self.part_of {
            Some(part_of) => write!(f, " is part of {part_of}"),
            None => f.write_str(" is not a global here"),
        }
    }
}

/// The file in a line of a stack trace.
fn file_of(line: &str) -> Option<Key> {
    let url = line[line.find("file://")?..]
        .trim_end()
        .trim_end_matches(')');
    let without_number = |text: &str| {
        let (rest, number) = text.rsplit_once(':')?;
        // Boa has places that it does not know.
        let is_number = number == "?" || number.bytes().all(|c| c.is_ascii_digit());
        is_number.then_some(rest.len())
    };
    let mut end = url.len();
    // A line, and maybe a column.
    for _ in 0..2 {
        end = without_number(&url[..end]).unwrap_or(end);
    }
    Key::from_module_name(&url[..end])
}

const NODE: &str =
    "Node.js, which Sinew is not; look for a build without it (--conditions browser)";
const COMMONJS: &str = "CommonJS modules; ES modules have import, export and import.meta";
const DOCUMENT: &str = "the documents of browsers; here is none";
const WORKERS: &str = "the workers of browsers; here are none";
const NETWORK: &str = "the network and storage of browsers; here are none";
const WEB: &str = "the Web APIs, which this runtime was set up without";

fn part_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "Buffer" | "process" | "global" | "setImmediate" | "clearImmediate" => NODE,
        "require" | "module" | "exports" | "__dirname" | "__filename" => COMMONJS,
        "define" => "AMD, a module system of browsers before ES modules",
        "Deno" => "Deno, another runtime",
        "Bun" => "Bun, another runtime",
        "window"
        | "document"
        | "location"
        | "history"
        | "parent"
        | "top"
        | "frames"
        | "screen"
        | "alert"
        | "confirm"
        | "prompt"
        | "requestAnimationFrame"
        | "cancelAnimationFrame"
        | "requestIdleCallback"
        | "getComputedStyle"
        | "matchMedia"
        | "customElements"
        | "DOMParser"
        | "XMLSerializer"
        | "Node"
        | "Element"
        | "HTMLElement"
        | "HTMLCanvasElement"
        | "HTMLImageElement"
        | "Image"
        | "Audio"
        | "ImageData"
        | "OffscreenCanvas"
        | "MutationObserver"
        | "ResizeObserver"
        | "IntersectionObserver"
        | "createImageBitmap"
        | "FileReader" => DOCUMENT,
        "Worker"
        | "SharedWorker"
        | "WorkerGlobalScope"
        | "DedicatedWorkerGlobalScope"
        | "ServiceWorkerGlobalScope"
        | "importScripts"
        | "postMessage"
        | "onmessage"
        | "MessageChannel"
        | "MessagePort"
        | "BroadcastChannel" => WORKERS,
        "XMLHttpRequest" | "WebSocket" | "EventSource" | "indexedDB" | "localStorage"
        | "sessionStorage" | "caches" => NETWORK,
        "console"
        | "setTimeout"
        | "clearTimeout"
        | "setInterval"
        | "clearInterval"
        | "queueMicrotask"
        | "performance"
        | "TextEncoder"
        | "TextDecoder"
        | "URL"
        | "URLSearchParams"
        | "atob"
        | "btoa"
        | "crypto"
        | "structuredClone"
        | "Event"
        | "EventTarget"
        | "CustomEvent"
        | "AbortController"
        | "AbortSignal"
        | "DOMException"
        | "Blob"
        | "File"
        | "FormData"
        | "Headers"
        | "Request"
        | "Response"
        | "fetch"
        | "ReadableStream"
        | "WritableStream"
        | "TransformStream"
        | "TextEncoderStream"
        | "TextDecoderStream"
        | "CompressionStream"
        | "DecompressionStream"
        | "navigator"
        | "self"
        | "reportError" => WEB,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_stacks() {
        for (line, expected) in [
            ("    at f (file:///a/b.js:1:23)", Some("file:///a/b.js")),
            ("at file:///a/b.js:1", Some("file:///a/b.js")),
            ("at file:///a/b.js", Some("file:///a/b.js")),
            (
                "at f (file:///a/b%20c.js?q:1 <3>:4:5)",
                Some("file:///a/b%20c.js?q:1"),
            ),
            ("at f (json:file:///a.js:1:2)", Some("file:///a.js")),
            ("at f (file:///a.js:?:?)", Some("file:///a.js")),
            ("at f (native)", None),
            ("file://", Some("file:///")),
            ("file://host/x:1", None),
        ] {
            let found = file_of(line).map(|key| key.url());
            assert_eq!(found.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn slips_are_no_globals() {
        let of =
            |class: &str, message: &str| MissingGlobal::of_error(None, class, message, "at x.js:1");
        assert!(of("ReferenceError", "Buffer is not defined").is_some());
        assert!(of("ReferenceError", "'process' is not defined").is_some());
        assert!(of("ReferenceError", "bufer is not defined").is_none());
        assert!(of("TypeError", "Buffer is not defined").is_none());
        assert!(of("ReferenceError", "Buffer is not initialized").is_none());
        assert!(of("ReferenceError", " is not defined").is_none());
        let long = format!("{} is not defined", "x".repeat(100));
        assert!(of("ReferenceError", &long).is_none());
        let escape = "\u{1b}[2J is not defined";
        assert!(of("ReferenceError", escape).is_none());
    }
}

//! One test of Web APIs in a runtime of its own: its scripts one after the other, as a page or a
//! worker runs them.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result};
use serde_json::json;
use sinew::{Error, ErrorKind, JsHost, Runtime, Sink, Value, WasmEngine};
use url::Url;

use super::find::{read, split};
use super::hook::hook;
use super::server::ORIGIN;
use super::substitute::substitute;
use crate::pair::{Pair, Visitor};
use crate::wpt::bundle::{resolve, unalias};
use crate::wpt::guest::{Guest, end};
use crate::wpt::html::scripts;
use crate::wpt::outcome::{End, MARK};
use crate::wpt::suite::{Test, read_text};

const PRELUDE: &str = include_str!("../js/prelude.js");
const LOCATION: &str = include_str!("../js/location.js");
const REPORT: &str = include_str!("../js/report.js");
const UNCAUGHT: &str = include_str!("../js/uncaught.js");

/// A classic script.
struct Script {
    /// Where it is, for stack traces and imports.
    file: PathBuf,
    text: String,
}

/// Runs the test on this thread.
pub fn run(guest: Guest, pair: Pair) -> End {
    let prepared = guest.suites.canonicalize().map_err(anyhow::Error::from);
    let prepared = prepared.and_then(|root| {
        let test = read(&root, &guest.path)?;
        let url = Url::parse(ORIGIN)?.join(&guest.path)?;
        let scripts = all_scripts(&root, &test, &url)?;
        Ok(Run {
            guest,
            root,
            url,
            scripts,
        })
    });
    match prepared {
        Ok(run) => pair.visit(run),
        Err(error) => End::Uncaught(format!("{error:#}")),
    }
}

struct Run {
    guest: Guest,
    root: PathBuf,
    url: Url,
    scripts: Vec<Script>,
}

impl Visitor for Run {
    type Output = End;

    fn visit<J: JsHost, W: WasmEngine>(self) -> End {
        end(self.run::<J, W>())
    }
}

impl Run {
    /// Runs until nothing is left to run, whatever is thrown; then the first error that nobody
    /// handled, if there was one.
    fn run<J: JsHost, W: WasmEngine>(self) -> Result<(), Error> {
        let Run {
            guest,
            root,
            url,
            scripts,
        } = self;
        let stdout = Rc::new(RefCell::new(guest.stdout));
        let printed = stdout.clone();
        let mut runtime = Runtime::<J, W>::builder()
            .root(&root)
            .timeout(guest.timeout)
            .stdout(move |text| printed.borrow_mut()(text))
            .stderr(guest.stderr)
            .base_url(url.as_str())
            .fetch_hook(hook(&root))
            .build()?;
        let mut first = None;
        for Script { file, text } in &scripts {
            let name = Url::from_file_path(file)
                .map_or_else(|()| file.display().to_string(), |url| url.to_string());
            let done = runtime.eval::<Value<J>>(&name, text).map(drop);
            note(done, &stdout, &mut first)?;
        }
        while !note(runtime.run(), &stdout, &mut first)? {}
        first.map_or(Ok(()), Err)
    }
}

/// Tells the recorder of an error, and keeps the first; what ends the runtime is passed on. `true`
/// when there is none.
fn note(
    done: Result<(), Error>,
    stdout: &RefCell<Sink>,
    first: &mut Option<Error>,
) -> Result<bool, Error> {
    let Err(error) = done else {
        return Ok(true);
    };
    if !matches!(error.kind(), ErrorKind::Exception { .. }) {
        return Err(error);
    }
    let message = json!({ "t": "u", "m": error.to_string() });
    stdout.borrow_mut()(&format!("{MARK}{message}\n"));
    first.get_or_insert(error);
    Ok(false)
}

/// What runs, in order: what a test finds, its harness, its helpers and the test itself.
fn all_scripts(root: &Path, test: &Test, url: &Url) -> Result<Vec<Script>> {
    let (path, _) = split(&test.path);
    let harness = root.join("resources/testharness.js");
    let own = |name: &str, text: &str| Script {
        file: root.join(format!("xtask/{name}")),
        text: text.to_owned(),
    };
    let mut all = vec![
        own("prelude.js", PRELUDE),
        own(
            "location.js",
            &format!("{}({});", LOCATION.trim_end(), about(test, url)),
        ),
        Script {
            text: read_text(&harness)?,
            file: harness,
        },
        own("report.js", REPORT),
        own("uncaught.js", UNCAUGHT),
    ];
    if !path.ends_with(".js") {
        all.extend(page_scripts(root, path, test, url)?);
        return Ok(all);
    }
    for name in test.helpers() {
        all.push(helper(root, path, name)?);
    }
    let text = expand(path, &test.text, url);
    all.push(Script {
        file: root.join(path),
        text,
    });
    Ok(all)
}

/// The location that a test sees, and its title.
fn about(test: &Test, url: &Url) -> String {
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let title = test.meta.get("title").and_then(|titles| titles.first());
    let search = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let location = json!({
        "href": url.as_str(),
        "origin": url.origin().ascii_serialization(),
        "protocol": format!("{}:", url.scheme()),
        "host": host,
        "hostname": url.host_str(),
        "port": url.port().map_or_else(String::new, |port| port.to_string()),
        "pathname": url.path(),
        "search": search,
        "hash": "",
    });
    json!({ "location": location, "title": title }).to_string()
}

fn helper(root: &Path, path: &str, name: &str) -> Result<Script> {
    let (name, _) = split(unalias(name));
    let file = resolve(root, path, name);
    if !file.is_file() {
        let message = json!(format!("there is no helper {name}"));
        let text = format!("throw new Error({message});");
        return Ok(Script { file, text });
    }
    let base = Url::parse(ORIGIN)?.join(path)?.join(name)?;
    let text = expand(name, &read_text(&file)?, &base);
    Ok(Script { file, text })
}

/// The classic scripts of a page.
fn page_scripts(root: &Path, path: &str, test: &Test, url: &Url) -> Result<Vec<Script>> {
    let mut all = Vec::new();
    let page = expand(path, &test.text, url);
    for (at, script) in scripts(&page).into_iter().enumerate() {
        match script.src() {
            Some(src) if src.starts_with("/resources/testharness") => {}
            Some(src) => all.push(helper(root, path, src).with_context(|| path.to_owned())?),
            None => all.push(Script {
                file: root.join(format!("{path}.script{at}.js")),
                text: script.text,
            }),
        }
    }
    Ok(all)
}

/// The text as the server sends it.
fn expand(path: &str, text: &str, url: &Url) -> String {
    match path.contains(".sub.") {
        true => substitute(text, url),
        false => text.to_owned(),
    }
}

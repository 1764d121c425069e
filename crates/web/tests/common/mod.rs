//! A JavaScript engine with the globals and nothing else.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sinew_bridge::class::{throw, type_error};
use sinew_bridge::{
    Completion, ErrorClass, Graveyard, HostConfig, HostHooks, JsHost, Termination, Throw,
};
use sinew_web::{Apis, FetchHead, FetchReply, FetchRequest, Fetcher, Web, WebConfig};

/// Runs each test body on both engines.
#[macro_export]
macro_rules! on_both_engines {
    ($($name:ident,)*) => {
        mod quickjs {
            $(#[test] fn $name() { super::$name::<sinew_js_quickjs::QuickJs>() })*
        }
        mod boa {
            $(#[test] fn $name() { super::$name::<sinew_js_boa::Boa>() })*
        }
    };
}

#[allow(dead_code, reason = "each test file uses some of it")]
pub struct Host<J: JsHost> {
    pub js: J,
    pub web: Rc<Web<J>>,
    pub out: Rc<RefCell<String>>,
    pub err: Rc<RefCell<String>>,
}

#[allow(dead_code, reason = "each test file uses some of it")]
impl<J: JsHost> Host<J> {
    pub fn new() -> Self {
        Self::with_color(false)
    }

    pub fn with_color(color: bool) -> Self {
        let config = HostConfig {
            stack_bytes: 1 << 20,
            heap_bytes: None,
            termination: Arc::new(Termination::default()),
            graveyard: Graveyard::default(),
        };
        let mut js = J::new(config, Rc::new(Modules)).expect("an engine");
        let (out, stdout) = sink();
        let (err, stderr) = sink();
        let web = Web::new(WebConfig {
            stdout,
            stderr,
            color,
            start: Instant::now(),
            fetcher: Box::new(Network),
            base_url: None,
        });
        let installed = js.enter(|cx| web.install(cx, Apis::all()).is_ok());
        assert!(installed);
        Self { js, web, out, err }
    }

    /// Runs a script, its jobs, and its timers until none is left. Panics if anything throws.
    pub fn run(&mut self, source: &str) {
        let web = self.web.clone();
        self.js.enter(|cx| {
            let result = J::eval_script(cx, "test.js", source).map(|_| ());
            expect::<J, _>(cx, result);
            jobs::<J>(&web, cx);
            loop {
                let result = web.run_task(cx);
                if expect::<J, _>(cx, result) {
                    jobs::<J>(&web, cx);
                    continue;
                }
                let result = web.run_reply(cx);
                if expect::<J, _>(cx, result) {
                    jobs::<J>(&web, cx);
                    continue;
                }
                let Some(due) = web.next_timer() else {
                    if web.awaits_replies() {
                        web.wait_for_reply(Duration::from_secs(10));
                        continue;
                    }
                    break;
                };
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let result = web.run_timer(cx);
                assert!(expect::<J, _>(cx, result), "a timer was due");
                jobs::<J>(&web, cx);
            }
        });
    }

    /// What a script prints to stdout.
    pub fn printed(&mut self, source: &str) -> String {
        self.run(source);
        self.out.take()
    }
}

impl<J: JsHost> Drop for Host<J> {
    fn drop(&mut self) {
        let web = self.web.clone();
        self.js.enter(|_| web.clear());
    }
}

fn sink() -> (Rc<RefCell<String>>, sinew_web::Sink) {
    let text = Rc::new(RefCell::new(String::new()));
    let sink = text.clone();
    (text, Box::new(move |part| sink.borrow_mut().push_str(part)))
}

fn jobs<J: JsHost>(web: &Rc<Web<J>>, cx: &mut J::Scope<'_>) {
    loop {
        let result = web.run_job(cx);
        if !expect::<J, _>(cx, result) {
            return;
        }
    }
}

pub fn expect<J: JsHost, T>(cx: &mut J::Scope<'_>, result: Completion<J, T>) -> T {
    match result {
        Ok(value) => value,
        Err(Throw::Value(error)) => {
            let text = J::to_string(cx, &error).ok();
            let text = text.and_then(|text| J::as_text(cx, &text));
            panic!(
                "{} {}",
                text.unwrap_or_default(),
                J::error_stack(cx, &error)
            )
        }
        Err(Throw::Terminated) => panic!("terminated"),
    }
}

/// A network of one server, `test:`, and one file, `file:///there.wasm`.
struct Network;

impl Fetcher for Network {
    fn read_file(&self, url: &str) -> Result<Vec<u8>, String> {
        match url {
            "file:///there.wasm" => Ok(b"\0asm\x01\0\0\0".to_vec()),
            _ => Err("there is no such file".to_owned()),
        }
    }

    /// What is done is in the path: what comes back is the request, written down.
    fn fetch(&self, request: FetchRequest, reply: FetchReply) {
        let lines = |headers: &[(Vec<u8>, Vec<u8>)]| -> String {
            let line = |(name, value): &(Vec<u8>, Vec<u8>)| {
                let [name, value] = [name, value].map(|part| String::from_utf8_lossy(part));
                format!("{name}: {value}\n")
            };
            headers.iter().map(line).collect()
        };
        let body = request.body.as_deref().map(String::from_utf8_lossy);
        let text = format!(
            "{} {}\n{}\n{}",
            request.method,
            request.url,
            lines(&request.headers),
            body.unwrap_or_default()
        );
        let head = |status: u16, headers: &[(&str, &str)]| FetchHead {
            status,
            status_text: "As Told".to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
                .collect(),
        };
        let (_, path) = request.url.split_once("//test/").unwrap_or_default();
        let path = path.to_owned();
        std::thread::spawn(move || {
            let (what, rest) = path.split_once('/').unwrap_or((&path, ""));
            match what {
                "echo" => reply.respond(head(200, &[("Content-Type", "text/plain")]), text.into()),
                "redirect" => {
                    let (status, to) = rest.split_once('/').unwrap_or_default();
                    let status = status.parse().unwrap_or(302);
                    reply.respond(head(status, &[("Location", to)]), Vec::new());
                }
                "loop" => reply.respond(head(302, &[("Location", "/loop")]), Vec::new()),
                "status" => reply.respond(head(rest.parse().unwrap_or(0), &[]), b"body".to_vec()),
                "parts" => {
                    let mut parts = reply.start(head(200, &[]));
                    for part in ["one ", "two ", "three"] {
                        std::thread::sleep(Duration::from_millis(5));
                        parts.chunk(part.into());
                    }
                    parts.finish();
                }
                "broken" => drop(reply.start(head(200, &[]))),
                "dropped" => drop(reply),
                _ => reply.fail("there is no such page"),
            }
        });
    }
}

/// The modules that tests import.
struct Modules;

impl<J: JsHost> HostHooks<J> for Modules {
    fn resolve(
        &self,
        _: &mut J::Scope<'_>,
        _: &str,
        specifier: &str,
        _: &[(String, String)],
    ) -> Completion<J, String> {
        Ok(specifier.to_owned())
    }

    fn load(&self, cx: &mut J::Scope<'_>, name: &str) -> Completion<J, String> {
        match name {
            "namespace" => Ok("export const b = 1; export default 'd'; export let a = {};".into()),
            _ => Err(throw::<J>(cx, ErrorClass::Error, "no such module")),
        }
    }

    fn import_meta(&self, _: &mut J::Scope<'_>, _: &str, _: &J::Value) -> Completion<J, ()> {
        Ok(())
    }

    fn resize_buffer(&self, cx: &mut J::Scope<'_>, _: &J::Value, _: usize) -> Completion<J, ()> {
        Err(type_error::<J>(cx, "no buffer here is resizable"))
    }

    fn promise_rejection(&self, _: &mut J::Scope<'_>, _: &J::Value, _: &J::Value, _: bool) {}
}

/// The promise of a module's namespace.
#[allow(dead_code, reason = "each test file uses some of it")]
pub fn import<J: JsHost>(cx: &mut J::Scope<'_>, specifier: &str) -> J::Value {
    let result = J::import(cx, "test.js", specifier);
    expect::<J, _>(cx, result)
}

//! Streams made and read by Rust code.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use sinew_bridge::class::{throw, type_error};
use sinew_bridge::{
    Completion, Edge, ErrorClass, Graveyard, HostConfig, HostHooks, JsHost, Termination, trace,
};

use super::readable::collect::read_all_bytes;
use super::readable::{self, Source, Stream, default_reader, tee};
use super::strategy::SizeAlgorithm;
use super::{Object, hidden};
use crate::{Apis, Web, WebConfig};

struct Hooks;

impl<J: JsHost> HostHooks<J> for Hooks {
    fn resolve(
        &self,
        _: &mut J::Scope<'_>,
        _: &str,
        specifier: &str,
        _: &[(String, String)],
    ) -> Completion<J, String> {
        Ok(specifier.to_owned())
    }

    fn load(&self, cx: &mut J::Scope<'_>, _: &str) -> Completion<J, String> {
        Err(throw::<J>(cx, ErrorClass::Error, "no such module"))
    }

    fn import_meta(&self, _: &mut J::Scope<'_>, _: &str, _: &J::Value) -> Completion<J, ()> {
        Ok(())
    }

    fn resize_buffer(&self, cx: &mut J::Scope<'_>, _: &J::Value, _: usize) -> Completion<J, ()> {
        Err(type_error::<J>(cx, "no buffer here is resizable"))
    }

    fn promise_rejection(&self, _: &mut J::Scope<'_>, _: &J::Value, _: &J::Value, _: bool) {}
}

/// Runs `body` with the globals of a new engine.
fn with_web<J: JsHost>(body: impl FnOnce(&mut J::Scope<'_>, &Rc<Web<J>>) -> Completion<J, ()>) {
    let config = HostConfig {
        stack_bytes: 1 << 20,
        heap_bytes: None,
        termination: Arc::new(Termination::default()),
        graveyard: Graveyard::default(),
    };
    let mut js = J::new(config, Rc::new(Hooks)).expect("an engine");
    let web = Web::new(WebConfig {
        stdout: Box::new(|_| {}),
        stderr: Box::new(|_| {}),
        color: false,
        start: Instant::now(),
        fetcher: Box::new(NoNetwork),
        base_url: None,
    });
    js.enter(|cx| {
        assert!(web.install(cx, Apis::all()).is_ok());
        assert!(body(cx, &web).is_ok(), "nothing throws");
        web.clear();
    });
}

struct NoNetwork;

impl crate::Fetcher for NoNetwork {
    fn read_file(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("no files".to_owned())
    }

    fn fetch(&self, _: crate::FetchRequest, reply: crate::FetchReply) {
        reply.fail("no network");
    }
}

fn run_jobs<J: JsHost>(cx: &mut J::Scope<'_>) -> Completion<J, ()> {
    while J::run_job(cx)? {}
    Ok(())
}

/// Whether a script's value is true.
fn holds<J: JsHost>(cx: &mut J::Scope<'_>, script: &str) -> Completion<J, bool> {
    let value = J::eval_script(cx, "test.js", script)?;
    Ok(J::as_boolean(&value) == Some(true))
}

/// Counts down by a chunk per pull; tells when it dies.
struct Countdown<J: JsHost> {
    left: Cell<u32>,
    bytes: bool,
    canceled: Edge<J>,
    dead: Rc<Cell<u32>>,
}

trace!(struct Countdown { canceled });

impl<J: JsHost> Drop for Countdown<J> {
    fn drop(&mut self) {
        self.dead.set(self.dead.get() + 1);
    }
}

fn countdown<J: JsHost>() -> Source<J> {
    Source {
        pull: |cx, web, [state], stream| {
            let state: Object<J, Countdown<J>> = Object::at(cx, &Edge::new(state))?;
            let stream: Stream<J> = Object::at(cx, &Edge::new(stream))?;
            match state.left.get() {
                0 => readable::close_source(cx, web, &stream)?,
                left => {
                    state.left.set(left - 1);
                    if state.bytes {
                        let bytes = vec![left as u8; left as usize];
                        readable::enqueue_bytes(cx, web, &stream, &bytes)?;
                    } else {
                        readable::enqueue(cx, web, &stream, J::number(left.into()))?;
                    }
                }
            }
            web.resolved(cx, &J::undefined())
        },
        cancel: |cx, web, [state], reason| {
            let state: Object<J, Countdown<J>> = Object::at(cx, &Edge::new(state))?;
            state.canceled.set(reason);
            web.resolved(cx, &J::undefined())
        },
    }
}

fn stream<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    left: u32,
    bytes: bool,
    dead: &Rc<Cell<u32>>,
) -> Completion<J, (Stream<J>, Object<J, Countdown<J>>)> {
    let state = hidden(
        cx,
        Countdown {
            left: Cell::new(left),
            bytes,
            canceled: Edge::default(),
            dead: dead.clone(),
        },
    )?;
    let value = state.value();
    let source = countdown();
    let stream = match bytes {
        true => readable::create_readable_byte_stream(cx, web, value, &source, 0.0)?,
        false => {
            let (start, size) = (J::undefined(), SizeAlgorithm::One);
            readable::create_readable_stream(cx, web, start, value, &source, 1.0, size)?
        }
    };
    Ok((stream, state))
}

/// Defines a global.
fn define<J: JsHost>(cx: &mut J::Scope<'_>, name: &str, value: &J::Value) -> Completion<J, ()> {
    let global = J::global(cx);
    J::set(cx, &global, name.into(), value)
}

fn scripts_read_what_rust_feeds<J: JsHost>() {
    with_web::<J>(|cx, web| {
        let dead = Rc::default();
        let (numbers, _) = stream(cx, web, 3, false, &dead)?;
        let (bytes, state) = stream(cx, web, 3, true, &dead)?;
        define::<J>(cx, "numbers", &numbers.value())?;
        define::<J>(cx, "bytes", &bytes.value())?;
        assert!(!readable::is_disturbed(&numbers) && !readable::is_locked(&numbers));
        holds::<J>(
            cx,
            "var list = []; (async () => { for await (const n of numbers) list.push(n); })(); \
            var reader = bytes.getReader({ mode: 'byob' }); \
            var reads = []; \
            reader.read(new Uint8Array(4)).then(({ value }) => reads.push(value.join())); \
            reader.read(new Uint8Array(4), { min: 2 }).then(({ value }) => reads.push(value.join()));",
        )?;
        assert!(readable::is_locked(&numbers));
        run_jobs::<J>(cx)?;
        assert!(holds::<J>(cx, "list.join() === '3,2,1'")?);
        assert!(holds::<J>(cx, "reads.join(' ') === '3,3,3 2,2'")?);
        assert!(readable::is_disturbed(&numbers) && !readable::is_locked(&numbers));
        holds::<J>(cx, "reader.cancel('enough')")?;
        run_jobs::<J>(cx)?;
        assert_eq!(
            J::as_text(cx, &state.canceled.get()).as_deref(),
            Some("enough")
        );
        Ok(())
    });
}

fn a_byob_read_ends_with_its_source<J: JsHost>() {
    with_web::<J>(|cx, web| {
        let (bytes, _) = stream(cx, web, 0, true, &Rc::default())?;
        define::<J>(cx, "bytes", &bytes.value())?;
        holds::<J>(
            cx,
            "var end; bytes.getReader({ mode: 'byob' }).read(new Uint8Array(4)) \
                .then(({ value, done }) => { end = done && value.byteLength === 0; })",
        )?;
        run_jobs::<J>(cx)?;
        assert!(holds::<J>(cx, "end")?);
        Ok(())
    });
}

/// What [`read_all_bytes`] gave.
struct Outcome<J: JsHost> {
    bytes: RefCell<Option<Vec<u8>>>,
    reason: Edge<J>,
}

trace!(struct Outcome { reason });

/// Reads all bytes of a stream.
fn collect<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    stream: &Stream<J>,
) -> Completion<J, Object<J, Outcome<J>>> {
    let outcome = Outcome {
        bytes: RefCell::default(),
        reason: Edge::default(),
    };
    let outcome = hidden(cx, outcome)?;
    let reader = default_reader::acquire(cx, web, stream)?;
    read_all_bytes(
        cx,
        web,
        &reader,
        outcome.value(),
        |cx, _, outcome, bytes| {
            let outcome: Object<J, Outcome<J>> = Object::at(cx, &Edge::new(outcome))?;
            outcome.bytes.replace(Some(bytes));
            Ok(())
        },
        |cx, _, [outcome], reason| {
            let outcome: Object<J, Outcome<J>> = Object::at(cx, &Edge::new(outcome))?;
            outcome.reason.set(reason);
            Ok(J::undefined())
        },
    )?;
    run_jobs::<J>(cx)?;
    Ok(outcome)
}

fn all_bytes_are_read<J: JsHost>() {
    with_web::<J>(|cx, web| {
        let dead = Rc::default();
        let (bytes, _) = stream(cx, web, 3, true, &dead)?;
        let outcome = collect(cx, web, &bytes)?;
        assert_eq!(outcome.bytes.take(), Some(vec![3, 3, 3, 2, 2, 1]));

        for whole in [&b""[..], b"abc", &[7; 100_000]] {
            let stream = readable::stream_of_bytes(cx, web, whole)?;
            let (one, two) = tee::tee(cx, web, &stream)?;
            for branch in [&one, &two] {
                let outcome = collect(cx, web, branch)?;
                assert_eq!(outcome.bytes.take().as_deref(), Some(whole));
            }
        }

        let (numbers, _) = stream(cx, web, 3, false, &dead)?;
        let outcome = collect(cx, web, &numbers)?;
        assert_eq!(outcome.bytes.take(), None);
        define::<J>(cx, "reason", &outcome.reason.get())?;
        assert!(holds::<J>(cx, "reason instanceof TypeError")?);

        let (bytes, _) = stream(cx, web, 1, true, &dead)?;
        readable::error_source(cx, web, &bytes, &J::number_i32(5))?;
        let outcome = collect(cx, web, &bytes)?;
        assert_eq!(J::as_number(&outcome.reason.get()), Some(5.0));
        Ok(())
    });
}

/// Many chunks that are there already cost no stack.
fn a_long_queue_is_read_without_recursion<J: JsHost>() {
    with_web::<J>(|cx, web| {
        let (bytes, _) = stream(cx, web, 0, true, &Rc::default())?;
        for _ in 0..20_000 {
            readable::enqueue_bytes(cx, web, &bytes, b"a")?;
        }
        readable::close_source(cx, web, &bytes)?;
        let outcome = collect(cx, web, &bytes)?;
        assert_eq!(outcome.bytes.take().map(|bytes| bytes.len()), Some(20_000));
        Ok(())
    });
}

/// A source that leads back to its stream dies with it.
fn sources_die_with_their_streams<J: JsHost>() {
    with_web::<J>(|cx, web| {
        let dead = Rc::new(Cell::new(0));
        for count in 0..100 {
            let (stream, state) = stream(cx, web, 3, count % 2 == 0, &dead)?;
            state.canceled.set(stream.value());
            let reader = default_reader::acquire(cx, web, &stream)?;
            if count % 4 < 2 {
                default_reader::release(cx, web, &reader)?;
            }
        }
        run_jobs::<J>(cx)?;
        for _ in 0..4 {
            J::collect_garbage(cx);
        }
        assert!(dead.get() > 95, "only {} are dead", dead.get());
        Ok(())
    });
}

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

on_both_engines!(
    scripts_read_what_rust_feeds,
    a_byob_read_ends_with_its_source,
    all_bytes_are_read,
    a_long_queue_is_read_without_recursion,
    sources_die_with_their_streams,
);

//! [`navigator`](https://html.spec.whatwg.org/multipage/system-state.html#the-navigator-object) and
//! `self`.

use std::rc::Rc;

use sinew_bridge::class::ClassSpec;
use sinew_bridge::{Completion, Edge, JsHost, trace};

use crate::Web;
use crate::globals::{Global, readonly};

/// What the guest is told of its environment.
const USER_AGENT: &str = concat!("Sinew/", env!("CARGO_PKG_VERSION"));

/// A [plausible language](https://html.spec.whatwg.org/multipage/system-state.html#language-preferences),
/// the one that the engines format for: the user's is not the guest's to know.
const LANGUAGE: &str = "en-US";

impl<J: JsHost> Web<J> {
    pub(crate) const NAVIGATOR: &'static [Global<J>] = &[
        Global::interface(&Self::NAVIGATOR_CLASS),
        Global::attribute("navigator", navigator),
        Global::attribute("self", global_this),
    ];

    const NAVIGATOR_CLASS: ClassSpec<J, Self> = ClassSpec {
        name: "Navigator",
        display: "Navigator",
        accessors: &[
            readonly("userAgent", user_agent),
            readonly("language", language),
            readonly("languages", languages),
            readonly("hardwareConcurrency", hardware_concurrency),
        ],
        ..ClassSpec::BASE
    };
}

/// A Navigator object.
struct Navigator<J: JsHost> {
    languages: Edge<J>,
}

trace!(struct Navigator { languages });

/// [`navigator`](https://html.spec.whatwg.org/multipage/system-state.html#dom-navigator)
fn navigator<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
    let language = J::string(cx, LANGUAGE)?;
    let languages = J::create_array(cx, &[language])?;
    J::freeze(cx, &languages)?;
    let languages = Edge::new(languages);
    web.create(cx, &Web::NAVIGATOR_CLASS, Navigator { languages })
}

/// [`self`](https://html.spec.whatwg.org/multipage/workers.html#dom-workerglobalscope-self)
fn global_this<J: JsHost>(cx: &mut J::Scope<'_>, _: &Rc<Web<J>>) -> Completion<J> {
    Ok(J::global(cx))
}

/// [`userAgent`](https://html.spec.whatwg.org/multipage/system-state.html#dom-navigator-useragent)
fn user_agent<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this(cx, web, args)?;
    J::string(cx, USER_AGENT)
}

/// [`language`](https://html.spec.whatwg.org/multipage/system-state.html#dom-navigator-language)
fn language<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this(cx, web, args)?;
    J::string(cx, LANGUAGE)
}

/// [`languages`](https://html.spec.whatwg.org/multipage/system-state.html#dom-navigator-languages)
fn languages<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    Ok(this(cx, web, args)?.languages.get())
}

/// [`hardwareConcurrency`](https://html.spec.whatwg.org/multipage/workers.html#dom-navigator-hardwareconcurrency)
fn hardware_concurrency<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    this(cx, web, args)?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(J::number(processors as f64))
}

fn this<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Web<J>,
    args: J::Args<'_>,
) -> Completion<J, Rc<Navigator<J>>> {
    web.this(cx, args, &Web::NAVIGATOR_CLASS)
}

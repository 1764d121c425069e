//! Whole module graphs: read before QuickJS sees any of them.

use std::ffi::{CStr, CString, c_int};

use rquickjs::qjs;
use sinew_bridge::ErrorClass;

use super::*;

impl Graph {
    /// What the next request of `referrer` resolves to. QuickJS asks in the order of the source.
    pub(super) fn next_request(&mut self, referrer: &str) -> String {
        let request = self.by_name.get(referrer).and_then(|&index| {
            let source = &mut self.sources[index];
            source.asked += 1;
            source.requests.get(source.asked - 1)
        });
        // The stand-in, for a request that was not there when the text was read.
        request.map_or_else(|| STAND_IN.to_owned(), String::clone)
    }
}

/// The name of the module that stands in for others.
const STAND_IN: &str = "sinew:failed";

/// Makes the module `name` and all that it requests.
pub(super) fn load_graph(cx: &mut Scope<'_>, name: &str) -> Result<*mut qjs::JSModuleDef> {
    let graph = read_graph(cx, name)?;
    let modules = &cx.state.modules;
    if modules.stand_in.get().is_null() {
        let stand_in = CString::from_vec_with_nul(format!("{STAND_IN}\0").into_bytes());
        let stand_in = stand_in.unwrap_or_default();
        // SAFETY: the context lives.
        let module = unsafe { qjs::JS_NewCModule(cx.ctx, stand_in.as_ptr(), Some(empty)) };
        if module.is_null() {
            return Err(fail(cx));
        }
        modules.stand_in.set(module);
    }
    let names: Vec<String> = graph.by_name.keys().cloned().collect();
    let order = graph.order.clone();
    modules.making.replace(Some(Making {
        graph,
        made: Vec::new(),
        failed: None,
    }));
    // All of the text fitted into the heap when it was read. It must not fail now.
    let unbounded = cx.state.unbound_heap();
    for index in order {
        make_source(cx, index);
    }
    let making = modules.making.take();
    let making = making.expect("nothing else takes it");
    let result = match making.failed {
        Some(throw) => Err(throw),
        None => fill_import_metas(cx, &making.made),
    };
    if let Err(throw) = &result {
        let mut broken = modules.broken.borrow_mut();
        broken.extend(names.into_iter().map(|name| (name, throw.clone())));
        return Err(throw.clone());
    }
    modules.known.borrow_mut().extend(names);
    let found = making.made.iter().find(|(found, _)| found == name);
    let module = found.map(|(_, module)| *module).ok_or(Throw::Terminated)?;
    // QuickJS does not look, either, whether all functions of the graph could be made, which it
    // does next.
    unbounded.until_code_runs();
    Ok(module)
}

unsafe extern "C" fn empty(_: *mut qjs::JSContext, _: *mut qjs::JSModuleDef) -> c_int {
    0
}

pub(super) fn fill_import_metas(
    cx: &mut Scope<'_>,
    made: &[(String, *mut qjs::JSModuleDef)],
) -> Result<()> {
    let hooks = cx.state.hooks.clone();
    for (name, module) in made {
        // SAFETY: modules live as long as the context.
        let raw = unsafe { qjs::JS_GetImportMeta(cx.ctx, *module) };
        let meta = completion(cx, raw)?;
        hooks.import_meta(cx, name, &meta)?;
    }
    Ok(())
}

/// Makes the module `name` of the graph, unless it is being made.
pub(super) fn make(cx: &mut Scope<'_>, name: &str) -> Option<*mut qjs::JSModuleDef> {
    let index = {
        let making = cx.state.modules.making.borrow();
        *making.as_ref()?.graph.by_name.get(name)?
    };
    make_source(cx, index)
}

pub(super) fn make_source(cx: &mut Scope<'_>, index: usize) -> Option<*mut qjs::JSModuleDef> {
    let modules = &cx.state.modules;
    let (name, text) = {
        let mut making = modules.making.borrow_mut();
        let source = making.as_mut()?.graph.sources.get_mut(index)?;
        (source.name.clone(), std::mem::take(&mut source.text))
    };
    if text.is_empty() {
        return None;
    }
    let compiled = compile(cx, &name, &text);
    let mut making = modules.making.borrow_mut();
    let making = making.as_mut()?;
    match compiled {
        Ok(module) => {
            making
                .made
                .push((name.to_string_lossy().into_owned(), module));
            Some(module)
        }
        Err(throw) => {
            making.failed.get_or_insert(throw);
            None
        }
    }
}

/// Compiles the text of a module, which ends with a NUL. QuickJS asks for all that it requests.
pub(super) fn compile(
    cx: &mut Scope<'_>,
    name: &CStr,
    text: &[u8],
) -> Result<*mut qjs::JSModuleDef> {
    let flags = (qjs::JS_EVAL_TYPE_MODULE | qjs::JS_EVAL_FLAG_COMPILE_ONLY) as c_int;
    let len = text.len() - 1;
    // SAFETY: the NUL is not counted.
    let raw = unsafe { qjs::JS_Eval(cx.ctx, text.as_ptr().cast(), len as _, name.as_ptr(), flags) };
    if value::tag(raw) != qjs::JS_TAG_MODULE {
        return Err(fail(cx));
    }
    // SAFETY: a module. The context has a count of its own, so that this one can go.
    unsafe {
        let module = qjs::JS_VALUE_GET_PTR(raw).cast();
        qjs::JS_FreeValue(cx.ctx, raw);
        Ok(module)
    }
}

/// Reads the module `name` and all that it requests, as far as QuickJS does not know them.
pub(super) fn read_graph(cx: &mut Scope<'_>, name: &str) -> Result<Graph> {
    /// Bytes of native stack that QuickJS uses for each module of a chain, without looking.
    const FRAME: usize = 512;
    let mut graph = Graph::default();
    let mut stack = vec![(graph.add(name, read_source(cx, name)?), 0)];
    while let Some((index, next)) = stack.last_mut() {
        let Some(request) = graph.sources[*index].requests.get(*next) else {
            graph.order.push(*index);
            stack.pop();
            continue;
        };
        *next += 1;
        let name = request.clone();
        if graph.by_name.contains_key(&name) || cx.state.modules.known.borrow().contains(&name) {
            continue;
        }
        if stack.len() * FRAME > here().saturating_sub(cx.state.stack_limit.get()) {
            let message = "Maximum call stack size exceeded";
            return Err(throw(cx, ErrorClass::RangeError, message));
        }
        let source = read_source(cx, &name)?;
        stack.push((graph.add(&name, source), 0));
    }
    Ok(graph)
}

impl Graph {
    fn add(&mut self, name: &str, source: Source) -> usize {
        self.sources.push(source);
        self.by_name.insert(name.to_owned(), self.sources.len() - 1);
        self.sources.len() - 1
    }
}

/// Asks the hooks for the text of a module and for the names of what it requests.
pub(super) fn read_source(cx: &mut Scope<'_>, name: &str) -> Result<Source> {
    let hooks = cx.state.hooks.clone();
    let mut text = hooks.load(cx, name)?.into_bytes();
    text.push(0);
    let c_name = c_name(cx, name)?;
    let mut requests = Vec::new();
    for (specifier, attributes) in parse(cx, &c_name, &text)? {
        requests.push(resolve_name(cx, name, &specifier, &attributes)?);
    }
    Ok(Source {
        name: c_name,
        text,
        requests,
        asked: 0,
    })
}

/// What the text of a module requests.
pub(super) fn parse(cx: &mut Scope<'_>, name: &CStr, text: &[u8]) -> Result<Vec<Request>> {
    let ctx = parser(cx, text.len())?;
    let state = cx.state;
    let parsed = compile(&mut Scope { ctx, state }, name, text);
    let requests = match &mut *state.modules.parser.borrow_mut() {
        Some(parser) => std::mem::take(&mut parser.requests),
        None => Vec::new(),
    };
    match parsed {
        Ok(_) => Ok(requests),
        Err(Throw::Terminated) => Err(Throw::Terminated),
        // The error is one of the other context's realm: have it thrown again in this one.
        Err(Throw::Value(_)) => {
            let name_text = name.to_string_lossy().into_owned();
            state.modules.making.replace(Some(Making::default()));
            let failed = compile(cx, name, text);
            state.modules.making.take();
            let throw = failed.err().unwrap_or_else(|| {
                let throw = throw(cx, ErrorClass::SyntaxError, "cannot parse the module");
                state
                    .modules
                    .broken
                    .borrow_mut()
                    .insert(name_text, throw.clone());
                throw
            });
            Err(throw)
        }
    }
}

/// The context that parses.
pub(super) fn parser(cx: &mut Scope<'_>, bytes: usize) -> Result<*mut qjs::JSContext> {
    /// Bytes of source text after which a new context takes over, as it keeps what it parsed.
    const CAPACITY: usize = 1 << 20;
    let mut parser = cx.state.modules.parser.borrow_mut();
    if let Some(found) = &mut *parser
        && found.bytes < CAPACITY
    {
        found.bytes += bytes;
        return Ok(found.ctx);
    }
    if let Some(full) = parser.take() {
        full.free();
    }
    let _unbounded = cx.state.unbound_heap();
    // SAFETY: the runtime lives; each step is given the new context.
    let (ctx, dependency) = unsafe {
        let ctx = qjs::JS_NewContextRaw(cx.state.live.rt.get());
        if ctx.is_null() {
            return Err(fail(cx));
        }
        // Nothing runs in it: the parser needs none of the objects that code would.
        let incomplete = qjs::JS_AddIntrinsicEval(ctx) < 0;
        qjs::JS_AddIntrinsicRegExpCompiler(ctx);
        let name = CString::new(DEPENDENCY).unwrap_or_default();
        let dependency = match incomplete {
            true => std::ptr::null_mut(),
            false => qjs::JS_NewCModule(ctx, name.as_ptr(), Some(empty)),
        };
        if dependency.is_null() {
            qjs::JS_FreeContext(ctx);
            return Err(fail(cx));
        }
        (ctx, dependency)
    };
    *parser = Some(Parser {
        ctx,
        dependency,
        requests: Vec::new(),
        bytes,
    });
    Ok(ctx)
}

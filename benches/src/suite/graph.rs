//! Many modules, many instances, many exports, and a large module.

use std::cell::LazyCell;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sinew::{CompileCache, EngineConfig, JsHost, ModuleCache, ModuleSource, Value, WasmEngine};

use crate::figures::Figure;
use crate::floor::WasmByHand;
use crate::generate;
use crate::row::{Row, Work, share};
use crate::sinew::{Sinew, builder, js_bytes};
use crate::time::Clock;
use crate::{Pairing, Subject, Visitor, pairings};

/// How many modules, instances, exports and loaded modules.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Of modules in one graph.
    pub modules: &'static [usize],
    /// Of instances of one module.
    pub instances: &'static [u32],
    /// Of exports of one module.
    pub exports: &'static [u32],
    /// Of modules that are loaded when one of them is looked up.
    pub loaded: &'static [usize],
}

/// The sizes that are measured.
pub const FULL: Sizes = Sizes {
    modules: &[10, 100, 1_000],
    instances: &[100, 1_000, 10_000],
    exports: &[100, 1_000, 10_000],
    loaded: &[10, 1_000, 10_000],
};

/// The sizes that are tried.
pub const SMALL: Sizes = Sizes {
    modules: &[10],
    instances: &[10],
    exports: &[10],
    loaded: &[10],
};

/// All rows but those of [`compilation`]. The unit is one module, instance or export.
pub fn rows(sizes: Sizes) -> Vec<Row> {
    let mut graph = Graph {
        sizes,
        rows: Vec::new(),
    };
    pairings(&mut graph);
    graph.rows
}

struct Graph {
    sizes: Sizes,
    rows: Vec<Row>,
}

impl Graph {
    fn row(&mut self, name: String, expected: f64, clock: Clock) -> &mut Row {
        let name = format!("graph: {name}");
        let at = self.rows.iter().position(|row| row.name == name);
        let at = at.unwrap_or_else(|| {
            self.rows.push(Row::new(name, expected).by(clock));
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    fn modules<P: Pairing>(&mut self, count: usize) {
        let row = self.row(format!("{count} modules"), count as f64, Clock::Wall);
        let bytes: Vec<Arc<[u8]>> = generate::graph(count).into_iter().map(Arc::from).collect();
        let wasm: Rc<[ModuleSource]> = bytes.into_iter().map(ModuleSource::Wasm).collect();
        let js = generate::js_graph(count);
        let js: Rc<[ModuleSource]> = js.into_iter().map(ModuleSource::JavaScript).collect();
        for (function, modules) in [("sinew", wasm), ("js", js)] {
            let import = move || import_graph::<P>(&modules);
            row.side(function, P::NAME, Work::batch(count as u32, import));
        }
        let modules = generate::graph(count);
        let by_hand = move || {
            let engine = P::WasmByHand::new();
            Clock::Wall.time(|| engine.graph(&modules, generate::imports))
        };
        row.side("floor", P::NAME, Work::batch(count as u32, by_hand));
    }

    fn instances<P: Pairing>(&mut self, count: u32) {
        let row = self.row(format!("{count} instances"), 3.0, Clock::Thread);
        let bytes = generate::instance_module(0);
        let source = format!(
            "{{
                const module = new WebAssembly.Module({});
                const kept = [];
                ({{ make: n => {{
                    while (kept.length < n) kept.push(new WebAssembly.Instance(module));
                    return kept[n - 1].exports.f();
                }} }})
            }}",
            js_bytes(&bytes)
        );
        let on_sinew = move || make::<P>(&source, count, Clock::Thread);
        row.side("sinew", P::NAME, Work::batch(count, on_sinew));
        let by_hand = move || {
            let engine = P::WasmByHand::new();
            let module = engine.compile(&bytes);
            let (time, (_kept, value)) = Clock::Thread.time(|| engine.instances(&module, count));
            (time, value)
        };
        row.side("floor", P::NAME, Work::batch(count, by_hand));
    }

    /// The instantiation of a module with so many exports, and a look at each of them.
    fn exports<P: Pairing>(&mut self, count: u32) {
        let row = self.row(format!("{count} exports"), f64::from(count), Clock::Thread);
        let bytes = generate::exports_module(count);
        let source = format!(
            "{{
                const module = new WebAssembly.Module({});
                ({{ make: n => {{
                    const {{ exports }} = new WebAssembly.Instance(module);
                    let functions = 0;
                    for (const name in exports) functions += typeof exports[name] === 'function';
                    return functions;
                }} }})
            }}",
            js_bytes(&bytes)
        );
        // Compiled once, when it is first needed.
        let sinew =
            LazyCell::new(move || share(Sinew::<P::Js, P::Wasm>::of_script(builder(), &source)));
        let on_sinew = move || Clock::Thread.time(|| sinew.borrow_mut().run("make", count));
        row.side("sinew", P::NAME, Work::batch(count, on_sinew));
        let compiled = LazyCell::new(move || {
            let engine = P::WasmByHand::new();
            let module = engine.compile(&bytes);
            (engine, module)
        });
        let by_hand = move || {
            let (engine, module) = &*compiled;
            Clock::Thread.time(|| engine.exports(module) as f64)
        };
        row.side("floor", P::NAME, Work::batch(count, by_hand));
    }

    /// `import()` of a module that is loaded, among so many; beside it, `await` of its namespace.
    fn look_up<P: Pairing>(&mut self, count: usize) {
        let name = format!("import() among {count} loaded");
        let row = self.row(name, 1.0, Clock::Thread);
        let js = "export const value = 1;";
        let builder = builder::<P::Js, P::Wasm>()
            .load_hook(move |_, _| Some(ModuleSource::JavaScript(js.to_owned())));
        let mut jobs = Jobs(Sinew::of_script(builder, LOOK_UP));
        jobs.run("load", count as u32);
        let jobs = share(jobs);
        row.side("sinew", P::NAME, Work::new(&jobs, "look"));
        row.side("js", P::NAME, Work::new(&jobs, "wait"));
    }
}

const LOOK_UP: &str = "{
    let done = 0, namespace;
    const run = f => n => { f(n).then(value => { done = value; }); return n; };
    const load = run(async n => {
        for (let i = 0; i < n; i++) namespace = await import('m' + i);
        return namespace.value;
    });
    const look = run(async n => {
        let last;
        for (let i = 0; i < n; i++) last = await import('m3');
        return last.value;
    });
    const wait = run(async n => {
        let last;
        for (let i = 0; i < n; i++) last = await namespace;
        return last.value;
    });
    ({ load, look, wait, done: () => done })
}";

/// Loops that go on in jobs.
struct Jobs<J: JsHost, W: WasmEngine>(Sinew<J, W>);

impl<J: JsHost, W: WasmEngine> Subject for Jobs<J, W> {
    fn run(&mut self, name: &str, n: u32) -> f64 {
        self.0.run(name, n);
        self.0.runtime.run().expect("the jobs run");
        self.0.run("done", 0)
    }
}

impl Visitor for Graph {
    fn visit<P: Pairing>(&mut self) {
        for count in self.sizes.modules {
            self.modules::<P>(*count);
        }
        for count in self.sizes.instances {
            self.instances::<P>(*count);
        }
        for count in self.sizes.exports {
            self.exports::<P>(*count);
        }
        for count in self.sizes.loaded {
            self.look_up::<P>(*count);
        }
    }
}

/// Imports the first module of a graph, and calls its function.
fn import_graph<P: Pairing>(modules: &Rc<[ModuleSource]>) -> (Duration, f64) {
    let modules = modules.clone();
    let mut runtime = builder::<P::Js, P::Wasm>()
        .load_hook(move |specifier, _| {
            let at: usize = specifier.strip_prefix('m')?.parse().ok()?;
            modules.get(at).cloned()
        })
        .build()
        .expect("a runtime");
    Clock::Wall.time(|| {
        let first = runtime.import("m0").expect("the graph");
        let f: Value<P::Js> = runtime.get(&first, "f").expect("f");
        runtime.call(&f, ()).expect("the number of modules")
    })
}

/// Runs the loop `make` of a script in a runtime of its own.
fn make<P: Pairing>(source: &str, count: u32, clock: Clock) -> (Duration, f64) {
    let mut sinew = Sinew::<P::Js, P::Wasm>::of_script(builder(), source);
    clock.time(|| sinew.run("make", count))
}

/// The compilation of a module of over two megabytes, by each wasm engine: Sinew's beside the
/// engine's own. The JavaScript engine has no part in it.
pub fn compilation() -> Vec<Row> {
    let mut compilation = Compilation {
        row: Row::new("graph: compile 2 MB", 1.0).by(Clock::Wall),
        cached: Row::new("graph: compile 2 MB, from the cache on disk", 1.0).by(Clock::Wall),
        module: Rc::new(LazyCell::new(|| generate::large_module().into())),
        engines: Vec::new(),
    };
    pairings(&mut compilation);
    vec![compilation.row, compilation.cached]
}

struct Compilation {
    row: Row,
    cached: Row,
    module: Rc<LazyCell<Arc<[u8]>>>,
    /// The engines that are measured already.
    engines: Vec<&'static str>,
}

impl Visitor for Compilation {
    fn visit<P: Pairing>(&mut self) {
        if self.engines.contains(&P::WasmByHand::NAME) {
            return;
        }
        self.engines.push(P::WasmByHand::NAME);
        let module = self.module.clone();
        let sinew = move || {
            let bytes = Arc::clone(&module);
            let cache = ModuleCache::<P::Wasm>::new(ENGINE).expect("an engine");
            Clock::Wall.time(|| f64::from(u8::from(cache.compile(bytes).is_ok())))
        };
        self.row.side("sinew", P::NAME, Work::batch(1, sinew));
        let module = self.module.clone();
        let by_hand = move || {
            let bytes = Arc::clone(&module);
            let engine = P::WasmByHand::new();
            let (time, _module) = Clock::Wall.time(|| engine.compile(&bytes));
            (time, 1.0)
        };
        self.row.side("floor", P::NAME, Work::batch(1, by_hand));
        self.second_time::<P>();
    }
}

impl Compilation {
    /// From the cache on disk, beside the engine's own `deserialize` of bytes that are in memory.
    fn second_time<P: Pairing>(&mut self) {
        let small = generate::exports_module(1);
        let by_hand = P::WasmByHand::new();
        if by_hand.serialize(&by_hand.compile(&small)).is_none() {
            return;
        }
        let module = self.module.clone();
        let folder = LazyCell::new(|| tempfile::tempdir().expect("a folder"));
        let sinew = move || {
            let bytes = Arc::clone(&module);
            let cached = CompileCache::open(folder.path(), 1 << 30).expect("a cache");
            let load = || {
                let cache = ModuleCache::<P::Wasm>::new(ENGINE).expect("an engine");
                let cache = cache.with_compile_cache(&cached);
                Clock::Wall.time(|| f64::from(u8::from(cache.compile(bytes.clone()).is_ok())))
            };
            if cached.stats().hits == 0 {
                load();
            }
            load()
        };
        self.cached.side("sinew", P::NAME, Work::batch(1, sinew));
        let module = self.module.clone();
        let artifact = LazyCell::new(move || {
            let compiled = by_hand.compile(&module);
            let artifact = by_hand.serialize(&compiled).expect("an artifact");
            (by_hand, artifact)
        });
        let module = self.module.clone();
        let by_hand = move || {
            let (engine, artifact) = &*artifact;
            let (time, again) = Clock::Wall.time(|| engine.deserialize(artifact, &module));
            (time, f64::from(u8::from(again.is_some())))
        };
        self.cached.side("floor", P::NAME, Work::batch(1, by_hand));
    }
}

const ENGINE: EngineConfig = EngineConfig {
    interruptible: false,
    stack_bytes: 512 << 10,
};

/// Bytes that become resident for each instance, found by the program `resident`.
///
/// # Panics
/// If it fails.
pub fn resident(program: &Path, sizes: Sizes) -> Vec<Figure> {
    let mut resident = Resident {
        program,
        sizes,
        figures: Vec::new(),
    };
    pairings(&mut resident);
    resident.figures
}

struct Resident<'a> {
    program: &'a Path,
    sizes: Sizes,
    figures: Vec<Figure>,
}

impl Resident<'_> {
    fn look(&mut self, pairing: &str, subject: &str, count: u32, pages: u32) {
        let args = [subject, &count.to_string(), &pages.to_string()];
        let output = Command::new(self.program).arg(pairing).args(args).output();
        let output = output.expect("the process runs");
        assert!(output.status.success(), "{output:?}");
        // It prints nothing where the system does not tell.
        let Ok(value) = String::from_utf8_lossy(&output.stdout).trim().parse() else {
            return;
        };
        let with = match pages {
            0 => "",
            _ => " with a memory",
        };
        self.figures.push(Figure {
            suite: "graph".to_owned(),
            row: format!("{count} instances{with}, resident bytes each"),
            pairing: pairing.to_owned(),
            subject: subject.to_owned(),
            unit: "bytes".to_owned(),
            value,
        });
    }
}

impl Visitor for Resident<'_> {
    fn visit<P: Pairing>(&mut self) {
        for pages in [0, 1] {
            for count in self.sizes.instances {
                for subject in ["sinew", "floor"] {
                    self.look(P::NAME, subject, *count, pages);
                }
            }
        }
    }
}

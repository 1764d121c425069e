//! From the start of a process to the first result of wasm, and a second runtime in a process.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use sinew::{EngineConfig, ModuleCache, ModuleSource, Runtime, Value};

use crate::floor::{JsByHand, WasmByHand};
use crate::program::add_module;
use crate::row::{Row, Work};
use crate::time::Clock;
use crate::{Pairing, Visitor, pairings};

/// The two programs.
pub struct Programs {
    /// `sinew`, built with all engines. Its sides are left out without it.
    pub sinew: Option<PathBuf>,
    /// `bare`, of this package.
    pub bare: PathBuf,
}

impl Programs {
    /// `sinew` beside the build of `bare`, or where the environment variable `SINEW` says.
    pub fn new(bare: &str) -> Self {
        let bare = PathBuf::from(bare);
        let name = format!("sinew{}", std::env::consts::EXE_SUFFIX);
        let sinew = match std::env::var_os("SINEW") {
            Some(sinew) => PathBuf::from(sinew),
            None => bare.with_file_name(name),
        };
        let sinew = sinew.exists().then_some(sinew);
        Self { sinew, bare }
    }
}

/// The program of two lines.
const MAIN: &str = "import { add } from \"./add.wasm\";\nconsole.log(add(1, 2));\n";

/// All rows. The files of the programs are put in `folder`.
///
/// # Panics
/// If they cannot be written.
pub fn rows(programs: Programs, folder: &Path) -> Vec<Row> {
    std::fs::create_dir_all(folder).expect("a folder");
    let file = |name: &str, text: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let row =
        |name: &str, clock, expected| Row::new(format!("startup: {name}"), expected).by(clock);
    let mut startup = Startup {
        rows: vec![
            row("first result", Clock::Wall, 3.0),
            row("first result, processor time", Clock::Children, 3.0),
            row("empty program", Clock::Wall, 0.0),
            row("empty program, processor time", Clock::Children, 0.0),
            row("second runtime", Clock::Thread, 3.0),
        ],
        wasm: file("add.wasm", &add_module()),
        main: file("main.mjs", MAIN.as_bytes()),
        empty: file("empty.mjs", b""),
        programs,
    };
    pairings(&mut startup);
    startup.rows
}

struct Startup {
    rows: Vec<Row>,
    wasm: PathBuf,
    main: PathBuf,
    empty: PathBuf,
    programs: Programs,
}

impl Startup {
    /// A process that is measured by the clocks of the rows `at` and the next.
    fn process(&mut self, at: usize, function: &'static str, on: &'static str, command: Command) {
        let command = Rc::new(RefCell::new(command));
        for row in &mut self.rows[at..at + 2] {
            let (clock, command) = (row.clock, command.clone());
            let work = Work::batch(1, move || run(&mut command.borrow_mut(), clock));
            row.side(function, on, work);
        }
    }
}

impl Visitor for Startup {
    fn visit<P: Pairing>(&mut self) {
        for (at, file) in [(0, &self.main.clone()), (2, &self.empty.clone())] {
            if let Some(sinew) = &self.programs.sinew {
                let mut command = Command::new(sinew);
                command.args([
                    "run",
                    "--js",
                    P::JsByHand::NAME,
                    "--wasm",
                    P::WasmByHand::NAME,
                ]);
                command.arg(file);
                self.process(at, "sinew", P::NAME, command);
            }
            let mut command = Command::new(&self.programs.bare);
            command.arg(P::NAME);
            if at == 0 {
                command.arg(&self.wasm);
            }
            self.process(at, "floor", P::NAME, command);
        }
        let second = self.rows.last_mut().expect("rows");
        second.side("sinew", P::NAME, Work::batch(1, second_runtime::<P>()));
        let engine = P::WasmByHand::new();
        let module = engine.compile(&add_module());
        let by_hand = move || {
            on_a_thread(|| {
                Clock::Thread.time(|| match P::JsByHand::fresh() {
                    3.0 => engine.first(&module),
                    wrong => wrong,
                })
            })
        };
        second.side("floor", P::NAME, Work::batch(1, by_hand));
    }
}

/// Runs a process to its end; the number that it prints, or nought.
fn run(command: &mut Command, clock: Clock) -> (Duration, f64) {
    let (time, output) = clock.time(|| command.output());
    let output = output.expect("the process runs");
    assert!(output.status.success(), "{command:?}: {output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    (time, text.trim().parse().unwrap_or(0.0))
}

/// Builds a runtime and calls `add`, whose module another runtime has compiled. That the runtime
/// goes is not counted; by hand it is.
fn second_runtime<P: Pairing>() -> impl FnMut() -> (Duration, f64) {
    let config = EngineConfig {
        interruptible: false,
        stack_bytes: 512 << 10,
    };
    let cache = ModuleCache::<P::Wasm>::new(config).expect("an engine");
    let bytes: Arc<[u8]> = add_module().into();
    let once = move || {
        let bytes = bytes.clone();
        let hook = move |_: &str, _: &str| Some(ModuleSource::Wasm(bytes.clone()));
        let (time, (runtime, sum)) = Clock::Thread.time(|| {
            let builder = Runtime::<P::Js, P::Wasm>::builder();
            let builder = builder.cache(&cache).load_hook(hook);
            let mut runtime = builder.build().expect("a runtime");
            let module = runtime.import("add.wasm").expect("the module");
            let add: Value<P::Js> = runtime.get(&module, "add").expect("add");
            let sum = runtime.call(&add, (1, 2)).expect("the sum");
            (runtime, sum)
        });
        drop(runtime);
        (time, sum)
    };
    // The first one compiles.
    on_a_thread(&once);
    move || on_a_thread(&once)
}

/// Runs `f` on a thread of its own: Boa has one heap a thread, and never lets go of a realm that has
/// imported something.
fn on_a_thread<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, f).expect("a thread");
        thread.join().expect("no panic")
    })
}

const STACK: usize = 8 << 20;

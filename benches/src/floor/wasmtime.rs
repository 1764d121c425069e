//! Wasmtime on its own, and what the floors on it have in common.

use std::any::Any;

use wasmtime::{
    AsContextMut, Config, Engine, Extern, Func, FuncType, Instance, Module, Store, ValRaw, ValType,
};

use super::WasmByHand;
use crate::Subject;
use crate::case::{Case, Type};
use crate::program::{EMPTY_IMPORT, Program};

/// An engine as others set it up.
pub fn engine() -> Engine {
    Engine::new(&Config::new()).expect("an engine")
}

/// A module.
pub fn compile(engine: &Engine, bytes: &[u8]) -> Module {
    Module::new(engine, bytes).expect("a valid module")
}

/// The type of a function.
pub fn func_type(engine: &Engine, case: &Case) -> FuncType {
    let ty = |ty: &Type| match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F64 => ValType::F64,
    };
    FuncType::new(engine, case.params.iter().map(ty), [ty(&case.result)])
}

/// Wasmtime on its own: `entry` is a call from Rust, `import_i32x2` a call of a function in Rust
/// from a loop in wasm.
pub struct Alone {
    store: Store<()>,
    entry: Func,
    import: Func,
    empty: Func,
}

impl Alone {
    /// A store with the loops.
    pub fn new() -> Self {
        let mut store = Store::new(&engine(), ());
        let program = Program::calls(None);
        let module = compile(store.engine(), &program.module);
        let imports = program.imports.iter().map(|case| {
            let ty = func_type(store.engine(), case);
            let last = case.params.len().saturating_sub(1);
            // SAFETY: all values are numbers of one type, and the last parameter is the result.
            let func = unsafe {
                Func::new_unchecked(&mut store, ty, move |_, vals| {
                    vals[0] = vals[last];
                    Ok(())
                })
            };
            Extern::Func(func)
        });
        let imports: Vec<Extern> = imports.collect();
        let instance = instantiate(&mut store, &module, &imports);
        let mut export = |name: &str| instance.get_func(&mut store, name).expect("an export");
        Self {
            entry: export("i32x2"),
            import: export("import_i32x2"),
            empty: export(EMPTY_IMPORT),
            store,
        }
    }
}

/// An instance of a module.
pub fn instantiate(store: impl AsContextMut, module: &Module, imports: &[Extern]) -> Instance {
    Instance::new(store, module, imports).expect("an instance")
}

impl Default for Alone {
    fn default() -> Self {
        Self::new()
    }
}

impl Subject for Alone {
    fn run(&mut self, name: &str, n: u32) -> f64 {
        let mut store = self.store.as_context_mut();
        let mut vals = [ValRaw::i32(0); 2];
        // A loop in wasm takes the number of its rounds.
        let (func, calls, arg) = match name {
            "entry" => (self.entry, n, 3),
            "import_i32x2" => (self.import, 1, n as i32),
            EMPTY_IMPORT => (self.empty, 1, n as i32),
            _ => return f64::NAN,
        };
        for _ in 0..calls {
            vals = [ValRaw::i32(arg); 2];
            // SAFETY: the values are of the parameters' types.
            unsafe { func.call_unchecked(&mut store, &mut vals) }.expect("no trap");
        }
        f64::from(vals[0].get_i32())
    }
}

/// An engine.
pub struct Wasmtime(Engine);

impl WasmByHand for Wasmtime {
    const NAME: &'static str = "wasmtime";
    const LOOPS: &'static [(&'static str, Option<&'static str>)] =
        &[("entry", None), ("import_i32x2", Some(EMPTY_IMPORT))];
    type Module = Module;

    fn alone() -> impl Subject + 'static {
        Alone::new()
    }

    fn new() -> Self {
        Self(engine())
    }

    fn compile(&self, bytes: &[u8]) -> Module {
        compile(&self.0, bytes)
    }

    fn serialize(&self, module: &Module) -> Option<Vec<u8>> {
        module.serialize().ok()
    }

    fn deserialize(&self, artifact: &[u8], bytes: &[u8]) -> Option<Module> {
        std::hint::black_box((blake3::hash(artifact), blake3::hash(bytes)));
        // SAFETY: the artifact is what `serialize` returned.
        unsafe { Module::deserialize(&self.0, artifact) }.ok()
    }

    fn instances(&self, module: &Module, count: u32) -> (Box<dyn Any>, f64) {
        let mut store = Store::new(&self.0, ());
        let mut value = f64::NAN;
        for at in 1..=count {
            let instance = instantiate(&mut store, module, &[]);
            if at == count {
                let f = instance.get_typed_func::<(), i32>(&mut store, "f");
                value = f64::from(f.expect("f").call(&mut store, ()).expect("no trap"));
            }
        }
        (Box::new(store), value)
    }

    fn graph(&self, modules: &[Vec<u8>], imports: fn(usize, usize) -> Vec<usize>) -> f64 {
        let mut store = Store::new(&self.0, ());
        let mut functions: Vec<Option<Func>> = vec![None; modules.len()];
        for (at, module) in modules.iter().enumerate().rev() {
            let module = compile(&self.0, module);
            let imports: Vec<Extern> = imports(at, modules.len())
                .into_iter()
                .map(|import| functions[import].expect("made before").into())
                .collect();
            let instance = instantiate(&mut store, &module, &imports);
            functions[at] = instance.get_func(&mut store, "f");
        }
        let first = functions[0].expect("f");
        let first = first.typed::<(), i32>(&store).expect("its type");
        f64::from(first.call(&mut store, ()).expect("no trap"))
    }

    fn exports(&self, module: &Module) -> usize {
        let mut store = Store::new(&self.0, ());
        let instance = instantiate(&mut store, module, &[]);
        instance.exports(&mut store).count()
    }

    fn first(&self, module: &Module) -> f64 {
        let mut store = Store::new(&self.0, ());
        let instance = instantiate(&mut store, module, &[]);
        let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add");
        f64::from(add.expect("add").call(&mut store, (1, 2)).expect("no trap"))
    }
}

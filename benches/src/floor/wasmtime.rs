//! Wasmtime on its own, and what the floors on it have in common.

use wasmtime::{
    AsContextMut, Config, Engine, Extern, Func, FuncType, Instance, Module, Store, ValRaw, ValType,
};

use crate::Subject;
use crate::case::{self, CASES, Case, EMPTY_IMPORT, Type};

/// An engine as others set it up.
pub fn engine() -> Engine {
    Engine::new(&Config::new()).expect("an engine")
}

/// The module.
pub fn compile(engine: &Engine) -> Module {
    Module::new(engine, case::module()).expect("a valid module")
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
        let module = compile(store.engine());
        let imports = CASES.each_ref().map(|case| {
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
        let instance = Instance::new(&mut store, &module, &imports).expect("an instance");
        let mut export = |name: &str| instance.get_func(&mut store, name).expect("an export");
        Self {
            entry: export("i32x2"),
            import: export("import_i32x2"),
            empty: export(EMPTY_IMPORT),
            store,
        }
    }
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

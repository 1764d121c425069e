//! Wasmi on its own, and what the floors on it have in common.

use std::any::Any;

use wasmi::{
    AsContextMut, Engine, Extern, F64, Func, FuncType, Instance, Module, Store, Val, ValType,
};

use super::WasmByHand;
use crate::Subject;
use crate::case::{Case, Type};
use crate::program::{EMPTY_IMPORT, Program};

/// A module.
pub fn compile(engine: &Engine, bytes: &[u8]) -> Module {
    Module::new(engine, bytes).expect("a valid module")
}

/// The type of a function.
pub fn func_type(case: &Case) -> FuncType {
    let ty = |ty: &Type| match ty {
        Type::I32 => ValType::I32,
        Type::I64 => ValType::I64,
        Type::F64 => ValType::F64,
    };
    FuncType::new(case.params.iter().map(ty), [ty(&case.result)])
}

/// The value of these bits.
#[inline]
pub fn from_bits(bits: u64, ty: Type) -> Val {
    match ty {
        Type::I32 => Val::I32(bits as i32),
        Type::I64 => Val::I64(bits as i64),
        Type::F64 => Val::F64(F64::from_bits(bits)),
    }
}

/// The bits of a number.
#[inline]
pub fn to_bits(val: &Val) -> u64 {
    match val {
        Val::I32(int) => u64::from(*int as u32),
        Val::I64(int) => *int as u64,
        Val::F64(float) => float.to_bits(),
        _ => 0,
    }
}

/// Wasmi on its own: `entry` is a call from Rust of any signature, `typed` one of a signature known
/// to the compiler, `import_i32x2` a call of a function in Rust from a loop in wasm.
pub struct Alone {
    store: Store<()>,
    instance: Instance,
}

impl Alone {
    /// A store with the loops.
    pub fn new() -> Self {
        let mut store = Store::new(&Engine::default(), ());
        let program = Program::calls(None);
        let module = compile(store.engine(), &program.module);
        let imports = program.imports.iter().map(|case| {
            let func = Func::new(&mut store, func_type(case), |_, params, results| {
                if let Some(last) = params.last() {
                    results[0] = last.clone();
                }
                Ok(())
            });
            Extern::Func(func)
        });
        let imports: Vec<Extern> = imports.collect();
        let instance = instantiate(&mut store, &module, &imports);
        Self { store, instance }
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
        let export = match name {
            "entry" | "typed" => "i32x2",
            "import_i32x2" | EMPTY_IMPORT => name,
            _ => return f64::NAN,
        };
        let func = self
            .instance
            .get_func(&self.store, export)
            .expect("an export");
        let mut store = self.store.as_context_mut();
        let mut results = [Val::I32(0)];
        match name {
            "entry" => {
                for _ in 0..n {
                    let params = [Val::I32(3), Val::I32(3)];
                    func.call(&mut store, &params, &mut results)
                        .expect("no trap");
                }
            }
            "typed" => {
                let func = func.typed::<(i32, i32), i32>(&store).expect("the type");
                for _ in 0..n {
                    results[0] = Val::I32(func.call(&mut store, (3, 3)).expect("no trap"));
                }
            }
            _ => {
                let params = [Val::I32(n as i32)];
                func.call(&mut store, &params, &mut results)
                    .expect("no trap");
            }
        }
        to_bits(&results[0]) as f64
    }
}

/// An engine.
pub struct Wasmi(Engine);

impl WasmByHand for Wasmi {
    const NAME: &'static str = "wasmi";
    const LOOPS: &'static [(&'static str, Option<&'static str>)] = &[
        ("entry", None),
        ("typed", None),
        ("import_i32x2", Some(EMPTY_IMPORT)),
    ];
    type Module = Module;

    fn alone() -> impl Subject + 'static {
        Alone::new()
    }

    fn new() -> Self {
        Self(Engine::default())
    }

    fn compile(&self, bytes: &[u8]) -> Module {
        compile(&self.0, bytes)
    }

    fn instances(&self, module: &Module, count: u32) -> (Box<dyn Any>, f64) {
        let mut store = Store::new(&self.0, ());
        let mut value = f64::NAN;
        for at in 1..=count {
            let instance = instantiate(&mut store, module, &[]);
            if at == count {
                let f = instance.get_typed_func::<(), i32>(&store, "f");
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
            functions[at] = instance.get_func(&store, "f");
        }
        let first = functions[0].expect("f");
        let first = first.typed::<(), i32>(&store).expect("its type");
        f64::from(first.call(&mut store, ()).expect("no trap"))
    }

    fn exports(&self, module: &Module) -> usize {
        let mut store = Store::new(&self.0, ());
        let instance = instantiate(&mut store, module, &[]);
        instance.exports(&store).count()
    }

    fn first(&self, module: &Module) -> f64 {
        let mut store = Store::new(&self.0, ());
        let instance = instantiate(&mut store, module, &[]);
        let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add");
        f64::from(add.expect("add").call(&mut store, (1, 2)).expect("no trap"))
    }
}

//! A store with everything that a body needs around it.

use std::rc::Rc;
use std::sync::Arc;

use crate::{
    Budget, EngineConfig, EngineError, ErrorKind, Extern, ExternKind, ExternPayload, FuncIdentity,
    FuncType, HeapType, HostFunc, HostId, HostTrap, ImportType, RefType, Reference, ReleaseQueue,
    ResourceLimits, StoreData, Termination, ValType, WasmEngine,
};

/// A value, under a name as short as its use is frequent.
pub(super) type Val<W> = crate::Val<W>;

type Scalar<W> = dyn Fn(
    &mut <W as WasmEngine>::StoreMut<'_>,
    &mut [<W as WasmEngine>::Raw],
) -> Result<(), HostTrap>;

type General<W> =
    dyn Fn(&mut <W as WasmEngine>::StoreMut<'_>, &[Val<W>], &mut [Val<W>]) -> Result<(), HostTrap>;

/// What a host function runs.
pub(super) enum Body<W: WasmEngine> {
    Scalar(Box<Scalar<W>>),
    General(Box<General<W>>),
}

/// The one kind of host function: owns its closure.
struct Dispatch;

impl<W: WasmEngine> HostFunc<W> for Dispatch {
    type Data = Body<W>;

    fn invoke(
        store: &mut W::StoreMut<'_>,
        body: &Body<W>,
        vals: &mut [W::Raw],
    ) -> Result<(), HostTrap> {
        match body {
            Body::Scalar(f) => f(store, vals),
            Body::General(_) => panic!("a general function was invoked as a scalar one"),
        }
    }

    fn call(
        store: &mut W::StoreMut<'_>,
        body: &Body<W>,
        params: &[Val<W>],
        results: &mut [Val<W>],
    ) -> Result<(), HostTrap> {
        match body {
            Body::General(f) => f(store, params, results),
            Body::Scalar(_) => panic!("a scalar function was called as a general one"),
        }
    }
}

/// An engine, a store and what the store was made with.
pub(super) struct Fixture<W: WasmEngine> {
    // First, so that it is dropped first: what it releases goes to the queue below.
    pub store: W::Store,
    pub engine: W::Engine,
    pub budget: Rc<Budget>,
    pub termination: Arc<Termination>,
    pub released: Arc<ReleaseQueue>,
}

impl<W: WasmEngine> Fixture<W> {
    pub fn new() -> Self {
        Self::with(&EngineConfig::default(), ResourceLimits::default())
    }

    pub fn interruptible() -> Self {
        let config = EngineConfig {
            interruptible: true,
            ..EngineConfig::default()
        };
        Self::with(&config, ResourceLimits::default())
    }

    pub fn limited(limits: ResourceLimits) -> Self {
        Self::with(&EngineConfig::default(), limits)
    }

    pub fn with(config: &EngineConfig, limits: ResourceLimits) -> Self {
        let engine = W::engine_new(config).expect("the configuration is a plain one");
        Self::on(engine, limits)
    }

    /// Another store of an engine that is there already.
    pub fn on(engine: W::Engine, limits: ResourceLimits) -> Self {
        let budget = Rc::new(Budget::new(limits));
        let termination = Arc::new(Termination::default());
        let data = StoreData {
            budget: budget.clone(),
            termination: termination.clone(),
        };
        let store = W::store_new(&engine, data).expect("a store");
        Self {
            store,
            engine,
            budget,
            termination,
            released: Arc::new(ReleaseQueue::default()),
        }
    }

    pub fn cx(&mut self) -> W::StoreMut<'_> {
        W::store_mut(&mut self.store)
    }

    pub fn compile(&self, text: &str) -> W::Module {
        W::module_compile(&self.engine, &wasm(text)).expect("a valid module")
    }

    pub fn try_instance(
        &mut self,
        text: &str,
        imports: &[Extern<W>],
    ) -> Result<W::Instance, W::Error> {
        let module = self.compile(text);
        W::module_instantiate(&mut self.cx(), &module, imports)
    }

    pub fn instance(&mut self, text: &str, imports: &[Extern<W>]) -> W::Instance {
        self.try_instance(text, imports).expect("an instance")
    }

    pub fn export(&mut self, instance: &W::Instance, name: &str, kind: ExternKind) -> Extern<W> {
        W::instance_export(&mut self.cx(), instance, name, kind)
            .unwrap_or_else(|| panic!("no {kind} is exported as {name:?}"))
    }

    pub fn func(&mut self, instance: &W::Instance, name: &str) -> W::Func {
        func(self.export(instance, name, ExternKind::Func))
    }

    pub fn memory(&mut self, instance: &W::Instance, name: &str) -> W::Memory {
        match self.export(instance, name, ExternKind::Memory) {
            Extern::Memory(memory) => memory,
            _ => panic!("asked for a memory"),
        }
    }

    pub fn table(&mut self, instance: &W::Instance, name: &str) -> W::Table {
        match self.export(instance, name, ExternKind::Table) {
            Extern::Table(table) => table,
            _ => panic!("asked for a table"),
        }
    }

    pub fn global(&mut self, instance: &W::Instance, name: &str) -> W::Global {
        match self.export(instance, name, ExternKind::Global) {
            Extern::Global(global) => global,
            _ => panic!("asked for a global"),
        }
    }

    pub fn tag(&mut self, instance: &W::Instance, name: &str) -> W::Tag {
        match self.export(instance, name, ExternKind::Tag) {
            Extern::Tag(tag) => tag,
            _ => panic!("asked for a tag"),
        }
    }

    pub fn data(&mut self, memory: &W::Memory) -> (*mut u8, usize) {
        W::mem_data(&mut self.cx(), memory)
    }

    pub fn identity(&mut self, func: &W::Func) -> FuncIdentity {
        W::func_identity(&mut self.cx(), func)
    }

    /// A host function of scalar signature.
    pub fn host(
        &mut self,
        ty: &FuncType,
        f: impl Fn(&mut W::StoreMut<'_>, &mut [W::Raw]) -> Result<(), HostTrap> + 'static,
    ) -> W::Func {
        assert!(ty.is_scalar());
        self.host_of(ty, None, Body::Scalar(Box::new(f)))
    }

    /// A host function of any other signature.
    pub fn host_general(
        &mut self,
        ty: &FuncType,
        f: impl Fn(&mut W::StoreMut<'_>, &[Val<W>], &mut [Val<W>]) -> Result<(), HostTrap> + 'static,
    ) -> W::Func {
        assert!(!ty.is_scalar());
        self.host_of(ty, None, Body::General(Box::new(f)))
    }

    /// A host function for an import, whose type `ty` shows in outline.
    pub fn host_for(
        &mut self,
        ty: &FuncType,
        import: ImportType<'_, W>,
        f: impl Fn(&mut W::StoreMut<'_>, &[Val<W>], &mut [Val<W>]) -> Result<(), HostTrap> + 'static,
    ) -> W::Func {
        assert!(!ty.is_scalar());
        self.host_of(ty, Some(import), Body::General(Box::new(f)))
    }

    fn host_of(
        &mut self,
        ty: &FuncType,
        import: Option<ImportType<'_, W>>,
        body: Body<W>,
    ) -> W::Func {
        self.try_host(ty, import, body).expect("a host function")
    }

    pub fn try_host(
        &mut self,
        ty: &FuncType,
        import: Option<ImportType<'_, W>>,
        body: Body<W>,
    ) -> Result<W::Func, W::Error> {
        W::func_alloc::<Dispatch>(&mut W::store_mut(&mut self.store), ty, import, body)
    }

    pub fn invoke(&mut self, func: &W::Func, params: &[Val<W>]) -> Result<Vec<Val<W>>, W::Error> {
        invoke::<W>(&mut self.cx(), func, params)
    }

    pub fn call(&mut self, func: &W::Func, params: &[Val<W>]) -> Result<Vec<Val<W>>, W::Error> {
        call::<W>(&mut self.cx(), func, params)
    }

    /// Calls an export of any signature, for its one result.
    pub fn get(&mut self, instance: &W::Instance, name: &str, params: &[Val<W>]) -> Val<W> {
        let f = self.func(instance, name);
        let results = self.call(&f, params).expect("a call that returns");
        results.into_iter().next().expect("a result")
    }

    /// Calls an export of scalar signature that takes nothing, for its one i32.
    pub fn run(&mut self, instance: &W::Instance, name: &str) -> i32 {
        let f = self.func(instance, name);
        i32_of(&self.invoke(&f, &[]).expect("a call that returns")[0])
    }

    pub fn externref(&mut self, id: u32) -> W::ExternRef {
        let payload = ExternPayload::new(HostId(id), self.released.clone());
        W::extern_alloc(&mut self.cx(), payload).expect("an external reference")
    }
}

/// The binary form of a module's text.
pub(super) fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// `func_invoke` with values in their general form.
pub(super) fn invoke<W: WasmEngine>(
    store: &mut W::StoreMut<'_>,
    func: &W::Func,
    params: &[Val<W>],
) -> Result<Vec<Val<W>>, W::Error> {
    let ty = W::func_type(store, func);
    assert!(ty.is_scalar() && ty.params().len() == params.len());
    let mut vals: Vec<W::Raw> = params.iter().map(raw::<W>).collect();
    vals.resize(ty.raw_len(), W::raw_i32(0));
    W::func_invoke(store, func, &ty, &mut vals)?;
    let results = ty.results().iter().zip(&vals);
    Ok(results.map(|(ty, raw)| unraw::<W>(*ty, raw)).collect())
}

/// `func_call` with a result vector of its own.
pub(super) fn call<W: WasmEngine>(
    store: &mut W::StoreMut<'_>,
    func: &W::Func,
    params: &[Val<W>],
) -> Result<Vec<Val<W>>, W::Error> {
    let ty = W::func_type(store, func);
    let mut results = vec![Val::I32(-1); ty.results().len()];
    W::func_call(store, func, params, &mut results)?;
    Ok(results)
}

pub(super) fn raw<W: WasmEngine>(val: &Val<W>) -> W::Raw {
    match val {
        Val::I32(v) => W::raw_i32(*v),
        Val::I64(v) => W::raw_i64(*v),
        Val::F32(v) => W::raw_f32(*v),
        Val::F64(v) => W::raw_f64(*v),
        other => panic!("{other:?} is not a scalar"),
    }
}

pub(super) fn unraw<W: WasmEngine>(ty: ValType, raw: &W::Raw) -> Val<W> {
    match ty {
        ValType::I32 => Val::I32(W::raw_get_i32(raw)),
        ValType::I64 => Val::I64(W::raw_get_i64(raw)),
        ValType::F32 => Val::F32(W::raw_get_f32(raw)),
        ValType::F64 => Val::F64(W::raw_get_f64(raw)),
        other => panic!("{other} is not a scalar type"),
    }
}

/// The variant and the bits of a number.
pub(super) fn bits<W: WasmEngine>(val: &Val<W>) -> (char, u128) {
    match val {
        Val::I32(v) => ('i', u128::from(v.cast_unsigned())),
        Val::I64(v) => ('I', u128::from(v.cast_unsigned())),
        Val::F32(v) => ('f', u128::from(*v)),
        Val::F64(v) => ('F', u128::from(*v)),
        Val::V128(v) => ('v', *v),
        other => panic!("{other:?} is not a number"),
    }
}

#[track_caller]
pub(super) fn assert_same<W: WasmEngine>(left: &[Val<W>], right: &[Val<W>]) {
    let of = |vals: &[Val<W>]| vals.iter().map(bits).collect::<Vec<_>>();
    assert_eq!(of(left), of(right), "{left:?} is not {right:?}");
}

#[track_caller]
pub(super) fn assert_kind<T, W: WasmEngine>(result: Result<T, W::Error>, kind: ErrorKind) {
    match result {
        Ok(_) => panic!("no error, where {kind:?} was due"),
        Err(error) => assert_eq!(error.kind(), kind, "{error}"),
    }
}

pub(super) fn i32_of<W: WasmEngine>(val: &Val<W>) -> i32 {
    match val {
        Val::I32(v) => *v,
        other => panic!("{other:?} is not an i32"),
    }
}

pub(super) fn func_of<W: WasmEngine>(val: &Val<W>) -> W::Func {
    match val {
        Val::Func(Some(func)) => func.clone(),
        other => panic!("{other:?} is not a function"),
    }
}

pub(super) fn extern_of<W: WasmEngine>(val: &Val<W>) -> W::ExternRef {
    match val {
        Val::Extern(Some(value)) => value.clone(),
        other => panic!("{other:?} is not an external reference"),
    }
}

pub(super) fn any_of<W: WasmEngine>(val: &Val<W>) -> W::AnyRef {
    match val {
        Val::Any(Some(value)) => value.clone(),
        other => panic!("{other:?} is not a reference of the any hierarchy"),
    }
}

pub(super) fn exn_of<W: WasmEngine>(val: &Val<W>) -> W::ExnRef {
    match val {
        Val::Exn(Some(value)) => value.clone(),
        other => panic!("{other:?} is not an exception"),
    }
}

/// The number of the JavaScript value that an external reference refers to.
#[track_caller]
pub(super) fn id_of<W: WasmEngine>(store: &mut W::StoreMut<'_>, value: &W::ExternRef) -> HostId {
    match W::extern_read(store, value) {
        Reference::Host(id) => id,
        Reference::I31(value) => panic!("{value} is no JavaScript value"),
        Reference::Object { .. } => panic!("an object of wasm's is no JavaScript value"),
    }
}

pub(super) fn func<W: WasmEngine>(value: Extern<W>) -> W::Func {
    match value {
        Extern::Func(func) => func,
        _ => panic!("asked for a function"),
    }
}

pub(super) const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
pub(super) const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
pub(super) const ANYREF: ValType = nullable(HeapType::Any);
pub(super) const STRUCTREF: ValType = nullable(HeapType::Struct);

/// `(ref null heap)`
pub(super) const fn nullable(heap: HeapType) -> ValType {
    ValType::Ref(RefType {
        nullable: true,
        heap,
    })
}

pub(super) fn ty(params: &[ValType], results: &[ValType]) -> FuncType {
    FuncType::new(params, results)
}

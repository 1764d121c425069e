//! [`WebAssembly.Table`](https://webassembly.github.io/spec/js-api/#tables)

use std::rc::Rc;

use sinew_bridge::binary::TABLE_SIZE;
use sinew_bridge::class::{Accessor, ClassSpec, Method, prototype_of_new_target, throw};
use sinew_bridge::{
    Completion, EngineError, ErrorClass, ErrorKind, HostData, JsHost, Limits, TableType, Throw,
    Val, ValType, WasmEngine, class,
};

use crate::agent::Agent;
use crate::store::{Entry, Store};
use crate::webassembly::{
    self, Interface, class_id, entity_object, error, reflection, value, webidl,
};

/// The interface.
pub(crate) struct TableInterface;

impl<J: JsHost, W: WasmEngine> Interface<J, W> for TableInterface {
    const SPEC: ClassSpec<J, Agent<J, W>> = ClassSpec {
        name: "Table",
        display: "WebAssembly.Table",
        id: class_id::TABLE,
        length: 1,
        constructor: construct::<J, W>,
        methods: &[
            Method {
                name: "grow",
                length: 1,
                body: grow::<J, W>,
            },
            Method {
                name: "get",
                length: 1,
                body: get::<J, W>,
            },
            Method {
                name: "set",
                length: 1,
                body: set::<J, W>,
            },
            Method {
                name: "type",
                length: 0,
                body: type_::<J, W>,
            },
        ],
        statics: &[],
        accessors: &[Accessor {
            name: "length",
            get: length::<J, W>,
            set: None,
        }],
        ..ClassSpec::BASE
    };
}

/// Gives a table of the engine an address.
pub(crate) fn add<J: JsHost, W: WasmEngine>(
    store: &Store<J, W>,
    table: W::Table,
    ty: TableType,
) -> u32 {
    let mut tables = store.tables.borrow_mut();
    tables.push(Entry {
        entity: table,
        ty,
        object: Rc::default(),
    });
    tables.len() as u32 - 1
}

/// [Create a table object](https://webassembly.github.io/spec/js-api/#create-a-table-object) from an
/// address: the same object each time.
pub(crate) fn object<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    slot: u32,
    proto: Option<&J::Value>,
) -> Completion<J> {
    let class = &store.agent.classes().table;
    let data = HostData {
        class: class_id::TABLE,
        slot,
    };
    let object = store.tables.borrow()[slot as usize].object.clone();
    entity_object::<J>(cx, class, proto, data, &object)
}

/// [`new Table(descriptor, value)`](https://webassembly.github.io/spec/js-api/#dom-table-table)
fn construct<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let descriptor = webidl::required::<J>(cx, args, 0, "WebAssembly.Table")?;
    webidl::dictionary::<J>(cx, &descriptor, "a table descriptor")?;
    // The element comes before its place in the alphabet, as in every engine.
    let Some(element) = webidl::member::<J>(cx, &descriptor, "element")? else {
        return Err(class::type_error::<J>(
            cx,
            "a table descriptor needs element",
        ));
    };
    // 1. Let elementtype be ToValueType(descriptor["element"]). 2. If not a reftype, TypeError.
    let element = match webidl::value_type::<J>(cx, &element)? {
        ValType::Ref(element) => element,
        other => {
            let message = format!("{other} is no reference type");
            return Err(class::type_error::<J>(cx, &message));
        }
    };
    let address = webidl::address_type::<J>(cx, &descriptor)?;
    let (initial, maximum) = webidl::limits::<J>(cx, &descriptor, address)?;
    let Some(initial) = initial else {
        return Err(class::type_error::<J>(
            cx,
            "a table descriptor needs initial",
        ));
    };
    let proto = prototype_of_new_target::<J>(cx, args, &agent.classes().table)?;
    // 7. If type is not valid, throw a RangeError.
    if maximum.is_some_and(|maximum| maximum < initial) {
        return Err(range_error::<J>(
            cx,
            "the maximum is smaller than the initial size",
        ));
    }
    if initial > TABLE_SIZE {
        return Err(range_error::<J>(cx, "the table has too many elements"));
    }
    let ty = TableType {
        limits: Limits {
            min: initial,
            max: maximum,
        },
        address,
        element,
    };
    let store = agent.store(cx)?;
    // 8. If value is missing, let ref be DefaultValue(elementtype); else ToWebAssemblyValue(value).
    let init = element_or_default(cx, &store, args, ty)?;
    let allocated = store.access(cx, |wasm| W::table_alloc(wasm, &ty, &init))?;
    let Ok(table) = allocated else {
        return Err(range_error::<J>(cx, "the table could not be allocated"));
    };
    let slot = add(&store, table, ty);
    object(cx, &store, slot, Some(&proto))
}

/// Argument 1 as an element of a table, or the default when it is missing: `undefined` is not.
fn element_or_default<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    store: &Rc<Store<J, W>>,
    args: J::Args<'_>,
    ty: TableType,
) -> Completion<J, Val<W>> {
    let element = ValType::Ref(ty.element);
    if J::args_len(args) < 2 {
        return value::default_value(cx, store, element);
    }
    let given = J::arg(cx, args, 1);
    value::to_wasm(cx, store, &given, element)
}

/// The table that a method was called on.
struct Receiver<J: JsHost, W: WasmEngine> {
    store: Rc<Store<J, W>>,
    table: W::Table,
    ty: TableType,
}

fn receiver<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J, Receiver<J, W>> {
    let (store, slot) = webassembly::receiver::<J, W, TableInterface>(cx, agent, args)?;
    let (table, ty) = {
        let entry = &store.tables.borrow()[slot as usize];
        (entry.entity.clone(), entry.ty)
    };
    Ok(Receiver { store, table, ty })
}

/// [`type()`](https://github.com/WebAssembly/js-types) of the type reflection proposal.
fn type_<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let Receiver { store, table, .. } = receiver(cx, agent, args)?;
    let ty = store.access(cx, |wasm| W::table_type(wasm, &table))?;
    reflection::table_type::<J>(cx, &ty)
}

/// [`grow(delta, value)`](https://webassembly.github.io/spec/js-api/#dom-table-grow)
fn grow<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let Receiver { store, table, ty } = receiver(cx, agent, args)?;
    let delta = webidl::required::<J>(cx, args, 0, "Table.grow")?;
    let delta = webidl::address_to_u64::<J>(cx, &delta, ty.address, "delta")?;
    let init = element_or_default(cx, &store, args, ty)?;
    // 8. Let result be table_grow(store, tableaddr, delta, ref). 9. If error, throw a RangeError.
    let size = store.access(cx, |wasm| W::table_size(wasm, &table))?;
    if size.saturating_add(delta) > TABLE_SIZE {
        return Err(range_error::<J>(cx, "the table cannot grow by that much"));
    }
    let grown = store.access(cx, |wasm| W::table_grow(wasm, &table, delta, &init))?;
    match grown {
        Ok(before) => Ok(webidl::u64_to_address::<J>(cx, before, ty.address)),
        Err(error) if error.kind() == ErrorKind::Type => {
            Err(error::engine_error(cx, agent, &error, None))
        }
        Err(_) => Err(range_error::<J>(cx, "the table cannot grow by that much")),
    }
}

/// [`get(index)`](https://webassembly.github.io/spec/js-api/#dom-table-get)
fn get<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let Receiver { store, table, ty } = receiver(cx, agent, args)?;
    require_crossing::<J>(cx, ty)?;
    let index = webidl::required::<J>(cx, args, 0, "Table")?;
    let index = webidl::address_to_u64::<J>(cx, &index, ty.address, "index")?;
    // 5. Let result be table_read(store, tableaddr, index). 6. If error, throw a RangeError.
    match store.access(cx, |wasm| W::table_get(wasm, &table, index))? {
        Some(element) => value::to_js(cx, &store, &element),
        None => Err(range_error::<J>(
            cx,
            "the index is out of the table's bounds",
        )),
    }
}

/// [`set(index, value)`](https://webassembly.github.io/spec/js-api/#dom-table-set)
fn set<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let Receiver { store, table, ty } = receiver(cx, agent, args)?;
    require_crossing::<J>(cx, ty)?;
    let index = webidl::required::<J>(cx, args, 0, "Table")?;
    let index = webidl::address_to_u64::<J>(cx, &index, ty.address, "index")?;
    let element = element_or_default(cx, &store, args, ty)?;
    // 8. table_write(store, tableaddr, index, ref). 9. If error, throw a RangeError.
    match store.access(cx, |wasm| W::table_set(wasm, &table, index, &element))? {
        Ok(()) => Ok(J::undefined()),
        Err(error) if error.kind() == ErrorKind::Type => {
            Err(error::engine_error(cx, agent, &error, None))
        }
        Err(_) => Err(range_error::<J>(
            cx,
            "the index is out of the table's bounds",
        )),
    }
}

/// [`length`](https://webassembly.github.io/spec/js-api/#dom-table-length)
fn length<J: JsHost, W: WasmEngine>(
    cx: &mut J::Scope<'_>,
    agent: &Rc<Agent<J, W>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let Receiver { store, table, ty } = receiver(cx, agent, args)?;
    let size = store.access(cx, |wasm| W::table_size(wasm, &table))?;
    Ok(webidl::u64_to_address::<J>(cx, size, ty.address))
}

/// A table of exnref or the like is closed to JavaScript.
fn require_crossing<J: JsHost>(cx: &mut J::Scope<'_>, ty: TableType) -> Completion<J, ()> {
    if value::crosses(ValType::Ref(ty.element)) {
        return Ok(());
    }
    let message = format!(
        "elements of type {} cannot cross into JavaScript",
        ty.element
    );
    Err(class::type_error::<J>(cx, &message))
}

fn range_error<J: JsHost>(cx: &mut J::Scope<'_>, message: &str) -> Throw<J::Value> {
    throw::<J>(cx, ErrorClass::RangeError, message)
}

//! The entry points of the API, and what each is for.

/// What an argument or receiver should be; junk takes its place often enough.
#[derive(Clone, Copy, PartialEq)]
pub enum Hint {
    Any,
    Bytes,
    Module,
    Source,
    Imports,
    MemoryType,
    TableType,
    GlobalType,
    TagType,
    FunctionType,
    Options,
    ExceptionOptions,
    Index,
    I32,
    I64,
    Float,
    Func,
    Payload,
    Text,
    Error,
    Specifier,
    Callable,
    Memory,
    Table,
    Global,
    Instance,
    Tag,
    Exception,
    WasmFunction,
    Gc,
}

/// How an entry point is used.
#[derive(Clone, Copy, PartialEq)]
pub enum Use {
    /// `call(path, this, args)`
    Call,
    /// `make(path, args, newTarget)`, or without `new`.
    Make,
}

/// An entry point.
pub struct Entry {
    pub path: &'static str,
    pub how: Use,
    pub this: Hint,
    pub args: &'static [Hint],
    /// What must be there for it.
    pub needs: &'static str,
    pub weight: usize,
}

const fn call(
    path: &'static str,
    this: Hint,
    args: &'static [Hint],
    needs: &'static str,
    weight: usize,
) -> Entry {
    Entry {
        path,
        how: Use::Call,
        this,
        args,
        needs,
        weight,
    }
}

const fn make(
    path: &'static str,
    args: &'static [Hint],
    needs: &'static str,
    weight: usize,
) -> Entry {
    Entry {
        path,
        how: Use::Make,
        this: Hint::Any,
        args,
        needs,
        weight,
    }
}

use Hint::*;

pub const ENTRIES: &[Entry] = &[
    call("validate", Any, &[Bytes, Options], "", 6),
    call("compile", Any, &[Bytes, Options], "", 6),
    call("instantiate", Any, &[Source, Imports, Options], "", 12),
    call("compileStreaming", Any, &[Any, Options], "streaming", 1),
    call(
        "instantiateStreaming",
        Any,
        &[Any, Imports, Options],
        "streaming",
        1,
    ),
    call("namespaceInstance", Any, &[Any], "namespaceInstance", 2),
    make("Module", &[Bytes, Options], "", 8),
    call("Module.exports", Any, &[Module], "", 4),
    call("Module.imports", Any, &[Module], "", 4),
    call("Module.customSections", Any, &[Module, Text], "", 5),
    call("Module.prototype.@@toStringTag get", Module, &[], "", 1),
    make("Instance", &[Module, Imports], "", 14),
    call("Instance.prototype.exports get", Instance, &[], "", 2),
    make("Memory", &[MemoryType], "", 12),
    call("Memory.prototype.grow", Memory, &[Index], "", 8),
    call("Memory.prototype.buffer get", Memory, &[], "", 4),
    call("Memory.prototype.type", Memory, &[], "type", 1),
    call(
        "Memory.prototype.toFixedLengthBuffer",
        Memory,
        &[],
        "resizableBuffers",
        3,
    ),
    call(
        "Memory.prototype.toResizableBuffer",
        Memory,
        &[],
        "resizableBuffers",
        4,
    ),
    make("Table", &[TableType, Func], "", 12),
    call("Table.prototype.get", Table, &[Index], "", 6),
    call("Table.prototype.set", Table, &[Index, Func], "", 8),
    call("Table.prototype.grow", Table, &[Index, Func], "", 8),
    call("Table.prototype.length get", Table, &[], "", 2),
    call("Table.prototype.type", Table, &[], "type", 1),
    make("Global", &[GlobalType, Any], "", 14),
    call("Global.prototype.value get", Global, &[], "", 4),
    call("Global.prototype.value set", Global, &[Any], "", 10),
    call("Global.prototype.valueOf", Global, &[], "", 2),
    call("Global.prototype.type", Global, &[], "type", 1),
    make("CompileError", &[Text, Error], "", 2),
    make("LinkError", &[Text, Error], "", 2),
    make("RuntimeError", &[Text, Error], "", 2),
    make("Tag", &[TagType], "tag", 6),
    call("Tag.prototype.type", Tag, &[], "tagType", 1),
    make("Exception", &[Tag, Payload, ExceptionOptions], "exn", 8),
    call("Exception.prototype.is", Exception, &[Tag], "exn", 4),
    call(
        "Exception.prototype.getArg",
        Exception,
        &[Tag, Index],
        "exn",
        5,
    ),
    call("Exception.prototype.stack get", Exception, &[], "exn", 1),
    make("Function", &[FunctionType, Callable], "function", 6),
    call("Function.prototype.type", WasmFunction, &[], "function", 2),
    call("__wasm_import", Any, &[Specifier, Imports], "sinew", 4),
];

/// Exported functions, by expression, with their parameters.
pub const EXPORTS: &[(&str, &[Hint], &str)] = &[
    ("lib('nothing')", &[], ""),
    ("lib('i32')", &[I32], ""),
    ("lib('i64')", &[I64], ""),
    ("lib('f32')", &[Float], ""),
    ("lib('f64')", &[Float], ""),
    ("lib('ext')", &[Any], ""),
    ("lib('fun')", &[Func], ""),
    ("lib('all')", &[I32, I64, Float, Float, Any, Func], ""),
    (
        "lib('many')",
        &[I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32],
        "",
    ),
    ("lib('grow')", &[I32], ""),
    ("lib('poke')", &[I32, I32], ""),
    ("lib('peek')", &[I32], ""),
    ("lib('div')", &[I32, I32], ""),
    ("lib('trunc')", &[Float], ""),
    ("lib('trap')", &[], ""),
    ("lib('indirect')", &[I32], ""),
    ("imp('f')", &[I32], ""),
    ("imp('callF')", &[I32], ""),
    ("imp('callG')", &[I64, Float, Float, Any], ""),
    ("imp('callPair')", &[], ""),
    ("imp('callExt')", &[Any], ""),
    ("imp('callFun')", &[Any], ""),
    ("imp('callF32')", &[Any], ""),
    ("imp('growThen')", &[I32], ""),
    (
        "new W.Instance(mod('wide'), { env: { f: thing('f') } }).exports.in",
        &[Any],
        "",
    ),
    (
        "new W.Instance(mod('wide'), { env: { f: thing('f') } }).exports.out",
        &[],
        "",
    ),
    (
        "new W.Instance(mod('wide'), { env: { f: thing('f') } }).exports.call",
        &[],
        "",
    ),
    ("new W.Instance(mod('mem64')).exports.grow", &[I64], "mem64"),
    ("thing('exnlib').exports.throw", &[I32, Any], "exn"),
    ("thing('exnlib').exports.throwOwn", &[I64, Func], "exn"),
    ("thing('exnlib').exports.throwJs", &[Any], "exn"),
    ("thing('exnlib').exports.catchTag", &[I32], "exn"),
    ("thing('exnlib').exports.catchJs", &[I32], "exn"),
    ("thing('exnlib').exports.catchAll", &[I32], "exn"),
    ("thing('exnlib').exports.catchRef", &[I32], "exn"),
    ("thing('exnlib').exports.exnIn", &[Any], "exn"),
    ("thing('gclib').exports.struct", &[I32], "gc"),
    ("thing('gclib').exports.array", &[Index], "gc"),
    ("thing('gclib').exports.i31", &[I32], "gc"),
    ("thing('gclib').exports.any", &[Gc], "gc"),
    ("thing('gclib').exports.eq", &[Gc], "gc"),
    ("thing('gclib').exports.some", &[Gc], "gc"),
    ("thing('gclib').exports.takes", &[Gc], "gc"),
    ("thing('gclib').exports.none", &[Gc], "gc"),
    ("thing('gclib').exports.toAny", &[Gc], "gc"),
    ("thing('gclib').exports.toExtern", &[Gc], "gc"),
    ("thing('refs').exports.some", &[Func], "refs"),
    ("thing('refs').exports.extern", &[Any], "refs"),
    ("thing('refs').exports.call", &[Func], "refs"),
    ("thing('refs').exports.no", &[Any, Any], "refs"),
    ("thing('strlib').exports.length", &[Text], "str"),
    ("thing('strlib').exports.at", &[Text, I32], "str"),
    ("thing('strlib').exports.sub", &[Text, I32, I32], "str"),
    ("thing('strlib').exports.from", &[I32], "str"),
    ("thing('strlib').exports.eq", &[Text, Text], "str"),
    ("thing('strlib').exports.cmp", &[Text, Text], "str"),
    ("thing('strlib').exports.test", &[Text], "str"),
    ("thing('strlib').exports.cast", &[Text], "str"),
    ("thing('strlib').exports.greet", &[Text], "str"),
];

/// What can be done with a buffer over a memory; `$` is the buffer, `@` an argument.
pub const BUFFER_STEPS: &[(&str, &str)] = &[
    ("$.transfer(@)", "transfer"),
    ("$.transferToFixedLength(@)", "transfer"),
    ("$.resize(@)", "resize"),
    ("$.slice(@, @)", ""),
    ("new Uint8Array($, @, @)", ""),
    ("new DataView($, @, @)", ""),
    ("new Int32Array($).fill(@, @)", ""),
    ("new Uint8Array($, 0, 16).set(@)", ""),
    ("new Uint8Array($, 0, 16).subarray(@, @)", ""),
    ("new Uint8Array($, 0, 16).indexOf(@, @)", ""),
    ("new BigInt64Array($, 0, 2).fill(@)", ""),
    ("new DataView($).setInt32(@, @)", ""),
    ("$.grow(@)", "sab"),
    ("Object.freeze(new Uint8Array($, 0, 4))", ""),
    (
        "defineProperty(new Uint8Array($, 0, 4), 0, { value: @ })",
        "",
    ),
];

/// What tells whether something is there; the names are those of `needs`.
pub const PROBES: &[(&str, &str)] = &[
    ("sinew", "globalThis.__wasm_import"),
    ("transfer", "AB.transfer"),
    (
        "options",
        "(() => { try { return !W.validate(bytesOf('empty'), 1); } catch { return true; } })()",
    ),
    ("resize", "AB.resize"),
    ("sab", "globalThis.SharedArrayBuffer"),
    (
        "sharedMemory",
        "new W.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer",
    ),
    (
        "resizableBuffers",
        "AB.resize && W.Memory.prototype.toResizableBuffer",
    ),
    ("type", "W.Memory.prototype.type"),
    ("function", "W.Function"),
    ("tagType", "W.Tag.prototype.type"),
    ("tag", "new W.Tag({ parameters: ['i32'] })"),
    (
        "exn",
        "W.JSTag && W.Exception && W.validate(bytesOf('exn'))",
    ),
    ("gc", "thing('gclib').exports.i31(1) === 1"),
    ("refs", "thing('refs').exports.get()"),
    ("str", "thing('strlib').exports.length('four') === 4"),
    (
        "mem64",
        "new W.Memory({ initial: 1n, address: 'i64' }).grow(1n) === 1n",
    ),
    ("streaming", "W.compileStreaming"),
    ("namespaceInstance", "W.namespaceInstance"),
];

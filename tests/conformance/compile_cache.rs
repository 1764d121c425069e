//! Compiled modules on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sinew::{
    CompileCache, CompileCacheStats, EngineConfig, ErrorKind, JsHost, ModuleCache, Runtime,
    RuntimeBuilder, Value, WasmEngine,
};

use crate::fixture::Folder;

on_every_pair! {
    later_runtimes_load_what_was_compiled,
    modules_of_javascript_are_cached,
    small_modules_touch_no_disk,
    engines_that_differ_share_nothing,
    f1_cache_tamper,
    f2_cache_and_root_lie_apart,
    f2_cache_that_is_opened_lazily,
    module_caches_look_on_disk,
    whatever_is_wrong_is_no_error,
}

const ROOM: u64 = 1 << 30;

/// Whether artifacts of this engine are kept: all else in here holds for those that are not, too.
fn keeps<W: WasmEngine>() -> bool {
    let engine = W::engine_new(&EngineConfig::default());
    engine.is_ok_and(|engine| W::engine_compatibility(&engine).is_some())
}

/// A module that is large enough to be kept, and soon compiled; its `f` returns `result`.
fn module(result: u32) -> String {
    let data = "sinew ".repeat(4000);
    format!(
        r#"(module (memory 1) (data (i32.const 0) "{data}")
            (func (export "f") (result i32) i32.const {result}))"#
    )
}

/// Runs `f` of the folder's `m.wasm`.
fn run<J: JsHost, W: WasmEngine>(builder: RuntimeBuilder<J, W>) -> i32 {
    let mut runtime = builder.build().unwrap();
    let m = runtime.import("./m.wasm").unwrap();
    let f: Value<J> = runtime.get(&m, "f").unwrap();
    runtime.call(&f, ()).unwrap()
}

fn open<W: WasmEngine>(path: &Path) -> CompileCache {
    match keeps::<W>() {
        true => CompileCache::open(path, ROOM).unwrap(),
        // It may not be compiled in.
        false => CompileCache::lazy(path, ROOM),
    }
}

#[track_caller]
fn expect<W: WasmEngine>(cache: &CompileCache, hits: u64, misses: u64, rejected: u64, stored: u64) {
    let all = match keeps::<W>() {
        true => (hits, misses, rejected, stored),
        false => (0, 0, 0, 0),
    };
    let CompileCacheStats {
        hits,
        misses,
        rejected,
        stored,
        ..
    } = cache.stats();
    assert_eq!((hits, misses, rejected, stored), all);
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(listed) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = listed.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ext| ext == "sinewc"))
        .collect()
}

fn later_runtimes_load_what_was_compiled<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[("m.wasm", &module(5))]);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("cache");
    let first = open::<W>(&path);
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&first)), 5);
    expect::<W>(&first, 0, 1, 0, 1);
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&first)), 5);
    expect::<W>(&first, 1, 1, 0, 1);
    // As in a later process.
    let second = open::<W>(&path);
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&second)), 5);
    expect::<W>(&second, 1, 0, 0, 0);
    // Other bytes under the same name.
    folder.write("m.wasm", &module(6));
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&second)), 6);
    expect::<W>(&second, 1, 1, 0, 1);
    assert_eq!(entries(&path).len(), if keeps::<W>() { 2 } else { 0 });
}

fn modules_of_javascript_are_cached<J: JsHost, W: WasmEngine>() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("cache");
    let bytes = wat::parse_str(module(7)).unwrap();
    let bytes: Vec<f64> = bytes.into_iter().map(f64::from).collect();
    for turn in 0..2 {
        let cache = open::<W>(&path);
        let builder = Runtime::<J, W>::builder().compile_cache(&cache);
        let mut runtime = builder.build().unwrap();
        let code = "(bytes) => new WebAssembly.Instance(new WebAssembly.Module(
            new Uint8Array(bytes))).exports.f()";
        let f: Value<J> = runtime.eval("x", code).unwrap();
        assert_eq!(runtime.call::<i32>(&f, (bytes.clone(),)).unwrap(), 7);
        expect::<W>(&cache, turn, 1 - turn, 0, 1 - turn);
    }
}

fn small_modules_touch_no_disk<J: JsHost, W: WasmEngine>() {
    let small = r#"(module (func (export "f") (result i32) i32.const 5))"#;
    let folder = Folder::new(&[("m.wasm", small)]);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("cache");
    let cache = CompileCache::lazy(&path, ROOM);
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&cache)), 5);
    assert!(!path.exists());
    folder.write("m.wasm", &module(6));
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&cache)), 6);
    assert_eq!(path.exists(), keeps::<W>());
    expect::<W>(&cache, 0, 1, 0, 1);
}

fn engines_that_differ_share_nothing<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[("m.wasm", &module(5))]);
    let place = tempfile::tempdir().unwrap();
    let cache = open::<W>(&place.path().join("cache"));
    let builder = || folder.builder::<J, W>().0.compile_cache(&cache);
    assert_eq!(run(builder()), 5);
    assert_eq!(run(builder().interruptible()), 5);
    expect::<W>(&cache, 0, 2, 0, 2);
    assert_eq!(run(builder()), 5);
    assert_eq!(run(builder().interruptible()), 5);
    expect::<W>(&cache, 2, 2, 0, 2);
}

/// HAZARDS F1: whatever becomes of an entry, the module is the one that its bytes say.
fn f1_cache_tamper<J: JsHost, W: WasmEngine>() {
    if !keeps::<W>() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("cache");
    let folder = Folder::new(&[("m.wasm", &module(5)), ("other.wasm", &module(6))]);
    let compile = |interruptible, name: &str| {
        let config = EngineConfig {
            interruptible,
            ..EngineConfig::default()
        };
        let cache = CompileCache::open(&path, ROOM).unwrap();
        let modules = ModuleCache::<W>::new(config).unwrap();
        let modules = modules.with_compile_cache(&cache);
        let bytes: Arc<[u8]> = std::fs::read(folder.path().join(name)).unwrap().into();
        let before = entries(&path);
        modules.compile(bytes).unwrap();
        let after = entries(&path);
        (
            cache,
            after.into_iter().find(|entry| !before.contains(entry)),
        )
    };
    let entry = compile(false, "m.wasm").1.unwrap();
    let of_other_bytes = std::fs::read(compile(false, "other.wasm").1.unwrap()).unwrap();
    let of_other_engine = std::fs::read(compile(true, "m.wasm").1.unwrap()).unwrap();
    let original = std::fs::read(&entry).unwrap();
    let length = original.len();
    let mut mutants = vec![of_other_bytes, of_other_engine, Vec::new()];
    for turn in 0..60usize {
        // All over the entry, header and code alike.
        let at = (turn * 7919 + turn * turn * 31) % length;
        let mut flipped = original.clone();
        flipped[if turn < 20 { turn * 5 } else { at }] ^= 1 << (turn % 8);
        mutants.push(flipped);
        mutants.push(original[..at].to_vec());
        let mut longer = original.clone();
        longer.extend_from_slice(&original[..at]);
        // The longest would be the original twice; the shortest, itself.
        if longer != original {
            mutants.push(longer);
        }
    }
    for mutant in mutants {
        std::fs::write(&entry, mutant).unwrap();
        let (cache, _) = compile(false, "m.wasm");
        expect::<W>(&cache, 0, 1, 1, 1);
        assert_eq!(std::fs::read(&entry).unwrap(), original);
    }
    let cache = CompileCache::open(&path, ROOM).unwrap();
    let config = ModuleCache::<W>::new(EngineConfig::default()).unwrap();
    let builder = folder.builder::<J, W>().0;
    assert_eq!(run(builder.cache(&config).compile_cache(&cache)), 5);
    expect::<W>(&cache, 1, 0, 0, 0);
}

/// HAZARDS F2: what a guest can name and what is run as machine code are kept apart.
fn f2_cache_and_root_lie_apart<J: JsHost, W: WasmEngine>() {
    if !keeps::<W>() {
        return;
    }
    let folder = Folder::new(&[("m.wasm", &module(5)), ("cache/inner/m.wasm", &module(6))]);
    let path = folder.path().join("cache");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let own = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(&path, own).unwrap();
    }
    let cache = CompileCache::open(&path, ROOM).unwrap();
    for root in ["", "cache", "cache/inner", "cache/inner/../../cache/inner"] {
        let builder = Runtime::<J, W>::builder().root(folder.path().join(root));
        let Err(error) = builder.compile_cache(&cache).build() else {
            panic!("{root} is no root beside the cache");
        };
        assert_eq!(*error.kind(), ErrorKind::Setup);
        assert!(error.message().contains("in each other"), "{error}");
    }
    let elsewhere = Folder::new(&[("m.wasm", &module(5))]);
    let builder = elsewhere.builder::<J, W>().0;
    assert_eq!(run(builder.compile_cache(&cache)), 5);
    expect::<W>(&cache, 0, 1, 0, 1);
}

fn f2_cache_that_is_opened_lazily<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[("m.wasm", &module(5))]);
    let path = folder.path().join("some/cache");
    let cache = CompileCache::lazy(&path, ROOM);
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&cache)), 5);
    expect::<W>(&cache, 0, 0, 0, 0);
    assert!(!folder.path().join("some").exists());
    // For another runtime the same cache is apart.
    let elsewhere = Folder::new(&[("m.wasm", &module(5))]);
    let builder = elsewhere.builder::<J, W>().0;
    assert_eq!(run(builder.compile_cache(&cache)), 5);
    expect::<W>(&cache, 0, 1, 0, 1);
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&cache)), 5);
    expect::<W>(&cache, 0, 1, 0, 1);
}

fn module_caches_look_on_disk<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[("m.wasm", &module(5))]);
    let place = tempfile::tempdir().unwrap();
    let disk = open::<W>(&place.path().join("cache"));
    for turn in 0..2 {
        let shared = ModuleCache::<W>::new(EngineConfig::default()).unwrap();
        let shared = shared.with_compile_cache(&disk);
        // The second runtime finds it in memory.
        for _ in 0..2 {
            assert_eq!(run(folder.builder::<J, W>().0.cache(&shared)), 5);
        }
        expect::<W>(&disk, turn, 1, 0, 1);
    }
}

fn whatever_is_wrong_is_no_error<J: JsHost, W: WasmEngine>() {
    let folder = Folder::new(&[("m.wasm", &module(5))]);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    std::fs::write(&file, "").unwrap();
    for wrong in [file.clone(), file.join("below"), PathBuf::new()] {
        assert!(CompileCache::open(&wrong, ROOM).is_err());
        let cache = CompileCache::lazy(&wrong, ROOM);
        assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&cache)), 5);
        expect::<W>(&cache, 0, 0, 0, 0);
    }
    // The folder goes while it is open.
    let path = place.path().join("cache");
    let cache = open::<W>(&path);
    let _ = std::fs::remove_dir_all(&path);
    assert_eq!(run(folder.builder::<J, W>().0.compile_cache(&cache)), 5);
    expect::<W>(&cache, 0, 1, 0, 0);
}

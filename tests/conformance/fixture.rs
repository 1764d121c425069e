//! A folder of files, and what a program in it prints.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use sinew::{Error, JsHost, Runtime, RuntimeBuilder, WasmEngine};

/// What a program may use to check itself.
pub const ASSERT: &str = r#"
export function eq(actual, expected, what = "value") {
  if (!Object.is(actual, expected)) {
    throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`);
  }
}
export function throws(f, type, pattern = "") {
  let error;
  try { f(); } catch (e) { error = e; }
  if (error === undefined) throw new Error("nothing was thrown");
  if (!(error instanceof type)) throw new Error(`expected ${type.name}, got ${error.name}: ${error.message}`);
  if (!error.message.includes(pattern)) throw new Error(`expected ...${pattern}..., got ${error.message}`);
  return error;
}
"#;

/// A folder with files in it; it goes with the value.
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// Files by path. The contents of `.wasm` files are given as text.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("assert.js", ASSERT);
        for (path, contents) in files {
            folder.write(path, contents);
        }
        folder
    }

    pub fn write(&self, path: &str, contents: &str) {
        let file = self.0.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let bytes = match path.ends_with(".wasm") {
            true => wat::parse_str(contents).unwrap_or_else(|error| panic!("{path}: {error}")),
            false => contents.as_bytes().to_vec(),
        };
        std::fs::write(file, bytes).unwrap();
    }

    pub fn write_bytes(&self, path: &str, bytes: &[u8]) {
        std::fs::write(self.0.path().join(path), bytes).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A builder with this root, and what will have been printed.
    pub fn builder<J: JsHost, W: WasmEngine>(&self) -> (RuntimeBuilder<J, W>, Output) {
        let output = Output::default();
        let (out, err) = (output.clone(), output.clone());
        let builder = Runtime::builder()
            .root(self.path())
            .stdout(move |text| out.push(text))
            .stderr(move |text| err.push(text));
        (builder, output)
    }

    /// Runs `main.js`.
    pub fn run<J: JsHost, W: WasmEngine>(&self) -> (Result<(), Error>, String) {
        let (builder, output) = self.builder::<J, W>();
        let mut runtime = builder.build().unwrap();
        let result = runtime.run_file(self.path().join("main.js"));
        drop(runtime);
        (result, output.text())
    }
}

/// What a program has printed.
#[derive(Clone, Default)]
pub struct Output(Rc<RefCell<String>>);

impl Output {
    pub fn push(&self, text: &str) {
        self.0.borrow_mut().push_str(text);
    }

    pub fn text(&self) -> String {
        self.0.borrow().clone()
    }
}

/// Runs `main.js` of these files; it must end well and print `expected`.
#[track_caller]
pub fn prints<J: JsHost, W: WasmEngine>(files: &[(&str, &str)], expected: &str) {
    let (result, output) = Folder::new(files).run::<J, W>();
    if let Err(error) = result {
        panic!("{error}\n{}\nprinted:\n{output}", error.stack());
    }
    assert_eq!(output.trim_end(), expected.trim_end());
}

/// Runs `main.js` of these files; it must fail.
#[track_caller]
pub fn fails<J: JsHost, W: WasmEngine>(files: &[(&str, &str)]) -> Error {
    let (result, output) = Folder::new(files).run::<J, W>();
    match result {
        Ok(()) => panic!("it did not fail, and printed:\n{output}"),
        Err(error) => error,
    }
}

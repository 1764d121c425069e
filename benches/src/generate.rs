//! Modules of any size.

use std::fmt::Write;

use crate::program::parse;

/// The name of a module of the graph.
pub fn name(at: usize) -> String {
    format!("m{at}")
}

/// What the module `at` of a graph of `count` imports: a binary tree.
pub fn imports(at: usize, count: usize) -> Vec<usize> {
    let below = [2 * at + 1, 2 * at + 2];
    below.into_iter().filter(|at| *at < count).collect()
}

/// Modules whose functions `f` call those of the modules that they import: the first one's
/// returns how many modules there are.
pub fn graph(count: usize) -> Vec<Vec<u8>> {
    let module = |at| {
        let (mut head, mut sum) = (String::new(), "(i32.const 1)".to_owned());
        for import in imports(at, count) {
            let name = name(import);
            let _ = writeln!(
                head,
                "(import \"{name}\" \"f\" (func ${name} (result i32)))"
            );
            sum = format!("(i32.add {sum} (call ${name}))");
        }
        parse(&format!(
            "(module {head} (func (export \"f\") (result i32) {sum}))"
        ))
    };
    (0..count).map(module).collect()
}

/// The same graph in JavaScript.
pub fn js_graph(count: usize) -> Vec<String> {
    let module = |at| {
        let (mut head, mut sum) = (String::new(), "1".to_owned());
        for import in imports(at, count) {
            let name = name(import);
            let _ = writeln!(head, "import {{ f as {name} }} from \"{name}\";");
            let _ = write!(sum, " + {name}()");
        }
        format!("{head} export const f = () => {sum};")
    };
    (0..count).map(module).collect()
}

/// A module of which there are many instances: it imports nothing, and its function `f` returns 3;
/// with pages it has a memory, which it writes to when it starts.
pub fn instance_module(pages: u32) -> Vec<u8> {
    let memory = match pages {
        0 => String::new(),
        _ => format!(
            "(memory (export \"memory\") {pages})
            (func $start (i32.store (i32.const 0) (i32.const 3)))
            (start $start)"
        ),
    };
    parse(&format!(
        "(module
            (global (export \"g\") (mut i32) (i32.const 3))
            (table (export \"t\") 2 funcref)
            {memory}
            (func (export \"f\") (result i32) (global.get 0)))"
    ))
}

/// A module of so many exported functions.
pub fn exports_module(count: u32) -> Vec<u8> {
    let functions: String = (0..count)
        .map(|at| format!("(func (export \"function_{at}\") (result i32) (i32.const {at}))\n"))
        .collect();
    parse(&format!("(module {functions})"))
}

/// A module of more than two megabytes, like those that come out of compilers: some thousand
/// functions that compute, load, store, branch, loop and call. Always the same.
pub fn large_module() -> Vec<u8> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut text = String::from("(module (memory (export \"memory\") 1)\n");
    for at in 0..LARGE_FUNCTIONS {
        let _ = writeln!(
            text,
            "(func $f{at} (export \"f{at}\") (param $a i32) (param $b i32) (result i32)
                (local $c i32) (local $d i64) (local $e f64)"
        );
        for _ in 0..LARGE_STATEMENTS {
            text += &statement(&mut random, at);
        }
        text += "(i32.add (local.get $c) (i32.wrap_i64 (local.get $d))))\n";
    }
    text += ")";
    parse(&text)
}

const LARGE_FUNCTIONS: u32 = 2_000;
const LARGE_STATEMENTS: u32 = 60;

fn statement(random: &mut Random, function: u32) -> String {
    let address = random.below(60_000);
    match random.below(8) {
        0 => format!(
            "(local.set $c (i32.add (i32.load offset={address} (i32.const 0)) (local.get $a)))\n"
        ),
        1 => format!("(i32.store offset={address} (i32.const 0) (local.get $c))\n"),
        2 => format!(
            "(local.set $d (i64.mul (i64.xor (local.get $d) (i64.const {address}))
                (i64.extend_i32_u (local.get $b))))\n"
        ),
        3 => "(local.set $e (f64.mul (f64.add (local.get $e) (f64.const 1.5))
                (f64.convert_i32_s (local.get $c))))\n"
            .to_owned(),
        4 => format!(
            "(if (i32.lt_u (local.get $c) (i32.const {address}))
                (then (local.set $c (i32.shl (local.get $c) (i32.const 3))))
                (else (local.set $c (i32.rotl (local.get $b) (local.get $c)))))\n"
        ),
        5 => "(block $done (loop $again
                (br_if $done (i32.eqz (local.get $b)))
                (local.set $b (i32.sub (local.get $b) (i32.const 1)))
                (local.set $c (i32.xor (local.get $c) (local.get $b)))
                (br $again)))\n"
            .to_owned(),
        6 if function > 0 => {
            let callee = random.below(u64::from(function));
            format!("(local.set $c (call $f{callee} (local.get $c) (i32.const {address})))\n")
        }
        _ => format!(
            "(local.set $c (select (local.get $a) (i32.const {address})
                (f64.lt (local.get $e) (f64.const {address}))))\n"
        ),
    }
}

/// Numbers that look random (<https://prng.di.unimi.it/splitmix64.c>).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

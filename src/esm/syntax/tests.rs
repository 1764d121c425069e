//! What becomes of texts.

use super::*;

const STACK: fn() -> usize = || 1 << 20;

fn module(text: &str) -> String {
    match SourceImports::find(text, Goal::Module, STACK) {
        Some(found) => found.rewrite_module(text),
        None => text.to_owned(),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let rewritten = module(text);
    assert_eq!(rewritten.replace(SOURCE_PHASE, "~"), expected);
    let of_lines = |text: &str| {
        text.lines()
            .map(|line| line.chars().count())
            .collect::<Vec<_>>()
    };
    let lengths = of_lines(text);
    assert_eq!(
        of_lines(&rewritten)[..lengths.len()],
        lengths,
        "{rewritten:?}"
    );
}

#[track_caller]
fn check_unchanged(text: &str) {
    assert_eq!(module(text), text);
}

#[test]
fn declarations() {
    check(
        r#"import source x from "./m.wasm"; f()"#,
        r#"import        x from"~./m.wasm"; f()"#,
    );
    check("import source from from 'x'", "import        from from'~x'");
    check(
        "import source source from 'x'",
        "import        source from'~x'",
    );
    check(
        "import source x from '' with {}\n",
        "import        x from'~' with {}\n",
    );
    check(
        "import/*é*/source/**/x/**/from/**/'x' ;y",
        "import/*é*/     /**/x/**/from/**/'~x' ;y",
    );
    check("import source x from'x';y", "import       x from'~x';y");
    check(
        "import //a\nsource\nx\nfrom\n  'x'\n;y",
        "import //a\n      \nx\nfrom\n '~x'\n;y",
    );
    check(
        "f();import source a from 'a';import source b from\t\"b\";g()",
        "f();import        a from'~a';import        b from\"~b\";g()",
    );
    check(
        "import source \\u{61} from 'x'",
        "import        \\u{61} from'~x'",
    );
    // A line break and nothing else before the literal: what follows it moves by one.
    assert_eq!(
        module("import source x from\n'x';y"),
        "import        x from\n'\u{2}x';y"
    );
}

#[test]
fn calls() {
    const END: &str = "\nimport{source as $00000}from\"\u{3}\";";
    let check = |text: &str, expected: &str| check(text, &format!("{expected}{END}"));
    check("await import.source('x')", "await $00000       ('x')");
    check(
        "f();import\n.\n// é\nsource /**/ ('x',)",
        "f();$00000\n \n// é\n       /**/ ('x',)",
    );
    check(
        "import.source(import.source(a), b) // end",
        "$00000       ($00000       (a), b) // end",
    );
    check("(a = import.source(b)) => a", "(a = $00000       (b)) => a");
    check(
        "async (a = import.source(b)) => a",
        "async (a = $00000       (b)) => a",
    );
    check(
        "class A { #a = import.source(b) }",
        "class A { #a = $00000       (b) }",
    );
    check("a = b\nimport.source(c)", "a = b\n$00000       (c)");
    check(
        "import source x from 'x'; import.source('y'); import('z')",
        "import        x from'~x'; $00000       ('y'); import('z')",
    );
    check(
        "a / import.source('x') / 'import.source(b)'",
        "a / $00000       ('x') / 'import.source(b)'",
    );
}

#[test]
fn names_do_not_occur() {
    let text = "let $00000, $00001; import.source($00003)";
    let expected =
        "let $00000, $00001; $00002       ($00003)\nimport{source as $00002}from\"\u{3}\";";
    assert_eq!(module(text), expected);
    assert_eq!(free_names("$0000").next().unwrap(), "$00000");
}

#[test]
fn leaves_alone() {
    for text in [
        "",
        "import source from 'x'",
        "import source, { a } from 'x'",
        "import { source } from 'x'",
        "import * as source from 'x'",
        "import x from 'import source x from'",
        "'import.source(a)'",
        "`import.source(a)`",
        "/import.source(a)/",
        "// import source x from 'x'",
        "/* import.source(a) */",
        "a.import.source(b)",
        "a?.import.source(b)",
        "({ import: { source: 1 } }).import.source",
        "import.meta.source",
        "importsource",
        "import('source')",
        "import",
        "import.",
        "import.source",
        "import/*",
    ] {
        check_unchanged(text);
    }
}

#[test]
fn what_is_no_program_keeps_its_error() {
    check_unchanged("import source { x } from 'x'");
    check_unchanged("import source * as x from 'x'");
    check_unchanged("import.source");
    check_unchanged("import.source`x`");
    check(
        "import source x from 'x'; let 1",
        "import        x from'~x'; let 1",
    );
    check("import.source('x'); let 1", "$00000       ('x'); let 1");
}

#[test]
fn scripts() {
    let find = |text| SourceImports::find(text, Goal::Script, STACK);
    let text = "with (a) import.source(b) <!-- import.source(c)";
    let rewritten = find(text).unwrap().rewrite(text, "$abcde");
    assert_eq!(rewritten, "with (a) $abcde       (b) <!-- import.source(c)");
    assert_eq!(find("import source x from 'x'"), None);
    assert_eq!(find("a"), None);
}

#[test]
fn hostile_texts_are_quick() {
    let start = std::time::Instant::now();
    let text = "import/*".repeat(1 << 18);
    assert_eq!(SourceImports::find(&text, Goal::Module, STACK), None);
    let text = "import/*import/**/".repeat(1 << 17);
    assert_eq!(SourceImports::find(&text, Goal::Module, STACK), None);
    assert!(start.elapsed().as_secs() < 20);
}

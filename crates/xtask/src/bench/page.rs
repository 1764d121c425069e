//! The page: tables between markers, and around them what people have written, which stays.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::tables::Block;

/// The page before anything was measured.
pub const NEW: &str = include_str!("page.md");

const BEGIN: &str = "<!-- bench: ";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- /bench -->";

/// The page with new tables in it. A table for which there are no results stays as it is; one that has
/// no place yet gets one in the end.
pub fn fill(page: &str, blocks: &[Block]) -> Result<String> {
    let mut filled = String::new();
    let mut seen = BTreeSet::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        filled += line;
        filled.push('\n');
        let Some(name) = begins(line) else {
            if line.trim() == END {
                bail!("line {}: `{END}` without a beginning", number + 1);
            }
            continue;
        };
        if !seen.insert(name) {
            bail!("line {}: `{name}` has a place already", number + 1);
        }
        let mut old = String::new();
        loop {
            match lines.next() {
                Some((_, line)) if line.trim() == END => break,
                Some((_, line)) if begins(line).is_none() => {
                    old += line;
                    old.push('\n');
                }
                _ => bail!("line {}: `{name}` has no `{END}`", number + 1),
            }
        }
        let block = blocks.iter().find(|block| block.name == name);
        filled += &block.map_or(old, content);
        filled += END;
        filled.push('\n');
    }
    for block in blocks
        .iter()
        .filter(|block| !seen.contains(block.name.as_str()))
    {
        let (name, content) = (&block.name, content(block));
        filled += &format!("\n## {}\n\n", title(name));
        filled += &format!("{BEGIN}{name}{BEGIN_END}\n{content}{END}\n");
    }
    Ok(filled)
}

/// The name of a block whose first line this is.
fn begins(line: &str) -> Option<&str> {
    line.trim().strip_prefix(BEGIN)?.strip_suffix(BEGIN_END)
}

/// With empty lines around it: Markdown has no table right after a comment.
fn content(block: &Block) -> String {
    format!("\n{}\n\n", block.text.trim_matches('\n'))
}

fn title(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_uppercase());
    first.into_iter().flatten().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(name: &str, text: &str) -> Block {
        Block {
            name: name.to_owned(),
            text: text.to_owned(),
            charts: Vec::new(),
        }
    }

    const PAGE: &str = "# Page\n\nBefore.\n<!-- bench: calls -->\nold\n<!-- /bench -->\nBetween,\nkept.\n\
                        <!-- bench: sizes -->\n\nold sizes\n\n<!-- /bench -->\nAfter.\n";

    #[test]
    fn keeps_what_people_wrote() {
        let filled = fill(PAGE, &[block("calls", "| new |\n")]).unwrap();
        let expected = PAGE.replace("\nold\n", "\n\n| new |\n\n");
        assert_eq!(filled, expected);
        // Once more, and nothing changes.
        assert_eq!(
            fill(&filled, &[block("calls", "| new |")]).unwrap(),
            expected
        );
        assert_eq!(fill(&filled, &[]).unwrap(), expected);
    }

    #[test]
    fn gives_new_tables_a_place() {
        let filled = fill("# Page\n", &[block("graph", "table")]).unwrap();
        let expected = "# Page\n\n## Graph\n\n<!-- bench: graph -->\n\ntable\n\n<!-- /bench -->\n";
        assert_eq!(filled, expected);
        assert_eq!(fill(&filled, &[block("graph", "table")]).unwrap(), expected);
    }

    #[test]
    fn refuses_a_page_that_it_would_break() {
        for (page, error) in [
            (
                "<!-- bench: a -->\n",
                "line 1: `a` has no `<!-- /bench -->`",
            ),
            (
                "\n<!-- bench: a -->\n<!-- bench: b -->\n<!-- /bench -->\n",
                "line 2: `a` has no `<!-- /bench -->`",
            ),
            (
                "<!-- /bench -->\n",
                "line 1: `<!-- /bench -->` without a beginning",
            ),
            (
                "<!-- bench: a -->\n<!-- /bench -->\n<!-- bench: a -->\n<!-- /bench -->\n",
                "line 3: `a` has a place already",
            ),
        ] {
            assert_eq!(fill(page, &[]).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn the_new_page_has_a_place_for_each_table() {
        let names = [
            "machine",
            "targets",
            "calls",
            "memory",
            "startup",
            "graph",
            "workloads",
            "peers",
            "counts",
            "sizes",
        ];
        for name in names {
            assert!(
                NEW.contains(&format!("{BEGIN}{name}{BEGIN_END}\n")),
                "{name}"
            );
        }
        assert_eq!(fill(NEW, &[]).unwrap(), NEW);
    }
}

//! The name that was probably meant.

use std::ffi::OsString;

use strsim::osa_distance;

/// The name in `names` that is nearest to `wanted`, if one is near.
pub(crate) fn nearest(wanted: &str, names: Vec<OsString>) -> Option<String> {
    let most = (wanted.chars().count() / 3).max(1);
    names
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .filter_map(|name| Some((distance(wanted, &name, most)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// How far apart two names are, if not farther than `most`. Case and a missing extension, the
/// usual mistakes, count as nothing.
fn distance(wanted: &str, name: &str, most: usize) -> Option<usize> {
    // An edit distance takes time in both lengths; no file system has longer names.
    const LONGEST: usize = 255;
    if wanted.len() > LONGEST || name.len() > LONGEST {
        return None;
    }
    let (wanted, name) = (wanted.to_lowercase(), name.to_lowercase());
    let stem = name
        .rsplit_once('.')
        .map_or(name.as_str(), |(stem, _)| stem);
    let edits = osa_distance(&wanted, &name);
    let edits = if stem.is_empty() {
        edits
    } else {
        edits.min(osa_distance(&wanted, stem))
    };
    (edits <= most && edits < wanted.chars().count()).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_and_not_the_far() {
        let names = || {
            ["add.wasm", "main.js", "README", "x"]
                .map(OsString::from)
                .to_vec()
        };
        assert_eq!(nearest("ad.wasm", names()).as_deref(), Some("add.wasm"));
        assert_eq!(nearest("main", names()).as_deref(), Some("main.js"));
        assert_eq!(nearest("readme", names()).as_deref(), Some("README"));
        assert_eq!(nearest("nothing.js", names()), None);
        assert_eq!(nearest("y", names()), None);
        assert_eq!(nearest("", names()), None);
    }
}

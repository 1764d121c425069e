//! Packages from npm, in a folder outside the tree.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::case::Case;

/// What came of it.
pub enum Installed {
    Done,
    /// npm is not there, or its registry is not.
    Unreachable(String),
}

/// What npm says when there is no network.
const UNREACHABLE: [&str; 7] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "ERR_SOCKET_TIMEOUT",
];

/// Installs what the cases need, pinned by the `package-lock.json` beside them, and their scripts
/// beside that. No script of a package is run.
pub fn install(dir: &Path, cases: &[Case], cache: &Path) -> Result<Installed> {
    fs::create_dir_all(cache).with_context(|| cache.display().to_string())?;
    for case in cases {
        let folder = cache.join("cases").join(&case.name);
        fs::create_dir_all(&folder)?;
        fs::copy(&case.script, folder.join("main.mjs"))
            .with_context(|| case.script.display().to_string())?;
    }
    let manifest = manifest(cases, cache)?;
    let path = cache.join("package.json");
    let stamp = cache.join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == manifest) {
        return Ok(Installed::Done);
    }
    fs::write(&path, &manifest).with_context(|| path.display().to_string())?;
    let lock = dir.join("package-lock.json");
    if lock.is_file() {
        fs::copy(&lock, cache.join("package-lock.json"))?;
    }
    let output = Command::new("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .args(["--legacy-peer-deps", "--force", "--loglevel=error"])
        .current_dir(cache)
        .output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Installed::Unreachable("npm is not installed".to_owned()));
        }
        output => output.context("npm")?,
    };
    if output.status.success() {
        fs::write(&stamp, manifest)?;
        return Ok(Installed::Done);
    }
    let error = String::from_utf8_lossy(&output.stderr);
    match UNREACHABLE.iter().find(|code| error.contains(**code)) {
        Some(code) => Ok(Installed::Unreachable((*code).to_owned())),
        None => bail!("npm failed:\n{error}"),
    }
}

/// The manifest that has what all cases need, and what was installed before.
fn manifest(cases: &[Case], cache: &Path) -> Result<String> {
    let stamp = fs::read_to_string(cache.join("installed.json"));
    let before: serde_json::Value = match &stamp {
        Ok(text) => serde_json::from_str(text).unwrap_or_default(),
        Err(_) => serde_json::Value::Null,
    };
    let mut all: BTreeMap<String, String> =
        serde_json::from_value(before["dependencies"].clone()).unwrap_or_default();
    for (name, version) in cases.iter().flat_map(|case| &case.dependencies) {
        all.insert(name.clone(), version.clone());
    }
    let manifest = json!({ "private": true, "type": "module", "dependencies": all });
    Ok(serde_json::to_string_pretty(&manifest)?)
}

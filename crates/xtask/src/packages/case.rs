//! A case: a script that uses a package, and what it prints.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::args::PackagesArgs;

/// A folder of `cases/`, with `main.mjs`, `package.json` and `expected.txt`.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    /// How much a package asks for, where the folder of cases has a `cases.json` that says so.
    pub tier: Option<u32>,
    pub script: PathBuf,
    pub expected: String,
    /// What is to be installed for it, with versions.
    pub dependencies: BTreeMap<String, String>,
}

/// What `cases.json` is.
#[derive(Deserialize)]
struct Table {
    cases: Vec<Facts>,
}

/// What `cases.json` says of a case.
#[derive(Deserialize)]
struct Facts {
    name: String,
    tier: u32,
}

#[derive(Deserialize)]
struct Manifest {
    dependencies: BTreeMap<String, String>,
}

impl Case {
    /// The cases of a folder that were asked for, by name.
    pub fn read_all(dir: &Path, args: &PackagesArgs) -> Result<Vec<Self>> {
        let tiers = tiers(dir)?;
        let folder = dir.join("cases");
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut cases = Vec::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let tier = tiers.get(&name).copied();
            let named = args.only.is_empty() || args.only.contains(&name);
            let in_tier =
                args.tier.is_empty() || tier.is_some_and(|tier| args.tier.contains(&tier));
            if named && in_tier && entry.path().is_dir() {
                cases.push(Self::read(&entry.path(), name, tier)?);
            }
        }
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(cases)
    }

    fn read(folder: &Path, name: String, tier: Option<u32>) -> Result<Self> {
        let text = |file: &str| {
            let path = folder.join(file);
            fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let manifest: Manifest = serde_json::from_str(&text("package.json")?)
            .with_context(|| folder.join("package.json").display().to_string())?;
        Ok(Self {
            name,
            tier,
            script: folder.join("main.mjs"),
            expected: text("expected.txt")?,
            dependencies: manifest.dependencies,
        })
    }
}

fn tiers(dir: &Path) -> Result<BTreeMap<String, u32>> {
    let path = dir.join("cases.json");
    if !path.is_file() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(&path)?;
    let table: Table = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let facts = table.cases;
    Ok(facts
        .into_iter()
        .map(|facts| (facts.name, facts.tier))
        .collect())
}

//! How large the command is with each pairing alone.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::results::Figure;
use super::suites::{Folders, succeed};

/// The suite of the figures.
pub const SUITE: &str = "sizes";

/// Builds the command with each of the pairings, and says how large it is.
pub fn measure(folders: &Folders, profile: &str, pairings: &[&str]) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for pairing in pairings {
        let program = build(folders, profile, pairing)?;
        let figure = |row: &str, value| Figure {
            suite: SUITE.to_owned(),
            row: row.to_owned(),
            pairing: (*pairing).to_owned(),
            subject: "sinew".to_owned(),
            unit: "bytes".to_owned(),
            value,
        };
        figures.push(figure(&format!("profile {profile}"), length(&program)?));
        let stripped = stripped(&program)?;
        figures
            .extend(stripped.map(|value| figure(&format!("profile {profile}, stripped"), value)));
    }
    Ok(figures)
}

/// In a folder of its own: these builds have other features than all others.
fn build(folders: &Folders, profile: &str, pairing: &str) -> Result<PathBuf> {
    let target = folders.target.join("sizes");
    let mut build = folders.cargo();
    build.env("CARGO_TARGET_DIR", &target);
    // Stripped is a copy, so that one build is enough.
    build.args([
        "build",
        "-p",
        "sinew-cli",
        "--no-default-features",
        "--profile",
        profile,
    ]);
    build
        .arg("--config")
        .arg(format!("profile.{profile}.strip=false"));
    build.args(["--features", &pairing.replace('+', ",")]);
    succeed(&mut build, &format!("the build of {pairing}"))?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let name = format!("sinew{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join(folder).join(name))
}

/// The size of a copy without symbols. None if there is no program that makes one.
fn stripped(program: &Path) -> Result<Option<f64>> {
    let folder = tempfile::tempdir().context("a folder for a copy")?;
    let copy = folder.path().join("copy");
    fs::copy(program, &copy).with_context(|| program.display().to_string())?;
    match Command::new("strip").arg(&copy).status() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        status => {
            let status = status.context("strip")?;
            if !status.success() {
                bail!("strip failed: {status}");
            }
        }
    }
    length(&copy).map(Some)
}

fn length(path: &Path) -> Result<f64> {
    let data = fs::metadata(path).with_context(|| path.display().to_string())?;
    Ok(data.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripping_leaves_the_program_alone() {
        let program = std::env::current_exe().unwrap();
        let before = length(&program).unwrap();
        if let Some(after) = stripped(&program).unwrap() {
            assert!(after < before, "{after} of {before}");
        }
        assert_eq!(length(&program).unwrap(), before);
        assert!(stripped(Path::new("no-such-program")).is_err());
    }
}

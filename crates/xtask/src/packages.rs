//! `cargo xtask packages`: real packages from npm, unmodified, on every pair of engines.

mod case;
mod install;
mod report;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::args::PackagesArgs;
use case::Case;
use install::{Installed, install};
use run::{Program, run};

/// Runs them, and prints or writes the table.
pub fn main(args: &PackagesArgs) -> Result<ExitCode> {
    let cases = Case::read_all(&args.dir, args)?;
    if cases.is_empty() {
        bail!("no such case in {}", args.dir.display());
    }
    let cache = match &args.cache {
        Some(cache) => cache.clone(),
        None => target()?.join("packages"),
    };
    let installed = match install(&args.dir, &cases, &cache)? {
        Installed::Done => true,
        Installed::Unreachable(why) if args.if_reachable => {
            println!("npm cannot be reached, so no package was run: {why}");
            false
        }
        Installed::Unreachable(why) => bail!("npm cannot be reached: {why}"),
    };
    if !installed {
        return Ok(ExitCode::SUCCESS);
    }
    let programs = programs(args)?;
    let report = run(&cases, &programs, &cache, args)?;
    print!("{report}");
    if let Some(page) = &args.out {
        report.write(page)?;
    }
    Ok(match report.all_pass() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Node where it is to be compared with, and `sinew` on each pair.
fn programs(args: &PackagesArgs) -> Result<Vec<Program>> {
    let sinew = match &args.sinew {
        // The cases run in folders of their own.
        Some(sinew) => std::path::absolute(sinew)?,
        None => beside(Path::new("sinew"))?,
    };
    let mut programs = Vec::new();
    if let Some(node) = &args.node {
        programs.push(Program::node(node));
    }
    for pair in args.pairs() {
        programs.push(Program::sinew(&sinew, &pair.to_string())?);
    }
    Ok(programs)
}

/// A program that was built with this one.
fn beside(name: &Path) -> Result<PathBuf> {
    let own = std::env::current_exe().context("the path of this program")?;
    let path = own
        .with_file_name(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    if !path.is_file() {
        let message = "cargo build -p sinew-cli --features full";
        bail!("{} is not built: {message}", path.display());
    }
    Ok(path)
}

/// The folder of build results that this program is in.
fn target() -> Result<PathBuf> {
    let own = std::env::current_exe().context("the path of this program")?;
    let target = own.ancestors().nth(2);
    Ok(target.context("the folder of build results")?.to_owned())
}

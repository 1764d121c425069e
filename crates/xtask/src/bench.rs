//! `cargo xtask bench`

mod counts;
mod criterion;
mod machine;
mod page;
mod peers;
mod plot;
mod results;
mod row;
mod sizes;
pub mod suites;
mod tables;
mod targets;
mod units;
mod verdict;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::args::BenchArgs;
use crate::pair::NAMES;
use peers::Peers;
use results::{Figure, Results};
use suites::Folders;
use tables::Block;

/// Where the page goes, in the repository.
const DOCS: &str = "docs";
const PAGE: &str = "PERFORMANCE.md";
const PLOTS: &str = "performance";

/// Beside Criterion's results: the suites' figures, and what is only measured when asked for.
const FIGURES: &str = "sinew-figures.jsonl";
const COUNTS: &str = "sinew-counts.jsonl";
const SIZES: &str = "sinew-sizes.jsonl";
const PEERS: &str = "sinew-peers.json";

/// What all suites may take.
const MOST: Duration = Duration::from_secs(15 * 60);

/// Measures what is asked for, and writes the page.
pub fn main(args: &BenchArgs) -> Result<ExitCode> {
    let root = root();
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // Cargo takes it from the folder it is run in, which it does not tell.
    let target = target.unwrap_or_else(|| root.join("target"));
    let target = std::path::absolute(&target).with_context(|| target.display().to_string())?;
    let folders = Folders { root, target };
    measure(args, &folders)?;
    let (results, peers) = read(&folders.criterion())?;
    if results.times.is_empty() && results.figures.is_empty() && peers.peers.is_empty() {
        bail!("nothing was measured yet: run it without --no-run");
    }
    let out = args.out.clone().unwrap_or_else(|| folders.root.join(DOCS));
    write(&out, &blocks(&results, &peers))?;
    eprintln!("{} is written", out.join(PAGE).display());
    Ok(ExitCode::SUCCESS)
}

fn measure(args: &BenchArgs, folders: &Folders) -> Result<()> {
    let results = folders.criterion();
    fs::create_dir_all(&results).with_context(|| results.display().to_string())?;
    if !args.no_run {
        if args.filter.is_empty() {
            criterion::forget(&results)?;
        }
        let start = Instant::now();
        suites::run(folders, &args.filter)?;
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        let most = MOST.as_secs() / 60;
        let late = if start.elapsed() > MOST {
            ": too long"
        } else {
            ""
        };
        eprintln!("the suites took {minutes:.1} of {most} minutes, with their build{late}");
    }
    if args.peers {
        let peers = Peers::measure(&folders.workloads())?;
        peers.write(&results.join(PEERS))?;
    }
    if args.counts {
        let times = Results::read(&results)?;
        match counts::measure(folders, &times)? {
            Some(figures) => write_figures(&results.join(COUNTS), &figures)?,
            None => eprintln!("no counts: valgrind is not installed"),
        }
    }
    if args.sizes {
        let pairs: Vec<&str> = args.pairs.iter().map(|pair| pair.name()).collect();
        let pairs = if pairs.is_empty() {
            NAMES.to_vec()
        } else {
            pairs
        };
        let mut figures = sizes::measure(folders, &args.profile, &pairs)?;
        let path = results.join(SIZES);
        // What is known of other pairs stays.
        let mut known = results::read_figures(&path)?;
        known.retain(|figure| !pairs.contains(&figure.pairing.as_str()));
        figures.append(&mut known);
        write_figures(&path, &figures)?;
    }
    Ok(())
}

/// All that was measured, in this run or before.
fn read(criterion: &Path) -> Result<(Results, Peers)> {
    let mut results = Results::read(criterion)?;
    for name in [FIGURES, COUNTS, SIZES] {
        results.read_figures(&criterion.join(name))?;
    }
    Ok((results, Peers::read(&criterion.join(PEERS))?))
}

fn write_figures(path: &Path, figures: &[Figure]) -> Result<()> {
    let mut text = String::new();
    for figure in figures {
        text += &serde_json::to_string(figure)?;
        text.push('\n');
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

fn blocks(results: &Results, peers: &Peers) -> Vec<Block> {
    let mut blocks = vec![machine::block(results)];
    blocks.extend(tables::of_targets(results, peers));
    blocks.extend(tables::suites(results, peers));
    blocks.extend(tables::of_peers(results, peers));
    blocks
}

/// Writes the page, with what people wrote in it, and its plots.
fn write(out: &Path, blocks: &[Block]) -> Result<()> {
    let path = out.join(PAGE);
    let old = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => page::NEW.to_owned(),
        text => text.with_context(|| path.display().to_string())?,
    };
    let text = page::fill(&old, blocks).with_context(|| path.display().to_string())?;
    let plots = out.join(PLOTS);
    fs::create_dir_all(&plots).with_context(|| plots.display().to_string())?;
    for chart in blocks.iter().flat_map(|block| &block.charts) {
        let path = plots.join(&chart.file);
        fs::write(&path, chart.svg()?).with_context(|| path.display().to_string())?;
    }
    fs::write(&path, text).with_context(|| path.display().to_string())
}

/// The repository, whichever of its folders this is run in.
fn root() -> PathBuf {
    // Cargo tells a program that it runs where its package is.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let package = package.as_deref();
    let root = package.and_then(|package| package.ancestors().nth(2));
    root.unwrap_or(Path::new(".")).to_owned()
}

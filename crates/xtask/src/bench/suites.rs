//! Runs the suites.

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// Which rows to measure: all of a suite, or those that begin so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    suite: String,
    /// Empty for all.
    row: String,
}

/// What has a meaning in a regular expression.
const SPECIAL: &str = "\\.+*?()|[]{}^$#&-~";

impl FromStr for Filter {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let (suite, row) = text.split_once(':').unwrap_or((text, ""));
        Ok(Self {
            suite: suite.trim().to_owned(),
            row: row.trim().to_owned(),
        })
    }
}

impl Filter {
    /// The regular expression that Criterion compares with `suite: row/subject/pairing`.
    fn pattern(&self) -> String {
        let text = format!("{}: {}", self.suite, self.row);
        let mut pattern = String::from("^");
        for c in text.chars() {
            if SPECIAL.contains(c) {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern
    }
}

/// Where things are.
#[derive(Debug)]
pub struct Folders {
    /// The repository.
    pub root: PathBuf,
    /// What Cargo builds.
    pub target: PathBuf,
}

impl Folders {
    /// Where Criterion leaves its results, and the suites their figures.
    pub fn criterion(&self) -> PathBuf {
        self.target.join("criterion")
    }

    /// Where the suites leave the workloads, for other runtimes.
    pub fn workloads(&self) -> PathBuf {
        self.target.join("workloads")
    }

    /// A program that was built for release.
    pub fn program(&self, name: &str) -> PathBuf {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.target.join("release").join(name)
    }

    /// Cargo, in the repository.
    pub fn cargo(&self) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(&self.root);
        command.env("CARGO_TARGET_DIR", &self.target);
        command.env("CRITERION_HOME", self.criterion());
        // It is of this program, and would have that of others built anew.
        command.env_remove("CARGO_MANIFEST_DIR");
        command
    }
}

/// Builds the command, which the suite of starts runs, and runs the suites.
pub fn run(folders: &Folders, filters: &[Filter]) -> Result<()> {
    let mut build = folders.cargo();
    build.args([
        "build",
        "--release",
        "-p",
        "sinew-cli",
        "--features",
        "full",
    ]);
    succeed(&mut build, "the build of the command")?;
    let all = [None];
    let filters: Vec<Option<&Filter>> = match filters {
        [] => all.to_vec(),
        some => some.iter().map(Some).collect(),
    };
    for filter in filters {
        let mut bench = folders.cargo();
        bench.args(["bench", "-p", "sinew-benches", "--features", "full"]);
        if let Some(filter) = filter {
            bench.args(["--bench", &filter.suite, "--", &filter.pattern()]);
        }
        succeed(&mut bench, "the suites")?;
    }
    Ok(())
}

/// Runs a command that shows what it does.
pub fn succeed(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status();
    let status = status.with_context(|| format!("cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{what} failed: {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_filters() {
        let of = |text: &str| text.parse::<Filter>().unwrap();
        assert_eq!(of("calls").pattern(), "^calls: ");
        assert_eq!(of("calls: export i32x2").pattern(), "^calls: export i32x2");
        assert_eq!(
            of("memory:buffer, (1)").pattern(),
            "^memory: buffer, \\(1\\)"
        );
        assert_eq!(of("memory:buffer").suite, "memory");
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        let error = |mut command: Command| succeed(&mut command, "it").unwrap_err().to_string();
        assert!(error(Command::new("no-such-program-is-installed")).contains("cannot start"));
        let mut command = Command::new("cargo");
        command.args(["no-such-command"]);
        command.stderr(std::process::Stdio::null());
        assert!(error(command).contains("it failed"));
    }
}

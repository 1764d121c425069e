//! Prints the results of the last `cargo bench -p sinew-benches` as a Markdown table.

use sinew_benches::table;

fn main() -> std::io::Result<()> {
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(sinew_benches::figures::folder, Into::into);
    print!("{}", table::render(&folder)?);
    Ok(())
}

//! `sinew bench`.

use std::path::Path;

use serde_json::Value as Json;

use super::{ADD, Ran, folder, pairs, sinew};

const CASES: &str = r#"
    import { add } from "./add.wasm";
    let calls = 0;
    bench("add", () => { calls++; add(20, 22); });
    bench("wait", async () => { await null; });
    bench("sum", { group: "sums", baseline: true }, () => { let s = 0; for (let i = 0; i < 100; i++) s += i; });
    bench({ name: "longer sum", group: "sums", fn() { for (let i = 0; i < 1000; i++) ; } });
    console.log("registered");
"#;

/// As little time as will do.
const QUICK: [&str; 4] = ["--time", "0.02", "--warmup", "0"];

fn bench(folder: &Path, args: &[&str]) -> Ran {
    let mut command = sinew(folder);
    command.arg("bench").args(QUICK).args(args);
    let ran = command.output().unwrap().into();
    println!("{args:?}: {ran:?}");
    ran
}

/// What `bench(..)` says of a program on the default pair, which must fail.
#[track_caller]
fn fails(program: &str, expected: &[&str]) {
    let folder = folder(&[("a.js", program)]);
    let ran = bench(folder.path(), &["a.js"]);
    assert_eq!((ran.status, &*ran.stdout), (Some(1), ""), "{program}");
    for text in expected {
        assert!(ran.stderr.contains(text), "no {text:?} in {ran:?}");
    }
}

fn array(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

fn names(cases: &Json) -> Vec<&str> {
    let names = array(cases)
        .iter()
        .map(|case| case["name"].as_str().unwrap());
    names.collect()
}

/// The engines of these objects are those of all pairs.
#[track_caller]
fn are_all_pairs(objects: &Json) {
    let found = array(objects).iter();
    let found: Vec<_> = found
        .map(|it| (it["js"].clone(), it["wasm"].clone()))
        .collect();
    let all = pairs()
        .into_iter()
        .map(|pair| (pair.js.into(), pair.wasm.into()));
    assert_eq!(found, all.collect::<Vec<_>>());
}

#[track_caller]
fn is_measured(result: &Json) {
    assert_eq!(result["error"], Json::Null, "{result}");
    let number = |name: &str| {
        result[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {result}"))
    };
    assert!(
        number("rounds") >= 5.0 && number("iterations") >= 1.0,
        "{result}"
    );
    let order = ["min", "p10", "median", "p90", "max"].map(number);
    assert!(order[0] > 0.0 && order.is_sorted(), "{result}");
    assert!(
        number("spread") >= 0.0 && number("ratio") >= 1.0,
        "{result}"
    );
}

#[test]
fn measures_on_every_pair() {
    let folder = folder(&[("a.mjs", CASES), ("add.wasm", ADD)]);
    let ran = bench(folder.path(), &["a.mjs", "--all", "--json"]);
    assert_eq!(ran.status, Some(0));
    assert_eq!(ran.stderr, "registered\n".repeat(pairs().len()));
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["sinew"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&json["file"], &json["time"]),
        (&"a.mjs".into(), &0.02.into())
    );
    assert!(json["cores"].as_u64().unwrap() >= 1);
    are_all_pairs(&json["pairings"]);
    assert!(
        array(&json["pairings"])
            .iter()
            .all(|pairing| pairing["error"].is_null())
    );
    assert_eq!(names(&json["cases"]), ["add", "wait", "sum", "longer sum"]);
    let references = ["an empty function", "an empty async function"];
    assert_eq!(names(&json["references"]), references);
    for case in array(&json["references"])
        .iter()
        .chain(array(&json["cases"]))
    {
        are_all_pairs(&case["results"]);
        let results = array(&case["results"]);
        results.iter().for_each(is_measured);
        let is_async = ["wait", references[1]].contains(&case["name"].as_str().unwrap());
        assert!(
            results.iter().all(|result| result["async"] == is_async),
            "{case}"
        );
        let fastest = results.iter().filter(|result| result["ratio"] == 1.0);
        assert!(fastest.count() >= 1, "{case}");
    }
    let [.., sum, longer] = array(&json["cases"]) else {
        panic!("{json}");
    };
    assert_eq!(
        (&sum["group"], &sum["baseline"]),
        (&"sums".into(), &true.into())
    );
    for (sum, longer) in array(&sum["results"]).iter().zip(array(&longer["results"])) {
        assert_eq!(sum["baseline_ratio"], 1.0);
        assert!(longer["baseline_ratio"].as_f64().unwrap() > 1.0, "{longer}");
    }
    assert_eq!(json["cases"][0]["results"][0]["baseline_ratio"], Json::Null);
}

#[test]
fn prints_a_table() {
    let folder = folder(&[("a.mjs", CASES), ("add.wasm", ADD)]);
    let ran = bench(folder.path(), &["--all", "a.mjs"]);
    assert_eq!(ran.status, Some(0));
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(
        lines[0].starts_with("sinew ") && lines[0].contains("a.mjs"),
        "{}",
        lines[0]
    );
    for pair in pairs() {
        let engines = format!("{} with {}", pair.js, pair.wasm);
        let rows = lines.iter().filter(|line| line.contains(&engines));
        assert_eq!(rows.count(), 6, "{engines}");
    }
    let group = lines.iter().position(|line| *line == "[sums]").unwrap();
    assert!(
        lines[group + 1].starts_with("sum  "),
        "{}",
        lines[group + 1]
    );
    // Numbers stand under one another, and nothing is at the end of a line.
    let end = lines[2].find("median").unwrap() + "median".len();
    for line in lines[3..].iter().filter(|line| line.contains(" with ")) {
        let before: String = line.chars().take(end).collect();
        assert!(
            before.ends_with(['s', ' ']) && line.chars().nth(end) == Some(' '),
            "{line}"
        );
        assert_eq!(line.trim_end(), *line);
    }
    // Of one pair there is nothing to compare, and no group has a baseline here.
    let one = bench(folder.path(), &["a.mjs", "--filter", "add"]);
    let head = one.stdout.lines().nth(2).unwrap();
    assert!(head.ends_with("p10  spread"), "{head}");
}

#[test]
fn chooses_cases_and_pairs() {
    let folder = folder(&[("a.mjs", CASES), ("add.wasm", ADD)]);
    let json = |args: &[&str]| -> Json {
        let ran = bench(folder.path(), &[&["a.mjs", "--json"], args].concat());
        assert_eq!(ran.status, Some(0), "{args:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    };
    let one = json(&["--filter", "add"]);
    assert_eq!(names(&one["cases"]), ["add"]);
    assert_eq!(names(&one["references"]), ["an empty function"]);
    assert_eq!(array(&one["pairings"]).len(), 1);
    // A group counts, too.
    let group = json(&["--filter", "sums"]);
    assert_eq!(names(&group["cases"]), ["sum", "longer sum"]);
    for pair in pairs() {
        let chosen = json(&["--js", &pair.js, "--wasm", &pair.wasm, "--filter", "add"]);
        let pairing = &array(&chosen["pairings"])[0];
        assert_eq!(
            (&pairing["js"], &pairing["wasm"]),
            (&pair.js.into(), &pair.wasm.into())
        );
    }
    let js = pairs().remove(0).js;
    let several = json(&["--all", "--js", &js, "--filter", "add"]);
    let expected = pairs().iter().filter(|pair| pair.js == js).count();
    assert_eq!(array(&several["pairings"]).len(), expected);
}

#[test]
fn refuses_what_is_no_case() {
    for (call, why) in [
        ("bench()", "a case needs a name"),
        ("bench('')", "a case needs a name"),
        ("bench('a')", "case \"a\" needs a function"),
        ("bench('a', 5)", "not a way to call bench"),
        ("bench(null, () => {})", "not a way to call bench"),
        ("bench('a', { fn: 5 })", "case \"a\" needs a function"),
        ("bench('a', 'b', () => {})", "not a way to call bench"),
        ("bench(() => {})", "a case needs a name"),
        (
            "bench('a', { group: 5 }, () => {})",
            "the group is not a string",
        ),
    ] {
        fails(call, &["Uncaught TypeError: ", why, "a.js"]);
    }
    let twice = "for (const group of ['x', 'y', 'x']) bench('a', { group }, () => {})";
    fails(twice, &["Uncaught Error: there is a case \"a\" already"]);
    let both = "for (const name of 'ab') bench({ name, baseline: true, fn() {} })";
    fails(both, &["case \"b\": there is a baseline already"]);
    fails(
        "console.log(typeof bench)",
        &["function\n", "a.js has no case", "bench(name, fn)"],
    );
}

#[test]
fn takes_the_forms_of_others() {
    let program = "
        // Nothing here depends on what a program can change.
        Array.prototype[Symbol.iterator] = Object.defineProperty = Promise.prototype.then = null;
        bench('a', () => {});
        bench('b', { group: undefined }, () => {});
        bench('c', () => {}, { baseline: true });
        bench({ name: 'd', fn: () => {} });
        bench({ name: 'e' }, () => {});
        bench(function f() {});
        globalThis.bench.name === 'bench' && bench('g', () => {}, undefined);
        setTimeout(() => bench('late', () => {}), 1);";
    let folder = folder(&[("a.js", program)]);
    let ran = bench(folder.path(), &["--all", "--json", "a.js"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        names(&json["cases"]),
        ["a", "b", "c", "d", "e", "f", "g", "late"]
    );
}

#[test]
fn goes_on_after_a_case_that_fails() {
    let program = "
        bench('at once', () => null.x);
        let calls = 0;
        bench('later', () => { if (++calls === 50) throw new RangeError('enough') });
        bench('rejected', async () => { throw 'no error' });
        bench('left behind', () => { Promise.reject(new Error('nobody listens')) });
        bench('never', () => new Promise(() => {}));
        bench('afterwards', () => bench('x', () => {}));
        bench('fine', () => {});";
    let folder = folder(&[("a.js", program)]);
    let ran = bench(folder.path(), &["--all", "--json", "a.js"]);
    assert_eq!(ran.status, Some(1));
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    for (case, error) in array(&json["cases"]).iter().zip([
        "TypeError: ",
        "RangeError: enough",
        "uncaught no error",
        "Error: nobody listens",
        "can never settle",
        "comes too late",
    ]) {
        are_all_pairs(&case["results"]);
        for result in array(&case["results"]) {
            assert!(
                result["error"].as_str().unwrap().contains(error),
                "{result}"
            );
            assert_eq!(result["median"], Json::Null);
        }
    }
    array(&json["cases"][6]["results"])
        .iter()
        .for_each(is_measured);
    for pair in pairs() {
        let said = format!(
            "sinew: {} with {}: case \"later\" failed\nUncaught RangeError: enough\n",
            pair.js, pair.wasm
        );
        assert!(ran.stderr.contains(&said), "no {said:?} in {}", ran.stderr);
    }
    let table = bench(folder.path(), &["a.js"]).stdout;
    assert_eq!(
        table
            .lines()
            .filter(|line| line.ends_with("  failed"))
            .count(),
        6,
        "{table}"
    );
}

#[test]
fn goes_on_after_a_pair_that_fails() {
    let all = pairs();
    // Only one wasm engine has exceptions.
    let program = "if (WebAssembly.Tag) null.x; bench('a', () => {})";
    let folder = folder(&[("a.js", program)]);
    let ran = bench(folder.path(), &["--all", "--json", "a.js"]);
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    are_all_pairs(&json["pairings"]);
    let with = all.iter().filter(|pair| pair.wasm == "wasmtime").count();
    assert_eq!(ran.status, Some(u8::from(with > 0).into()));
    let failed = array(&json["pairings"])
        .iter()
        .filter(|it| !it["error"].is_null());
    assert_eq!(failed.count(), with);
    let results = json["cases"]
        .get(0)
        .map_or(0, |case| array(&case["results"]).len());
    assert_eq!(results, all.len() - with);
    assert_eq!(ran.stderr.matches("Uncaught TypeError: ").count(), with);
}

#[test]
fn passes_arguments_and_the_root_on() {
    let program = "
        import '../lib.js';
        bench(JSON.stringify(scriptArgs), () => {});";
    let folder = folder(&[("in/a.mjs", program), ("lib.js", "")]);
    let args = ["in/a.mjs", "--root", ".", "--json", "--", "-x", "y"];
    let ran = bench(folder.path(), &args);
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(names(&json["cases"]), [r#"["in/a.mjs","-x","y"]"#]);
    let outside = bench(folder.path(), &["in/a.mjs"]);
    assert_eq!((outside.status, &*outside.stdout), (Some(1), ""));
    let script = folder.path().join("b.js");
    std::fs::write(script, "bench('a', () => {}); with ({}) ;").unwrap();
    assert_eq!(bench(folder.path(), &["--script", "b.js"]).status, Some(0));
}

#[test]
fn leaves_timers_alone_and_runs_jobs() {
    // The timer of each call is far away; its job is not.
    let program = "
        let jobs = 0, calls = 0;
        bench('a', () => {
            if (++calls % 1000 === 1) setTimeout(() => {}, 1e8);
            Promise.resolve().then(() => jobs++);
        });
        bench('b', () => { if (jobs < calls) throw new Error(`${jobs} of ${calls}`) });";
    let folder = folder(&[("a.js", program)]);
    let ran = bench(folder.path(), &["--all", "--timeout", "60", "a.js"]);
    assert_eq!((ran.status, &*ran.stderr), (Some(0), ""));
}

#[test]
fn ends_at_the_deadline() {
    for program in [
        "for (;;);",
        "bench('a', () => { for (;;); })",
        "bench('a', () => {})",
    ] {
        let folder = folder(&[("a.js", program)]);
        for pair in pairs() {
            let args = [
                "--js",
                &pair.js,
                "--wasm",
                &pair.wasm,
                "--timeout",
                "0.3",
                "--time",
                "1e6",
            ];
            let mut command = sinew(folder.path());
            let ran: Ran = command
                .arg("bench")
                .args(args)
                .arg("a.js")
                .output()
                .unwrap()
                .into();
            assert_eq!(
                (ran.status, &*ran.stdout),
                (Some(124), ""),
                "{pair:?}: {ran:?}"
            );
            assert_eq!(
                ran.stderr.matches("deadline").count(),
                1,
                "{pair:?}: {ran:?}"
            );
        }
    }
}

#[test]
fn wrong_usage() {
    for args in [
        &[][..],
        &["--time", "soon", "a.js"],
        &["a.js", "b.js"],
        &["--nope", "a.js"],
    ] {
        let ran: Ran = sinew(Path::new("."))
            .arg("bench")
            .args(args)
            .output()
            .unwrap()
            .into();
        assert_eq!((ran.status, &*ran.stdout), (Some(2), ""), "{args:?}");
    }
    let missing = bench(folder(&[]).path(), &["nothing.js"]);
    assert_eq!(missing.status, Some(1));
    assert!(missing.stderr.contains("nothing.js"), "{missing:?}");
}

/// The help says what the JSON object has.
#[test]
fn help_names_every_member() {
    let folder = folder(&[("a.js", "bench('a', () => {})")]);
    let ran = bench(folder.path(), &["a.js", "--json"]);
    let json: Json = serde_json::from_str(&ran.stdout).unwrap();
    let help: Ran = sinew(Path::new("."))
        .args(["bench", "--help"])
        .output()
        .unwrap()
        .into();
    let members = help.stdout.split("The JSON object").nth(1).unwrap();
    let case = &json["cases"][0];
    for object in [&json, &json["pairings"][0], case, &case["results"][0]] {
        for name in object.as_object().unwrap().keys() {
            assert!(members.contains(name.as_str()), "{name}");
        }
    }
}

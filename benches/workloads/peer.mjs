// Runs a workload on an engine of its own WebAssembly: `node peer.mjs ./sha256.js [SECONDS]`, or
// with deno (`deno run`) or bun. Prints a JSON object a case: its name, what it returns, and the
// tenth percentile and median of the nanoseconds that a round takes.
const args = globalThis.Deno?.args ?? process.argv.slice(2);
const [script, seconds = "0.5"] = args;
const cases = [];
globalThis.bench = (name, run) => { cases.push({ name, run, samples: [] }); };
await import(new URL(script, import.meta.url));

const time = (run, rounds) => {
    const start = performance.now();
    for (let i = 0; i < rounds; i++) run();
    return (performance.now() - start) * 1e6;
};
const end = performance.now() + Number(seconds) * 1000 * cases.length;
for (const one of cases) {
    one.result = one.run();
    one.rounds = 1;
    // Rounds for some two milliseconds, of warm code.
    while (time(one.run, one.rounds) < 2e6) one.rounds *= 2;
}
// In turns.
do {
    for (const { run, rounds, samples } of cases) samples.push(time(run, rounds) / rounds);
} while (performance.now() < end);
for (const { name, result, samples } of cases) {
    samples.sort((a, b) => a - b);
    const at = part => samples[Math.floor(samples.length * part)];
    console.log(JSON.stringify({ name, result, samples: samples.length, p10: at(0.1), median: at(0.5) }));
}

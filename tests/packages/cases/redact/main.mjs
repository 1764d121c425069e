// Wasm in a data: URL, fetched.
import { initializeWasm } from "@arcjet/redact-wasm";

const { redact } = await initializeWasm(() => [], () => undefined);
const options = { contextWindowSize: 1, skipCustomDetect: true, skipCustomRedact: true };
for (const text of ["write to joe@example.com", "call 10.0.0.1", "nothing here"]) {
  console.log(redact(text, options));
}

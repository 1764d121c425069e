// META: global=window,worker,jsshell
// META: script=/wasm/jsapi/resources/helper.js

test(() => assert_equals(six() * 7, 42), "a helper");
test(() => assert_equals(this, globalThis), "the global object");
test(() => assert_equals((function () { return this; })(), globalThis), "sloppy code");
test(() => assert_equals(1, 2), "a failure");
test(() => nowhere, "an exception");
test(() => {}, "it's a [name] with *");
test(() => {}, "a name twice");
test(() => { throw new Error("\ud800 is half"); }, "a name twice");
slow_test("a timeout");
skipped_test("skipped");
promise_test(async () => {
  const { answer } = await import("./resources/answer.wasm");
  assert_equals(answer(), 42);
}, "an import");

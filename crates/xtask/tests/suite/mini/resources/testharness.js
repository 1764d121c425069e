// As much of testharness.js as the tests beside it use: its results and callbacks are the same.
(function (global) {
  "use strict";
  const [PASS, FAIL, TIMEOUT, NOTRUN] = [0, 1, 2, 3];
  const tests = [];
  const results = [];
  const completions = [];

  global.add_result_callback = (callback) => results.push(callback);
  global.add_completion_callback = (callback) => completions.push(callback);
  global.assert_equals = (actual, expected) => {
    if (!Object.is(actual, expected)) {
      throw new Error(`assert_equals: expected ${String(expected)} but got ${String(actual)}`);
    }
  };
  global.promise_test = (body, name) => tests.push({ name, body, status: NOTRUN, message: null });
  global.test = global.promise_test;
  // Tests that end in another way.
  global.slow_test = (name) => tests.push({ name, body: null, status: TIMEOUT, message: "slow" });
  global.skipped_test = (name) => tests.push({ name, body: null, status: NOTRUN, message: null });

  const run = async () => {
    for (const test of tests) {
      try {
        if (test.body) {
          await test.body();
          test.status = PASS;
        }
      } catch (error) {
        test.status = FAIL;
        test.message = error.message;
      }
      for (const callback of results) callback(test);
    }
    for (const callback of completions) callback(tests, { status: 0, message: null });
  };
  setTimeout(run, 0);
})(globalThis);

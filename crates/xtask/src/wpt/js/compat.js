// Functions that a few tests still call although today's harness and helpers have them no more. A
// test's own come first.
(function (global) {
  "use strict";
  const older = {
    assert_throws(error, body, message) {
      assert_throws_js(error.constructor, body, message);
    },
    promise_rejects(test, error, promise, message) {
      return promise_rejects_js(test, error.constructor, promise, message);
    },
    assertEquals(expected, actual, message) {
      assert_equals(actual, expected, message);
    },
    nulls(count) {
      return new Array(count).fill(null);
    },
  };
  for (const name of Object.keys(older)) {
    if (typeof global[name] === "undefined") global[name] = older[name];
  }
})(globalThis);

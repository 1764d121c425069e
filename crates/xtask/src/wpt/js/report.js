// Hands on what testharness.js finds: each subtest as it ends ("r"), then the whole ("d").
(function () {
  "use strict";
  const emit = globalThis.__wpt_emit;
  const text = (value) => (value === null || value === undefined ? null : String(value));
  add_result_callback((test) => {
    emit({ t: "r", n: String(test.name), s: test.status, m: text(test.message) });
  });
  add_completion_callback((tests, harness) => {
    emit({ t: "d", s: harness.status, m: text(harness.message) });
  });
})();

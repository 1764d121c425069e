// A test that says so may have errors that nobody catches.
(function (global) {
  "use strict";
  const emit = global.__wpt_emit;
  const { setup } = global;
  global.setup = function (...args) {
    if (args.some((options) => options?.allow_uncaught_exception)) emit({ t: "a" });
    return setup.apply(this, args);
  };
})(globalThis);

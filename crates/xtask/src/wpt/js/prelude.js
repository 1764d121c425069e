// What a test finds before its harness runs, and the way its results go out: lines on the console
// that begin with a mark and go on as JSON.
(function (global) {
  "use strict";
  if (!("self" in global)) global.self = global;

  // The server of the web platform tests puts this before every test for several globals.
  const no = () => false;
  global.GLOBAL = { isWindow: no, isWorker: no, isShadowRealm: no };

  // A test may replace any of these.
  const print = console.log.bind(console);
  const { stringify } = JSON;
  const apply = Function.prototype.call.bind(Function.prototype.apply);
  const { replace } = String.prototype;

  // A surrogate without its other half has no UTF-8.
  const lone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
  const printable = (text) => apply(replace, text, [lone, "\ufffd"]);

  Object.defineProperty(global, "__wpt_emit", {
    value(message) {
      for (const key in message) {
        if (typeof message[key] === "string") message[key] = printable(message[key]);
      }
      print("@@WPT@@" + stringify(message));
    },
  });
})(globalThis);

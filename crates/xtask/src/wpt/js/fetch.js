// A `fetch` for the interface definitions that idlharness.js asks for by URL: texts, and bytes as
// lists of numbers.
(function (files) {
  "use strict";
  globalThis.fetch = async (url) => {
    const known = Object.hasOwn(files, url);
    return {
      ok: known,
      status: known ? 200 : 404,
      text: async () => files[url],
      arrayBuffer: async () => new Uint8Array(files[url]).buffer,
    };
  };
})

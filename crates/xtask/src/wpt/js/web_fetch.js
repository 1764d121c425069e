// As much of `fetch` as tests need that only read a file of theirs, for a runtime that has none; and
// for one that has, the base of relative URLs, unless it knows of one.
(function (global) {
  "use strict";
  const base = global.location.href;
  const { fetch, Request, URL } = global;

  if (typeof fetch === "function") {
    try {
      new Request("x");
    } catch {
      const absolute = (input) =>
        typeof input === "string" || input instanceof URL ? new URL(input, base) : input;
      global.fetch = (input, init) => fetch(absolute(input), init);
    }
    return;
  }

  const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  global.fetch = async (input) => {
    const { get } = await import("wpt-server");
    const body = (form) => get(String(input), form)[1];
    const { status, statusText, headers } = JSON.parse(get(String(input), "head")[0]);
    const find = (name) => headers.find(([other]) => other.toLowerCase() === name.toLowerCase());
    return {
      ok: status >= 200 && status < 300,
      status,
      statusText,
      headers: { get: (name) => find(name)?.[1] ?? null },
      text: async () => body("text"),
      json: async () => JSON.parse(body("text")),
      arrayBuffer: async () => bytes(body("bytes")).buffer,
    };
  };
})(globalThis);

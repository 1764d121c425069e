// Where a test seems to be, and the title that its server gives it.
(function (about) {
  "use strict";
  const { location, title } = about;
  const all = Object.freeze({ ...location, toString: () => location.href });
  Object.defineProperty(globalThis, "location", { value: all, configurable: true, writable: true });
  if (title !== null) globalThis.META_TITLE = title;
})

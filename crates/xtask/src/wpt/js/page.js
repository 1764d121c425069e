// As much of a page as tests of module scripts need: they run one after the other, one that fails is
// an `error` event and its `onload` runs all the same, and at the end comes `load`.
(function (global) {
  "use strict";
  const listeners = new Map();
  const of = (type) => listeners.get(type) ?? [];
  const dispatch = (event) => {
    const called = of(event.type);
    for (const listener of called) listener.call(global, event);
    return called.length > 0;
  };

  global.window = global;
  global.addEventListener = (type, listener) => {
    listeners.set(type, [...of(type), listener]);
  };
  global.removeEventListener = (type, listener) => {
    listeners.set(type, of(type).filter((other) => other !== listener));
  };

  global.__wpt_page = async (scripts) => {
    for (const { load, onload } of scripts) {
      try {
        await load();
      } catch (error) {
        const message = String(error?.message);
        if (!dispatch({ type: "error", error, message })) {
          globalThis.__wpt_emit({ t: "x", m: `${error?.name}: ${message}` });
        }
      }
      if (onload) (0, eval)(onload);
    }
    dispatch({ type: "load" });
    globalThis.__wpt_emit({ t: "l" });
  };
})(globalThis);

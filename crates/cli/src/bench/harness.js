// Defines the global `bench`. `register` keeps a case, or throws if there is one of that name.
(register) => {
  "use strict";
  const FORMS =
    "bench(name, fn), bench(name, options, fn), bench(name, fn, options) or " +
    "bench({ name, fn, group, baseline })";
  const bench = function bench(...given) {
    let name, fn, options;
    // By index: a program may have changed the iterators of arrays.
    for (let i = 0; i < given.length; i++) {
      const value = given[i];
      const type = value === null ? "null" : typeof value;
      if (type === "string" && name === undefined) name = value;
      else if (type === "function" && fn === undefined) fn = value;
      else if (type === "object" && options === undefined) options = value;
      else if (type !== "undefined") throw new TypeError(`not a way to call bench; use ${FORMS}`);
    }
    const { group, baseline = false } = options ?? {};
    fn ??= options?.fn;
    name ??= options?.name ?? fn?.name;
    if (typeof name !== "string" || name === "") {
      throw new TypeError(`a case needs a name: ${FORMS}`);
    }
    if (typeof fn !== "function") throw new TypeError(`case "${name}" needs a function: ${FORMS}`);
    if (group !== undefined && typeof group !== "string") {
      throw new TypeError(`case "${name}": the group is not a string`);
    }
    register(name, fn, group, Boolean(baseline));
  };
  Object.defineProperty(globalThis, "bench", { value: bench, writable: true, configurable: true });
}

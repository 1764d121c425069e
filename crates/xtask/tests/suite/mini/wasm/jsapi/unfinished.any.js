// META: global=jsshell

test(() => {}, "reached");
promise_test(() => new Promise(() => {}), "never settled");

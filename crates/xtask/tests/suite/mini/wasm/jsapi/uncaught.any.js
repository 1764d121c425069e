// META: global=jsshell

test(() => {}, "not reached");
throw new TypeError("uncaught");

// META: global=jsshell

test(() => {}, "before");
test(() => { for (;;); }, "for ever");
test(() => {}, "after");

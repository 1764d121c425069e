// META: global=window,worker

promise_test(() => fetch("../answer.wasm"), "a response");

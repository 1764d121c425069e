// META: global=jsshell
// META: timeout=long
"use strict";

test(() => assert_equals((function () { return this; })(), undefined), "strict code");

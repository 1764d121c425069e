//! Promises and jobs.

use super::fixture::*;
use crate::{JsHost, ObjectClass, PromiseState};

/// NewPromiseCapability: both functions settle the promise, once.
pub fn capabilities_settle<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let first = ok::<J, _>(cx, |cx| J::new_promise(cx));
        let second = ok::<J, _>(cx, |cx| J::new_promise(cx));
        assert_eq!(
            J::object_class(cx, &first.promise),
            Some(ObjectClass::Promise)
        );
        define::<J>(cx, "p", first.promise.clone());
        define::<J>(cx, "q", second.promise.clone());
        eval::<J>(
            cx,
            "log = []; p.then(x => log.push('p' + x)); q.catch(x => log.push('q' + x));",
        );
        let undefined = J::undefined();
        let one = J::number(1.0);
        ok::<J, _>(cx, |cx| {
            J::call(cx, &first.resolve, &undefined, std::slice::from_ref(&one))
        });
        ok::<J, _>(cx, |cx| {
            J::call(cx, &first.reject, &undefined, &[J::number(2.0)])
        });
        ok::<J, _>(cx, |cx| J::call(cx, &second.reject, &undefined, &[one]));
        assert!(holds::<J>(cx, "log.length === 0"));
        run_jobs::<J>(cx);
        assert_eq!(eval_text::<J>(cx, "log.join()"), "p1,q1");
        assert!(holds::<J>(cx, "p.constructor === Promise"));
        let third = ok::<J, _>(cx, |cx| J::new_promise(cx));
        let thenable = eval::<J>(cx, "({ then(f) { f('from thenable'); } })");
        ok::<J, _>(cx, |cx| {
            J::call(cx, &third.resolve, &undefined, &[thenable])
        });
        run_jobs::<J>(cx);
        match J::promise_state(cx, &third.promise) {
            Some(PromiseState::Fulfilled(value)) => {
                assert_eq!(describe::<J>(cx, &value), "from thenable");
            }
            other => panic!("{}", other.is_some()),
        }
    });
}

/// The state of promises; none of other values.
pub fn promise_states_are_told<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let pending = eval::<J>(cx, "new Promise(() => {})");
        assert!(matches!(
            J::promise_state(cx, &pending),
            Some(PromiseState::Pending)
        ));
        let fulfilled = eval::<J>(cx, "Promise.resolve(5)");
        let Some(PromiseState::Fulfilled(value)) = J::promise_state(cx, &fulfilled) else {
            panic!("not fulfilled");
        };
        assert_eq!(J::as_number(&value), Some(5.0));
        let rejected = eval::<J>(cx, "r = Promise.reject('no'); r.catch(() => 0); r");
        let Some(PromiseState::Rejected(value)) = J::promise_state(cx, &rejected) else {
            panic!("not rejected");
        };
        assert_eq!(J::as_text(cx, &value).as_deref(), Some("no"));
        for source in [
            "({ then() {} })",
            "1",
            "Object.create(Promise.prototype)",
            "() => 1",
        ] {
            let value = eval::<J>(cx, source);
            assert!(J::promise_state(cx, &value).is_none(), "{source}");
        }
    });
}

/// PerformPromiseThen calls one of the two as a job, and counts as handling.
pub fn promise_then_calls_back<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    fixture.enter(|cx| {
        eval::<J>(cx, "log = [];");
        let yes = eval::<J>(cx, "(x => log.push('yes ' + x))");
        let no = eval::<J>(cx, "(x => log.push('no ' + x))");
        let fulfilled = eval::<J>(cx, "Promise.resolve(1)");
        let capability = ok::<J, _>(cx, |cx| J::new_promise(cx));
        ok::<J, _>(cx, |cx| J::promise_then(cx, &fulfilled, &yes, &no));
        ok::<J, _>(cx, |cx| J::promise_then(cx, &capability.promise, &yes, &no));
        let reason = J::number(2.0);
        ok::<J, _>(cx, |cx| {
            J::call(cx, &capability.reject, &J::undefined(), &[reason])
        });
        assert!(holds::<J>(cx, "log.length === 0"));
        run_jobs::<J>(cx);
        assert_eq!(eval_text::<J>(cx, "log.join()"), "yes 1,no 2");
    });
    assert!(fixture.hooks.rejections.borrow().is_empty());
}

/// PerformPromiseThen takes what is not callable for no reaction, and counts as handling.
pub fn promise_then_without_reactions<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    fixture.enter(|cx| {
        let capability = ok::<J, _>(cx, |cx| J::new_promise(cx));
        let promise = &capability.promise;
        ok::<J, _>(cx, |cx| {
            J::promise_then(cx, promise, &J::undefined(), &J::undefined())
        });
        let reason = J::number(2.0);
        ok::<J, _>(cx, |cx| {
            J::call(cx, &capability.reject, &J::undefined(), &[reason])
        });
        run_jobs::<J>(cx);
    });
    assert!(fixture.hooks.rejections.borrow().is_empty());
}

/// Jobs run in the order in which they came.
pub fn jobs_run_in_order<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        assert!(!ok::<J, _>(cx, |cx| J::run_job(cx)));
        eval::<J>(cx, "log = [];");
        let first = eval::<J>(cx, "(function (...args) { log.push('a' + args.length); })");
        let third = eval::<J>(cx, "(() => log.push('c'))");
        ok::<J, _>(cx, |cx| J::enqueue_job(cx, &first));
        eval::<J>(cx, "Promise.resolve().then(() => log.push('b'));");
        ok::<J, _>(cx, |cx| J::enqueue_job(cx, &third));
        assert!(holds::<J>(cx, "log.length === 0"));
        assert!(ok::<J, _>(cx, |cx| J::run_job(cx)));
        assert_eq!(eval_text::<J>(cx, "log.join()"), "a0");
        run_jobs::<J>(cx);
        assert_eq!(eval_text::<J>(cx, "log.join()"), "a0,b,c");
        eval::<J>(
            cx,
            "log = []; (async () => { log.push(1); await 0; log.push(3); })(); log.push(2);",
        );
        run_jobs::<J>(cx);
        assert_eq!(eval_text::<J>(cx, "log.join()"), "1,2,3");
    });
}

/// What a job throws is returned, and the others run.
pub fn a_throwing_job_loses_no_other<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        eval::<J>(cx, "log = [];");
        let throws = eval::<J>(cx, "(() => { throw 'thrown'; })");
        let works = eval::<J>(cx, "(() => log.push('ran'))");
        for function in [&works, &throws, &works] {
            ok::<J, _>(cx, |cx| J::enqueue_job(cx, function));
        }
        eval::<J>(cx, "Promise.resolve().then(() => log.push('promise'));");
        let mut errors = Vec::new();
        loop {
            match J::run_job(cx) {
                Ok(true) => {}
                Ok(false) => break,
                Err(crate::Throw::Value(error)) => errors.push(describe::<J>(cx, &error)),
                Err(crate::Throw::Terminated) => panic!("terminated"),
            }
        }
        assert_eq!(errors, ["thrown"]);
        assert_eq!(eval_text::<J>(cx, "log.join()"), "ran,ran,promise");
    });
}

/// HostPromiseRejectionTracker: rejected without a handler, handled later.
pub fn rejections_are_tracked<J: JsHost>() {
    let mut fixture = Fixture::<J>::new();
    fixture.enter(|cx| {
        eval::<J>(
            cx,
            "p = Promise.reject('early'); q = Promise.reject('other');",
        );
    });
    assert_eq!(
        *fixture.hooks.rejections.borrow(),
        [("early".to_owned(), false), ("other".to_owned(), false)]
    );
    fixture.hooks.rejections.borrow_mut().clear();
    fixture.enter(|cx| {
        eval::<J>(
            cx,
            "p.catch(() => 0); Promise.resolve().then(() => { throw 'in job'; });",
        );
        run_jobs::<J>(cx);
    });
    assert_eq!(
        *fixture.hooks.rejections.borrow(),
        [("early".to_owned(), true), ("in job".to_owned(), false)]
    );
    fixture.hooks.rejections.borrow_mut().clear();
    fixture.enter(|cx| {
        let q = eval::<J>(cx, "q");
        let nothing = eval::<J>(cx, "(() => 0)");
        ok::<J, _>(cx, |cx| J::promise_then(cx, &q, &nothing, &nothing));
        run_jobs::<J>(cx);
    });
    assert_eq!(
        *fixture.hooks.rejections.borrow(),
        [("other".to_owned(), true)]
    );
}

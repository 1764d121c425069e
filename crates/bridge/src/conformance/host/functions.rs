//! Native functions.

use std::cell::Cell;
use std::rc::Rc;

use super::fixture::*;
use crate::class::type_error;
use crate::convert::Number;
use crate::{Completion, FunctionSpec, JsHost, NativeFn, PropertyKey, Throw, ValueType};

/// A function that counts the drops of its data.
struct Counted;

#[derive(Clone)]
struct CountedData(Rc<DropCount>);

struct DropCount(Rc<Cell<u32>>);

impl Drop for DropCount {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

impl<J: JsHost> NativeFn<J> for Counted {
    type Data = CountedData;

    fn call(_: &mut J::Scope<'_>, data: &CountedData, _: J::Args<'_>) -> Completion<J> {
        Ok(J::number(f64::from(data.0.0.get())))
    }
}

/// A constructor that gives back what it saw.
struct Constructor;

impl<J: JsHost> NativeFn<J> for Constructor {
    type Data = u32;

    fn call(cx: &mut J::Scope<'_>, data: &u32, args: J::Args<'_>) -> Completion<J> {
        let Some(new_target) = J::new_target(cx, args) else {
            return Ok(J::number(f64::from(*data)));
        };
        let proto = J::get(cx, &new_target, "prototype".into())?;
        let object = J::create_object(cx, &proto)?;
        J::set(cx, &object, "newTarget".into(), &new_target)?;
        let first = J::arg(cx, args, 0);
        J::set(cx, &object, "first".into(), &first)?;
        Ok(object)
    }
}

const PLAIN: FunctionSpec<'static> = FunctionSpec {
    name: "plain",
    length: 2,
    constructor: false,
};

fn counted<J: JsHost>(cx: &mut J::Scope<'_>, drops: &Rc<Cell<u32>>) -> J::Value {
    let data = CountedData(Rc::new(DropCount(drops.clone())));
    ok::<J, _>(cx, |cx| J::create_function::<Counted>(cx, data, PLAIN))
}

/// `name`, `length`, prototype, `typeof` and `toString` of a native function.
pub fn functions_present_themselves<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let function = counted::<J>(cx, &Rc::default());
        assert_eq!(J::type_of(&function), ValueType::Function);
        define::<J>(cx, "f", function);
        for source in [
            "typeof f === 'function' && f instanceof Function",
            "Object.getPrototypeOf(f) === Function.prototype",
            "f.name === 'plain' && f.length === 2",
            "Reflect.ownKeys(f).join() === 'length,name'",
            "['name', 'length'].every(key => { \
                const d = Object.getOwnPropertyDescriptor(f, key); \
                return !d.writable && !d.enumerable && d.configurable; })",
            "/^function [^{]*\\{\\s*\\[native code\\]\\s*\\}$/.test(Function.prototype.toString.call(f))",
            "typeof String(f) === 'string'",
            "Object.prototype.toString.call(f) === '[object Function]'",
            "f.bind(null, 1).name === 'bound plain' && f.bind(null, 1).length === 1",
            "delete f.name && f.name === '' && typeof f.toString() === 'string'",
            "Object.isExtensible(f) && (f.extra = 1, f.extra === 1)",
        ] {
            assert!(holds::<J>(cx, source), "{source}");
        }
    });
}

/// A function that is no constructor has no `prototype` and refuses `new`.
pub fn functions_are_no_constructors<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let function = counted::<J>(cx, &Rc::default());
        define::<J>(cx, "f", function.clone());
        assert!(holds::<J>(cx, "!('prototype' in f)"));
        assert!(holds::<J>(
            cx,
            "try { new f(); false } catch (error) { error instanceof TypeError }"
        ));
        assert!(holds::<J>(
            cx,
            "try { class C extends f {} ; false } catch (error) { error instanceof TypeError }"
        ));
        let error = thrown::<J, _>(J::construct(cx, &function, &[], &function));
        assert!(describe::<J>(cx, &error).starts_with("TypeError"));
    });
}

/// A constructor sees `new.target`, a call of it does not.
pub fn constructors_see_new_target<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let spec = FunctionSpec {
            name: "Constructor",
            length: 0,
            constructor: true,
        };
        let function = ok::<J, _>(cx, |cx| J::create_function::<Constructor>(cx, 9, spec));
        define::<J>(cx, "F", function.clone());
        eval::<J>(cx, "F.prototype = { mark: 1 };");
        assert!(holds::<J>(cx, "F() === 9"));
        assert!(holds::<J>(
            cx,
            "o = new F('x'), o.newTarget === F && o.first === 'x' && o.mark === 1"
        ));
        assert!(holds::<J>(
            cx,
            "class D extends F { own = 2 } d = new D(3); \
                d.newTarget === D && d instanceof D && d.first === 3 && d.own === 2"
        ));
        assert!(holds::<J>(
            cx,
            "g = function () {}, g.prototype = { other: 1 }, \
                r = Reflect.construct(F, [], g), r.newTarget === g && r.other === 1"
        ));
        assert!(holds::<J>(
            cx,
            "Reflect.ownKeys(F).join() === 'length,name,prototype'"
        ));
        let first = J::number(4.0);
        let object = ok::<J, _>(cx, |cx| J::construct(cx, &function, &[first], &function));
        let value = ok::<J, _>(cx, |cx| J::get(cx, &object, "first".into()));
        assert_eq!(J::as_number(&value), Some(4.0));
        let other = eval::<J>(cx, "g");
        let object = ok::<J, _>(cx, |cx| J::construct(cx, &function, &[], &other));
        define::<J>(cx, "made", object);
        assert!(holds::<J>(cx, "made.newTarget === g && made.other === 1"));
        let class = eval::<J>(
            cx,
            "(class { constructor() { this.target = new.target; } })",
        );
        let object = ok::<J, _>(cx, |cx| J::construct(cx, &class, &[], &other));
        define::<J>(cx, "made", object);
        assert!(holds::<J>(cx, "made.target === g && made instanceof g"));
    });
}

/// Values of every type pass through a native function and through `call`.
pub fn functions_return_and_receive_values<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "echo", |cx, args| Ok(J::arg(cx, args, 0)));
        assert!(holds::<J>(
            cx,
            "[undefined, null, true, 0, -0, 1.5, NaN, 's', 1n, 2n ** 99n, Symbol(), {}, echo].every(\
                x => Object.is(echo(x), x))"
        ));
        let function = eval::<J>(cx, "(function (a, b) { return [this, a, b, arguments.length]; })");
        let this = eval::<J>(cx, "globalThis.o = {}; o");
        let text = ok::<J, _>(cx, |cx| J::string(cx, "text"));
        let result = ok::<J, _>(cx, |cx| {
            J::call(cx, &function, &this, &[text, J::number_i32(2)])
        });
        define::<J>(cx, "result", result);
        assert!(holds::<J>(
            cx,
            "result[0] === o && result[1] === 'text' && result[2] === 2 && result[3] === 2"
        ));
        let object = eval::<J>(cx, "new (class { constructor(x) { this.x = x; } })(6)");
        let class = eval::<J>(cx, "(class { constructor(x) { this.x = x; } })");
        let made = ok::<J, _>(cx, |cx| J::construct(cx, &class, &[J::number(6.0)], &class));
        for object in [object, made] {
            let x = ok::<J, _>(cx, |cx| J::get(cx, &object, PropertyKey::Name("x")));
            assert_eq!(J::as_number(&x), Some(6.0));
        }
    });
}

/// Numbers arrive as what they are, however many there are, and what comes back is one argument.
pub fn functions_are_called_with_numbers<J: JsHost>() {
    const NUMBERS: [Number; 10] = [
        Number::I32(-1),
        Number::I32(i32::MIN),
        Number::I64(-1),
        Number::I64(i64::MIN),
        Number::I64(1 << 40),
        Number::I64(i32::MAX as i64 + 1),
        Number::F64(-0.0),
        Number::F64(0.5),
        Number::F64(1e300),
        Number::F64(f64::NAN),
    ];
    const EXPECTED: &str =
        "[-1, -2147483648, -1n, -(2n ** 63n), 2n ** 40n, 2n ** 31n, -0, 0.5, 1e300, NaN]";
    Fixture::<J>::new().enter(|cx| {
        let keep = eval::<J>(
            cx,
            "(function (...all) { globalThis.all = all; globalThis.self = this; return all; })",
        );
        for count in 0..=NUMBERS.len() {
            let numbers = NUMBERS[..count].iter().copied();
            let returned = ok::<J, _>(cx, |cx| {
                J::call_with_numbers(cx, &keep, numbers, |cx, ret| {
                    assert_eq!(J::args_len(ret), 1);
                    Ok(J::arg(cx, ret, 0))
                })
            });
            define::<J>(cx, "returned", returned);
            let same = format!(
                "returned === all && all.length === {count} && [undefined, globalThis].includes(self) \
                 && all.every((x, i) => Object.is(x, {EXPECTED}[i]))"
            );
            assert!(holds::<J>(cx, &same), "{count}");
        }
        let add = eval::<J>(cx, "(a, b) => a + b");
        let sum = |cx: &mut J::Scope<'_>, a, b| {
            ok::<J, _>(cx, |cx| {
                J::call_with_numbers(cx, &add, [a, b].into_iter(), |_, ret| {
                    Ok((J::arg_i32(ret, 0), J::arg_f64(ret, 0), J::arg_i64(ret, 0)))
                })
            })
        };
        let (a, b) = (Number::F64(1.5), Number::I32(2));
        assert_eq!(sum(cx, a, b).1, Some(3.5));
        let long = sum(cx, Number::I64(1 << 60), Number::I64(1)).2;
        assert!(long.is_none_or(|long| long == (1 << 60) + 1));
        // What is thrown is thrown on, by the function and by what follows it.
        let a = Number::I64(i64::MAX);
        let mixed = J::call_with_numbers(cx, &add, [a, b].into_iter(), |_, _| Ok(()));
        assert!(matches!(mixed, Err(Throw::Value(_))));
        let thrown: Completion<J, ()> =
            J::call_with_numbers(cx, &add, [a, a].into_iter(), |cx, ret| {
                Err(Throw::Value(J::arg(cx, ret, 0)))
            });
        match thrown {
            Err(Throw::Value(value)) => assert_eq!(J::type_of(&value), ValueType::BigInt),
            _ => panic!("nothing was thrown"),
        }
    });
}

/// `function_data` answers for the body it is asked for.
pub fn function_data_only_for_the_same_body<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        let drops = Rc::default();
        let function = counted::<J>(cx, &drops);
        let data = J::function_data::<Counted>(cx, &function).expect("its data");
        assert!(Rc::ptr_eq(&data.0.0, &drops));
        assert!(J::function_data::<Constructor>(cx, &function).is_none());
        assert!(J::function_data::<Closure>(cx, &function).is_none());
        define::<J>(cx, "f", function);
        for source in [
            "({})",
            "1",
            "(() => 1)",
            "f.bind()",
            "new Proxy(f, {})",
            "Object.create(f)",
        ] {
            let value = eval::<J>(cx, source);
            assert!(
                J::function_data::<Counted>(cx, &value).is_none(),
                "{source}"
            );
        }
    });
}

/// The data of a function that died is dropped at the latest by a collection.
pub fn function_data_is_dropped_by_collection<J: JsHost>() {
    let drops = Rc::new(Cell::new(0));
    let mut fixture = Fixture::<J>::new();
    fixture.enter(|cx| {
        let kept = counted::<J>(cx, &drops);
        for _ in 0..10 {
            let function = counted::<J>(cx, &drops);
            define::<J>(cx, "f", function);
            eval::<J>(cx, "f.cycle = { f }; f = null;");
        }
        J::collect_garbage(cx);
        J::collect_garbage(cx);
        assert_eq!(drops.get(), 10);
        let result = ok::<J, _>(cx, |cx| J::call(cx, &kept, &J::undefined(), &[]));
        assert_eq!(J::as_number(&result), Some(10.0));
    });
}

/// What lives is dropped with the engine, also when a handle outlives it.
pub fn function_data_is_dropped_with_the_engine<J: JsHost>() {
    let drops = Rc::new(Cell::new(0));
    let mut fixture = Fixture::<J>::new();
    fixture.enter(|cx| {
        let function = counted::<J>(cx, &drops);
        define::<J>(cx, "f", function);
        eval::<J>(cx, "f.cycle = { f };");
    });
    assert_eq!(drops.get(), 0);
    drop(fixture);
    assert_eq!(drops.get(), 1);
}

/// A thrown value passes native frames, and comes out the same.
pub fn throws_keep_their_identity<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "pass", |cx, args| {
            let function = J::arg(cx, args, 0);
            J::call(cx, &function, &J::undefined(), &[])
        });
        define_function::<J>(cx, "raise", |cx, args| {
            Err(Throw::Value(J::arg(cx, args, 0)))
        });
        define_function::<J>(cx, "fail", |cx, _| Err(type_error::<J>(cx, "failed")));
        assert!(holds::<J>(
            cx,
            "[undefined, null, false, 0, 's', 1n, Symbol(), {}, Object.freeze({}), \
                new Error('e'), new Proxy({}, {}), () => 1].every(value => { \
                try { pass(() => pass(() => raise(value))); return false; } \
                catch (error) { return error === value; } })"
        ));
        assert!(holds::<J>(
            cx,
            "try { pass(fail); false } catch (error) { \
                error.constructor === TypeError && error.message === 'failed' }"
        ));
        let function = eval::<J>(cx, "globalThis.reason = {}; (() => { throw reason; })");
        let error = thrown::<J, _>(J::call(cx, &function, &J::undefined(), &[]));
        let reason = eval::<J>(cx, "reason");
        assert!(J::same_value(cx, &error, &reason));
        // Nothing is left pending.
        assert!(holds::<J>(cx, "true"));
        let error = thrown::<J, _>(J::eval_script(cx, "test:///script", "throw 'text'"));
        assert_eq!(J::as_text(cx, &error).as_deref(), Some("text"));
    });
}

/// Native and JavaScript frames nest.
pub fn nested_calls_come_back<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "step", |cx, args| {
            let depth = J::arg_i32(args, 0).unwrap_or(0);
            if depth == 0 {
                return Ok(J::number_i32(0));
            }
            let function = J::arg(cx, args, 1);
            let value = J::call(cx, &function, &J::undefined(), &[J::number_i32(depth - 1)])?;
            let sum = J::as_number(&value).unwrap_or(f64::NAN) + 1.0;
            Ok(J::number(sum))
        });
        assert!(holds::<J>(
            cx,
            "again = n => step(n, again), again(20) === 20"
        ));
    });
}

/// Which functions have ECMAScript code.
pub fn functions_have_code_or_not<J: JsHost>() {
    Fixture::<J>::new().enter(|cx| {
        define_function::<J>(cx, "native", |_, _| Ok(J::undefined()));
        for (source, expected) in [
            ("(function () {})", true),
            ("(() => 1)", true),
            ("(class {})", true),
            ("(class extends Array {})", true),
            ("(function* () {})", true),
            ("(async () => 1)", true),
            ("(async function* () {})", true),
            ("({ m() {} }).m", true),
            (
                "Object.getOwnPropertyDescriptor({ get a() {} }, 'a').get",
                true,
            ),
            ("new Function('return 1')", true),
            ("Map", false),
            ("Symbol", false),
            ("Object.getPrototypeOf(Uint8Array)", false),
            ("Math.max", false),
            ("Function.prototype", false),
            ("(function () {}).bind()", false),
            ("(class {}).bind()", false),
            ("new Proxy(class {}, {})", false),
            ("native", false),
            ("({})", false),
        ] {
            let value = eval::<J>(cx, source);
            let found = J::is_ecmascript_function(cx, &value);
            assert_eq!(found, expected, "{source}");
        }
    });
}

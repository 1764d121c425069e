//! JavaScript classes as tables.
//!
//! A class is a [`ClassSpec`]: names, lengths and plain functions. [`define_class`] turns it into a
//! constructor and a prototype with the shapes that
//! [WebIDL](https://webidl.spec.whatwg.org/#js-interfaces) prescribes. Objects of the class are
//! host objects whose [`HostData::class`] is the brand.

use std::rc::Rc;

use crate::{
    Completion, ErrorClass, FunctionSpec, HostData, Intrinsic, JsHost, NativeFn, Property,
    PropertyKey, PropertyKind, Throw, WellKnownSymbol,
};

/// The body of a method, getter, setter or constructor: scope, the state the class was defined
/// with, arguments.
pub type Body<J, S> = for<'s, 'a, 'b, 'c> fn(
    &'a mut <J as JsHost>::Scope<'s>,
    &'b Rc<S>,
    <J as JsHost>::Args<'c>,
) -> Completion<J>;

/// A class.
pub struct ClassSpec<J: JsHost, S: 'static> {
    /// The name of its interface object.
    pub name: &'static str,
    /// What it is called where a value is not one of its objects, as in `WebAssembly.Memory`.
    pub display: &'static str,
    /// The brand of its objects.
    pub id: u32,
    /// The constructor's `length`.
    pub length: u32,
    /// The constructor. It is only called for constructions.
    pub constructor: Body<J, S>,
    /// Operations on the prototype.
    pub methods: &'static [Method<J, S>],
    /// Operations on the interface object.
    pub statics: &'static [Method<J, S>],
    /// Attributes on the prototype.
    pub accessors: &'static [Accessor<J, S>],
    /// Constants, on the interface object and on the prototype.
    pub constants: &'static [(&'static str, i32)],
    /// What else there is to define, such as iterators.
    pub more: Option<Define<J, S>>,
    /// The interface that it inherits from.
    pub parent: Option<&'static ClassSpec<J, S>>,
}

/// A step of the definition of a class.
pub type Define<J, S> = for<'s, 'a, 'b, 'c> fn(
    &'a mut <J as JsHost>::Scope<'s>,
    &'b Rc<S>,
    &'c Class<J>,
) -> Completion<J, ()>;

impl<J: JsHost, S: 'static> ClassSpec<J, S> {
    /// A class without a name, without members, which cannot be constructed. The brand is for
    /// objects that carry [`HostData`]: objects with a state are told by its type.
    pub const BASE: Self = Self {
        name: "",
        display: "",
        id: 0,
        length: 0,
        constructor: illegal_constructor,
        methods: &[],
        statics: &[],
        accessors: &[],
        constants: &[],
        more: None,
        parent: None,
    };
}

/// The constructor of an interface that has none.
fn illegal_constructor<J: JsHost, S>(
    cx: &mut J::Scope<'_>,
    _: &Rc<S>,
    _: J::Args<'_>,
) -> Completion<J> {
    Err(type_error::<J>(cx, "Illegal constructor"))
}

/// An [operation](https://webidl.spec.whatwg.org/#js-operations).
pub struct Method<J: JsHost, S: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its `length`.
    pub length: u32,
    /// Its body.
    pub body: Body<J, S>,
}

/// An [attribute](https://webidl.spec.whatwg.org/#js-attributes).
pub struct Accessor<J: JsHost, S: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its getter.
    pub get: Body<J, S>,
    /// Its setter, unless it is read-only.
    pub set: Option<Body<J, S>>,
}

/// A class in a realm.
pub struct Class<J: JsHost> {
    /// The interface object.
    pub constructor: J::Value,
    /// The interface prototype object.
    pub prototype: J::Value,
}

impl<J: JsHost> Clone for Class<J> {
    fn clone(&self) -> Self {
        Self {
            constructor: self.constructor.clone(),
            prototype: self.prototype.clone(),
        }
    }
}

/// The functions of class tables: each owns the state and the body it runs.
struct TableFn<J, S>(std::marker::PhantomData<(J, S)>);

struct TableFnData<J: JsHost, S: 'static> {
    state: Rc<S>,
    body: Body<J, S>,
    /// Of a constructor, the class's name: it refuses to be called.
    construct_only: Option<&'static str>,
}

impl<J: JsHost, S: 'static> NativeFn<J> for TableFn<J, S> {
    type Data = TableFnData<J, S>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        if let Some(name) = data.construct_only
            && J::new_target(cx, args).is_none()
        {
            let message = format!("{name} must be called with 'new'");
            return Err(throw::<J>(cx, ErrorClass::TypeError, &message));
        }
        (data.body)(cx, &data.state, args)
    }
}

/// A function with this state and body.
pub fn create_function<J: JsHost, S: 'static>(
    cx: &mut J::Scope<'_>,
    state: &Rc<S>,
    name: &str,
    length: u32,
    body: Body<J, S>,
) -> Completion<J> {
    let data = TableFnData {
        state: state.clone(),
        body,
        construct_only: None,
    };
    let spec = FunctionSpec {
        name,
        length,
        constructor: false,
    };
    J::create_function::<TableFn<J, S>>(cx, data, spec)
}

/// [Creates the interface object](https://webidl.spec.whatwg.org/#create-an-interface-object) of
/// `spec`; its prototype inherits from `parent`, an object. The interface object of an
/// [inherited interface](ClassSpec::parent) is the caller's to set.
pub fn define_class<J: JsHost, S: 'static>(
    cx: &mut J::Scope<'_>,
    state: &Rc<S>,
    spec: &ClassSpec<J, S>,
    parent: &J::Value,
) -> Completion<J, Class<J>> {
    let constructor = J::create_function::<TableFn<J, S>>(
        cx,
        TableFnData {
            state: state.clone(),
            body: spec.constructor,
            construct_only: Some(spec.display),
        },
        FunctionSpec {
            name: spec.name,
            length: spec.length,
            constructor: true,
        },
    )?;
    let prototype = J::create_object(cx, parent)?;
    let tag = J::string(cx, spec.display)?;
    let to_string_tag = PropertyKey::Symbol(WellKnownSymbol::ToStringTag);
    J::define_property(cx, &prototype, to_string_tag, Property::readonly(tag))?;
    link_prototype::<J>(cx, &constructor, &prototype)?;
    define_methods(cx, state, &constructor, spec.statics)?;
    define_methods(cx, state, &prototype, spec.methods)?;
    for accessor in spec.accessors {
        define_accessor(cx, state, &prototype, accessor)?;
    }
    for target in [&constructor, &prototype] {
        define_constants::<J>(cx, target, spec.constants)?;
    }
    let class = Class {
        constructor,
        prototype,
    };
    if let Some(more) = spec.more {
        more(cx, state, &class)?;
    }
    Ok(class)
}

/// Defines [constants](https://webidl.spec.whatwg.org/#define-the-constants).
fn define_constants<J: JsHost>(
    cx: &mut J::Scope<'_>,
    target: &J::Value,
    constants: &[(&str, i32)],
) -> Completion<J, ()> {
    for &(name, value) in constants {
        let property = Property {
            kind: PropertyKind::Data {
                value: J::number_i32(value),
                writable: false,
            },
            enumerable: true,
            configurable: false,
        };
        J::define_property(cx, target, name.into(), property)?;
    }
    Ok(())
}

/// Makes `prototype` the fixed `prototype` of a constructor, and that its `constructor`, as classes
/// of ECMA-262 and interfaces of WebIDL have them.
pub fn link_prototype<J: JsHost>(
    cx: &mut J::Scope<'_>,
    constructor: &J::Value,
    prototype: &J::Value,
) -> Completion<J, ()> {
    let back = Property::hidden(constructor.clone());
    J::define_property(cx, prototype, "constructor".into(), back)?;
    let fixed = Property {
        kind: PropertyKind::Data {
            value: prototype.clone(),
            writable: false,
        },
        enumerable: false,
        configurable: false,
    };
    J::define_property(cx, constructor, "prototype".into(), fixed)
}

/// Defines `methods` on `target`, as
/// [WebIDL](https://webidl.spec.whatwg.org/#define-the-operations) has it: writable, enumerable and
/// configurable.
pub fn define_methods<J: JsHost, S: 'static>(
    cx: &mut J::Scope<'_>,
    state: &Rc<S>,
    target: &J::Value,
    methods: &[Method<J, S>],
) -> Completion<J, ()> {
    for method in methods {
        let function = create_function::<J, S>(cx, state, method.name, method.length, method.body)?;
        J::define_property(cx, target, method.name.into(), Property::data(function))?;
    }
    Ok(())
}

/// Defines an attribute on `target`, as
/// [WebIDL](https://webidl.spec.whatwg.org/#define-the-attributes) has it: enumerable and
/// configurable.
pub fn define_accessor<J: JsHost, S: 'static>(
    cx: &mut J::Scope<'_>,
    state: &Rc<S>,
    target: &J::Value,
    accessor: &Accessor<J, S>,
) -> Completion<J, ()> {
    let name = format!("get {}", accessor.name);
    let get = create_function::<J, S>(cx, state, &name, 0, accessor.get)?;
    let set = match accessor.set {
        Some(body) => {
            let name = format!("set {}", accessor.name);
            Some(create_function::<J, S>(cx, state, &name, 1, body)?)
        }
        None => None,
    };
    let property = Property {
        kind: PropertyKind::Accessor {
            get: Some(get),
            set,
        },
        enumerable: true,
        configurable: true,
    };
    J::define_property(cx, target, accessor.name.into(), property)
}

/// The slot of `value` if it is an object of the class, a TypeError otherwise.
pub fn brand<J: JsHost, S: 'static>(
    cx: &mut J::Scope<'_>,
    value: &J::Value,
    spec: &ClassSpec<J, S>,
) -> Completion<J, u32> {
    match J::host_data(cx, value) {
        Some(HostData { class, slot }) if class == spec.id => Ok(slot),
        _ => {
            let message = format!("receiver is not a {}", spec.display);
            Err(throw::<J>(cx, ErrorClass::TypeError, &message))
        }
    }
}

/// [GetPrototypeFromConstructor](https://tc39.es/ecma262/#sec-getprototypefromconstructor) of the
/// running construction, in the one realm there is. Runs user code.
pub fn prototype_of_new_target<J: JsHost>(
    cx: &mut J::Scope<'_>,
    args: J::Args<'_>,
    class: &Class<J>,
) -> Completion<J> {
    let Some(new_target) = J::new_target(cx, args) else {
        return Ok(class.prototype.clone());
    };
    let proto = J::get(cx, &new_target, "prototype".into())?;
    Ok(match J::type_of(&proto) {
        crate::ValueType::Object | crate::ValueType::Function => proto,
        _ => class.prototype.clone(),
    })
}

/// A throw completion with a new error.
#[cold]
pub fn throw<J: JsHost>(
    cx: &mut J::Scope<'_>,
    class: ErrorClass,
    message: &str,
) -> Throw<J::Value> {
    Throw::Value(J::create_error(cx, class, None, message))
}

/// A throw completion with a new TypeError.
#[cold]
pub fn type_error<J: JsHost>(cx: &mut J::Scope<'_>, message: &str) -> Throw<J::Value> {
    throw::<J>(cx, ErrorClass::TypeError, message)
}

/// An ordinary object whose prototype is `%Object.prototype%`.
pub fn plain_object<J: JsHost>(cx: &mut J::Scope<'_>) -> Completion<J> {
    let proto = J::intrinsic(cx, Intrinsic::ObjectPrototype);
    J::create_object(cx, &proto)
}

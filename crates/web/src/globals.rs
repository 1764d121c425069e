//! Global properties. Interfaces are made when they are first touched.
//!
//! An engine has no place for a data property whose value is made later, so until then it is an
//! accessor, as in Node. It becomes what WebIDL wants in a job after it was touched, not at once: Boa
//! caches for the access that is under way where it found the property, not what it is after it.

use std::rc::Rc;

use sinew_bridge::class::{Accessor, Body, ClassSpec, create_function, define_accessor};
use sinew_bridge::{Completion, FunctionSpec, JsHost, NativeFn, Property, PropertyKind};

use crate::{Apis, Web};

/// A property of the global object.
pub(crate) struct Global<J: JsHost> {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: GlobalKind<J>,
}

/// Makes the value of a global property.
type Make<J> =
    for<'s, 'a, 'b> fn(&'a mut <J as JsHost>::Scope<'s>, &'b Rc<Web<J>>) -> Completion<J>;

pub(crate) enum GlobalKind<J: JsHost> {
    /// An [interface](https://webidl.spec.whatwg.org/#interface-object).
    Interface(&'static ClassSpec<J, Web<J>>),
    /// A [namespace](https://webidl.spec.whatwg.org/#namespace-object), made at once: there is one,
    /// and everybody touches it.
    Namespace(Make<J>),
    /// An attribute of the global scope. As in Node it is replaceable, whatever its standard says.
    Attribute(Make<J>),
    /// An attribute of the global scope, by its getter and setter.
    Accessor(Body<J, Web<J>>, Body<J, Web<J>>),
    /// An operation of the global scope, by its `length`.
    Operation(u32, Body<J, Web<J>>),
}

impl<J: JsHost> Global<J> {
    pub(crate) const fn interface(spec: &'static ClassSpec<J, Web<J>>) -> Self {
        Self {
            name: spec.name,
            kind: GlobalKind::Interface(spec),
        }
    }

    pub(crate) const fn namespace(name: &'static str, make: Make<J>) -> Self {
        Self {
            name,
            kind: GlobalKind::Namespace(make),
        }
    }

    pub(crate) const fn attribute(name: &'static str, make: Make<J>) -> Self {
        Self {
            name,
            kind: GlobalKind::Attribute(make),
        }
    }

    pub(crate) const fn accessor(
        name: &'static str,
        get: Body<J, Web<J>>,
        set: Body<J, Web<J>>,
    ) -> Self {
        Self {
            name,
            kind: GlobalKind::Accessor(get, set),
        }
    }

    pub(crate) const fn operation(name: &'static str, length: u32, body: Body<J, Web<J>>) -> Self {
        Self {
            name,
            kind: GlobalKind::Operation(length, body),
        }
    }

    /// Whether the property is enumerable.
    fn enumerable(&self) -> bool {
        matches!(
            self.kind,
            GlobalKind::Attribute(_) | GlobalKind::Accessor(..) | GlobalKind::Operation(..)
        )
    }

    fn define(
        &'static self,
        cx: &mut J::Scope<'_>,
        web: &Rc<Web<J>>,
        global: &J::Value,
    ) -> Completion<J, ()> {
        if let GlobalKind::Accessor(get, set) = self.kind {
            let accessor = Accessor {
                name: self.name,
                get,
                set: Some(set),
            };
            return define_accessor(cx, web, global, &accessor);
        }
        let kind = match self.kind {
            GlobalKind::Operation(length, body) => PropertyKind::Data {
                value: create_function(cx, web, self.name, length, body)?,
                writable: true,
            },
            GlobalKind::Namespace(make) => PropertyKind::Data {
                value: make(cx, web)?,
                writable: true,
            },
            _ => {
                let accessor = accessor::<J>(cx, web, self)?;
                PropertyKind::Accessor {
                    get: Some(accessor.clone()),
                    set: Some(accessor),
                }
            }
        };
        let property = Property {
            kind,
            enumerable: self.enumerable(),
            configurable: true,
        };
        J::define_property(cx, global, self.name.into(), property)
    }

    /// The value, which is made when there is none yet.
    fn value(&'static self, cx: &mut J::Scope<'_>, web: &Rc<Web<J>>) -> Completion<J> {
        web.object(cx, self.name, |cx, web| match self.kind {
            GlobalKind::Interface(spec) => Ok(web.class(cx, spec)?.constructor),
            GlobalKind::Attribute(make) => make(cx, web),
            _ => Ok(J::undefined()),
        })
    }

    /// Makes the property one that holds `value`, unless somebody else defined it meanwhile.
    fn settle(&self, cx: &mut J::Scope<'_>, value: J::Value) -> Completion<J, ()> {
        let global = J::global(cx);
        let Some(Property {
            kind: PropertyKind::Accessor { get: Some(get), .. },
            enumerable,
            ..
        }) = J::get_own_property(cx, &global, self.name.into())?
        else {
            return Ok(());
        };
        if J::function_data::<GetOrSet>(cx, &get).is_none() {
            return Ok(());
        }
        let property = Property {
            enumerable,
            ..Property::data(value)
        };
        J::define_property(cx, &global, self.name.into(), property)
    }
}

impl<J: JsHost> Web<J> {
    /// Defines what was chosen on the global object. To be called once, before any user code runs.
    pub(crate) fn define_globals(
        self: &Rc<Self>,
        cx: &mut J::Scope<'_>,
        apis: Apis,
    ) -> Completion<J, ()> {
        let target = J::global(cx);
        for (api, globals) in Self::APIS {
            if apis.contains(*api) {
                for global in *globals {
                    global.define(cx, self, &target)?;
                }
            }
        }
        Ok(())
    }
}

/// The getter of a property that is not settled, which is its setter, too: a start of the engine makes
/// one function for each, and most are never called.
fn accessor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    global: &'static Global<J>,
) -> Completion<J> {
    let data = AccessorData {
        web: web.clone(),
        global,
    };
    let spec = FunctionSpec {
        name: global.name,
        length: 0,
        constructor: false,
    };
    J::create_function::<GetOrSet>(cx, data, spec)
}

struct AccessorData<J: JsHost> {
    web: Rc<Web<J>>,
    global: &'static Global<J>,
}

impl<J: JsHost> Clone for AccessorData<J> {
    fn clone(&self) -> Self {
        Self {
            web: self.web.clone(),
            global: self.global,
        }
    }
}

impl<J: JsHost> AccessorData<J> {
    /// Has the property settled as soon as no access is under way.
    fn settle_later(&self, cx: &mut J::Scope<'_>) -> Completion<J, ()> {
        let spec = FunctionSpec {
            name: "",
            length: 0,
            constructor: false,
        };
        let job = J::create_function::<Settle>(cx, self.clone(), spec)?;
        J::enqueue_job(cx, &job)
    }
}

/// A getter is called without arguments, a setter with one.
struct GetOrSet;

impl<J: JsHost> NativeFn<J> for GetOrSet {
    type Data = AccessorData<J>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, args: J::Args<'_>) -> Completion<J> {
        if J::args_len(args) > 0 {
            let value = J::arg(cx, args, 0);
            data.web.replace(cx, data.global.name, value)?;
            data.settle_later(cx)?;
            return Ok(J::undefined());
        }
        let first = !data.web.is_made(cx, data.global.name)?;
        let value = data.global.value(cx, &data.web)?;
        if first && matches!(data.global.kind, GlobalKind::Interface(_)) {
            data.settle_later(cx)?;
        }
        Ok(value)
    }
}

struct Settle;

impl<J: JsHost> NativeFn<J> for Settle {
    type Data = AccessorData<J>;

    fn call(cx: &mut J::Scope<'_>, data: &Self::Data, _: J::Args<'_>) -> Completion<J> {
        let value = data.global.value(cx, &data.web)?;
        data.global.settle(cx, value)?;
        Ok(J::undefined())
    }
}

/// An attribute that cannot be set.
pub(crate) const fn readonly<J: JsHost>(
    name: &'static str,
    get: Body<J, Web<J>>,
) -> Accessor<J, Web<J>> {
    Accessor {
        name,
        get,
        set: None,
    }
}

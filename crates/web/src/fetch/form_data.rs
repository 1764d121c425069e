//! [`FormData`](https://xhr.spec.whatwg.org/#interface-formdata)

use std::cell::RefCell;
use std::rc::Rc;

use sinew_bridge::class::{ClassSpec, type_error};
use sinew_bridge::{Completion, Edge, JsHost, trace};

use crate::blob::{Blob, FileFacts};
use crate::fetch::headers::method;
use crate::iterable::{self, Iterable};
use crate::{Web, webidl};

/// A FormData object.
pub(crate) struct FormData<J: JsHost> {
    entries: RefCell<Vec<Entry<J>>>,
}

trace!(struct FormData { entries });

/// An [entry](https://xhr.spec.whatwg.org/#formdata-entry).
pub(crate) struct Entry<J: JsHost> {
    pub(crate) name: String,
    pub(crate) value: EntryValue<J>,
}

trace!(struct Entry { value });

/// The value of an entry.
pub(crate) enum EntryValue<J: JsHost> {
    Text(String),
    /// A File object.
    File(Edge<J>),
}

trace!(
    enum EntryValue {
        File(file),
    }
);

impl<J: JsHost> Entry<J> {
    fn duplicate(&self) -> Self {
        let value = match &self.value {
            EntryValue::Text(text) => EntryValue::Text(text.clone()),
            EntryValue::File(file) => EntryValue::File(Edge::new(file.get())),
        };
        Self {
            name: self.name.clone(),
            value,
        }
    }
}

impl<J: JsHost> FormData<J> {
    pub(crate) fn new(entries: Vec<Entry<J>>) -> Self {
        Self {
            entries: RefCell::new(entries),
        }
    }

    /// The entries as they are now.
    pub(crate) fn snapshot(&self) -> Vec<Entry<J>> {
        self.entries.borrow().iter().map(Entry::duplicate).collect()
    }

    /// The entry at an index.
    fn at(&self, index: usize) -> Option<Entry<J>> {
        self.entries.borrow().get(index).map(Entry::duplicate)
    }
}

impl<J: JsHost> Web<J> {
    pub(crate) const FORM_DATA: ClassSpec<J, Self> = ClassSpec {
        name: "FormData",
        display: "FormData",
        constructor,
        methods: &[
            method("append", 2, append),
            method("delete", 1, delete),
            method("get", 1, get),
            method("getAll", 1, get_all),
            method("has", 1, has),
            method("set", 2, set),
        ],
        more: Some(iterable::define::<J, FormDataPairs>),
        ..ClassSpec::BASE
    };
}

/// The iteration of FormData objects.
struct FormDataPairs;

impl<J: JsHost> Iterable<J> for FormDataPairs {
    const NAME: &'static str = "FormData";

    fn pair(
        cx: &mut J::Scope<'_>,
        _: &Rc<Web<J>>,
        target: &J::Value,
        index: usize,
    ) -> Completion<J, Option<(J::Value, J::Value)>> {
        let Some(form) = J::state::<FormData<J>>(cx, target) else {
            return Err(type_error::<J>(cx, "receiver is not a FormData"));
        };
        let Some(entry) = form.at(index) else {
            return Ok(None);
        };
        let name = J::string(cx, &entry.name)?;
        Ok(Some((name, entry_value::<J>(cx, &entry)?)))
    }
}

fn entry_value<J: JsHost>(cx: &mut J::Scope<'_>, entry: &Entry<J>) -> Completion<J> {
    match &entry.value {
        EntryValue::Text(text) => J::string(cx, text),
        EntryValue::File(file) => Ok(file.get()),
    }
}

/// [`new FormData(form, submitter)`](https://xhr.spec.whatwg.org/#dom-formdata)
fn constructor<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
) -> Completion<J> {
    let form = J::arg(cx, args, 0);
    if !webidl::is_missing::<J>(&form) {
        let message = "the argument of FormData is no HTML form: there are none here";
        return Err(type_error::<J>(cx, message));
    }
    web.construct(cx, args, &Web::FORM_DATA, FormData::new(Vec::new()))
}

/// The `this` of a member of FormData, and its argument `name`.
fn named<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, (Rc<FormData<J>>, String)> {
    let this = web.this::<FormData<J>>(cx, args, &Web::FORM_DATA)?;
    webidl::required::<J>(cx, args, 1, what)?;
    let name = J::arg(cx, args, 0);
    Ok((this, webidl::usv_string::<J>(cx, &name)?))
}

/// The `this` of `append` or `set`, and the entry that their arguments make.
fn new_entry<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    args: J::Args<'_>,
    what: &str,
) -> Completion<J, (Rc<FormData<J>>, Entry<J>)> {
    let this = web.this::<FormData<J>>(cx, args, &Web::FORM_DATA)?;
    webidl::required::<J>(cx, args, 2, what)?;
    let name = J::arg(cx, args, 0);
    let value = J::arg(cx, args, 1);
    let blob = J::state::<Blob<J>>(cx, &value);
    if blob.is_none() && J::args_len(args) > 2 {
        let message = format!("{what}: a value with a filename must be a Blob");
        return Err(type_error::<J>(cx, &message));
    }
    let name = webidl::usv_string::<J>(cx, &name)?;
    let Some(blob) = blob else {
        let value = EntryValue::Text(webidl::usv_string::<J>(cx, &value)?);
        return Ok((this, Entry { name, value }));
    };
    let filename = J::arg(cx, args, 2);
    let filename = match webidl::is_missing::<J>(&filename) {
        true => None,
        false => Some(webidl::usv_string::<J>(cx, &filename)?),
    };
    let value = match (&blob.file, filename) {
        (Some(_), None) => value,
        (file, filename) => create_file(cx, web, &blob, file.as_ref(), filename)?,
    };
    let value = EntryValue::File(Edge::new(value));
    Ok((this, Entry { name, value }))
}

/// [Creates an entry](https://xhr.spec.whatwg.org/#create-an-entry): a File for a blob.
fn create_file<J: JsHost>(
    cx: &mut J::Scope<'_>,
    web: &Rc<Web<J>>,
    blob: &Blob<J>,
    file: Option<&FileFacts>,
    filename: Option<String>,
) -> Completion<J> {
    let mut facts = FileFacts::now(filename.unwrap_or_else(|| "blob".to_owned()));
    if let Some(file) = file {
        facts.last_modified = file.last_modified;
    }
    let state = Blob::new(blob.bytes.clone(), blob.media_type.clone(), Some(facts));
    web.create(cx, &Web::FILE, state)
}

/// [`append(name, value, filename)`](https://xhr.spec.whatwg.org/#dom-formdata-append)
fn append<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, entry) = new_entry(cx, web, args, "FormData.append")?;
    this.entries.borrow_mut().push(entry);
    Ok(J::undefined())
}

/// [`delete(name)`](https://xhr.spec.whatwg.org/#dom-formdata-delete)
fn delete<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, name) = named(cx, web, args, "FormData.delete")?;
    let mut entries = this.entries.borrow_mut();
    let old = std::mem::take(&mut *entries);
    let (gone, kept) = old.into_iter().partition(|entry| entry.name == name);
    *entries = kept;
    drop(entries);
    // Dropped last: what dies may ask for the entries.
    drop::<Vec<_>>(gone);
    Ok(J::undefined())
}

/// The entries of this name.
fn found<J: JsHost>(form: &FormData<J>, name: &str) -> Vec<Entry<J>> {
    let entries = form.entries.borrow();
    let found = entries.iter().filter(|entry| entry.name == name);
    found.map(Entry::duplicate).collect()
}

/// [`get(name)`](https://xhr.spec.whatwg.org/#dom-formdata-get)
fn get<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, name) = named(cx, web, args, "FormData.get")?;
    match found(&this, &name).first() {
        Some(entry) => entry_value::<J>(cx, entry),
        None => Ok(J::null()),
    }
}

/// [`getAll(name)`](https://xhr.spec.whatwg.org/#dom-formdata-getall)
fn get_all<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, name) = named(cx, web, args, "FormData.getAll")?;
    let mut values = Vec::new();
    for entry in found(&this, &name) {
        values.push(entry_value::<J>(cx, &entry)?);
    }
    J::create_array(cx, &values)
}

/// [`has(name)`](https://xhr.spec.whatwg.org/#dom-formdata-has)
fn has<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, name) = named(cx, web, args, "FormData.has")?;
    Ok(J::boolean(!found(&this, &name).is_empty()))
}

/// [`set(name, value, filename)`](https://xhr.spec.whatwg.org/#dom-formdata-set)
fn set<J: JsHost>(cx: &mut J::Scope<'_>, web: &Rc<Web<J>>, args: J::Args<'_>) -> Completion<J> {
    let (this, entry) = new_entry(cx, web, args, "FormData.set")?;
    let mut entries = this.entries.borrow_mut();
    let old = std::mem::take(&mut *entries);
    let first = old.iter().position(|own| own.name == entry.name);
    let (gone, mut kept): (Vec<_>, Vec<_>) =
        old.into_iter().partition(|own| own.name == entry.name);
    // Before the first of them there is none that goes.
    let at = first.unwrap_or(kept.len());
    kept.insert(at, entry);
    *entries = kept;
    drop(entries);
    drop(gone);
    Ok(J::undefined())
}

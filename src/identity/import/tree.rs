//! Entries of JSON and YAML lists, one after the other, each held to a number of values.
//!
//! A list may be the whole document, or stand under the name that SCIM, Microsoft Graph and Google
//! give it in the object around it. YAML's aliases can repeat a value without end; a document
//! without them never has more values than bytes, which is the bound for all of it.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::super::Error;

/// Values in one entry.
const MOST_VALUES: u64 = 10_000;
/// Names under which lists of people stand: SCIM, Microsoft Graph, Google Workspace.
const LISTS: [&str; 3] = ["Resources", "value", "users"];

/// What may still be read.
#[derive(Debug)]
pub(super) struct Budget {
    entry: Cell<u64>,
    all: Cell<u64>,
    fault: Cell<Option<&'static str>>,
}

impl Budget {
    /// `all` values and bytes of texts in the document.
    pub(super) fn new(all: u64) -> Budget {
        Budget { entry: Cell::new(MOST_VALUES), all: Cell::new(all), fault: Cell::new(None) }
    }

    /// Which bound was hit.
    pub(super) fn fault(&self) -> Option<&'static str> {
        self.fault.get()
    }

    fn next_entry(&self) {
        self.entry.set(MOST_VALUES);
    }

    fn take<E: de::Error>(&self, values: u64, bytes: usize) -> Result<(), E> {
        let refuse = |why| {
            self.fault.set(Some(why));
            E::custom("bound")
        };
        let entry = self.entry.get().checked_sub(values);
        self.entry.set(entry.ok_or_else(|| refuse("one entry has more than 10,000 values"))?);
        let all = self.all.get().checked_sub(values.saturating_add(bytes as u64));
        self.all.set(all.ok_or_else(|| refuse("aliases repeat too much; write the file without"))?);
        Ok(())
    }
}

/// Takes the entries of a document and what stands around its list.
pub(super) trait Entries {
    /// One entry.
    fn entry(&mut self, value: Value) -> Result<(), Error>;
    /// What stands beside the list in the object that holds it.
    fn around(&mut self, fields: &Map<String, Value>);
}

/// Reads one document.
pub(super) struct Document<'a> {
    /// What may be read.
    pub(super) budget: &'a Budget,
    /// Takes the entries.
    pub(super) entries: &'a mut dyn Entries,
    /// Set when an entry was refused for good.
    pub(super) stopped: &'a mut Option<Error>,
}

impl Document<'_> {
    fn give<E: de::Error>(&mut self, value: Value) -> Result<(), E> {
        self.budget.next_entry();
        self.entries.entry(value).map_err(|error| {
            *self.stopped = Some(error);
            E::custom("stopped")
        })
    }

    fn list<'de, A: SeqAccess<'de>>(&mut self, mut list: A) -> Result<(), A::Error> {
        self.budget.next_entry();
        while let Some(value) = list.next_element_seed(Tree(self.budget))? {
            self.give(value)?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, list: A) -> Result<(), A::Error> {
        self.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.budget.next_entry();
        let mut fields = Map::new();
        let mut listed = false;
        while let Some(name) = map.next_key::<String>()? {
            self.budget.take(1, name.len())?;
            if LISTS.contains(&name.as_str()) {
                match map.next_value_seed(Member(&mut self))? {
                    Some(value) => drop(fields.insert(name, value)),
                    None => listed = true,
                }
            } else {
                let value = map.next_value_seed(Tree(self.budget))?;
                fields.insert(name, value);
            }
        }
        if listed {
            self.entries.around(&fields);
            return Ok(());
        }
        self.give(Value::Object(fields))
    }
}

/// What stands under a list's name: its entries are given away, anything else is the value.
struct Member<'a, 'b>(&'a mut Document<'b>);

impl<'de> DeserializeSeed<'de> for Member<'_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! scalars {
    ($wrap:expr) => {
        fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
            self.tree().scalar(Value::Bool(value), 0).map($wrap)
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
            self.tree().scalar(Value::from(value), 0).map($wrap)
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
            self.tree().scalar(Value::from(value), 0).map($wrap)
        }
        fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
            let number = Number::from_f64(value).map_or(Value::Null, Value::Number);
            self.tree().scalar(number, 0).map($wrap)
        }
        fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
            self.tree().scalar(Value::from(value), value.len()).map($wrap)
        }
        fn visit_string<E: de::Error>(self, value: String) -> Result<Self::Value, E> {
            let length = value.len();
            self.tree().scalar(Value::from(value), length).map($wrap)
        }
        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            self.tree().scalar(Value::Null, 0).map($wrap)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            self.tree().object(map).map($wrap)
        }
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value")
        }
    };
}

impl Member<'_, '_> {
    fn tree(&self) -> Tree<'_> {
        Tree(self.0.budget)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_> {
    type Value = Option<Value>;

    scalars!(Some);

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        self.0.list(list)?;
        Ok(None)
    }
}

/// A value within the budget.
#[derive(Clone, Copy)]
struct Tree<'a>(&'a Budget);

impl Tree<'_> {
    fn tree(self) -> Self {
        self
    }

    fn scalar<E: de::Error>(self, value: Value, bytes: usize) -> Result<Value, E> {
        self.0.take(1, bytes)?;
        Ok(value)
    }

    fn object<'de, A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        self.0.take(1, 0)?;
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            self.0.take(0, name.len())?;
            let value = map.next_value_seed(self)?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Value;

    scalars!(std::convert::identity);

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        self.0.take(1, 0)?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
}

//! From values with origins to the type of a configuration.

use super::mistake::{Kind, Wrong};
use super::tree::{Node, Value};
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use std::collections::btree_map;
use std::slice;

/// Any kind of number: a text from the environment is read as one.
macro_rules! numbers {
    ($($deserialize:ident)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.number(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let visited = match &self.value {
            Value::Table(table) => visitor.visit_map(Table {
                rest: table.iter(),
                current: None,
            }),
            Value::List(list) => visitor.visit_seq(List(list.iter())),
            Value::Text(text) | Value::Any(text) => visitor.visit_str(text),
            Value::Integer(integer) => visitor.visit_i64(*integer),
            Value::Float(float) => visitor.visit_f64(*float),
            Value::Boolean(boolean) => visitor.visit_bool(*boolean),
        };
        visited.map_err(|wrong| wrong.at(&self.origin))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.text_from_environment() {
            Some("true") => visitor.visit_bool(true),
            Some("false") => visitor.visit_bool(false),
            Some(_) | None => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.text_from_environment() {
            // The environment has no other way of saying that a setting is not set.
            Some("") => visitor.visit_none(),
            Some(_) | None => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Some(text) = self.text_from_environment() else {
            return self.deserialize_any(visitor);
        };
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let item = |item: &str| Node {
            origin: self.origin.clone(),
            value: Value::Any(item.to_owned()),
        };
        let items: Vec<Node> = items.map(item).collect();
        visitor.visit_seq(List(items.iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match &self.value {
            Value::Text(text) | Value::Any(text) => {
                let word: StrDeserializer<'_, Wrong> = text.as_str().into_deserializer();
                visitor.visit_enum(word).map_err(|wrong| wrong.at(&self.origin))
            }
            Value::Table(_) | Value::List(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {
                self.deserialize_any(visitor)
            }
        }
    }

    /// A section must be one: by itself, serde would also take a list of its values in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match &self.value {
            Value::List(_) => Err(Wrong::invalid_type(Unexpected::Seq, &visitor).at(&self.origin)),
            Value::Table(_)
            | Value::Text(_)
            | Value::Any(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

impl Node {
    fn text_from_environment(&self) -> Option<&str> {
        if let Value::Any(text) = &self.value {
            Some(text)
        } else {
            None
        }
    }

    fn number<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Wrong> {
        let Some(text) = self.text_from_environment() else {
            return self.deserialize_any(visitor);
        };
        let visited = if let Ok(integer) = text.replace('_', "").parse::<i64>() {
            visitor.visit_i64(integer)
        } else if let Ok(float) = text.parse::<f64>() {
            visitor.visit_f64(float)
        } else {
            Err(Wrong::invalid_type(Unexpected::Str(text), &visitor))
        };
        visited.map_err(|wrong| wrong.at(&self.origin))
    }
}

/// A section, key by key.
struct Table<'n> {
    rest: btree_map::Iter<'n, String, Node>,
    current: Option<(&'n String, &'n Node)>,
}

impl<'de> MapAccess<'de> for Table<'_> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        self.current = self.rest.next();
        let Some((key, node)) = self.current else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Wrong> = key.as_str().into_deserializer();
        seed.deserialize(name)
            .map(Some)
            .map_err(|wrong| wrong.under(key).at(&node.origin))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let Some((key, node)) = self.current.take() else {
            return Err(Wrong::custom("a value was asked for before its key"));
        };
        seed.deserialize(node)
            .map_err(|wrong| wrong.under(key).at(&node.origin))
    }
}

/// A list, item by item.
struct List<'n>(slice::Iter<'n, Node>);

impl<'de> SeqAccess<'de> for List<'_> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let item = |wrong: Wrong| match wrong.kind {
            Kind::Bad(text) => Wrong {
                kind: Kind::Bad(format!("has an item that {text}")),
                ..wrong
            },
            Kind::Missing(_) | Kind::Unknown(_) => wrong,
        };
        self.0
            .next()
            .map(|node| seed.deserialize(node).map_err(item))
            .transpose()
    }
}

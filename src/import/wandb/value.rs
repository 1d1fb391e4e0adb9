//! Values as W&B writes them: JSON text under a key or a path of keys.
//!
//! In: items of the log. Out: a [`Tree`] in which later items take the place of earlier ones, and its
//! leaves by the names that W&B shows (`best.val.accuracy`). JSON of W&B knows three numbers as text
//! too: `"NaN"`, `"Infinity"`, `"-Infinity"`, which its server and its exports write.

use indexmap::IndexMap;

use crate::import::json;
use crate::model::{Datum, Measured};

/// Keys of a row or summary that W&B sets itself.
pub(super) const INTERNAL: &[&str] = &["_step", "_runtime", "_timestamp", "_wandb"];

/// Deeper values are leaves.
const DEPTH: usize = 32;

/// More keys than this are data, not a summary.
const MOST_KEYS: usize = 20_000;

/// The value of an item; nothing when it is no JSON.
pub(super) fn parse(text: &str) -> Option<Datum> {
    let value = match text {
        "true" => Datum::Bool(true),
        "false" => Datum::Bool(false),
        "null" => Datum::Null,
        _ if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') && text != "-Infinity" => {
            match text.parse::<i64>() {
                Ok(value) if text != "-0" => Datum::Int(value),
                _ => Datum::Number(Measured::new(text.parse().ok()?)),
            }
        }
        _ => json::value(text.as_bytes())?,
    };
    Some(value)
}

/// The number of a leaf.
pub(super) fn number(value: &Datum) -> Option<Measured> {
    match value {
        Datum::Text(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => Measured::parse(text),
        other => other.as_number(),
    }
}

/// Whether a value describes a picture, a table or the like.
pub(super) fn is_media(value: &Datum) -> bool {
    value.get("_type").is_some_and(|t| t.as_str().is_some())
}

/// Values by their keys; items with several keys reach into maps.
#[derive(Debug, Default)]
pub(super) struct Tree {
    entries: IndexMap<String, Datum>,
    /// Whether there were more keys than are kept.
    pub(super) is_full: bool,
}

impl Tree {
    /// Sets a value.
    pub(super) fn set(&mut self, key: &str, nested: &[String], value: Datum) {
        let (first, rest) = match nested.split_first() {
            Some((first, rest)) => (first.as_str(), rest),
            None => (key, &[][..]),
        };
        if !self.entries.contains_key(first) && self.entries.len() >= MOST_KEYS {
            self.is_full = true;
            return;
        }
        let slot = match self.entries.get_mut(first) {
            Some(slot) => slot,
            None => self.entries.entry(first.to_owned()).or_insert(Datum::Map(Vec::new())),
        };
        self.is_full |= !place(slot, rest, value);
    }

    /// Removes a value.
    pub(super) fn remove(&mut self, key: &str, nested: &[String]) {
        let path: Vec<&str> = if nested.is_empty() { vec![key] } else { nested.iter().map(String::as_str).collect() };
        match path.as_slice() {
            [only] => {
                self.entries.shift_remove(*only);
            }
            [first, middle @ .., last] => {
                let mut at = self.entries.get_mut(*first);
                for key in middle {
                    at = at.and_then(|value| match value {
                        Datum::Map(entries) => entries.iter_mut().find(|(k, _)| k == key).map(|(_, v)| v),
                        _ => None,
                    });
                }
                if let Some(Datum::Map(entries)) = at {
                    entries.retain(|(k, _)| k != last);
                }
            }
            [] => {}
        }
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in their order, without W&B's own.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Datum)> {
        self.entries.iter().map(|(k, v)| (k.as_str(), v)).filter(|(k, _)| !INTERNAL.contains(k))
    }

    /// The leaves, without W&B's own: name, pointer, value.
    pub(super) fn leaves(&self) -> Vec<(String, String, &Datum)> {
        let mut out = Vec::new();
        for (key, value) in self.entries() {
            let mut pointer = String::new();
            json::push_token(&mut pointer, key);
            descend(value, &mut key.to_owned(), &mut pointer, 0, &mut out);
        }
        out
    }
}

impl FromIterator<(String, Datum)> for Tree {
    fn from_iter<T: IntoIterator<Item = (String, Datum)>>(entries: T) -> Self {
        Self { entries: entries.into_iter().collect(), is_full: false }
    }
}

/// Sets a value below a slot; whether there was room.
fn place(slot: &mut Datum, path: &[String], value: Datum) -> bool {
    let Some((first, rest)) = path.split_first().filter(|_| path.len() <= DEPTH) else {
        *slot = value;
        return true;
    };
    if !matches!(slot, Datum::Map(_)) {
        *slot = Datum::Map(Vec::new());
    }
    let Datum::Map(entries) = slot else { return false };
    let at = match entries.iter().position(|(k, _)| k == first) {
        Some(at) => at,
        None if entries.len() >= MOST_KEYS => return false,
        None => {
            entries.push((first.clone(), Datum::Map(Vec::new())));
            entries.len() - 1
        }
    };
    entries.get_mut(at).is_some_and(|(_, slot)| place(slot, rest, value))
}

/// The leaves of a value; what describes media, a list and an empty map are leaves.
pub(super) fn descend<'a>(
    value: &'a Datum,
    name: &mut String,
    pointer: &mut String,
    depth: usize,
    out: &mut Vec<(String, String, &'a Datum)>,
) {
    match value.entries().filter(|e| !e.is_empty() && depth < DEPTH && !is_media(value)) {
        Some(entries) => {
            for (key, member) in entries {
                let (name_length, pointer_length) = (name.len(), pointer.len());
                name.push('.');
                name.push_str(key);
                json::push_token(pointer, key);
                descend(member, name, pointer, depth + 1, out);
                name.truncate(name_length);
                pointer.truncate(pointer_length);
            }
        }
        None => out.push((name.clone(), pointer.clone(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Tree, number, parse};
    use crate::model::{Datum, Measured};

    #[test]
    fn scalars_are_read_as_json_writes_them() {
        for (text, value) in [
            ("1", Datum::Int(1)),
            ("-0", Datum::Number(Measured::new(-0.0))),
            ("1e-05", Datum::Number(Measured::new(1e-5))),
            ("18446744073709551615", Datum::Number(Measured::new(18446744073709551615.0))),
            ("NaN", Datum::Number(Measured::new(f64::NAN))),
            ("-Infinity", Datum::Number(Measured::new(f64::NEG_INFINITY))),
            ("\"0.5\"", Datum::Text("0.5".to_owned())),
            ("null", Datum::Null),
        ] {
            assert_eq!(parse(text), Some(value), "{text}");
        }
        for text in ["", "-", "1.2.3", "0x10", "{", "nan", "1 2"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(number(&Datum::Text("NaN".to_owned())), Some(Measured::new(f64::NAN)));
        assert_eq!(number(&Datum::Text("0.5".to_owned())), None);
    }

    #[test]
    fn later_items_take_the_place_of_earlier_ones() {
        let nested = |path: &[&str]| path.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        let mut tree = Tree::default();
        tree.set("a", &[], Datum::Int(1));
        tree.set("", &nested(&["a", "max"]), Datum::Int(2));
        tree.set("", &nested(&["b", "c", "d"]), Datum::Int(3));
        tree.set("_step", &[], Datum::Int(9));
        let names = |tree: &Tree| tree.leaves().into_iter().map(|(n, p, _)| (n, p)).collect::<Vec<_>>();
        assert_eq!(names(&tree), [("a.max".into(), "/a/max".into()), ("b.c.d".into(), "/b/c/d".into())]);
        tree.remove("", &nested(&["b", "c", "d"]));
        tree.remove("a", &[]);
        assert_eq!(names(&tree), [("b.c".into(), "/b/c".into())]);
    }
}

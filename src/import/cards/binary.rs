//! The cards of Model Card Toolkit and VerifyML as protocol buffers (`model_card.proto`).
//!
//! In: the bytes of a serialised `ModelCard`. Out: the tree of fields that the JSON form has, by the
//! names and numbers of `model_card.proto` of both tools. Fields of other numbers are kept under
//! `field_N`. A message that breaks off gives what stands before the break.

use bytes_read::{Wire, field};

use crate::model::Datum;

/// Messages nest at most this deep.
const DEPTH: usize = 8;
/// Fields of a file.
const MAX_FIELDS: usize = 200_000;

/// Different fields of one message, known and unknown.
const MAX_NAMES: usize = 100;

/// What a field holds.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Bool,
    Message(&'static [Field]),
    /// An interval in Model Card Toolkit, a description in VerifyML, which took the number again.
    IntervalOrText,
}

/// A field: number, name, kind, whether it repeats.
type Field = (u64, &'static str, Kind, bool);

const fn text(number: u64, name: &'static str) -> Field {
    (number, name, Kind::Text, false)
}

const fn one(number: u64, name: &'static str, message: &'static [Field]) -> Field {
    (number, name, Kind::Message(message), false)
}

const fn many(number: u64, name: &'static str, message: &'static [Field]) -> Field {
    (number, name, Kind::Message(message), true)
}

const CARD: &[Field] = &[
    one(1, "model_details", DETAILS),
    one(2, "model_parameters", PARAMETERS),
    one(3, "quantitative_analysis", ANALYSIS),
    one(4, "considerations", CONSIDERATIONS),
    one(5, "explainability_analysis", &[many(1, "explainability_reports", EXPLAINABILITY)]),
    one(6, "fairness_analysis", &[many(1, "fairness_reports", FAIRNESS)]),
];
const DETAILS: &[Field] = &[
    text(1, "name"),
    text(2, "overview"),
    text(3, "documentation"),
    many(4, "owners", &[text(1, "name"), text(2, "contact"), text(3, "role")]),
    one(5, "version", &[text(1, "name"), text(2, "date"), text(3, "diff")]),
    many(6, "licenses", &[text(1, "identifier"), text(2, "custom_text")]),
    many(7, "references", &[text(1, "reference")]),
    many(8, "citations", &[text(1, "style"), text(2, "citation")]),
    text(9, "path"),
    many(10, "regulatory_requirements", &[text(1, "regulation")]),
];
const PARAMETERS: &[Field] = &[
    text(1, "model_architecture"),
    many(2, "data", DATASET),
    text(3, "input_format"),
    text(4, "output_format"),
    many(5, "input_format_map", PAIR),
    many(6, "output_format_map", PAIR),
];
const PAIR: &[Field] = &[text(1, "key"), text(2, "value")];
const DATASET: &[Field] = &[
    text(1, "name"),
    text(2, "link"),
    one(
        3,
        "sensitive",
        &[
            (1, "sensitive_data", Kind::Text, true),
            (2, "sensitive_data_used", Kind::Text, true),
            text(3, "justification"),
        ],
    ),
    one(4, "graphics", GRAPHICS),
    text(5, "description"),
];
const GRAPHICS: &[Field] = &[text(1, "description"), many(2, "collection", &[text(1, "name"), text(2, "image")])];
const ANALYSIS: &[Field] = &[many(1, "performance_metrics", METRIC), one(2, "graphics", GRAPHICS)];
const METRIC: &[Field] = &[
    text(1, "type"),
    text(2, "value"),
    text(3, "slice"),
    (4, "confidence_interval", Kind::IntervalOrText, false),
    one(5, "graphics", GRAPHICS),
    many(6, "tests", TEST),
];
const INTERVAL: &[Field] = &[text(1, "lower_bound"), text(2, "upper_bound")];
const TEST: &[Field] = &[
    text(1, "name"),
    text(2, "description"),
    text(3, "threshold"),
    text(4, "result"),
    (5, "passed", Kind::Bool, false),
    one(6, "graphics", GRAPHICS),
];
const EXPLAINABILITY: &[Field] =
    &[text(1, "type"), text(2, "slice"), text(3, "description"), one(4, "graphics", GRAPHICS), many(5, "tests", TEST)];
const FAIRNESS: &[Field] = &[
    text(1, "type"),
    text(2, "slice"),
    text(3, "segment"),
    text(4, "description"),
    one(5, "graphics", GRAPHICS),
    many(6, "tests", TEST),
];
const DESCRIBED: &[Field] = &[text(1, "description")];
const CONSIDERATIONS: &[Field] = &[
    many(1, "users", DESCRIBED),
    many(2, "use_cases", DESCRIBED),
    many(3, "limitations", DESCRIBED),
    many(4, "tradeoffs", DESCRIBED),
    many(5, "ethical_considerations", &[text(1, "name"), text(2, "mitigation_strategy")]),
    many(
        6,
        "fairness_assessment",
        &[text(1, "group_at_risk"), text(2, "benefits"), text(3, "harms"), text(4, "mitigation_strategy")],
    ),
];

/// A decoded card.
pub(super) struct Decoded {
    /// The fields.
    pub(super) tree: Datum,
    /// Where and why decoding stopped, when the bytes are damaged.
    pub(super) broken: Option<(usize, &'static str)>,
}

/// Whether bytes begin as a card: the details of a model, with a name or another field of theirs.
pub(super) fn begins_as_card(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let Some((number, Wire::Bytes)) = bytes_read::key(&mut rest) else { return false };
    let Some(length) = bytes_read::varint(&mut rest) else { return false };
    let Some((_, name, Kind::Message(_), _)) = CARD.iter().find(|f| f.0 == number) else { return false };
    if *name != "model_details" || length == 0 {
        return false;
    }
    let inside = rest.get(..usize::try_from(length).unwrap_or(usize::MAX)).unwrap_or(rest);
    let mut rest = inside;
    match field(&mut rest) {
        Ok((number, Wire::Bytes, value, _)) => {
            DETAILS.iter().any(|f| f.0 == number) && (number > 3 || std::str::from_utf8(value).is_ok())
        }
        // It may break off within its first text.
        _ => inside.first() == Some(&0x0a) && inside.len() > 4,
    }
}

/// Decodes a card.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    let mut decoder = Decoder { broken: None, fields: 0, end: bytes.len() };
    let tree = decoder.message(bytes, CARD, 0);
    Decoded { tree, broken: decoder.broken }
}

struct Decoder {
    broken: Option<(usize, &'static str)>,
    fields: usize,
    end: usize,
}

impl Decoder {
    /// The fields of one message.
    fn message(&mut self, bytes: &[u8], fields: &'static [Field], depth: usize) -> Datum {
        let mut out: Vec<(String, Datum)> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() && self.broken.is_none() {
            self.fields += 1;
            if self.fields > MAX_FIELDS || depth > DEPTH || out.len() > MAX_NAMES {
                self.stop(rest, "it holds more than a card can");
                break;
            }
            match field(&mut rest) {
                Ok((number, wire, value, varint)) => {
                    let known = fields.iter().find(|f| f.0 == number);
                    self.put(&mut out, known, (number, wire, value, varint), depth);
                }
                Err((partial, why)) => {
                    // What stands before the break in a message that breaks off is sound.
                    if let Some((number, value)) = partial
                        && let Some((_, name, kind, repeats)) = fields.iter().find(|f| f.0 == number)
                        && let Kind::Message(inner) = kind
                    {
                        let value = self.message(value, inner, depth + 1);
                        insert(&mut out, name, value, *repeats);
                    }
                    self.stop(rest, why);
                    break;
                }
            }
        }
        Datum::Map(out)
    }

    fn put(
        &mut self,
        out: &mut Vec<(String, Datum)>,
        known: Option<&Field>,
        (number, wire, value, varint): (u64, Wire, &[u8], u64),
        depth: usize,
    ) {
        let Some((_, name, kind, repeats)) = known else {
            return insert(out, &format!("field_{number}"), raw(wire, value, varint), true);
        };
        let datum = match (kind, wire) {
            (Kind::Text, Wire::Bytes) => Datum::Text(String::from_utf8_lossy(value).into_owned()),
            (Kind::Bool, Wire::Varint) => Datum::Bool(varint != 0),
            (Kind::Message(inner), Wire::Bytes) => self.message(value, inner, depth + 1),
            (Kind::IntervalOrText, Wire::Bytes) => {
                let mut inner = Decoder { broken: None, fields: 0, end: value.len() };
                let interval = inner.message(value, INTERVAL, depth + 1);
                let sound = inner.broken.is_none()
                    && interval.entries().is_some_and(|e| e.iter().all(|(key, _)| key.ends_with("_bound")));
                if sound && !value.is_empty() {
                    interval
                } else {
                    return insert(out, "description", Datum::Text(String::from_utf8_lossy(value).into_owned()), false);
                }
            }
            _ => return insert(out, &format!("field_{number}"), raw(wire, value, varint), true),
        };
        insert(out, name, datum, *repeats);
    }

    fn stop(&mut self, rest: &[u8], why: &'static str) {
        if self.broken.is_none() {
            self.broken = Some((self.end.saturating_sub(rest.len()), why));
        }
    }
}

/// A field whose meaning is not known.
fn raw(wire: Wire, value: &[u8], varint: u64) -> Datum {
    match wire {
        Wire::Varint | Wire::Fixed => i64::try_from(varint).map_or_else(|_| varint.to_string().into(), Datum::Int),
        Wire::Bytes => match std::str::from_utf8(value) {
            Ok(text) if !text.contains(|c: char| c.is_control() && !c.is_whitespace()) => text.into(),
            _ => format!("{} bytes", value.len()).into(),
        },
    }
}

/// Adds a value; of a field that does not repeat the later value wins, and messages are merged.
fn insert(out: &mut Vec<(String, Datum)>, name: &str, value: Datum, repeats: bool) {
    let slot = out.iter_mut().find(|(key, _)| key == name).map(|(_, slot)| slot);
    match (slot, repeats) {
        (None, true) => out.push((name.to_owned(), Datum::List(vec![value]))),
        (None, false) => out.push((name.to_owned(), value)),
        (Some(Datum::List(items)), true) => items.push(value),
        (Some(Datum::Map(old)), false) => {
            if let Datum::Map(new) = value {
                for (key, value) in new {
                    match old.iter_mut().find(|(k, _)| *k == key) {
                        Some((_, Datum::List(items))) => {
                            if let Datum::List(more) = value {
                                items.extend(more);
                            }
                        }
                        Some((_, slot)) => *slot = value,
                        None => old.push((key, value)),
                    }
                }
            }
        }
        (Some(slot), _) => *slot = value,
    }
}

/// The wire format, on top of prost's varints.
mod bytes_read {
    use prost::encoding::decode_varint;

    /// How a value is written.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Wire {
        Varint,
        Fixed,
        Bytes,
    }

    /// A field, or what is there of it and why there is no more.
    pub(super) type Read<'a> = Result<(u64, Wire, &'a [u8], u64), (Partial<'a>, &'static str)>;

    /// A field that breaks off: its number and what is there of it.
    pub(super) type Partial<'a> = Option<(u64, &'a [u8])>;

    pub(super) fn varint(rest: &mut &[u8]) -> Option<u64> {
        decode_varint(rest).ok()
    }

    /// The number of a field and how it is written.
    pub(super) fn key(rest: &mut &[u8]) -> Option<(u64, Wire)> {
        let key = varint(rest)?;
        let wire = match key & 7 {
            0 => Wire::Varint,
            1 | 5 => Wire::Fixed,
            2 => Wire::Bytes,
            _ => return None,
        };
        (key >> 3 > 0).then_some((key >> 3, wire))
    }

    /// One field: number, how it is written, its bytes, its number when it is one.
    pub(super) fn field<'a>(rest: &mut &'a [u8]) -> Read<'a> {
        let raw = *rest.first().ok_or((None, "it ends where a field is due"))?;
        let (number, wire) = key(rest).ok_or((None, "a field has no valid key"))?;
        let length = match wire {
            Wire::Varint => {
                let value = varint(rest).ok_or((None, "a number breaks off"))?;
                return Ok((number, wire, &[], value));
            }
            Wire::Fixed if raw & 7 == 1 => 8,
            Wire::Fixed => 4,
            Wire::Bytes => varint(rest).ok_or((None, "a length breaks off"))?,
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let Some((value, after)) = rest.split_at_checked(length) else {
            let partial = *rest;
            *rest = &[];
            return Err((Some((number, partial)), "the file ends within a field"));
        };
        *rest = after;
        let number_of = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum: u64, b| (sum << 8) | u64::from(*b));
        let value_number = if wire == Wire::Fixed { number_of(value) } else { 0 };
        Ok((number, wire, value, value_number))
    }
}

//! The XML form of a CycloneDX BOM as the tree that the JSON form has.
//!
//! In: bytes. Out: a [`Datum`] and what is wrong. Elements that hold a list become one; attributes
//! are keys; an element with attributes and text keeps the text under the key that JSON gives it.
//! Entities other than the predefined five are never expanded; a file that breaks off gives what
//! stands before the break.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use crate::diag::{Code, Diagnostic, line_column};
use crate::model::Datum;
use crate::source::FileData;

/// Elements that may lie within each other.
const DEPTH: usize = 96;
/// Elements of a file.
const MAX_ELEMENTS: usize = 500_000;

/// Elements whose children are the items of a list, and the name of those children. An empty name
/// takes all.
const LISTS: &[(&str, &[&str])] = &[
    ("components", &["component"]),
    ("licenses", &[]),
    ("hashes", &["hash"]),
    ("externalReferences", &["reference"]),
    ("properties", &["property"]),
    ("authors", &["author"]),
    ("tags", &["tag"]),
    ("datasets", &["dataset", "ref"]),
    ("inputs", &["input"]),
    ("outputs", &["output"]),
    ("performanceMetrics", &["performanceMetric"]),
    ("collection", &["graphic"]),
    ("users", &["user"]),
    ("useCases", &["useCase"]),
    ("technicalLimitations", &["technicalLimitation"]),
    ("performanceTradeoffs", &["performanceTradeoff"]),
    ("ethicalConsiderations", &["ethicalConsideration"]),
    ("fairnessAssessments", &["fairnessAssessment"]),
    ("energyConsumptions", &["energyConsumption"]),
    ("custodians", &["custodian"]),
    ("stewards", &["steward"]),
];
/// Elements that repeat in place, without an element around them.
const REPEATED: &[&str] = &["energyProviders", "sensitiveData", "url", "email", "data", "tool"];

/// Whether bytes are a BOM with a model in it.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if !start.starts_with(b"<") {
        return false;
    }
    let mut reader = Reader::from_reader(start);
    let mut elements = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Start(e) | Event::Empty(e)) => {
                elements += 1;
                if elements == 1 && (e.local_name().as_ref() != b"bom" || !is_cyclonedx(&e)) {
                    return false;
                }
                let model = e.attributes().flatten().any(|a| a.value.as_ref() == b"machine-learning-model");
                if e.local_name().as_ref() == b"modelCard" || (e.local_name().as_ref() == b"component" && model) {
                    return true;
                }
            }
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) if elements > MAX_ELEMENTS => return false,
            Ok(_) => {}
        }
    }
}

fn is_cyclonedx(root: &BytesStart<'_>) -> bool {
    root.attributes().flatten().any(|a| {
        a.key.as_ref().starts_with(b"xmlns") && a.value.as_ref().starts_with(b"http://cyclonedx.org/schema/bom/")
    })
}

/// An element that is open.
struct Frame {
    name: String,
    entries: Vec<(String, Datum)>,
    items: Vec<Datum>,
    text: String,
}

/// The tree of a file.
pub(super) fn tree(file: &FileData) -> (Datum, Option<Diagnostic>) {
    let Some(text) = file.text() else {
        let problem = Diagnostic::new(Code::TextEncoding, "the file is not UTF-8").at(file.path.clone());
        return (Datum::Null, Some(problem.help("write it as UTF-8")));
    };
    let mut reader = Reader::from_str(text);
    let mut stack: Vec<Frame> = Vec::new();
    let mut root = None;
    let mut elements = 0;
    let broken: Option<String> = loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => break Some(error.to_string()),
        };
        match event {
            Event::Start(e) => {
                elements += 1;
                if stack.len() >= DEPTH || elements > MAX_ELEMENTS {
                    break Some("it nests too deep or holds too many elements".to_owned());
                }
                stack.push(open(&e));
            }
            Event::Empty(e) => {
                elements += 1;
                let frame = open(&e);
                close(frame, &mut stack, &mut root);
            }
            Event::End(_) => {
                if let Some(frame) = stack.pop() {
                    close(frame, &mut stack, &mut root);
                }
            }
            Event::Text(bytes) => {
                if let (Some(frame), Ok(text)) = (stack.last_mut(), std::str::from_utf8(&bytes)) {
                    frame.text.push_str(text);
                }
            }
            Event::CData(bytes) => {
                if let (Some(frame), Ok(text)) = (stack.last_mut(), std::str::from_utf8(&bytes)) {
                    frame.text.push_str(text);
                }
            }
            Event::GeneralRef(bytes) => {
                if let (Some(frame), Ok(name)) = (stack.last_mut(), std::str::from_utf8(&bytes)) {
                    let reference = format!("&{name};");
                    frame.text.push_str(unescape(&reference).as_deref().unwrap_or(&reference));
                }
            }
            Event::Eof if stack.is_empty() => break None,
            Event::Eof => break Some("it ends within an element".to_owned()),
            _ => {}
        }
    };
    while let Some(frame) = stack.pop() {
        close(frame, &mut stack, &mut root);
    }
    let problem = broken.map(|cause| {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(text.len());
        let (line, column) = line_column(text, offset);
        Diagnostic::new(Code::XmlSyntax, format!("not well-formed CycloneDX XML: {cause}"))
            .at(file.path.clone())
            .at_line(line, column)
            .help("was the file written completely? what stands before this place is kept")
    });
    (root.unwrap_or(Datum::Null), problem)
}

fn open(e: &BytesStart<'_>) -> Frame {
    let name = String::from_utf8_lossy(e.local_name().as_ref()).into_owned();
    let mut entries = Vec::new();
    for attribute in e.attributes().flatten() {
        let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
        let value = String::from_utf8_lossy(&attribute.value).into_owned();
        let value = unescape(&value).map(std::borrow::Cow::into_owned).unwrap_or(value);
        if key.starts_with("xmlns") {
            if name == "bom" && value.starts_with("http://cyclonedx.org/schema/bom/") {
                let version = value.rsplit('/').next().unwrap_or_default().to_owned();
                entries.push(("bomFormat".to_owned(), "CycloneDX".into()));
                entries.push(("specVersion".to_owned(), version.into()));
            }
            continue;
        }
        let key = if key == "content-type" { "contentType".to_owned() } else { key };
        entries.push((key, value.into()));
    }
    Frame { name, entries, items: Vec::new(), text: String::new() }
}

fn is_list(name: &str, frame: &Frame) -> bool {
    LISTS.iter().any(|(list, _)| *list == name) && frame.entries.is_empty()
}

/// Puts a finished element into the one around it.
fn close(mut frame: Frame, stack: &mut [Frame], root: &mut Option<Datum>) {
    let text = frame.text.trim().to_owned();
    let value = if is_list(&frame.name, &frame) || !frame.items.is_empty() {
        Datum::List(frame.items)
    } else if frame.entries.is_empty() {
        Datum::Text(text)
    } else {
        if !text.is_empty() {
            let key = if frame.name == "property" { "value" } else { "content" };
            frame.entries.push((key.to_owned(), text.into()));
        }
        Datum::Map(frame.entries)
    };
    let Some(parent) = stack.last_mut() else {
        *root = Some(value);
        return;
    };
    let items = LISTS.iter().find(|(list, _)| *list == parent.name).map(|(_, items)| *items);
    match items {
        Some([]) => parent.items.push(Datum::Map(vec![(frame.name, value)])),
        Some(items) if items.contains(&frame.name.as_str()) => {
            // `<ref>` among datasets is `{"ref": …}`; an empty item of maps is an empty map.
            let value = if frame.name == "ref" { Datum::Map(vec![("ref".to_owned(), value)]) } else { value };
            parent.items.push(value);
        }
        _ => match parent.entries.iter_mut().find(|(key, _)| *key == frame.name) {
            Some((_, Datum::List(list))) if REPEATED.contains(&frame.name.as_str()) => list.push(value),
            Some(_) => {}
            None if REPEATED.contains(&frame.name.as_str()) && frame.name != "url" && frame.name != "email" => {
                parent.entries.push((frame.name, Datum::List(vec![value])));
            }
            None => parent.entries.push((frame.name, value)),
        },
    }
}

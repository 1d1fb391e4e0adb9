//! Who made a run or its card, as far as the evidence says.
//!
//! In: the run, the version and its card. Out: names as they are written, and whether a principal is one of them.
//! Trackers write a login, a name or an address; each is compared with what it can be compared with.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Datum, Run, Version};

/// Tags that name whoever made a run.
const TAGS: &[&str] = &["author", "authors", "created_by", "mlflow.user", "owner", "user", "username"];

/// Keys of a card's front matter that name its authors.
const CARD_KEYS: &[&str] = &["author", "authors", "model_card_authors"];

/// The authors, sorted.
pub(super) fn of(run: &Run, version: &Version) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut add = |text: &str| {
        out.extend(text.split([',', ';', '\n']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
    };
    let by_name = |tags: &BTreeMap<String, String>| -> Vec<String> {
        tags.iter()
            .filter(|(key, _)| TAGS.contains(&key.to_ascii_lowercase().as_str()))
            .map(|(_, v)| v.clone())
            .collect()
    };
    for tags in [&run.tags, &run.system_tags, &version.tags] {
        by_name(tags).iter().for_each(|text| add(text));
    }
    for key in CARD_KEYS {
        match version.card.as_ref().and_then(|card| card.metadata.get(key)) {
            Some(Datum::Text(text)) => add(text),
            Some(Datum::List(items)) => items.iter().filter_map(Datum::as_str).for_each(&mut add),
            _ => {}
        }
    }
    out
}

/// Whether a principal is an author: the same address, or a login that is the beginning of its address.
pub(super) fn includes(authors: &BTreeSet<String>, principal: &str) -> bool {
    let principal = principal.to_lowercase();
    let login = principal.split('@').next().unwrap_or_default();
    authors.iter().any(|author| {
        let author = author.to_lowercase();
        let address =
            author.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address.trim());
        let plain = address.unwrap_or(&author);
        plain == principal || (!plain.contains('@') && plain == login)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_and_addresses_are_told() {
        let authors: BTreeSet<String> =
            ["Alice Doe <Alice@Example.com>", "bob", "carol@example.com"].map(str::to_owned).into();
        for (principal, is) in [
            ("alice@example.com", true),
            ("bob@example.com", true),
            ("bob", true),
            ("carol@example.com", true),
            ("carol@other.com", false),
            ("dave@example.com", false),
        ] {
            assert_eq!(includes(&authors, principal), is, "{principal}");
        }
    }
}

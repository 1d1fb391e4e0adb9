//! The page that a web server shows for an address that does not exist, at any depth.

use serde::Serialize;

use crate::site::facts::Facts;
use crate::site::parts::Page;

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
}

pub(crate) fn context(facts: &Facts<'_>, path: &str) -> Context {
    let mut page = Page::new(facts, path, "", "Page not found".to_owned(), "There is no such page.".to_owned());
    // Served for any address: only absolute links hold, when the site has an address.
    page.root = facts.base.clone().unwrap_or_default();
    page.canonical = None;
    Context { page }
}

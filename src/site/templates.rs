//! The only user of tera: the embedded templates, the user's overrides, and rendering.
//!
//! In: a page's context (any serialisable struct). Out: HTML, or a diagnostic with file, line and column.
//! Templates see their context, the site-wide values and pure built-in filters; they reach no file, clock
//! or environment. Everything is escaped whatever the template is called; `| safe` stands in one component
//! that only ever gets fields of the `Svg` and `Html` types.

use std::collections::BTreeMap;

use serde::Serialize;
use tera::{Context, ErrorKind, Tera};

use crate::diag::{Code, Diagnostic};

macro_rules! table {
    ($($name:literal),* $(,)?) => {
        /// Every built-in template by name.
        pub const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../templates/", $name)))),*];
    };
}

table![
    "base.html",
    "components/badge.html",
    "components/changes.html",
    "components/drift.html",
    "components/figure.html",
    "components/history.html",
    "components/link.html",
    "components/num.html",
    "components/problem.html",
    "components/results.html",
    "components/rules.html",
    "components/table.html",
    "components/trusted.html",
    "components/waivers.html",
    "pages/about.html",
    "pages/compare.html",
    "pages/drift.html",
    "pages/experiment.html",
    "pages/experiments.html",
    "pages/history.html",
    "pages/home.html",
    "pages/leaderboard.html",
    "pages/leaderboards.html",
    "pages/model.html",
    "pages/not_found.html",
    "pages/problems.html",
    "pages/run.html",
    "pages/search.html",
    "pages/verdict.html",
    "pages/version.html",
];

/// Where built-in templates live; the user's stand without prefix and win.
const BUILT_IN: &str = "builtin/";

/// The compiled templates.
pub(crate) struct Templates(Tera);

impl Templates {
    /// Compiles all templates, used or not.
    ///
    /// # Errors
    /// When one does not compile; the diagnostic says where.
    pub(crate) fn new(overrides: &BTreeMap<String, Vec<u8>>, site: &impl Serialize) -> Result<Self, Vec<Diagnostic>> {
        let mut tera = Tera::new();
        // Every name ends with nothing: `.svg` and `.json` would go unescaped otherwise.
        tera.autoescape_on([""]);
        tera.set_escape_fn(escape);
        tera.set_fallback_prefixes([BUILT_IN]).map_err(|e| vec![diagnose(&e, "")])?;
        let mut sources: Vec<(String, &str)> =
            TEMPLATES.iter().map(|(name, text)| (format!("{BUILT_IN}{name}"), *text)).collect();
        let mut problems = Vec::new();
        for (name, bytes) in overrides.iter().filter(|(name, _)| name.ends_with(".html")) {
            let name = name.strip_prefix("templates/").unwrap_or(name);
            match std::str::from_utf8(bytes) {
                Ok(text) => sources.push((name.to_owned(), text)),
                Err(_) => problems.push(Diagnostic::new(Code::TemplateError, "the template is not UTF-8").at(name)),
            }
        }
        if let Err(e) = tera.add_raw_templates(sources) {
            problems.push(diagnose(&e, ""));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        tera.global_context().insert("site", site);
        Ok(Self(tera))
    }

    /// Renders a page.
    ///
    /// # Errors
    /// When the template asks for something that its context does not have.
    pub(crate) fn render(
        &self,
        template: &str,
        path: &str,
        context: &impl Serialize,
    ) -> Result<Vec<u8>, Box<Diagnostic>> {
        let context = Context::from_serialize(context).map_err(|e| Box::new(diagnose(&e, path)))?;
        let mut out = Vec::with_capacity(16 * 1024);
        self.0.render_to(template, &context, &mut out).map_err(|e| Box::new(diagnose(&e, path)))?;
        Ok(out)
    }
}

/// Escapes text for element content and quoted attributes. Control characters and bidirectional overrides
/// are shown as `\u{…}`: HTML forbids the first, and the second make text read as what it is not. This is
/// the last door, so no page can forget it.
fn escape(text: &str, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let mut plain = 0;
    for (at, c) in text.char_indices() {
        let shown: std::borrow::Cow<'_, str> = match c {
            '&' => "&amp;".into(),
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '"' => "&quot;".into(),
            '\'' => "&#39;".into(),
            '\n' | '\t' => continue,
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                c.escape_unicode().to_string().into()
            }
            c if c.is_control() => c.escape_unicode().to_string().into(),
            _ => continue,
        };
        out.write_all(&text.as_bytes()[plain..at])?;
        out.write_all(shown.as_bytes())?;
        plain = at + c.len_utf8();
    }
    out.write_all(&text.as_bytes()[plain..])
}

fn diagnose(error: &tera::Error, page: &str) -> Diagnostic {
    let on = if page.is_empty() { String::new() } else { format!(", on the page {page}") };
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let span = report.span();
            Diagnostic::new(Code::TemplateError, format!("{}{on}", report.message()))
                .at(report.filename().strip_prefix(BUILT_IN).unwrap_or(report.filename()))
                .at_line(position(span.start_line), position(span.start_col + 1))
        }
        _ => Diagnostic::new(Code::TemplateError, format!("{error}{on}")),
    }
}

fn position(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn escaping_leaves_nothing_that_browsers_act_on() {
        let mut out = Vec::new();
        super::escape("a<b>&\"'\u{0}\u{1b}é\u{202e}\n", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a&lt;b&gt;&amp;&quot;&#39;\\u{0}\\u{1b}é\\u{202e}\n");
    }
}

//! Diagnostics as text for a terminal, with the source line and a marker where the text is known.
//!
//! In: diagnostics. Out: a string, coloured or plain. annotate-snippets draws the frame and
//! neutralises control characters in quoted source; messages were made [`super::visible`] by
//! whoever quoted user text.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet as Source};

use super::{Diagnostic, Severity};

/// One diagnostic as text, ending in a newline.
pub fn render_one(diagnostic: &Diagnostic, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = super::visible(&diagnostic.message, 2_000);
    let path = super::visible(diagnostic.path.as_deref().unwrap_or("input"), 400);
    let title = level.primary_title(message.as_str()).id(diagnostic.code.as_str());
    let place = super::visible(&diagnostic.place(), 400);
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut main = match &diagnostic.snippet {
        Some(snippet) => {
            let end = snippet.range.end.min(snippet.text.len());
            let start = snippet.range.start.min(end);
            title.element(
                Source::source(&*snippet.text)
                    .path(path.as_str())
                    .fold(true)
                    .annotation(AnnotationKind::Primary.span(start..end).label(snippet.label.as_str())),
            )
        }
        None => {
            let group = Group::with_title(title);
            if place.is_empty() { group } else { group.element(annotate_snippets::Origin::path(place.as_str())) }
        }
    };
    let help = diagnostic.help.as_deref().map(|h| super::visible(h, 2_000));
    if let Some(help) = &help {
        main = main.element(Level::HELP.message(help.as_str()));
    }
    groups.push(main);
    let mut out = renderer.render(&groups);
    out.push('\n');
    out
}

/// All diagnostics as text, one after the other.
pub fn render_all<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>, colour: bool) -> String {
    diagnostics.into_iter().map(|d| render_one(d, colour)).collect::<Vec<_>>().join("\n")
}

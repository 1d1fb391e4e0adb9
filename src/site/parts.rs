//! Pieces that several pages are made of: page head, crumbs, badges, figures.
//!
//! In: model and gate values. Out: small serialisable structs whose fields the components print.

use serde::Serialize;

use super::facts::Facts;
use super::url::{relative, root};
use crate::diag::visible;
use crate::gate::verdict::{Outcome, RuleSeverity, Status};
use crate::markdown::Html;
use crate::model::{CheckStatus, RunStatus};
use crate::plot::{Figure, Svg};

/// What `base.html` needs of every page.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    /// For the title bar.
    pub title: String,
    /// One sentence about the page.
    pub description: String,
    /// `../` as often as the page lies deep.
    pub root: String,
    /// The absolute address, when the site has one.
    pub canonical: Option<String>,
    /// Which entry of the navigation is current.
    pub section: &'static str,
    /// The way here from the home page, this page not included.
    pub crumbs: Vec<Link>,
}

impl Page {
    pub(crate) fn new(
        facts: &Facts<'_>,
        path: &str,
        section: &'static str,
        title: String,
        description: String,
    ) -> Self {
        Self {
            title: visible(&title, 200),
            description: visible(&description, 300),
            root: root(path),
            canonical: facts.base.as_ref().map(|base| format!("{base}{path}")),
            section,
            crumbs: Vec::new(),
        }
    }

    /// Adds a step of the way here.
    pub(crate) fn crumb(mut self, from: &str, text: &str, to: &str) -> Self {
        self.crumbs.push(Link::new(from, text, to));
        self
    }
}

/// A link to a page of the site.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Link {
    /// What it says.
    pub text: String,
    /// Where it leads; empty for plain text.
    pub href: String,
}

impl Link {
    pub(crate) fn new(from: &str, text: &str, to: &str) -> Self {
        Self { text: visible(text, 200), href: relative(from, to) }
    }

    /// Text that leads nowhere.
    pub(crate) fn plain(text: &str) -> Self {
        Self { text: visible(text, 200), href: String::new() }
    }
}

/// A state as text, glyph and class: colour is never the only signal.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Badge {
    /// The state in a word.
    pub text: &'static str,
    /// The same as a shape.
    pub glyph: &'static str,
    /// `good`, `warn`, `bad`, `wait`, `note` or `mute`.
    pub class: &'static str,
}

impl Badge {
    pub(crate) const fn new(text: &'static str, glyph: &'static str, class: &'static str) -> Self {
        Self { text, glyph, class }
    }
}

/// The outcome of a gate.
pub(crate) fn outcome(outcome: Outcome) -> Badge {
    match outcome {
        Outcome::Pass => Badge::new("pass", "✓", "good"),
        Outcome::PassWithWarnings => Badge::new("pass with warnings", "▲", "warn"),
        Outcome::PassWithWaivers => Badge::new("pass with waivers", "◆", "warn"),
        Outcome::Pending => Badge::new("pending", "◷", "wait"),
        Outcome::Blocked => Badge::new("blocked", "✕", "bad"),
        Outcome::Error => Badge::new("error", "⊘", "bad"),
    }
}

/// The outcome in one word, for tables whose cells lead to the sentence.
pub(crate) fn outcome_short(of: Outcome) -> Badge {
    let text = match of {
        Outcome::PassWithWarnings => "warnings",
        Outcome::PassWithWaivers => "waivers",
        _ => outcome(of).text,
    };
    Badge { text, ..outcome(of) }
}

/// What one rule says.
pub(crate) fn status(status: Status, severity: RuleSeverity) -> Badge {
    match (status, severity) {
        (Status::Pass, _) => Badge::new("pass", "✓", "good"),
        (Status::Warn, _) => Badge::new("warn", "▲", "warn"),
        (Status::Fail, RuleSeverity::Block) => Badge::new("fail", "✕", "bad"),
        (Status::Fail, _) => Badge::new("fail", "▲", "warn"),
        (Status::Inconclusive, RuleSeverity::Block) => Badge::new("inconclusive", "?", "bad"),
        (Status::Inconclusive, _) => Badge::new("inconclusive", "?", "warn"),
        (Status::Invalid, RuleSeverity::Block) => Badge::new("invalid", "⊘", "bad"),
        (Status::Invalid, _) => Badge::new("invalid", "⊘", "warn"),
        (Status::Waived, _) => Badge::new("waived", "◆", "warn"),
        (Status::Skipped, _) => Badge::new("skipped", "–", "mute"),
    }
}

/// The outcome of another tool's check.
pub(crate) fn check(status: CheckStatus) -> Badge {
    match status {
        CheckStatus::Pass => Badge::new("pass", "✓", "good"),
        CheckStatus::Warn => Badge::new("warn", "▲", "warn"),
        CheckStatus::Fail => Badge::new("fail", "✕", "bad"),
        CheckStatus::Error => Badge::new("error", "⊘", "bad"),
        CheckStatus::Skipped => Badge::new("skipped", "–", "mute"),
    }
}

/// What became of a run.
pub(crate) fn run_status(status: RunStatus) -> Badge {
    match status {
        RunStatus::Finished => Badge::new("finished", "✓", "good"),
        RunStatus::Failed => Badge::new("failed", "✕", "bad"),
        RunStatus::Killed => Badge::new("killed", "✕", "bad"),
        RunStatus::Running => Badge::new("running", "◷", "wait"),
        RunStatus::Scheduled => Badge::new("scheduled", "◷", "wait"),
        RunStatus::Unknown => Badge::new("unknown", "?", "mute"),
    }
}

/// Whether a feature or a window drifted.
pub(crate) fn drifted(drifted: Option<bool>) -> Badge {
    match drifted {
        Some(true) => Badge::new("drifted", "▲", "warn"),
        Some(false) => Badge::new("stable", "✓", "good"),
        None => Badge::new("not judged", "?", "mute"),
    }
}

/// Whether the data as a whole drifted. Data that a tool calls stable, or does not judge, while some features
/// drifted is not called so.
pub(crate) fn data_drifted(whole: Option<bool>, features: usize) -> Badge {
    match whole {
        Some(false) | None if features > 0 => Badge::new("some features drifted", "△", "note"),
        whole => drifted(whole),
    }
}

/// A chart in a page, with its data.
#[derive(Debug, Serialize)]
pub(crate) struct FigureView {
    title: String,
    description: String,
    svg: Svg,
    notes: Vec<String>,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    left_out: usize,
}

/// Rows of a chart's table that a page holds.
const ROWS: usize = 40;

impl From<Figure> for FigureView {
    fn from(figure: Figure) -> Self {
        let mut rows = figure.table.rows;
        let mut left_out = figure.table.truncated.unwrap_or(0);
        if rows.len() > ROWS {
            left_out += rows.len() - ROWS;
            rows.truncate(ROWS);
        }
        Self {
            title: figure.title,
            description: figure.description,
            svg: figure.svg,
            notes: figure.notes,
            columns: figure.table.columns,
            rows,
            left_out,
        }
    }
}

impl FigureView {
    /// Keeps at most so many rows of the table; the others are counted.
    pub(crate) fn keep_rows(&mut self, most: usize) {
        self.left_out += self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
    }

    /// Adds a note below the chart.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }
}

/// A drawing of the size of a word.
#[derive(Debug, Serialize)]
pub(crate) struct Spark {
    pub svg: Svg,
}

/// A link that a user wrote: clickable only when it is an address of the web.
#[derive(Debug, Serialize)]
pub(crate) struct Outside {
    pub text: String,
    pub href: String,
}

impl Outside {
    pub(crate) fn new(text: &str, url: &str) -> Self {
        let plain = !url.chars().any(|c| c.is_control() || c.is_whitespace());
        let known = ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let text = if text.is_empty() { url } else { text };
        if plain && known {
            // The scheme in lower case, so that the link check knows it as external.
            let at = url.find(':').unwrap_or(0);
            Self { text: visible(text, 200), href: format!("{}{}", url[..at].to_ascii_lowercase(), &url[at..]) }
        } else {
            Self { text: visible(text, 200), href: String::new() }
        }
    }
}

/// A name and a text.
#[derive(Debug, Serialize)]
pub(crate) struct Pair {
    pub key: String,
    pub value: String,
    pub title: String,
}

impl Pair {
    pub(crate) fn new(key: &str, value: impl Into<String>) -> Self {
        Self { key: visible(key, 120), value: visible(&value.into(), 2_000), title: String::new() }
    }
}

/// Rendered Markdown of a user.
#[derive(Debug, Serialize)]
pub(crate) struct Prose {
    pub html: Html,
}

#[cfg(test)]
mod tests {
    use super::Outside;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for bad in
            ["javascript:alert(1)", "java\nscript:x", " https://x", "data:text/html,x", "//x.org", "file:///etc/passwd"]
        {
            assert_eq!(Outside::new("t", bad).href, "", "{bad}");
        }
        assert_eq!(Outside::new("", "HTTPS://x.org/A").href, "https://x.org/A");
    }
}

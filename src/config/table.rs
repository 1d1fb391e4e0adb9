//! `[source.table]`: which columns of a plain table are what, checked before any file is read.
//!
//! In: the table as typed. Out: a [`TableMapping`], or diagnostics with their lines: a key that the form of
//! the rows has no use for, a key that it needs, a value that is none.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Check, Span};
use crate::diag::{Code, visible};
use crate::model::{Finite, TableMapping, TableRows, Task};

type Column = Option<Spanned<String>>;

/// `[source.table]` as typed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTable {
    rows: Column,
    at: Column,
    model: Column,
    version: Column,
    run: Column,
    dataset: Column,
    split: Column,
    #[serde(default)]
    slice: Vec<Spanned<String>>,
    time: Column,
    step: Column,
    n: Column,
    metric: Column,
    value: Column,
    class: Column,
    stderr: Column,
    #[serde(default)]
    metrics: Vec<Spanned<String>>,
    #[serde(default)]
    params: Vec<Spanned<String>>,
    actual: Column,
    predicted: Column,
    score: Column,
    #[serde(default)]
    scores: BTreeMap<String, Spanned<String>>,
    positive: Column,
    threshold: Option<Spanned<f64>>,
    weight: Column,
    task: Column,
}

impl RawTable {
    /// The keys that were typed and are not for every form of rows, with their spans and their forms.
    fn typed(&self) -> Vec<(&'static str, Span, &'static [TableRows])> {
        const LONG: &[TableRows] = &[TableRows::Metrics];
        const VALUES: &[TableRows] = &[TableRows::Metrics, TableRows::Wide];
        const WIDE: &[TableRows] = &[TableRows::Wide];
        const EXAMPLES: &[TableRows] = &[TableRows::Predictions];
        let columns: [(&'static str, &Column, &'static [TableRows]); 12] = [
            ("step", &self.step, VALUES),
            ("n", &self.n, VALUES),
            ("metric", &self.metric, LONG),
            ("value", &self.value, LONG),
            ("class", &self.class, LONG),
            ("stderr", &self.stderr, LONG),
            ("actual", &self.actual, EXAMPLES),
            ("predicted", &self.predicted, EXAMPLES),
            ("score", &self.score, EXAMPLES),
            ("positive", &self.positive, EXAMPLES),
            ("weight", &self.weight, EXAMPLES),
            ("task", &self.task, EXAMPLES),
        ];
        let columns = columns.into_iter().filter_map(|(key, c, forms)| c.as_ref().map(|c| (key, c.span(), forms)));
        let lists = [("metrics", &self.metrics, WIDE), ("params", &self.params, WIDE)];
        let lists = lists.into_iter().filter_map(|(key, list, forms)| list.first().map(|c| (key, c.span(), forms)));
        let scores = self.scores.values().next().map(|c| ("scores", c.span(), EXAMPLES));
        let threshold = self.threshold.as_ref().map(|t| ("threshold", t.span(), EXAMPLES));
        columns.chain(lists).chain(scores).chain(threshold).collect()
    }
}

impl Check<'_> {
    /// Checks the table of a source; `kind` is the source's own.
    pub(super) fn table(
        &mut self,
        source: Span,
        kind: Option<&str>,
        raw: Option<Spanned<RawTable>>,
    ) -> Option<TableMapping> {
        let Some(raw) = raw else {
            if kind == Some("table") {
                self.refuse(
                    Code::ConfigMissingKey,
                    source,
                    "a table needs [source.table], which says what its columns are".to_owned(),
                    "this source",
                    "add [source.table] with rows = \"metrics\", metric = \"COLUMN\" and value = \"COLUMN\"",
                );
            }
            return None;
        };
        let (span, raw) = (raw.span(), raw.into_inner());
        if kind.is_some_and(|k| k != "table") {
            self.refuse(
                Code::ConfigValue,
                span.clone(),
                "[source.table] is for kind = \"table\"".to_owned(),
                "not for this kind",
                "remove it, or write kind = \"table\"",
            );
        }
        let rows = match &raw.rows {
            Some(typed) => self.one_of(Some(typed), &TableRows::ALL, "rows")?,
            None => TableRows::default(),
        };
        let form = TableRows::ALL.iter().find(|(_, r)| *r == rows).map_or("", |(name, _)| name);
        for (key, at, forms) in raw.typed() {
            if !forms.contains(&rows) {
                self.refuse(
                    Code::ConfigValue,
                    at,
                    format!("'{key}' says nothing where rows = \"{form}\""),
                    "not for this form of rows",
                    "remove it, or choose rows = \"metrics\", \"wide\" or \"predictions\"",
                );
            }
        }
        let guess = raw.predicted.is_some() || raw.score.is_some() || !raw.scores.is_empty();
        let needed: &[(&str, bool)] = match rows {
            TableRows::Metrics => &[("metric", raw.metric.is_some()), ("value", raw.value.is_some())],
            TableRows::Wide => &[],
            TableRows::Predictions => &[("actual", raw.actual.is_some()), ("predicted (or score, or scores)", guess)],
        };
        for (key, _) in needed.iter().filter(|(_, there)| !there) {
            self.refuse(
                Code::ConfigMissingKey,
                span.clone(),
                format!("rows = \"{form}\" needs the key {key}"),
                "this table",
                "name the column",
            );
        }
        let task = [("classification", Task::Classification), ("regression", Task::Regression)];
        let task = self.one_of(raw.task.as_ref(), &task, "task");
        if let Some(at) = raw.at.as_ref().filter(|at| !at.get_ref().is_empty() && !at.get_ref().starts_with('/')) {
            self.refuse(
                Code::ConfigValue,
                at.span(),
                "this is no JSON pointer".to_owned(),
                "begins without /",
                "write it as \"/results/rows\"",
            );
        }
        self.scores_fit(&raw, task);
        let name = |column: Column| column.map(Spanned::into_inner);
        let names = |columns: Vec<Spanned<String>>| columns.into_iter().map(Spanned::into_inner).collect();
        Some(TableMapping {
            rows,
            at: name(raw.at).unwrap_or_default(),
            model: name(raw.model),
            version: name(raw.version),
            run: name(raw.run),
            dataset: name(raw.dataset),
            split: name(raw.split),
            slice: names(raw.slice),
            time: name(raw.time),
            step: name(raw.step),
            n: name(raw.n),
            metric: name(raw.metric),
            value: name(raw.value),
            class: name(raw.class),
            stderr: name(raw.stderr),
            metrics: names(raw.metrics),
            params: names(raw.params),
            actual: name(raw.actual),
            predicted: name(raw.predicted),
            score: name(raw.score),
            scores: raw.scores.into_iter().map(|(class, column)| (class, column.into_inner())).collect(),
            positive: name(raw.positive),
            threshold: raw.threshold.and_then(|t| Finite::new(t.into_inner())),
            weight: name(raw.weight),
            task,
        })
    }

    /// Keys about scores that contradict each other.
    fn scores_fit(&mut self, raw: &RawTable, task: Option<Task>) {
        let mut wrong = |at: Span, text: &str, help: &str| {
            self.refuse(Code::ConfigValue, at, text.to_owned(), "this key", help);
        };
        if let (Some(score), false) = (&raw.score, raw.scores.is_empty()) {
            wrong(score.span(), "'score' and 'scores' are two ways to say the same", "keep one of them");
        }
        if let Some(threshold) = &raw.threshold {
            if raw.score.is_none() || raw.predicted.is_some() {
                let text = "'threshold' makes predictions of 'score' where there is no 'predicted'";
                wrong(threshold.span(), text, "remove it, or name the column of the score alone");
            } else if !threshold.get_ref().is_finite() {
                wrong(threshold.span(), "a threshold is a finite number", "write it as 0.5");
            } else if raw.positive.is_none() {
                let text = "'threshold' needs 'positive', the class that is predicted from it on";
                wrong(threshold.span(), text, "add positive = \"CLASS\"");
            }
        }
        if task == Some(Task::Regression) {
            let keys = [raw.score.as_ref(), raw.positive.as_ref(), raw.scores.values().next()];
            for key in keys.into_iter().flatten() {
                wrong(key.span(), "a regression has no classes and no scores of them", "remove it");
            }
            if let (None, Some(actual)) = (&raw.predicted, &raw.actual) {
                wrong(actual.span(), "a regression needs 'predicted'", "name the column of the predicted number");
            }
        }
    }

    fn one_of<T: Copy>(&mut self, typed: Option<&Spanned<String>>, known: &[(&str, T)], what: &str) -> Option<T> {
        let typed = typed?;
        let found = known.iter().find(|(name, _)| name == typed.get_ref()).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<String> = known.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            self.refuse(
                Code::ConfigValue,
                typed.span(),
                format!("'{}' is no value of '{what}'", visible(typed.get_ref(), 60)),
                "unknown",
                &format!("use {}", names.join(" or ")),
            );
        }
        found
    }
}

//! The drift rule's part of the policy.
//!
//! In: a rule's table. Out: [`DriftRule`], which always has something that can fail.

use serde::{Serialize, Serializer};

use crate::diag::Code;
use crate::gate::pattern::{Kind, Pattern};
use crate::gate::policy::reader::{Table, choose};
use crate::gate::policy::{read_pattern, read_patterns};
use crate::model::Method;

/// A rule of kind `drift`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftRule {
    /// Which reports, by path relative to the run's folder.
    pub report: Pattern,
    /// The method that every feature must have been judged by.
    #[serde(serialize_with = "method_name")]
    pub method: Option<Method>,
    /// The largest distance of a feature that counts as no drift.
    pub max_score: Option<f64>,
    /// The smallest p-value of a feature that counts as no drift.
    pub min_p: Option<f64>,
    /// The largest share of features that may drift.
    pub max_drifted_share: Option<f64>,
    /// Features that must be in every report and never drift.
    pub critical: Vec<String>,
    /// Features that are left out.
    pub exclude: Vec<Pattern>,
    /// How many features every report must judge.
    pub min_columns: Option<u64>,
    /// How many reports there must be.
    pub min_reports: Option<u64>,
    /// Reports that must be there.
    pub require: Vec<Pattern>,
}

fn method_name<S: Serializer>(method: &Option<Method>, serializer: S) -> Result<S::Ok, S::Error> {
    method.map(Method::as_str).serialize(serializer)
}

/// Methods whose tools commonly report a p-value.
pub(super) fn is_test(method: Method) -> bool {
    matches!(
        method,
        Method::Ks
            | Method::ChiSquare
            | Method::GTest
            | Method::ZTest
            | Method::AndersonDarling
            | Method::TTest
            | Method::MannWhitney
            | Method::CramerVonMises
            | Method::FisherExact
    )
}

/// Reads the keys of a drift rule; nothing when they cannot make one.
pub(crate) fn read(table: &Table<'_, '_>) -> Option<DriftRule> {
    let report = read_report(table);
    let words: Vec<(&str, Method)> = Method::ALL.iter().map(|m| (m.as_str(), *m)).collect();
    let method = table.text("method").and_then(|(text, at)| choose(table.sink, "'method'", (text, &at), &words));
    let max_score = table.amount("max_score").map(|(v, _)| v);
    let min_p = table.share("min_p");
    let max_drifted_share = table.share("max_drifted_share");
    let exclude = read_patterns(table, "exclude", Kind::Name);
    let mut critical = Vec::new();
    for (feature, at) in table.texts("critical").unwrap_or_default() {
        if exclude.iter().any(|e| e.matches(feature)) {
            table.sink.refuse(
                Code::PolicyRuleIncomplete,
                &at,
                "excluded as well",
                "a critical feature must not be excluded",
                "",
            );
        }
        critical.push(feature.to_owned());
    }
    let min_columns = table.count("min_columns").map(|(n, _)| n);
    let min_reports = table.count("min_reports").map(|(n, _)| n);
    let require = read_required(table, report.as_ref());
    if let (Some(_), Some((_, at))) = (max_score, &min_p) {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            at,
            "beside 'max_score'",
            "a rule judges scores or p-values, not both",
            "write two rules",
        );
    }
    if let (Some((share, at)), true) = (&max_drifted_share, critical.is_empty())
        && *share >= 1.0
    {
        table.sink.refuse(Code::ConfigValue, at, "allows everything", "a share of 1 can never fail", "");
    }
    if let Some((p, at)) = &min_p
        && *p <= 0.0
    {
        table.sink.refuse(Code::ConfigValue, at, "allows everything", "every p-value is at least 0", "");
    }
    let keys = ["max_score", "min_p", "max_drifted_share", "critical"];
    if keys.iter().all(|k| table.key_at(k).is_none()) {
        table.sink.refuse(
            Code::PolicyRuleIncomplete,
            &table.at,
            "no bound",
            "the rule demands nothing of its reports",
            "add max_score, min_p, max_drifted_share or critical",
        );
    }
    Some(DriftRule {
        report: report?,
        method,
        max_score,
        min_p: min_p.map(|(v, _)| v),
        max_drifted_share: max_drifted_share.map(|(v, _)| v),
        critical,
        exclude,
        min_columns,
        min_reports,
        require,
    })
}

/// The required `report` pattern.
pub(in crate::gate::rules) fn read_report(table: &Table<'_, '_>) -> Option<Pattern> {
    if table.key_at("report").is_none() {
        table.text("report");
        table.sink.refuse(
            Code::ConfigMissingKey,
            &table.at,
            "no 'report'",
            "the rule needs 'report'",
            "a path relative to the run's folder; * and ** are allowed",
        );
        return None;
    }
    let (text, at) = table.text("report")?;
    read_pattern(table, "report", text, &at, Kind::Path)
}

/// Files that must be there, each of which `report` must match.
pub(in crate::gate::rules) fn read_required(table: &Table<'_, '_>, report: Option<&Pattern>) -> Vec<Pattern> {
    let mut out = Vec::new();
    for (text, at) in table.texts("require").unwrap_or_default() {
        let Some(pattern) = read_pattern(table, "require", text, &at, Kind::Path) else { continue };
        if pattern.is_literal() && report.is_some_and(|r| !r.matches(text)) {
            table.sink.refuse(
                Code::ConfigValue,
                &at,
                "not matched by 'report'",
                "a required file must be one that the rule judges",
                "widen 'report', or correct the path",
            );
        }
        out.push(pattern);
    }
    out
}

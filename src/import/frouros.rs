//! frouros: results of its batch detectors, saved as JSON.
//!
//! frouros has no file format: its detectors return tuples. What is read is an object by feature, then
//! by the detector's class, then the tuple's fields: `{"age": {"KSTest": {"statistic": …, "p_value":
//! …}, "PSI": {"distance": …}}}`. Out: one drift report for each detector. frouros does not judge, so
//! that no feature has a flag: a rule with a bound does.

use super::findings::Findings;
use super::{Content, DocumentImporter, json};
use crate::diag::Code;
use crate::model::{Column, Datum, Document, DriftReport, FeatureDrift, Measured, Method, Window};

/// Results of frouros.
pub(crate) struct Frouros;

/// The classes of `frouros.detectors.data_drift.batch` and our methods.
const DETECTORS: &[(&str, Option<Method>)] = &[
    ("AndersonDarlingTest", Some(Method::AndersonDarling)),
    ("BWSTest", None),
    ("BhattacharyyaDistance", None),
    ("CVMTest", Some(Method::CramerVonMises)),
    ("ChiSquareTest", Some(Method::ChiSquare)),
    ("EMD", Some(Method::Wasserstein)),
    ("EnergyDistance", Some(Method::Energy)),
    ("HINormalizedComplement", None),
    ("HellingerDistance", Some(Method::Hellinger)),
    ("JS", Some(Method::JensenShannon)),
    ("KL", Some(Method::KlDivergence)),
    ("KSTest", Some(Method::Ks)),
    ("KuiperTest", None),
    ("MMD", Some(Method::Mmd)),
    ("MannWhitneyUTest", Some(Method::MannWhitney)),
    ("PSI", Some(Method::Psi)),
    ("WelchTTest", Some(Method::TTest)),
];

impl DocumentImporter for Frouros {
    fn kind(&self) -> &'static str {
        "frouros"
    }

    fn sniff(&self, content: &Content<'_>) -> bool {
        let known = |(name, result): &(String, Datum)| {
            DETECTORS.iter().any(|d| d.0 == name)
                && (result.get("distance").is_some() || result.get("statistic").is_some())
        };
        let feature =
            |(_, value): &(String, Datum)| value.entries().is_some_and(|d| !d.is_empty() && d.iter().all(known));
        content.json().and_then(Datum::entries).is_some_and(|e| !e.is_empty() && e.iter().all(feature))
    }

    fn read(&self, content: &Content<'_>) -> Document {
        let mut findings = Findings::new(&content.file.path);
        let mut document = Document::default();
        let features = content.json().and_then(Datum::entries).unwrap_or_default();
        for (detector, method) in DETECTORS {
            let found: Vec<FeatureDrift> = features
                .iter()
                .filter_map(|(name, value)| {
                    let result = value.get(detector)?;
                    let mut number = |key: &str| {
                        let mut at = String::new();
                        for token in [name, *detector, key] {
                            json::push_token(&mut at, token);
                        }
                        self::number(result.get(key)?, &at, &mut findings)
                    };
                    let p_value = number("p_value");
                    Some(FeatureDrift {
                        feature: name.clone(),
                        kind: String::new(),
                        method: *method,
                        method_label: (*detector).to_owned(),
                        score: number("statistic").or_else(|| number("distance")),
                        threshold: None,
                        p_value,
                        drifted: None,
                        distribution: None,
                        column: Column::default(),
                    })
                })
                .collect();
            if !found.is_empty() {
                document.drift.push(DriftReport {
                    id: format!("{}#{detector}", content.file.path),
                    run: None,
                    tool: "frouros".to_owned(),
                    reference: "reference data of the detector".to_owned(),
                    current: content.stem().to_owned(),
                    window: Window::default(),
                    drifted: None,
                    share_drifted: None,
                    share_threshold: None,
                    features: found,
                    source: findings.place(""),
                    beside: None,
                });
            }
        }
        document.problems = findings.finish();
        document
    }
}

/// A number; the names of the three that JSON cannot hold may stand as text, nothing else may.
fn number(value: &Datum, at: &str, findings: &mut Findings<'_>) -> Option<Measured> {
    if let Datum::Text(text) = value
        && let Some(number) = Measured::parse(text).filter(|n| n.finite().is_none())
    {
        return Some(number);
    }
    if matches!(value, Datum::Null) {
        findings.add(Code::FieldMissing, "the number is null", at);
    }
    findings.number(Some(value), at)
}

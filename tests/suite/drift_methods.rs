//! The methods of drift against reference values by scipy, numpy and Evidently: those of the repository, and all of
//! the corpus where that is there.

use std::collections::BTreeMap;

use presscheck::drift::anderson::anderson_darling;
use presscheck::drift::bins::{self, Rule};
use presscheck::drift::samples::{PValue, kolmogorov_smirnov, wasserstein, wasserstein_normed};
use presscheck::drift::shares::{
    Counted, Fill, hellinger, jensen_shannon, kullback_leibler, largest, of_categories, psi, total_variation,
};
use presscheck::drift::summary::{Categories, Numbers, Sample};
use presscheck::drift::{NotComputed, counts};
use serde_json::Value;

use crate::corpus;

/// A column: values of both sides as text, and the reference values.
struct Column {
    name: String,
    numeric: bool,
    sides: [Vec<Option<String>>; 2],
    truth: Value,
}

/// Name, whether it holds numbers, both sides, reference values.
pub(crate) type Known = (String, bool, [Vec<Option<String>>; 2], Value);

/// The columns of the repository's own fixture, for other tests.
pub(crate) fn columns() -> Vec<Known> {
    own().into_iter().map(|c| (c.name, c.numeric, c.sides, c.truth)).collect()
}

/// The columns of the repository's own fixture.
fn own() -> Vec<Column> {
    let all: Value = serde_json::from_str(include_str!("../fixtures/drift/truth.json")).unwrap();
    let side = |column: &Value, side: &str| -> Vec<Option<String>> {
        let text = |v: &Value| v.as_str().map(str::to_owned).or_else(|| v.as_f64().map(|n| n.to_string()));
        column[side].as_array().unwrap().iter().map(text).collect()
    };
    let kinds = [("numerical", true), ("categorical", false)];
    let columns = kinds.iter().flat_map(|(kind, numeric)| all[kind].as_object().unwrap().iter().map(|c| (*numeric, c)));
    columns
        .map(|(numeric, (name, column))| Column {
            name: name.clone(),
            numeric,
            sides: [side(column, "reference"), side(column, "current")],
            truth: column["truth"].clone(),
        })
        .collect()
}

/// The columns of the corpus; empty where it is not.
#[expect(clippy::disallowed_methods, reason = "the corpus lies outside every project")]
fn corpus_columns() -> Vec<Column> {
    let Some(root) = corpus::folder("drift/truth") else { return Vec::new() };
    let all: Value = serde_json::from_slice(&std::fs::read(root.join("truth.json")).unwrap()).unwrap();
    let files: BTreeMap<String, String> = serde_json::from_value(all["column_files"].clone()).unwrap();
    let read = |name: &str, side: &str| -> Vec<Option<String>> {
        let text = std::fs::read_to_string(root.join(format!("csv/{}.{side}.csv", files[name]))).unwrap();
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let cell = |r: csv::StringRecord| r.get(0).filter(|t| !t.is_empty()).map(str::to_owned);
        reader.records().map(|r| cell(r.unwrap())).collect()
    };
    let mut out = Vec::new();
    for (kind, numeric) in [("numerical", true), ("categorical", false)] {
        for (name, truth) in all[kind].as_object().unwrap() {
            let sides = [read(name, "ref"), read(name, "cur")];
            out.push(Column { name: name.clone(), numeric, sides, truth: truth.clone() });
        }
    }
    out
}

/// Within 1e-9 of the reference value, relative where that is large.
#[track_caller]
fn near(name: &str, what: &str, ours: f64, theirs: &Value) {
    let theirs = match theirs {
        Value::String(text) => text.parse().unwrap(),
        value => value.as_f64().unwrap_or_else(|| panic!("{name} {what}: {value}")),
    };
    let close = (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1.0) || ours == theirs;
    // Chances far below 1 are compared by their digits as well.
    let digits = theirs.abs() >= 1e-3 || theirs == 0.0 || (ours / theirs - 1.0).abs() < 1e-6 || !what.ends_with('p');
    assert!(close && digits, "{name} {what}: {ours} is not {theirs}");
}

fn samples(column: &Column) -> [Sample; 2] {
    [&column.sides[0], &column.sides[1]].map(|side| {
        let mut numbers = Numbers::default();
        numbers.add(side.iter().map(|v| v.as_ref().map(|text| text.parse().unwrap())));
        numbers.finish()
    })
}

fn numeric(column: &Column) {
    let (name, truth) = (column.name.as_str(), &column.truth);
    let [reference, current] = samples(column);
    let rows = reference.values().len() as u64 + reference.nulls() + reference.not_finite();
    assert_eq!(rows, truth["counts"]["reference_rows"].as_u64().unwrap(), "{name}");
    assert_eq!(reference.distinct() as u64, truth["counts"]["reference_distinct"].as_u64().unwrap(), "{name}");
    for (side, sample) in [("reference", &reference), ("current", &current)] {
        let described = &truth["describe"][side];
        near(name, "mean", sample.mean().unwrap(), &described["mean"]);
        near(name, "std", sample.population_std().unwrap(), &described["std_population"]);
        for (share, quantile) in described["quantiles"].as_object().unwrap() {
            near(name, share, sample.quantile(share.parse().unwrap()).unwrap(), quantile);
        }
    }
    for (how, key) in [(PValue::Exact, "exact"), (PValue::Asymptotic, "asymp"), (PValue::Auto, "auto")] {
        let tested = kolmogorov_smirnov(&reference, &current, how).unwrap();
        near(name, key, tested.statistic, &truth["ks"][key]["statistic"]);
        near(name, &format!("{key} p"), tested.p_value, &truth["ks"][key]["p_value"]);
    }
    near(name, "wasserstein", wasserstein(&reference, &current).unwrap(), &truth["wasserstein"]["raw"]);
    let normed = wasserstein_normed(&reference, &current).unwrap();
    near(name, "wasserstein normed", normed, &truth["evidently"]["wasserstein"]["score"]);

    match (anderson_darling(&reference, &current), &truth["anderson_ksamp"]) {
        (Ok(tested), theirs) => {
            near(name, "anderson", tested.statistic, &theirs["statistic"]);
            near(name, "anderson p", tested.p_value, &theirs["p_value"]);
        }
        (Err(why), _) => assert_eq!(why, NotComputed::Constant, "{name}"),
    }

    let whole = column.sides.iter().flatten().flatten().all(|text| !text.contains('.'));
    let counted = bins::count(Rule::Evidently { whole }, &reference, &current).unwrap();
    near(name, "evidently psi", psi(&counted, Fill::Evidently).unwrap(), &truth["evidently"]["psi"]["score"]);
    near(name, "evidently js", jensen_shannon(&counted).unwrap(), &truth["evidently"]["jensenshannon"]["score"]);
    let kl = kullback_leibler(&counted, Fill::Evidently).unwrap();
    near(name, "evidently kl", kl, &truth["evidently"]["kl_div"]["score"]);
    for n in [10, 20] {
        let wanted = &truth[format!("psi_quantile_{n}")];
        let counted = bins::count(Rule::Quantiles(n), &reference, &current).unwrap();
        if let Some(counts) = wanted["reference_counts"].as_array() {
            let side = |of: fn(&Counted) -> u64| counted.iter().map(of).collect::<Vec<u64>>();
            let theirs = |key: &str| -> Vec<u64> { serde_json::from_value(wanted[key].clone()).unwrap() };
            if counts.len() == counted.len() {
                assert_eq!(side(|c| c.reference), theirs("reference_counts"), "{name}");
                assert_eq!(side(|c| c.current), theirs("current_counts"), "{name}");
                near(name, "psi by quantiles", psi(&counted, Fill::Share(1e-4)).unwrap(), &wanted["psi"]);
            } else {
                // A first edge at the smallest value cuts off a bin of its own there; here it is no edge.
                assert!(counts.len() > counted.len(), "{name}: {wanted}");
            }
        }
    }
}

fn categorical(column: &Column) {
    let (name, truth) = (column.name.as_str(), &column.truth);
    let [reference, current] = [&column.sides[0], &column.sides[1]].map(|side| {
        let mut categories = Categories::default();
        categories.add(side.iter().map(Option::as_deref));
        categories
    });
    let (new, gone) = Categories::changes(&reference, &current);
    let list = |key: &str| -> Vec<String> { serde_json::from_value(truth[key].clone()).unwrap() };
    assert_eq!(
        (new, gone),
        (
            list("new_values").iter().map(String::as_str).collect(),
            list("missing_values").iter().map(String::as_str).collect()
        )
    );
    let counted = of_categories(&reference, &current);
    near(name, "total variation", total_variation(&counted).unwrap(), &truth["total_variation"]);
    near(name, "largest", largest(&counted).unwrap(), &truth["l_infinity"]);
    near(name, "hellinger", hellinger(&counted).unwrap(), &truth["hellinger"]);
    near(name, "js", jensen_shannon(&counted).unwrap(), &truth["js_distance"]["natural_log"]);
    near(name, "psi", psi(&counted, Fill::Evidently).unwrap(), &truth["evidently"]["psi"]["score"]);
    near(name, "kl", kullback_leibler(&counted, Fill::Evidently).unwrap(), &truth["evidently"]["kl_div"]["score"]);
    let Some(contingency) = truth.get("chi2_contingency") else {
        assert_eq!(counts::homogeneity(&counted), Err(NotComputed::Constant), "{name}");
        return;
    };
    let tested = counts::homogeneity(&counted).unwrap();
    near(name, "chi-square", tested.statistic, &contingency["statistic"]);
    near(name, "chi-square p", tested.p_value, &contingency["p_value"]);
    near(name, "V", counts::cramers_v(&counted).unwrap(), &truth["cramers_v"]);
    near(name, "corrected V", counts::cramers_v_corrected(&counted).unwrap(), &truth["cramers_v_bias_corrected"]);
    let fit = counts::goodness_of_fit(&counted).unwrap();
    near(name, "one-sample chi-square", fit.statistic, &truth["chisquare_one_sample"]["statistic"]);
    near(name, "one-sample chi-square p", fit.p_value, &truth["chisquare_one_sample"]["p_value"]);
    if let Some(z) = truth["evidently"].get("z").and_then(|z| z.get("score")) {
        near(name, "z p", counts::proportions(&counted).unwrap().p_value, z);
    }
}

#[test]
fn every_method_agrees_with_its_reference() {
    let mut seen = [0, 0];
    for column in own().into_iter().chain(corpus_columns()) {
        if column.numeric {
            numeric(&column)
        } else {
            categorical(&column)
        }
        seen[usize::from(column.numeric)] += 1;
    }
    assert!(seen[0] >= 4 && seen[1] >= 5, "{seen:?}");
}

/// The G-test is chi-square's sister: near it where counts are large, and 0 where the shares are the same.
#[test]
fn the_likelihood_ratio_is_near_chi_square() {
    let counted = |pairs: &[(u64, u64)]| {
        pairs
            .iter()
            .map(|(reference, current)| Counted { reference: *reference, current: *current })
            .collect::<Vec<_>>()
    };
    let table = counted(&[(5000, 5100), (3000, 2950), (2000, 1950)]);
    let (g, chi) = (counts::likelihood_ratio(&table).unwrap(), counts::homogeneity(&table).unwrap());
    assert!((g.statistic - chi.statistic).abs() < 0.01 && (g.p_value - chi.p_value).abs() < 0.005, "{g:?} {chi:?}");
    // scipy.stats.chi2_contingency([[12, 7, 1], [5, 9, 6]], correction=False, lambda_="log-likelihood")
    let small = counts::likelihood_ratio(&counted(&[(12, 5), (7, 9), (1, 6)])).unwrap();
    assert!(
        (small.statistic - 7.182_976_377_252_899).abs() < 1e-9
            && (small.p_value - 0.027_557_289_447_735_36).abs() < 1e-9,
        "{small:?}"
    );
    assert_eq!(counts::likelihood_ratio(&counted(&[(3, 3), (4, 4)])).unwrap().statistic, 0.0);
}

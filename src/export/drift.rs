//! A drift report as the native format writes it, without what says where it lies.
//!
//! In: a report. Out: the keys that `import/native` reads in a `presscheck.drift/1` file and in `records.json`.

use super::records::{count, finite, list, map, measured, opt, text_of, time, truth};
use crate::model::{
    Column, Datum, Distribution, DistributionSide, DriftReport, Duplicates, Finite, Performance, PerformanceSide,
    Profile, RowCount, SideUnit,
};

/// The keys of a report: tool, sides, window, shares and features.
pub(super) fn report(d: &DriftReport) -> Datum {
    let features = list(&d.features, |f| {
        map([
            ("feature", text_of(&f.feature)),
            ("kind", text_of(&f.kind)),
            ("method", opt(f.method.map(crate::model::Method::as_str))),
            ("method_label", text_of(&f.method_label)),
            ("score", measured(f.score)),
            ("threshold", finite(f.threshold)),
            ("p_value", measured(f.p_value)),
            ("drifted", truth(f.drifted)),
            ("distribution", f.distribution.as_ref().map_or(Datum::Null, distribution)),
            ("column", column(&f.column)),
        ])
    });
    let beside = d.beside.as_deref();
    map([
        ("tool", text_of(&d.tool)),
        ("reference", text_of(&d.reference)),
        ("current", text_of(&d.current)),
        ("window", some(map([("start", time(d.window.start)), ("end", time(d.window.end))]))),
        ("drifted", truth(d.drifted)),
        ("share_drifted", finite(d.share_drifted)),
        ("share_threshold", finite(d.share_threshold)),
        ("features", features),
        ("duplicates", beside.and_then(|b| b.duplicates.as_ref()).map_or(Datum::Null, duplicates)),
        ("performance", beside.and_then(|b| b.performance.as_ref()).map_or(Datum::Null, performance)),
        ("importances_from", opt(beside.and_then(|b| b.importances_from.as_deref()))),
    ])
}

fn performance(p: &Performance) -> Datum {
    let side = |side: Option<&PerformanceSide>| {
        let Some(s) = side else { return Datum::Null };
        map([
            ("labelled", count(Some(s.labelled))),
            ("unlabelled", count(Some(s.unlabelled))),
            ("unpredicted", count(Some(s.unpredicted))),
            (
                "metrics",
                list(&s.metrics, |m| {
                    map([
                        ("metric", text_of(&m.metric)),
                        ("value", finite(Some(m.value))),
                        ("low", finite(Some(m.low))),
                        ("high", finite(Some(m.high))),
                    ])
                }),
            ),
            ("not_computed", if s.not_computed.is_empty() { Datum::Null } else { texts(&s.not_computed) }),
        ])
    };
    map([
        ("prediction", text_of(&p.prediction)),
        ("target", text_of(&p.target)),
        ("task", text_of(p.task.as_str())),
        ("reference", side(p.reference.as_ref())),
        ("current", side(p.current.as_ref())),
        ("not_computed", opt(p.not_computed.as_deref())),
    ])
}

fn duplicates(d: &Duplicates) -> Datum {
    let side = |side: Option<RowCount>| {
        side.map_or(Datum::Null, |s| {
            map([("rows", count(Some(s.rows))), ("duplicates", count(Some(s.duplicates))), ("error", finite(s.error))])
        })
    };
    map([
        ("reference", side(d.reference)),
        ("current", side(d.current)),
        ("not_computed", opt(d.not_computed.as_deref())),
    ])
}

/// A map, or nothing where it holds nothing.
fn some(map: Datum) -> Datum {
    if map.entries().is_some_and(<[_]>::is_empty) { Datum::Null } else { map }
}

fn distribution(d: &Distribution) -> Datum {
    let unit = match d.unit {
        SideUnit::Count => "count",
        SideUnit::Density => "density",
        SideUnit::Share => "share",
    };
    let side = |s: &DistributionSide| match s {
        DistributionSide::Numeric { edges, heights } => map([("edges", numbers(edges)), ("heights", numbers(heights))]),
        DistributionSide::Categorical { categories, heights } => {
            map([("categories", texts(categories)), ("heights", numbers(heights))])
        }
    };
    map([("unit", text_of(unit)), ("reference", side(&d.reference)), ("current", side(&d.current))])
}

fn numbers(list_of: &[Finite]) -> Datum {
    list(list_of, |n| finite(Some(*n)))
}

fn texts(list_of: &[String]) -> Datum {
    list(list_of, |t| text_of(t))
}

fn column(c: &Column) -> Datum {
    let words = |list: &[String]| if list.is_empty() { Datum::Null } else { texts(list) };
    let effect = c.effect.as_ref();
    some(map([
        ("not_computed", opt(c.not_computed.as_deref())),
        ("approximate", opt(c.approximate.as_deref())),
        ("importance", finite(c.importance)),
        ("effect", effect.map_or(Datum::Null, |e| map([("name", text_of(&e.name)), ("value", finite(Some(e.value)))]))),
        ("reference", c.reference.as_ref().map_or(Datum::Null, profile)),
        ("current", c.current.as_ref().map_or(Datum::Null, profile)),
        ("new", words(&c.new)),
        ("vanished", words(&c.vanished)),
        ("quality", words(&c.quality)),
    ]))
}

fn profile(p: &Profile) -> Datum {
    let quantiles = list(&p.quantiles, |(share, value)| numbers(&[*share, *value]));
    map([
        ("rows", count(Some(p.rows))),
        ("missing", count(Some(p.missing))),
        ("not_finite", count(Some(p.not_finite))),
        ("distinct", count(p.distinct)),
        ("mean", finite(p.mean)),
        ("std", finite(p.std)),
        ("quantiles", if p.quantiles.is_empty() { Datum::Null } else { quantiles }),
    ])
}

//! Properties that hold for every chart, whatever the numbers and labels are.
//!
//! In: NaN, infinities, huge, tiny and equal numbers; control characters, markup and overrides in
//! labels. Out: well-formed XML, plain numbers in coordinates, no hang, no panic.

use proptest::prelude::*;

use super::*;

/// Any double, with the troublesome ones often.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1.0..2.0f64,
        2 => any::<f64>(),
        1 => proptest::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e308, -1e308, 1e300, 5e-324, -5e-324,
            f64::MIN_POSITIVE, 0.0, -0.0, 1e16, 1e16 + 4.0, 0.1 + 0.2,
        ]),
    ]
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z0-9.]{0,12}",
        1 => any::<String>(),
        1 => proptest::sample::select(vec!["\0\u{1b}[31m", "\u{FFFE}\u{202E}x", "</svg><script>alert(1)</script>", "\" onload=\"x", "&amp;", "数据漂移"]).prop_map(str::to_owned),
    ]
}

fn values() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        4 => proptest::collection::vec(value(), 0..40),
        1 => (value(), 0usize..60).prop_map(|(v, n)| vec![v; n]),
    ]
}

/// A tiny XML 1.0 check: balanced tags, quoted attributes, legal characters, plain coordinates.
fn check(svg: &str) -> Result<(), String> {
    if let Some(c) = svg.chars().find(|c| matches!(c, '\0'..='\u{1f}' | '\u{FFFE}' | '\u{FFFF}' | '\u{202E}')) {
        return Err(format!("illegal {c:?}"));
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        if text.contains('>') {
            return Err(format!("stray > in {text:?}"));
        }
        for entity in text.split('&').skip(1) {
            if !["amp;", "lt;", "gt;", "quot;"].iter().any(|e| entity.starts_with(e)) {
                return Err(format!("bare & in {text:?}"));
            }
        }
        let end = rest[start..].find('>').ok_or("unclosed tag")? + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes something else"));
            }
            continue;
        }
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |t| (t, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !["svg", "g", "path", "circle", "text", "title", "desc"].contains(&name) {
            return Err(format!("element {name}"));
        }
        let mut parts = attributes.split('"');
        while let Some(key) = parts.next().map(str::trim) {
            let Some(value) = parts.next() else {
                if key.is_empty() {
                    break;
                } else {
                    return Err(format!("attribute {key:?}"));
                }
            };
            let key = key.trim_end_matches('=');
            if matches!(key, "d" | "x" | "y" | "cx" | "cy" | "r")
                && !value.chars().all(|c| c.is_ascii_digit() || " .-Mmhvlz".contains(c))
            {
                return Err(format!("{key}={value}"));
            }
            if key == "style" || key.starts_with("on") || key == "href" {
                return Err(format!("attribute {key}"));
            }
        }
        if !empty {
            open.push(name);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("open: {open:?}")) }
}

fn sound(figure: Figure) -> Result<(), TestCaseError> {
    if let Err(e) = check(figure.svg.as_str()) {
        return Err(TestCaseError::fail(format!("{e}\n{}", figure.svg.as_str())));
    }
    prop_assert!(!figure.notes.iter().any(|n| n.contains("incomplete")), "{:?}", figure.notes);
    for row in &figure.table.rows {
        prop_assert_eq!(row.len(), figure.table.columns.len());
    }
    prop_assert!(figure.table.rows.len() <= MAX_TABLE_ROWS);
    Ok(())
}

fn heading(text: &str) -> Heading {
    Heading { id: text.to_owned(), title: text.to_owned(), about: None }
}

fn pairs(v: &[f64]) -> Vec<(f64, f64)> {
    v.iter().zip(v.iter().rev()).map(|(a, b)| (*a, *b)).collect()
}

proptest! {
    #[test]
    fn trends(v in values(), t in value(), l in label(), lines in 0usize..8) {
        let points: Vec<TrendPoint> = v.iter().zip(v.iter().rev()).map(|(a, b)| TrendPoint { value: Some(*a), interval: Some((*b, *a)), promoted: *a > 0.5 }).collect();
        sound(trend(&TrendSpec {
            heading: heading(&l), metric: l.clone(), place: "version".to_owned(),
            labels: vec![l.clone(); v.len()],
            series: vec![TrendSeries { name: l.clone(), points }; lines],
            interval_name: l.clone(),
            threshold: Some(Threshold { value: t, label: l.clone(), passes: Side::AtMost }),
            from_zero: t > 0.5,
            marks: vec![TrendMark { at: t, kind: MarkKind::Alarm, label: l }],
        }))?;
    }

    #[test]
    fn scores_and_sparklines(v in values(), t in value(), l in label()) {
        let values: Vec<Option<f64>> = v.iter().map(|v| Some(*v)).collect();
        sound(sparkline(&SparklineSpec { heading: heading(&l), values: values.clone(), extremes: true }))?;
        sound(score_over_time(&ScoreOverTimeSpec { heading: heading(&l), score: l.clone(), windows: vec![l.clone(); v.len()], values, threshold: Some((t, l)), quiet: None, alarm: Some(v.len() / 2) }))?;
    }

    #[test]
    fn many_steps(v in values(), l in label(), repeat in 1usize..40) {
        let points: Vec<(f64, f64)> = pairs(&v).into_iter().cycle().take(v.len() * repeat).collect();
        sound(series(&SeriesSpec { heading: heading(&l), metric: l.clone(), step: "step".to_owned(), series: vec![StepSeries { name: l.clone(), points, ..StepSeries::default() }; 2] }))?;
    }

    #[test]
    fn curves_and_calibration(v in values(), a in value(), l in label()) {
        for kind in [CurveKind::Roc, CurveKind::PrecisionRecall, CurveKind::Det] {
            sound(curve(&CurveSpec { heading: heading(&l), kind, curves: vec![Curve { name: l.clone(), points: pairs(&v), area: Some(a) }; 2], prevalence: Some(a) }))?;
        }
        let bins = pairs(&v).into_iter().map(|(p, o)| Bin { predicted: p, observed: o, interval: Some((o, p)), count: Some(a) }).collect();
        sound(calibration(&CalibrationSpec { heading: heading(&l), bins, summary: Some((l, a)) }))?;
    }

    #[test]
    fn matrices_and_heatmaps(v in values(), l in label(), rows in 0usize..6) {
        let n = v.len();
        sound(matrix(&MatrixSpec { heading: heading(&l), classes: vec![l.clone(); n], counts: vec![v.clone(); rows] }))?;
        let row: Vec<Cell> = v.iter().map(|r| Cell { ratio: Some(*r), drifted: *r > 1.0, label: l.clone(), ..Cell::default() }).collect();
        sound(heatmap(&HeatmapSpec { heading: heading(&l), features: vec![l.clone(); rows], windows: vec![l.clone(); n], cells: vec![row; rows], rows: vec![l; rows] }))?;
    }

    #[test]
    fn all_bars(v in values(), r in value(), l in label(), bar in any::<bool>()) {
        let list = v.iter().map(|x| Bar { label: l.clone(), value: Some(*x), interval: Some((*x, r)), flagged: *x > 0.5 }).collect();
        let mark = if bar { Mark::Bar } else { Mark::Point };
        sound(bars(&BarsSpec { heading: heading(&l), measure: l.clone(), mark, bars: list, reference: Some((r, l)) }))?;
    }

    #[test]
    fn histograms(edges in values(), counts in values(), l in label(), mixed in any::<bool>()) {
        let reference = Distribution::Numbers { edges: edges.clone(), counts: counts.clone() };
        let current = if mixed {
            Distribution::Categories(counts.iter().map(|c| (l.clone(), *c)).collect())
        } else {
            Distribution::Numbers { edges: counts, counts: edges }
        };
        sound(histogram(&HistogramSpec { heading: heading(&l), feature: l, reference, current }))?;
    }
}

#[test]
fn the_checker_sees_faults() {
    assert!(check("<svg><g></svg>").is_err());
    assert!(check("<svg><path d=\"MNaN 1\"/></svg>").is_err());
    assert!(check("<svg><text x=\"1\">a & b</text></svg>").is_err());
    assert!(check("<svg><text x=\"1\">a</text></svg>").is_ok());
}

/// Security case 12: a drift plot of troublesome numbers renders at once and says what is missing.
#[test]
fn drift_scores_of_any_kind_render() {
    let sets: [&[f64]; 6] = [
        &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY],
        &[0.2, 0.2, 0.2],
        &[-1e308, 1e308],
        &[5e-324, 1e-310],
        &[0.3],
        &[],
    ];
    for set in sets {
        let spec = ScoreOverTimeSpec {
            heading: heading("d"),
            score: "PSI".to_owned(),
            windows: (0..set.len()).map(|i| format!("w{i}")).collect(),
            values: set.iter().map(|v| Some(*v)).collect(),
            threshold: Some((f64::NAN, "none".to_owned())),
            quiet: None,
            alarm: None,
        };
        let figure = score_over_time(&spec);
        check(figure.svg.as_str()).unwrap();
        let lost = set.iter().filter(|v| guard::Finite::new(**v).is_none()).count();
        let told = figure.notes.iter().any(|n| n.starts_with(&format!("{lost} ")) && n.contains("(window"));
        assert_eq!(told, lost > 0, "{:?}", figure.notes);
        assert!(figure.notes.iter().any(|n| n == "1 non-finite bound is not drawn"));
    }
}

/// The whole markup of the smallest chart: what changes here changes every page.
#[test]
fn a_sparkline_byte_for_byte() {
    let figure = sparkline(&SparklineSpec {
        heading: heading("k"),
        values: vec![Some(1.0), Some(3.0), Some(2.0)],
        extremes: false,
    });
    let expected = concat!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot plot-sparkline\" width=\"120\" height=\"28\" ",
        "viewBox=\"0 0 120 28\" role=\"img\" aria-labelledby=\"k-t k-d\" font-size=\"11\" ",
        "font-family=\"system-ui,sans-serif\"><title id=\"k-t\">k</title>",
        "<desc id=\"k-d\">3 values from 1 to 2; lowest 1, highest 3.</desc>",
        "<path class=\"s1\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linejoin=\"round\" ",
        "stroke-linecap=\"round\" d=\"M3 23.9l56.5-19.9 56.4 9.9\"/>",
        "<g class=\"f1 dot\" fill=\"currentColor\"><circle cx=\"115.9\" cy=\"13.9\" r=\"2.5\"/></g></svg>",
    );
    assert_eq!(figure.svg.as_str(), expected);
}

/// A million steps are thinned, not drawn.
#[test]
fn a_million_points_are_thinned() {
    let points: Vec<(f64, f64)> = (0..1_000_000).map(|i| (f64::from(i), f64::from(i % 977))).collect();
    let figure = series(&SeriesSpec {
        heading: heading("m"),
        series: vec![StepSeries { name: "a".to_owned(), points, ..StepSeries::default() }],
        ..SeriesSpec::default()
    });
    assert!(figure.svg.as_str().len() < 9_000, "{}", figure.svg.as_str().len());
}

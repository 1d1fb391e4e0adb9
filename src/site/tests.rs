//! Tests of the whole site on records made by hand: hostile names, determinism, weight.

use std::collections::BTreeMap;

use super::*;
use crate::gate::verdict::{
    Candidate, Clock, Counts, Outcome, PolicyIdentity, RuleKind, RuleRecord, RuleSeverity, RuleSpan, SCHEMA, Status,
    Subject, Tool,
};
use crate::model::{
    Artifact, Card, Catalogue, Check, CheckStatus, Column, Curve, CurveKind, CurvePoint, Dataset, Datum, Distribution,
    DistributionSide, DriftReport, Evidence, FeatureDrift, Finite, Importance, ImportanceItem, Interval, Link, Matrix,
    Measured, MetricResult, ModelRecord, Pointer, Records, Rejected, Run, RunStatus, Section, Series, SideUnit,
    SourceSummary, VersionRecord, Window, assemble,
};

fn finite(v: f64) -> Finite {
    Finite::new(v).unwrap()
}

fn result(metric: &str, value: f64, dataset: &str) -> MetricResult {
    MetricResult {
        dataset: Some(dataset.to_owned()),
        n: Some(1000),
        ci: Some(Interval { lower: finite(0.8), upper: finite(0.95), level: finite(0.95) }),
        ..MetricResult::new(metric, value, Pointer::new("runs/x/metrics.json", "/0/value"))
    }
}

/// A run with every kind of content, its texts made from `text`.
fn run(id: &str, text: &str, shift: f64) -> Run {
    let source = Pointer::new(format!("runs/{text}"), text);
    let mut sliced = result("auc", 0.88 + shift, "test");
    sliced.slice.0.insert(text.to_owned(), text.to_owned());
    let mut of_class = result("recall", 0.7, "test");
    of_class.class = Some(text.to_owned());
    Run {
        id: id.to_owned(),
        source: "native".to_owned(),
        name: text.to_owned(),
        experiment: Some(text.to_owned()),
        status: RunStatus::Finished,
        description: Some(format!("{text}\n\n[x](javascript:alert(1)) <script>alert(1)</script>")),
        params: BTreeMap::from([(text.to_owned(), Datum::Text(text.to_owned())), ("depth".to_owned(), Datum::Int(3))]),
        tags: BTreeMap::from([(text.to_owned(), text.to_owned())]),
        system_tags: BTreeMap::from([(text.to_owned(), text.to_owned())]),
        results: vec![
            result("auc", 0.9 + shift, "test"),
            result("accuracy", f64::NAN, "test"),
            result(text, f64::INFINITY, text),
            sliced,
            of_class,
        ],
        rejected: vec![Rejected {
            metric: text.to_owned(),
            dataset: None,
            slice: crate::model::Slice::default(),
            class: None,
            found: format!("text \"{text}\""),
            source: source.clone(),
        }],
        series: vec![Series::new(
            text,
            (0..50)
                .map(|i| crate::model::Point { step: i, time: None, value: Measured::new(1.0 / (i + 1) as f64) })
                .collect(),
            source.clone(),
        )],
        curves: [CurveKind::Roc, CurveKind::PrecisionRecall, CurveKind::Calibration]
            .map(|kind| Curve {
                kind,
                name: text.to_owned(),
                dataset: None,
                points: (0..=50)
                    .map(|i| {
                        let x = f64::from(i) / 50.0;
                        CurvePoint { x: Measured::new(x), y: Measured::new(x.sqrt()), threshold: None, count: Some(10) }
                    })
                    .collect(),
                area: None,
                source: source.clone(),
            })
            .into(),
        matrices: vec![Matrix {
            name: text.to_owned(),
            dataset: None,
            labels: vec![text.to_owned(), "other".to_owned()],
            rows: vec![vec![Measured::new(9.0), Measured::new(1.0)], vec![Measured::new(2.0), Measured::new(8.0)]],
            source: source.clone(),
        }],
        importances: vec![Importance {
            name: text.to_owned(),
            items: vec![ImportanceItem { feature: text.to_owned(), mean: Measured::new(0.2), std: None }],
            source: source.clone(),
        }],
        datasets: vec![Dataset {
            name: "test".to_owned(),
            digest: Some(text.to_owned()),
            role: Some(text.to_owned()),
            rows: Some(12_345),
            uri: Some(text.to_owned()),
        }],
        artifacts: vec![Artifact {
            path: text.to_owned(),
            bytes: Some(1),
            sha256: Some(text.to_owned()),
            kind: Some(text.to_owned()),
            created: None,
        }],
        folder: format!("runs/{text}"),
        origin: source,
        ..Run::default()
    }
}

fn drift(run: Option<&str>, text: &str, day: u8) -> DriftReport {
    let side = |heights: [f64; 2]| DistributionSide::Categorical {
        categories: vec![text.to_owned(), "b".to_owned()],
        heights: heights.map(finite).into(),
    };
    DriftReport {
        id: format!("drift/{text}/{run:?}-{day}.json"),
        run: run.map(str::to_owned),
        tool: text.to_owned(),
        reference: text.to_owned(),
        current: text.to_owned(),
        window: Window { start: Instant::parse(&format!("2026-03-{day:02}")), end: None },
        drifted: Some(true),
        share_drifted: Some(finite(0.5)),
        share_threshold: Some(finite(0.3)),
        features: vec![FeatureDrift {
            feature: text.to_owned(),
            kind: text.to_owned(),
            method: None,
            method_label: text.to_owned(),
            score: Some(Measured::new(0.4)),
            threshold: Some(finite(0.2)),
            p_value: None,
            drifted: Some(true),
            distribution: Some(Distribution {
                unit: SideUnit::Count,
                reference: side([1.0, 2.0]),
                current: side([3.0, 1.0]),
            }),
            column: Column::default(),
        }],
        source: Pointer::new(format!("drift/{text}"), ""),
        beside: None,
    }
}

fn verdict(registry: &Registry, model: &str, version: &str, text: &str, stage: &str) -> Verdict {
    let found = registry.model(model).and_then(|m| m.version(version)).unwrap();
    let record = |id: &str, status| RuleRecord {
        id: id.to_owned(),
        check: RuleKind::Metric,
        severity: RuleSeverity::Block,
        status,
        reason: "below-bound".to_owned(),
        message: text.to_owned(),
        metric: Some("auc".to_owned()),
        dataset: Some(text.to_owned()),
        target: text.to_owned(),
        value: Some(Measured::new(0.900_004)),
        op: Some(">=".to_owned()),
        bound: Some(Measured::new(0.9)),
        margin: Some(Measured::new(0.000_004)),
        n: Some(10),
        interval: None,
        baseline: None,
        family: None,
        waiver: None,
        source: Some(text.to_owned()),
        why: Some(text.to_owned()),
        span: RuleSpan { file: text.to_owned(), line: 1, col: 1, end_line: 1 },
    };
    Verdict {
        schema: SCHEMA,
        tool: Tool { name: "presscheck".to_owned(), version: text.to_owned() },
        evaluated_at: Instant::from_seconds(0).unwrap(),
        clock: Clock::AsOf,
        provenance: None,
        proposed: None,
        stage: stage.to_owned(),
        verdict: Outcome::Blocked,
        exit_code: 1,
        sentence: text.to_owned(),
        subject: Subject {
            name: found.selector(),
            model: model.to_owned(),
            version: version.to_owned(),
            digest: found.digest,
            artifact: found.digest,
            data: vec![text.to_owned()],
        },
        policy: PolicyIdentity {
            name: text.to_owned(),
            digest: found.digest,
            files: Vec::new(),
            trusted_ref: Some(text.to_owned()),
        },
        candidate: Candidate { run: Some(text.to_owned()), digest: found.digest },
        baselines: Vec::new(),
        rules: vec![record(text, Status::Fail), record("quiet", Status::Pass)],
        approvals: Vec::new(),
        not_counted: Vec::new(),
        waivers: Vec::new(),
        counts: Counts { fail: 1, pass: 1, ..Counts::default() },
        evidence: vec![Evidence { path: text.to_owned(), sha256: found.digest, bytes: 5 }],
    }
}

type Verdicts = BTreeMap<(String, String), Vec<Verdict>>;

/// A site in which every text that a user controls is `text`, and models have these names.
fn site(names: &[&str], text: &str) -> (Registry, Verdicts, SiteOptions) {
    let mut records = Records {
        sources: vec![SourceSummary { kind: text.to_owned(), path: text.to_owned(), runs: 1, files: 1, bytes: 1 }],
        unrecognised: vec![text.to_owned()],
        problems: vec![Diagnostic::new(Code::JsonSyntax, text).at(text).pointer(text).help(text)],
        evidence: vec![Evidence { path: text.to_owned(), sha256: Sha256::of(b"x"), bytes: 1 }],
        ..Records::default()
    };
    for (m, name) in names.iter().enumerate() {
        let mut versions = Vec::new();
        for (v, version) in ["1.0.0", text].iter().enumerate() {
            let id = format!("{name}/{version}/{m}");
            #[expect(clippy::cast_precision_loss, reason = "small")]
            records.runs.push(run(&id, text, v as f64 * 0.01));
            records.drift.push(drift(Some(&id), text, 1));
            records.drift.push(drift(Some(&id), text, 2));
            records.checks.push(Check {
                id: format!("{id}-check"),
                run: Some(id.clone()),
                suite: text.to_owned(),
                name: text.to_owned(),
                status: CheckStatus::Fail,
                message: text.to_owned(),
                source: Pointer::default(),
            });
            versions.push(VersionRecord {
                version: (*version).to_owned(),
                run: Some(id),
                aliases: vec![format!("{text}-{v}")],
                stage: Some(text.to_owned()),
                description: Some(text.to_owned()),
                tags: BTreeMap::from([(text.to_owned(), text.to_owned())]),
                created_at: Instant::from_seconds(1_700_000_000),
                ..VersionRecord::default()
            });
        }
        records.cards.push(Card {
            path: format!("card-{m}.md"),
            model: Some((*name).to_owned()),
            version: None,
            metadata: Datum::Map(vec![(text.to_owned(), Datum::Text(text.to_owned()))]),
            sections: vec![Section {
                id: crate::model::slug_id(text),
                title: text.to_owned(),
                level: 2,
                markdown: format!(
                    "{text}\n\n<img src=x onerror=alert(1)><svg onload=alert(1)>\n\n[l](javascript:alert(1))"
                ),
                words: 9,
            }],
            results: Vec::new(),
        });
        records.models.push(ModelRecord {
            name: (*name).to_owned(),
            title: Some(text.to_owned()),
            description: Some(text.to_owned()),
            owners: vec![text.to_owned()],
            tags: BTreeMap::from([(text.to_owned(), text.to_owned())]),
            links: vec![Link { title: text.to_owned(), url: format!("javascript:{text}") }],
            aliases: BTreeMap::from([("champion".to_owned(), "1.0.0".to_owned())]),
            versions,
            ..ModelRecord::default()
        });
    }
    records.runs.push(run(text, text, 0.0));
    records.runs.push(Run { parent: Some(text.to_owned()), ..run("child", text, 0.0) });
    records.drift.push(drift(None, text, 1));
    let registry = assemble(records, Catalogue::built_in(), &[]);
    let mut verdicts = BTreeMap::new();
    for name in names {
        for version in ["1.0.0", text] {
            let list = ["staging", text].map(|stage| verdict(&registry, name, version, text, stage)).into();
            verdicts.insert(((*name).to_owned(), version.to_owned()), list);
        }
    }
    let options = SiteOptions {
        title: text.to_owned(),
        footer: Some(text.to_owned()),
        generator: "presscheck".to_owned(),
        base_url: Some("https://x.example/models".to_owned()),
        data_as_of: Instant::from_seconds(0),
        ..SiteOptions::default()
    };
    (registry, verdicts, options)
}

fn rendered((registry, verdicts, options): &(Registry, Verdicts, SiteOptions)) -> Vec<(String, Vec<u8>)> {
    let policy = PolicyText {
        name: options.title.clone(),
        digest: Sha256::of(b""),
        rules: vec![(options.title.clone(), options.title.clone())],
    };
    let input = SiteInput { registry, verdicts, history: &History::default(), policy: Some(policy), options };
    match render(&input, &|_, _| {}) {
        Ok(files) => files,
        Err(found) => panic!("{:#?}", found.iter().take(5).collect::<Vec<_>>()),
    }
}

const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "'><img src=x onerror=alert(1)>",
    "../../etc/x\0\u{1b}[31m\u{202e}",
    "{{ site.title }}{% raw %}",
    "]]></style><!-- -->",
];

#[test]
fn hostile_text_is_text_on_every_page() {
    for text in HOSTILE {
        let files = rendered(&site(&["a", text], text));
        let kinds = [
            "index.html",
            "404.html",
            "problems.html",
            "about.html",
            "drift.html",
            "experiments/index.html",
            "leaderboards/index.html",
        ];
        for kind in kinds {
            assert!(files.iter().any(|f| f.0 == kind), "{kind}");
        }
        for (path, bytes) in &files {
            assert!(!path.contains("..") && path.is_ascii() && !path.contains('\\'), "{path}");
            assert!(path.split('/').all(|p| p == ".nojekyll" || !p.starts_with(['.', '_'])), "{path}");
            if !path.ends_with(".html") {
                continue;
            }
            // The search page asks for a file of ours; what it says of it holds nothing of the user's.
            let html = std::str::from_utf8(bytes).unwrap();
            let ours =
                html.split_once("<script src=\"assets/search.").and_then(|(_, rest)| rest.get(..8)).map(|digest| {
                    assert!(
                        path.starts_with("search") && digest.bytes().all(|b| b.is_ascii_hexdigit()),
                        "{path}: {digest}"
                    );
                    format!("<script src=\"assets/search.{digest}.js\" defer></script>")
                });
            let html = &ours.map_or_else(|| html.to_owned(), |ours| html.replacen(&ours, "", 1));
            for bad in ["<script", "<img", "<iframe", "javascript:alert(1)\"", "style=\"", "{{ ", "\0", "\u{1b}"] {
                // Text that names a template is shown as it is, not evaluated.
                if bad == "{{ " && text.contains("{{") {
                    continue;
                }
                assert!(!html.contains(bad), "{path} holds {bad:?} for {text:?}: {}", around(html, bad));
            }
            assert_eq!(attributes(html).find(|a| a.starts_with("on") && !a.starts_with("on\"")), None, "{path}");
            let head = html.find("<head>").unwrap();
            assert!(
                html[head + 6..].trim_start().starts_with("<meta http-equiv=\"Content-Security-Policy\""),
                "{path}"
            );
        }
    }
}

#[test]
fn ids_are_unique_and_labels_lead_to_them() {
    for (path, bytes) in rendered(&site(&["a"], "text")).iter().filter(|f| f.0.ends_with(".html")) {
        let html = std::str::from_utf8(bytes).unwrap();
        let values = |name: &str| -> Vec<&str> {
            html.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
        };
        let ids = values("id");
        let distinct: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), distinct.len(), "{path}: {ids:?}");
        for label in values("aria-labelledby").iter().chain(&values("aria-describedby")).flat_map(|v| v.split(' ')) {
            assert!(distinct.contains(label), "{path}: no element has the id {label}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{path}");
        let mut last = 1;
        for level in html.split("<h").skip(1).filter_map(|h| h.chars().next()).filter_map(|c| c.to_digit(10)) {
            assert!(level <= last + 1, "{path}: h{last} is followed by h{level}");
            last = level;
        }
    }
}

fn around<'a>(html: &'a str, what: &str) -> &'a str {
    let at = html.find(what).unwrap_or(0);
    &html[html.floor_char_boundary(at.saturating_sub(120))..html.ceil_char_boundary((at + 80).min(html.len()))]
}

/// Attribute names inside tags.
fn attributes(html: &str) -> impl Iterator<Item = &str> {
    html.split('<').skip(1).filter_map(|t| t.split_once('>')).flat_map(|(tag, _)| {
        // Values are quoted: every other part between quotes is outside of them.
        tag.split('"')
            .step_by(2)
            .flat_map(|outside| outside.split_whitespace().skip(usize::from(!outside.starts_with(' '))))
    })
}

#[test]
fn names_that_differ_little_get_pages_of_their_own() {
    let files = rendered(&site(&["Churn", "churn", "CHURN", "chürn", "con", "churn-0123abcd"], "v"));
    let models = files.iter().filter(|f| f.0.starts_with("models/") && f.0.ends_with("/index.html")).count();
    assert_eq!(models, 6);
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let site = site(&["a", "b", "c"], "text");
    let with = |threads: usize| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| rendered(&site))
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn paths_are_sorted_and_data_stands_beside_pages() {
    let files = rendered(&site(&["a"], "text"));
    assert!(files.is_sorted_by(|a, b| a.0 < b.0));
    for path in [
        ".nojekyll",
        "sitemap.xml",
        "data/index.json",
        "data/models/a.json",
        "data/verdicts/a/1.0.0/staging.json",
        "models/a/1.0.0-drift.html",
    ] {
        assert!(files.iter().any(|f| f.0 == path), "{path}");
    }
    for (path, bytes) in files.iter().filter(|f| f.0.ends_with(".json")) {
        assert!(serde_json::from_slice::<serde_json::Value>(bytes).is_ok(), "{path}");
    }
}

#[test]
fn an_empty_registry_makes_a_site() {
    let files = rendered(&(
        Registry::default(),
        BTreeMap::new(),
        SiteOptions { title: "Empty".to_owned(), ..SiteOptions::default() },
    ));
    let home = files.iter().find(|f| f.0 == "index.html").unwrap();
    assert!(String::from_utf8_lossy(&home.1).contains("No model was read"));
    assert!(!files.iter().any(|f| f.0 == "sitemap.xml"));
}

#[test]
fn a_version_page_with_six_charts_is_light() {
    let files = rendered(&site(&["a"], "text"));
    for (path, bytes) in files.iter().filter(|f| f.0.starts_with("models/a/1.0.0")) {
        assert!(bytes.len() <= 60_000, "{path}: {} bytes", bytes.len());
        let charts = String::from_utf8_lossy(bytes).matches("<figure>").count();
        assert!(path != "models/a/1.0.0.html" || charts >= 6, "{charts} charts");
    }
}

#[test]
fn users_replace_templates_and_style() {
    let mut project = site(&["a"], "text");
    project.2.overrides = BTreeMap::from([
        ("pages/about.html".to_owned(), b"{% extends \"base.html\" %}{% block content %}<h1>Ours</h1><script>1</script>{{ page.title }}{% endblock content %}".to_vec()),
        ("assets/site.css".to_owned(), b"body{}".to_vec()),
        ("components/badge.html".to_owned(), TEMPLATES.iter().find(|t| t.0 == "components/badge.html").unwrap().1.replace("class=\"badge ", "class=\"chip ").into_bytes()),
    ]);
    let files = rendered(&project);
    let text = |path: &str| String::from_utf8(files.iter().find(|f| f.0 == path).unwrap().1.clone()).unwrap();
    assert!(text("about.html").contains("<h1>Ours</h1>"));
    assert!(text("index.html").contains("class=\"chip "));
    assert!(files.iter().any(|f| f.0.starts_with("assets/site.") && f.1 == b"body{}"));
}

#[test]
fn a_broken_template_says_where() {
    let mut project = site(&["a"], "text");
    let mut found = |source: &str| {
        project.2.overrides = BTreeMap::from([("pages/about.html".to_owned(), source.as_bytes().to_vec())]);
        let input = SiteInput {
            registry: &project.0,
            verdicts: &project.1,
            history: &History::default(),
            policy: None,
            options: &project.2,
        };
        render(&input, &|_, _| {}).unwrap_err()
    };
    for (source, line) in [("\n{% if %}", Some(2)), ("a\nb\n{{ nothing }}", Some(3))] {
        let problems = found(source);
        assert_eq!(problems[0].code, Code::TemplateError);
        assert_eq!(
            (problems[0].path.as_deref(), problems[0].line),
            (Some("pages/about.html"), line),
            "{:?}",
            problems[0]
        );
    }
    let problems = found("<a href=\"gone.html\">x</a>");
    assert_eq!((problems.len(), problems[0].code), (1, Code::LinkBroken));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "compares the table with the folder")]
fn the_table_of_templates_is_the_folder() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut names = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                TEMPLATES.iter().find(|t| t.0 == name).unwrap().1,
                "{name}"
            );
            names.push(name);
        }
    }
    names.sort();
    assert_eq!(names, TEMPLATES.iter().map(|t| t.0).collect::<Vec<_>>());
}

#[test]
fn markup_goes_out_unescaped_in_one_place() {
    for (name, text) in TEMPLATES {
        assert!(text.starts_with("{#-"), "{name} has no context comment");
        let expected = usize::from(*name == "components/trusted.html");
        assert_eq!(text.matches("| safe").count() + text.matches("|safe").count(), expected, "{name}");
        // What is trusted is a field of the Svg or Html types.
        for part in text.split("<trusted html={").skip(1) {
            let field = part.split('}').next().unwrap();
            assert!(field.ends_with(".svg") || field.ends_with(".html"), "{name}: {field}");
        }
    }
}

#[test]
fn patterns_match_names() {
    for (pattern, name, fits) in [
        ("*", "", true),
        ("churn*", "churn-v2", true),
        ("c?n", "con", true),
        ("c?n", "coin", false),
        ("*-eu", "x-eu-eu", true),
        ("a*b", "ac", false),
    ] {
        assert_eq!(glob(pattern, name), fits, "{pattern} {name}");
    }
}

/// `cargo test --release --lib site::tests::throughput -- --ignored --nocapture`
#[test]
#[ignore = "timing: run in a release build on a quiet machine"]
#[expect(clippy::disallowed_macros, reason = "prints what it measured")]
fn throughput() {
    let mut records = Records::default();
    for m in 0..20 {
        let mut versions = Vec::new();
        for v in 0..100 {
            let id = format!("m{m}/{v}");
            records.runs.push(run(&id, "text", f64::from(v) * 1e-4));
            versions.push(VersionRecord { version: format!("1.{v}.0"), run: Some(id), ..VersionRecord::default() });
        }
        records.models.push(ModelRecord { name: format!("m{m}"), versions, ..ModelRecord::default() });
    }
    let project = (
        assemble(records, Catalogue::built_in(), &[]),
        BTreeMap::new(),
        SiteOptions { title: "T".to_owned(), ..SiteOptions::default() },
    );
    for _ in 0..3 {
        let start = std::time::Instant::now();
        let files = rendered(&project);
        let took = start.elapsed().as_secs_f64();
        let bytes: usize = files.iter().map(|f| f.1.len()).sum();
        eprintln!("{} files, {bytes} bytes in {took:.2} s: {:.0} version pages/s", files.len(), 2000.0 / took);
    }
}

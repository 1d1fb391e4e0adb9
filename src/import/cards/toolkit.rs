//! Model Card Toolkit and VerifyML: one tree of fields, written as JSON or as protocol buffers.
//!
//! In: a card of the toolkit's schema 0.0.1 or 0.0.2, or of VerifyML's 0.0.3 and 0.0.4, which adds
//! reports on explainability and fairness, and tests. Out: a `Card`, and a check per test. Which
//! schema it is shows in the shape of each field: `schema_version` does not always tell. Numbers of
//! the later schemas are text by definition. Images are named, not kept.

use super::outline::{At, Outline, address, bullets, claims_table, figures, labelled, number, paragraphs, table};
use crate::diag::Code;
use crate::model::{Check, CheckStatus, Datum, Document, Pointer};

/// Top-level parts of a card.
const PARTS: &[&str] = &[
    "model_details",
    "model_parameters",
    "quantitative_analysis",
    "considerations",
    "explainability_analysis",
    "fairness_analysis",
];

/// Whether a tree is such a card.
pub(super) fn is_card(tree: &Datum) -> bool {
    let map = |key: &str| tree.get(key).is_some_and(|part| part.entries().is_some());
    if tree.get("$schema").is_some() || tree.get("properties").is_some() {
        return false;
    }
    let details = tree.get("model_details").is_some_and(|details| {
        ["name", "overview", "owners", "version", "documentation"].iter().any(|key| details.get(key).is_some())
    });
    let parts = PARTS.iter().filter(|part| map(part)).count();
    details || (parts >= 2 && map("model_details")) || (parts >= 1 && tree.get("schema_version").is_some())
}

/// Whether a card uses what only VerifyML has.
pub(super) fn is_verifyml(tree: &Datum) -> bool {
    let any = |list: Option<&Datum>, key: &str| {
        list.and_then(Datum::items).is_some_and(|items| items.iter().any(|item| item.get(key).is_some()))
    };
    let details = tree.get("model_details");
    tree.get("explainability_analysis").is_some()
        || tree.get("fairness_analysis").is_some()
        || details.is_some_and(|d| d.get("regulatory_requirements").is_some())
        || any(details.and_then(|d| d.get("owners")), "role")
        || any(tree.get("quantitative_analysis").and_then(|q| q.get("performance_metrics")), "tests")
}

/// Reads a card.
pub(super) fn read(path: &str, tree: &Datum) -> Document {
    let verifyml = is_verifyml(tree);
    let mut reader = Reader {
        path,
        out: Outline::new(path, if verifyml { "VerifyML" } else { "Model Card Toolkit" }),
        checks: Vec::new(),
    };
    let root = At::root(tree);
    reader.schema(&root);
    let (model, version) = reader.details(&root);
    reader.parameters(&root);
    reader.analysis(&root);
    reader.reports(&root);
    reader.considerations(&root);
    let mut document = Document { checks: reader.checks, ..Document::default() };
    reader.out.names(model.clone(), version.clone());
    if !document.checks.is_empty() {
        document.run.model = model;
        document.run.version = version;
        document.standalone = true;
    }
    let (card, problems) = reader.out.finish(&root);
    document.cards.push(card);
    document.problems = problems;
    document
}

struct Reader<'a> {
    path: &'a str,
    out: Outline<'a>,
    checks: Vec<Check>,
}

impl Reader<'_> {
    fn schema(&mut self, root: &At<'_>) {
        if let Some(version) = self.out.text(root, "schema_version") {
            if !matches!(version.as_str(), "0.0.1" | "0.0.2" | "0.0.3" | "0.0.4") {
                let message = format!(
                    "the card's schema version '{}' is not known; what has a known name is read",
                    crate::diag::visible(&version, 40)
                );
                self.out.problem(Code::FormatVersion, "/schema_version", message, "0.0.1 to 0.0.4 are known");
            }
            self.out.fact("schema_version", version);
        }
    }

    fn details(&mut self, root: &At<'_>) -> (Option<String>, Option<String>) {
        let out = &mut self.out;
        let Some(details) = out.map(root, "model_details") else { return (None, None) };
        let name = out.text(&details, "name");
        let overview = out.text(&details, "overview");
        let documentation = out.text(&details, "documentation");
        out.section("Overview", paragraphs([overview.as_deref(), documentation.as_deref()]));
        let mut owners = Vec::new();
        for owner in out.list(&details, "owners") {
            if owner.value.entries().is_none() {
                owners.extend(out.own_text(&owner));
                continue;
            }
            let name = out.text(&owner, "name");
            let role = out.text(&owner, "role").map(|role| format!("({role})"));
            let contact = out.text(&owner, "contact").map(|contact| format!("<{contact}>"));
            let shown: Vec<String> = [name, role, contact].into_iter().flatten().collect();
            owners.push(shown.join(" "));
        }
        owners.retain(|owner| !owner.is_empty());
        out.fact_of("owners", owners);
        let mut version = None;
        match out.get(&details, "version") {
            Some(at) if at.value.entries().is_some() => {
                version = out.text(&at, "name");
                // The first examples of the toolkit spell it `data`.
                if let Some(date) = out.text(&at, "date").or_else(|| out.text(&at, "data")) {
                    out.fact("version_date", date);
                }
                if let Some(diff) = out.text(&at, "diff") {
                    out.section("Changes", diff);
                }
            }
            Some(at) => version = out.own_text(&at),
            None => {}
        }
        if let Some(version) = &version {
            out.fact("version", version.clone());
        }
        self.licenses(&details);
        let out = &mut self.out;
        if let Some(path) = out.text(&details, "path") {
            out.fact("model_path", path);
        }
        let mut requirements = out.texts(&details, "regulatory_requirements", "regulation");
        requirements.retain(|r| !r.is_empty());
        out.section("Regulatory requirements", bullets(&requirements));
        let references: Vec<String> =
            out.texts(&details, "references", "reference").iter().map(|text| address(text)).collect();
        out.section("References", bullets(&references));
        let mut citations = Vec::new();
        for key in ["citation", "citations"] {
            match out.get(&details, key) {
                Some(at) if at.value.items().is_none() && at.value.entries().is_none() => {
                    citations.extend(out.own_text(&at));
                }
                Some(_) => {
                    for item in out.list(&details, key) {
                        if item.value.entries().is_none() {
                            citations.extend(out.own_text(&item));
                            continue;
                        }
                        let style = out.text(&item, "style");
                        if let Some(text) = out.text(&item, "citation") {
                            citations.push(style.map_or(text.clone(), |style| format!("{text} ({style})")));
                        }
                    }
                }
                None => {}
            }
        }
        let citations: Vec<String> = citations.iter().map(|text| address(text)).collect();
        out.section("Citation", if let [one] = citations.as_slice() { one.clone() } else { bullets(&citations) });
        (name, version)
    }

    /// `license` is text in 0.0.1; later a list of identifiers and of texts in full.
    fn licenses(&mut self, details: &At<'_>) {
        let out = &mut self.out;
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        let mut licenses = match out.get(details, "license") {
            Some(one) if one.value.items().is_none() => vec![one],
            Some(_) => out.list(details, "license"),
            None => Vec::new(),
        };
        licenses.extend(out.list(details, "licenses"));
        for license in licenses {
            if license.value.entries().is_none() {
                names.extend(out.own_text(&license));
                continue;
            }
            names.extend(out.text(&license, "identifier"));
            match out.text(&license, "custom_text") {
                Some(text) if text.contains('\n') || text.len() > 80 => {
                    names.push("custom".to_owned());
                    texts.push(text);
                }
                other => names.extend(other),
            }
        }
        out.fact_of("license", names);
        out.section("License", texts.join("\n\n"));
    }

    fn parameters(&mut self, root: &At<'_>) {
        let out = &mut self.out;
        let Some(parameters) = out.map(root, "model_parameters") else { return };
        let architecture = out.text(&parameters, "model_architecture").unwrap_or_default();
        out.section("Model architecture", architecture);
        let mut formats = Vec::new();
        for (title, plain, mapped) in
            [("Input", "input_format", "input_format_map"), ("Output", "output_format", "output_format_map")]
        {
            formats.extend(out.text(&parameters, plain).map(|text| labelled(title, &text)));
            let rows: Vec<Vec<String>> = out
                .list(&parameters, mapped)
                .iter()
                .map(|pair| {
                    vec![out.text(pair, "key").unwrap_or_default(), out.text(pair, "value").unwrap_or_default()]
                })
                .collect();
            formats.push(table(&[title, "Format"], &rows));
        }
        formats.retain(|text| !text.is_empty());
        out.section("Inputs and outputs", formats.join("\n\n"));
        self.datasets(&parameters);
    }

    /// `data` is a map of `train` and `eval` in 0.0.1, a list of named datasets later.
    fn datasets(&mut self, parameters: &At<'_>) {
        let Some(data) = self.out.get(parameters, "data") else { return };
        let mut by_role: [Vec<String>; 3] = Default::default();
        if data.value.items().is_some() {
            for item in self.out.list(parameters, "data") {
                let role = item.value.get("name").and_then(Datum::as_str).map_or(2, role);
                by_role[role].push(self.dataset(&item));
            }
        } else if data.value.get("train").is_some() || data.value.get("eval").is_some() {
            for (role, key) in ["train", "eval"].into_iter().enumerate() {
                if let Some(item) = self.out.map(&data, key) {
                    by_role[role].push(self.dataset(&item));
                }
            }
        } else if data.value.entries().is_some_and(|entries| !entries.is_empty()) {
            by_role[2].push(self.dataset(&data));
        }
        for (title, mut texts) in ["Training data", "Evaluation data", "Data"].into_iter().zip(by_role) {
            texts.retain(|text| !text.is_empty());
            self.out.section(title, texts.join("\n\n"));
        }
    }

    fn dataset(&mut self, at: &At<'_>) -> String {
        let out = &mut self.out;
        let mut lines = Vec::new();
        let description = out.text(at, "description");
        match (out.text(at, "name"), description) {
            (Some(name), Some(text)) => lines.push(labelled(&name, &text)),
            (Some(name), None) => lines.push(format!("**{name}**")),
            (None, text) => lines.extend(text),
        }
        lines.extend(out.text(at, "link").map(|link| labelled("Source", &address(&link))));
        match out.get(at, "sensitive") {
            Some(sensitive) if sensitive.value.entries().is_some() => {
                for (label, key) in
                    [("Sensitive data", "sensitive_data"), ("Sensitive data used", "sensitive_data_used")]
                {
                    let names: Vec<String> =
                        out.texts(&sensitive, key, "").iter().map(|n| n.trim().to_owned()).collect();
                    if !names.is_empty() {
                        lines.push(labelled(label, &names.join(", ")));
                    }
                }
                lines.extend(out.text(&sensitive, "justification").map(|text| labelled("Justification", &text)));
            }
            Some(sensitive) => match sensitive.value {
                Datum::Bool(value) => lines.push(labelled("Sensitive data", if *value { "yes" } else { "no" })),
                _ => lines.extend(out.own_text(&sensitive).map(|text| labelled("Sensitive data", &text))),
            },
            None => {}
        }
        lines.push(graphics(out, at));
        lines.retain(|line| !line.is_empty());
        lines.join("\n\n")
    }

    fn analysis(&mut self, root: &At<'_>) {
        let Some(analysis) = self.out.map(root, "quantitative_analysis") else { return };
        let mut below = Vec::new();
        for metric in self.out.list(&analysis, "performance_metrics") {
            if metric.value.entries().is_none() {
                self.out.wrong(&metric, "an object with type and value");
                continue;
            }
            let out = &mut self.out;
            let Some(name) = out.text(&metric, "type") else {
                let help = "name the metric, such as 'accuracy'";
                if metric.value.get("value").is_some() {
                    out.problem(Code::CardResult, &metric.pointer, "a performance metric has no 'type'", help);
                }
                continue;
            };
            let value = out.get(&metric, "value").map_or(Datum::Null, |at| number(at.value));
            let mut claim = out.claimed(name.clone(), value, &format!("{}/value", metric.pointer));
            claim.slice = out.text(&metric, "slice");
            if let Some(interval) = out.map(&metric, "confidence_interval") {
                let lower = out.get(&interval, "lower_bound").map(|at| number(at.value));
                let upper = out.get(&interval, "upper_bound").map(|at| number(at.value));
                if lower.is_none() || upper.is_none() {
                    let help = "give lower_bound and upper_bound";
                    out.problem(Code::CardResult, &interval.pointer, "a confidence interval lacks an end", help);
                }
                claim.interval = (lower.is_some() || upper.is_some())
                    .then(|| (lower.unwrap_or(Datum::Null), upper.unwrap_or(Datum::Null)));
            }
            claim.threshold = out.get(&metric, "threshold").map(|at| number(at.value));
            let description = out.text(&metric, "description");
            let figures = graphics(out, &metric);
            let unmeasured = claim.value == Datum::Null && claim.interval.is_none();
            // A metric that only waits for its value claims nothing.
            if !unmeasured {
                out.claim(claim);
            }
            let tests = self.tests(&metric, &name);
            let unmeasured = if unmeasured { "No value is given." } else { "" };
            let text = paragraphs([Some(unmeasured), description.as_deref(), Some(&figures), Some(&tests)]);
            if !text.is_empty() {
                below.push((name, text));
            }
        }
        let claims = claims_table(self.out.claims());
        let figures = graphics(&mut self.out, &analysis);
        self.out.section("Evaluation", paragraphs([Some(claims.as_str()), Some(&figures)]));
        if claims.is_empty() && figures.is_empty() {
            self.out.group("Evaluation");
        }
        for (title, text) in below {
            self.out.part(&title, text);
        }
    }

    /// VerifyML's reports on explainability and fairness.
    fn reports(&mut self, root: &At<'_>) {
        for (part, key, title) in [
            ("explainability_analysis", "explainability_reports", "Explainability analysis"),
            ("fairness_analysis", "fairness_reports", "Fairness analysis"),
        ] {
            let Some(analysis) = self.out.map(root, part) else { continue };
            self.out.group(title);
            for report in self.out.list(&analysis, key) {
                let out = &mut self.out;
                let name = out.text(&report, "type");
                let mut lines = Vec::new();
                for (label, key) in [("Slice", "slice"), ("Segment", "segment")] {
                    lines.extend(out.text(&report, key).map(|text| labelled(label, &text)));
                }
                lines.extend(out.text(&report, "description"));
                lines.push(graphics(out, &report));
                let tests = self.tests(&report, name.as_deref().unwrap_or(title));
                lines.push(tests);
                lines.retain(|line| !line.is_empty());
                let text = if lines.is_empty() && name.is_some() {
                    "Nothing is reported.".to_owned()
                } else {
                    lines.join("\n\n")
                };
                self.out.part(name.as_deref().unwrap_or("Report"), text);
            }
        }
    }

    /// The tests of a metric or report: a check for each, and a list for the card.
    fn tests(&mut self, at: &At<'_>, of: &str) -> String {
        let mut rows = Vec::new();
        for (i, test) in self.out.list(at, "tests").into_iter().enumerate() {
            let out = &mut self.out;
            let name = out.text(&test, "name");
            let description = out.text(&test, "description");
            let threshold = out.text(&test, "threshold");
            let result = out.text(&test, "result");
            let passed = out.get(&test, "passed");
            let _ = graphics(out, &test);
            let (status, word) = match passed.as_ref().map(|at| at.value) {
                Some(Datum::Bool(true)) => (CheckStatus::Pass, "passed"),
                Some(Datum::Bool(false)) => (CheckStatus::Fail, "failed"),
                Some(_) => (CheckStatus::Error, "says neither passed nor failed"),
                None => (CheckStatus::Error, "has no outcome"),
            };
            let mut message = vec![format!("the test {word}")];
            message.extend(result.as_ref().map(|text| format!("result {text}")));
            message.extend(threshold.as_ref().map(|text| format!("threshold {text}")));
            message.extend(description.clone());
            self.checks.push(Check {
                id: format!("{}#{}", self.path, test.pointer),
                run: None,
                suite: format!("VerifyML: {of}"),
                name: name.clone().unwrap_or_else(|| format!("test {}", i + 1)),
                status,
                message: crate::diag::visible(&message.join("; "), 500),
                source: Pointer::new(self.path, test.pointer.clone()),
            });
            rows.push(vec![
                name.unwrap_or_else(|| format!("test {}", i + 1)),
                word.to_owned(),
                result.unwrap_or_default(),
                threshold.unwrap_or_default(),
                description.unwrap_or_default(),
            ]);
        }
        table(&["Test", "Outcome", "Result", "Threshold", "Description"], &rows)
    }

    fn considerations(&mut self, root: &At<'_>) {
        let out = &mut self.out;
        let Some(considerations) = out.map(root, "considerations") else { return };
        for (title, key) in [
            ("Intended users", "users"),
            ("Intended use", "use_cases"),
            ("Limitations", "limitations"),
            ("Trade-offs", "tradeoffs"),
        ] {
            let items = out.texts(&considerations, key, "description");
            out.section(title, bullets(&items));
        }
        let risks: Vec<String> = out
            .list(&considerations, "ethical_considerations")
            .iter()
            .filter_map(|risk| {
                if risk.value.entries().is_none() {
                    return out.own_text(risk);
                }
                let name = out.text(risk, "name");
                let mitigation = out.text(risk, "mitigation_strategy").map(|text| labelled("Mitigation", &text));
                let text = paragraphs([name.as_deref(), mitigation.as_deref()]);
                (!text.is_empty()).then_some(text)
            })
            .collect();
        out.section("Ethical considerations", bullets(&risks));
        let assessments: Vec<String> = out
            .list(&considerations, "fairness_assessment")
            .iter()
            .map(|item| {
                let lines: Vec<String> = [
                    ("Group at risk", "group_at_risk"),
                    ("Benefits", "benefits"),
                    ("Harms", "harms"),
                    ("Mitigation", "mitigation_strategy"),
                ]
                .into_iter()
                .filter_map(|(label, key)| out.text(item, key).map(|text| labelled(label, &text)))
                .collect();
                lines.join("\n\n")
            })
            .filter(|text| !text.is_empty())
            .collect();
        out.section("Fairness", bullets(&assessments));
    }
}

/// The description of a collection of graphics, and the names of the images in it.
fn graphics(out: &mut Outline<'_>, at: &At<'_>) -> String {
    let Some(graphics) = out.map(at, "graphics") else { return String::new() };
    let description = out.text(&graphics, "description");
    let mut names = Vec::new();
    for graphic in out.list(&graphics, "collection") {
        let name = out.text(&graphic, "name").unwrap_or_default();
        let image = out.get(&graphic, "image");
        if let Some(image) = &image {
            out.take(image);
        }
        let name = match out.text(&graphic, "description") {
            Some(text) => format!("{name}: {}", text.trim_end_matches('.')),
            None => name,
        };
        names.push((name, image.and_then(|image| image.value.as_str()).map_or(0, str::len)));
    }
    paragraphs([description.as_deref(), Some(&figures(&names))])
}

/// What a dataset is for, by the words of its name: 0 training, 1 evaluation, 2 not said.
fn role(name: &str) -> usize {
    let name = name.to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    let (mut train, mut eval) = (false, false);
    for word in words.by_ref() {
        train |= matches!(word, "train" | "training");
        eval |= matches!(word, "eval" | "evaluation" | "valid" | "validation" | "test" | "testing" | "holdout");
    }
    match (train, eval) {
        (true, false) => 0,
        (false, true) => 1,
        _ => 2,
    }
}

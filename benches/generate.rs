//! Generates projects of any size: native versions with three charts each, deterministic.

use std::fmt::Write as _;
use std::path::Path;

/// A small generator of numbers in [0, 1): SplitMix64 (Steele, Lea, Flood 2014).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Versions of one model in a generated project.
pub(crate) const VERSIONS_PER_MODEL: usize = 50;

/// The policy of a generated project.
pub(crate) const CONFIG: &str = r#"schema = 1
[site]
title = "Generated"
[[source]]
path = "runs"
[metrics.auc]
direction = "higher"
range = [0.0, 1.0]
[baseline.previous]
select = "previous"
on_missing = "bootstrap"
[stage.production]
[[rule]]
id = "floor"
check = "metric"
metric = "auc"
dataset = "test"
min = 0.8
[[rule]]
id = "no-regression"
check = "metric"
metric = "auc"
dataset = "test"
baseline = "previous"
max_regression = { abs = 0.02 }
[[rule]]
id = "regions"
check = "metric"
metric = "auc"
dataset = "test"
slices = ["region=*"]
min = 0.7
"#;

/// Writes a project of `versions` versions; each has a ROC curve, a confusion matrix and two
/// training curves, metrics per slice and class, and a card.
#[expect(clippy::disallowed_methods, reason = "a bench makes its own input")]
pub(crate) fn project(folder: &Path, versions: usize) -> std::io::Result<()> {
    let mut numbers = Numbers(2_718_281_828);
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("presscheck.toml"), CONFIG)?;
    for i in 0..versions {
        let (model, version) = (i / VERSIONS_PER_MODEL, i % VERSIONS_PER_MODEL);
        let root = folder.join(format!("runs/model-{model:03}"));
        let at = root.join(format!("1.{version}.0"));
        std::fs::create_dir_all(&at)?;
        if version == 0 {
            std::fs::write(
                root.join("model.toml"),
                format!("title = \"Model {model}\"\nowners = [\"team@example.com\"]\n"),
            )?;
            std::fs::write(root.join("card.md"), CARD)?;
        }
        let auc = 0.85 + 0.001 * version as f64 + 0.01 * numbers.next();
        let mut metrics = format!(
            "{{\"test\": {{\"auc\": {auc}, \"f1\": {}, \"log_loss\": {}, \"n\": 5000, \"slices\": {{",
            auc - 0.1,
            1.2 - auc
        );
        for (j, region) in ["eu", "us", "apac", "latam"].iter().enumerate() {
            let comma = if j > 0 { ", " } else { "" };
            let _ = write!(
                metrics,
                "{comma}\"region={region}\": {{\"auc\": {}, \"n\": 1250}}",
                auc - 0.02 * numbers.next()
            );
        }
        metrics.push_str("}, \"classes\": {");
        for j in 0..4 {
            let comma = if j > 0 { ", " } else { "" };
            let _ =
                write!(metrics, "{comma}\"class_{j}\": {{\"recall\": {}, \"n\": 1250}}", auc - 0.05 * numbers.next());
        }
        metrics.push_str("}}}\n");
        std::fs::write(at.join("metrics.json"), metrics)?;
        std::fs::write(
            at.join("run.toml"),
            format!(
                "created = 2026-{:02}-{:02}T08:00:00Z\nstatus = \"finished\"\n[params]\ndepth = {version}\nlearning_rate = 0.1\n[git]\ncommit = \"{i:040x}\"\n[[dataset]]\nname = \"holdout\"\nrole = \"test\"\ndigest = \"sha256:{i:064x}\"\nrows = 5000\n",
                1 + version / 28,
                1 + version % 28
            ),
        )?;
        let mut roc = String::from("fpr,tpr,threshold\n0,0,inf\n");
        for j in 1..=200 {
            let x = f64::from(j) / 200.0;
            let _ = writeln!(roc, "{x},{},{}", x.powf(1.0 - auc), 1.0 - x);
        }
        std::fs::write(at.join("roc_curve.csv"), roc)?;
        let cells: Vec<String> = (0..4)
            .map(|r| {
                let row: Vec<String> = (0..4)
                    .map(|c| if r == c { "1100".to_owned() } else { format!("{}", (numbers.next() * 100.0) as u32) })
                    .collect();
                format!("[{}]", row.join(", "))
            })
            .collect();
        std::fs::write(
            at.join("confusion_matrix.json"),
            format!(
                "{{\"labels\": [\"class_0\", \"class_1\", \"class_2\", \"class_3\"], \"matrix\": [{}]}}\n",
                cells.join(", ")
            ),
        )?;
        let mut series = String::from("step,train_loss,val_loss\n");
        for j in 0..100 {
            let loss = 1.0 / (1.0 + f64::from(j) * 0.1);
            let _ = writeln!(series, "{j},{},{}", loss + 0.02 * numbers.next(), loss + 0.05 + 0.02 * numbers.next());
        }
        std::fs::write(at.join("series.csv"), series)?;
    }
    Ok(())
}

const CARD: &str = "---\nlicense: mit\nlanguage: en\n---\n# Generated\n\n## Intended use\n\nScores customers once a week so that the service team knows whom to call first.\n\n## Limitations\n\nCustomers with little history get scores near the average; the model has never seen other countries.\n\n## Training data\n\n| split | rows |\n|---|---|\n| train | 40000 |\n| test | 5000 |\n";

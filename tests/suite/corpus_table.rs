//! Every folder of the corpus has a reader: what each one's own test does not say, this table does.
//!
//! A folder that stands in no row fails, and so does one in which less is found than its row says.

use crate::corpus;

/// What must be found in a folder, at least.
struct Row {
    folder: &'static str,
    runs: usize,
    drift: usize,
    checks: usize,
    cards: usize,
    /// Kinds that must be among the sources.
    kinds: &'static [&'static str],
}

const fn row(folder: &'static str, kinds: &'static [&'static str], counts: [usize; 4]) -> Row {
    let [runs, drift, checks, cards] = counts;
    Row { folder, runs, drift, checks, cards, kinds }
}

const TABLE: &[Row] = &[
    row("trackers/cloud-eval-formats", &["native", "sagemaker-monitor"], [11, 0, 0, 0]),
    row("trackers/dvc-3.67.1", &["dvc", "dvclive"], [2, 0, 0, 0]),
    row("trackers/dvclive-3.49.1", &["dvclive"], [3, 0, 0, 0]),
    row("trackers/kfp-2.16.1", &["kfp"], [13, 0, 0, 0]),
    row("trackers/mlflow-2.22.5-file", &["mlflow-file"], [17, 0, 0, 4]),
    row("trackers/mlflow-2.22.5-sqlite", &["mlflow-sqlite"], [17, 0, 0, 4]),
    row("trackers/mlflow-2.9.2-file", &["mlflow-file"], [17, 0, 0, 4]),
    row("trackers/mlflow-3.17.2-file", &["mlflow-file"], [17, 0, 0, 4]),
    row("trackers/mlflow-3.17.2-sqlite", &["mlflow-sqlite"], [17, 0, 0, 4]),
    row("trackers/tensorboard-2.20.0", &["tensorboard"], [14, 0, 0, 0]),
    row("trackers/wandb-0.16.6", &["wandb", "wandb-export"], [11, 0, 0, 0]),
    row("trackers/wandb-0.31.0", &["wandb", "wandb-export"], [11, 0, 0, 0]),
    row("drift/alibi-detect-0.13.0", &["alibi-detect"], [0, 56, 0, 0]),
    row("drift/cloud-samples", &["azure-monitor", "sagemaker-monitor", "vertex-monitor"], [5, 6, 27, 0]),
    row("drift/deepchecks-0.19.1", &["deepchecks"], [3, 31, 101, 0]),
    row("drift/evidently-0.4.40", &["evidently"], [9, 85, 288, 0]),
    row("drift/evidently-0.6.7", &["evidently"], [0, 11, 57, 0]),
    row("drift/evidently-0.7.23", &["evidently"], [30, 102, 1690, 0]),
    row("drift/frouros-0.9.0", &["frouros"], [0, 70, 0, 0]),
    row("drift/great-expectations-0.18.22", &["great-expectations"], [0, 0, 36, 0]),
    row("drift/great-expectations-1.24.1", &["great-expectations"], [0, 0, 345, 0]),
    row("drift/nannyml-0.13.1", &["nannyml"], [33, 532, 1560, 0]),
    row("drift/prometheus-2.42.0", &["prometheus"], [28, 0, 5, 0]),
    row("drift/tfdv-1.16.1", &["tfdv"], [13, 18, 158, 0]),
    row("drift/whylogs-1.6.4", &["whylogs"], [18, 36, 108, 0]),
    row("cards/alpaca-eval", &["alpaca-eval"], [260, 0, 0, 0]),
    row("cards/bailo", &["card-form"], [0, 0, 0, 0]),
    row("cards/cyclonedx", &["card-form", "cyclonedx"], [0, 0, 0, 10]),
    row("cards/eval-tools-run", &["inspect-ai", "lm-eval", "promptfoo"], [12, 0, 60, 0]),
    row("cards/google-mct", &["card-form", "model-card-toolkit"], [0, 0, 0, 24]),
    row("cards/helm", &["helm"], [22, 0, 0, 0]),
    row("cards/helm-efficiency", &["helm"], [29, 0, 0, 0]),
    row("cards/hf-cards", &["huggingface"], [0, 0, 0, 438]),
    row("cards/hf-spec", &["native"], [1, 0, 0, 5]),
    row("cards/inspect-ai-public", &["inspect-ai"], [25, 0, 0, 0]),
    row("cards/leaderboard-eee", &["card-form", "every-eval-ever"], [290, 0, 0, 0]),
    row("cards/lm-eval", &["lm-eval"], [68, 0, 0, 0]),
    row("cards/mlperf-run", &["mlperf", "mlperf-training"], [5, 0, 15, 0]),
    row("cards/model-card-md", &["huggingface"], [0, 0, 0, 7]),
    row("cards/mteb", &["mteb"], [53, 0, 0, 0]),
    row("cards/openai-evals", &["openai-evals"], [1, 0, 0, 0]),
    row("cards/sagemaker", &["card-form", "sagemaker", "sagemaker-model-card", "sagemaker-monitor"], [8, 0, 0, 2]),
    row("cards/sklearn-artifacts", &["huggingface", "native"], [14, 0, 0, 2]),
    row("cards/skops-public", &["huggingface"], [0, 0, 0, 5]),
    row("cards/spdx3-ai", &["card-form", "spdx"], [0, 0, 0, 3]),
    row("cards/verifyml", &["card-form", "huggingface", "verifyml"], [1, 0, 3, 4]),
];

/// Folders that hold no output of a tool about a model, and why nothing is to be read there.
const NO_DATA: &[(&str, &str)] = &[
    ("cards/commonmark", "inputs and expectations of Markdown renderers"),
    ("cards/eu-ai-act", "an outline of a law"),
    ("cards/azure-rai", "settings of a scorecard; a note says so"),
    ("drift/data", "the inputs that the tools were run on"),
    ("drift/truth", "values computed with scipy and numpy for our own statistics"),
];

#[test]
#[expect(clippy::disallowed_macros, reason = "the table names each folder as it runs")]
fn every_folder_of_the_corpus_has_a_reader() {
    let mut wrong = Vec::new();
    for group in ["trackers", "drift", "cards"] {
        let Some(group_folder) = corpus::folder(group) else { return };
        let mut folders: Vec<String> = std::fs::read_dir(&group_folder)
            .unwrap()
            .map(|e| e.unwrap())
            .filter(|e| e.file_type().unwrap().is_dir())
            .map(|e| format!("{group}/{}", e.file_name().into_string().unwrap()))
            .collect();
        folders.sort();
        for folder in folders {
            eprintln!("corpus: {folder}");
            let registry = corpus::read(&corpus::folder(&folder).unwrap());
            let found = [registry.runs.len(), registry.drift.len(), registry.checks.len(), registry.cards.len()];
            let kinds: Vec<&str> = registry.sources.iter().map(|s| s.kind.as_str()).collect();
            if NO_DATA.iter().any(|(f, _)| *f == folder) {
                continue;
            }
            let Some(row) = TABLE.iter().find(|r| r.folder == folder) else {
                wrong.push(format!("{folder} has no row; found {found:?} by {kinds:?}"));
                continue;
            };
            let due = [row.runs, row.drift, row.checks, row.cards];
            if found.iter().zip(due).any(|(found, due)| *found < due) {
                wrong.push(format!("{folder}: {found:?} where {due:?} is due"));
            }
            for kind in row.kinds.iter().filter(|k| !kinds.contains(k)) {
                wrong.push(format!("{folder}: nothing was read by {kind}, only by {kinds:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

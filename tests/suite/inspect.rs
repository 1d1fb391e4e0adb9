//! `presscheck inspect`: the normalised view on the command line.

use crate::project::Project;

#[test]
fn the_view_of_a_folder_is_the_contract() {
    let project =
        Project::new().file("runs/m/1/metrics.json", r#"{"test": {"auc": 0.91}}"#).file("runs/notes.txt", "hello");
    let ran = project.run(&["inspect", "runs", "--format", "json"]).code(0);
    let json = ran.json();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["schema", "sources", "models", "runs", "drift", "checks", "cards", "unrecognised", "problems"]);
    assert_eq!(json["schema"], "presscheck.inspect/1");
    let run: Vec<&String> = json["runs"][0].as_object().unwrap().keys().collect();
    assert_eq!(
        run,
        [
            "id",
            "source",
            "name",
            "model",
            "version",
            "experiment",
            "status",
            "deleted",
            "started_at",
            "ended_at",
            "parent",
            "params",
            "tags",
            "system_tags",
            "results",
            "series",
            "curves",
            "datasets",
            "artifacts"
        ]
    );
    let result: Vec<&String> = json["runs"][0]["results"][0].as_object().unwrap().keys().collect();
    assert_eq!(
        result,
        ["metric", "value", "dataset", "split", "slice", "class", "step", "n", "stderr", "ci", "source"]
    );
    assert_eq!(json["unrecognised"][0], "notes.txt");
}

#[test]
fn an_unreadable_input_is_exit_3_and_nothing_there_is_said() {
    Project::new().run(&["inspect", "nowhere"]).code(3).stderr_has("source-missing");
    Project::new().file("empty/readme.txt", "x").run(&["inspect", "empty"]).code(0).stderr_has("source-empty");
}

#[test]
fn people_see_a_table() {
    let project = Project::new().file("runs/m/1.0/metrics.json", r#"{"auc": 0.91}"#);
    project.run(&["inspect"]).code(0).stdout_has("1.0").stdout_has("native");
}

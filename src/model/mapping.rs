//! `[source.map]`: templates that turn a run's facts into the names of a model and a version.
//!
//! In: a template of text and fields in braces, and a run. Out: the name, or the field that the run
//! does not have. A template is checked once, when the configuration is read.

use super::{Datum, Run, RunForm};

/// Which of a tracker's concepts is our model and our version.
///
/// Fields: `{experiment}`, `{run_name}`, `{run_id}`, `{parent}`, `{model}`, `{version}` (as the source
/// says them), `{params.NAME}`, `{tags.NAME}`, `{stem}`, the name of its file without the ending, and
/// `{path[N]}`, a part of the run's path below the source, counted from 0, or from the end with a minus.
/// `{{` and `}}` are the characters themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Only runs below this folder of the project.
    pub below: String,
    /// The model's name.
    pub model: String,
    /// The version's name.
    pub version: String,
}

enum Part<'a> {
    Text(&'a str),
    Field(Field<'a>),
}

enum Field<'a> {
    Experiment,
    RunName,
    RunId,
    Parent,
    Model,
    Version,
    Param(&'a str),
    Tag(&'a str),
    Stem,
    Path(isize),
}

impl Mapping {
    /// Checks a template.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check(template: &str) -> Result<(), String> {
        let parts = parse(template)?;
        if parts.iter().any(|p| matches!(p, Part::Field(_))) {
            Ok(())
        } else {
            Err("the template has no field, so all runs would be the same".to_owned())
        }
    }

    /// The model that a run belongs to.
    ///
    /// # Errors
    /// The field that the run does not have.
    pub fn model_of(&self, run: &Run) -> Result<String, String> {
        fill(&self.model, &self.below, run)
    }

    /// The version that a run is.
    ///
    /// # Errors
    /// The field that the run does not have.
    pub fn version_of(&self, run: &Run) -> Result<String, String> {
        fill(&self.version, &self.below, run)
    }
}

fn fill(template: &str, below: &str, run: &Run) -> Result<String, String> {
    let mut out = String::new();
    for part in parse(template)? {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Field(field) => {
                let value = value(&field, below, run).filter(|v| !v.is_empty());
                out.push_str(&value.ok_or_else(|| name(&field))?);
            }
        }
    }
    Ok(out)
}

fn value(field: &Field<'_>, below: &str, run: &Run) -> Option<String> {
    match field {
        Field::Experiment => run.experiment.clone(),
        Field::RunName => Some(run.name.clone()),
        Field::RunId => Some(run.id.clone()),
        Field::Parent => run.parent.clone(),
        Field::Model => run.model.clone(),
        Field::Version => run.version.clone(),
        Field::Param(key) => run.params.get(*key).map(Datum::display),
        Field::Tag(key) => run.tags.get(*key).or_else(|| run.system_tags.get(*key)).cloned(),
        Field::Stem => {
            let file = run.folder.rsplit('/').next().unwrap_or_default();
            // Only a document is a file; the folder v1.2 has no ending.
            let stem = file.rsplit_once('.').filter(|_| run.form == RunForm::Document).map(|(stem, _)| stem);
            Some(stem.unwrap_or(file).to_owned())
        }
        Field::Path(at) => {
            let path = run.folder.strip_prefix(below).unwrap_or(&run.folder);
            let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
            let at = if *at < 0 { parts.len().checked_add_signed(*at)? } else { usize::try_from(*at).ok()? };
            parts.get(at).map(|p| (*p).to_owned())
        }
    }
}

fn name(field: &Field<'_>) -> String {
    match field {
        Field::Experiment => "experiment".to_owned(),
        Field::RunName => "run_name".to_owned(),
        Field::RunId => "run_id".to_owned(),
        Field::Parent => "parent".to_owned(),
        Field::Model => "model".to_owned(),
        Field::Version => "version".to_owned(),
        Field::Param(key) => format!("params.{key}"),
        Field::Tag(key) => format!("tags.{key}"),
        Field::Stem => "stem".to_owned(),
        Field::Path(at) => format!("path[{at}]"),
    }
}

fn parse(template: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (text, after) = rest.split_at(at);
        parts.push(Part::Text(text));
        if after.starts_with("{{") || after.starts_with("}}") {
            parts.push(Part::Text(&after[..1]));
            rest = &after[2..];
        } else if let Some((field, after)) = after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            parts.push(Part::Field(parse_field(field)?));
            rest = after;
        } else {
            return Err(format!("a brace in '{template}' has no partner"));
        }
    }
    parts.push(Part::Text(rest));
    Ok(parts)
}

fn parse_field(field: &str) -> Result<Field<'_>, String> {
    Ok(match field {
        "experiment" => Field::Experiment,
        "run_name" => Field::RunName,
        "run_id" => Field::RunId,
        "parent" => Field::Parent,
        "model" => Field::Model,
        "version" => Field::Version,
        "stem" => Field::Stem,
        _ => {
            let index = field.strip_prefix("path[").and_then(|f| f.strip_suffix(']')).and_then(|n| n.parse().ok());
            match (index, field.split_once('.')) {
                (Some(index), _) => Field::Path(index),
                (None, Some(("params", key))) if !key.is_empty() => Field::Param(key),
                (None, Some(("tags", key))) if !key.is_empty() => Field::Tag(key),
                _ => return Err(format!("there is no field '{{{field}}}'")),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run {
            id: "r1".to_owned(),
            folder: "eval/acme/churn/2026-03".to_owned(),
            experiment: Some("tabular".to_owned()),
            tags: [("git.branch".to_owned(), "main".to_owned())].into(),
            ..Run::default()
        }
    }

    fn filled(template: &str) -> Result<String, String> {
        let mapping = Mapping { below: "eval".to_owned(), model: template.to_owned(), version: String::new() };
        mapping.model_of(&run())
    }

    #[test]
    fn fields_are_filled_from_the_run_and_its_path_below_the_source() {
        assert_eq!(filled("{path[0]}/{path[1]}").as_deref(), Ok("acme/churn"));
        assert_eq!(filled("{path[-1]} of {experiment}").as_deref(), Ok("2026-03 of tabular"));
        assert_eq!(filled("{stem}").as_deref(), Ok("2026-03"));
        let file = Run { folder: "eval/v1.2.csv".to_owned(), form: RunForm::Document, ..Run::default() };
        let mapping = Mapping { below: "eval".to_owned(), model: "{stem}".to_owned(), version: String::new() };
        assert_eq!(mapping.model_of(&file).as_deref(), Ok("v1.2"));
        assert_eq!(filled("{tags.git.branch}{{x}}").as_deref(), Ok("main{x}"));
    }

    #[test]
    fn what_a_run_does_not_have_is_named() {
        assert_eq!(filled("{params.depth}"), Err("params.depth".to_owned()));
        assert_eq!(filled("{path[7]}"), Err("path[7]".to_owned()));
        assert_eq!(filled("{path[-9]}"), Err("path[-9]".to_owned()));
        assert_eq!(filled("{run_name}"), Err("run_name".to_owned()));
    }

    #[test]
    fn a_wrong_template_is_refused_before_it_is_used() {
        for wrong in ["{experimnt}", "{", "a}b", "{path[x]}", "{params.}", "plain"] {
            assert!(Mapping::check(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Mapping::check("m-{model}"), Ok(()));
    }
}

//! Leaderboards: which results are ranked against each other, and which are not and why.
//!
//! In: the configured boards, or one per headline metric. Out: groups of rows measured on the same data.
//! Two results on a dataset of one name are comparable only if the digests that their runs declare for it
//! agree; nothing is ranked across groups.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::compare::better;
use super::facts::{Facts, ModelFacts, dataset_place};
use super::url::Names;
use super::{Leaderboard, Per};
use crate::model::{Direction, MetricResult, Registry, Run};

/// A leaderboard with its rows.
pub(crate) struct Board<'a> {
    pub spec: Cow<'a, Leaderboard>,
    pub slug: String,
    /// Groups of comparable rows, the largest first.
    pub groups: Vec<Group<'a>>,
    /// Versions that are not ranked, and why.
    pub unranked: Vec<(usize, usize, String)>,
    /// Whether the boards of the site are our own choice.
    pub automatic: bool,
}

/// Rows measured on the same data.
pub(crate) struct Group<'a> {
    pub dataset: Option<&'a str>,
    pub split: Option<&'a str>,
    pub digest: Option<&'a str>,
    pub rows: Vec<Row<'a>>,
}

/// A ranked version.
pub(crate) struct Row<'a> {
    pub m: usize,
    pub v: usize,
    pub rank: usize,
    pub result: &'a MetricResult,
}

impl Board<'_> {
    /// How many versions are ranked.
    pub(crate) fn ranked(&self) -> usize {
        self.groups.iter().map(|g| g.rows.len()).sum()
    }
}

/// All boards of the site.
pub(crate) fn all<'a>(facts: &Facts<'a>) -> Vec<Board<'a>> {
    let configured = &facts.input.options.leaderboards;
    let specs: Vec<Spec<'a>> = if configured.is_empty() {
        automatic(facts)
    } else {
        let members =
            |board: &Leaderboard| (0..facts.models.len()).filter(|m| board.covers(facts.models[*m].model)).collect();
        configured.iter().map(|board| (Cow::Borrowed(board), members(board))).collect()
    };
    let ids: Vec<String> = specs.iter().map(|(s, _)| s.id.clone()).collect();
    let slugs = Names::assign(ids.iter().map(String::as_str));
    specs
        .into_par_iter()
        .map(|(spec, members)| {
            let slug = slugs.get(&spec.id);
            fill(facts, spec, &members, slug, configured.is_empty())
        })
        .collect()
}

/// A board and the models that it speaks of.
type Spec<'a> = (Cow<'a, Leaderboard>, Vec<usize>);

/// One board per headline metric: all models that share it, or all versions of the only one.
fn automatic<'a>(facts: &Facts<'a>) -> Vec<Spec<'a>> {
    let mut by_metric: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (m, model) in facts.models.iter().enumerate() {
        if let Some(headline) = &model.headline {
            by_metric.entry(&headline.metric).or_default().push(m);
        }
    }
    let board = |metric: &str, members: &[usize]| {
        let label = facts.label(metric).0;
        Leaderboard {
            id: metric.to_owned(),
            title: match members {
                [only] => format!("{} by {label}", facts.models[*only].model.title),
                _ => format!("{} models by {label}", members.len()),
            },
            rank_by: metric.to_owned(),
            per: if members.len() == 1 { Per::All } else { Per::Latest },
            ..Leaderboard::default()
        }
    };
    by_metric.into_iter().map(|(metric, members)| (Cow::Owned(board(metric, &members)), members)).collect()
}

/// The overall result of a metric that a board asks for.
pub(crate) fn result_of<'a>(
    facts: &Facts<'a>,
    run: &'a Run,
    metric: &str,
    dataset: Option<&str>,
) -> Option<&'a MetricResult> {
    find(facts.registry, run, metric, dataset)
}

/// The overall result of a metric, on the data that says most.
pub(crate) fn result_of_metric<'a>(registry: &Registry, run: &'a Run, metric: &str) -> Option<&'a MetricResult> {
    find(registry, run, metric, None)
}

fn find<'a>(registry: &Registry, run: &'a Run, metric: &str, dataset: Option<&str>) -> Option<&'a MetricResult> {
    let catalogue = &registry.catalogue;
    let canonical = catalogue.canonical(metric);
    run.results
        .iter()
        .filter(|r| r.is_overall() && catalogue.canonical(&r.metric) == canonical)
        .filter(|r| dataset.is_none_or(|d| r.dataset.as_deref() == Some(d)))
        .min_by_key(|r| {
            (dataset_place(r.dataset.as_deref()), r.dataset.as_deref(), r.split.is_some(), r.split.as_deref())
        })
}

fn fill<'a>(
    facts: &Facts<'a>,
    mut spec: Cow<'a, Leaderboard>,
    members: &[usize],
    slug: String,
    automatic: bool,
) -> Board<'a> {
    type Data<'k> = (Option<&'k str>, Option<&'k str>, Option<&'k str>);
    let definition = facts.registry.catalogue.get(&spec.rank_by);
    let direction = definition.and_then(|d| d.direction);
    let target = definition.and_then(|d| d.target).map(crate::model::Finite::get);
    let mut found: BTreeMap<Data<'a>, Vec<Row<'a>>> = BTreeMap::new();
    let mut unranked = Vec::new();
    let mut columns: BTreeMap<&str, usize> = BTreeMap::new();
    for &m in members {
        let model = &facts.models[m];
        let candidates: Vec<usize> = match spec.per {
            Per::Latest => model.latest().into_iter().collect(),
            Per::Best | Per::All => (0..model.versions.len()).collect(),
        };
        let mut rows: Vec<Row<'a>> = Vec::new();
        for v in candidates {
            match rankable(facts, model, v, &spec, direction) {
                Ok(result) => rows.push(Row { m, v, rank: 0, result }),
                Err(why) => unranked.push((m, v, why)),
            }
        }
        if spec.per == Per::Best {
            let best = rows.iter().enumerate().min_by(|a, b| order(direction, target, a.1, b.1)).map(|(i, _)| i);
            if let Some(best) = best {
                rows = vec![rows.swap_remove(best)];
                unranked.retain(|u| u.0 != m);
            }
        }
        for row in rows {
            let Some(run) = model.versions[row.v].run else { continue };
            if spec.columns.is_empty() {
                for r in run.results.iter().filter(|r| r.is_overall() && r.dataset == row.result.dataset) {
                    *columns.entry(facts.registry.catalogue.canonical(&r.metric)).or_default() += 1;
                }
            }
            let dataset = row.result.dataset.as_deref();
            let key = (dataset, row.result.split.as_deref(), facts.data_digest(run, dataset));
            found.entry(key).or_default().push(row);
        }
    }
    if spec.columns.is_empty() {
        let rank_by = facts.registry.catalogue.canonical(&spec.rank_by).to_owned();
        let mut rest: Vec<(&str, usize)> = columns
            .into_iter()
            .filter(|(name, _)| *name != rank_by)
            .filter(|(name, _)| !matches!(facts.registry.catalogue.direction(name), None | Some(Direction::None)))
            .collect();
        rest.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let names = std::iter::once(rank_by).chain(rest.into_iter().take(4).map(|(n, _)| n.to_owned())).collect();
        spec.to_mut().columns = names;
    }
    let mut groups: Vec<Group<'a>> = found
        .into_iter()
        .map(|((dataset, split, digest), mut rows)| {
            rows.sort_by(|a, b| order(direction, target, a, b).then(a.m.cmp(&b.m)).then(b.v.cmp(&a.v)));
            let mut rank = 1;
            for i in 0..rows.len() {
                if i > 0 && rows[i].result.value != rows[i - 1].result.value {
                    rank = i + 1;
                }
                rows[i].rank = rank;
            }
            Group { dataset, split, digest, rows }
        })
        .collect();
    groups.sort_by_key(|g| std::cmp::Reverse(g.rows.len()));
    Board { spec, slug, groups, unranked, automatic }
}

fn order(direction: Option<Direction>, target: Option<f64>, a: &Row<'_>, b: &Row<'_>) -> std::cmp::Ordering {
    match better(direction, target, a.result.value.as_f64(), b.result.value.as_f64()) {
        Some(true) => std::cmp::Ordering::Less,
        Some(false) => std::cmp::Ordering::Greater,
        None => std::cmp::Ordering::Equal,
    }
}

/// The value of a version that can be ranked, or why it has none.
fn rankable<'a>(
    facts: &Facts<'a>,
    model: &ModelFacts<'a>,
    v: usize,
    spec: &Leaderboard,
    direction: Option<Direction>,
) -> Result<&'a MetricResult, String> {
    let version = &model.versions[v];
    let metric = &spec.rank_by;
    if let Some(why) = &version.version.ambiguous {
        return Err(format!("it cannot be judged: {why}"));
    }
    let Some(run) = version.run else { return Err("its run was not found".to_owned()) };
    if matches!(direction, None | Some(Direction::None)) {
        return Err(format!("nobody said which way {metric} is better"));
    }
    let Some(result) = result_of(facts, run, metric, spec.dataset.as_deref()) else {
        let catalogue = &facts.registry.catalogue;
        if let Some(rejected) =
            run.rejected.iter().find(|r| catalogue.canonical(&r.metric) == catalogue.canonical(metric))
        {
            return Err(format!("its {metric} is {}", rejected.found));
        }
        return Err(match (result_of(facts, run, metric, None), &spec.dataset) {
            (Some(other), Some(wanted)) => match &other.dataset {
                Some(name) => format!("it reports {metric} on {name}, not on {wanted}"),
                None => format!("it does not say on which dataset its {metric} was measured"),
            },
            _ => format!("{metric} is not among the results"),
        });
    };
    if result.value.finite().is_none() {
        return Err(format!("its {metric} is {}", result.value));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Catalogue, Dataset, ModelRecord, Pointer, Records, VersionRecord, assemble};
    use crate::site::{SiteInput, SiteOptions};

    /// A model with one version: its accuracy on `test`, and the digest of that data.
    fn model(records: &mut Records, name: &str, value: f64, digest: Option<&str>) {
        let result =
            MetricResult { dataset: Some("test".to_owned()), ..MetricResult::new("acc", value, Pointer::default()) };
        let dataset = Dataset {
            name: "holdout".to_owned(),
            role: Some("test".to_owned()),
            digest: digest.map(str::to_owned),
            ..Dataset::default()
        };
        records.runs.push(Run {
            id: name.to_owned(),
            results: vec![result],
            datasets: vec![dataset],
            ..Run::default()
        });
        let version = VersionRecord { version: "1".to_owned(), run: Some(name.to_owned()), ..VersionRecord::default() };
        records.models.push(ModelRecord { name: name.to_owned(), versions: vec![version], ..ModelRecord::default() });
    }

    /// Groups of names with ranks, and who is not ranked.
    type Ranking = (Vec<Vec<(String, usize)>>, Vec<String>);

    fn ranking(records: Records, boards: Vec<Leaderboard>) -> Vec<Ranking> {
        let registry = assemble(records, Catalogue::built_in(), &[]);
        let options = SiteOptions { leaderboards: boards, ..SiteOptions::default() };
        let verdicts = BTreeMap::new();
        let input = SiteInput {
            registry: &registry,
            verdicts: &verdicts,
            history: &crate::gate::history::History::default(),
            policy: None,
            options: &options,
        };
        let facts = Facts::new(&input);
        let name = |m: usize| facts.models[m].model.name.clone();
        all(&facts)
            .iter()
            .map(|b| {
                let groups = b.groups.iter().map(|g| g.rows.iter().map(|r| (name(r.m), r.rank)).collect()).collect();
                (groups, b.unranked.iter().map(|(m, _, why)| format!("{}: {why}", name(*m))).collect())
            })
            .collect()
    }

    fn at(name: &str, rank: usize) -> (String, usize) {
        (name.to_owned(), rank)
    }

    #[test]
    fn only_results_on_the_same_data_are_ranked_against_each_other() {
        let mut records = Records::default();
        for (name, value, digest) in [
            ("a", 0.8, Some("x")),
            ("b", 0.9, Some("x")),
            ("c", 0.99, Some("y")),
            ("d", 0.9, Some("x")),
            ("e", 0.7, None),
        ] {
            model(&mut records, name, value, digest);
        }
        let boards = ranking(records, Vec::new());
        assert_eq!(boards.len(), 1);
        assert_eq!(boards[0].0, [vec![at("b", 1), at("d", 1), at("a", 3)], vec![at("e", 1)], vec![at("c", 1)]]);
    }

    #[test]
    fn who_is_not_ranked_learns_why() {
        let mut records = Records::default();
        model(&mut records, "a", 0.8, None);
        model(&mut records, "b", f64::NAN, None);
        let board = |rank_by: &str, dataset: &str| Leaderboard {
            id: rank_by.to_owned(),
            rank_by: rank_by.to_owned(),
            dataset: Some(dataset.to_owned()),
            ..Leaderboard::default()
        };
        let boards =
            ranking(records, vec![board("accuracy", "test"), board("accuracy", "other"), board("nonsense", "test")]);
        assert_eq!(boards[0].0, [vec![at("a", 1)]]);
        assert_eq!(boards[0].1, ["b: its accuracy is NaN"]);
        assert_eq!(boards[1].1[0], "a: it reports accuracy on test, not on other");
        assert_eq!(boards[2].1[0], "a: nobody said which way nonsense is better");
    }
}

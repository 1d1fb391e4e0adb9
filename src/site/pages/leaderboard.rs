//! Leaderboards: a page with groups of comparable rows, and the list of boards.

use serde::Serialize;

use crate::diag::{count, visible};
use crate::model::Finite;
use crate::site::Per;
use crate::site::boards::{Board, Group, result_of};
use crate::site::compare::{Delta, better, delta};
use crate::site::facts::Facts;
use crate::site::parts::{Badge, Link, Page, outcome};
use crate::site::show::{self, Digits, Num, arrow, interval_of};
use crate::site::url::relative;

/// Rows of a group that are shown.
const ROWS: usize = 500;
/// Unranked versions that are listed.
const UNRANKED: usize = 200;

#[derive(Debug, Serialize)]
struct Column {
    label: String,
    unit: String,
    arrow: &'static str,
    arrow_title: &'static str,
    ranks: bool,
}

#[derive(Debug, Serialize)]
struct Cell {
    num: Num,
    best: bool,
}

#[derive(Debug, Serialize)]
struct RowView {
    rank: usize,
    tied: bool,
    model: Link,
    version: Link,
    champion: bool,
    badge: Option<Badge>,
    stage: String,
    interval: String,
    interval_title: String,
    n: String,
    delta: Delta,
    cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
struct GroupView {
    heading: String,
    id: String,
    digest: String,
    alone: bool,
    columns: Vec<Column>,
    rows: Vec<RowView>,
    left_out: usize,
    one_model: bool,
    ties: bool,
}

#[derive(Debug, Serialize)]
struct Unranked {
    version: Link,
    why: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Context {
    page: Page,
    title: String,
    metric: String,
    arrow: &'static str,
    arrow_title: &'static str,
    ranked: usize,
    scope: &'static str,
    groups: Vec<GroupView>,
    unranked: Vec<Unranked>,
    unranked_left: usize,
    automatic: bool,
    data: String,
}

pub(crate) fn context(facts: &Facts<'_>, board: &Board<'_>, path: &str) -> Context {
    let (metric, _) = facts.label(&board.spec.rank_by);
    let (arrow, arrow_title) = arrow(facts.registry.catalogue.direction(&board.spec.rank_by));
    let title = title(board);
    let unranked = unranked(facts, board, path);
    let page = Page::new(facts, path, "leaderboards", title.clone(), format!("{title}: ranked by {metric}.")).crumb(
        path,
        "Leaderboards",
        "leaderboards/index.html",
    );
    Context {
        page,
        title,
        metric,
        arrow,
        arrow_title,
        ranked: board.ranked(),
        scope: match board.spec.per {
            Per::Latest => "the latest version of each model",
            Per::Best => "the best version of each model",
            Per::All => "all versions",
        },
        groups: board.groups.iter().enumerate().map(|(i, g)| group(facts, board, g, i, path)).collect(),
        unranked_left: unranked.len().saturating_sub(UNRANKED),
        unranked: unranked.into_iter().take(UNRANKED).collect(),
        automatic: board.automatic,
        data: relative(path, &format!("data/leaderboards/{}.json", board.slug)),
    }
}

/// Versions that are not ranked; those of one model with one reason are one entry.
fn unranked(facts: &Facts<'_>, board: &Board<'_>, path: &str) -> Vec<Unranked> {
    let mut groups: Vec<(usize, &str, Vec<usize>)> = Vec::new();
    for (m, v, why) in &board.unranked {
        match groups.iter_mut().rev().take_while(|g| g.0 == *m).find(|g| g.1 == why.as_str()) {
            Some(group) => group.2.push(*v),
            None => groups.push((*m, why, vec![*v])),
        }
    }
    groups
        .into_iter()
        .map(|(m, why, versions)| {
            let model = &facts.models[m];
            let version = match versions[..] {
                [v] => Link::new(path, &model.versions[v].version.selector(), &facts.version_path(m, v)),
                _ => {
                    let text = format!("{} of {}", count(versions.len(), "version"), model.model.name);
                    Link::new(path, &text, &facts.model_path(m))
                }
            };
            Unranked { version, why: visible(why, 300) }
        })
        .collect()
}

fn title(board: &Board<'_>) -> String {
    if board.spec.title.is_empty() { board.spec.id.clone() } else { board.spec.title.clone() }
}

fn group(facts: &Facts<'_>, board: &Board<'_>, group: &Group<'_>, index: usize, path: &str) -> GroupView {
    let catalogue = &facts.registry.catalogue;
    let rank_by = catalogue.canonical(&board.spec.rank_by);
    let mut names: Vec<&str> = board.spec.columns.iter().map(|c| catalogue.canonical(c)).collect();
    if !names.contains(&rank_by) {
        names.insert(0, rank_by);
    }
    let shown = &group.rows[..group.rows.len().min(ROWS)];
    let dataset = group.dataset;
    let one_model = group.rows.iter().all(|r| r.m == group.rows[0].m);
    // Values by column, then by row.
    let table: Vec<Vec<Option<&crate::model::MetricResult>>> = names
        .iter()
        .map(|name| {
            shown
                .iter()
                .map(|row| {
                    if *name == rank_by {
                        return Some(row.result);
                    }
                    let run = facts.models[row.m].versions[row.v].run?;
                    // Costs such as latency are often given without a dataset.
                    result_of(facts, run, name, dataset)
                        .or_else(|| result_of(facts, run, name, None).filter(|r| r.dataset.is_none()))
                })
                .collect()
        })
        .collect();
    let digits: Vec<Digits> = table.iter().map(|c| Digits::of(c.iter().flatten().map(|r| r.value.as_f64()))).collect();
    let best: Vec<Option<f64>> = names
        .iter()
        .zip(&table)
        .map(|(name, column)| {
            let definition = catalogue.get(name);
            let (direction, target) =
                (definition.and_then(|d| d.direction), definition.and_then(|d| d.target).map(Finite::get));
            let values = || column.iter().flatten().filter_map(|r| r.value.finite()).map(Finite::get);
            if values().count() < 2 {
                return None;
            }
            let best = values().reduce(|a, b| if better(direction, target, b, a) == Some(true) { b } else { a })?;
            values().any(|v| better(direction, target, best, v) == Some(true)).then_some(best)
        })
        .collect();
    let leader = group.rows.first().and_then(|r| interval_of(r.result));
    let rank_digits = names.iter().position(|n| *n == rank_by).map_or(Digits::of([]), |i| digits[i]);
    let rows: Vec<RowView> = shown
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let model = &facts.models[row.m];
            let version = &model.versions[row.v];
            let interval = interval_of(row.result);
            let tied = row.rank > 1
                && matches!((&interval, &leader), (Some((a, _)), Some((b, _))) if a.lower.get() <= b.upper.get() && b.lower.get() <= a.upper.get());
            let is_champion = model.champion == Some(row.v);
            let base = model.champion.filter(|_| !is_champion).and_then(|c| {
                let champion = &model.versions[c];
                let run = champion.run?;
                let base = result_of(facts, run, rank_by, dataset)?;
                // A champion measured on other data is no yardstick.
                (facts.data_digest(run, dataset) == group.digest && base.split.as_deref() == group.split).then_some((champion, base))
            });
            RowView {
                rank: row.rank,
                tied,
                model: Link::new(path, &model.model.title, &facts.model_path(row.m)),
                version: Link::new(path, &version.version.version, &facts.version_path(row.m, row.v)),
                champion: is_champion,
                badge: version.verdicts.last().map(|v| outcome(v.verdict)),
                stage: version.verdicts.last().map(|v| visible(&v.stage, 40)).unwrap_or_default(),
                interval: interval.as_ref().map(|(i, _)| rank_digits.interval(i)).unwrap_or_default(),
                interval_title: interval
                    .as_ref()
                    .map(|(i, how)| format!("{} interval {how}", show::percent(i.level.get())))
                    .unwrap_or_default(),
                n: row.result.n.map(show::count).unwrap_or_default(),
                delta: base
                    .map(|(c, b)| delta(facts.registry, rank_digits, row.result, Some(b), &format!("champion {}", c.version.version)))
                    .unwrap_or_default(),
                cells: table
                    .iter()
                    .enumerate()
                    .map(|(c, column)| Cell {
                        num: column[i].map_or_else(|| Num::none("not reported"), |r| digits[c].sourced(r.value, &r.source)),
                        best: best[c].is_some() && column[i].and_then(|r| r.value.finite()).map(Finite::get) == best[c],
                    })
                    .collect(),
            }
        })
        .collect();
    let data = match (dataset, group.split) {
        (Some(d), Some(s)) => format!("{d}, {s}"),
        (Some(d), None) => d.to_owned(),
        (None, Some(s)) => s.to_owned(),
        (None, None) => "an unnamed dataset".to_owned(),
    };
    GroupView {
        heading: if one_model && board.groups.len() > 1 {
            format!("{} on {}", facts.models[group.rows[0].m].model.title, visible(&data, 120))
        } else {
            format!("Measured on {}", visible(&data, 120))
        },
        id: format!("group-{}", index + 1),
        digest: group.digest.map(|d| visible(d, 100)).unwrap_or_default(),
        alone: group.rows.len() == 1,
        columns: names
            .iter()
            .map(|name| {
                let (label, unit) = facts.label(name);
                let (arrow, arrow_title) = arrow(catalogue.direction(name));
                Column { label, unit, arrow, arrow_title, ranks: *name == rank_by }
            })
            .collect(),
        left_out: group.rows.len() - shown.len(),
        ties: rows.iter().any(|r| r.tied),
        rows,
        one_model,
    }
}

#[derive(Debug, Serialize)]
struct Entry {
    board: Link,
    metric: String,
    arrow: &'static str,
    arrow_title: &'static str,
    ranked: String,
    leader: Option<Link>,
    value: Num,
}

#[derive(Debug, Serialize)]
pub(crate) struct ListContext {
    page: Page,
    boards: Vec<Entry>,
    automatic: bool,
}

pub(crate) fn list(facts: &Facts<'_>, boards: &[Board<'_>], path: &str) -> ListContext {
    let page =
        Page::new(facts, path, "leaderboards", "Leaderboards".to_owned(), "Versions ranked by a metric.".to_owned());
    let entries = boards
        .iter()
        .map(|board| {
            let (metric, _) = facts.label(&board.spec.rank_by);
            let (arrow, arrow_title) = arrow(facts.registry.catalogue.direction(&board.spec.rank_by));
            // Only one group has one leader.
            let leader = match &board.groups[..] {
                [only] => only.rows.first(),
                _ => None,
            };
            Entry {
                board: Link::new(path, &title(board), &format!("leaderboards/{}.html", board.slug)),
                metric,
                arrow,
                arrow_title,
                ranked: match board.groups.len() {
                    0 | 1 => count(board.ranked(), "version"),
                    n => format!("{} on {}", count(board.ranked(), "version"), count(n, "dataset")),
                },
                leader: leader.map(|r| {
                    Link::new(path, &facts.models[r.m].versions[r.v].version.selector(), &facts.version_path(r.m, r.v))
                }),
                value: leader.map_or_else(
                    || Num::none("the versions are not comparable with each other"),
                    |r| Digits::of([r.result.value.as_f64()]).sourced(r.result.value, &r.result.source),
                ),
            }
        })
        .collect();
    ListContext { page, boards: entries, automatic: boards.iter().any(|b| b.automatic) }
}

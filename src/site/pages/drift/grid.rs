//! Features over windows: reports that belong together, and what each of their features did over time.
//!
//! In: drift reports and the run's feature importances. Out: [`Grid`]s, their features in the order in
//! which a reader wants them. Must not draw or word anything.

use std::collections::BTreeMap;

use super::reading::{Rules, dissent, not_computed};
use super::sentence::Seen;
use crate::model::{DriftReport, Finite, Importance, Instant};
use crate::site::facts::window_label;

/// What is known of a feature in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State<'a> {
    /// The report does not speak of it.
    Absent,
    /// No method gave a score, and why.
    NotComputed(&'a str),
    /// There are scores and no verdict.
    NotJudged,
    /// No method saw drift.
    Stable,
    /// Some method did.
    Drifted,
}

/// A feature over the windows.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub name: &'a str,
    pub kind: &'a str,
    pub importance: Option<f64>,
    /// By window what each method saw, the leading one first.
    pub cells: Vec<Vec<Seen<'a>>>,
    /// The first window with drift, and how many there are.
    pub first: Option<usize>,
    pub alarms: usize,
    /// From where on it has drifted up to the newest window.
    pub since: Option<usize>,
}

/// Reports that belong together.
#[derive(Debug)]
pub(super) struct Grid<'a> {
    /// Oldest first.
    pub reports: Vec<&'a DriftReport>,
    /// What each window is called.
    pub windows: Vec<String>,
    /// The labels of all methods.
    pub methods: Vec<&'a str>,
    /// Worst first.
    pub rows: Vec<Row<'a>>,
    /// How many of the first rows have something to tell.
    pub telling: usize,
}

/// Whether reports against different references belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum References {
    Apart,
    Together,
}

impl<'a> Row<'a> {
    pub(super) fn state(&self, window: usize) -> State<'a> {
        self.cells.get(window).map_or(State::Absent, |seen| state(seen))
    }

    /// What the leading method saw.
    pub(super) fn lead(&self, window: usize) -> Option<&Seen<'a>> {
        self.cells.get(window)?.first()
    }

    /// The newest window that speaks of it, with the newest of all as number.
    pub(super) fn newest(&self) -> usize {
        self.cells.iter().rposition(|c| !c.is_empty()).unwrap_or(0)
    }

    fn dissents(&self, window: usize) -> bool {
        self.cells.get(window).is_some_and(|c| c.iter().any(|s| dissent(s.drift, &s.reading).is_some()))
    }
}

fn state<'a>(seen: &[Seen<'a>]) -> State<'a> {
    let Some(first) = seen.first() else { return State::Absent };
    let scored = || seen.iter().filter(|s| not_computed(s.drift).is_none());
    if scored().any(|s| s.drift.drifted == Some(true)) {
        State::Drifted
    } else if scored().any(|s| s.drift.drifted == Some(false)) {
        State::Stable
    } else if scored().next().is_some() {
        State::NotJudged
    } else {
        State::NotComputed(not_computed(first.drift).unwrap_or_default())
    }
}

/// The grids of reports: by tool and reference, and within these by the methods that they share. The one
/// with most windows first.
pub(super) fn grids<'a>(
    reports: &[&'a DriftReport],
    importances: &[&'a Importance],
    references: References,
) -> Vec<Grid<'a>> {
    let mut kinds: BTreeMap<(&str, &str), Vec<&'a DriftReport>> = BTreeMap::new();
    for report in reports {
        let reference = if references == References::Apart { report.reference.as_str() } else { "" };
        kinds.entry((report.tool.as_str(), reference)).or_default().push(report);
    }
    let mut lists: Vec<(Vec<&'a str>, Vec<&'a DriftReport>)> = Vec::new();
    for mut list in kinds.into_values() {
        list.sort_by_key(|r| (r.window.start.or(r.window.end).map_or(i64::MIN, Instant::millis), r.id.as_str()));
        let mut of_kind: Vec<(Vec<&str>, Vec<&DriftReport>)> = Vec::new();
        for report in list {
            let methods = methods(report);
            let shares = |have: &[&str]| methods.is_empty() || methods.iter().any(|m| have.contains(m));
            match of_kind.iter_mut().find(|(have, _)| shares(have)) {
                Some((have, list)) => {
                    have.extend(methods);
                    have.sort_unstable();
                    have.dedup();
                    list.push(report);
                }
                None => of_kind.push((methods, vec![report])),
            }
        }
        lists.extend(of_kind);
    }
    lists.sort_by_key(|(_, list)| std::cmp::Reverse(list.len()));
    lists.into_iter().map(|(methods, reports)| grid(methods, reports, importances)).collect()
}

/// The methods of a report as its tool names them.
fn methods(report: &DriftReport) -> Vec<&str> {
    let mut labels: Vec<&str> =
        report.features.iter().map(|f| f.method_label.as_str()).filter(|l| !l.is_empty()).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

fn grid<'a>(methods: Vec<&'a str>, reports: Vec<&'a DriftReport>, importances: &[&'a Importance]) -> Grid<'a> {
    let rules = Rules::of(&reports);
    let mut by_name: BTreeMap<&str, Vec<Vec<Seen<'a>>>> = BTreeMap::new();
    for (window, report) in reports.iter().enumerate() {
        for drift in &report.features {
            let cells = by_name.entry(&drift.feature).or_insert_with(|| vec![Vec::new(); reports.len()]);
            if let Some(cell) = cells.get_mut(window) {
                cell.push(Seen { drift, reading: rules.read(drift) });
            }
        }
    }
    let given = importance_of(&by_name, importances);
    let mut rows: Vec<Row<'a>> = by_name.into_iter().map(|(name, cells)| row(name, cells, &given)).collect();
    let newest = reports.len().saturating_sub(1);
    rows.sort_by(|a, b| {
        let number = |v: Option<f64>| v.unwrap_or(-1.0);
        let excess = |r: &Row<'_>| number(r.lead(newest).and_then(|s| s.reading.excess));
        (rank(a, newest), a.alarms == 0)
            .cmp(&(rank(b, newest), b.alarms == 0))
            .then_with(|| number(b.importance).total_cmp(&number(a.importance)))
            .then_with(|| excess(b).total_cmp(&excess(a)))
            .then_with(|| a.name.cmp(b.name))
    });
    let telling = rows.iter().filter(|r| rank(r, newest) <= LAST_TELLING).count();
    Grid { windows: reports.iter().map(|r| window_label(r)).collect(), reports, methods, rows, telling }
}

/// The last rank of rows that have something to tell.
const LAST_TELLING: u8 = 2;

/// What a reader looks at first: what drifts, what is contradictory, what drifted before, what could not be
/// computed, and then the rest.
fn rank(row: &Row<'_>, newest: usize) -> u8 {
    match row.state(newest) {
        State::Drifted => 0,
        _ if row.dissents(newest) => 1,
        _ if row.alarms > 0 => LAST_TELLING,
        State::NotComputed(_) | State::Absent => 3,
        State::NotJudged | State::Stable => 4,
    }
}

fn row<'a>(name: &'a str, mut cells: Vec<Vec<Seen<'a>>>, given: &BTreeMap<&str, f64>) -> Row<'a> {
    for cell in &mut cells {
        // Stable: methods that say the same stay in the order of the report.
        cell.sort_by_key(|seen| std::cmp::Reverse(leads(seen)));
    }
    let states: Vec<State<'a>> = cells.iter().map(|c| state(c)).collect();
    let own = cells.iter().rev().flatten().find_map(|s| s.drift.column.importance).map(Finite::get);
    let drifts = |s: &State<'_>| *s == State::Drifted;
    let since = if states.last().is_some_and(drifts) {
        let calm = states.iter().rposition(|s| *s == State::Stable).map_or(0, |at| at + 1);
        states.iter().enumerate().skip(calm).find(|(_, s)| drifts(s)).map(|(i, _)| i)
    } else {
        None
    };
    Row {
        name,
        kind: cells.iter().rev().flatten().map(|s| s.drift.kind.as_str()).find(|k| !k.is_empty()).unwrap_or(""),
        importance: own.or_else(|| given.get(name).copied()),
        first: states.iter().position(drifts),
        alarms: states.iter().filter(|s| drifts(s)).count(),
        since,
        cells,
    }
}

/// Which method leads: one that sees drift, then one that has a score, and a distance before a p-value, since
/// it says how much.
fn leads(seen: &Seen<'_>) -> (bool, bool, bool) {
    let scored = not_computed(seen.drift).is_none();
    (scored && seen.drift.drifted == Some(true), scored, seen.reading.kind == super::reading::Kind::Distance)
}

/// The importances of the run: those of the first list that speaks of any of the features.
fn importance_of<'a, T>(features: &BTreeMap<&'a str, T>, importances: &[&'a Importance]) -> BTreeMap<&'a str, f64> {
    let fits = |list: &&&Importance| list.items.iter().any(|i| features.contains_key(i.feature.as_str()));
    let list = importances.iter().find(fits);
    let items = list.iter().flat_map(|list| &list.items);
    items.filter_map(|i| Some((i.feature.as_str(), i.mean.finite()?.get()))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sentence::tests::{feature, finite, report};
    use super::*;
    use crate::model::{FeatureDrift, ImportanceItem, Measured, Method, Pointer};

    fn psi(name: &str, score: f64) -> FeatureDrift {
        feature(name, Some(Method::Psi), "psi", score, 0.2, None, Some(score > 0.2))
    }

    fn names(grid: &Grid<'_>) -> Vec<String> {
        grid.rows.iter().map(|r| r.name.to_owned()).collect()
    }

    #[test]
    fn what_drifts_comes_first_then_what_matters() {
        let weeks = [
            report("2026-01-05", vec![psi("was", 0.4), psi("a", 0.1), psi("b", 0.1), psi("c", 0.15)]),
            report("2026-01-12", vec![psi("was", 0.1), psi("a", 0.3), psi("b", 0.25), psi("c", 0.15)]),
        ];
        let reports: Vec<&DriftReport> = weeks.iter().rev().collect();
        let found = grids(&reports, &[], References::Apart);
        assert_eq!(found.len(), 1);
        assert_eq!(names(&found[0]), ["a", "b", "was", "c"]);
        assert_eq!(
            (found[0].telling, found[0].windows.as_slice()),
            (3, ["2026-01-05".to_owned(), "2026-01-12".to_owned()].as_slice())
        );
        let item =
            |name: &str, mean: f64| ImportanceItem { feature: name.to_owned(), mean: Measured::new(mean), std: None };
        let list = Importance {
            name: "gain".to_owned(),
            items: vec![item("b", 0.9), item("c", 5.0)],
            source: Pointer::default(),
        };
        assert_eq!(names(&grids(&reports, &[&list], References::Apart)[0]), ["b", "a", "was", "c"]);
    }

    #[test]
    fn drift_lasts_through_windows_that_were_not_computed() {
        let mut gap = psi("a", 0.0);
        (gap.score, gap.drifted) = (None, None);
        gap.column.not_computed = Some("constant in both".to_owned());
        let weeks = [
            report("2026-01-05", vec![psi("a", 0.4)]),
            report("2026-01-12", vec![psi("a", 0.1)]),
            report("2026-01-19", vec![psi("a", 0.4)]),
            report("2026-01-26", vec![gap]),
            report("2026-02-02", vec![psi("a", 0.4)]),
            report("2026-02-09", vec![psi("b", 0.1)]),
        ];
        let all: Vec<&DriftReport> = weeks.iter().collect();
        let found = grids(&all[..5], &[], References::Apart);
        let row = &found[0].rows[0];
        assert_eq!((row.first, row.since, row.alarms), (Some(0), Some(2), 3));
        assert_eq!(row.state(3), State::NotComputed("constant in both"));
        let later = grids(&all, &[], References::Apart);
        let row = later[0].rows.iter().find(|r| r.name == "a").unwrap();
        assert_eq!((row.state(5), row.since, row.newest()), (State::Absent, None, 4));
    }

    #[test]
    fn methods_of_one_feature_share_a_row_and_reports_of_other_methods_stand_apart() {
        let ks = |p: f64| feature("a", Some(Method::Ks), "ks", 0.2, 0.05, Some(p), Some(p < 0.05));
        let both = report("2026-01-05", vec![psi("a", 0.3), ks(1e-9)]);
        let alone = report("2026-01-12", vec![ks(0.5)]);
        let other = report("2026-01-19", vec![feature("a", Some(Method::Mmd), "mmd", 0.2, 0.1, None, Some(true))]);
        let found = grids(&[&both, &alone, &other], &[], References::Apart);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].rows.len(), found[0].rows[0].cells[0].len()), (1, 2));
        assert_eq!(found[0].rows[0].lead(0).unwrap().drift.method, Some(Method::Psi));
        assert_eq!(found[0].methods, ["ks", "psi"]);
    }

    #[test]
    fn references_are_apart_unless_wanted_together() {
        let (a, mut b) = (report("2026-01-05", vec![psi("a", 0.3)]), report("2026-01-12", vec![psi("a", 0.3)]));
        b.reference = "train 2".to_owned();
        assert_eq!(grids(&[&a, &b], &[], References::Apart).len(), 2);
        assert_eq!(grids(&[&a, &b], &[], References::Together).len(), 1);
    }

    #[test]
    fn the_columns_own_importance_wins() {
        let mut a = psi("a", 0.1);
        a.column.importance = Some(finite(0.7));
        let week = report("2026-01-05", vec![a]);
        assert_eq!(grids(&[&week], &[], References::Apart)[0].rows[0].importance, Some(0.7));
    }
}

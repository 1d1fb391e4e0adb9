//! A Prometheus server, query by query (its HTTP API, `GET /api/v1/query_range`).
//!
//! In: a client, the queries and the moment of the command. Out: the answers as files
//! `queries/NAME.json`; `import/prometheus` reads them. A query that fails is a problem of its own and
//! the others go on.

use super::Query;
use super::http::{Client, Failure};
use super::pages::Pages;
use crate::diag::{Diagnostic, visible};

/// Fetches every query's range that ends at `now`, in seconds since the Unix epoch.
pub(super) fn fetch(client: &Client, source: &str, queries: &[Query], now: i64) -> Result<Pages, Box<Diagnostic>> {
    let mut pages = Pages::default();
    for (i, query) in queries.iter().enumerate() {
        // Ends on a whole step, so that the same hour gives the same points.
        let step = i64::try_from(query.step.as_secs().max(1)).unwrap_or(i64::MAX);
        let end = now - now.rem_euclid(step);
        let start = end.saturating_sub(i64::try_from(query.range.as_secs()).unwrap_or(i64::MAX));
        let (start, end, step) = (start.to_string(), end.to_string(), format!("{step}s"));
        let pairs = [("query", query.expr.as_str()), ("start", &start), ("end", &end), ("step", &step)];
        match client.get("/api/v1/query_range", &pairs) {
            Ok(bytes) => pages.keep(format!("queries/{i:03}/{}.json", file_name(&query.name)), bytes),
            // Nobody there: the other queries would wait as long for nothing.
            Err(failure @ (Failure::Unreachable(_) | Failure::Status(401 | 403 | 407, _))) => {
                return Err(Box::new(failure.diagnostic(source)));
            }
            Err(failure) => {
                let problem = failure.diagnostic(source).pointer(format!("query {}", visible(&query.name, 60)));
                pages.problem(problem.help("correct 'expr' in [[source.query]]; what it asks for counts as missing"));
            }
        }
    }
    Ok(pages)
}

/// A query's name as a part of a path.
fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' }).collect()
}

//! What goes to the terminal: text on standard output, diagnostics and progress on standard error.
//!
//! Colours follow `--color`, `NO_COLOR` and `CLICOLOR_FORCE`, and are off when the stream is no
//! terminal. Progress is shown only on a terminal and never in a log.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Color, Global};
use crate::diag::{Diagnostic, Severity, count, render_one};
use crate::source::{Activity, activity};

/// The process's output streams and how to use them.
pub(super) struct Terminal {
    out_colour: bool,
    err_colour: bool,
    progress: bool,
    quiet: bool,
    verbose: u8,
    broken: bool,
}

/// How many diagnostics of one severity are printed without `--verbose`.
const SHOWN: usize = 20;

impl Terminal {
    pub(super) fn new(global: &Global) -> Self {
        let wanted = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                environment("CLICOLOR_FORCE").is_some_and(|v| v != "0")
                    || (terminal && environment("NO_COLOR").is_none_or(|v| v.is_empty()))
            }
        };
        let err_terminal = std::io::stderr().is_terminal();
        Self {
            out_colour: wanted(std::io::stdout().is_terminal()),
            err_colour: wanted(err_terminal),
            progress: err_terminal && !global.quiet && environment("CI").is_none(),
            quiet: global.quiet,
            verbose: global.verbose,
            broken: false,
        }
    }

    /// Whether standard output is coloured.
    pub(super) fn colour(&self) -> bool {
        self.out_colour
    }

    /// Whether something could not be printed.
    pub(super) fn broken(&self) -> bool {
        self.broken
    }

    /// Prints to standard output.
    pub(super) fn print(&mut self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        self.broken |= out.write_all(bytes).and_then(|()| out.flush()).is_err();
    }

    /// Prints a line about what was done to standard error, unless quiet.
    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            self.complain(line);
        }
    }

    /// Prints a line about what went wrong to standard error.
    pub(super) fn complain(&self, line: &str) {
        // A closed standard error leaves nothing to tell it to.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// Prints diagnostics to standard error: errors always, warnings unless quiet, notes with
    /// `--verbose`; of each at most a screenful unless `--verbose`. What is held back is counted.
    pub(super) fn diagnostics<'a>(&self, diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
        let mut shown = [0usize; 3];
        let mut held = [0usize; 3];
        for diagnostic in diagnostics {
            let kind = diagnostic.severity as usize;
            let wanted = match diagnostic.severity {
                Severity::Error => true,
                Severity::Warning => !self.quiet,
                Severity::Note => self.verbose > 0,
            };
            if wanted && (self.verbose > 0 || shown[kind] < SHOWN) {
                shown[kind] += 1;
                self.complain(&render_one(diagnostic, self.err_colour));
            } else {
                held[kind] += 1;
            }
        }
        let more: Vec<String> = [(held[0], "error"), (held[1], "warning"), (held[2], "note")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, noun)| count(n, noun))
            .collect();
        if !more.is_empty() && !self.quiet {
            self.complain(&format!("{} not shown; use --verbose, or see the site's problems page", more.join(", ")));
        }
    }

    /// Does some reading; when it takes more than a second and there is a terminal, a line says how
    /// far it has come and how fast it goes.
    pub(super) fn reading<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if !self.progress {
            return work();
        }
        let (done, finished) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let tick = std::time::Duration::from_millis(250);
                let before = activity();
                let mut bar: Option<ProgressBar> = None;
                for ticks in 1_u32.. {
                    // Ends when the sender is dropped.
                    if finished.recv_timeout(tick) != Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                        break;
                    }
                    if ticks < 4 {
                        continue;
                    }
                    let bar = bar.get_or_insert_with(|| {
                        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
                        if let Ok(style) = ProgressStyle::with_template("{prefix:>10} {msg}") {
                            bar.set_style(style);
                        }
                        bar.set_prefix("Reading");
                        bar
                    });
                    let now = activity();
                    bar.set_message(progress(before, now, f64::from(ticks) * tick.as_secs_f64()));
                    bar.tick();
                }
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
            });
            let out = work();
            drop(done);
            out
        })
    }

    /// A progress bar of `total` steps; hidden when there is no terminal.
    pub(super) fn bar(&self, what: &'static str, total: usize) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:30}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what);
        bar
    }
}

/// "12,345 of 20,000 files, 45.1 MB, 8,200 files/s".
fn progress(before: Activity, now: Activity, seconds: f64) -> String {
    if now.rows > before.rows {
        let rows = now.rows - before.rows;
        #[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
        let rate = (rows as f64 / seconds.max(0.001)).round();
        let (rows, rate) = (indicatif::HumanCount(rows), indicatif::HumanFloatCount(rate));
        return format!("{rows} rows, {rate} rows/s");
    }
    let listed = now.listed - before.listed;
    let read = now.read - before.read;
    #[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
    let (megabytes, rate) = ((now.bytes - before.bytes) as f64 / 1e6, read as f64 / seconds.max(0.001));
    let of =
        if listed > read { format!(" of {} files found", indicatif::HumanCount(listed)) } else { " files".to_owned() };
    format!(
        "{}{of}, {megabytes:.1} MB, {} files/s",
        indicatif::HumanCount(read),
        indicatif::HumanFloatCount(rate.round())
    )
}

/// A line on standard error from another thread.
#[cfg(feature = "serve")]
pub(super) fn note(line: &str) {
    // A closed standard error leaves nothing to tell it to.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// A variable of the environment, when it is set and is text.
#[expect(clippy::disallowed_methods, reason = "cli is the one module that reads the environment")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The variables of the environment whose names begin with a prefix, as far as they are text.
pub(super) fn environment_below(prefix: &str) -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(key, _)| key.starts_with(prefix))
        .collect()
}

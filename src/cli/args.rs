//! The command line, as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Static model reports that are also the gate a model must pass.
#[derive(Debug, Parser)]
#[command(
    name = "presscheck",
    version,
    max_term_width = 100,
    propagate_version = false,
    after_help = "Examples:
  presscheck build                                   read everything below this folder, write public/
  presscheck gate churn@latest --stage production    exit 0 when the version may be promoted, 1 when not
  presscheck serve                                   preview with live reload
  presscheck inspect mlruns                          show what is read, and what is not understood

Exit codes: 0 pass · 1 blocked · 2 usage, configuration or policy error · 3 evidence unreadable or
ambiguous · 4 pending · 5 nothing evaluated · 10 warnings (opt-in) · 70 internal error"
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Run as if started in this folder
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        global = true,
        default_value = ".",
        hide_default_value = true
    )]
    pub(super) directory: PathBuf,
    /// The configuration file [default: presscheck.toml, when there is one]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
    /// Say more; twice to say everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Say only what is wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Colours in the terminal
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto", hide_default_value = true)]
    pub(super) color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a commented configuration, a small example run and a CI workflow
    #[command(after_help = "Existing files are never overwritten.

Examples:
  presscheck init
  presscheck init -C reports")]
    Init,
    /// Build the site
    #[command(
        after_help = "Exits 0 when the site was written and all inputs were read, 3 when it was written but an input
could not be read (0 with --keep-going), 2 when the configuration is wrong.

Examples:
  presscheck build
  presscheck build -C site-example --output /tmp/site"
    )]
    Build(Build),
    /// Preview the site, rebuilding when a file changes
    #[cfg(feature = "serve")]
    #[command(after_help = "Nothing is written to the output folder. Errors are shown in the page.

Examples:
  presscheck serve
  presscheck serve --port 9000 --watch poll      for network file systems")]
    Serve(Serve),
    /// Judge a version by the policy; the exit code is the verdict
    #[command(
        after_help = "SELECTOR is MODEL, MODEL@VERSION, MODEL@ALIAS, MODEL@STAGE, MODEL@latest or MODEL@previous.
FORMAT is one of these; give --out several times for several reports of the same verdict:
  human           a terminal
  json            presscheck.verdict/1, the whole verdict
  github          GitHub Actions: annotations, step summary, outputs
  markdown        a comment on a pull or merge request, up to 65,000 characters
  summary         the same for a job's page, up to 900 KiB
  junit           JUnit XML: GitLab, Jenkins, test viewers
  sarif           SARIF 2.1.0: GitHub code scanning, editors
  ctrf            Common Test Report Format, JSON
  tap             Test Anything Protocol 14
  codequality     GitLab: artifacts:reports:codequality
  openmetrics     OpenMetrics text
  prometheus      Prometheus text: node_exporter's textfile collector (.prom)
  gitlab-metrics  GitLab: artifacts:reports:metrics
  in-toto         in-toto statement, test-result v0.1, unsigned
  svr             in-toto statement, Simple Verification Result v0.2, unsigned; of a pass only
  vsa             in-toto statement, SLSA Verification Summary v1, unsigned
  kfp             Kubeflow Pipelines v1: mlpipeline-metrics.json

A report that cannot be written is said on standard error; with --strict-outputs the gate then
exits 3 where it would exit 0, 4 or 10. A block stays a block.

Examples:
  presscheck gate churn@1.4.0 --stage production
  presscheck gate churn --stage staging --out human --out junit=reports/gate.xml --out json=verdict.json
  presscheck gate churn --stage production --out github --out sarif=gate.sarif
  presscheck gate churn --stage production --out junit=gate.xml --out codequality=cq.json
  presscheck gate churn --stage production --strict-outputs --out in-toto=test.json --out svr=svr.json"
    )]
    Gate(Gate),
    /// Write, and sign, that a version may enter a stage
    #[command(
        after_help = "The version is judged first, and what changed since your last statement is shown. The statement is
written to the folder of approvals; a file that is there is never changed. With --key it is signed with
ssh-keygen, which asks ssh-agent or for the passphrase; without, the line that signs it is printed. Commit both files.
Exits 0 when the statement was written (and signed, with --key), 1 when rules block: then there is nothing to
approve, 2 when it cannot be written or signed, or the role is not yours, 3 or 5 when there is no verdict.

Examples:
  presscheck approve churn@1.4.0 --stage production --role ml-lead --as alice@example.com --key ~/.ssh/id_ed25519
  presscheck approve churn@1.4.0 --stage production --role risk --as carol@example.com --expires 2026-12-31"
    )]
    Approve(Approve),
    /// Write, and sign, that a version may not enter a stage
    #[command(after_help = "A rejection blocks until the same person signs a later approval of the same content.

Examples:
  presscheck reject churn@1.4.0 --stage production --role risk --as carol@example.com --comment \"see ML-402\" \\
      --key ~/.ssh/id_ed25519")]
    Reject(Statement),
    /// Look at the policy: what it says, what it does not mean, and that it blocks
    #[command(subcommand)]
    Policy(Policy),
    /// Write what models have sustained, for ratchet rules
    #[command(
        after_help = "The level of a rule is the best median of its window of consecutive versions that pass the rest of
the policy. It is written to presscheck.ratchet.toml, which belongs to the policy: commit it. A level never
gets worse, unless --reset starts again.

Examples:
  presscheck ratchet update --stage production
  presscheck ratchet update --dry-run"
    )]
    #[command(subcommand)]
    Ratchet(Ratchet),
    /// Check configuration, policy and inputs without a verdict
    #[command(after_help = "Examples:
  presscheck check
  presscheck check --format json")]
    Check(Check),
    /// Show what is read from files and folders, and what is not understood
    #[command(after_help = "Without PATH, the sources of the configuration are shown.

Examples:
  presscheck inspect mlruns
  presscheck inspect runs/churn/1.4.0 --format json | jq '.runs[0].results'")]
    Inspect(Inspect),
    /// Write what sources say as native run directories, to archive evidence
    #[command(
        after_help = "Without SRC, the configured sources are read. A folder that is there already is never changed:
with the same content it is left, with other content it is an error and nothing is written.
Exits 0 when all was read and written, 3 when it was written but some input could not be read,
2 when nothing could be written.

Examples:
  presscheck import mlruns -o archive/2026-09
  presscheck import http://127.0.0.1:5000 --kind mlflow -o archive/2026-09
  presscheck import -o archive/2026-09             all configured sources"
    )]
    Import(Import),
    /// Write a policy from another tool's thresholds
    #[command(after_help = "FILE is JSON, YAML or protobuf's text format; what it is of is seen by its content:
  mlflow       a dict of MetricThreshold by metric, as JSON
  tfma         EvalConfig of TensorFlow Model Analysis
  evidently    a test suite, or a report with tests
  lighthouse   assertions of Lighthouse CI (lighthouserc)

What has no equal is said, and listed at the end of the policy. Exits 0 when everything was translated, 3 when
something was left out, 2 when nothing could be read or translated.

Examples:
  presscheck import-policy thresholds.json > presscheck.toml
  presscheck import-policy eval_config.pbtxt -o policy.toml")]
    ImportPolicy(ImportPolicy),
    /// Show what changed between two versions
    #[command(
        after_help = "BEFORE and AFTER are selectors as of `gate`; AFTER may be @VERSION, of the same model. With one
selector the version is compared with the one before it.

Results on other data or by another harness are set apart. Where both sides say how sure they are, a
difference is tested; the p-values are adjusted together by Holm's method, and what they do not carry
is unclear. Exits 0 whatever differs, 3 when an input could not be read or a version is not there.

Examples:
  presscheck diff churn@1.3.0 @1.4.0
  presscheck diff churn@champion @latest --format markdown > comment.md
  presscheck diff churn                            the latest version against the one before it"
    )]
    Diff(Diff),
    /// Write one version as a single HTML file, for mail and archives
    #[command(
        after_help = "The file holds the model card, the verdict, what changed and the drift of the version, and asks for
nothing. Links to other pages lead to the published site when [site] base_url says where it is.

Examples:
  presscheck export churn@1.4.0 --single-file -o churn-1.4.0.html
  presscheck export churn@champion --single-file > card.html"
    )]
    Export(Export),
    /// Copy built-in templates and assets to the theme folder, or see what has changed since
    #[command(subcommand)]
    Theme(Theme),
    /// Compute drift of current data against reference data
    #[command(
        after_help = "PATH is a file of CSV, JSON Lines, Parquet or Arrow, a folder of them, or a pattern in quotes.
Columns of numbers and categories are compared by PSI unless --method says otherwise: psi, ks,
wasserstein, wasserstein_normed, jensen_shannon, kl_divergence, hellinger, total_variation,
anderson_darling, chi_square, cramers_v, g_test, z_test.

Exits 0 when everything was read, 3 when an input could not be, 2 on wrong options; with --gate 1 on
an alarm.

Examples:
  presscheck drift --reference train.parquet --current week1.parquet week2.parquet
  presscheck drift --reference train.parquet --current 'data/2026-*.parquet' -o runs/churn/1.4.0/drift
  presscheck drift --reference train.csv --current log.csv --time at --every 1w --method ks
  presscheck drift --reference train.csv --current log.csv --gate --critical income --retrain retrain.json"
    )]
    Drift(Box<super::drift::Drift>),
    /// Explain a diagnostic code, a rule's status or an exit code
    #[command(after_help = "Examples:
  presscheck explain metric-conflict
  presscheck explain inconclusive
  presscheck explain exit-4
  presscheck explain            lists all codes")]
    Explain {
        /// The code
        code: Option<String>,
    },
    /// Print completions for a shell
    #[command(after_help = "Examples:
  presscheck completions bash > /etc/bash_completion.d/presscheck
  presscheck completions zsh > ~/.zfunc/_presscheck")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Examples:
  presscheck man | man -l -")]
    Man,
}

#[derive(Debug, Args)]
pub(super) struct Build {
    /// The output folder, instead of the configured one
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// Exit 0 although an input could not be read
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Write into a folder that holds files of somebody else; they are kept
    #[arg(long)]
    pub(super) adopt: bool,
    /// Judge as of this moment (RFC 3339), instead of now
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
    /// Open the site in the browser when it is written
    #[arg(long)]
    pub(super) open: bool,
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
}

#[cfg(feature = "serve")]
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    pub(super) host: std::net::IpAddr,
    /// The port [default: 8000, or the next free one]
    #[arg(short, long, value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// How to notice changes; poll works on network file systems
    #[arg(long, value_name = "HOW", default_value = "native")]
    pub(super) watch: Watch,
    /// Another host name that requests may carry
    #[arg(long, value_name = "NAME")]
    pub(super) allow_host: Vec<String>,
}

/// How to notice changes.
#[cfg(feature = "serve")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Watch {
    /// Ask the operating system
    Native,
    /// Look every second
    Poll,
}

#[derive(Debug, Args)]
pub(super) struct Gate {
    /// What to judge; may be left out when there is one model
    #[arg(default_value = "", hide_default_value = true)]
    pub(super) selector: String,
    /// The stage to promote to; may be left out when the policy has one
    #[arg(short, long)]
    pub(super) stage: Option<String>,
    /// A report: FORMAT on standard output, or FORMAT=FILE [default: human]
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(super) out: Vec<String>,
    /// Exit 3 instead of 0, 4 or 10 when a report could not be written
    #[arg(long)]
    pub(super) strict_outputs: bool,
    /// Judge as of this moment (RFC 3339), instead of now; recorded in the verdict
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
    /// Read policy, waivers, levels and ledger from this git ref [default: the target branch of a pull request]
    #[arg(long, value_name = "REF")]
    pub(super) trusted_ref: Option<String>,
    /// Refuse to judge without a trusted ref, or as of a moment far from now
    #[arg(long)]
    pub(super) enforce: bool,
    /// Add the decision to promotions.jsonl
    #[arg(long)]
    pub(super) record: bool,
    /// Exit 10 instead of 0 when the verdict is a pass with warnings
    #[arg(long)]
    pub(super) warn_exit_code: bool,
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    #[command(flatten)]
    pub(super) statement: Statement,
    /// The last day that it counts, in UTC
    #[arg(long, value_name = "DATE")]
    pub(super) expires: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Statement {
    /// What it is about; may be left out when there is one model
    #[arg(default_value = "", hide_default_value = true)]
    pub(super) selector: String,
    /// The stage that the version is to enter; may be left out when the policy has one
    #[arg(short, long)]
    pub(super) stage: Option<String>,
    /// The role that you speak in
    #[arg(long)]
    pub(super) role: String,
    /// Who you are: a principal of allowed_signers
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub(super) reviewer: String,
    /// Why, for people
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) comment: String,
    /// Sign with this key: a private key, or a public one whose private key ssh-agent holds
    #[arg(long, value_name = "PATH")]
    pub(super) key: Option<PathBuf>,
    /// Read the policy from this git ref, as the gate will [default: the target branch of a pull request]
    #[arg(long, value_name = "REF")]
    pub(super) trusted_ref: Option<String>,
    /// Judge and sign as of this moment (RFC 3339), instead of now
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Find rules that cannot fail, cannot pass or can be starved, and parts that match nothing
    #[command(
        after_help = "The newest versions are judged, to see what their evidence could have shown. Exits 0 when nothing was
found, 1 when there are warnings (notes do not count), 2 when the policy cannot be read.

Examples:
  presscheck policy lint
  presscheck policy lint --format json | jq '.[].code'"
    )]
    Lint(PolicyLint),
    /// Say in plain English what the policy demands
    #[command(after_help = "Examples:
  presscheck policy show
  presscheck policy show --rule auc-floor --resolved    every value, with where it came from")]
    Show(PolicyShow),
    /// Change the evidence, and show that every blocking rule blocks
    #[command(
        after_help = "For every blocking rule, the newest version that passes it is taken and its evidence is changed in memory,
one thing at a time: worse, missing, not finite, text, out of range, renamed, given twice, too few examples,
stale, forged, deleted. The rule alone must block each time. Nothing is written.
Exits 0 when every rule blocks, 1 when one does not (it is named), 5 when no rule blocks anywhere.

Examples:
  presscheck policy prove
  presscheck policy prove --stage production --verbose"
    )]
    Prove(PolicyProve),
}

#[derive(Debug, Args)]
pub(super) struct PolicyLint {
    /// Judge as of this moment (RFC 3339), instead of now
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct PolicyShow {
    /// Every effective value of every rule, with where it came from
    #[arg(long)]
    pub(super) resolved: bool,
    /// Only this rule
    #[arg(long, value_name = "ID")]
    pub(super) rule: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct PolicyProve {
    /// Only this stage
    #[arg(short, long)]
    pub(super) stage: Option<String>,
    /// Judge as of this moment (RFC 3339), instead of now
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
pub(super) enum Ratchet {
    /// Find the levels and write them
    Update {
        /// The stage that versions must pass; may be left out when the policy has one
        #[arg(short, long)]
        stage: Option<String>,
        /// Forget the levels that were written before
        #[arg(long)]
        reset: bool,
        /// Say what would be written, and write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    /// Files, folders and addresses to read [default: the configured sources]
    #[arg(value_name = "SRC")]
    pub(super) sources: Vec<String>,
    /// The folder to write into
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    /// Read SRC as this kind only, like kind in presscheck.toml
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ImportPolicy {
    /// The file with the thresholds
    pub(super) file: PathBuf,
    /// What it is of, when that cannot be seen: mlflow, tfma, evidently or lighthouse
    #[arg(long, value_name = "KIND")]
    pub(super) kind: Option<String>,
    /// The file to write, instead of standard output; it must not be there yet
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// The version: MODEL, MODEL@VERSION, MODEL@ALIAS, …
    #[arg(value_name = "SELECTOR")]
    pub(super) selector: String,
    /// As one HTML file with everything inside
    #[arg(long, required = true)]
    pub(super) single_file: bool,
    /// Where to write it [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Judge as of this moment instead of the newest that the evidence names
    #[arg(long, value_name = "TIME")]
    pub(super) as_of: Option<String>,
}

/// What to do with the theme.
#[derive(Debug, Subcommand)]
pub(super) enum Theme {
    /// Copy templates and assets to the theme folder of the configuration, or to theme/
    #[command(after_help = "Files that are there are never changed. Without a name all names are listed.

Examples:
  presscheck theme eject
  presscheck theme eject pages/version.html assets/site.css")]
    Eject {
        /// Templates and assets
        names: Vec<String>,
        /// Copy all of them
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
    /// Show what you changed, and what a newer presscheck did to what you copied
    #[command(after_help = "Examples:
  presscheck theme diff
  presscheck theme diff --check          exit 1 when a built-in file has changed since it was copied")]
    Diff {
        /// Only these files
        names: Vec<String>,
        /// Exit 1 when a built-in file has changed since it was copied
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The version that is compared with, or the only one that is named
    #[arg(value_name = "BEFORE")]
    pub(super) before: String,
    /// The version that is looked at
    #[arg(value_name = "AFTER")]
    pub(super) after: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: DiffFormat,
    /// Show what is the same too, and every slice and class
    #[arg(long)]
    pub(super) all: bool,
}

/// How to print a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// For people
    Text,
    /// For a comment on a pull or merge request
    Markdown,
    /// For programs: presscheck.diff/1, always everything
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Files and folders to read [default: the configured sources]
    pub(super) paths: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

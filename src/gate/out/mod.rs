//! Writers: one verdict, many formats.
//!
//! In: a verdict. Out: bytes. Writers decide nothing and open nothing: what the exit code says is
//! what every format says, and a format that cannot be written never changes it. Text from evidence
//! and policies is hostile until a writer has escaped it for its format; `shared` holds what several
//! formats need for that.

mod attest;
pub mod codequality;
pub mod ctrf;
pub mod github;
pub mod human;
pub mod in_toto;
pub mod json;
pub mod junit;
pub mod kfp;
pub mod markdown;
pub mod metrics;
pub mod sarif;
mod shared;
pub mod svr;
pub mod tap;
pub mod vsa;
pub mod words;

use std::fmt;

use super::verdict::Verdict;

/// How a verdict is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Whether the terminal format may use colour; the caller knows NO_COLOR and the terminal.
    pub colour: bool,
    /// Whether the terminal format leaves out the rules that hold.
    pub brief: bool,
    /// The largest size of the Markdown formats, where it is not their usual one; whole sections are
    /// dropped above it.
    pub limit: Option<Limit>,
}

/// A largest size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// In bytes of UTF-8.
    Bytes(usize),
    /// In characters, counted as UTF-16 does: never fewer than GitHub and GitLab count.
    Characters(usize),
}

impl Limit {
    /// The largest number.
    pub const fn most(self) -> usize {
        match self {
            Self::Bytes(n) | Self::Characters(n) => n,
        }
    }

    /// How much of it a text takes.
    pub fn size(self, text: &str) -> usize {
        match self {
            Self::Bytes(_) => text.len(),
            Self::Characters(_) => text.encode_utf16().count(),
        }
    }
}

/// A pull-request comment holds 65,536 characters; some room is left for what a bot adds.
pub const COMMENT_LIMIT: Limit = Limit::Characters(65_000);
/// A step summary holds 1 MiB; above it the upload fails, the step does not.
pub const SUMMARY_LIMIT: Limit = Limit::Bytes(900 << 10);

/// Why a verdict is not written in a format. It is no failure: the format cannot say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// A format.
pub trait Writer: Sync {
    /// The name in `--out NAME[=PATH]`.
    fn name(&self) -> &'static str;

    /// What it is for, in a few words.
    fn about(&self) -> &'static str;

    /// Whether readers look for the policy's file from the top of the repository.
    fn repository_paths(&self) -> bool {
        false
    }

    /// The verdict in this format.
    ///
    /// # Errors
    /// When the format cannot say what this verdict says, such as a blocked one in a format that
    /// only attests what passed.
    fn write(&self, verdict: &Verdict, context: &Context) -> Result<Vec<u8>, Refused>;
}

/// All formats, in the order in which they are listed.
pub const FORMATS: &[&dyn Writer] = &[
    &human::Human,
    &json::Json,
    &github::Github,
    &markdown::Markdown,
    &markdown::Summary,
    &junit::Junit,
    &sarif::Sarif,
    &ctrf::Ctrf,
    &tap::Tap,
    &codequality::CodeQuality,
    &metrics::OpenMetrics,
    &metrics::Prometheus,
    &metrics::GitLabMetrics,
    &in_toto::InToto,
    &svr::Svr,
    &vsa::Vsa,
    &kfp::Kfp,
];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static dyn Writer> {
    FORMATS.iter().copied().find(|w| w.name() == name)
}

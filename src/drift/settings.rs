//! What is to be computed, and from where on it counts as drift.
//!
//! In: what the command line or the configuration says. Out: [`Settings`], with the defaults that docs/drift.md
//! explains. It holds no data.

use std::collections::{BTreeMap, BTreeSet};

use super::bins::Rule;
use super::shares::Fill;
use crate::model::{Instant, Method};

/// What the values of a column mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Numbers whose order and distance mean something.
    Numeric,
    /// One of a set of values.
    Categorical,
    /// Free text.
    Text,
    /// A vector of numbers of fixed length.
    Embedding,
}

impl Kind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[Self::Numeric, Self::Categorical, Self::Text, Self::Embedding];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Categorical => "categorical",
            Self::Text => "text",
            Self::Embedding => "embedding",
        }
    }

    /// The kind of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|k| k.as_str() == name)
    }

    /// The methods that a column of the kind can be compared by; the first one is taken when nothing is said.
    pub const fn methods(self) -> &'static [Method] {
        match self {
            Self::Numeric => &[
                Method::Psi,
                Method::Ks,
                Method::Wasserstein,
                Method::WassersteinNormed,
                Method::JensenShannon,
                Method::KlDivergence,
                Method::Hellinger,
                Method::TotalVariation,
                Method::AndersonDarling,
            ],
            Self::Categorical => &[
                Method::Psi,
                Method::ChiSquare,
                Method::CramersV,
                Method::GTest,
                Method::ZTest,
                Method::JensenShannon,
                Method::KlDivergence,
                Method::Hellinger,
                Method::TotalVariation,
            ],
            // The lengths of the texts, as numbers; out-of-vocabulary words are counted beside.
            Self::Text => &[Method::Psi, Method::Ks, Method::Wasserstein, Method::JensenShannon],
            Self::Embedding => &[],
        }
    }
}

/// How numbers are put into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bins {
    /// So many of equal share of the reference.
    Quantiles(usize),
    /// So many of equal width over the reference.
    Fixed(usize),
    /// As Evidently chooses bins and fills empty ones.
    Evidently,
}

impl Bins {
    /// The rule for a column.
    pub(super) const fn rule(self, whole: bool) -> Rule {
        match self {
            Self::Quantiles(bins) => Rule::Quantiles(bins),
            Self::Fixed(bins) => Rule::Fixed(bins),
            Self::Evidently => Rule::Evidently { whole },
        }
    }

    /// What takes the place of an empty bin under a logarithm.
    pub(super) const fn fill(self) -> Fill {
        match self {
            Self::Evidently => Fill::Evidently,
            Self::Quantiles(_) | Self::Fixed(_) => Fill::Share(0.0001),
        }
    }

    /// In words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Quantiles(bins) => format!("{bins} quantile bins"),
            Self::Fixed(bins) => format!("{bins} bins of equal width"),
            Self::Evidently => "Evidently's bins".to_owned(),
        }
    }
}

/// How p-values of many columns are judged together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// S. Holm 1979: the chance of any false alarm stays below the level.
    Holm,
    /// Y. Benjamini and Y. Hochberg 1995: the expected share of false alarms does.
    BenjaminiHochberg,
    /// Each by itself.
    None,
}

/// What is said of a single column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnSettings {
    /// What its values mean.
    pub kind: Option<Kind>,
    /// The methods; those of its kind when there are none.
    pub methods: Vec<Method>,
    /// From where on a method says drift.
    pub thresholds: BTreeMap<Method, f64>,
    /// How much the model rests on it, 0 or more.
    pub importance: Option<f64>,
}

/// The length of a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Seconds; windows of weeks begin on Mondays, all others at multiples since 1970, in UTC.
    Seconds(i64),
    /// Calendar months in UTC, counted from January 1970: three are quarters, twelve are years.
    Months(i64),
}

impl Every {
    /// Reads `1h`, `1d`, `2w`, `1mo`; nothing when it is none of them.
    pub fn parse(text: &str) -> Option<Self> {
        let positive = |number: &str| number.parse::<i64>().ok().filter(|n| *n > 0);
        if let Some(number) = text.strip_suffix("mo") {
            return positive(number).filter(|n| *n <= 1_200).map(Self::Months);
        }
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return None,
        };
        Some(Self::Seconds(positive(number)?.checked_mul(unit)?))
    }

    /// The window of a moment, by its first second; nothing at the ends of time.
    pub(super) fn start(self, millis: i64) -> Option<i64> {
        match self {
            Self::Seconds(length) => {
                // 1970-01-01 was a Thursday.
                let origin = if length % 604_800 == 0 { 4 * 86_400 } else { 0 };
                let seconds = millis.div_euclid(1000);
                (seconds - origin).div_euclid(length).checked_mul(length)?.checked_add(origin)
            }
            Self::Months(together) => Some(Instant::from_millis(millis)?.months(together)?.0.seconds()),
        }
    }

    /// The first second after the window that begins with this one.
    pub(super) fn end(self, start: i64) -> Option<i64> {
        match self {
            Self::Seconds(length) => start.checked_add(length),
            Self::Months(together) => Some(Instant::from_seconds(start)?.months(together)?.1.seconds()),
        }
    }
}

/// What the entry of all numeric columns is called among the features of a report.
pub const TOGETHER: &str = "all numeric columns";

/// What is to be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Methods by kind.
    pub methods: BTreeMap<Kind, Vec<Method>>,
    /// How numbers are put into bins.
    pub bins: Bins,
    /// From where on a method says drift.
    pub thresholds: BTreeMap<Method, f64>,
    /// Single columns.
    pub columns: BTreeMap<String, ColumnSettings>,
    /// Columns that are left out.
    pub exclude: BTreeSet<String>,
    /// How p-values are judged together.
    pub correction: Correction,
    /// The share of drifting columns from which on the data as a whole counts as drifting, in (0, 1].
    pub share: f64,
    /// The column that says when a row was.
    pub time: Option<String>,
    /// The length of the windows that rows are put into by it.
    pub every: Option<Every>,
    /// The columns of predictions and of labels, which come late.
    pub labels: Option<(String, String)>,
    /// Whether all numeric columns are compared as one: it reads them twice more, row by row.
    pub multivariate: bool,
    /// Whether rows that repeat another are counted: it reads all columns of all rows once more.
    pub duplicates: bool,
    /// Bytes that summaries may take.
    pub memory: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            methods: BTreeMap::new(),
            bins: Bins::Quantiles(10),
            thresholds: BTreeMap::new(),
            columns: BTreeMap::new(),
            exclude: BTreeSet::new(),
            correction: Correction::Holm,
            share: 0.5,
            time: None,
            every: None,
            labels: None,
            multivariate: false,
            duplicates: false,
            memory: 2 << 30,
        }
    }
}

/// The threshold of a method when nothing is said: a distance, or the level of a test's p-value; nothing where the
/// score has the column's own unit.
pub const fn usual_threshold(method: Method) -> Option<f64> {
    match method {
        Method::Psi => Some(0.2),
        Method::Wasserstein => None,
        Method::Ks | Method::ChiSquare | Method::GTest | Method::ZTest | Method::AndersonDarling => Some(0.05),
        _ => Some(0.1),
    }
}

impl Settings {
    /// The methods of a column.
    pub(super) fn methods_of(&self, column: &str, kind: Kind) -> Vec<Method> {
        let own = self.columns.get(column).map(|c| &c.methods).filter(|m| !m.is_empty());
        match own.or_else(|| self.methods.get(&kind)) {
            Some(methods) => methods.clone(),
            None => kind.methods().first().copied().into_iter().collect(),
        }
    }

    /// From where on a method says drift of a column.
    pub(super) fn threshold_of(&self, column: &str, method: Method) -> Option<f64> {
        let own = self.columns.get(column).and_then(|c| c.thresholds.get(&method));
        own.or_else(|| self.thresholds.get(&method)).copied().or_else(|| usual_threshold(method))
    }
}

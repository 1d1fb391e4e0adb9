//! Every diagnostic code: its stable name, usual severity and one line of description.
//!
//! Codes are a public contract (`presscheck explain CODE`, the problems page, CI filters): add,
//! never rename. The enum is the table; nothing else in the crate spells a code.

use super::Severity;

macro_rules! codes {
    ($($variant:ident = $name:literal, $severity:ident, $about:literal;)*) => {
        /// A stable diagnostic code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $about] $variant,)* }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The kebab-case name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// The usual severity.
            pub const fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// One line of description.
            pub const fn about(self) -> &'static str {
                match self { $(Code::$variant => $about,)* }
            }
        }
    };
}

codes! {
    // Reading files.
    FileUnreadable = "file-unreadable", Error, "a file or folder could not be opened or read";
    FileTooLarge = "file-too-large", Error, "a file is larger than the limit for its kind and was not parsed";
    FileSpecial = "file-special", Warning, "a FIFO, socket or device stands where a file is due; it is not read";
    SymlinkOutside = "symlink-outside", Error, "a symbolic link leads out of the source folder; it is not followed";
    SymlinkLoop = "symlink-loop", Warning, "a symbolic link leads to one of its own parents; it is not followed";
    NameNotUtf8 = "name-not-utf8", Warning, "a file name is not valid UTF-8";
    DepthLimit = "depth-limit", Warning, "folders nest deeper than the limit; what is below is not read";
    FileChanged = "file-changed", Error, "a file changed while it was being read";
    SourceMissing = "source-missing", Error, "a source folder named in the configuration does not exist";
    SourceEmpty = "source-empty", Warning, "nothing that presscheck understands was found in a source";
    RunsLeftOut = "runs-left-out", Note, "runs are older than the max_age of their source";
    SourceUnreachable = "source-unreachable", Error, "a server named as a source does not answer, or answers with an error";
    SourceDenied = "source-denied", Error, "a server named as a source refuses the credentials, or asks for some";
    HistoryIncomplete = "history-incomplete", Warning, "the git history of a source could not be read, or not in full";
    // Parsing.
    TextEncoding = "text-encoding", Error, "a text file is not UTF-8";
    JsonSyntax = "json-syntax", Error, "a JSON file is not well formed";
    JsonDuplicateKey = "json-duplicate-key", Error, "an object holds the same key twice";
    JsonShape = "json-shape", Error, "a JSON value has another type than the format says";
    YamlSyntax = "yaml-syntax", Error, "a YAML file is not well formed or goes beyond its budget";
    TomlSyntax = "toml-syntax", Error, "a TOML file is not well formed";
    XmlSyntax = "xml-syntax", Error, "an XML file is not well formed or goes beyond its budget";
    CsvSyntax = "csv-syntax", Error, "a table is ragged or not well formed";
    ParquetSyntax = "parquet-syntax", Error, "a Parquet file is damaged or goes beyond its budget";
    TextprotoSyntax = "textproto-syntax", Error, "a protobuf in text format is not well formed";
    FormatVersion = "format-version", Warning, "a file has a format version that presscheck does not know";
    FieldMissing = "field-missing", Warning, "a field that the format requires is absent";
    LogTruncated = "log-truncated", Warning, "a log breaks off: the run is still being written, or was cut off";
    LogCorrupt = "log-corrupt", Error, "a log has a record that fails its checksum; what follows it is not read";
    FieldInvalid = "field-invalid", Warning, "a field holds a value that the format does not allow";
    // Records.
    MetricInvalid = "metric-invalid", Warning, "a metric's value is not a number";
    MetricNonFinite = "metric-nonfinite", Warning, "a metric's value is NaN or infinite";
    MetricConflict = "metric-conflict", Error, "one metric has different values in the evidence of one version";
    MetricRepeated = "metric-repeated", Note, "one metric is given twice with the same value";
    MetricRange = "metric-range", Warning, "a metric's value lies outside the range that the catalogue declares";
    VersionDuplicate = "version-duplicate", Error, "two runs claim the same version of a model";
    VersionContradiction = "version-contradiction", Error, "two sources contradict each other about a version, an alias or a stage";
    RunDuplicate = "run-duplicate", Error, "two runs have the same id";
    RunEmpty = "run-empty", Warning, "a run directory holds no results";
    RunMissing = "run-missing", Warning, "a version points at a run that was not found";
    AliasDangling = "alias-dangling", Warning, "an alias or stage points at a version that does not exist";
    LeftOut = "left-out", Note, "something in a source is no evidence of a model and was left out";
    CardMetadata = "card-metadata", Warning, "the front matter of a card could not be read in full";
    CardResult = "card-result", Warning, "a result in a card's model-index is incomplete";
    NotEvidence = "not-evidence", Note, "a file describes a form, a schema, settings or data, not a model; nothing is read from it";
    CurveInvalid = "curve-invalid", Warning, "a curve or matrix has points that cannot be used";
    SecretRedacted = "secret-redacted", Warning, "a parameter or tag looks like a credential and is not shown";
    ReportUnknownMethod = "report-unknown-method", Note, "a drift report uses a method that presscheck does not know; it is shown, not re-judged";
    // Configuration and policy.
    ConfigMissing = "config-missing", Error, "the configuration file does not exist";
    ConfigSyntax = "config-syntax", Error, "the configuration is not well-formed TOML";
    ConfigUnknownKey = "config-unknown-key", Error, "the configuration holds a key that does not exist";
    ConfigType = "config-type", Error, "a configuration value has the wrong type";
    ConfigMissingKey = "config-missing-key", Error, "a required configuration key is absent";
    ConfigValue = "config-value", Error, "a configuration value is not allowed";
    ConfigSchema = "config-schema", Error, "the configuration's schema version is not supported";
    PolicyDuplicateId = "policy-duplicate-id", Error, "two rules or baselines have the same id";
    PolicyUnknownMetric = "policy-unknown-metric", Error, "a rule names a metric that has no direction in the catalogue";
    PolicyUnknownReference = "policy-unknown-reference", Error, "a rule names a baseline, stage or model that is not defined";
    PolicyRuleIncomplete = "policy-rule-incomplete", Error, "a rule has no bound, or bounds that contradict each other";
    PolicyUnsupported = "policy-unsupported", Error, "the policy uses a key that this version of presscheck does not evaluate";
    TrustedRef = "trusted-ref", Error, "the ref that the policy is to be read from cannot be read";
    PolicyLoosened = "policy-loosened", Error, "a policy loosens what it inherits, or what it extends cannot be read";
    PolicyWaiver = "policy-waiver", Error, "a waiver lasts too long, ends before it begins, or is for a rule that is not waivable";
    PolicyApproval = "policy-approval", Error, "an approval or a role cannot work as it is written";
    ApprovalNotCounted = "approval-not-counted", Warning, "a statement of approval does not count";
    AllowedSigners = "allowed-signers", Warning, "the file of signers is missing, or a line of it cannot be used";
    PolicyNothingBlocks = "policy-nothing-blocks", Warning, "a stage has no blocking rule";
    PolicyImport = "policy-import", Error, "a file of another tool cannot be read as its thresholds, or holds some that have no equal";
    DriftWindow = "drift-window", Warning, "a window of the data that drift is computed of is empty, overlaps another one, or loses rows";
    DriftEngine = "drift-engine", Error, "an engine of SQL is not there, refuses a query, or fails while it runs one";
    LintNeverFails = "lint-never-fails", Warning, "no evidence can make a rule fail";
    LintNeverPasses = "lint-never-passes", Warning, "no evidence of the kind and amount that was read can make a rule pass";
    LintGlobOnly = "lint-glob-only", Warning, "only a pattern feeds a blocking rule: what fails can be deleted unnoticed";
    LintLoosened = "lint-loosened", Warning, "a blocking rule does not block when its evidence is missing or cannot be judged";
    LintUnused = "lint-unused", Warning, "a metric, waiver or pattern of the policy matches nothing that was read";
    LintZeroBaseline = "lint-zero-baseline", Warning, "an allowance is only a share of the baseline, and the baseline is 0";
    LintFamilyPadded = "lint-family-padded", Warning, "small slices count in a family of comparisons and hide harm in the large ones";
    LintWaiver = "lint-waiver", Warning, "a waiver has ended, or its floor makes no sense";
    LedgerBroken = "ledger-broken", Error, "the ledger of decisions is broken: a line was changed, added or removed";
    VerdictFile = "verdict-file", Warning, "a file of an earlier verdict is none, or contradicts the ledger";
    DecisionOrphan = "decision-orphan", Note, "the ledger or a verdict file tells of a model that was not read";
    // Output.
    OutputForeign = "output-foreign", Error, "the output folder holds files that presscheck did not write";
    OutputUnsafe = "output-unsafe", Error, "the output folder would overwrite something else";
    OutputCollision = "output-collision", Error, "two pages would have the same file name";
    OutputWrite = "output-write", Error, "a file of the site could not be written";
    LinkBroken = "link-broken", Error, "an internal link of the site leads nowhere";
    TemplateError = "template-error", Error, "a template failed to compile or render";
}

impl Code {
    /// The code of that name.
    pub fn from_name(name: &str) -> Option<Code> {
        Self::ALL.iter().copied().find(|c| c.as_str() == name)
    }
}

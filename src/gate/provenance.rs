//! Where a gate ran: what continuous integration says of itself in its variables.
//!
//! In: variables, by name. Out: one record of the system, repository, commit, run and person; nothing
//! outside such a system. It reads no environment. Values are what somebody set: they are cut to a
//! length, lose control characters and credentials in addresses, and are claims, not evidence; no
//! rule looks at them. Names are those that the systems document: GitHub Actions (and Gitea's and
//! Forgejo's), GitLab CI, Jenkins, Azure Pipelines, CircleCI, Buildkite, Bitbucket Pipelines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diag::visible;

/// Longer values are cut.
const LENGTH: usize = 300;

/// Where a gate ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The system, as it calls itself.
    pub system: String,
    /// The repository.
    pub repository: Option<String>,
    /// The commit that was checked out.
    pub commit: Option<String>,
    /// The branch or tag, in full (`refs/heads/main`) where the system says which it is.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// The page of the run; https, or nothing.
    pub run_url: Option<String>,
    /// Who started it.
    pub actor: Option<String>,
    /// The workflow, pipeline or job.
    pub workflow: Option<String>,
}

/// The variables that are looked at.
pub const VARIABLES: &[&str] = &[
    "BITBUCKET_BRANCH",
    "BITBUCKET_BUILD_NUMBER",
    "BITBUCKET_COMMIT",
    "BITBUCKET_REPO_FULL_NAME",
    "BITBUCKET_TAG",
    "BUILDKITE",
    "BUILDKITE_BRANCH",
    "BUILDKITE_BUILD_CREATOR",
    "BUILDKITE_BUILD_URL",
    "BUILDKITE_COMMIT",
    "BUILDKITE_PIPELINE_SLUG",
    "BUILDKITE_REPO",
    "BUILDKITE_TAG",
    "BUILD_BUILDID",
    "BUILD_DEFINITIONNAME",
    "BUILD_REPOSITORY_NAME",
    "BUILD_REQUESTEDFOR",
    "BUILD_SOURCEBRANCH",
    "BUILD_SOURCEVERSION",
    "BUILD_URL",
    "BUILD_USER_ID",
    "CHANGE_AUTHOR",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_SHA",
    "CI_COMMIT_TAG",
    "CI_JOB_NAME",
    "CI_JOB_URL",
    "CI_MERGE_REQUEST_REF_PATH",
    "CI_PIPELINE_NAME",
    "CI_PIPELINE_URL",
    "CI_PROJECT_PATH",
    "CIRCLECI",
    "CIRCLE_BRANCH",
    "CIRCLE_BUILD_URL",
    "CIRCLE_JOB",
    "CIRCLE_PROJECT_REPONAME",
    "CIRCLE_PROJECT_USERNAME",
    "CIRCLE_SHA1",
    "CIRCLE_TAG",
    "CIRCLE_USERNAME",
    "FORGEJO_ACTIONS",
    "GITEA_ACTIONS",
    "GITHUB_ACTIONS",
    "GITHUB_ACTOR",
    "GITHUB_REF",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_RUN_ID",
    "GITHUB_SERVER_URL",
    "GITHUB_SHA",
    "GITHUB_WORKFLOW",
    "GITLAB_CI",
    "GITLAB_USER_LOGIN",
    "GIT_BRANCH",
    "GIT_COMMIT",
    "GIT_URL",
    "JENKINS_URL",
    "JOB_NAME",
    "SYSTEM_COLLECTIONURI",
    "SYSTEM_TEAMPROJECT",
    "TF_BUILD",
];

impl Provenance {
    /// One that was read from a file, made as safe as one that this process found out: it may hold anything.
    pub fn checked(self) -> Self {
        let plain = |text: Option<String>| text.map(|t| visible(&t, LENGTH));
        Self {
            system: visible(&self.system, LENGTH),
            repository: self.repository.as_deref().map(address),
            commit: plain(self.commit),
            reference: plain(self.reference),
            run_url: self.run_url.as_deref().and_then(link),
            actor: plain(self.actor),
            workflow: plain(self.workflow),
        }
    }

    /// Reads the variables of the system that the process runs in.
    pub fn read(variables: &BTreeMap<String, String>) -> Option<Self> {
        let raw = |name: &str| variables.get(name).map(|v| v.trim()).filter(|v| !v.is_empty());
        let text = |name: &str| raw(name).map(|v| visible(v, LENGTH));
        let is = |name: &str| raw(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let tag_or_branch = |tag: &str, branch: &str| {
            text(tag).map(|t| format!("refs/tags/{t}")).or_else(|| text(branch).map(|b| format!("refs/heads/{b}")))
        };
        let of = |system: &str| Self { system: system.to_owned(), ..Self::default() };
        // Systems that imitate another's variables come before it.
        if is("BUILDKITE") {
            return Some(Self {
                repository: raw("BUILDKITE_REPO").map(address),
                commit: text("BUILDKITE_COMMIT").filter(|c| c != "HEAD"),
                reference: tag_or_branch("BUILDKITE_TAG", "BUILDKITE_BRANCH"),
                run_url: raw("BUILDKITE_BUILD_URL").and_then(link),
                actor: text("BUILDKITE_BUILD_CREATOR"),
                workflow: text("BUILDKITE_PIPELINE_SLUG"),
                ..of("Buildkite")
            });
        }
        if is("CIRCLECI") {
            let repository = text("CIRCLE_PROJECT_REPONAME");
            return Some(Self {
                repository: match (text("CIRCLE_PROJECT_USERNAME"), repository) {
                    (Some(owner), Some(name)) => Some(format!("{owner}/{name}")),
                    (_, name) => name,
                },
                commit: text("CIRCLE_SHA1"),
                reference: tag_or_branch("CIRCLE_TAG", "CIRCLE_BRANCH"),
                run_url: raw("CIRCLE_BUILD_URL").and_then(link),
                actor: text("CIRCLE_USERNAME"),
                workflow: text("CIRCLE_JOB"),
                ..of("CircleCI")
            });
        }
        if is("TF_BUILD") {
            let url = match (raw("SYSTEM_COLLECTIONURI"), raw("SYSTEM_TEAMPROJECT"), raw("BUILD_BUILDID")) {
                (Some(server), Some(project), Some(id)) => {
                    let project = project.replace(' ', "%20");
                    link(&format!("{}/{project}/_build/results?buildId={id}", server.trim_end_matches('/')))
                }
                _ => None,
            };
            return Some(Self {
                repository: text("BUILD_REPOSITORY_NAME"),
                commit: text("BUILD_SOURCEVERSION"),
                reference: text("BUILD_SOURCEBRANCH"),
                run_url: url,
                actor: text("BUILD_REQUESTEDFOR"),
                workflow: text("BUILD_DEFINITIONNAME"),
                ..of("Azure Pipelines")
            });
        }
        if is("GITLAB_CI") {
            return Some(Self {
                repository: text("CI_PROJECT_PATH"),
                commit: text("CI_COMMIT_SHA"),
                reference: text("CI_MERGE_REQUEST_REF_PATH")
                    .or_else(|| tag_or_branch("CI_COMMIT_TAG", "CI_COMMIT_REF_NAME")),
                run_url: raw("CI_JOB_URL").or_else(|| raw("CI_PIPELINE_URL")).and_then(link),
                actor: text("GITLAB_USER_LOGIN"),
                workflow: text("CI_PIPELINE_NAME").or_else(|| text("CI_JOB_NAME")),
                ..of("GitLab CI")
            });
        }
        if is("GITHUB_ACTIONS") {
            let system = match () {
                () if is("FORGEJO_ACTIONS") => "Forgejo Actions",
                () if is("GITEA_ACTIONS") => "Gitea Actions",
                () => "GitHub Actions",
            };
            let url = match (raw("GITHUB_SERVER_URL"), raw("GITHUB_REPOSITORY"), raw("GITHUB_RUN_ID")) {
                (Some(server), Some(repository), Some(id)) => {
                    let attempt = raw("GITHUB_RUN_ATTEMPT").filter(|a| *a != "1");
                    let attempt = attempt.map_or_else(String::new, |a| format!("/attempts/{a}"));
                    link(&format!("{}/{repository}/actions/runs/{id}{attempt}", server.trim_end_matches('/')))
                }
                _ => None,
            };
            return Some(Self {
                repository: text("GITHUB_REPOSITORY"),
                commit: text("GITHUB_SHA"),
                reference: text("GITHUB_REF"),
                run_url: url,
                actor: text("GITHUB_ACTOR"),
                workflow: text("GITHUB_WORKFLOW"),
                ..of(system)
            });
        }
        if raw("BITBUCKET_BUILD_NUMBER").is_some() && raw("BITBUCKET_COMMIT").is_some() {
            let url = match (raw("BITBUCKET_REPO_FULL_NAME"), raw("BITBUCKET_BUILD_NUMBER")) {
                (Some(name), Some(number)) => link(&format!("https://bitbucket.org/{name}/pipelines/results/{number}")),
                _ => None,
            };
            return Some(Self {
                repository: text("BITBUCKET_REPO_FULL_NAME"),
                commit: text("BITBUCKET_COMMIT"),
                reference: tag_or_branch("BITBUCKET_TAG", "BITBUCKET_BRANCH"),
                run_url: url,
                ..of("Bitbucket Pipelines")
            });
        }
        if raw("JENKINS_URL").is_some() || (raw("BUILD_URL").is_some() && raw("JOB_NAME").is_some()) {
            return Some(Self {
                repository: raw("GIT_URL").map(address),
                commit: text("GIT_COMMIT"),
                // `origin/main`: which of the two it is, Jenkins does not say.
                reference: text("GIT_BRANCH"),
                run_url: raw("BUILD_URL").and_then(link),
                actor: text("BUILD_USER_ID").or_else(|| text("CHANGE_AUTHOR")),
                workflow: text("JOB_NAME"),
                ..of("Jenkins")
            });
        }
        None
    }

    /// Everything but the address, in one line.
    pub fn sentence(&self) -> String {
        let mut out = self.system.clone();
        let mut add = |before: &str, value: Option<&str>| {
            if let Some(value) = value {
                out.push_str(before);
                out.push_str(value);
            }
        };
        add(" · ", self.workflow.as_deref());
        add(" · ", self.repository.as_deref());
        add(" · ", self.reference.as_deref());
        let short = self.commit.as_deref().map(|c| c.chars().take(12).collect::<String>());
        add(" · commit ", short.as_deref());
        add(" · by ", self.actor.as_deref());
        out
    }
}

/// An address as text, without a user and password before its host.
fn address(text: &str) -> String {
    let stripped = text.split_once("://").map(|(scheme, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, path) = rest.split_at(end);
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        format!("{scheme}://{host}{path}")
    });
    visible(&stripped.unwrap_or_else(|| text.to_owned()), LENGTH)
}

/// An https address of plain characters, which can end no link and hide no host.
fn link(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#&=%+,;".contains(c);
    let host = text.strip_prefix("https://")?;
    let starts_well = host.starts_with(|c: char| c.is_ascii_alphanumeric());
    (starts_well && text.len() <= 2_000 && text.chars().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Option<Provenance> {
        let known = |n: &str| assert!(VARIABLES.contains(&n), "{n} is not asked for");
        variables.iter().for_each(|(n, _)| known(n));
        Provenance::read(&variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn github_as_its_documentation_shows() {
        let found = read(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "octocat"),
            ("GITHUB_REF", "refs/heads/feature-branch-1"),
            ("GITHUB_REPOSITORY", "octocat/Hello-World"),
            ("GITHUB_RUN_ATTEMPT", "3"),
            ("GITHUB_RUN_ID", "1658821493"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_SHA", "ffac537e6cbbf934b08745a378932722df287a53"),
            ("GITHUB_WORKFLOW", "My test workflow"),
        ])
        .unwrap();
        let url = "https://github.com/octocat/Hello-World/actions/runs/1658821493/attempts/3";
        assert_eq!(found.run_url.as_deref(), Some(url));
        let text = "GitHub Actions · My test workflow · octocat/Hello-World · refs/heads/feature-branch-1 · commit ffac537e6cbb · by octocat";
        assert_eq!(found.sentence(), text);
        let gitea = read(&[("GITHUB_ACTIONS", "true"), ("GITEA_ACTIONS", "true")]).unwrap();
        assert_eq!(gitea.system, "Gitea Actions");
    }

    #[test]
    fn gitlab_branches_tags_and_merge_requests() {
        let base = [
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_PATH", "gitlab-org/gitlab"),
            ("CI_COMMIT_SHA", "1ecfd275763eff1d6b4844ea3168962458c9f27a"),
            ("CI_COMMIT_REF_NAME", "v1.0"),
            ("CI_JOB_URL", "https://gitlab.com/gitlab-examples/ci-debug-trace/-/jobs/379424655"),
            ("GITLAB_USER_LOGIN", "user-name"),
            ("CI_JOB_NAME", "gate"),
        ];
        let branch = read(&base).unwrap();
        assert_eq!(branch.reference.as_deref(), Some("refs/heads/v1.0"));
        assert_eq!((branch.workflow.as_deref(), branch.actor.as_deref()), (Some("gate"), Some("user-name")));
        let tag = read(&[&base[..], &[("CI_COMMIT_TAG", "v1.0")]].concat()).unwrap();
        assert_eq!(tag.reference.as_deref(), Some("refs/tags/v1.0"));
        let merge =
            read(&[&base[..], &[("CI_MERGE_REQUEST_REF_PATH", "refs/merge-requests/1/head")]].concat()).unwrap();
        assert_eq!(merge.reference.as_deref(), Some("refs/merge-requests/1/head"));
        assert!(merge.run_url.unwrap().ends_with("/379424655"));
    }

    #[test]
    fn jenkins_and_the_others() {
        let jenkins = read(&[
            ("JENKINS_URL", "https://server:port/jenkins/"),
            ("BUILD_URL", "http://buildserver/jenkins/job/MyJobName/666/"),
            ("JOB_NAME", "folder/MyJobName"),
            ("GIT_COMMIT", "abc"),
            ("GIT_BRANCH", "origin/main"),
            ("GIT_URL", "https://bob:hunter2@git.example/x.git"),
        ])
        .unwrap();
        assert_eq!(jenkins.repository.as_deref(), Some("https://git.example/x.git"));
        assert_eq!(jenkins.run_url, None, "only https is a link");
        let azure = read(&[
            ("TF_BUILD", "True"),
            ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/fabrikamfiber/"),
            ("SYSTEM_TEAMPROJECT", "My Project"),
            ("BUILD_BUILDID", "12"),
            ("BUILD_SOURCEBRANCH", "refs/heads/main"),
        ])
        .unwrap();
        assert_eq!(
            azure.run_url.as_deref(),
            Some("https://dev.azure.com/fabrikamfiber/My%20Project/_build/results?buildId=12")
        );
        let circle =
            read(&[("CIRCLECI", "true"), ("CIRCLE_PROJECT_USERNAME", "o"), ("CIRCLE_PROJECT_REPONAME", "r")]).unwrap();
        assert_eq!(circle.repository.as_deref(), Some("o/r"));
        let kite = read(&[
            ("BUILDKITE", "true"),
            ("BUILDKITE_REPO", "git@github.com:acme-inc/my-project.git"),
            ("BUILDKITE_COMMIT", "HEAD"),
        ])
        .unwrap();
        assert_eq!((kite.repository.as_deref(), kite.commit), (Some("git@github.com:acme-inc/my-project.git"), None));
        let bucket = read(&[
            ("BITBUCKET_BUILD_NUMBER", "7"),
            ("BITBUCKET_COMMIT", "c"),
            ("BITBUCKET_REPO_FULL_NAME", "w/r"),
            ("BITBUCKET_BRANCH", "b"),
        ])
        .unwrap();
        assert_eq!(bucket.run_url.as_deref(), Some("https://bitbucket.org/w/r/pipelines/results/7"));
    }

    #[test]
    fn outside_of_everything_and_hostile_values() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("GITHUB_ACTIONS", "false"), ("GITHUB_SHA", "x")]), None);
        let found = read(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "a\u{1b}[31m\n::error::x\u{202e}"),
            ("GITHUB_SERVER_URL", "javascript:alert(1)//https://github.com"),
            ("GITHUB_REPOSITORY", "o/r) [x](https://evil"),
            ("GITHUB_RUN_ID", "1"),
        ])
        .unwrap();
        assert_eq!(found.run_url, None);
        assert!(!found.actor.unwrap().contains(['\u{1b}', '\n', '\u{202e}']));
        for text in ["https://user:pass@host/", "https://a b", "https://a>b", "https://a\"b", "https:///x", "HTTPS://x"]
        {
            assert_eq!(link(text), None, "{text}");
        }
    }
}

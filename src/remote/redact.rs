//! Addresses for people: without user name, password and query.

/// The address without user information and without a query, both of which may hold credentials.
pub fn without_credentials(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn credentials_never_reach_a_label() {
        assert_eq!(without_credentials("https://ml:secret@host:5000/a/b?token=x#y"), "https://host:5000/a/b");
        assert_eq!(without_credentials("https://ml:se@cret@host"), "https://host");
        assert_eq!(without_credentials("s3://bucket/prefix"), "s3://bucket/prefix");
        assert_eq!(without_credentials("mlflow.db"), "mlflow.db");
    }
}

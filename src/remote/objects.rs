//! Object stores (`s3://`, `gs://`, `az://`) and files on web servers (`https://`), through the
//! object_store crate.
//!
//! In: an address and the variables of the surroundings that the store's own tools read (`AWS_…`,
//! `GOOGLE_…`, `AZURE_…`). Out: a source whose files were fetched a few at a time, each kept in the
//! cache under its address and ETag, so that what did not change is not fetched again. Files that are
//! too large to be evidence are listed and not fetched.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};

use super::{Address, FetchedRows, Place, Selection, Surroundings};
use crate::diag::{Code, Diagnostic, Severity, visible};
use crate::source::{Fetched, Limits, Source};

/// Objects that are fetched at the same time; each is at most as large as a file may be.
const AT_ONCE: usize = 8;

/// Objects below one address: more are evidence of a wrong address.
const OBJECTS: usize = 200_000;

/// Fetches what lies at or below an address.
pub(super) fn fetch(
    address: &Address,
    surroundings: &Surroundings<'_>,
    selection: &Selection<'_>,
) -> Result<Source, Box<Diagnostic>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| failed(address, &crate::source::plain(&e)))?;
    runtime.block_on(fetch_all(address, surroundings, selection))
}

async fn fetch_all(
    address: &Address,
    surroundings: &Surroundings<'_>,
    selection: &Selection<'_>,
) -> Result<Source, Box<Diagnostic>> {
    let (store, root) = open(address, surroundings)?;
    let objects = list(&store, &root).await.map_err(|e| error(address, &e))?;
    let mut problems = Vec::new();
    if objects.len() >= OBJECTS {
        problems.push(
            Diagnostic::new(
                Code::DepthLimit,
                format!("more than {OBJECTS} objects lie below the address; the rest is not read"),
            )
            .at(address.url.clone())
            .help("name a longer prefix"),
        );
    }
    let single = objects.len() == 1 && objects.first().is_some_and(|o| o.location == root);
    let wanted: Vec<(String, ObjectMeta)> = objects
        .into_iter()
        .filter_map(|object| {
            let path = if single {
                object.location.filename().unwrap_or_default().to_owned()
            } else {
                let below: Vec<_> = object.location.prefix_match(&root)?.map(|p| p.as_ref().to_owned()).collect();
                below.join("/")
            };
            (!path.is_empty() && (selection.wants)(&path)).then_some((path, object))
        })
        .collect();
    let limits = selection.limits;
    let fetched: Vec<Result<(String, Fetched), Diagnostic>> = stream::iter(wanted)
        .map(|(path, object)| {
            let store = &store;
            async move { fetch_one(store.as_ref(), address, surroundings, path, object, limits).await }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut files = Vec::new();
    for answer in fetched {
        match answer {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    let label = match (single, address.url.rsplit_once('/')) {
        (true, Some((folder, _))) => folder.to_owned(),
        _ => address.url.clone(),
    };
    let name = root.filename().or_else(|| address.url.rsplit('/').next()).unwrap_or_default().to_owned();
    let mut source = Source::from_fetched(label, name, files, limits);
    source.problems = problems;
    Ok(source)
}

/// Fetches files of rows, one after the other, each in pieces.
pub(super) fn fetch_rows(
    address: &Address,
    surroundings: &Surroundings<'_>,
    wants: &(dyn Fn(&str) -> bool + Sync),
    place: &Place<'_>,
) -> Result<FetchedRows, Box<Diagnostic>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| failed(address, &crate::source::plain(&e)))?;
    runtime.block_on(async {
        let (store, root) = open(address, surroundings)?;
        let objects = list(&store, &root).await.map_err(|e| error(address, &e))?;
        if objects.len() >= OBJECTS {
            return Err(failed(address, &format!("more than {OBJECTS} objects lie below it: name a longer prefix")));
        }
        let single = objects.len() == 1 && objects.first().is_some_and(|o| o.location == root);
        let mut out = FetchedRows { files: Vec::new(), together: !single };
        for object in objects {
            let path = if single {
                String::new()
            } else {
                let below = object.location.prefix_match(&root).into_iter().flatten();
                below.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/")
            };
            if !single && !wants(&path) {
                continue;
            }
            let shown = if single { address.url.clone() } else { format!("{}/{path}", address.url) };
            let unread = |why: String| failed(&Address { url: shown.clone(), ..address.clone() }, &why);
            let (file, mut to) = place().map_err(unread)?;
            let answer = store.get(&object.location).await.map_err(|e| unread(cause(&e)))?;
            let mut pieces = answer.into_stream();
            while let Some(piece) = pieces.next().await {
                let piece = piece.map_err(|e| unread(cause(&e)))?;
                to.write_all(&piece).map_err(|e| unread(crate::source::plain(&e)))?;
            }
            to.flush().map_err(|e| unread(crate::source::plain(&e)))?;
            out.files.push((file, shown));
        }
        Ok(out)
    })
}

/// The store of an address, and the path in it.
fn open(address: &Address, surroundings: &Surroundings<'_>) -> Result<(Arc<dyn ObjectStore>, Path), Box<Diagnostic>> {
    let url = url::Url::parse(&address.url).map_err(|e| failed(address, &e.to_string()))?;
    let retry = RetryConfig { max_retries: 3, retry_timeout: address.timeout * 2, ..RetryConfig::default() };
    let variables = |prefix: &str| {
        (surroundings.variables)(prefix).into_iter().map(|(key, value)| (key.to_ascii_lowercase(), value))
    };
    let options = ClientOptions::new()
        .with_timeout(address.timeout)
        .with_connect_timeout(address.timeout.min(Duration::from_secs(10)));
    let root = Path::from_url_path(url.path()).map_err(|e| failed(address, &e.to_string()))?;
    let store: Result<Arc<dyn ObjectStore>, object_store::Error> = match url.scheme() {
        "s3" => {
            let mut builder = AmazonS3Builder::new().with_client_options(options).with_retry(retry);
            for (key, value) in variables("AWS_") {
                if let Ok(key) = key.parse() {
                    builder = builder.with_config(key, value);
                }
            }
            builder.with_url(&address.url).build().map(|s| Arc::new(s) as Arc<dyn ObjectStore>)
        }
        "gs" => {
            let mut builder = GoogleCloudStorageBuilder::new().with_client_options(options).with_retry(retry);
            for (key, value) in variables("GOOGLE_") {
                if let Ok(key) = key.parse() {
                    builder = builder.with_config(key, value);
                }
            }
            builder.with_url(&address.url).build().map(|s| Arc::new(s) as Arc<dyn ObjectStore>)
        }
        "az" => {
            let mut builder = MicrosoftAzureBuilder::new().with_client_options(options).with_retry(retry);
            for (key, value) in variables("AZURE_") {
                if let Ok(key) = key.parse() {
                    builder = builder.with_config(key, value);
                }
            }
            builder.with_url(&address.url).build().map(|s| Arc::new(s) as Arc<dyn ObjectStore>)
        }
        _ => {
            let base = format!("{}://{}", url.scheme(), url.authority());
            let options = options.with_allow_http(url.scheme() == "http");
            HttpBuilder::new()
                .with_url(base)
                .with_client_options(options)
                .with_retry(retry)
                .build()
                .map(|s| Arc::new(s) as Arc<dyn ObjectStore>)
        }
    };
    Ok((store.map_err(|e| error(address, &e))?, root))
}

/// The object at the path, else everything below it, sorted by path.
async fn list(store: &Arc<dyn ObjectStore>, root: &Path) -> Result<Vec<ObjectMeta>, object_store::Error> {
    if !root.as_ref().is_empty() {
        match store.head(root).await {
            Ok(object) => return Ok(vec![object]),
            Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let prefix = (!root.as_ref().is_empty()).then_some(root);
    let mut objects: Vec<ObjectMeta> = store.list(prefix).take(OBJECTS).try_collect().await?;
    objects.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(objects)
}

async fn fetch_one(
    store: &dyn ObjectStore,
    address: &Address,
    surroundings: &Surroundings<'_>,
    path: String,
    object: ObjectMeta,
    limits: Limits,
) -> Result<(String, Fetched), Diagnostic> {
    if object.size > limits.file_bytes {
        return Ok((path, Fetched::Listed(object.size)));
    }
    // Without an ETag there is no telling whether the object is still the same.
    let key = object.e_tag.as_ref().map(|tag| {
        let parts = [address.url.as_str(), "\0", path.as_str(), "\0", tag.as_str()];
        crate::digest::Sha256::of_parts(parts.iter().map(|p| p.as_bytes())).hex()
    });
    if let Some(file) = key.as_ref().and_then(|k| surroundings.cache?.find(k, object.size)) {
        return Ok((path, Fetched::Disk(file, object.size)));
    }
    let bytes = match store.get(&object.location).await {
        Ok(answer) => answer.bytes().await,
        Err(error) => Err(error),
    };
    let bytes = bytes.map_err(|e| {
        let place = format!("{}/{path}", address.url);
        Diagnostic::new(
            Code::FileUnreadable,
            format!("'{}' cannot be fetched: {}", visible(&place, 200), visible(&cause(&e), 200)),
        )
        .severity(Severity::Error)
        .at(place)
        .help("check that the credentials may read it; what it holds counts as missing")
    })?;
    let kept = key.as_ref().and_then(|k| surroundings.cache?.keep(k, &bytes));
    Ok((
        path,
        match kept {
            Some(file) => Fetched::Disk(file, bytes.len() as u64),
            None => Fetched::Memory(bytes.to_vec()),
        },
    ))
}

fn failed(address: &Address, cause: &str) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::new(
            Code::SourceUnreachable,
            format!("'{}' cannot be read: {}", visible(&address.url, 200), visible(cause, 300)),
        )
        .at(address.url.clone())
        .help(
            "check the address and the credentials in the environment; the evidence of this source counts as missing",
        ),
    )
}

fn error(address: &Address, error: &object_store::Error) -> Box<Diagnostic> {
    let mut problem = failed(address, &cause(error));
    match error {
        object_store::Error::NotFound { .. } => problem.code = Code::SourceMissing,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            problem.code = Code::SourceDenied;
        }
        _ => {}
    }
    problem
}

/// The innermost cause, on one line.
fn cause(error: &object_store::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

//! `presscheck drift --engine`: the same bytes from an engine of SQL as from reading row by row, in this process and on a
//! cluster; queries that only read; what is refused. Without the features only the refusals are tested.

use crate::project::Project;

#[cfg(not(feature = "engine"))]
#[test]
fn an_engine_that_is_not_built_in_is_refused_by_name() {
    let project = Project::new().file("a.csv", "x\n1\n2\n").file("b.csv", "x\n1\n3\n");
    for (engine, feature) in [("datafusion", "engine"), ("df://127.0.0.1:50050", "cluster")] {
        let ran = project
            .run(&["drift", "--reference", "a.csv", "--current", "b.csv", "--engine", engine])
            .code(2)
            .says("drift-engine");
        assert!(ran.stderr.contains(&format!("the feature '{feature}'")), "{}", ran.stderr);
    }
}

#[test]
fn an_unknown_engine_and_a_query_without_one_are_refused() {
    let project = Project::new().file("a.csv", "x\n1\n2\n").file("b.csv", "x\n1\n3\n");
    let sides = ["drift", "--reference", "a.csv", "--current", "b.csv"];
    project.run(&[&sides[..], &["--engine", "spark"]].concat()).code(2).says("use embedded, datafusion");
    project.run(&[&sides[..], &["--sql", "SELECT * FROM data"]].concat()).code(2).says("a query needs an engine");
}

#[cfg(feature = "engine")]
mod engine {
    use crate::drift_command::{arrow, csv, drift, lines, numbers, parquet, reports, words};
    use crate::project::{Project, Ran};
    use crate::{corpus, drift_methods};

    const JSON: [&str; 2] = ["--format", "json"];

    /// The same arguments with and without the engine; both must print the same reports.
    #[track_caller]
    pub(super) fn same(project: &Project, engine: &str, arguments: &[&str]) -> Ran {
        let plain = drift(project, &[arguments, &JSON].concat());
        let theirs = drift(project, &[arguments, &JSON, &["--engine", engine]].concat());
        assert_eq!(plain.code, theirs.code, "{arguments:?}\n{}\n{}", plain.stderr, theirs.stderr);
        assert!(!plain.stdout.is_empty(), "{}", plain.stderr);
        let at = plain.stdout.bytes().zip(theirs.stdout.bytes()).take_while(|(a, b)| a == b).count();
        let around = |text: &str| {
            String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(300)..(at + 200).min(text.len())]).into_owned()
        };
        let both = format!("{}\n{}\n{}", around(&plain.stdout), around(&theirs.stdout), theirs.stderr);
        assert!(plain.stdout == theirs.stdout, "{arguments:?}\n{both}");
        theirs
    }

    #[test]
    fn the_fixtures_give_the_same_bytes_in_every_format() {
        let mut seen = 0;
        for (name, numeric, sides, _) in drift_methods::columns() {
            let column = |side: usize| [(name.as_str(), numeric, sides[side].as_slice())];
            let plain = |side: usize| csv(&[(name.as_str(), sides[side].as_slice())]);
            let project = Project::new()
                .file("ref.csv", plain(0))
                .file("cur.csv", plain(1))
                .file("cur.tsv", plain(1).replace(',', "\t"))
                .file("cur.parquet", parquet(&column(1)))
                .file("cur.arrow", arrow(&column(1), false))
                .file("cur.stream", arrow(&column(1), true))
                .file("cur.jsonl", lines(&column(1)));
            let files = ["cur.csv", "cur.tsv", "cur.parquet", "cur.arrow", "cur.stream", "cur.jsonl"];
            let arguments = [&["--reference", "ref.csv", "--current"], &files[..]].concat();
            same(&project, "datafusion", &arguments);
            seen += 1;
        }
        assert!(seen >= 5, "{seen}");
    }

    #[test]
    fn the_corpus_gives_the_same_bytes_whatever_its_encoding() {
        let Some(root) = corpus::folder("drift/truth") else { return };
        let file = |name: &str| root.join(name).display().to_string();
        let project = Project::new();
        same(&project, "datafusion", &["--reference", &file("wide.ref.csv"), "--current", &file("wide.cur.csv")]);
        for name in ["none-plain", "snappy-dict", "zstd-v2pages", "gzip-rowgroups", "lz4-smallpages", "zstd-delta"] {
            let (reference, current) =
                (file(&format!("parquet/{name}.ref.parquet")), file(&format!("parquet/{name}.cur.parquet")));
            same(&project, "datafusion", &["--reference", &reference, "--current", &current]);
        }
    }

    /// Rows in many files, of unequal columns, with odd values and times, and labels of only some rows.
    pub(super) fn odd() -> Project {
        let mut files: Vec<String> = vec![String::new(); 4];
        for (i, file) in files.iter_mut().enumerate() {
            file.push_str(if i == 2 { "at,x,city,note,p,y\n" } else { "at,city,x,flag,note,p,y\n" });
            for row in 0..60 {
                let k = i * 60 + row;
                let at = match k % 31 {
                    0 => String::new(),
                    _ => format!("2026-0{}-{:02}T{:02}:10:00Z", 1 + k % 3, 1 + k % 28, k % 24),
                };
                let x = match k % 17 {
                    0 => "NA".to_owned(),
                    1 => "-0".to_owned(),
                    2 => "0".to_owned(),
                    _ => format!("{}", (k * 37 % 101) as f64 / 8.0 + i as f64),
                };
                let city = ["Ulm", "\"O'Hara, \"\"X\"\"\"", "", "null", "Ünna"][k * 7 % 5];
                let note = ["late again", "on time", "", "was a bit late"][k % 4];
                let p = format!("{}", (k * 13 % 97) as f64 / 97.0);
                let y = if k % 5 == 0 { String::new() } else { ((k * 13 % 97 > 40) as u8).to_string() };
                let flag = ["true", "false", "False"][k % 3];
                file.push_str(&match i {
                    2 => format!("{at},{x},{city},{note},{p},{y}\n"),
                    _ => format!("{at},{city},{x},{flag},{note},{p},{y}\n"),
                });
            }
        }
        let mut project = Project::new().file("ref.csv", files[3].clone());
        for (i, file) in files.into_iter().take(3).enumerate() {
            project = project.file(&format!("now/part-{i}.csv"), file);
        }
        project
    }

    const ODD: &[&str] = &["--reference", "ref.csv", "--current", "now", "--kind", "note=text"];
    const LABELS: &[&str] = &["--prediction", "p", "--target", "y"];

    #[test]
    fn windows_odd_values_unequal_files_and_late_labels_give_the_same_bytes() {
        let project = odd();
        for more in
            [&[][..], &["--time", "at"], &["--time", "at", "--every", "1w"], &["--time", "at", "--every", "1mo"]]
        {
            let ran = same(&project, "datafusion", &[ODD, LABELS, more].concat());
            let reports = reports(&ran);
            assert_eq!(reports.len(), if more.len() < 4 { 1 } else { reports.len().max(3) }, "{more:?}");
            assert!(ran.stdout.contains("\"auc\""), "{}", ran.stdout);
        }
    }

    #[test]
    fn a_query_filters_and_joins_labels_that_came_late() {
        let rows = 400;
        let id: Vec<Option<String>> = (0..rows).map(|i| Some(i.to_string())).collect();
        let (x, shifted) = (numbers(rows, 3, 0.0), numbers(rows, 4, 1.0));
        let country = words(rows, &["DE", "FR"]);
        let p: Vec<Option<String>> = (0..rows).map(|i| Some(format!("{}", (i % 10) as f64 / 10.0))).collect();
        let y: Vec<Option<String>> = (0..rows).map(|i| Some(((i * 7 % 10 > 4) as u8).to_string())).collect();
        let side = |x: &[Option<String>]| csv(&[("id", &id), ("x", x), ("country", &country), ("p", &p)]);
        let joined = |x: &[Option<String>]| {
            let keep: Vec<usize> = (0..rows).filter(|i| country[*i].as_deref() == Some("DE")).collect();
            let take = |of: &[Option<String>]| -> Vec<Option<String>> { keep.iter().map(|i| of[*i].clone()).collect() };
            csv(&[("x", &take(x)), ("p", &take(&p)), ("y", &take(&y))])
        };
        let project = Project::new()
            .file("ref.csv", side(&x))
            .file("cur.csv", side(&shifted))
            .file("labels.csv", csv(&[("id", &id), ("y", &y)]))
            .file("j/ref.csv", joined(&x))
            .file("j/cur.csv", joined(&shifted));
        let sql = "SELECT d.x, d.p, l.y FROM data d LEFT JOIN labels l USING (id) WHERE d.country = 'DE'";
        let query = ["--sql", sql, "--table", "labels=labels.csv", "--engine", "datafusion"];
        let labels = ["--prediction", "p", "--target", "y"];
        let far = drift(
            &project,
            &[&["--reference", "ref.csv", "--current", "cur.csv"], &query[..], &labels, &JSON].concat(),
        )
        .code(0);
        let near =
            drift(&project, &[&["--reference", "j/ref.csv", "--current", "j/cur.csv"], &labels[..], &JSON].concat())
                .code(0);
        let (far, near) = (reports(&far), reports(&near));
        assert_eq!(far[0]["features"], near[0]["features"]);
        assert_eq!(far[0]["performance"], near[0]["performance"]);
        assert!(far[0]["current"].as_str().unwrap().contains("267 rows"), "{}", far[0]["current"]);
    }

    #[test]
    fn folders_of_a_partition_are_a_column() {
        let x = |seed, shift| csv(&[("x", &numbers(100, seed, shift))]);
        let project = Project::new()
            .file("ref/country=DE/a.csv", x(1, 0.0))
            .file("ref/country=FR/a.csv", x(2, 0.0))
            .file("cur/country=DE/a.csv", x(3, 0.0))
            .file("cur/country=Bosnia%20%26%20H/a.csv", x(4, 0.0));
        let sides = ["--reference", "ref", "--current", "cur", "--engine", "datafusion"];
        let all = reports(&drift(&project, &[&sides[..], &JSON].concat()).code(0));
        let country = all[0]["features"].as_array().unwrap().iter().find(|f| f["feature"] == "country").unwrap();
        assert_eq!(country["drifted"], true);
        assert!(country.to_string().contains("Bosnia & H"), "{country}");
        let sql = ["--sql", "SELECT x FROM data WHERE country = 'DE'"];
        let one = reports(&drift(&project, &[&sides[..], &sql, &JSON].concat()).code(0));
        assert!(one[0]["current"].as_str().unwrap().contains("100 rows"), "{}", one[0]["current"]);
    }

    #[test]
    fn queries_only_read_and_what_is_wrong_is_said() {
        let project = Project::new().file("a.csv", "x,v\n1,2\n2,3\n").file("b.csv", "x,v\n1,2\n3,4\n");
        let run = |more: &[&str]| {
            let sides = ["--reference", "a.csv", "--current", "b.csv", "--engine", "datafusion"];
            drift(&project, &[&sides[..], more].concat())
        };
        for sql in [
            "CREATE TABLE t AS SELECT * FROM data",
            "COPY data TO 'out.csv'",
            "INSERT INTO data VALUES (1, 2)",
            "SET datafusion.execution.batch_size = 1",
            "DROP VIEW data",
        ] {
            run(&["--sql", sql]).code(3).says("drift-engine");
        }
        assert!(!project.path().join("out.csv").exists());
        run(&["--sql", "SELECT * FROM '/etc/passwd'"]).code(3).says("drift-engine");
        run(&["--sql", "SELEC x"]).code(3).says("SELEC");
        run(&["--sql", "SELECT nope FROM data"]).code(3).says("nope");
        run(&["--sql", "SELECT x FROM data", "--table", "labels"]).code(2).says("write NAME=PATH");
        run(&["--sql", "SELECT x FROM data", "--exclude", "x", "--critical", "v"]).code(2).says("no file has a column");
        run(&["--duplicates"]).code(2).says("embedded engine only");
    }

    #[test]
    fn a_column_that_fails_loses_no_other() {
        let vectors = |n: usize| (0..n).map(|i| format!("{{\"x\":{i},\"e\":[1.0,{i}.5]}}\n")).collect::<String>();
        let project = Project::new().file("a.jsonl", vectors(50)).file("b.jsonl", vectors(60));
        let sides = ["--reference", "a.jsonl", "--current", "b.jsonl", "--engine", "datafusion", "--format", "json"];
        let ran = drift(&project, &sides).code(3).says("vectors are compared by the embedded engine only");
        let report = &reports(&ran)[0];
        let of = |name: &str| report["features"].as_array().unwrap().iter().find(|f| f["feature"] == name).unwrap();
        assert!(of("x")["score"].is_number());
        assert!(of("e")["drifted"].is_null());
    }

    #[test]
    fn a_lie_in_a_file_is_an_error_and_no_pass() {
        let x: Vec<Option<String>> = numbers(2_000, 1, 0.0);
        let bytes = parquet(&[("x", true, &x)]);
        let mut broken = bytes.clone();
        // The head of the first page.
        broken[4..30].iter_mut().for_each(|b| *b ^= 0x5a);
        let project = Project::new().file("a.parquet", bytes).file("b.parquet", broken);
        let sides = ["--reference", "a.parquet", "--current", "b.parquet", "--gate", "--engine", "datafusion"];
        drift(&project, &sides).code(1).says("drift-engine");
    }

    #[test]
    fn grouping_spills_to_disk_within_the_memory_limit() {
        let rows = 400_000;
        let column = |seed| -> Vec<Option<String>> { numbers(rows, seed, 0.0) };
        let text: Vec<Option<String>> =
            (0..rows).map(|i| Some(format!("{:040}", i as u64 * 2_654_435_761 % 1_000_003))).collect();
        let (a, b) = (column(1), column(2));
        let project = Project::new()
            .file("a.csv", csv(&[("x", &a), ("id", &text)]))
            .file("b.csv", csv(&[("x", &b), ("id", &text)]));
        // The groups of the texts alone are above 16 MB; the engine may take half of the limit.
        let sides = ["--reference", "a.csv", "--current", "b.csv", "--memory-limit", "24MB", "--format", "json"];
        let ran = drift(&project, &[&sides[..], &["--engine", "datafusion"]].concat()).code(0);
        let report = &reports(&ran)[0];
        let of = |name: &str| report["features"].as_array().unwrap().iter().find(|f| f["feature"] == name).unwrap();
        assert!(of("x")["score"].is_number(), "{}", of("x"));
        assert!(report["current"].as_str().unwrap().contains("400000 rows"), "{}", report["current"]);
        // Where there is no place to spill to, the column of texts cannot be computed: that is said, and nothing passes.
        let project = project.env("TMPDIR", "/nowhere");
        let ran = drift(&project, &[&sides[..], &["--engine", "datafusion", "--gate"]].concat()).says("drift-engine");
        assert_ne!(ran.code, 0, "{}", ran.stderr);
    }

    #[test]
    fn the_configuration_may_name_an_engine_and_a_query() {
        let project = Project::new()
            .file("a.csv", csv(&[("x", &numbers(200, 1, 0.0)), ("c", &words(200, &["k", "l"]))]))
            .file("b.csv", csv(&[("x", &numbers(200, 2, 0.0)), ("c", &words(200, &["k", "l"]))]))
            .file("runs/m/1.0.0/run.toml", "schema = 1\nmodel = \"m\"\nversion = \"1.0.0\"\n")
            .file(
                "presscheck.toml",
                "schema = 1\n[[source]]\npath = \"runs\"\n[drift]\nengine = \"datafusion\"\nsql = \"SELECT x FROM data WHERE \
                 c = 'k'\"\n[[drift.report]]\nrun = \"runs/m/1.0.0\"\nreference = \"a.csv\"\ncurrent = \"b.csv\"\n",
            );
        let kept = words(200, &["k", "l"]).iter().filter(|c| c.as_deref() == Some("k")).count();
        let ran = project.run(&["inspect", "--format", "json"]);
        assert!(kept < 200 && ran.stdout.contains(&format!("({kept} rows")), "{}\n{}", ran.stdout, ran.stderr);
    }
}

#[cfg(feature = "cluster-test")]
mod cluster {
    use std::sync::mpsc;

    use ballista_core::serde::BallistaCodec;
    use ballista_core::serde::protobuf::scheduler_grpc_client::SchedulerGrpcClient;

    use super::engine::{odd, same};
    use crate::drift_command::{csv, drift, numbers, parquet, words};
    use crate::project::Project;

    /// Starts a scheduler and two executors on loopback, as they are released; their port. They end with the process.
    fn start() -> u16 {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let scheduler = ballista_scheduler::standalone::new_standalone_scheduler().await.unwrap();
                let url = format!("http://localhost:{}", scheduler.port());
                for _ in 0..2 {
                    let client = loop {
                        match SchedulerGrpcClient::connect(url.clone()).await {
                            Ok(client) => break client,
                            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                        }
                    };
                    ballista_executor::new_standalone_executor(client, 1, BallistaCodec::default()).await.unwrap();
                }
                tell.send(scheduler.port()).unwrap();
                std::future::pending::<()>().await;
            });
        });
        told.recv().unwrap()
    }

    #[test]
    fn a_cluster_gives_the_same_bytes_from_several_files() {
        let engine = format!("df://localhost:{}", start());
        let project = odd();
        let arguments = ["--reference", "ref.csv", "--current", "now", "--kind", "note=text"];
        same(&project, &engine, &arguments);
        let labels = ["--prediction", "p", "--target", "y", "--time", "at", "--every", "1mo"];
        same(&project, &engine, &[&arguments[..], &labels].concat());

        let mut parts = Project::new();
        for i in 0..6 {
            let (x, c) = (numbers(500, i, i as f64 / 10.0), words(500, &["k", "l", "m"]));
            let folder = if i < 3 { "ref" } else { "cur" };
            parts = parts.file(&format!("{folder}/{i}.parquet"), parquet(&[("x", true, &x), ("c", false, &c)]));
        }
        parts = parts.file("names.csv", csv(&[("c", &words(2, &["k", "l"])), ("y", &numbers(2, 9, 0.0))]));
        let sides = ["--reference", "ref", "--current", "cur"];
        same(&parts, &engine, &sides);
        let sql = ["--sql", "SELECT x, n.y FROM data d JOIN names n ON d.c = n.c", "--table", "names=names.csv"];
        let run = |engine: &str| drift(&parts, &[&sides[..], &sql, &["--engine", engine, "--format", "json"]].concat());
        let (here, there) = (run("datafusion").code(0), run(&engine).code(0));
        assert_eq!(here.stdout, there.stdout);
    }

    #[test]
    fn a_scheduler_that_does_not_answer_is_no_pass() {
        let project = Project::new().file("a.csv", "x\n1\n2\n").file("b.csv", "x\n1\n3\n");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let engine = format!("df://127.0.0.1:{port}");
        let sides = ["--reference", "a.csv", "--current", "b.csv", "--gate", "--engine", &engine];
        drift(&project, &sides).code(3).says("drift-engine");
    }
}

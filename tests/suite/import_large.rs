//! Logs of a gigabyte in bounded memory. Slow, so ignored: run it by name with
//! `cargo nextest run --release --run-ignored only -E 'test(import_large)' --no-capture`.

use std::io::{BufWriter, Write};
use std::path::Path;

use crate::corpus::read;

const SIZE: u64 = 1 << 30;

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A field of bytes: a number below 16, then the content.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    varint(content.len() as u64, &mut out);
    out.extend(content);
    out
}

#[expect(clippy::disallowed_methods, reason = "the test makes its own files")]
fn writer(path: &Path) -> BufWriter<std::fs::File> {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    BufWriter::with_capacity(1 << 20, std::fs::File::create(path).unwrap())
}

/// Events with one scalar each, of 40 tags; how many there are.
fn events(path: &Path) -> u64 {
    let masked = |data: &[u8]| crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let (mut out, mut written, mut count) = (writer(path), 0, 0u64);
    while written < SIZE {
        let mut value = field(1, format!("metrics/group_{}/loss", count % 40).as_bytes());
        value.push(2 << 3 | 5);
        value.extend(((count as f32 * 0.001).sin()).to_le_bytes());
        let mut event = vec![1 << 3 | 1];
        event.extend((1.7e9 + count as f64 * 0.01).to_le_bytes());
        event.push(2 << 3);
        varint(count / 40, &mut event);
        event.extend(field(5, &field(1, &value)));
        let length = (event.len() as u64).to_le_bytes();
        for part in [&length[..], &masked(&length), &event, &masked(&event)] {
            out.write_all(part).unwrap();
        }
        written += event.len() as u64 + 16;
        count += 1;
    }
    out.flush().unwrap();
    count
}

/// Rows of history with 20 metrics each, and a summary after each; how many there are.
fn history(path: &Path) -> u64 {
    let mut out = writer(path);
    out.write_all(b":W&B\xe1\xbe\0").unwrap();
    let (mut at, mut count) = (7u64, 0u64);
    let item = |key: &str, value: String| field(1, &[field(1, key.as_bytes()), long_field(value.as_bytes())].concat());
    // `value_json` is field 16, whose tag takes two bytes.
    fn long_field(content: &[u8]) -> Vec<u8> {
        let mut out = vec![0x82, 0x01];
        varint(content.len() as u64, &mut out);
        out.extend(content);
        out
    }
    while at < SIZE {
        let mut row = item("_step", count.to_string());
        row.extend(item("_timestamp", format!("{}", 1.7e9 + count as f64 * 0.5)));
        for metric in 0..20 {
            row.extend(item(&format!("train/metric_{metric}"), format!("{}", (count as f64 * 0.001).sin())));
        }
        for record in [field(2, &row), field(3, &row)] {
            let (mut rest, mut first) = (&record[..], true);
            while first || !rest.is_empty() {
                let left = 32768 - at % 32768;
                if left < 7 {
                    out.write_all(&[0; 7][..left as usize]).unwrap();
                    at += left;
                    continue;
                }
                let (data, more) = rest.split_at(rest.len().min(left as usize - 7));
                let kind: u8 = match (first, more.is_empty()) {
                    (true, true) => 1,
                    (true, false) => 2,
                    (false, false) => 3,
                    (false, true) => 4,
                };
                let mut hasher = crc32fast::Hasher::new();
                hasher.update(&[kind]);
                hasher.update(data);
                out.write_all(&hasher.finalize().to_le_bytes()).unwrap();
                out.write_all(&(data.len() as u16).to_le_bytes()).unwrap();
                out.write_all(&[kind]).unwrap();
                out.write_all(data).unwrap();
                at += 7 + data.len() as u64;
                (rest, first) = (more, false);
            }
        }
        count += 1;
    }
    out.flush().unwrap();
    count
}

/// The most memory that this process has held, in MiB.
#[expect(clippy::disallowed_methods, reason = "the system says how much memory was used")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[expect(clippy::disallowed_macros, reason = "the figures are what the test is for")]
fn measured(what: &str, path: &Path, points: u64) {
    let start = std::time::Instant::now();
    let registry = read(path);
    let (seconds, peak) = (start.elapsed().as_secs_f64(), peak());
    eprintln!("{what}: 1 GiB, {points} points in {seconds:.1} s, at most {peak} MiB");
    let totals: u64 = registry.runs[0].series.iter().map(|s| s.totals.points as u64).sum();
    assert_eq!(totals, points);
    assert_eq!(registry.evidence.iter().map(|e| e.bytes).max().unwrap() >> 30, 1);
    assert!(peak < 500, "{peak} MiB");
}

#[test]
#[ignore = "writes a gigabyte"]
fn an_events_file_of_a_gigabyte() {
    let folder = tempfile::tempdir().unwrap();
    let count = events(&folder.path().join("run/events.out.tfevents.1.h"));
    measured("events file", folder.path(), count);
}

#[test]
#[ignore = "writes a gigabyte"]
fn a_wandb_log_of_a_gigabyte() {
    let folder = tempfile::tempdir().unwrap();
    let rows = history(&folder.path().join("wandb/run-20261123_000000-x/run-x.wandb"));
    measured("log of W&B", folder.path(), rows * 20);
}

//! A file is replaced completely or not at all.
#![allow(missing_docs, reason = "tests are named by what they hold")]
#![allow(clippy::unwrap_used, reason = "an unexpected error fails the test")]

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use plr_run::atomic_file;

#[test]
fn a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("atomic_file");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join("state");
    atomic_file::replace(&path, |file| file.write_all(b"old")).unwrap();
    let failed = atomic_file::replace(&path, |file| {
        file.write_all(&[b'n'; 100_000])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    });
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    atomic_file::replace(&path, |file| file.write_all(b"new")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
}

//! A file is replaced completely or not at all, and nothing but a file is replaced.
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

#[cfg(unix)]
#[test]
fn a_link_still_leads_to_the_file_and_the_file_keeps_its_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("atomic_link");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let (file, link) = (directory.join("file"), directory.join("link"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    symlink("file", &link).unwrap();
    atomic_file::replace(&link, |file| file.write_all(b"new")).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
}

/// The full device refuses every byte; if it were replaced by a file, everything would seem to be well.
#[cfg(target_os = "linux")]
#[test]
fn a_device_is_written_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt;

    let full = Path::new("/dev/full");
    let error = atomic_file::replace(full, |file| file.write_all(b"new")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert!(full.metadata().unwrap().file_type().is_char_device());
    atomic_file::replace(Path::new("/dev/null"), |file| file.write_all(b"new")).unwrap();
    assert_eq!(
        atomic_file::replace(Path::new("/dev"), |file| file.write_all(b"new")).unwrap_err().kind(),
        io::ErrorKind::IsADirectory
    );
}

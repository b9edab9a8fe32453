//! Writing a file so that it is either there completely or not there at all.
//!
//! The contents go to a temporary file in the same directory, are flushed to the disk, and only then take the
//! name of the old file. A full disk, a directory that cannot be written or an interrupted process leaves the old
//! file as it was; the temporary file is removed on every error.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Tells the temporary files of one process apart.
static SERIAL: AtomicU32 = AtomicU32::new(0);

/// Replaces the file at `path` by what `fill` writes, or leaves everything as it was and returns the error.
pub fn replace(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let temporary = temporary_beside(path)?;
    let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    write_and_rename(file, &temporary, path, fill).inspect_err(|_| {
        // The first error is the one to report; a temporary file that cannot be removed either changes nothing.
        let _ = fs::remove_file(&temporary);
    })
}

fn write_and_rename(
    file: File,
    temporary: &Path,
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    fill(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()?;
    fs::rename(temporary, path)
}

/// A name in the directory of `path` (a rename across file systems would not be atomic) that no other writer uses.
fn temporary_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}-{serial}.partial", std::process::id()));
    Ok(path.with_file_name(temporary))
}

//! Writing a file so that it is either there completely or not there at all.
//!
//! The contents go to a temporary file in the same directory, are flushed to the disk, and only then take the
//! name of the old file. A full disk, a directory that cannot be written or an interrupted process leaves the old
//! file as it was; the temporary file is removed on every error. A link stays a link: what it leads to is replaced.
//! Only a device or a pipe is written where it is, because another file in its place would not be one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Tells the temporary files of one process apart.
static SERIAL: AtomicU32 = AtomicU32::new(0);

/// Replaces the file at `path` by what `fill` writes, or leaves everything as it was and returns the error.
pub fn replace(path: &Path, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let old = match path.metadata() {
        Ok(old) if old.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(old) if !old.is_file() => {
            return write(OpenOptions::new().write(true).open(path)?, fill).map(drop);
        }
        Ok(old) => Some(old.permissions()),
        Err(_nothing_there) => None,
    };
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = temporary_beside(&path)?;
    let file = OpenOptions::new().write(true).create_new(true).open(&temporary)?;
    let written = old.map_or(Ok(()), |old| file.set_permissions(old));
    let written = written.and_then(|()| write(file, fill)?.sync_all());
    written.and_then(|()| fs::rename(&temporary, path)).inspect_err(|_| {
        // The first error is the one to report; a temporary file that cannot be removed either changes nothing.
        let _ = fs::remove_file(&temporary);
    })
}

/// Removes what processes that are no more have left of such files in a directory, as far as it is known that they are no more.
pub fn remove_left_behind(directory: &Path, names: &[&str]) {
    // Without a list of processes nobody knows.
    if !Path::new("/proc/self").exists() {
        return;
    }
    let of_the_dead = |file: &str| {
        names.iter().any(|name| {
            let rest = file.strip_prefix('.').and_then(|file| file.strip_prefix(*name)?.strip_prefix('.'));
            let process = rest.and_then(|rest| rest.strip_suffix(".partial")?.split_once('-'));
            process.is_some_and(|(process, serial)| {
                process.parse::<u32>().is_ok_and(|process| !Path::new(&format!("/proc/{process}")).exists())
                    && serial.parse::<u32>().is_ok()
            })
        })
    };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(of_the_dead) {
            // What cannot be removed stays, as it was.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn write(file: File, fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<File> {
    let mut writer = BufWriter::new(file);
    fill(&mut writer)?;
    writer.flush()?;
    writer.into_inner().map_err(io::IntoInnerError::into_error)
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

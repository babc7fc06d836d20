//! The audit log: one line of JSON for each act that concerns people (names revealed, directories
//! changed), each with the hash of the line before, so that an edit or a missing line shows.
//!
//! It cannot tell that lines at its end were cut off: keep the last hash elsewhere, too.

use std::fs;
use std::io::{self, BufRead as _, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Error, shown};

/// The file's name, beside the store.
pub const FILE: &str = "audit.jsonl";

/// What comes before the first line.
const FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Longest line, bytes.
const LINE: u64 = 64 << 10;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Version of this format: 1.
    pub v: u32,
    /// Number of the line, from 1.
    pub seq: u64,
    /// When, seconds since 1970-01-01 UTC.
    pub time: i64,
    /// What: `reveal`, `import`, `sync`, `forget`, `purge`, `export`.
    pub act: String,
    /// Who, as the system names the user.
    pub user: String,
    /// More, without names of people that the act is about.
    pub detail: String,
    /// SHA-256 of the line before, in hexadecimal; 64 zeros for the first.
    pub prev: String,
}

/// The log.
#[derive(Debug, Clone)]
pub struct Log {
    path: PathBuf,
}

/// What a check of the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Lines that follow one another.
    pub lines: u64,
    /// SHA-256 of the last of them.
    pub last: String,
    /// The first line that does not fit, and why.
    pub broken: Option<(u64, String)>,
}

fn hash(line: &[u8]) -> String {
    use std::fmt::Write as _;
    // The zero sets leaves apart from inner nodes, should the log become a Merkle tree (RFC 6962).
    let digest = Sha256::new().chain_update([0]).chain_update(line).finalize();
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Log {
    /// The log in a folder.
    pub fn beside(folder: &Path) -> Log {
        Log { path: folder.join(FILE) }
    }

    /// Adds an act. The file is locked meanwhile, and written through to the disk.
    pub fn add(&self, time: i64, act: &str, user: &str, detail: &str) -> Result<(), Error> {
        let io = |source| Error::Io { path: shown(&self.path), source };
        if let Some(folder) = self.path.parent() {
            super::private_folder(folder).map_err(io)?;
        }
        let mut options = fs::File::options();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path).map_err(io)?;
        file.lock().map_err(io)?;
        let (seq, prev) = match last_line(&mut file).map_err(io)? {
            None => (0, FIRST.to_owned()),
            Some(line) => {
                let entry: Entry = serde_json::from_slice(&line).map_err(|_| Error::Refused {
                    path: shown(&self.path),
                    why: "its last line is no entry; look at it with `leaktrace identity audit`"
                        .to_owned(),
                })?;
                (entry.seq, hash(&line))
            }
        };
        let entry = Entry {
            v: 1,
            seq: seq + 1,
            time,
            act: act.to_owned(),
            user: user.to_owned(),
            detail: detail.to_owned(),
            prev,
        };
        let mut line = serde_json::to_vec(&entry).map_err(|error| io(error.into()))?;
        line.push(b'\n');
        file.write_all(&line).map_err(io)?;
        file.sync_data().map_err(io)
    }

    /// Reads the log from its beginning and gives each entry that fits to `each`.
    pub fn check(&self, mut each: impl FnMut(&Entry)) -> Result<Checked, Error> {
        let io = |source| Error::Io { path: shown(&self.path), source };
        let mut checked = Checked { lines: 0, last: FIRST.to_owned(), broken: None };
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(checked),
            Err(error) => return Err(io(error)),
        };
        let mut reader = io::BufReader::new(file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.by_ref().take(LINE).read_until(b'\n', &mut line).map_err(io)?;
            if read == 0 {
                return Ok(checked);
            }
            let number = checked.lines + 1;
            let whole = line.pop() == Some(b'\n');
            let broken = match serde_json::from_slice::<Entry>(&line) {
                _ if !whole => "it is cut off or too long",
                Err(_) => "it is no entry",
                Ok(entry) if entry.prev != checked.last => "it does not follow the line before",
                Ok(entry) if entry.seq != number => "its number is not the next",
                Ok(entry) => {
                    checked.lines = number;
                    checked.last = hash(&line);
                    each(&entry);
                    continue;
                }
            };
            checked.broken = Some((number, broken.to_owned()));
            return Ok(checked);
        }
    }
}

/// The last line without its end, reading no more than one line's worth.
fn last_line(file: &mut fs::File) -> io::Result<Option<Vec<u8>>> {
    let size = file.seek(SeekFrom::End(0))?;
    if size == 0 {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(size.saturating_sub(LINE)))?;
    let mut tail = Vec::new();
    file.take(LINE).read_to_end(&mut tail)?;
    let body = tail.strip_suffix(b"\n").unwrap_or(&tail);
    let start = memchr::memrchr(b'\n', body).map_or(0, |at| at + 1);
    Ok(Some(body[start..].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> (tempfile::TempDir, Log) {
        let folder = tempfile::tempdir().expect("folder");
        let log = Log::beside(folder.path());
        for number in 0..3 {
            log.add(number, "reveal", "ana", "scan of one repository").expect("added");
        }
        (folder, log)
    }

    #[test]
    fn lines_follow_one_another() {
        let (_folder, log) = log();
        let mut acts = Vec::new();
        let checked = log.check(|entry| acts.push(entry.seq)).expect("readable");
        assert_eq!((checked.lines, checked.broken, acts), (3, None, vec![1, 2, 3]));
    }

    #[test]
    fn an_edited_or_missing_line_shows() {
        let (_folder, log) = log();
        let text = fs::read_to_string(&log.path).expect("readable");
        fs::write(&log.path, text.replacen("ana", "eve", 1)).expect("written");
        let broken = log.check(|_| ()).expect("readable").broken.expect("broken");
        assert_eq!(broken.0, 2);
        let without: Vec<&str> =
            text.lines().enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| line).collect();
        fs::write(&log.path, without.join("\n") + "\n").expect("written");
        assert_eq!(log.check(|_| ()).expect("readable").broken.expect("broken").0, 2);
        fs::write(&log.path, "no entry\n").expect("written");
        assert!(log.add(9, "reveal", "ana", "").is_err());
    }
}

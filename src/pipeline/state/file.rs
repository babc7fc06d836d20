//! The state file as a whole: its frame, its authentication, and how it is replaced.
//!
//! | bytes | what |
//! |---|---|
//! | 16 | `leaktrace-state` and a line end |
//! | 8 | version of the format, little endian |
//! | 16 | the fingerprint key's id, in hexadecimal |
//! | 8 | length of the main part, little endian |
//! | 32 | HMAC-SHA-256 over all the bytes before and the main part |
//! | | the main part |
//! | | the lists of packs' objects, each authenticated by what the main part says of it |
//!
//! The lists are read only when a pack is gone, and copied otherwise.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use siphasher::sip::SipHasher24;

use crate::finding::fingerprint::FingerprintKey;
use crate::model::text::escape;

const MAGIC: &[u8; 16] = b"leaktrace-state\n";
/// Version of the format, and of what is searched: 4 since all headers of commits and tags are.
const VERSION: u64 = 4;
const HEADER: usize = 16 + 8 + 16 + 8;
const MAC: usize = 32;
/// Largest file that is read, bytes.
const MAX_FILE: u64 = 2 << 30;

/// Authenticates what this program wrote.
#[derive(Clone)]
pub struct Key {
    mac: Hmac<Sha256>,
    names: SipHasher24,
    id: [u8; 16],
}

impl Key {
    /// The key for state files that goes with `key`.
    pub fn of(key: &FingerprintKey) -> Key {
        let derived = key.derive("state file");
        let mac = Hmac::new_from_slice(&derived).expect("HMAC takes keys of any length");
        let mut id = [b'0'; 16];
        for (to, from) in id.iter_mut().zip(key.key_id().into_bytes()) {
            *to = from;
        }
        let [low, high] = [0, 8].map(|start| {
            let bytes = key.derive("names in a state file");
            u64::from_le_bytes(std::array::from_fn(|at| bytes[start + at]))
        });
        let names = SipHasher24::new_with_keys(low, high);
        Key { mac, names, id }
    }

    /// HMAC-SHA-256 over `parts`, one after the other.
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; MAC] {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The first bytes of [`Key::mac`] as a number.
    pub fn short(&self, parts: &[&[u8]]) -> u64 {
        let mac = self.mac(parts);
        u64::from_le_bytes(std::array::from_fn(|at| mac[at]))
    }

    /// A hash of a name that only holders of the key can make, so that nobody can make two names
    /// alike: SipHash-2-4 (Aumasson and Bernstein, 2012), which is made for short texts.
    pub fn name(&self, name: &[u8]) -> u64 {
        self.names.hash(name)
    }

    fn holds(&self, parts: &[&[u8]], expected: &[u8]) -> bool {
        let mut mac = self.mac.clone();
        for part in parts {
            mac.update(part);
        }
        mac.verify_slice(expected).is_ok()
    }
}

/// Where a list of objects stands among the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub start: u64,
    /// How many.
    pub len: u64,
    /// Its authentication.
    pub mac: [u8; MAC],
}

/// A state file that was written by this program under this key.
pub struct StateFile {
    file: File,
    /// The main part.
    pub main: Vec<u8>,
    lists: u64,
}

impl StateFile {
    /// Reads the file; none when there is none. The error says why it cannot be used, escaped.
    pub fn open(path: &Path, key: &Key) -> Result<Option<StateFile>, String> {
        match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
            Ok(found) if !found.is_file() => return Err("it is no file".to_owned()),
            Ok(found) if found.len() > MAX_FILE => return Err("it is too large".to_owned()),
            Ok(_) => {}
        }
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let whole = file.metadata().map_err(|error| error.to_string())?.len();
        let damaged = || "it is damaged, or no state file".to_owned();
        let mut front = [0; HEADER + MAC];
        file.read_exact(&mut front).map_err(|_| damaged())?;
        let (header, mac) = front.split_at(HEADER);
        let number = |at: usize| {
            let bytes = header.get(at..at + 8).unwrap_or_default();
            bytes.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte))
        };
        if !header.starts_with(MAGIC) {
            return Err(damaged());
        }
        if number(16) != VERSION {
            return Err("another version of leaktrace made it".to_owned());
        }
        if header.get(24..40) != Some(key.id.as_slice()) {
            return Err("it was made under another fingerprint key".to_owned());
        }
        let len = number(40);
        let lists = (HEADER + MAC) as u64;
        let lists = lists.checked_add(len).filter(|end| *end <= whole).ok_or_else(damaged)?;
        let mut main = Vec::with_capacity(usize::try_from(len).map_err(|_| damaged())?);
        (&mut file).take(len).read_to_end(&mut main).map_err(|error| error.to_string())?;
        if !key.holds(&[header, &main], mac) {
            return Err(damaged());
        }
        Ok(Some(StateFile { file, main, lists }))
    }

    /// A list of objects; none when it is not as it was written.
    pub fn list(&self, place: Place, key: &Key) -> Option<Vec<u8>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.lists.checked_add(place.start)?)).ok()?;
        let whole = file.metadata().ok()?.len();
        if place.len > whole {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(place.len).ok()?);
        file.take(place.len).read_to_end(&mut bytes).ok()?;
        key.holds(&[&bytes], &place.mac).then_some(bytes)
    }

    fn copy(&self, place: Place, to: &mut File) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.lists.saturating_add(place.start)))?;
        let copied = io::copy(&mut file.take(place.len), to)?;
        if copied == place.len { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// A list of objects to be written.
pub enum List {
    /// These bytes.
    New(Vec<u8>),
    /// What the file before has there.
    Old(Place),
}

impl List {
    /// How many bytes it has, and its authentication.
    pub fn measure(&self, key: &Key) -> (u64, [u8; MAC]) {
        match self {
            List::New(bytes) => (bytes.len() as u64, key.mac(&[bytes])),
            List::Old(place) => (place.len, place.mac),
        }
    }
}

/// Writes the file so that nobody ever sees half of it, readable by its owner only.
pub fn write(
    path: &Path,
    key: &Key,
    main: &[u8],
    lists: &[List],
    before: Option<&StateFile>,
) -> io::Result<()> {
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&VERSION.to_le_bytes());
    header.extend_from_slice(&key.id);
    header.extend_from_slice(&(main.len() as u64).to_le_bytes());
    let mac = key.mac(&[&header, main]);
    let draft = draft(path)?;
    let written = create(&draft).and_then(|mut file| {
        file.write_all(&header)?;
        file.write_all(&mac)?;
        file.write_all(main)?;
        for list in lists {
            match (list, before) {
                (List::New(bytes), _) => file.write_all(bytes)?,
                (List::Old(place), Some(before)) => before.copy(*place, &mut file)?,
                (List::Old(_), None) => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        fs::rename(&draft, path)
    });
    if written.is_err() {
        // The draft may not be there at all; what counts is the error before.
        let _ = fs::remove_file(&draft);
    }
    written
}

/// A name beside `path` that nothing has.
fn draft(path: &Path) -> io::Result<PathBuf> {
    let mut unique = [0; 8];
    getrandom::fill(&mut unique)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.tmp", u64::from_be_bytes(unique)));
    Ok(path.with_file_name(name))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What messages call a path.
pub fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Key::of(&FingerprintKey::from_bytes([byte; 32]))
    }

    fn place(start: u64, list: &List) -> Place {
        let (len, mac) = list.measure(&key(7));
        Place { start, len, mac }
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        assert!(StateFile::open(&path, &key(7)).expect("there is none").is_none());
        let lists = [List::New(b"one".to_vec()), List::New(b"other".to_vec())];
        let places = [place(0, &lists[0]), place(3, &lists[1])];
        write(&path, &key(7), b"main part", &lists, None).expect("written");
        let whole = fs::read(&path).expect("there");
        let opened = || StateFile::open(&path, &key(7));
        let file = opened().expect("as written").expect("there");
        assert_eq!(file.main, b"main part");
        assert_eq!(file.list(places[1], &key(7)), Some(b"other".to_vec()));
        assert!(StateFile::open(&path, &key(8)).is_err(), "another key");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            for damaged in [&bytes, &whole[..at]] {
                fs::write(&path, damaged).expect("written");
                let lists_hold = opened().ok().flatten().is_some_and(|file| {
                    places.iter().all(|place| file.list(*place, &key(7)).is_some())
                });
                assert!(!lists_hold, "byte {at} of {}", whole.len());
            }
        }
        let wild = Place { start: u64::MAX, len: u64::MAX, mac: [0; MAC] };
        assert_eq!(file.list(wild, &key(7)), None);
    }

    #[test]
    fn lists_are_copied_as_they_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        let old = List::New(b"old list".to_vec());
        let old_place = place(0, &old);
        write(&path, &key(7), b"one", &[old], None).expect("written");
        let before = StateFile::open(&path, &key(7)).expect("sound").expect("there");
        let lists = [List::New(b"new".to_vec()), List::Old(old_place)];
        write(&path, &key(7), b"two", &lists, Some(&before)).expect("written");
        let after = StateFile::open(&path, &key(7)).expect("sound").expect("there");
        assert_eq!(after.main, b"two");
        let moved = Place { start: 3, ..old_place };
        assert_eq!(after.list(moved, &key(7)), Some(b"old list".to_vec()));
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "no drafts");
    }
}

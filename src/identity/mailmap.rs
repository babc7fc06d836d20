//! Which names and addresses stand for the same person, by `.mailmap` files.
//!
//! A `.mailmap` lies in the repository, so whoever pushes can rewrite who they are in the very push
//! that is judged. It is therefore read from the base revision only, as bytes handed in, and what it
//! says is weak; a file of the same format that the organisation keeps outside of the repository has
//! the say. The format is that of gitmailmap(5).

use gix::bstr::{BStr, BString, ByteSlice as _};
use gix::mailmap::Snapshot;

/// A longer file is cut after the last whole line.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Further lines are not read.
pub const MAX_LINES: usize = 50_000;

/// A file of aliases.
#[derive(Debug, Clone, Default)]
pub struct Mailmap {
    snapshot: Snapshot,
    len: usize,
    faults: Vec<usize>,
    is_cut: bool,
}

impl Mailmap {
    /// Reads a file. As git does, lines that say nothing are skipped; [`Mailmap::faults`] has them.
    pub fn parse(bytes: &[u8]) -> Mailmap {
        let (bytes, mut is_cut) = bounded(bytes);
        let mut entries = Vec::new();
        let mut faults = Vec::new();
        for (index, line) in bytes.lines().enumerate() {
            if index == MAX_LINES {
                is_cut = true;
                break;
            }
            match gix::mailmap::parse(line).next() {
                Some(Ok(entry)) => entries.push(entry),
                Some(Err(_)) => faults.push(index + 1),
                None => {}
            }
        }
        let len = entries.len();
        Mailmap { snapshot: Snapshot::new(entries), len, faults, is_cut }
    }

    /// How many lines map something.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no line maps anything.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lines, from 1, that are neither a mapping nor a comment.
    pub fn faults(&self) -> &[usize] {
        &self.faults
    }

    /// Whether the file was longer than what is read.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The proper name and address of somebody who goes by these in a commit; none where the file
    /// does not say. Names and addresses are matched without regard to ASCII case.
    pub fn resolve(&self, name: &[u8], email: &[u8]) -> Option<(BString, BString)> {
        let given =
            gix::actor::SignatureRef { name: name.as_bstr(), email: email.as_bstr(), time: "" };
        let found = self.snapshot.try_resolve_ref(given)?;
        // An address that only came to be spelled as in the file is left as it is, as git does.
        let proper: &BStr = match found.email {
            Some(proper) if !proper.eq_ignore_ascii_case(email) => proper,
            _ => email.as_bstr(),
        };
        let proper_name = found.name.unwrap_or(name.as_bstr());
        let same = proper_name == name.as_bstr() && proper == email.as_bstr();
        (!same).then(|| (proper_name.to_owned(), proper.to_owned()))
    }
}

fn bounded(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.get(..MAX_BYTES) {
        Some(head) if bytes.len() > MAX_BYTES => {
            let end = head.rfind_byte(b'\n').map_or(0, |at| at + 1);
            (&head[..end], true)
        }
        _ => (bytes, false),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    const FILE: &str = "# Who is who\n\
        Ana Tavares <ana@old.example>\n\
        <ana@corp.example> <ana@home.example>\n\
        Ben Okoro <ben@corp.example> <ben@old.example>\n\
        Build Service <build@corp.example> bot <root@host.example>\n\
        \n\
        \x20 Cleo D. <cleo@corp.example>   <CLEO@old.example>  # trailing\n\
        Second <second@corp.example> <twice@corp.example>\n\
        Third <twice@corp.example>\n\
        no address here\n\
        <only@one.example>\n\
        Unclosed <dan@corp.example\n";

    const ASKED: [(&str, &str); 11] = [
        ("ana", "ana@old.example"),
        ("ana", "ANA@Old.example"),
        ("ana", "ana@home.example"),
        ("ben", "Ben@Old.Example"),
        ("bot", "root@host.example"),
        ("BOT", "root@host.example"),
        ("someone", "root@host.example"),
        ("cleo", "cleo@old.example"),
        ("x", "twice@corp.example"),
        ("nobody", "nobody@corp.example"),
        ("one", "only@one.example"),
    ];

    fn shown(map: &Mailmap, name: &str, email: &str) -> String {
        let (name, email) = map
            .resolve(name.as_bytes(), email.as_bytes())
            .unwrap_or_else(|| (name.into(), email.into()));
        format!("{name} <{email}>")
    }

    #[test]
    fn the_four_forms_resolve_as_git_resolves_them() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("aliases"), FILE).expect("written");
        let git = |args: &[&str]| {
            let mut command = Command::new("git");
            command.current_dir(folder.path()).args(args);
            command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", folder.path());
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("git runs")
        };
        assert!(git(&["init", "-q"]).wait().expect("ends").success());
        let mut child = git(&["-c", "mailmap.file=aliases", "check-mailmap", "--stdin"]);
        let asked = ASKED.map(|(name, email)| format!("{name} <{email}>\n")).concat();
        child.stdin.take().expect("piped").write_all(asked.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("ends");
        let expected = String::from_utf8(output.stdout).expect("text");

        let map = Mailmap::parse(FILE.as_bytes());
        let answers = ASKED.map(|(name, email)| shown(&map, name, email) + "\n").concat();
        assert_eq!(answers, expected);
        assert!(expected.starts_with("Ana Tavares <ana@old.example>\n"), "git maps: {expected}");
    }

    #[test]
    fn lines_that_say_nothing_are_listed() {
        let map = Mailmap::parse(FILE.as_bytes());
        assert_eq!(map.faults(), [10, 11, 12]);
        assert_eq!(map.len(), 7);
        assert!(!map.is_cut());
        assert_eq!(map.resolve(b"nobody", b"nobody@corp.example"), None);
        assert!(Mailmap::parse(b"").is_empty());
    }

    #[test]
    fn a_hostile_file_is_read_up_to_a_bound() {
        let line = "Ana <ana@corp.example> <a@old.example>\n";
        let long = line.repeat(MAX_LINES + 1);
        let map = Mailmap::parse(long.as_bytes());
        assert!(map.is_cut() && map.len() <= MAX_LINES);
        let no_end = vec![b'<'; MAX_BYTES + 1];
        assert!(Mailmap::parse(&no_end).is_empty());
        let mut last = vec![b'#'; MAX_BYTES - 1];
        last.extend_from_slice(b"\nAna <ana@corp.example>\n");
        let map = Mailmap::parse(&last);
        assert!(map.is_cut() && map.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(
            file in "([<>#\\PC]{0,12}\n?){0,12}",
            bytes in any::<Vec<u8>>(),
            name in any::<Vec<u8>>(),
        ) {
            for file in [file.as_bytes(), &bytes] {
                let map = Mailmap::parse(file);
                let _ = map.resolve(&name, &bytes);
            }
        }
    }
}

//! Objects of git as they are stored: entries of trees, and commits with other trees, parents and
//! messages, byte for byte the same in everything else.

use gix::ObjectId;

/// What takes the place of a value in old versions, where nothing can read it from the environment.
pub const REMOVED: &[u8] = b"***REMOVED***";

/// An entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its mode, in octal digits.
    pub mode: &'a [u8],
    /// Its name.
    pub name: &'a [u8],
    /// What it leads to.
    pub id: ObjectId,
}

impl Entry<'_> {
    /// Whether it is a folder.
    pub fn is_tree(&self) -> bool {
        matches!(self.mode, b"40000" | b"040000")
    }

    /// Whether it is a file (not a link, not a submodule).
    pub fn is_file(&self) -> bool {
        self.mode.starts_with(b"100")
    }
}

/// The entries of a tree; none where it is damaged.
pub fn entries(tree: &[u8], hash: gix::hash::Kind) -> Option<Vec<Entry<'_>>> {
    let length = hash.len_in_bytes();
    let mut found = Vec::new();
    let mut rest = tree;
    while !rest.is_empty() {
        let space = memchr::memchr(b' ', rest)?;
        let end = memchr::memchr(0, rest)?;
        let id = rest.get(end + 1..end + 1 + length)?;
        found.push(Entry {
            mode: rest.get(..space)?,
            name: rest.get(space + 1..end)?,
            id: ObjectId::try_from(id).ok()?,
        });
        rest = rest.get(end + 1 + length..)?;
    }
    Some(found)
}

/// Adds an entry to the bytes of a tree.
pub fn push(tree: &mut Vec<u8>, entry: &Entry<'_>, id: &gix::oid) {
    tree.extend(entry.mode);
    tree.push(b' ');
    tree.extend(entry.name);
    tree.push(0);
    tree.extend(id.as_bytes());
}

/// What is to be known of a commit.
#[derive(Debug, PartialEq, Eq)]
pub struct Commit<'a> {
    /// Its headers, without the empty line behind them.
    headers: &'a [u8],
    /// Its message, with that empty line.
    message: &'a [u8],
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents, in their order.
    pub parents: Vec<ObjectId>,
    /// Whether it is signed.
    pub signed: bool,
}

impl<'a> Commit<'a> {
    /// Reads a commit; none where it is damaged.
    pub fn parse(raw: &'a [u8]) -> Option<Commit<'a>> {
        let end = memchr::memmem::find(raw, b"\n\n").unwrap_or(raw.len());
        let (headers, message) = raw.split_at(end);
        let mut commit = Commit {
            headers,
            message,
            tree: ObjectId::null(gix::hash::Kind::Sha1),
            parents: Vec::new(),
            signed: false,
        };
        let mut has_tree = false;
        for line in headers.split(|byte| *byte == b'\n') {
            if let Some(hex) = line.strip_prefix(b"tree ") {
                commit.tree = ObjectId::from_hex(hex).ok()?;
                has_tree = true;
            } else if let Some(hex) = line.strip_prefix(b"parent ") {
                commit.parents.push(ObjectId::from_hex(hex).ok()?);
            } else if line.starts_with(b"gpgsig") {
                commit.signed = true;
            }
        }
        has_tree.then_some(commit)
    }

    /// Whether the value stands in its headers: in a name, or an encoded signature.
    pub fn names(&self, value: &[u8]) -> bool {
        super::holds(self.headers, value)
    }

    /// Whether the value stands in its message.
    pub fn says(&self, value: &[u8]) -> bool {
        super::holds(self.message, value)
    }

    /// The commit with another tree, other parents, and without the value in its message.
    pub fn with(
        &self,
        tree: ObjectId,
        parent: impl Fn(&ObjectId) -> ObjectId,
        value: &[u8],
    ) -> Vec<u8> {
        let mut raw = Vec::new();
        for (at, line) in self.headers.split(|byte| *byte == b'\n').enumerate() {
            if at > 0 {
                raw.push(b'\n');
            }
            let hex = line.strip_prefix(b"parent ").and_then(|hex| ObjectId::from_hex(hex).ok());
            if line.starts_with(b"tree ") {
                raw.extend(format!("tree {tree}").bytes());
            } else if let Some(id) = hex {
                raw.extend(format!("parent {}", parent(&id)).bytes());
            } else {
                raw.extend(line);
            }
        }
        raw.extend(without(self.message, value));
        raw
    }
}

/// A text with [`REMOVED`] in place of the value.
pub fn without(content: &[u8], value: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(content.len());
    let mut at = 0;
    let found: Vec<usize> = if value.is_empty() {
        Vec::new()
    } else {
        memchr::memmem::find_iter(content, value).collect()
    };
    for start in found {
        kept.extend(content.get(at..start).unwrap_or_default());
        kept.extend(REMOVED);
        at = start + value.len();
    }
    kept.extend(content.get(at..).unwrap_or_default());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_changes_only_where_it_should() {
        let (tree, parent) = ("1".repeat(40), "2".repeat(40));
        let raw = format!(
            "tree {tree}\nparent {parent}\nauthor A <a@b> 1 +0200\ncommitter B <b@c> 2 -0500\n\
             encoding x\n\nparent {parent}\nVALUE and VALUE\n"
        );
        let commit = Commit::parse(raw.as_bytes()).expect("a commit");
        assert!(!commit.signed && commit.says(b"VALUE") && !commit.names(b"VALUE"));
        let other = ObjectId::from_hex("3".repeat(40).as_bytes()).expect("an id");
        let new = commit.with(other, |_| other, b"VALUE");
        let wanted = raw
            .replacen(&tree, &"3".repeat(40), 1)
            .replacen(&parent, &"3".repeat(40), 1)
            .replace("VALUE", "***REMOVED***");
        assert_eq!(String::from_utf8(new).expect("UTF-8"), wanted);
        let signed = raw.replace("encoding x", "gpgsig -----BEGIN\n x\n -----END");
        assert!(Commit::parse(signed.as_bytes()).expect("a commit").signed);
        for broken in ["", "parent x\n\n", "tree 12\n\n"] {
            assert_eq!(Commit::parse(broken.as_bytes()), None);
        }
    }

    #[test]
    fn trees_come_out_as_they_went_in() {
        let mut tree = b"100644 a b\0".to_vec();
        tree.extend([7; 20]);
        tree.extend(b"40000 c\0");
        tree.extend([9; 20]);
        let found = entries(&tree, gix::hash::Kind::Sha1).expect("a tree");
        assert_eq!((found.len(), found[0].is_file(), found[1].is_tree()), (2, true, true));
        let mut again = Vec::new();
        for entry in &found {
            push(&mut again, entry, &entry.id);
        }
        assert_eq!(again, tree);
        for cut in 1..tree.len() {
            let whole = cut == 31;
            assert_eq!(entries(&tree[..cut], gix::hash::Kind::Sha1).is_some(), whole, "{cut}");
        }
    }
}

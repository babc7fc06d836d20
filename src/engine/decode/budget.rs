//! What decoding may cost, and what it could not read. Budgets count bytes, members and depth
//! rather than time, so that a scan gives the same result on any machine.

use crate::model::Layer;

/// Problems kept with their names for one content; the count goes on.
const PROBLEMS_KEPT: usize = 20;

/// What decoding one content may still cost, and what went wrong so far.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Bytes that may still be decoded out of this content, all layers together.
    pub bytes: u64,
    /// Container members and encoded runs that may still be opened.
    pub items: u32,
    /// Layers that may still be opened below this one.
    pub depth: u8,
    /// Why something was left unread, if anything was.
    pub exceeded: Option<&'static str>,
    /// Containers and members that could not be read, the first twenty.
    pub problems: Vec<Problem>,
    /// How many could not be read.
    pub problem_count: u32,
}

/// A container or member that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The format, and the member's name where there is one; shown through its `Display`.
    pub layer: Layer,
    /// Why.
    pub trouble: Trouble,
}

/// Why a container or member could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// It needs a password.
    Encrypted,
    /// It ends too early or contradicts itself; what was readable before that was read.
    Damaged,
    /// It is compressed in a way that is not supported.
    Unsupported,
}

impl Trouble {
    /// A few words that follow the name of what was not read.
    pub fn as_str(self) -> &'static str {
        match self {
            Trouble::Encrypted => "encrypted",
            Trouble::Damaged => "damaged or cut short",
            Trouble::Unsupported => "compressed in an unsupported way",
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            bytes: 256 << 20,
            items: 100_000,
            depth: 6,
            exceeded: None,
            problems: Vec::new(),
            problem_count: 0,
        }
    }
}

impl Budget {
    /// Says what was left unread, in a few words each.
    pub fn report(self, unread: &mut Vec<String>) {
        unread.extend(self.exceeded.map(str::to_owned));
        let named = self.problems.iter().map(|p| format!("{}: {}", p.layer, p.trouble.as_str()));
        unread.extend(named);
        let unnamed = (self.problem_count as usize).saturating_sub(self.problems.len());
        if unnamed > 0 {
            unread.push(format!("{unnamed} more members"));
        }
    }

    /// Takes `bytes` off the budget. Where it does not cover them, says so and takes nothing.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.bytes.checked_sub(bytes as u64);
        match left {
            Some(left) => self.bytes = left,
            None => self.exceed("more decoded bytes than the limit"),
        }
        left.is_some()
    }

    /// Takes one member or run off the budget.
    pub(super) fn take_item(&mut self) -> bool {
        let left = self.items.checked_sub(1);
        match left {
            Some(left) => self.items = left,
            None => self.exceed("more members and encoded runs than the limit"),
        }
        left.is_some()
    }

    /// Whether another layer may be opened below this one.
    pub(super) fn deeper(&mut self) -> bool {
        if self.depth == 0 {
            self.exceed("nested deeper than the limit");
        }
        self.depth > 0
    }

    /// Records why something was left unread; the first reason stays.
    fn exceed(&mut self, why: &'static str) {
        self.exceeded.get_or_insert(why);
    }

    /// Records what could not be read.
    pub(super) fn problem(&mut self, layer: Layer, trouble: Trouble) {
        self.problem_count = self.problem_count.saturating_add(1);
        if self.problems.len() < PROBLEMS_KEPT {
            self.problems.push(Problem { layer, trouble });
        }
    }
}

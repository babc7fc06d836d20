//! A reader that holds a file to its bounds: so much in all, and so much for one row or entry,
//! which is what a parser may have to keep in memory.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Bytes of a file that is read as a stream.
pub(super) const LARGEST_FILE: u64 = 1 << 30;
/// Bytes of one row or entry.
pub(super) const LARGEST_ENTRY: u64 = 1 << 20;

/// Shared with the parser's owner, who says where an entry ends.
#[derive(Debug, Default)]
pub(super) struct Meter {
    total: Cell<u64>,
    entry: Cell<u64>,
    lines: Cell<u64>,
    fault: Cell<Option<&'static str>>,
}

impl Meter {
    /// An entry is through: the next one has the whole bound again.
    pub(super) fn next_entry(&self) {
        self.entry.set(0);
    }

    /// The line that reading has reached, from one.
    pub(super) fn line(&self) -> u64 {
        self.lines.get() + 1
    }

    /// Which bound was hit.
    pub(super) fn fault(&self) -> Option<&'static str> {
        self.fault.get()
    }
}

/// See the module.
pub(super) struct Limited<R> {
    inner: R,
    meter: Rc<Meter>,
    /// What the parser reads ahead, which counts for no entry.
    slack: u64,
}

impl<R: Read> Limited<R> {
    /// `slack` is the most that the parser reads ahead at once, in bytes.
    pub(super) fn new(inner: R, slack: u64) -> (Limited<R>, Rc<Meter>) {
        let meter = Rc::new(Meter::default());
        (Limited { inner, meter: Rc::clone(&meter), slack }, meter)
    }

    fn refuse(&self, why: &'static str) -> io::Error {
        self.meter.fault.set(Some(why));
        io::Error::other(why)
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let meter = &self.meter;
        meter.total.set(meter.total.get().saturating_add(read as u64));
        meter.entry.set(meter.entry.get().saturating_add(read as u64));
        let breaks = buffer.iter().take(read).filter(|byte| **byte == b'\n').count();
        meter.lines.set(meter.lines.get() + breaks as u64);
        if meter.total.get() > LARGEST_FILE {
            return Err(self.refuse("the file is larger than 1 GiB; split it into sources"));
        }
        if meter.entry.get() > LARGEST_ENTRY + self.slack {
            return Err(self.refuse(
                "one row or entry is larger than 1 MiB; look for a quote or bracket that is not closed",
            ));
        }
        Ok(read)
    }
}

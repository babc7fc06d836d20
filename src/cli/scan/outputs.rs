//! The reports that a command is asked for, and writing them.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::ReportArguments;
use crate::cli::exit::UsageError;
use crate::cli::terminal::{self, Colour};
use crate::model::IncompleteKind;
use crate::output::{Format, Printable};

/// Where a report goes.
#[derive(Debug, Clone)]
pub struct Output {
    /// In which format.
    pub format: Format,
    /// None for standard output.
    pub path: Option<PathBuf>,
}

/// The report that `FORMAT` or `FORMAT=PATH` asks for.
pub fn parse_output(text: &str) -> Result<Output, String> {
    let (format, path) = match text.split_once('=') {
        Some((format, path)) => (format, Some(path)),
        None => (text, None),
    };
    let format = format.parse::<Format>().map_err(|error| error.to_string())?;
    match path {
        Some("") => Err(format!("{format} has no path after `=`")),
        Some("-") | None => Ok(Output { format, path: None }),
        Some(path) => Ok(Output { format, path: Some(PathBuf::from(path)) }),
    }
}

impl ReportArguments {
    /// Takes the reports of this format out, with everything else as it is.
    pub fn split_off(&mut self, format: Format) -> ReportArguments {
        let mut other = self.clone();
        other.outputs.retain(|output| output.format == format);
        self.outputs.retain(|output| output.format != format);
        other
    }

    /// Adds the report for people on standard output, unless something else goes there.
    pub fn show_text(&mut self) {
        if self.outputs.iter().all(|output| output.path.is_some()) {
            self.outputs.push(Output { format: Format::Text, path: None });
        }
    }

    /// Whether a report of this format is asked for.
    pub fn has(&self, format: Format) -> bool {
        self.outputs.iter().any(|output| output.format == format)
    }

    /// The file that a report of this format goes to.
    pub fn path_of(&self, format: Format) -> Option<&Path> {
        let mut of = self.outputs.iter().filter(|output| output.format == format);
        of.find_map(|output| output.path.as_deref())
    }

    /// The gaps that are accepted.
    pub fn accepted(&self) -> &[IncompleteKind] {
        &self.accept_incomplete
    }
}

/// The reports that are asked for, text where none is; no two may go to the same place.
pub fn outputs(given: &[Output]) -> anyhow::Result<Vec<Output>> {
    let mut outputs = given.to_vec();
    if outputs.is_empty() {
        outputs.push(Output { format: Format::Text, path: None });
    }
    if outputs.iter().filter(|output| output.path.is_none()).count() > 1 {
        let hint =
            "only one --output can go to standard output; give the others a path: sarif=out.sarif";
        return Err(UsageError(hint.to_owned()).into());
    }
    let mut paths: Vec<_> = outputs.iter().filter_map(|output| output.path.as_deref()).collect();
    paths.sort();
    if let Some(pair) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
        let path = crate::model::text::escape(pair[0].as_os_str().as_encoded_bytes());
        return Err(UsageError(format!("two reports cannot go to `{path}`")).into());
    }
    Ok(outputs)
}

/// Opens a report for writing; a new one is for its owner's eyes only, because it says where
/// secrets are and may show them.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Text for a job's log.
pub fn log(report: &Printable, colour: Colour) -> anyhow::Result<()> {
    let mut text = Vec::new();
    Format::Text.write(report, terminal::style(colour), &mut text)?;
    terminal::say(crate::output::neutral(&String::from_utf8_lossy(&text)).trim_end())
}

/// Writes a report where it is to go.
pub fn write(report: &Printable, output: &Output, colour: Colour) -> anyhow::Result<()> {
    if let Some(path) = &output.path {
        let name = || format!("cannot write {}", path.display());
        let mut file = BufWriter::new(create(path).with_context(name)?);
        let style = crate::output::TextStyle::default();
        output.format.write(report, style, &mut file).with_context(name)?;
        return file.flush().with_context(name);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = output.format.write(report, terminal::style(colour), &mut out);
    written.and_then(|()| out.flush()).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => {
            anyhow::anyhow!("standard output was closed before the report was complete")
        }
        _ => anyhow::Error::new(error).context("cannot write to standard output"),
    })
}

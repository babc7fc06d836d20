//! A progress bar on standard error while a scan runs, when a person is looking.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::pipeline::{Phase, Progress};

/// How often the bar is redrawn.
const INTERVAL: Duration = Duration::from_millis(100);

/// A bar that follows a scan until it is dropped.
pub struct Bar {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Starts a bar when standard error is a terminal; otherwise nothing is shown.
    pub fn follow(progress: &Arc<Progress>, wanted: bool) -> Bar {
        if !wanted || !io::stderr().is_terminal() {
            return Bar { stop: None, thread: None };
        }
        let (stop, stopped) = channel();
        let progress = Arc::clone(progress);
        let thread = std::thread::spawn(move || {
            // A scan that is over at once shows no bar.
            if stopped.recv_timeout(INTERVAL * 3) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::new(0);
            bar.set_style(style());
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                draw(&bar, &progress);
            }
            bar.finish_and_clear();
        });
        Bar { stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A bar that failed is no reason to fail the scan.
            let _ = thread.join();
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:10} [{bar:30}] {pos}/{len}  {prefix}  {eta} left")
        .expect("the template is fixed and valid")
        .progress_chars("=> ")
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    let (done, total) = progress.items();
    let seconds = bar.elapsed().as_secs_f64().max(0.1);
    let bytes = progress.bytes();
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people, positive and far below 2^52"
    )]
    let rate = (bytes as f64 / seconds) as u64;
    bar.set_length(total.max(done));
    bar.set_position(done);
    bar.set_prefix(format!("{} ({}/s)", indicatif::HumanBytes(bytes), indicatif::HumanBytes(rate)));
    bar.set_message(match progress.phase() {
        Phase::Prepare => "preparing",
        Phase::History => "history",
        Phase::Files => "files",
        Phase::Assemble => "tracing",
        Phase::People => "looking up people",
    });
}

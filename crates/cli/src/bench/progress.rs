//! How far it is, on a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on standard error if that is a terminal. It draws only when told of progress: a thread
/// that did it meanwhile would compete with what is measured.
#[derive(Clone)]
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new() -> Self {
        Self(ProgressBar::with_draw_target(
            None,
            ProgressDrawTarget::stderr(),
        ))
    }

    #[cfg(test)]
    pub fn hidden() -> Self {
        Self(ProgressBar::hidden())
    }

    /// Begins something of so many steps.
    pub fn start(&self, what: &'static str, steps: u64) {
        let style = ProgressStyle::with_template("{prefix:9} {bar:40} {percent:>3} %  {wide_msg}");
        if let Ok(style) = style {
            self.0.set_style(style);
        }
        self.0.set_message("");
        self.0.set_prefix(what);
        self.0.set_length(steps);
        self.0.set_position(0);
    }

    /// What is being done.
    pub fn show(&self, message: &str) {
        self.0.set_message(super::table::one_line(message));
    }

    /// One step is done.
    pub fn advance(&self) {
        self.0.inc(1);
    }

    /// Prints something else on standard error: the bar makes room.
    pub fn print(&self, text: &str) {
        self.0.suspend(|| crate::report::error_output(text));
    }

    /// Nothing is left of the bar.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

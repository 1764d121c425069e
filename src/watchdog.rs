//! The deadline of a runtime.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use sinew_bridge::{Reason, WasmEngine};

use crate::runtime::InterruptHandle;

/// A thread that stops a runtime when its time is up. It ends with the runtime.
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

impl Watchdog {
    /// Starts the clock.
    pub(crate) fn new<W: WasmEngine>(
        handle: InterruptHandle<W>,
        timeout: Duration,
    ) -> std::io::Result<Self> {
        let (alive, gone) = channel::<()>();
        std::thread::Builder::new()
            .name("sinew deadline".into())
            .spawn(move || {
                if gone.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
                    handle.stop(Reason::Deadline);
                }
            })?;
        Ok(Self { _alive: alive })
    }
}

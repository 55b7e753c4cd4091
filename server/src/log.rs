//! What happens while serving, as lines on standard error: `TIME LEVEL words name=value`.
//!
//! Events of gradus from INFO up; there are few, since what executions do is in their histories.

use std::fmt::{Debug, Write as _};
use std::io::{self, Write as _};
use std::time::SystemTime;

use gradus_core::machine::timestamp::{Timestamp, to_iso};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Prints from now on.
pub(crate) fn start() {
    // Fails only where something else prints already.
    let _ = tracing::subscriber::set_global_default(Log);
}

struct Log;

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && *metadata.level() <= LevelFilter::INFO
            && metadata.target().starts_with("gradus")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        let Words { message, fields } = words;
        let line = format!("{} {} {message}{fields}", now(), event.metadata().level());
        // Text from outside must not begin a line of its own.
        let line = line.replace(char::is_control, " ") + "\n";
        // One write a line, so that lines of different threads do not mix. Nobody has to read it.
        let _ = io::stderr().write_all(line.as_bytes());
    }

    // Spans are not enabled, so none of these is called.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The parts of a line.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

fn now() -> String {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    to_iso(Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)))
}

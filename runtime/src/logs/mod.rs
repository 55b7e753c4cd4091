//! The logs of executions: what their state machines have logged, as lines of JSON, in files or at CloudWatch
//! Logs.
//!
//! Steps come from the engine once they are on disk ([`Logs`]); one thread makes lines of them and delivers
//! them. Nothing waits for it, so delivery is what the service promises, too: best effort. What is under way
//! when the process is killed, and what a destination does not take in time, is missing in the log, never in
//! the history. Source of lines and levels: the service, recorded.

mod cloudwatch;
mod files;
mod line;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::engine::outside::{LoggedStep, Logs};
use crate::store::Error;
use crate::store::logging::Logging;
use cloudwatch::CloudWatch;
pub use cloudwatch::Config;
use files::Files;
use line::Line;

/// Where logs go.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A folder: a file of lines for each log group, `‹account›/‹region›/‹log group›.jsonl`.
    Folder(PathBuf),
    /// CloudWatch Logs, or what stands in for it.
    CloudWatch(Config),
}

/// Delivers logs. What has not been delivered when it is dropped is lost: see [`Delivery::close`].
#[derive(Debug)]
pub struct Delivery {
    queue: mpsc::Sender<Message>,
    gauge: Arc<Gauge>,
    groups: Option<CloudWatch>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How much waits, and how much could not.
#[derive(Debug, Default)]
struct Gauge {
    bytes: AtomicUsize,
    dropped: AtomicU64,
}

enum Message {
    Step(Box<LoggedStep>),
    Stop,
}

/// The most bytes of steps that wait to be delivered.
const MAX_WAITING: usize = 64 << 20;

/// About the most bytes of steps that are delivered at once.
const BATCH: usize = 1 << 20;

/// How long the end of the process waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(5);

impl Delivery {
    /// Delivers to a destination. Calls to CloudWatch Logs are made on the tokio runtime that this is called
    /// in.
    pub fn start(destination: Destination) -> Result<Delivery, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Io(error.to_string());
        let (to, groups) = match destination {
            Destination::Folder(folder) => (To::Files(Files::in_folder(folder)), None),
            Destination::CloudWatch(config) => {
                let runtime = Handle::try_current().map_err(|error| failed(&error))?;
                let client = CloudWatch::new(config);
                (To::CloudWatch(client.clone(), runtime), Some(client))
            }
        };
        let (queue, steps) = mpsc::channel();
        let gauge = Arc::<Gauge>::default();
        let postman = Postman { steps, gauge: gauge.clone(), to };
        let thread = thread::Builder::new().name("gradus-logs".to_owned()).spawn(|| postman.run());
        let thread = Mutex::new(Some(thread.map_err(|error| failed(&error))?));
        Ok(Delivery { queue, gauge, groups, thread })
    }

    /// Whether a log group exists, as far as that can be known: files are made as needed, and a destination
    /// that cannot be asked now may be there when the first line comes.
    pub async fn has_group(&self, logging: &Logging) -> bool {
        let Some(groups) = &self.groups else { return true };
        groups.has_group(logging).await.unwrap_or_else(|error| {
            tracing::warn!(group = %logging.group, %error, "the log group could not be looked up");
            true
        })
    }

    /// Delivers what waits, as far as that is done within some seconds. Blocks.
    pub fn close(&self) {
        // A thread that is gone has nothing to deliver.
        let _ = self.queue.send(Message::Stop);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        let deadline = Instant::now() + PATIENCE;
        while !thread.is_finished() {
            if Instant::now() > deadline {
                return tracing::warn!("the last lines of the logs were not delivered");
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Logs for Delivery {
    fn take(&self, step: LoggedStep) {
        let bytes = step.bytes;
        if self.gauge.bytes.fetch_add(bytes, Ordering::Relaxed) > MAX_WAITING {
            self.gauge.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.gauge.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Only a delivery that was closed has no reader.
        let _ = self.queue.send(Message::Step(Box::new(step)));
    }
}

/// Takes steps from the queue to where they go.
struct Postman {
    steps: mpsc::Receiver<Message>,
    gauge: Arc<Gauge>,
    to: To,
}

enum To {
    Files(Files),
    CloudWatch(CloudWatch, Handle),
}

impl Postman {
    fn run(mut self) {
        while let Ok(Message::Step(first)) = self.steps.recv() {
            let mut bytes = first.bytes;
            let mut lines: Vec<Line> = line::lines(&first).collect();
            let mut stopping = false;
            while bytes < BATCH && !stopping {
                match self.steps.try_recv() {
                    Ok(Message::Step(step)) => {
                        bytes += step.bytes;
                        lines.extend(line::lines(&step));
                    }
                    Ok(Message::Stop) => stopping = true,
                    Err(_) => break,
                }
            }
            self.deliver(lines);
            self.gauge.bytes.fetch_sub(bytes, Ordering::Relaxed);
            let dropped = self.gauge.dropped.swap(0, Ordering::Relaxed);
            if dropped > 0 {
                tracing::warn!(
                    steps = dropped,
                    "logs come faster than they can be delivered: some are missing"
                );
            }
            if stopping {
                break;
            }
        }
    }

    fn deliver(&mut self, lines: Vec<Line>) {
        match &mut self.to {
            To::Files(files) => files.append(&lines),
            To::CloudWatch(client, runtime) => runtime.block_on(client.put(lines)),
        }
    }
}

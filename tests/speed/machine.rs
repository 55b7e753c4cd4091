//! What the figures were taken on, and what processes cost. Read from `/proc`; elsewhere unknown.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// The clock ticks of `/proc`: a hundred a second on every Linux that shows times to programs.
const TICK: Duration = Duration::from_millis(10);

/// The lines above the table.
pub(crate) fn heading(gradus: &Path, time: Duration) -> String {
    let cores = thread::available_parallelism().map_or(0, |cores| cores.get());
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown memory".to_owned());
    let kernel =
        fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_else(|_| "unknown kernel".to_owned());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let program = gradus.file_name().unwrap_or_default().display();
    format!(
        "{}; {processor}, {cores} cores, {memory}, Linux {}; load before: {load}\n\n\
         `tests/speed/run.sh` ({program}, {:.1} s a row; client and server share the cores)\n",
        crate::today(),
        kernel.trim(),
        time.as_secs_f64()
    )
}

/// Resident memory of a process, in MiB.
pub(crate) fn memory(pid: u32) -> Option<f64> {
    let resident = field(&format!("/proc/{pid}/status"), "VmRSS")?;
    let kibibytes: f64 = resident.split(' ').next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// Processor time of the thread that asks and is the first of this process, finer than [`own_processor_time`].
pub(crate) fn own_run_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

/// The most that this process has had resident so far, in MiB.
pub(crate) fn peak() -> Option<f64> {
    let resident = field("/proc/self/status", "VmHWM")?;
    let kibibytes: f64 = resident.split(' ').next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

/// Processor time of a process so far.
pub(crate) fn processor_time(pid: u32) -> Option<Duration> {
    ticks(&format!("/proc/{pid}/stat"))
}

/// Processor time of this process so far.
pub(crate) fn own_processor_time() -> Option<Duration> {
    ticks("/proc/self/stat")
}

fn ticks(path: &str) -> Option<Duration> {
    let text = fs::read_to_string(path).ok()?;
    // The name, in parentheses, may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (u32, u32) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(TICK * (user + system))
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value =
        text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':').map(|(_, value)| value))?;
    Some(value.trim().to_owned())
}

//! `gradus serve`: store, engine, service and listener, from the start to the end of the process.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{self, Path};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use gradus_api::http::RequestContext;
use gradus_runtime::engine::outside::Logs;
use gradus_runtime::engine::{self, Engine};
use gradus_runtime::logs::{self, Delivery, Destination};
use gradus_runtime::service::{self, Service};
use gradus_runtime::store::Store;
use gradus_runtime::store::embedded::Embedded;
use gradus_runtime::store::memory::Memory;
use gradus_runtime::tasks::lambda;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::access::guard::{Guard, Tasks};
use crate::access::{Access, Files};
use crate::aws_json::FrontEnd;
use crate::config::{self, Data};
use crate::{descriptors, listen, log};

/// Nothing more could be written while serving; the EX_SOFTWARE of sysexits, told apart from a failed start.
const CANNOT_WRITE: u8 = 70;

/// Serves until a signal or until nothing more can be written.
pub(crate) fn command(options: &config::Serve) -> ExitCode {
    match start(options) {
        Ok(End::Asked) => ExitCode::SUCCESS,
        Ok(End::StoreFailed(error)) => {
            eprintln!(
                "gradus: stopped, because nothing more can be written; nothing acknowledged is lost: {error}"
            );
            ExitCode::from(CANNOT_WRITE)
        }
        Err(error) => {
            eprintln!("gradus: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Why serving ended.
enum End {
    /// By a signal.
    Asked,
    /// The store takes no more writes.
    StoreFailed(String),
}

fn start(options: &config::Serve) -> Result<End, Box<dyn Error>> {
    log::start();
    let addresses = options.addresses()?;
    let files = Files::read(options.keys.as_deref(), options.policy.as_deref())?;
    let runtime = runtime::Builder::new_multi_thread().worker_threads(cores()).enable_all().build()?;
    let end = runtime.block_on(async {
        // Before the data folder: who cannot serve it has no business in it.
        let (listener, address) = bind(options, &addresses).await?;
        match options.data(std::env::var_os("GRADUS_DATA")) {
            Data::Memory => {
                let ready = || announce(address, None, &options.region);
                serve(Memory::new(), options, files, destination(options, None), listener, ready).await
            }
            Data::Folder(folder) => {
                let store = Embedded::open(&folder)?;
                let logs = destination(options, Some(&folder));
                let ready = || announce(address, Some(&folder), &options.region);
                serve(store, options, files, logs, listener, ready).await
            }
        }
    });
    // Only a second signal or a failed disk leaves something at work; it is not waited for.
    runtime.shutdown_background();
    end
}

/// Serves the data in `store`. `ready` is called when everything is at work.
async fn serve<S: Store>(
    store: S,
    options: &config::Serve,
    files: Files,
    logs: Option<Destination>,
    listener: TcpListener,
    ready: impl FnOnce(),
) -> Result<End, Box<dyn Error>> {
    let mut signals = Signals::new()?;
    let defaults = engine::Options::default();
    let workers = options.workers.map_or(defaults.workers, NonZeroUsize::get);
    let max_express = usize::try_from(options.max_express)?;
    let lambda = lambda::Config::from_variables(|name| std::env::var(name).ok());
    let logs = logs.map(Delivery::start).transpose()?.map(Arc::new);
    let sink = logs.clone().map(|logs| logs as Arc<dyn Logs>);
    let engine_options = engine::Options { workers, lambda, max_express, logs: sink, ..defaults };
    let engine = Engine::start(Arc::new(store), engine_options)?;
    let accounts_apart = options.keys.is_some();
    let service_options =
        service::Options { logs: logs.clone(), accounts_apart, ..service::Options::default() };
    let service = Service::new(engine.clone(), service_options);
    let access = Access::new(&options.region, &options.account, files.keys());
    let service = Guard::new(service, files.policy());
    let front_end = Arc::new(FrontEnd::new(service, access, options.allow_origin.clone()));
    if options.keys.is_some() {
        tokio::spawn(read_again(files, signal(SignalKind::hangup())?));
    }

    let (stop, stopping) = watch::channel(false);
    let most = descriptors::connections(options.max_connections);
    let listening = tokio::spawn(listen::serve(listener, front_end, most, stopping));
    ready();
    tokio::select! {
        () = signals.next() => {}
        error = engine.failed() => return Ok(End::StoreFailed(error.to_string())),
    }
    // Nobody reads the flag any more only if the listener is gone already.
    let _ = stop.send(true);
    engine.release();
    let orderly = async {
        // A panic of the listener has been reported by its thread.
        let _ = listening.await;
        engine.stop().await;
        if let Some(logs) = logs {
            // It blocks; a panic in it has been reported by its thread.
            let _ = tokio::task::spawn_blocking(move || logs.close()).await;
        }
    };
    tokio::select! {
        () = orderly => {}
        // Impatience is safe: what was acknowledged is on disk.
        () = signals.next() => {}
        error = engine.failed() => return Ok(End::StoreFailed(error.to_string())),
    }
    Ok(End::Asked)
}

impl<S: Store> Tasks for Service<S> {
    fn machine_of(&self, context: &RequestContext, task_token: &str) -> Option<Arc<str>> {
        self.task_machine(context, task_token)
    }
}

/// Reads the files of keys and policy again whenever a signal asks for it.
async fn read_again(files: Files, mut asked: Signal) {
    while asked.recv().await.is_some() {
        files.read_again();
    }
}

/// Where logs go: to CloudWatch Logs where its endpoint is configured, else into files.
fn destination(options: &config::Serve, data: Option<&Path>) -> Option<Destination> {
    if options.logs.is_none()
        && let Some(config) = logs::Config::from_variables(|name| std::env::var(name).ok())
    {
        return Some(Destination::CloudWatch(config));
    }
    let folder = options.logs.clone().or_else(|| data.map(|data| data.join("logs")));
    folder.map(Destination::Folder)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get())
}

async fn bind(
    options: &config::Serve,
    addresses: &[SocketAddr],
) -> Result<(TcpListener, SocketAddr), Box<dyn Error>> {
    let config::Listen(name) = &options.listen;
    let listener = TcpListener::bind(addresses).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("cannot listen on {name}: the port is in use"),
        _ => format!("cannot listen on {name}: {error}"),
    })?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The signals that ask for the end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Says where to find the service: the endpoint to scripts, the rest to people.
fn announce(address: SocketAddr, folder: Option<&Path>, region: &str) {
    let mut out = io::stdout();
    // Nobody has to listen.
    let _ = writeln!(out, "gradus listens on http://{address}").and_then(|()| out.flush());
    let _ = io::stderr().write_all(introduction(address, folder, region).as_bytes());
}

fn introduction(address: SocketAddr, folder: Option<&Path>, region: &str) -> String {
    let data = match folder {
        Some(folder) => path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).display().to_string(),
        None => "in memory only, gone when gradus ends".to_owned(),
    };
    // An address that stands for all of them is no name to connect to.
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { host(address) };
    let endpoint = format!("http://{host}:{}", address.port());
    format!(
        "  data      {data}\n\
         \x20 try       aws stepfunctions list-state-machines --endpoint-url {endpoint} --region {region}\n\
         \x20 SDKs      export AWS_ENDPOINT_URL_SFN={endpoint}\n\
         \x20 note      for StartSyncExecution and TestState, SDKs put `sync-` in front of the host; for the\n\
         \x20           aws CLI and boto3 export AWS_DISABLE_HOST_PREFIX_INJECTION=true, in JavaScript set\n\
         \x20           disableHostPrefix, otherwise let the name sync-{host} lead here (/etc/hosts)\n"
    )
}

/// The address as the host of a URL.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_endpoint_is_one_that_clients_can_use() {
        for (address, endpoint) in [
            ("127.0.0.1:8083", "http://127.0.0.1:8083"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://127.0.0.1:80"),
            ("[::1]:8083", "http://[::1]:8083"),
            ("192.0.2.1:80", "http://192.0.2.1:80"),
        ] {
            let text = introduction(address.parse().unwrap(), None, "eu-west-1");
            assert!(text.contains(&format!("--endpoint-url {endpoint} --region eu-west-1\n")), "{text}");
            assert!(text.contains(&format!("AWS_ENDPOINT_URL_SFN={endpoint}\n")), "{text}");
        }
    }

    #[test]
    fn the_data_folder_is_told_in_full() {
        let address = "127.0.0.1:8083".parse().unwrap();
        let text = introduction(address, Some(Path::new("gradus-data")), "us-east-1");
        let line = text.lines().find(|line| line.contains("gradus-data")).unwrap();
        assert!(line.starts_with("  data      /") && line.ends_with("/gradus-data"), "{line}");
        assert!(introduction(address, None, "us-east-1").contains("in memory only"));
    }
}

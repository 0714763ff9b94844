//! `guardsh serve`: the approval service.

use super::inside;
use super::service::{complain, or_fault, say};
use crate::approval::Places;
use anyhow::Context as _;
use guardsh_server::{Rules, ServeError, ServeOptions, StoreUrl, start};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Run the approval service; without options for this user alone
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Serve {
    /// Loopback address for the API, where a token is needed; port 0 takes a free one, `none` leaves it out
    /// [default: 127.0.0.1:7420, left out where another program has it]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<Listen>,
    /// Unix socket for the API, where the kernel says who is there [default: in the user's runtime and state folders]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Where requests are kept: sqlite:PATH [default: in the user's data folder]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<StoreUrl>,
}

/// Whether and where to listen over TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    /// There.
    At(SocketAddr),
    /// Nowhere.
    Nowhere,
}

impl FromStr for Listen {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::Nowhere),
            address => address.parse().map(Self::At),
        }
    }
}

/// Serves until it is told to end. SIGTERM and SIGINT finish what is in progress first.
pub(crate) fn run(args: &Serve, rules: Rules) -> anyhow::Result<ExitCode> {
    if let Some(words) = inside::refusal("serve") {
        complain(&words)?;
        return Ok(ExitCode::from(inside::REFUSED));
    }
    or_fault(serve(args, rules))
}

fn serve(args: &Serve, rules: Rules) -> anyhow::Result<ExitCode> {
    let options = ServeOptions {
        listen: match args.listen {
            Some(Listen::At(address)) => Some(address),
            Some(Listen::Nowhere) => None,
            None => Some(USUAL_ADDRESS),
        },
        sockets: match &args.socket {
            Some(socket) => vec![socket.clone()],
            None => places()?.sockets(),
        },
        store: match &args.store {
            Some(store) => store.clone(),
            None => default_store()?,
        },
        rules,
        log: Arc::new(|line| {
            // A log that cannot be written must not end the service.
            let _ = complain(line);
        }),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("cannot start")?;
    raise_descriptor_limit();
    runtime.block_on(async {
        // Before anything is announced: whoever reads the announcement may end the service at once.
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let StoreUrl::Sqlite(file) = options.store.clone();
        let sockets = options.sockets.clone();
        let running = match start(options.clone()).await {
            // Nobody asked for that address, and the socket is enough.
            Err(ServeError::Bind { source, .. })
                if args.listen.is_none() && source.kind() == io::ErrorKind::AddrInUse =>
            {
                complain(&format!("{USUAL_ADDRESS} is taken: serving on the socket alone"))?;
                let listen = None;
                start(ServeOptions { listen, ..options }).await?
            }
            other => other?,
        };
        let mut words: Vec<String> = sockets
            .iter()
            .map(|socket| format!("serving at {}", socket.display()))
            .collect();
        if let Some(address) = running.address() {
            words.push(format!("serving at http://{address} (with a token)"));
        }
        words.push(format!("requests are kept in {}", file.display()));
        words.push(
            "answer with: guardsh pending, guardsh show ID, guardsh approve ID, guardsh deny ID --reason '…'"
                .to_owned(),
        );
        // Nobody may be reading; that is no reason not to serve.
        let _ = say(&words.join("\n"));
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Each waiting host holds a descriptor, and the usual soft limit of 1024 is soon reached.
fn raise_descriptor_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it is not allowed the old limit serves, with fewer hosts.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// The store of a service without options.
pub(super) fn default_store() -> anyhow::Result<StoreUrl> {
    Ok(StoreUrl::Sqlite(places()?.store()))
}

fn places() -> anyhow::Result<Places> {
    Places::of_user().context("no home folder: name the socket and the store (--socket, --store)")
}

/// Where a service without options can be reached over TCP.
const USUAL_ADDRESS: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7420));
/// People are slow; the database is the limit.
const WORKERS: usize = 2;

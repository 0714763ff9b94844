//! Listening: sockets, connections, and an end that loses nothing.

use crate::api::{Shared, router};
use crate::identity::Origin;
use crate::store::{Rules, Store, StoreError, StoreUrl};
use crate::wake::Wakeups;
use axum::Router;
use axum::body::Body;
use guardsh_sys::ancestry::Peer;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use nix::unistd::Uid;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// How to serve.
#[derive(Clone)]
pub struct ServeOptions {
    /// A loopback address for the API; port 0 takes a free one.
    pub listen: Option<SocketAddr>,
    /// Unix sockets for the API.
    pub sockets: Vec<PathBuf>,
    /// Where requests are kept.
    pub store: StoreUrl,
    /// How long things hold.
    pub rules: Rules,
    /// Where what the operator should know is written, line by line.
    pub log: Arc<dyn Fn(&str) + Send + Sync>,
}

/// Opens the store, binds every address, and serves until [`Running::stop`].
pub async fn start(options: ServeOptions) -> Result<Running, ServeError> {
    if let Some(address) = options.listen
        && !address.ip().is_loopback()
    {
        return Err(ServeError::NotLoopback(address));
    }
    let mut locks = Vec::new();
    let mut local = Vec::new();
    for path in &options.sockets {
        let (listener, lock) = bind_socket(path)?;
        local.push(listener);
        locks.push(lock);
    }
    let network = match options.listen {
        None => None,
        Some(address) => {
            Some(
                TcpListener::bind(address)
                    .await
                    .map_err(|source| ServeError::Bind {
                        what: address.to_string(),
                        source,
                    })?,
            )
        }
    };
    let address = match &network {
        None => None,
        Some(listener) => Some(listener.local_addr().map_err(|source| ServeError::Bind {
            what: "the address".to_owned(),
            source,
        })?),
    };
    let store = Store::open(&options.store, options.rules).await?;
    let (end, ending) = watch::channel(false);
    let shared = Arc::new(Shared {
        store: store.clone(),
        wakeups: Wakeups::default(),
        own_uid: Uid::effective(),
        ending: ending.clone(),
        log: Arc::clone(&options.log),
    });
    let house = House {
        router: router(shared),
        room: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
        ending,
        log: options.log,
    };
    let mut tasks = Vec::new();
    for listener in local {
        tasks.push(tokio::spawn(house.clone().admit_local(listener)));
    }
    if let Some(listener) = network {
        tasks.push(tokio::spawn(house.clone().admit_network(listener)));
    }
    Ok(Running {
        address,
        sockets: options.sockets,
        end,
        tasks,
        store,
        _locks: locks,
    })
}

/// A service that runs.
pub struct Running {
    address: Option<SocketAddr>,
    sockets: Vec<PathBuf>,
    end: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    store: Store,
    _locks: Vec<File>,
}

impl Running {
    /// Where it listens, if over TCP.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Its store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Ends it: no new connections, polls are answered, calls in progress finish.
    pub async fn stop(self) {
        self.end.send_replace(true);
        for socket in &self.sockets {
            // One that is left behind is replaced at the next start.
            let _ = fs::remove_file(socket);
        }
        for task in self.tasks {
            let _ = task.await;
        }
        self.store.close().await;
    }
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Tokens must not cross a network in the clear.
    #[error("{0} is not a loopback address: without TLS the service listens on loopback only")]
    NotLoopback(SocketAddr),
    /// Another one serves there.
    #[error("another service is running at {}", .0.display())]
    Running(PathBuf),
    /// Something that is no socket is in the way.
    #[error("{} is in the way and is no socket", .0.display())]
    InTheWay(PathBuf),
    /// The folder lets others in.
    #[error("{} is open to others or not ours; chmod 700 it", .0.display())]
    OpenFolder(PathBuf),
    /// It cannot listen.
    #[error("cannot listen on {what}")]
    Bind {
        /// Where.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// The store does not open.
    #[error("cannot open the store")]
    Store(#[from] StoreError),
}

/// What all connections share.
#[derive(Clone)]
struct House {
    router: Router,
    room: Arc<Semaphore>,
    ending: watch::Receiver<bool>,
    log: Arc<dyn Fn(&str) + Send + Sync>,
}

impl House {
    async fn admit_local(mut self, listener: UnixListener) {
        let guests = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.ending.changed() => break,
            };
            match accepted {
                Ok((stream, _)) => match Peer::of(&stream) {
                    Ok(peer) => {
                        self.serve(&guests, stream, Origin::Local(Arc::new(peer)))
                            .await
                    }
                    Err(error) => (self.log)(&format!("a peer without a name: {error}")),
                },
                Err(error) => self.recover(error).await,
            }
        }
        farewell(guests).await;
    }

    async fn admit_network(mut self, listener: TcpListener) {
        let guests = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = self.ending.changed() => break,
            };
            match accepted {
                Ok((stream, _)) => self.serve(&guests, stream, Origin::Network).await,
                Err(error) => self.recover(error).await,
            }
        }
        farewell(guests).await;
    }

    async fn serve<S>(&self, guests: &GracefulShutdown, stream: S, origin: Origin)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(seat) = Arc::clone(&self.room).acquire_owned().await else {
            return;
        };
        let router = self.router.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(origin.clone());
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_PATIENCE)
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let connection = guests.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off has its own words for it.
            let _ = connection.await;
            drop(seat);
        });
    }

    /// Out of descriptors, mostly: others have to leave first.
    async fn recover(&self, error: io::Error) {
        (self.log)(&format!("cannot accept a connection: {error}"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn farewell(guests: GracefulShutdown) {
    let _ = tokio::time::timeout(LONGEST_FAREWELL, guests.shutdown()).await;
}

/// Binds a Unix socket for its owner alone. The lock beside it, and not the socket, says who serves there.
fn bind_socket(path: &Path) -> Result<(UnixListener, File), ServeError> {
    let failed = |source: io::Error| ServeError::Bind {
        what: path.display().to_string(),
        source,
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let facts = fs::metadata(folder).map_err(failed)?;
        let ours = std::os::unix::fs::MetadataExt::uid(&facts) == Uid::effective().as_raw();
        if !ours || facts.permissions().mode() & 0o022 != 0 {
            return Err(ServeError::OpenFolder(folder.to_owned()));
        }
    }
    let mut lock_path = path.as_os_str().to_owned();
    lock_path.push(".lock");
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(PathBuf::from(lock_path))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(ServeError::Running(path.to_owned())),
        Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
    }
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.file_type().is_socket() => fs::remove_file(path).map_err(failed)?,
        Ok(_) => return Err(ServeError::InTheWay(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok((listener, lock))
}

/// Each waiting host holds one.
const MOST_CONNECTIONS: usize = 16 * 1024;
/// A head comes at once or from somebody who wants to hold a seat.
const HEADER_PATIENCE: Duration = Duration::from_secs(10);
/// A token and a few headers fit many times.
const LARGEST_HEAD: usize = 64 * 1024;
/// Polls end at once; a body on its way may finish.
const LONGEST_FAREWELL: Duration = Duration::from_secs(5);

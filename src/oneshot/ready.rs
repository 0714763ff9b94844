//! Getting ready: the shell, its environment, what its start-up files did, and the desk.

use super::env::{DoorEnv, at_the_door};
use super::startup::{Start, files, started};
use crate::config::startup::{Accepted, Standing, StartUpFile};
use crate::config::{self, ConfigFault, Loaded, Places};
use crate::desk::{Setup, Who};
use crate::invocation::ShellCall;
use crate::world::{DoorWorld, Found, ShellKind, Started, find_program};
use guardsh_protocol::Door;
use guardsh_syntax::Options;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Everything a door needs before a line can be judged.
#[derive(Debug)]
pub(crate) struct Ready {
    /// For the desk.
    pub(crate) setup: Setup,
    /// What the shell will know when it starts.
    pub(crate) world: DoorWorld,
    /// Its environment.
    pub(crate) env: DoorEnv,
    /// Its file.
    pub(crate) program: PathBuf,
    /// Its kind.
    pub(crate) shell: ShellKind,
    /// The start-up files that will run.
    pub(crate) startup: Vec<StartUpFile>,
}

/// Why a door cannot open. The text is whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    /// No configuration holds.
    #[error(transparent)]
    Config(#[from] ConfigFault),
    /// The shell is not there.
    #[error("the shell {name} is not there")]
    NoShell {
        /// As named.
        name: String,
    },
    /// The shell is none that guardsh drives.
    #[error("{}: guardsh drives bash and dash, and this is neither", path.display())]
    UnknownShell {
        /// Its file.
        path: PathBuf,
    },
    /// A start-up file cannot be looked at.
    #[error("a start-up file cannot be read")]
    StartUp(#[source] std::io::Error),
}

/// Loads the configuration, finds the shell and looks at what runs before the text.
pub(crate) fn ready(call: &ShellCall, door: Door) -> Result<Ready, NotReady> {
    let places = Places::find();
    let loaded = config::load(call.config.as_deref(), &places)?;
    let (program, shell) = find_shell(call, &loaded)?;
    let set: Vec<(String, String)> = loaded
        .config
        .shell
        .env
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let env = at_the_door(std::env::vars_os(), &set);
    let home = env
        .variables
        .iter()
        .find(|(name, _)| name == "HOME")
        .map_or_else(|| places.home.clone(), |(_, home)| PathBuf::from(home));
    let start = Start {
        shell,
        program: &program,
        login: call.login,
        interactive: call.interactive || door == Door::Session,
        env: &env.variables,
        home: &home,
        no_rc: call.no_rc,
        no_profile: call.no_profile,
    };
    let mut accepted = Accepted::load(&places, &loaded.config.startup.accepted);
    let mut startup = files(&start, &accepted).map_err(NotReady::StartUp)?;
    if accepted.is_first()
        && startup
            .iter()
            .any(|file| file.standing == Standing::NotAccepted)
    {
        // The first start of an installation of the user's own: what is there now is what there was before
        // any line was judged. Should it not be possible to keep that, the files are simply not accepted.
        if accepted.accept(&startup).is_ok() {
            startup = files(&start, &accepted).map_err(NotReady::StartUp)?;
        }
    }
    // A live session asks its shell; only a door without one needs to know beforehand.
    let live = matches!(door, Door::Session | Door::Stdin);
    let started = if live {
        Started::Plain
    } else {
        started(&start, &startup)
    };
    let who = Who::here(door, &program, &loaded.config.agent);
    let facts = first_facts(&env, &startup);
    let world = DoorWorld {
        shell,
        env: env
            .variables
            .iter()
            .cloned()
            .collect::<HashMap<OsString, OsString>>(),
        folder: std::env::current_dir().ok(),
        home: places.home.clone(),
        trusted_path: loaded.config.policy.trusted_path.clone(),
        options: door_options(call, shell),
        positional: Vec::new(),
        interactive: call.interactive,
        started,
    };
    // Live shells are started without what was not accepted.
    let unaccepted = startup
        .iter()
        .filter(|file| !live && file.standing == Standing::NotAccepted)
        .map(|file| file.path.clone())
        .collect();
    let setup = Setup {
        loaded,
        places,
        who,
        dialect: shell.dialect(),
        facts,
        unaccepted,
    };
    Ok(Ready {
        setup,
        world,
        env,
        program,
        shell,
        startup,
    })
}

impl Ready {
    /// How the shell will read a whole text.
    pub(crate) fn reading(&self) -> Options {
        let extglob = self.world.options.get("extglob").copied();
        let from_startup = match &self.world.started {
            Started::With(snapshot) => snapshot.options.get("extglob").copied().unwrap_or(false),
            Started::Plain | Started::Unknown => false,
        };
        Options {
            extglob: extglob.unwrap_or(from_startup),
            here_doc_at_end: true,
            backslash_at_end: true,
            comments: true,
        }
    }
}

fn find_shell(call: &ShellCall, loaded: &Loaded) -> Result<(PathBuf, ShellKind), NotReady> {
    let named = call.program.clone().map(PathBuf::from);
    let wanted = named
        .or_else(|| loaded.config.shell.program.clone())
        .unwrap_or_else(|| PathBuf::from("/bin/bash"));
    let path = if wanted.as_os_str().as_bytes().contains(&b'/') {
        wanted.clone()
    } else {
        // Never by the caller's PATH: which file is the shell is not the agent's to say.
        let trusted: Vec<&[u8]> = loaded
            .config
            .policy
            .trusted_path
            .iter()
            .map(|folder| folder.as_os_str().as_bytes())
            .collect();
        match find_program(wanted.as_os_str().as_bytes(), &trusted.join(&b':'), None) {
            Found::File(path) => path,
            Found::Nowhere | Found::Unknown => {
                return Err(NotReady::NoShell {
                    name: wanted.display().to_string(),
                });
            }
        }
    };
    if !path.exists() {
        return Err(NotReady::NoShell {
            name: path.display().to_string(),
        });
    }
    match ShellKind::of(&path) {
        Some(kind) => Ok((path, kind)),
        None => Err(NotReady::UnknownShell { path }),
    }
}

fn door_options(call: &ShellCall, shell: ShellKind) -> HashMap<String, bool> {
    let mut options: HashMap<String, bool> = call
        .shopts
        .iter()
        .chain(&call.options)
        .map(|(on, name)| (name.clone(), *on))
        .collect();
    if call.interactive && shell == ShellKind::Bash {
        options.entry("expand_aliases".to_owned()).or_insert(true);
    }
    options
}

fn first_facts(env: &DoorEnv, startup: &[StartUpFile]) -> Map<String, Value> {
    let mut facts = Map::new();
    if !env.dropped.is_empty() {
        facts.insert("environment_dropped".to_owned(), json!(env.dropped));
    }
    if !env.risky.is_empty() {
        facts.insert("environment_kept".to_owned(), json!(env.risky));
    }
    if !startup.is_empty() {
        let files: Vec<Value> = startup
            .iter()
            .map(|file| {
                let standing = match file.standing {
                    Standing::System => "system",
                    Standing::Accepted => "accepted",
                    Standing::NotAccepted => "not_accepted",
                };
                json!({"path": file.path.display().to_string(), "sha256": file.sha256, "standing": standing})
            })
            .collect();
        facts.insert("startup".to_owned(), Value::Array(files));
    }
    facts
}

/// The name a shell is started under: its own, with a dash for a login that was asked for in that way.
pub(crate) fn shell_name(program: &Path, dashed: bool) -> OsString {
    let base = program.file_name().unwrap_or(OsStr::new("sh"));
    if !dashed {
        return base.to_owned();
    }
    let mut name = OsString::from("-");
    name.push(base);
    name
}

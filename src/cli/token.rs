//! `guardsh token`: tokens of hosts and reviewers.

use super::inside;
use super::serve::default_store;
use super::service::{complain, or_fault, say};
use guardsh_server::{Role, Rules, Store, StoreUrl, create_token, remove_token, tokens};
use jiff::Timestamp;
use std::process::ExitCode;

/// Make, list and take away the tokens of an approval service
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) what: What,
    /// The service's store: sqlite:PATH
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) store: Option<StoreUrl>,
}

/// What to do with tokens.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum What {
    /// Make one; it is shown once
    Create {
        /// host: asks; reviewer: answers
        #[arg(long, value_parser = ["host", "reviewer"])]
        role: String,
        /// Whose it is; shown wherever it is used
        #[arg(long)]
        name: String,
    },
    /// List them
    List,
    /// Take one away
    Remove {
        /// Which
        #[arg(long)]
        name: String,
    },
}

/// Works on the store itself; the service may run meanwhile.
pub(crate) fn run(args: &Token) -> anyhow::Result<ExitCode> {
    if let Some(words) = inside::refusal("token") {
        complain(&words)?;
        return Ok(ExitCode::from(inside::REFUSED));
    }
    or_fault(work(args))
}

fn work(args: &Token) -> anyhow::Result<ExitCode> {
    let store = match &args.store {
        Some(store) => store.clone(),
        None => default_store()?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let store = Store::open(&store, Rules::default()).await?;
        match &args.what {
            What::Create { role, name } => {
                let role: Role = role.parse()?;
                let token = create_token(&store, role, name, Timestamp::now()).await?;
                say(&token)?;
                complain(
                    "this is shown once: keep it in a file that only its user can read (chmod 600)",
                )?;
            }
            What::List => {
                for (name, role) in tokens(&store).await? {
                    say(&format!("{:<8}  {name}", role.name()))?;
                }
            }
            What::Remove { name } => {
                remove_token(&store, name).await?;
                say(&format!("removed {name}"))?;
            }
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    })
}

//! Who is at the other end, and what they may do.

use crate::api::{Refusal, Shared};
use crate::tokens::{self, Role};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use guardsh_sys::ancestry::Peer;
use std::sync::Arc;

/// How a connection came in.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// Over TCP: who it is, a token says.
    Network,
    /// On the Unix socket: who it is, the kernel says.
    Local(Arc<Peer>),
}

/// One who may file requests and follow their own.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// The host token's name, or [`LOCAL_ASKER`].
    pub(crate) name: String,
    /// The user, where the kernel has said.
    pub(crate) uid: Option<u32>,
}

impl Asker {
    /// Whether a request is this asker's.
    pub(crate) fn owns(&self, asker: &str, uid: i64) -> bool {
        self.name == asker && self.uid.is_none_or(|own| i64::from(own) == uid)
    }
}

/// One who may see and answer requests.
#[derive(Clone, Debug)]
pub(crate) struct Reviewer {
    /// The token's name, or the local user's.
    pub(crate) name: String,
}

/// One who may look at a request: its asker or a reviewer.
#[derive(Clone, Debug)]
pub(crate) enum Reader {
    /// Sees their own.
    Asker(Asker),
    /// Sees all.
    Reviewer,
}

impl FromRequestParts<Arc<Shared>> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        match who(parts, shared).await? {
            Who::Local(peer) => Ok(local_asker(&peer)),
            Who::Token(name, Role::Host) => Ok(Self { name, uid: None }),
            Who::Token(_, Role::Reviewer) => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "not_a_host",
                "a reviewer's token files and claims nothing",
            )),
        }
    }
}

impl FromRequestParts<Arc<Shared>> for Reviewer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        match who(parts, shared).await? {
            Who::Local(peer) => local_reviewer(&peer),
            Who::Token(name, Role::Reviewer) => Ok(Self { name }),
            Who::Token(_, Role::Host) => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "not_a_reviewer",
                "a host's token answers nothing",
            )),
        }
    }
}

impl FromRequestParts<Arc<Shared>> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        Ok(match who(parts, shared).await? {
            Who::Local(peer) => match local_reviewer(&peer) {
                Ok(_) => Self::Reviewer,
                Err(_) => Self::Asker(local_asker(&peer)),
            },
            Who::Token(_, Role::Reviewer) => Self::Reviewer,
            Who::Token(name, Role::Host) => Self::Asker(Asker { name, uid: None }),
        })
    }
}

enum Who {
    Local(Arc<Peer>),
    Token(String, Role),
}

async fn who(parts: &Parts, shared: &Shared) -> Result<Who, Refusal> {
    match parts.extensions.get::<Origin>() {
        Some(Origin::Local(peer)) => {
            if peer.uid() != shared.own_uid && !peer.uid().is_root() {
                return Err(Refusal::new(
                    StatusCode::FORBIDDEN,
                    "another_user",
                    "this service is another user's",
                ));
            }
            Ok(Who::Local(Arc::clone(peer)))
        }
        Some(Origin::Network) | None => {
            let token = parts
                .headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.strip_prefix("Bearer "));
            let known = match token {
                Some(token) => tokens::identify(&shared.store, token.trim()).await?,
                None => None,
            };
            match known {
                Some((name, role)) => Ok(Who::Token(name, role)),
                None => Err(Refusal::new(
                    StatusCode::UNAUTHORIZED,
                    "no_token",
                    "a token is needed: guardsh token create",
                )),
            }
        }
    }
}

fn local_asker(peer: &Peer) -> Asker {
    Asker {
        name: LOCAL_ASKER.to_owned(),
        uid: Some(peer.uid().as_raw()),
    }
}

fn local_reviewer(peer: &Peer) -> Result<Reviewer, Refusal> {
    match peer.guard() {
        Ok(None) => Ok(Reviewer {
            name: local_name(peer),
        }),
        Ok(Some(guard)) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "guarded_session",
            "a guarded session cannot answer requests",
        )
        .detail(format!("peer {} is below guard {guard}", peer.pid()))),
        // What cannot be told counts as guarded.
        Err(error) => Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "guarded_session",
            "cannot tell that this is not a guarded session",
        )
        .detail(format!("peer {}: {error}", peer.pid()))),
    }
}

fn local_name(peer: &Peer) -> String {
    match nix::unistd::User::from_uid(peer.uid()) {
        Ok(Some(user)) => format!("{} (local)", user.name),
        Ok(None) | Err(_) => format!("uid {} (local)", peer.uid()),
    }
}

/// No token can have this name: it holds a space.
pub(crate) const LOCAL_ASKER: &str = "local socket";

//! The approval service: files requests, keeps them, and brings the answers of people back to the asker.
//!
//! One program that asks (a *host*) and people who answer (*reviewers*) meet here. Over TCP each shows a token;
//! on the Unix socket the kernel says who is there, and a process inside a guarded session never is a
//! reviewer. Nothing that the service forgets makes anything run: an asker that hears nothing runs nothing.
#![forbid(unsafe_code)]

mod api;
mod identity;
mod listen;
mod store;
mod tokens;
mod wake;

pub use listen::{Running, ServeError, ServeOptions, start};
pub use store::{Rules, Store, StoreError, StoreUrl, StoreUrlError};
pub use tokens::{Role, TokenError, create_token, remove_token, tokens};

//! Tokens of hosts and reviewers: 256 random bits, shown once, kept as a hash.

use crate::store::{Store, StoreError};
use guardsh_protocol::sha256_hex;
use jiff::Timestamp;
use std::str::FromStr;

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// File, poll, claim and cancel its own requests, send records.
    Host,
    /// See and answer all requests.
    Reviewer,
}

impl Role {
    /// `host`, `reviewer`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Reviewer => "reviewer",
        }
    }
}

impl FromStr for Role {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        match text {
            "host" => Ok(Self::Host),
            "reviewer" => Ok(Self::Reviewer),
            _ => Err(TokenError::Role),
        }
    }
}

/// Makes a token and says it; it cannot be read again.
pub async fn create_token(
    store: &Store,
    role: Role,
    name: &str,
    now: Timestamp,
) -> Result<String, TokenError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
        return Err(TokenError::Name);
    }
    let mut random = [0u8; 32];
    getrandom::fill(&mut random).map_err(|_| TokenError::Random)?;
    // A prefix lets scanners for leaked secrets know it.
    let token = format!("guardsh_{}_{}", role.name(), hex(&random));
    if !store
        .add_token(name, role.name(), &hash(&token), now)
        .await?
    {
        return Err(TokenError::Taken(name.to_owned()));
    }
    Ok(token)
}

/// Takes a token away: from the next request on it opens nothing.
pub async fn remove_token(store: &Store, name: &str) -> Result<(), TokenError> {
    if store.remove_token(name).await? {
        Ok(())
    } else {
        Err(TokenError::Unknown(name.to_owned()))
    }
}

/// The names and roles of all tokens.
pub async fn tokens(store: &Store) -> Result<Vec<(String, Role)>, TokenError> {
    store
        .tokens()
        .await?
        .into_iter()
        .map(|(name, role)| Ok((name, role.parse()?)))
        .collect()
}

/// Why a token cannot be made or taken away.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a role.
    #[error("not a role: `host` or `reviewer`")]
    Role,
    /// Not a name.
    #[error("not a name for a token: 1 to {LONGEST_NAME} letters, digits, `.`, `_`, `-`")]
    Name,
    /// There is one of that name.
    #[error("there is a token named `{0}` already")]
    Taken(String),
    /// There is none of that name.
    #[error("there is no token named `{0}`")]
    Unknown(String),
    /// The system gives no random bytes.
    #[error("no random bytes from the system")]
    Random,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The name and role that a token proves.
pub(crate) async fn identify(
    store: &Store,
    token: &str,
) -> Result<Option<(String, Role)>, StoreError> {
    let found = store.token(&hash(token)).await?;
    Ok(found.and_then(|(name, role)| Some((name, role.parse().ok()?))))
}

/// A token has 256 random bits: no salt and no slow hash would make it harder to guess, and looking up a
/// hash gives no timing that helps.
fn hash(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const LONGEST_NAME: usize = 64;

//! Requests, decisions, denials, tokens and records in a database.
//!
//! Every change is one transaction that is on the disk when its function returns; of racing changes one wins.
//! Whether a request has expired is never stored: it follows from its times and the clock at every look, so
//! that a service that was down for an hour expires what it must before it answers the first question.

use guardsh_protocol::{Choice, Decision, NewDecision, Request, RequestId, Scope, State};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, AnyRow};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Any, AnyPool, Executor as _, Row as _, SqlSafeStr as _, Transaction};
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use uuid::Uuid;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file.
    Sqlite(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    /// Reads `sqlite:PATH`.
    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.is_empty() => {
                let path = path.strip_prefix("//").unwrap_or(path);
                Ok(Self::Sqlite(PathBuf::from(path)))
            }
            Some(_) | None => Err(StoreUrlError),
        }
    }
}

/// Not the address of a store that this build knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a store: give sqlite:PATH")]
pub struct StoreUrlError;

/// How long things hold and how much one asker may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long an approval can be claimed after the decision.
    pub use_within: Duration,
    /// How long a denial sticks.
    pub denial_sticks: Duration,
    /// The longest that a request may ask to stay open.
    pub longest_timeout: Duration,
    /// How many requests one user of one host may have open.
    pub asks_open: u32,
    /// How many one user of one host may file in an hour.
    pub asks_per_hour: u32,
    /// From how many denials on …
    pub refusals: u32,
    /// … within this time an asker is flagged.
    pub refusals_within: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            use_within: Duration::from_secs(10 * 60),
            denial_sticks: Duration::from_secs(30 * 60),
            longest_timeout: Duration::from_secs(24 * 60 * 60),
            asks_open: 3,
            asks_per_hour: 60,
            refusals: 5,
            refusals_within: Duration::from_secs(10 * 60),
        }
    }
}

/// The store. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
    rules: Rules,
}

impl Store {
    /// Opens it, makes it if there is none, and brings its tables up to date.
    pub async fn open(url: &StoreUrl, rules: Rules) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let StoreUrl::Sqlite(path) = url;
        make_private(path).map_err(|source| StoreError::File {
            path: path.clone(),
            source,
        })?;
        let options = AnyConnectOptions::from_str(&sqlite_url(path)?)?;
        let pool = AnyPoolOptions::new()
            .max_connections(8)
            .acquire_timeout(Duration::from_secs(10))
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // These belong to a connection, not to the file; only WAL stays with it.
                    for pragma in [
                        "PRAGMA busy_timeout = 5000",
                        "PRAGMA journal_mode = WAL",
                        "PRAGMA synchronous = FULL",
                        "PRAGMA foreign_keys = ON",
                    ] {
                        connection.execute(pragma).await?;
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await?;
        let migrations = vec![Migration::new(
            1,
            "requests".into(),
            MigrationType::Simple,
            include_str!("../migrations/0001_requests.sql").into_sql_str(),
            false,
        )];
        Migrator::with_migrations(migrations)
            .run(&pool)
            .await
            .map_err(StoreError::Migrate)?;
        Ok(Self { pool, rules })
    }

    /// The rules it goes by.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether it answers.
    pub async fn ready(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").fetch_one(&self.pool).await?;
        Ok(())
    }

    /// Closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Files a request, or finds the one that stands for it.
    pub async fn file(&self, new: &NewRequest, now: Timestamp) -> Result<Filed, StoreError> {
        let now_ms = now.as_millisecond();
        let mut tx = self.begin().await?;
        if let Some(row) = row_of(&mut tx, new.request.id).await? {
            let same = row.digest == new.digest && row.asker == new.asker && row.uid == new.uid();
            return Ok(if same {
                Filed::Found(row)
            } else {
                Filed::IdTaken
            });
        }
        if let Some(row) = self.standing_for(&mut tx, new, now_ms).await? {
            return Ok(Filed::Found(row));
        }
        if let Some(limit) = self.limit_reached(&mut tx, new, now_ms).await? {
            return Ok(Filed::Limited(limit));
        }
        // An appeal is not refused by the denial it appeals against.
        let denial = match new.request.justification {
            Some(_) => None,
            None => self.denial_of(&mut tx, new, now_ms).await?,
        };
        let timeout = new.request.timeout().min(self.rules.longest_timeout);
        let state = match denial {
            Some(_) => State::Denied,
            None => State::Pending,
        };
        sqlx::query(
            "INSERT INTO requests (id, short, asker, uid, door, material, digest, body, state, \
             filed_ms, deadline_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(new.request.id.to_string())
        .bind(new.request.id.short())
        .bind(new.asker.clone())
        .bind(new.uid())
        .bind(new.request.door.name())
        .bind(new.request.material.clone())
        .bind(new.digest.clone())
        .bind(new.body.clone())
        .bind(state.name())
        .bind(now_ms)
        .bind(now_ms.saturating_add(millis(timeout)))
        .execute(&mut *tx)
        .await?;
        if let Some((of, decision)) = denial {
            let decision = Decision {
                digest: new.digest.clone(),
                sticks_from: Some(decision.sticks_from.unwrap_or(of)),
                ..decision
            };
            insert_decision(&mut tx, new.request.id, &decision).await?;
        }
        let row = row_of(&mut tx, new.request.id)
            .await?
            .ok_or(StoreError::Vanished)?;
        tx.commit().await?;
        Ok(Filed::New(row))
    }

    /// A request by its id.
    pub async fn row(&self, id: RequestId) -> Result<Option<Row>, StoreError> {
        let mut tx = self.pool.begin().await?;
        row_of(&mut tx, id).await
    }

    /// The requests with that short id, newest first; at most a few.
    pub async fn rows_named(&self, short: &str) -> Result<Vec<Row>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let ids =
            sqlx::query("SELECT id FROM requests WHERE short = $1 ORDER BY filed_ms DESC LIMIT 8")
                .bind(short.to_owned())
                .fetch_all(&mut *tx)
                .await?;
        rows_of(&mut tx, &ids).await
    }

    /// The requests in a state (or all), oldest first; of many the newest 500.
    pub async fn list(&self, state: Option<State>, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let (condition, timed) = match state {
            None => ("1 = 1", false),
            Some(State::Pending) => ("state = 'pending' AND deadline_ms > $1", true),
            Some(State::Approved) => ("state = 'approved' AND usable_until_ms > $1", true),
            Some(State::Expired) => (
                "(state = 'pending' AND deadline_ms <= $1) \
                 OR (state = 'approved' AND usable_until_ms <= $1)",
                true,
            ),
            Some(State::Denied) => ("state = 'denied'", false),
            Some(State::Cancelled) => ("state = 'cancelled'", false),
            Some(State::Claimed) => ("state = 'claimed'", false),
        };
        // The text is made of constants alone.
        let mut query = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT id FROM requests WHERE {condition} ORDER BY filed_ms DESC, id DESC LIMIT {MOST_LISTED}"
        )));
        if timed {
            query = query.bind(now.as_millisecond());
        }
        let mut ids = query.fetch_all(&mut *tx).await?;
        ids.reverse();
        rows_of(&mut tx, &ids).await
    }

    /// Records a reviewer's answer. Of racing reviewers one wins; a repeat of the same answer is no error.
    pub async fn decide(
        &self,
        id: RequestId,
        new: &NewDecision,
        reviewer: &str,
        now: Timestamp,
    ) -> Result<Decided, StoreError> {
        let now_ms = now.as_millisecond();
        let mut tx = self.begin().await?;
        let Some(row) = row_of(&mut tx, id).await? else {
            return Ok(Decided::Unknown);
        };
        if row.digest != new.digest {
            return Ok(Decided::WrongDigest);
        }
        if row.state_at(now) != State::Pending {
            let repeated = row.decisions.iter().any(|earlier| {
                earlier.reviewer == reviewer
                    && earlier.decision == new.decision
                    && earlier.scope == new.scope
            });
            return Ok(if repeated {
                Decided::Done(row)
            } else {
                Decided::Late(row)
            });
        }
        if new.scope == Scope::Session && row.door != "session" {
            return Ok(Decided::NoSession);
        }
        let decision = Decision {
            decision: new.decision,
            scope: new.scope,
            reason: new.reason.clone(),
            suggestion: new.suggestion.clone(),
            digest: new.digest.clone(),
            reviewer: reviewer.to_owned(),
            decided_at: now,
            sticks_from: None,
            signature: new.signature.clone(),
        };
        let decision_id = insert_decision(&mut tx, id, &decision).await?;
        let (state, usable_until) = match new.decision {
            Choice::Approve => (
                State::Approved,
                Some(now_ms.saturating_add(millis(self.rules.use_within))),
            ),
            Choice::Deny => (State::Denied, None),
        };
        sqlx::query("UPDATE requests SET state = $1, usable_until_ms = $2 WHERE id = $3")
            .bind(state.name())
            .bind(usable_until)
            .bind(id.to_string())
            .execute(&mut *tx)
            .await?;
        if new.decision == Choice::Deny {
            for key in row.request()?.asking_keys().map_err(StoreError::Body)? {
                sqlx::query(
                    "INSERT INTO denials (id, asker, uid, action_key, request, decision, denied_ms, \
                     until_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(new_id())
                .bind(row.asker.clone())
                .bind(row.uid)
                .bind(key)
                .bind(id.to_string())
                .bind(decision_id.clone())
                .bind(now_ms)
                .bind(now_ms.saturating_add(millis(self.rules.denial_sticks)))
                .execute(&mut *tx)
                .await?;
            }
        }
        let row = row_of(&mut tx, id).await?.ok_or(StoreError::Vanished)?;
        tx.commit().await?;
        Ok(Decided::Done(row))
    }

    /// Uses an approval: the first claim id gets it, and gets it again when it repeats itself.
    pub async fn claim(
        &self,
        id: RequestId,
        claim_id: &str,
        now: Timestamp,
    ) -> Result<Claiming, StoreError> {
        let mut tx = self.begin().await?;
        let Some(row) = row_of(&mut tx, id).await? else {
            return Ok(Claiming::Unknown);
        };
        match row.state_at(now) {
            State::Approved => {
                sqlx::query("UPDATE requests SET state = 'claimed', claim_id = $1 WHERE id = $2")
                    .bind(claim_id.to_owned())
                    .bind(id.to_string())
                    .execute(&mut *tx)
                    .await?;
                tx.commit().await?;
                Ok(Claiming::Granted(row))
            }
            State::Claimed if row.claim_id.as_deref() == Some(claim_id) => {
                Ok(Claiming::Granted(row))
            }
            State::Claimed | State::Pending | State::Denied | State::Expired | State::Cancelled => {
                Ok(Claiming::Refused(row))
            }
        }
    }

    /// Ends a request that nobody has answered, or an approval that nobody has used.
    pub async fn cancel(&self, id: RequestId, now: Timestamp) -> Result<Cancelling, StoreError> {
        let mut tx = self.begin().await?;
        let Some(row) = row_of(&mut tx, id).await? else {
            return Ok(Cancelling::Unknown);
        };
        match row.state_at(now) {
            State::Pending | State::Approved => {
                sqlx::query("UPDATE requests SET state = 'cancelled' WHERE id = $1")
                    .bind(id.to_string())
                    .execute(&mut *tx)
                    .await?;
                let row = row_of(&mut tx, id).await?.ok_or(StoreError::Vanished)?;
                tx.commit().await?;
                Ok(Cancelling::Done(row))
            }
            State::Cancelled | State::Expired => Ok(Cancelling::Done(row)),
            State::Denied | State::Claimed => Ok(Cancelling::Refused(row)),
        }
    }

    /// Lifts the denials that a request left: its actions are asked again. Says how many there were.
    pub async fn lift(
        &self,
        id: RequestId,
        reviewer: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let lifted = sqlx::query(
            "UPDATE denials SET lifted_ms = $1, lifted_by = $2 \
             WHERE request = $3 AND lifted_ms IS NULL AND until_ms > $1",
        )
        .bind(now.as_millisecond())
        .bind(reviewer.to_owned())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(lifted)
    }

    /// How many denials by people a user of a host has had lately.
    pub async fn denials_lately(&self, row: &Row, now: Timestamp) -> Result<i64, StoreError> {
        let since = now
            .as_millisecond()
            .saturating_sub(millis(self.rules.refusals_within));
        let counted = sqlx::query(
            "SELECT COUNT(DISTINCT request) AS n FROM denials \
             WHERE asker = $1 AND uid = $2 AND denied_ms > $3",
        )
        .bind(row.asker.clone())
        .bind(row.uid)
        .bind(since)
        .fetch_one(&self.pool)
        .await?;
        Ok(counted.try_get("n")?)
    }

    /// Keeps audit records of a host.
    pub async fn add_records(
        &self,
        asker: &str,
        uid: Option<u32>,
        records: &[Value],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for record in records {
            sqlx::query(
                "INSERT INTO records (id, asker, uid, received_ms, body) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(new_id())
            .bind(asker.to_owned())
            .bind(uid.map(i64::from))
            .bind(now.as_millisecond())
            .bind(record.to_string())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Adds a token, by its hash. `false`: the name is taken.
    pub async fn add_token(
        &self,
        name: &str,
        role: &str,
        hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let added = sqlx::query(
            "INSERT INTO tokens (name, role, hash, created_ms) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(name.to_owned())
        .bind(role.to_owned())
        .bind(hash.to_owned())
        .bind(now.as_millisecond())
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(added == 1)
    }

    /// Takes a token away. `false`: there is none of that name.
    pub async fn remove_token(&self, name: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let removed = sqlx::query("DELETE FROM tokens WHERE name = $1")
            .bind(name.to_owned())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        tx.commit().await?;
        Ok(removed == 1)
    }

    /// Name and role of the token with that hash.
    pub async fn token(&self, hash: &str) -> Result<Option<(String, String)>, StoreError> {
        let row = sqlx::query("SELECT name, role FROM tokens WHERE hash = $1")
            .bind(hash.to_owned())
            .fetch_optional(&self.pool)
            .await?;
        match row {
            Some(row) => Ok(Some((row.try_get("name")?, row.try_get("role")?))),
            None => Ok(None),
        }
    }

    /// Names and roles of all tokens.
    pub async fn tokens(&self) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query("SELECT name, role FROM tokens ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("name")?, row.try_get("role")?)))
            .collect()
    }

    /// A transaction that writes. A plain BEGIN that reads first fails at once when another writer is
    /// quicker, without waiting for its busy timeout.
    async fn begin(&self) -> Result<Transaction<'static, Any>, StoreError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The request that a new one of the same material only repeats: open, claimable, or refused already by
    /// a denial that still sticks.
    async fn standing_for(
        &self,
        tx: &mut Transaction<'static, Any>,
        new: &NewRequest,
        now_ms: i64,
    ) -> Result<Option<Row>, StoreError> {
        let found = sqlx::query(
            "SELECT id FROM requests WHERE asker = $1 AND uid = $2 AND material = $3 AND \
             ((state = 'pending' AND deadline_ms > $4) OR (state = 'approved' AND usable_until_ms > $4)) \
             ORDER BY filed_ms DESC LIMIT 1",
        )
        .bind(new.asker.clone())
        .bind(new.uid())
        .bind(new.request.material.clone())
        .bind(now_ms)
        .fetch_optional(&mut **tx)
        .await?;
        if let Some(found) = found {
            return row_of(tx, id_of(&found)?).await;
        }
        if new.request.justification.is_some() {
            return Ok(None);
        }
        let Some((of, _)) = self.denial_of(tx, new, now_ms).await? else {
            return Ok(None);
        };
        // Refused by the very same denial before: one row is enough for any number of repeats.
        let refused = sqlx::query(
            "SELECT id FROM requests WHERE asker = $1 AND uid = $2 AND material = $3 \
             AND state = 'denied' ORDER BY filed_ms DESC LIMIT 1",
        )
        .bind(new.asker.clone())
        .bind(new.uid())
        .bind(new.request.material.clone())
        .fetch_optional(&mut **tx)
        .await?;
        let Some(refused) = refused else {
            return Ok(None);
        };
        let row = row_of(tx, id_of(&refused)?).await?;
        Ok(row.filter(|row| {
            row.decisions
                .iter()
                .any(|decision| decision.sticks_from == Some(of))
        }))
    }

    /// The first denial that still sticks to one of the asking actions: the denied request and the decision.
    async fn denial_of(
        &self,
        tx: &mut Transaction<'static, Any>,
        new: &NewRequest,
        now_ms: i64,
    ) -> Result<Option<(RequestId, Decision)>, StoreError> {
        let keys = new.request.asking_keys().map_err(StoreError::Body)?;
        // One query for all: a request may hold thousands of actions, and this is under the write lock.
        let sticking = sqlx::query(
            "SELECT action_key, request AS id, decision FROM denials \
             WHERE asker = $1 AND uid = $2 AND until_ms > $3 AND lifted_ms IS NULL \
             ORDER BY denied_ms, id",
        )
        .bind(new.asker.clone())
        .bind(new.uid())
        .bind(now_ms)
        .fetch_all(&mut **tx)
        .await?;
        for denial in &sticking {
            let key: String = denial.try_get("action_key")?;
            if keys.binary_search(&key).is_ok() {
                let decision: String = denial.try_get("decision")?;
                let found = sqlx::query("SELECT body FROM decisions WHERE id = $1")
                    .bind(decision)
                    .fetch_one(&mut **tx)
                    .await?;
                let body: String = found.try_get("body")?;
                let decision = serde_json::from_str(&body).map_err(StoreError::Json)?;
                return Ok(Some((id_of(denial)?, decision)));
            }
        }
        Ok(None)
    }

    async fn limit_reached(
        &self,
        tx: &mut Transaction<'static, Any>,
        new: &NewRequest,
        now_ms: i64,
    ) -> Result<Option<Limit>, StoreError> {
        let hour_ago = now_ms.saturating_sub(HOUR_MS);
        let counted = sqlx::query(
            "SELECT COUNT(*) AS filed, MIN(filed_ms) AS first FROM requests \
             WHERE asker = $1 AND uid = $2 AND filed_ms > $3",
        )
        .bind(new.asker.clone())
        .bind(new.uid())
        .bind(hour_ago)
        .fetch_one(&mut **tx)
        .await?;
        let filed: i64 = counted.try_get("filed")?;
        if filed >= i64::from(self.rules.asks_per_hour) {
            let first: Option<i64> = counted.try_get("first")?;
            return Ok(Some(Limit::PerHour {
                limit: self.rules.asks_per_hour,
                retry_after: span(first.unwrap_or(now_ms).saturating_sub(hour_ago)),
            }));
        }
        let counted = sqlx::query(
            "SELECT COUNT(*) AS open, MIN(deadline_ms) AS first FROM requests \
             WHERE asker = $1 AND uid = $2 AND state = 'pending' AND deadline_ms > $3",
        )
        .bind(new.asker.clone())
        .bind(new.uid())
        .bind(now_ms)
        .fetch_one(&mut **tx)
        .await?;
        let open: i64 = counted.try_get("open")?;
        if open >= i64::from(self.rules.asks_open) {
            let first: Option<i64> = counted.try_get("first")?;
            return Ok(Some(Limit::Open {
                limit: self.rules.asks_open,
                retry_after: span(first.unwrap_or(now_ms).saturating_sub(now_ms)),
            }));
        }
        Ok(None)
    }
}

/// What a host wants filed.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Who files it, as the service knows it.
    pub asker: String,
    /// Read and checked.
    pub request: Request,
    /// Canonical text of the body as it was sent.
    pub body: String,
    /// Of the body as it was sent.
    pub digest: String,
}

impl NewRequest {
    fn uid(&self) -> i64 {
        i64::from(self.request.uid)
    }
}

/// What became of a filing.
#[derive(Clone, Debug)]
pub enum Filed {
    /// It is new.
    New(Row),
    /// This one stands for it.
    Found(Row),
    /// Another request has that id.
    IdTaken,
    /// Too many.
    Limited(Limit),
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Too many open at once.
    Open {
        /// How many may be.
        limit: u32,
        /// When there will be room at the latest.
        retry_after: Duration,
    },
    /// Too many in an hour.
    PerHour {
        /// How many may be.
        limit: u32,
        /// When there will be room.
        retry_after: Duration,
    },
}

/// What became of a decision.
#[derive(Clone, Debug)]
pub enum Decided {
    /// It counts.
    Done(Row),
    /// Somebody or something was quicker.
    Late(Row),
    /// It is about something else than the request as it is kept.
    WrongDigest,
    /// Only an interactive session can hold an approval for its whole length.
    NoSession,
    /// There is no such request.
    Unknown,
}

/// What became of a claim.
#[derive(Clone, Debug)]
pub enum Claiming {
    /// The approval is this claim's.
    Granted(Row),
    /// It is not.
    Refused(Row),
    /// There is no such request.
    Unknown,
}

/// What became of a cancellation.
#[derive(Clone, Debug)]
pub enum Cancelling {
    /// It has ended.
    Done(Row),
    /// It has been denied or used already.
    Refused(Row),
    /// There is no such request.
    Unknown,
}

/// A request as it is kept.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub id: RequestId,
    /// Who filed it.
    pub asker: String,
    /// The user it is for.
    pub uid: i64,
    /// How the line came in.
    pub door: String,
    /// Of the body.
    pub digest: String,
    /// Canonical text of the request as it was sent.
    pub body: String,
    /// When it was filed.
    pub filed_ms: i64,
    /// The answers, oldest first.
    pub decisions: Vec<Decision>,
    state: State,
    deadline_ms: i64,
    usable_until_ms: Option<i64>,
    claim_id: Option<String>,
}

impl Row {
    /// How it stands at that time.
    pub fn state_at(&self, now: Timestamp) -> State {
        match self.state {
            State::Pending | State::Approved if self.ends_ms() <= now.as_millisecond() => {
                State::Expired
            }
            State::Pending
            | State::Approved
            | State::Denied
            | State::Expired
            | State::Cancelled
            | State::Claimed => self.state,
        }
    }

    /// How long it can still be answered or used.
    pub fn remaining_at(&self, now: Timestamp) -> Duration {
        match self.state_at(now) {
            State::Pending | State::Approved => {
                span(self.ends_ms().saturating_sub(now.as_millisecond()))
            }
            State::Denied | State::Expired | State::Cancelled | State::Claimed => Duration::ZERO,
        }
    }

    /// The request.
    pub fn request(&self) -> Result<Request, StoreError> {
        let body: Value = serde_json::from_str(&self.body).map_err(StoreError::Json)?;
        Request::from_body(&body).map_err(StoreError::Body)
    }

    fn ends_ms(&self) -> i64 {
        match self.state {
            State::Approved => self.usable_until_ms.unwrap_or(i64::MIN),
            State::Pending | State::Denied | State::Expired | State::Cancelled | State::Claimed => {
                self.deadline_ms
            }
        }
    }
}

/// Why the store could not do it. For the operator; clients are told that it failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be made or opened.
    #[error("cannot open {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path is not text.
    #[error("the path of the store is not UTF-8")]
    Path,
    /// The database says no.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The tables are those of another version.
    #[error("cannot bring the tables up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A row that is not JSON.
    #[error("a row is not JSON")]
    Json(#[source] serde_json::Error),
    /// A row that is not a request.
    #[error("a row is not a request")]
    Body(#[source] guardsh_protocol::RequestError),
    /// A row with a state that this version does not know.
    #[error("a row is in the unknown state `{0}`")]
    State(String),
    /// A row that was there a moment ago.
    #[error("a row has vanished")]
    Vanished,
}

async fn row_of(
    tx: &mut Transaction<'static, Any>,
    id: RequestId,
) -> Result<Option<Row>, StoreError> {
    let found = sqlx::query(
        "SELECT id, asker, uid, door, digest, body, state, filed_ms, deadline_ms, usable_until_ms, \
         claim_id FROM requests WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(found) = found else {
        return Ok(None);
    };
    let decisions =
        sqlx::query("SELECT body FROM decisions WHERE request = $1 ORDER BY decided_ms, id")
            .bind(id.to_string())
            .fetch_all(&mut **tx)
            .await?
            .iter()
            .map(|row| {
                let body: String = row.try_get("body")?;
                serde_json::from_str(&body).map_err(StoreError::Json)
            })
            .collect::<Result<Vec<Decision>, StoreError>>()?;
    let state: String = found.try_get("state")?;
    Ok(Some(Row {
        id,
        asker: found.try_get("asker")?,
        uid: found.try_get("uid")?,
        door: found.try_get("door")?,
        digest: found.try_get("digest")?,
        body: found.try_get("body")?,
        filed_ms: found.try_get("filed_ms")?,
        decisions,
        state: State::from_name(&state).ok_or(StoreError::State(state))?,
        deadline_ms: found.try_get("deadline_ms")?,
        usable_until_ms: found.try_get("usable_until_ms")?,
        claim_id: found.try_get("claim_id")?,
    }))
}

async fn rows_of(
    tx: &mut Transaction<'static, Any>,
    ids: &[AnyRow],
) -> Result<Vec<Row>, StoreError> {
    let mut rows = Vec::with_capacity(ids.len());
    for id in ids {
        rows.extend(row_of(tx, id_of(id)?).await?);
    }
    Ok(rows)
}

fn id_of(row: &AnyRow) -> Result<RequestId, StoreError> {
    let text: String = row.try_get("id")?;
    text.parse().map_err(StoreError::Body)
}

async fn insert_decision(
    tx: &mut Transaction<'static, Any>,
    request: RequestId,
    decision: &Decision,
) -> Result<String, StoreError> {
    let id = new_id();
    sqlx::query(
        "INSERT INTO decisions (id, request, reviewer, decided_ms, body) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id.clone())
    .bind(request.to_string())
    .bind(decision.reviewer.clone())
    .bind(decision.decided_at.as_millisecond())
    .bind(serde_json::to_string(decision).map_err(StoreError::Json)?)
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Makes the file (and its folder) so that nobody else can read it; SQLite's side files take after it.
fn make_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
}

fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    use std::fmt::Write as _;
    let path = std::path::absolute(path).map_err(|source| StoreError::File {
        path: path.to_owned(),
        source,
    })?;
    let mut url = String::from("sqlite://");
    for byte in path.to_str().ok_or(StoreError::Path)?.bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' => url.push(char::from(byte)),
            plain if plain.is_ascii_alphanumeric() => url.push(char::from(plain)),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(url, "%{other:02X}");
            }
        }
    }
    Ok(url)
}

fn new_id() -> String {
    Uuid::now_v7().hyphenated().to_string()
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn span(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// How many requests one listing shows.
const MOST_LISTED: usize = 500;
const HOUR_MS: i64 = 60 * 60 * 1000;

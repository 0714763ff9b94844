//! Requests: what a person is shown, made of what was judged.

use crate::config::this_user;
use guardsh_policy::{Folder, Judgement, Risk, World, record};
use guardsh_protocol::{
    Agent, Door, Draft, RecentLine, Request, RequestError, RiskFactorRecord, RiskRecord,
};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Who asks, from where, and through which door.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// The session's id.
    pub(crate) session: String,
    /// The host's name.
    pub(crate) host: String,
    /// The user's number.
    pub(crate) uid: u32,
    /// The user's name.
    pub(crate) user: String,
    /// How lines come in.
    pub(crate) door: Door,
    /// The agent, as configured and as it says.
    pub(crate) agent: Agent,
    /// The real shell.
    pub(crate) shell: PathBuf,
}

impl Who {
    /// Reads names from the system, and what the agent says of itself from its environment.
    pub(crate) fn here(door: Door, shell: &Path, agent: &guardsh_policy::AgentConfig) -> Self {
        let uid = nix::unistd::getuid();
        let user = this_user();
        let host = nix::unistd::gethostname()
            .ok()
            .and_then(|name| name.into_string().ok());
        let said = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        Self {
            session: uuid::Uuid::now_v7().to_string(),
            host: host.unwrap_or_else(|| "unknown".to_owned()),
            uid: uid.as_raw(),
            user: user.map_or_else(|| uid.to_string(), |user| user.name.clone()),
            door,
            agent: Agent {
                name: agent.name.clone(),
                environment: agent.environment.clone(),
                task: said("GUARDSH_TASK"),
                model: said("GUARDSH_MODEL"),
            },
            shell: shell.to_owned(),
        }
    }
}

/// What belongs to a request beside the judgement.
#[derive(Debug)]
pub(crate) struct Around<'a> {
    /// Digest of the policy that judged.
    pub(crate) policy_digest: &'a str,
    /// What ran before.
    pub(crate) recent: Vec<RecentLine>,
    /// Why the agent wants it.
    pub(crate) justification: Option<String>,
    /// How long it may stay open.
    pub(crate) timeout: Duration,
}

/// Makes a request of a judged line.
pub(crate) fn request(
    who: &Who,
    line: &[u8],
    judgement: &Judgement,
    around: Around<'_>,
    world: &mut dyn World,
) -> Result<Request, RequestError> {
    let cwd = match world.folder() {
        Folder::Known(folder) => world.real_path(&folder).unwrap_or(folder),
        Folder::Unknown => PathBuf::from("unknown"),
    };
    let draft = Draft {
        session: who.session.clone(),
        host: who.host.clone(),
        uid: who.uid,
        user: who.user.clone(),
        door: who.door,
        agent: who.agent.clone(),
        shell: who.shell.clone(),
        cwd,
        line: line.to_vec(),
        actions: judgement.actions.iter().map(record).collect(),
        risk: risk_record(&judgement.risk),
        recent: around.recent,
        attachments: Vec::new(),
        justification: around.justification,
        policy_digest: around.policy_digest.to_owned(),
    };
    draft.file(Timestamp::now(), around.timeout)
}

/// A risk as it is shown.
pub(crate) fn risk_record(risk: &Risk) -> RiskRecord {
    RiskRecord {
        score: risk.score,
        band: risk.band().name().to_owned(),
        factors: risk
            .factors
            .iter()
            .map(|factor| RiskFactorRecord {
                name: factor.name.to_owned(),
                points: factor.points,
                detail: factor.detail.clone(),
            })
            .collect(),
    }
}

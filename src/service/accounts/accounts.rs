//! All accounts: a store, and a limit for the work that passwords make.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task;

use crate::ids::AgentName;
use crate::secret::Secret;
use crate::service::accounts::passwords::{self, WeakPassword};
use crate::store::{Agent, ConsoleAccount, Store, StoreError};

/// How many passwords are hashed at once. Each takes 19 MiB and a whole core for some time.
const HASHES_MAX: usize = 2;

/// How often a change is tried again, because somebody else changes the same account.
const SWAPS_MAX: u32 = 20;

/// The accounts of all agents. Cheap to clone; the clones share the limit.
#[derive(Clone)]
pub struct Accounts {
    pub(super) store: Store,
    hashing: Arc<Semaphore>,
}

/// An agent who has just proved who they are, with a password or with a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// Who it is.
    pub agent: Agent,
    /// The generation of the account that the proof is for: if all logins end in the meantime, a login with it does too.
    pub(super) generation: u64,
}

impl Accounts {
    /// The accounts that are in this store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            hashing: Arc::new(Semaphore::new(HASHES_MAX)),
        }
    }

    /// The agent with this name and password. Takes the same time if there is no such agent, or if they have no password, so
    /// that nobody learns who there is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn check_password(
        &self,
        name: &AgentName,
        password: &str,
    ) -> Result<Option<Proven>, StoreError> {
        let (agent, read) = tokio::try_join!(self.store.agent(name), self.store.account(name))?;
        let agent = agent.filter(|agent| !agent.off);
        let account = read.account;
        let hash = account.password.filter(|_| agent.is_some());
        let typed = Secret::new(password.to_owned());
        let is_right = self
            .hashing(move || passwords::has_hash(typed.reveal(), hash.as_ref()))
            .await?;
        let generation = account.generation;
        Ok(agent
            .filter(|_| is_right)
            .map(|agent| Proven { agent, generation }))
    }

    /// Gives an agent a new password. It ends all their logins, and the link that sets a password.
    ///
    /// # Errors
    /// See [`StoreError`]. The inner error says why the password is not good enough.
    pub async fn set_password(
        &self,
        agent: &Agent,
        password: &str,
    ) -> Result<Result<Proven, WeakPassword>, StoreError> {
        if let Err(weak) = passwords::check(&agent.name, password) {
            return Ok(Err(weak));
        }
        let hash = self.hash(password).await?;
        let account = self
            .change(&agent.name, |account| replace_password(account, &hash))
            .await?;
        Ok(Ok(Proven {
            agent: agent.clone(),
            generation: account.generation,
        }))
    }

    /// Whether an agent has a password.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_password(&self, name: &AgentName) -> Result<bool, StoreError> {
        Ok(self.store.account(name).await?.account.password.is_some())
    }

    /// The hash of a password.
    pub(super) async fn hash(&self, password: &str) -> Result<Secret, StoreError> {
        let password = Secret::new(password.to_owned());
        self.hashing(move || passwords::hash(password.reveal()))
            .await?
    }

    /// Runs work with a password on a thread that may block, when it is its turn.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let stopped = || StoreError::Unusable("passwords can't be checked now".to_owned());
        let permit = self.hashing.clone().acquire_owned().await;
        let permit = permit.map_err(|_| stopped())?;
        // The permit is in the work: a client that goes away does not make place for another hash.
        let done = task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        done.await.map_err(|_| stopped())
    }

    /// Changes an account, whatever others do to it at the same time. Returns the account after the change.
    pub(super) async fn change(
        &self,
        name: &AgentName,
        change: impl Fn(&mut ConsoleAccount),
    ) -> Result<ConsoleAccount, StoreError> {
        for _ in 0..SWAPS_MAX {
            let before = self.store.account(name).await?;
            let mut after = before.account.clone();
            change(&mut after);
            if self.store.swap_account(name, &before, &after).await? {
                return Ok(after);
            }
        }
        Err(StoreError::Unusable(format!(
            "the account of {name} is being changed by many at once; try again"
        )))
    }
}

/// A new password ends all logins, and the link that sets one.
pub(super) fn replace_password(account: &mut ConsoleAccount, hash: &Secret) {
    account.password = Some(hash.clone());
    account.generation += 1;
    account.invitation = None;
}

//! A script that asks the console over HTTP, with the token of an agent.

use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;
use ureq::http::Response;
use waha_sm::clock::Millis;
use waha_sm::ids::{AgentName, SessionName};
use waha_sm::service::accounts::accounts::Accounts;
use waha_sm::store::{Agent, AgentRole, RedisServer, Store, StoreConfig};

use crate::harness::{PATIENCE, Redis};

/// See the file.
pub(super) struct Caller {
    url: String,
    token: String,
    agent: ureq::Agent,
}

/// An answer, read completely.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Told {
    /// A header; empty if it is missing.
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// All values of a header.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.headers.iter().filter(move |(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }
}

impl Caller {
    /// The script of a new agent, who serves these sessions (none: all). The console listens at `listen`.
    pub(super) fn new(
        redis: &Redis,
        listen: &str,
        name: &str,
        role: AgentRole,
        sessions: &[&str],
    ) -> Self {
        let config = StoreConfig {
            server: RedisServer::Url(redis.url()),
            prefix: "waha-sm:".to_owned(),
            first_notice_after: Duration::ZERO.into(),
            connections: Default::default(),
        };
        let token = Runtime::new().unwrap().block_on(async {
            let store = Store::connect(&config, PATIENCE).await.unwrap();
            let name = AgentName::stored(name);
            let sessions = sessions.iter().map(|session| SessionName::stored(*session));
            let agent = Agent {
                role,
                sessions: sessions.collect(),
                ..Agent::new(name.clone())
            };
            store.save_agent(&agent).await.unwrap();
            let accounts = Accounts::new(store);
            let token = accounts.new_token(&name, "test", Millis::now()).await;
            token.unwrap().unwrap()
        });
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .build();
        Self {
            url: format!("http://{listen}"),
            token,
            agent: config.into(),
        }
    }

    /// Gets a path.
    pub(super) fn get(&self, path: &str) -> Told {
        self.get_with(path, &[])
    }

    /// Gets a path, with more headers.
    pub(super) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Told {
        let mut request = self.agent.get(format!("{}{path}", self.url));
        request = request.header("authorization", format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        told(request.call().unwrap())
    }

    /// Gets a path without a login.
    pub(super) fn get_as_stranger(&self, path: &str) -> Told {
        told(
            self.agent
                .get(format!("{}{path}", self.url))
                .call()
                .unwrap(),
        )
    }

    /// Posts JSON to the API.
    pub(super) fn post(&self, path: &str, body: &Value) -> Told {
        let request = self.agent.post(format!("{}/api/v1/{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let request = request.content_type("application/json");
        told(request.send(body.to_string()).unwrap())
    }
}

pub(super) fn told(mut response: Response<ureq::Body>) -> Told {
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| {
        let value = value.to_str().unwrap_or_default();
        (name.as_str().to_owned(), value.to_owned())
    });
    Told {
        status: response.status().as_u16(),
        headers: headers.collect(),
        body: response
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_vec()
            .unwrap_or_default(),
    }
}

//! Answers of a Cluster's node that did not run a command (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>,
//! "Redirection and resharding").

use fred::types::config::Server;

use crate::store::error::StoreError;

/// The next thing to do with the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Redirection {
    /// The slot has moved: send it there, now and later.
    Moved(Server),
    /// The slot is moving, and this node does not have the key: send it there, this once.
    Ask(Server),
    /// The slot is moving, and the keys are on two nodes.
    TryAgain,
    /// The Cluster is not whole, or a failover is going on.
    ClusterDown,
}

impl Redirection {
    /// `asked`: the node that answered. It may leave out its own host.
    pub(crate) fn of(error: &StoreError, asked: &Server) -> Option<Self> {
        let StoreError::Redis(text) = error else {
            return None;
        };
        let mut words = text.split_whitespace();
        match words.next()? {
            "MOVED" => Some(Self::Moved(server(words.nth(1)?, asked)?)),
            "ASK" => Some(Self::Ask(server(words.nth(1)?, asked)?)),
            "TRYAGAIN" => Some(Self::TryAgain),
            "CLUSTERDOWN" => Some(Self::ClusterDown),
            _ => None,
        }
    }
}

/// Reads `host:port`.
fn server(address: &str, asked: &Server) -> Option<Server> {
    let (host, port) = address.rsplit_once(':')?;
    let host = if host.is_empty() { &asked.host } else { host };
    let mut server = Server::new(host, port.parse().ok()?);
    server.tls_server_name.clone_from(&asked.tls_server_name);
    Some(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_did_not_run_a_command_are_told_from_others() {
        let asked = Server::new("10.0.0.1", 7000);
        for (text, redirection) in [
            (
                "MOVED 3999 127.0.0.1:6381",
                Some(Redirection::Moved(Server::new("127.0.0.1", 6381))),
            ),
            (
                "MOVED 3999 :6381",
                Some(Redirection::Moved(Server::new("10.0.0.1", 6381))),
            ),
            (
                "ASK 3999 2001:db8::1:6381",
                Some(Redirection::Ask(Server::new("2001:db8::1", 6381))),
            ),
            (
                "TRYAGAIN Multiple keys request during rehashing of slot",
                Some(Redirection::TryAgain),
            ),
            (
                "CLUSTERDOWN The cluster is down",
                Some(Redirection::ClusterDown),
            ),
            ("MOVED 3999 nowhere", None),
            ("ERR unknown command", None),
            ("", None),
        ] {
            let error = StoreError::Redis(text.to_owned());
            assert_eq!(Redirection::of(&error, &asked), redirection, "{text}");
        }
        assert_eq!(Redirection::of(&StoreError::Disconnected, &asked), None);
    }
}

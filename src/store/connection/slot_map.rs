//! Which node of a Cluster has which slot, as `CLUSTER SLOTS` says (<https://redis.io/docs/latest/commands/cluster-slots/>).

use fred::types::Value;
use fred::types::config::Server;

/// How many slots a Cluster has.
const SLOTS: usize = 16_384;

/// The map of a Cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotMap {
    /// The nodes that have slots.
    pub(crate) masters: Vec<Server>,
    /// All nodes, also those without slots of their own.
    pub(crate) known: Vec<Server>,
    /// The place in `masters` of the owner of each slot; empty if nothing is known yet.
    owners: Vec<Option<u16>>,
}

impl SlotMap {
    /// Reads the answer of the node `asked`. Returns `None` if it can't be read, or names no slot.
    pub(crate) fn parse(answer: Value, asked: &Server) -> Option<Self> {
        let mut map = Self::default();
        for range in answer.into_array() {
            let mut parts = range.into_array().into_iter();
            let (first, last) = (parts.next()?.as_usize()?, parts.next()?.as_usize()?);
            let mut nodes = parts.filter_map(|node| server(node, asked));
            let Some(master) = nodes.next() else { continue };
            for slot in first..=last.min(SLOTS - 1) {
                map.set_owner(u16::try_from(slot).ok()?, &master);
            }
            for node in nodes {
                if !map.known.contains(&node) {
                    map.known.push(node);
                }
            }
        }
        (!map.masters.is_empty()).then_some(map)
    }

    pub(crate) fn owner(&self, slot: u16) -> Option<&Server> {
        let place = (*self.owners.get(usize::from(slot))?)?;
        self.masters.get(usize::from(place))
    }

    /// Notes that a node has a slot now.
    pub(crate) fn set_owner(&mut self, slot: u16, server: &Server) {
        let place = self.masters.iter().position(|one| one == server);
        let place = place.unwrap_or_else(|| {
            self.masters.push(server.clone());
            self.masters.len() - 1
        });
        if !self.known.contains(server) {
            self.known.push(server.clone());
        }
        self.owners.resize(SLOTS, None);
        if let Some(owner) = self.owners.get_mut(usize::from(slot)) {
            *owner = u16::try_from(place).ok();
        }
    }
}

/// Reads `[host, port, id, ...]`. A node that does not know its own host leaves it out.
fn server(node: Value, asked: &Server) -> Option<Server> {
    let mut parts = node.into_array().into_iter();
    let (host, port) = (parts.next()?.into_string(), parts.next()?.as_usize()?);
    let host = match host.as_deref() {
        None | Some("") => asked.host.to_string(),
        Some("?") => return None,
        Some(host) => host.to_owned(),
    };
    let mut server = Server::new(host, u16::try_from(port).ok()?);
    server.tls_server_name.clone_from(&asked.tls_server_name);
    Some(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(host: Value, port: i64) -> Value {
        Value::Array(vec![host, port.into(), "id".into(), Value::Array(vec![])])
    }

    fn range(first: i64, last: i64, nodes: Vec<Value>) -> Value {
        let mut parts = vec![first.into(), last.into()];
        parts.extend(nodes);
        Value::Array(parts)
    }

    #[test]
    fn the_answer_of_redis_becomes_the_owner_of_each_slot() {
        let asked = Server::new("10.0.0.1", 7000);
        let answer = Value::Array(vec![
            range(
                0,
                100,
                vec![node("".into(), 7000), node("10.0.0.4".into(), 7003)],
            ),
            range(101, 16_383, vec![node("10.0.0.2".into(), 7001)]),
            range(50, 60, vec![node("?".into(), 7009)]),
        ]);
        let map = SlotMap::parse(answer, &asked).unwrap();
        let second = Server::new("10.0.0.2", 7001);
        assert_eq!(map.owner(0), Some(&asked));
        assert_eq!(map.owner(100), Some(&asked));
        assert_eq!(map.owner(101), Some(&second));
        assert_eq!(map.owner(16_383), Some(&second));
        assert_eq!(map.masters, [asked.clone(), second]);
        assert_eq!(map.known.len(), 3);

        let nothing = SlotMap::parse(Value::Array(vec![]), &asked);
        assert_eq!(nothing, None);
        assert_eq!(SlotMap::parse("OK".into(), &asked), None);
        assert_eq!(SlotMap::default().owner(7), None);
    }

    #[test]
    fn one_slot_can_move() {
        let (first, second) = (Server::new("a", 1), Server::new("b", 2));
        let mut map = SlotMap::default();
        map.set_owner(7, &first);
        map.set_owner(8, &first);
        map.set_owner(8, &second);
        assert_eq!((map.owner(7), map.owner(8)), (Some(&first), Some(&second)));
    }
}

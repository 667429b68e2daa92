//! The guard of the login page: how long to wait after wrong passwords. It is in memory only, and has no clock.
//!
//! - Each wrong password delays the next try of this account: 1 s, then twice as long each time, at most 60 s.
//! - A browser from which the agent has logged in before has a delay of its own. So nobody can lock an agent out of
//!   their own browser by guessing.
//! - One address has at most 10 wrong passwords a minute, over all accounts.
//!
//! A try counts as wrong from its beginning until it succeeds: otherwise a hundred could be made before the first is known to be
//! wrong.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use crate::clock::Millis;
use crate::ids::AgentName;

const DELAY_MIN: Duration = Duration::from_secs(1);
const DELAY_MAX: Duration = Duration::from_secs(60);
/// After so long without a wrong password, the next one counts as the first.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// How many wrong passwords one address has in [`WINDOW`].
const WRONG_MAX: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// How many accounts, and how many addresses, are remembered. If there are more, those with the fewest wrong passwords are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// One try to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginTry {
    /// As whom.
    pub account: AgentName,
    /// From where.
    pub address: IpAddr,
    /// The cookie of the browser, if this agent has logged in from it before.
    pub known_browser: Option<String>,
}

/// Who waits together: an account, apart for each browser that it knows.
type Waiting = (AgentName, Option<String>);

/// The wrong passwords in a row of those who wait together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct WrongInARow {
    count: u32,
    last: Millis,
}

/// Remembers wrong passwords.
#[derive(Debug, Default)]
pub struct LoginGuard {
    accounts: HashMap<Waiting, WrongInARow>,
    /// When each address was wrong in the last minute, the oldest first.
    addresses: HashMap<IpAddr, VecDeque<Millis>>,
}

impl LoginGuard {
    /// Begins a try, which counts as a wrong password until it succeeds.
    ///
    /// # Errors
    /// How long to wait, if it is too early for another try. That does not count.
    pub fn begin(&mut self, login: &LoginTry, now: Millis) -> Result<(), Duration> {
        let (who, from) = (waiting(login), network(login.address));
        self.forget(&who, from, now);
        let account = self.accounts.get(&who);
        let of_account = account.map_or(Duration::ZERO, |wrong| now.until(wrong.next()));
        let times = self.addresses.get(&from);
        let of_address = times
            .filter(|times| times.len() >= WRONG_MAX)
            .and_then(|times| times.front())
            .map_or(Duration::ZERO, |first| now.until(*first + WINDOW));
        let wait = of_account.max(of_address);
        if !wait.is_zero() {
            return Err(wait);
        }
        make_space(&mut self.accounts, &who, |wrong| {
            (wrong.is_forgotten(now), (wrong.count, wrong.last))
        });
        make_space(&mut self.addresses, &from, |times| {
            let last = times.back().copied().unwrap_or_default();
            (now.since(last) >= WINDOW, (times.len(), last))
        });
        let wrong = self.accounts.entry(who).or_insert(WrongInARow {
            count: 0,
            last: now,
        });
        wrong.count = wrong.count.saturating_add(1);
        wrong.last = now;
        self.addresses.entry(from).or_default().push_back(now);
        Ok(())
    }

    /// The password was right: the account starts again, and the address has one wrong password less.
    pub fn succeeded(&mut self, login: &LoginTry) {
        self.accounts.remove(&waiting(login));
        self.forget_one_of(login.address);
    }

    /// The password could not be checked, so the try does not count.
    pub fn was_not_checked(&mut self, login: &LoginTry) {
        let who = waiting(login);
        if let Some(wrong) = self.accounts.get_mut(&who) {
            wrong.count = wrong.count.saturating_sub(1);
            if wrong.count == 0 {
                self.accounts.remove(&who);
            }
        }
        self.forget_one_of(login.address);
    }

    fn forget_one_of(&mut self, address: IpAddr) {
        let from = network(address);
        if let Some(times) = self.addresses.get_mut(&from) {
            times.pop_back();
            if times.is_empty() {
                self.addresses.remove(&from);
            }
        }
    }

    /// Forgets what does not count any more.
    fn forget(&mut self, who: &Waiting, from: IpAddr, now: Millis) {
        if self
            .accounts
            .get(who)
            .is_some_and(|wrong| wrong.is_forgotten(now))
        {
            self.accounts.remove(who);
        }
        if let Some(times) = self.addresses.get_mut(&from) {
            // One in the future is from before the clock was set back.
            times.retain(|then| now.since(*then) < WINDOW && *then <= now);
        }
    }
}

impl WrongInARow {
    /// When the next try may be.
    fn next(self) -> Millis {
        self.last + delay(self.count)
    }

    fn is_forgotten(self, now: Millis) -> bool {
        // If the clock was set back, nobody shall wait until it is where it was.
        now.since(self.last) >= FORGOTTEN_AFTER || self.last > now
    }
}

/// The delay after so many wrong passwords in a row.
fn delay(wrong: u32) -> Duration {
    match wrong.checked_sub(1) {
        None => Duration::ZERO,
        Some(doubled) => DELAY_MIN
            .saturating_mul(2_u32.saturating_pow(doubled))
            .min(DELAY_MAX),
    }
}

fn waiting(login: &LoginTry) -> Waiting {
    (login.account.clone(), login.known_browser.clone())
}

/// Those who count as one address: one IPv4 address, or an IPv6 network of the size that one customer of a provider has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
        }
    }
}

/// Makes space for another key. Forgets first what does not count any more, and then the least of the rest: somebody who
/// tries thousands of names must not make us forget the account that they guess.
fn make_space<K: Clone + Eq + Hash, V, W: Ord>(
    map: &mut HashMap<K, V>,
    new: &K,
    weigh: impl Fn(&V) -> (bool, W),
) {
    if map.len() < REMEMBERED_MAX || map.contains_key(new) {
        return;
    }
    map.retain(|_, value| !weigh(value).0);
    if map.len() < REMEMBERED_MAX {
        return;
    }
    let least = map.iter().min_by_key(|(_, value)| weigh(value).1);
    if let Some(key) = least.map(|(key, _)| key.clone()) {
        map.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn login(account: &str, address: &str) -> LoginTry {
        LoginTry {
            account: AgentName::stored(account),
            address: address.parse().unwrap(),
            known_browser: None,
        }
    }

    fn known(account: &str, address: &str, browser: &str) -> LoginTry {
        LoginTry {
            known_browser: Some(browser.to_owned()),
            ..login(account, address)
        }
    }

    fn at(seconds: u64) -> Millis {
        Millis::new(1_000_000) + Duration::from_secs(seconds)
    }

    fn seconds(count: u64) -> Result<(), Duration> {
        Err(Duration::from_secs(count))
    }

    #[test]
    fn each_wrong_password_doubles_the_delay_of_the_account_up_to_a_minute() {
        let mut guard = LoginGuard::default();
        let mut now = 0;
        for (turn, wanted) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
            let from = format!("10.0.0.{turn}");
            assert_eq!(guard.begin(&login("ana", &from), at(now)), Ok(()));
            let other = login("ana", "10.0.1.1");
            assert_eq!(guard.begin(&other, at(now)), seconds(wanted));
            now += wanted;
        }
        assert_eq!(guard.begin(&login("bia", "10.0.2.1"), at(now)), Ok(()));
    }

    #[test]
    fn the_right_password_and_a_quiet_time_end_the_delay() {
        let mut guard = LoginGuard::default();
        let ana = login("ana", "10.0.0.1");
        for now in [0, 1, 3] {
            assert_eq!(guard.begin(&ana, at(now)), Ok(()));
        }
        assert_eq!(guard.begin(&ana, at(4)), seconds(3));
        assert_eq!(guard.begin(&ana, at(7)), Ok(()));
        guard.succeeded(&ana);
        assert_eq!(guard.begin(&ana, at(7)), Ok(()));
        assert_eq!(guard.begin(&ana, at(7)), seconds(1));
        let later = 7 + FORGOTTEN_AFTER.as_secs();
        assert_eq!(guard.begin(&ana, at(later)), Ok(()));
        assert_eq!(guard.begin(&ana, at(later)), seconds(1));
    }

    #[test]
    fn tries_at_the_same_time_count_before_their_result_is_known() {
        let mut guard = LoginGuard::default();
        let begun = (0..100).filter(|turn| {
            let from = login("ana", &format!("10.0.0.{turn}"));
            guard.begin(&from, at(0)).is_ok()
        });
        assert_eq!(begun.count(), 1);
    }

    #[test]
    fn nobody_can_lock_an_agent_out_of_their_own_browser() {
        let mut guard = LoginGuard::default();
        for turn in 0..200 {
            let _ = guard.begin(&login("ana", &format!("10.0.{turn}.1")), at(turn));
        }
        let own = known("ana", "192.168.0.7", "cookie");
        assert!(guard.begin(&login("ana", "192.168.0.7"), at(200)).is_err());
        assert_eq!(guard.begin(&own, at(200)), Ok(()));
        // But a browser that was stolen can't guess without a delay either.
        assert_eq!(guard.begin(&own, at(200)), seconds(1));
        // And that Ana is in again does not help the others.
        guard.succeeded(&own);
        assert!(guard.begin(&login("ana", "10.1.1.1"), at(200)).is_err());
    }

    #[test]
    fn an_address_is_wrong_ten_times_a_minute_over_all_accounts() {
        let mut guard = LoginGuard::default();
        for turn in 0..10 {
            let one = login(&format!("agent{turn}"), "2001:db8::1");
            assert_eq!(guard.begin(&one, at(turn)), Ok(()));
        }
        // Another address of the same customer of the provider.
        let same = login("bia", "2001:db8::ffff");
        assert_eq!(guard.begin(&same, at(10)), seconds(50));
        assert_eq!(
            guard.begin(&known("bia", "2001:db8::2", "c"), at(10)),
            seconds(50)
        );
        assert_eq!(
            guard.begin(&login("bia", "2001:db8:0:1::1"), at(10)),
            Ok(())
        );
        assert_eq!(guard.begin(&login("caio", "2001:db8::1"), at(60)), Ok(()));
        assert_eq!(
            guard.begin(&login("davi", "2001:db8::1"), at(60)),
            seconds(1)
        );
        // Right passwords don't count.
        let right = login("eva", "10.0.0.1");
        for _ in 0..50 {
            assert_eq!(guard.begin(&right, at(100)), Ok(()));
            guard.succeeded(&right);
        }
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), right.address);
    }

    #[test]
    fn a_try_that_could_not_be_checked_does_not_count() {
        let mut guard = LoginGuard::default();
        let ana = login("ana", "10.0.0.1");
        for _ in 0..50 {
            assert_eq!(guard.begin(&ana, at(0)), Ok(()));
            guard.was_not_checked(&ana);
        }
        assert!(guard.accounts.is_empty() && guard.addresses.is_empty());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut guard = LoginGuard::default();
        for turn in 0..10 {
            let _ = guard.begin(&login(&format!("agent{turn}"), "10.0.0.1"), at(5_000));
        }
        assert_eq!(guard.begin(&login("agent0", "10.0.0.1"), at(0)), Ok(()));
    }

    #[test]
    fn ten_thousand_names_and_addresses_do_not_make_it_forget_the_account_that_is_guessed() {
        let mut guard = LoginGuard::default();
        let ana = login("ana", "10.0.0.1");
        for now in [0, 1, 3, 7, 15] {
            assert_eq!(guard.begin(&ana, at(now)), Ok(()));
        }
        for turn in 0..REMEMBERED_MAX + 100 {
            let address = IpAddr::from([11, 0, (turn / 256) as u8, (turn % 256) as u8]);
            let other = LoginTry {
                address,
                ..login(&format!("name{turn}"), "10.0.0.1")
            };
            assert_eq!(guard.begin(&other, at(16)), Ok(()));
        }
        assert_eq!(guard.accounts.len(), REMEMBERED_MAX);
        assert_eq!(guard.addresses.len(), REMEMBERED_MAX);
        assert_eq!(guard.begin(&ana, at(16)), seconds(15));
    }

    proptest! {
        /// Whatever others do: between two wrong passwords of an account is its delay, an address is wrong ten times a minute, and
        /// the wait that we tell is true.
        #[test]
        fn the_limits_hold_in_every_order(
            tries in prop::collection::vec((0..3_u8, 0..3_u8, 0..20_000_u64, any::<bool>()), 1..200)
        ) {
            let mut guard = LoginGuard::default();
            let mut now = at(0);
            let mut row: HashMap<u8, (u32, Millis)> = HashMap::new();
            let mut wrong: HashMap<u8, Vec<Millis>> = HashMap::new();
            for (account, address, wait, is_right) in tries {
                now += Duration::from_millis(wait);
                let one = login(&format!("agent{account}"), &format!("10.0.0.{address}"));
                match guard.begin(&one, now) {
                    Err(wait) => {
                        prop_assert!(wait > Duration::ZERO && wait <= DELAY_MAX);
                        now += wait;
                        prop_assert_eq!(guard.begin(&one, now), Ok(()));
                    }
                    Ok(()) => {
                        if let Some((count, last)) = row.get(&account) {
                            let since = now.since(*last);
                            prop_assert!(since >= delay(*count) || since >= FORGOTTEN_AFTER);
                        }
                    }
                }
                if is_right {
                    guard.succeeded(&one);
                    row.remove(&account);
                    continue;
                }
                let before = row.get(&account).map_or(0, |(count, _)| *count);
                row.insert(account, (before + 1, now));
                let times = wrong.entry(address).or_default();
                times.push(now);
                let in_window = times.iter().filter(|then| now.since(**then) < WINDOW);
                prop_assert!(in_window.count() <= WRONG_MAX);
            }
        }
    }
}

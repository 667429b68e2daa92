//! Which process keeps the history.

use super::*;
use waha_sm::store::{Claimed, HistoryClaim};

const LONG: Duration = Duration::from_secs(60);
/// A lease that is over when the next command comes.
const OVER: Duration = Duration::ZERO;

fn claim(file: &str, who: &str, place: &str) -> HistoryClaim {
    HistoryClaim {
        file: file.to_owned(),
        process: process(who),
        place: place.to_owned(),
        label: format!("serve {who}"),
        may_replace: false,
    }
}

fn replacing(claim: &HistoryClaim) -> HistoryClaim {
    HistoryClaim {
        may_replace: true,
        ..claim.clone()
    }
}

#[test]
fn one_living_process_keeps_the_history_and_always_in_the_first_file() {
    block_on(async {
        let redis = Redis::start();
        let store = connect(&redis).await;
        let keep = async |claim: &HistoryClaim, hold_for| {
            store.keep_history(claim, hold_for).await.unwrap()
        };
        assert_eq!(store.kept_history().await.unwrap(), None);
        let first = claim("a", "one", "here");
        assert_eq!(keep(&first, LONG).await, Claimed::Taken);
        assert_eq!(keep(&first, LONG).await, Claimed::Kept);
        let kept = store.kept_history().await.unwrap().unwrap();
        assert_eq!(
            (kept.file.as_str(), kept.label.as_str(), kept.is_alive),
            ("a", "serve one", true)
        );

        // While it lives, no other file and no copy of this one; not even if the owner wants it.
        let other = claim("b", "two", "there");
        let copy = claim("a", "two", "there");
        let (elsewhere, shared) = (
            Claimed::Elsewhere("serve one".into()),
            Claimed::Shared("serve one".into()),
        );
        assert_eq!(keep(&other, LONG).await, elsewhere);
        assert_eq!(keep(&replacing(&other), LONG).await, elsewhere);
        assert_eq!(keep(&copy, LONG).await, shared);
        assert_eq!(keep(&replacing(&copy), LONG).await, shared);
        assert_eq!(
            keep(&claim("a", "three", ""), LONG).await,
            shared,
            "a place that is not known is no place"
        );
        // Where only one process can be, the one before is gone.
        assert_eq!(
            keep(&claim("a", "again", "here"), OVER).await,
            Claimed::Taken
        );

        // Once it is gone, the same file may be kept anywhere, and another one only if the owner wants it.
        assert!(!store.kept_history().await.unwrap().unwrap().is_alive);
        assert_eq!(
            keep(&other, LONG).await,
            Claimed::Left("serve again".into())
        );
        assert_eq!(keep(&copy, OVER).await, Claimed::Taken);
        assert_eq!(keep(&replacing(&other), LONG).await, Claimed::Taken);
        assert_eq!(
            keep(&first, LONG).await,
            Claimed::Elsewhere("serve two".into())
        );
    });
}

#[test]
fn a_full_redis_lets_the_history_be_kept_because_that_makes_space() {
    block_on(async {
        let redis = Redis::start();
        let store = connect(&redis).await;
        let first = claim("a", "one", "here");
        assert_eq!(
            store.keep_history(&first, LONG).await.unwrap(),
            Claimed::Taken
        );
        assert_eq!(redis.ask("CONFIG SET maxmemory 1"), "+OK");
        assert_eq!(
            store.keep_history(&first, LONG).await.unwrap(),
            Claimed::Kept
        );
        assert_eq!(redis.ask("CONFIG SET maxmemory 0"), "+OK");
    });
}

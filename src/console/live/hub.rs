//! The hub is responsible for the open pages: it looks again when something has changed, and sends each browser what differs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::shown::{PageEvent, ShownSection, difference, wire};
use super::subscribers::{Changes, Queued, Subscriber};
use crate::clock::Millis;
use crate::console::look::{ChangedSessions, ChatPlace, Look, Looker};
use crate::console::pages::{self, LineCache};
use crate::console::view::View;
use crate::ids::{AgentName, ChatId, SessionName};
use crate::service::kit::touched::Touched;
use crate::store::StoreError;

/// The shortest time between two looks. Ten changes a second are more than anybody can read.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// After this time everything is compared with Redis, whether it seems to have changed or not.
const COMPARE_INTERVAL: Duration = Duration::from_secs(15);
/// The same while the history can't be written: nothing tells us then what has changed.
const COMPARE_WITHOUT_HISTORY: Duration = Duration::from_secs(1);
/// How often pages that nobody shows are forgotten, and people who stopped typing.
const TIDY_UP_INTERVAL: Duration = Duration::from_secs(2);
/// A page that nobody shows is kept for this time, for a browser that comes back.
const KEEP_FOR: Duration = Duration::from_secs(60);
/// How many pages are kept.
const VIEWS_MAX: usize = 512;
/// How many streams a login may have. A browser opens six connections to a server at most, and pages need some.
const STREAMS_PER_LOGIN: usize = 4;
/// Somebody who typed counts as typing for this time.
const TYPING_FOR: Duration = Duration::from_secs(6);

/// See the module.
pub(in crate::console) struct Hub {
    looker: Looker,
    touched: Arc<Touched>,
    /// Unique for this run: ids of another run mean nothing here.
    boot: String,
    /// The first page was opened.
    opened: Notify,
    /// Held while looking, so that no page goes back in time.
    state: Mutex<HubState>,
}

#[derive(Default)]
struct HubState {
    look: Look,
    cache: LineCache,
    views: HashMap<View, OpenView>,
    /// Who types in a chat, and until when that counts.
    typing: HashMap<ChatPlace, HashMap<AgentName, Instant>>,
    next_number: u64,
}

/// A page that somebody shows, or did a moment ago.
struct OpenView {
    /// Different from that of an earlier view of the same page.
    number: u64,
    sections: Arc<Vec<ShownSection>>,
    changes: Changes,
    subscribers: Vec<Subscriber>,
    used: Instant,
    /// By login: its streams, oldest first.
    logins: Vec<(String, u64)>,
}

/// A page as it is now.
pub(in crate::console) struct PageNow {
    pub(in crate::console) sections: Arc<Vec<ShownSection>>,
    /// Where a stream has to continue.
    pub(in crate::console) id: String,
}

/// The stream of a page.
pub(in crate::console) struct Subscription {
    pub(in crate::console) number: u64,
    /// First the changes that the browser missed, then the new ones.
    pub(in crate::console) changes: mpsc::UnboundedReceiver<Bytes>,
    pub(in crate::console) queued: Queued,
}

impl Hub {
    pub(in crate::console) fn new(looker: Looker, touched: Arc<Touched>, boot: String) -> Self {
        Self {
            looker,
            touched,
            boot,
            opened: Notify::new(),
            state: Mutex::default(),
        }
    }

    /// Looks whenever something has changed, while pages are open.
    pub(in crate::console) async fn run(&self, shutdown: CancellationToken) {
        let mut next_compare = Instant::now() + COMPARE_INTERVAL;
        let mut watching = None;
        loop {
            match self.forget_unused().await {
                true => watching = watching.or_else(|| Some(self.touched.watch())),
                false => watching = None,
            }
            let tidy_up = Instant::now() + TIDY_UP_INTERVAL;
            let changed: Option<ChangedSessions> = tokio::select! {
                changed = self.touched.changed() => Some(changed.into_iter().collect()),
                () = sleep_until(next_compare.min(tidy_up)) => None,
                // A comparison finds the changes from before we watched.
                () = self.opened.notified() => {
                    next_compare = Instant::now();
                    continue;
                }
                () = shutdown.cancelled() => return,
            };
            let began = Instant::now();
            if changed.is_none() && began < next_compare {
                continue;
            }
            let looked = self.look_at(changed.as_ref()).await;
            if changed.is_none() {
                let in_trouble = looked.is_err() || self.looker.history_in_trouble();
                next_compare = Instant::now()
                    + match in_trouble {
                        true => COMPARE_WITHOUT_HISTORY,
                        false => COMPARE_INTERVAL,
                    };
            }
            if looked.is_err() {
                next_compare = next_compare.min(Instant::now() + COMPARE_WITHOUT_HISTORY);
            }
            // A look that takes long is made less often.
            let pause = LOOK_INTERVAL.max(began.elapsed() * 3);
            tokio::select! {
                () = sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Looks at what has changed (`None`: at everything) and sends what differs.
    async fn look_at(&self, changed: Option<&ChangedSessions>) -> Result<(), StoreError> {
        let mut state = self.state.lock().await;
        let views: Vec<View> = state.views.keys().cloned().collect();
        if views.is_empty() {
            return Ok(());
        }
        let now = Millis::now();
        let places = views.iter().filter_map(View::chat_place).collect();
        let rows = views.iter().map(View::rows).max().unwrap_or_default();
        let looked = self
            .looker
            .look_again(&mut state.look, changed, (places, rows), now)
            .await;
        if let Err(error) = &looked {
            state.look.redis_away = true;
            tracing::debug!(%error, "the console can't look at the line");
        }
        for view in views {
            self.refresh_open(&mut state, &view);
        }
        looked
    }

    /// Looks at a session again soon, and at this chat of it: not everything that people do is in the history at once.
    pub(in crate::console) fn look_soon(&self, session: &SessionName, chat: Option<&ChatId>) {
        self.touched.note(session, chat.cloned());
    }

    /// A page as it is now. If Redis fails: as it was, and the page says so.
    ///
    /// # Errors
    /// If Redis fails, and nothing is known yet.
    pub(in crate::console) async fn show(&self, view: &View) -> Result<PageNow, StoreError> {
        if !self.touched.is_watched() {
            self.opened.notify_one();
        }
        let mut state = self.state.lock().await;
        let now = Millis::now();
        let wanted = (&view.agent, view.chat_place(), view.rows());
        let looked = self.looker.look_at_page(&mut state.look, wanted, now).await;
        if let Err(error) = looked {
            state.look.redis_away = true;
            // The page of a moment ago is better than nothing, and the history can still be read.
            if state.look.agent(&view.agent).is_none() {
                return Err(error);
            }
        }
        self.refresh(&mut state, view, now);
        let open = state.views.get(view);
        Ok(PageNow {
            sections: open.map(|open| open.sections.clone()).unwrap_or_default(),
            id: open.map(|open| self.id_of(open)).unwrap_or_default(),
        })
    }

    fn id_of(&self, open: &OpenView) -> String {
        format!("{}:{}:{}", self.boot, open.number, open.changes.newest())
    }

    /// Compares a page with what it showed, and sends what differs.
    fn refresh(&self, state: &mut HubState, view: &View, now: Millis) {
        let people = self.people_at(state, view);
        let known = (&state.look, &mut state.cache);
        let sections = pages::sections(view, known, &people, now);
        let Some(open) = state.views.get_mut(view) else {
            state.next_number += 1;
            let number = state.next_number;
            state.views.insert(
                view.clone(),
                OpenView {
                    number,
                    sections: Arc::new(sections),
                    changes: Changes::default(),
                    subscribers: Vec::new(),
                    used: Instant::now(),
                    logins: Vec::new(),
                },
            );
            return;
        };
        open.used = Instant::now();
        let events = difference(&open.sections, &sections);
        if events.is_empty() {
            return;
        }
        open.sections = Arc::new(sections);
        let id = format!("{}:{}:{}", self.boot, open.number, open.changes.next());
        let change = wire(&events, &id);
        // A browser that does not keep up comes back, and loads the page again.
        open.subscribers.retain(|one| one.send(&change));
        open.changes.add(change);
    }

    /// Who else has this chat open, and who types there.
    fn people_at(&self, state: &HubState, view: &View) -> pages::PeopleAt {
        let Some(place) = view.chat_place() else {
            return pages::PeopleAt::default();
        };
        let looking = state.views.iter().filter(|(other, open)| {
            !open.subscribers.is_empty()
                && other.agent != view.agent
                && other.chat_place().as_ref() == Some(&place)
        });
        let mut looking: Vec<AgentName> = looking.map(|(other, _)| other.agent.clone()).collect();
        looking.sort();
        looking.dedup();
        let now = Instant::now();
        let typing = state.typing.get(&place).into_iter().flatten();
        let mut typing: Vec<AgentName> = typing
            .filter(|(agent, until)| **until > now && **agent != view.agent)
            .map(|(agent, _)| agent.clone())
            .collect();
        typing.sort();
        pages::PeopleAt { looking, typing }
    }

    /// Begins a stream. `last`: the id of the page, or of the last change that the browser got.
    pub(in crate::console) async fn subscribe(
        &self,
        view: &View,
        last: &str,
        login: &str,
    ) -> Subscription {
        let (sender, changes) = mpsc::unbounded_channel();
        let queued = Queued::default();
        let mut state = self.state.lock().await;
        state.next_number += 1;
        let number = state.next_number;
        let subscriber = Subscriber {
            number,
            sender,
            queued: queued.clone(),
        };
        end_oldest_stream(&mut state, login);
        // A page whose view was forgotten is loaded again.
        let known = state.views.get_mut(view).and_then(|open| {
            let behind = number_in(last, &self.boot, open.number)?;
            let missed: Vec<Bytes> = open.changes.after(behind)?.cloned().collect();
            Some((open, missed))
        });
        match known {
            Some((open, missed)) => {
                let keeps_up = missed.iter().all(|change| subscriber.send(change));
                match keeps_up {
                    true => {
                        open.used = Instant::now();
                        open.logins.push((login.to_owned(), number));
                        open.subscribers.push(subscriber);
                    }
                    false => resync(&subscriber),
                }
            }
            None => resync(&subscriber),
        }
        let places: Vec<ChatPlace> = view.chat_place().into_iter().collect();
        self.show_people(&mut state, &places);
        Subscription {
            number,
            changes,
            queued,
        }
    }

    /// Ends a stream.
    pub(in crate::console) async fn unsubscribe(&self, view: &View, number: u64) {
        let mut state = self.state.lock().await;
        if let Some(open) = state.views.get_mut(view) {
            open.subscribers.retain(|one| one.number != number);
            open.logins.retain(|(_, one)| *one != number);
            open.used = Instant::now();
        }
        let places: Vec<ChatPlace> = view.chat_place().into_iter().collect();
        self.show_people(&mut state, &places);
    }

    /// Notes that an agent types in a chat, and shows it to the others.
    pub(in crate::console) async fn note_typing(&self, agent: &AgentName, place: ChatPlace) {
        let mut state = self.state.lock().await;
        // Only while somebody could see it, so that the notes stay few.
        let is_open = state
            .views
            .keys()
            .any(|view| view.chat_place().as_ref() == Some(&place));
        if is_open {
            let typing = state.typing.entry(place.clone()).or_default();
            typing.insert(agent.clone(), Instant::now() + TYPING_FOR);
            self.show_people(&mut state, &[place]);
        }
    }

    /// Refreshes the pages of these chats: who looks or types has changed.
    fn show_people(&self, state: &mut HubState, places: &[ChatPlace]) {
        let views: Vec<View> = state
            .views
            .keys()
            .filter(|view| {
                view.chat_place()
                    .is_some_and(|place| places.contains(&place))
            })
            .cloned()
            .collect();
        for view in views {
            self.refresh_open(state, &view);
        }
    }

    fn refresh_open(&self, state: &mut HubState, view: &View) {
        let used = state.views.get(view).map(|open| open.used);
        self.refresh(state, view, Millis::now());
        if let (Some(open), Some(used)) = (state.views.get_mut(view), used) {
            open.used = used;
        }
    }

    /// Forgets pages that nobody shows any more. Returns whether somebody shows one.
    async fn forget_unused(&self) -> bool {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        let mut ended_typing = Vec::new();
        state.typing.retain(|place, agents| {
            let before = agents.len();
            agents.retain(|_, until| *until > now);
            if agents.len() < before {
                ended_typing.push(place.clone());
            }
            !agents.is_empty()
        });
        self.show_people(&mut state, &ended_typing);
        for open in state.views.values_mut() {
            open.subscribers.retain(|one| !one.sender.is_closed());
            if !open.subscribers.is_empty() {
                open.used = now;
            }
        }
        let views = &mut state.views;
        views.retain(|_, open| now.duration_since(open.used) < KEEP_FOR);
        if views.len() > VIEWS_MAX {
            let mut unused: Vec<(Instant, View)> = views
                .iter()
                .filter(|(_, open)| open.subscribers.is_empty())
                .map(|(view, open)| (open.used, view.clone()))
                .collect();
            unused.sort_by_key(|(used, _)| *used);
            let surplus = views.len() - VIEWS_MAX;
            for (_, view) in unused.into_iter().take(surplus) {
                views.remove(&view);
            }
            if views.len() > VIEWS_MAX {
                warn!(pages = views.len(), "very many console pages are open");
            }
        }
        !views.is_empty()
    }
}

/// A login with too many streams loses the oldest one; its page then asks now and then.
fn end_oldest_stream(state: &mut HubState, login: &str) {
    let mut streams: Vec<(u64, View)> = state
        .views
        .iter()
        .flat_map(|(view, open)| {
            let of_login = open.logins.iter().filter(|(one, _)| one == login);
            of_login.map(|(_, number)| (*number, view.clone()))
        })
        .collect();
    streams.sort_by_key(|(number, _)| *number);
    let surplus = (streams.len() + 1).saturating_sub(STREAMS_PER_LOGIN);
    for (number, view) in streams.into_iter().take(surplus) {
        if let Some(open) = state.views.get_mut(&view) {
            open.logins.retain(|(_, one)| *one != number);
            let (ended, kept) = std::mem::take(&mut open.subscribers)
                .into_iter()
                .partition(|one: &Subscriber| one.number == number);
            open.subscribers = kept;
            let ended: Vec<Subscriber> = ended;
            for one in ended {
                one.send(&wire(&[PageEvent::plain("poll")], ""));
            }
        }
    }
}

fn resync(subscriber: &Subscriber) {
    subscriber.send(&wire(&[PageEvent::plain("resync")], ""));
}

/// The number of the change in an id of this run and view.
fn number_in(id: &str, boot: &str, view: u64) -> Option<u64> {
    let mut parts = id.split(':');
    let (of_boot, of_view, number) = (parts.next()?, parts.next()?, parts.next()?);
    let is_ours = of_boot == boot && of_view.parse() == Ok(view);
    is_ours.then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_counts_only_in_its_own_run_and_page() {
        assert_eq!(number_in("b:3:17", "b", 3), Some(17));
        for id in ["a:3:17", "b:4:17", "b:3", "b:3:x", ""] {
            assert_eq!(number_in(id, "b", 3), None, "{id}");
        }
    }
}

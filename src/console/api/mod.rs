//! What can be done and read, as JSON: for the pages, and for a shop's own scripts with a token.
//!
//! | path (after `/api/v1`) | for | does |
//! |---|---|---|
//! | `POST /take-next` | agents | takes the next customer in the agent's lines |
//! | `POST /chats/SESSION/CHAT/{take,say,needs-none,note,give,close,move,typing}` | agents | something with a conversation |
//! | `POST /lines/SESSION/{pause,resume}` | owners | pauses a line, or ends that |
//! | `GET /line`, `GET /chats/SESSION/CHAT`, `GET /agents`, `GET /canned` | agents | what is now |
//! | `GET /history`, `GET /conversations` | agents | what a search finds, newest first: its fields, `limit`, and `cursor` for the next page |
//! | `GET /reports` | owners | the numbers of a period: `days`, or `since` and `until` |
//! | `GET /live` | agents | the stream of changes |
//! | `POST /me/{language,password,logout-all}` | agents | what agents change for themselves |
//! | `GET /tokens`, `POST /tokens`, `DELETE /tokens/ID` | agents | their own API tokens; owners name another `agent` |
//! | `POST /agents`, `POST /agents/NAME/{off,passwd}` | owners | adds and changes agents, switches one off, makes a new link |
//! | `POST /canned`, `DELETE /canned/NAME` | owners | saved replies |
//! | `GET /sessions`, `POST /sessions/SESSION/{start,restart,stop,logout,code}` | owners | the sessions |
//! | `GET /dead`, `POST /dead/{retry,drop}` | owners | replies that were given up |
//! | `GET /people/CHAT`, `POST /people/CHAT/erase` | owners | one customer's data: exported and erased |
//! | `GET /health`, `GET /audit` | owners | what works and what does not; what people did with the program itself |

mod actions;
mod agents;
mod audit;
mod canned;
mod dead;
mod fields;
mod health;
mod me;
mod outcome;
mod paths;
mod people;
mod problems;
mod reads;
mod sessions;
mod tokens;

pub(super) use paths::answer;

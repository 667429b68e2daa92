//! The console: the line, the chats and the numbers in a browser, for the people who answer customers.
//!
//! Pages are written on the server (`pages`), and a small script in the browser keeps them up to date (`live`). What people do
//! goes through one API (`api`), which the pages and a shop's own scripts use alike. Who may do it is decided by the desk
//! ([`service/desk`](crate::service::desk)) and by the accounts ([`service/accounts`](crate::service::accounts)).
//!
//! | file | holds |
//! |---|---|
//! | `console` | the agent: connections, and what all requests share |
//! | `routes` | which path does what |
//! | `request`, `answer` | what a browser asks, and what it gets, with the security headers |
//! | `address` | the address in a browser, as the owner sets it |
//! | `origin` | our own address: the prefix of links, and which requests may change something |
//! | `look` | the lines and chats as they were at the last look |
//! | `who`, `login` | who asks; logging in and out |
//! | `dead`, `me`, `settings` | what these pages read |
//! | `audit` | notes what people did with the program itself |
//! | `finding_words` | what the checkup finds, in words |
//! | `boxed` | futures on the heap |
//! | `view` | which page an agent shows |
//! | `texts` | every word that people read, in three languages |
//! | `pages` | the HTML; only this room knows maud |
//! | `live` | what changed, sent to the browsers that show it |
//! | `api` | what people and scripts do, and read as JSON |
//! | `media` | the files of messages, from WAHA |
//! | `session_state`, `sessions` | what the status of a session means, and what is known of each |
//! | `assets` | the script and the style, under names that change with their content |
//! | `records` | the past: what a search finds, downloads, reports |
//! | `readers` | the connections that read the history |

pub mod address;
mod answer;
mod api;
mod assets;
mod audit;
mod boxed;
#[expect(clippy::module_inception, reason = "what the room is about")]
pub(crate) mod console;
mod dead;
pub(crate) mod finding_words;
mod live;
mod login;
mod look;
mod me;
mod media;
mod origin;
mod pages;
mod readers;
mod records;
mod request;
mod routes;
mod session_state;
mod sessions;
mod settings;
mod texts;
mod view;
mod who;

//! The console over HTTP and in a real browser: what agents see, click and type, and what strangers write to it.

mod caller;
mod console_shop;
mod hostile;
mod keyboard;
mod languages;
mod login;
mod looks;
mod media;
mod pairing;
mod records;
mod restart;
mod reverse_proxy;
mod rights;
mod secrets;
mod sessions;
mod settings;
mod sub_path;
mod two_agents;
mod visitor;

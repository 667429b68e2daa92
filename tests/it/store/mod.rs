//! Redis: the private server, its faults, the store's own promises, and data of the previous version.

mod before;
mod contact;
mod direct;
mod full_redis;
mod lone_connections;
mod model;
mod private_redis;
mod redis_faults;
mod replicas;
mod rollback;

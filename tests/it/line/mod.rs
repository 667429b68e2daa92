//! Customers who wait: their place, their notices, and the estimates that they read.

mod queue;
mod queue_day;

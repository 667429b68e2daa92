//! Customers who wait: their places, their notices, and the estimates in them.

mod queue;
mod queue_day;

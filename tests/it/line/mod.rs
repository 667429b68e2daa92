//! Customers who wait: their places, their notices, and the estimates in them.

mod people;
mod queue;
mod queue_day;

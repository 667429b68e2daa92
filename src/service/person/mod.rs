//! One customer's data as a whole, for the command line and the console.
//!
//! | file | what it does |
//! |---|---|
//! | [`persons`] | finds, exports and erases everything that we keep of a person |

pub mod persons;

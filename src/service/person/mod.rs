//! One customer's data as a whole, for the command line and the console.
//!
//! | file | what it does |
//! |---|---|
//! | [`bytes_left`] | says which files still have a person's number |
//! | [`page_texts`] | the words of the page, in each language |
//! | [`person_zip`] | the data as a zip, with JSON and a page |
//! | [`persons`] | finds, exports and erases everything that we keep of a person |

pub mod bytes_left;
mod page_texts;
pub mod person_zip;
pub mod persons;

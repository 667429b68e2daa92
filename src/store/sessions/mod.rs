//! What is kept of a session as a whole: its status, its history, its figures, what its owner was told.

pub(crate) mod catch_up;
pub(crate) mod figures;
pub(crate) mod history;
pub(crate) mod owner_notices;
pub(crate) mod status;

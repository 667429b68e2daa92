//! What we keep for a whole session: its status, history, figures, catching up, and the notifications to its owner.

pub(crate) mod audit;
pub(crate) mod busy;
pub(crate) mod catch_up;
pub(crate) mod due;
pub(crate) mod erasure;
pub(crate) mod figures;
pub(crate) mod history;
pub(crate) mod owner_notices;
pub(crate) mod people;
pub(crate) mod status;
pub(crate) mod turns;
pub(crate) mod write_back;

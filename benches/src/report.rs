//! Shows results as tables and plots, and compares them with the targets. Measures nothing.

pub(crate) mod plots;
pub(crate) mod table;
pub(crate) mod targets;

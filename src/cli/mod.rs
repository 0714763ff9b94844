//! One file per subcommand; words for people.

pub(crate) mod audit;

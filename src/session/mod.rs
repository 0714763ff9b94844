pub(crate) mod editor;

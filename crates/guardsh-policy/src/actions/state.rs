//! What is known of the shell at a point of the text, and how two such points join.
//!
//! Every answer errs to "unknown": a variable that is not surely what it seems is [`Value::Unknown`],
//! and a lookup that may have changed is flagged, never guessed.

use crate::action::{ActionWord, Folder};
use guardsh_syntax::Function;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// More values than this of one variable are not told apart.
pub(super) const MAX_VALUES: usize = 32;
/// More variables than this are not followed: past it every one is unknown.
const MAX_NAMES: usize = 256;
/// A longer value is not kept.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// What a variable holds, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Not set.
    Unset,
    /// One of these, at least one.
    Values(Vec<Vec<u8>>),
    /// The elements of an indexed array, all of them, from 0 on.
    List(Rc<Vec<Vec<u8>>>),
    /// A plain decimal integer, which one is not known.
    Number,
    /// Anything.
    Unknown,
}

impl Value {
    /// One known value, or unknown where it is too long to keep.
    pub(super) fn one(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        if bytes.len() > MAX_VALUE_BYTES {
            return Self::Unknown;
        }
        Self::Values(vec![bytes])
    }

    /// What it is when it may be either.
    pub(super) fn join(&self, other: &Self) -> Self {
        if self == other {
            return self.clone();
        }
        if let (Self::Values(left), Self::Values(right)) = (self, other) {
            let all: BTreeSet<&Vec<u8>> = left.iter().chain(right).collect();
            if all.len() <= MAX_VALUES {
                return Self::Values(all.into_iter().cloned().collect());
            }
        }
        if self.is_integer() && other.is_integer() {
            return Self::Number;
        }
        Self::Unknown
    }

    /// Whether it can only be a plain decimal integer.
    pub(super) fn is_integer(&self) -> bool {
        match self {
            Self::Number => true,
            Self::Values(values) => values.iter().all(|value| is_plain_integer(value)),
            Self::Unset | Self::List(_) | Self::Unknown => false,
        }
    }
}

/// Whether these bytes are a decimal integer that every shell reads alike (no leading zero: octal).
pub(super) fn is_plain_integer(bytes: &[u8]) -> bool {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    !digits.is_empty()
        && digits.len() <= 18
        && digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || !digits.starts_with(b"0"))
}

/// Whether programs see a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exported {
    No,
    Perhaps,
    Yes,
}

impl Exported {
    pub(super) fn known(exported: bool) -> Self {
        if exported { Self::Yes } else { Self::No }
    }

    /// Whether a program may see it.
    pub(super) fn may(self) -> bool {
        self != Self::No
    }

    /// What it is when it may be either.
    pub(super) fn join(self, other: Self) -> Self {
        if self == other { self } else { Self::Perhaps }
    }
}

/// A variable at a point of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Var {
    /// What it holds.
    pub(super) value: Value,
    /// Whether programs see it.
    pub(super) exported: Exported,
    /// Whether assigning to it surely just stores the text: no integer, nameref, case, readonly attribute
    /// and no array.
    pub(super) plain: bool,
}

impl Var {
    /// Nothing is known of it.
    pub(super) fn unknown() -> Self {
        Self {
            value: Value::Unknown,
            exported: Exported::Perhaps,
            plain: false,
        }
    }

    /// What it is when it may be either.
    pub(super) fn join(&self, other: &Self) -> Self {
        Self {
            value: self.value.join(&other.value),
            exported: self.exported.join(other.exported),
            plain: self.plain && other.plain,
        }
    }
}

/// What is known of variables that the text has not touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// They are as the world says.
    World,
    /// A shell started by the text: the world's exported ones, without attributes.
    Environment,
    /// A shell started by the text when nothing was known of its parent's: anything, but without attributes.
    Inherited,
    /// Their values are not known, their attributes are as the world says.
    Forgotten,
    /// Anything may have changed.
    Lost,
}

/// A function as far as the text has touched it.
#[derive(Clone, Debug)]
pub(super) enum Func {
    /// Defined by the text, surely.
    Defined(Rc<Definition>),
    /// Unset by the text, surely.
    Unset,
    /// Perhaps defined, perhaps not, or one of several.
    Unsure,
}

impl Func {
    fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Defined(left), Self::Defined(right)) => {
                Rc::ptr_eq(left, right) || left.function == right.function
            }
            (Self::Unset, Self::Unset) | (Self::Unsure, Self::Unsure) => true,
            (Self::Defined(_) | Self::Unset | Self::Unsure, _) => false,
        }
    }
}

/// A definition that the text holds.
#[derive(Debug)]
pub(super) struct Definition {
    /// Its tree.
    pub(super) function: Function,
    /// The text that its spans point into.
    pub(super) text: Rc<[u8]>,
    /// The options of `set` and the like are the caller's; only where aliases were replaced differs.
    pub(super) aliases: super::alias::Aliases,
}

/// What is known of the shell at a point of the text.
#[derive(Clone, Debug)]
pub(super) struct State {
    vars: Rc<BTreeMap<Vec<u8>, Var>>,
    /// Variables that are not in the map.
    pub(super) base: Base,
    funcs: Rc<BTreeMap<Vec<u8>, Func>>,
    /// Functions and aliases, and what is a builtin, may have changed: no bare word is what it seems.
    pub(super) names_changed: bool,
    /// PATH or the hash table may have changed: no file found by a bare name is what it seems.
    pub(super) files_changed: bool,
    /// Options of the shell may have changed.
    pub(super) options_changed: bool,
    /// Where the shell is.
    pub(super) folder: Folder,
    /// Where `cd -` leads.
    pub(super) old_folder: Folder,
    /// `$1` …; `None` where they are not known at all.
    pub(super) positional: Option<Rc<Vec<ActionWord>>>,
    /// Descriptors 3 to 7 that the text opened, one bit each.
    pub(super) descriptors: u8,
    /// Descriptors 0 to 7 that surely were opened for writing, one bit each: only these change nothing new
    /// when they are opened once more by their path.
    pub(super) outputs: u8,
}

impl State {
    /// The shell before the text.
    pub(super) fn new(base: Base, folder: Folder) -> Self {
        Self {
            vars: Rc::default(),
            base,
            funcs: Rc::default(),
            names_changed: false,
            files_changed: false,
            options_changed: false,
            folder,
            old_folder: Folder::Unknown,
            positional: None,
            descriptors: 0,
            outputs: 0b110,
        }
    }

    /// How much work a join with another state may be.
    pub(super) fn weight(&self) -> usize {
        self.vars.len() + self.funcs.len()
    }

    /// The variable, if the text has touched it.
    pub(super) fn var(&self, name: &[u8]) -> Option<&Var> {
        self.vars.get(name)
    }

    /// Every variable that the text has touched.
    pub(super) fn vars(&self) -> impl Iterator<Item = (&Vec<u8>, &Var)> {
        self.vars.iter()
    }

    /// Stores what is known of a variable from here on.
    pub(super) fn set_var(&mut self, name: &[u8], var: Var) {
        if self.vars.len() >= MAX_NAMES && !self.vars.contains_key(name) {
            self.lose_vars();
            return;
        }
        Rc::make_mut(&mut self.vars).insert(name.to_vec(), var);
    }

    /// The function, if the text has touched it.
    pub(super) fn func(&self, name: &[u8]) -> Option<&Func> {
        self.funcs.get(name)
    }

    /// Stores what is known of a function from here on.
    pub(super) fn set_func(&mut self, name: &[u8], func: Func) {
        if self.funcs.len() >= MAX_NAMES && !self.funcs.contains_key(name) {
            self.names_changed = true;
            return;
        }
        Rc::make_mut(&mut self.funcs).insert(name.to_vec(), func);
    }

    /// Forgets every variable.
    pub(super) fn lose_vars(&mut self) {
        self.vars = Rc::default();
        self.base = Base::Lost;
    }

    /// Forgets everything: something ran that cannot be seen.
    pub(super) fn lose_all(&mut self) {
        self.lose_vars();
        self.names_changed = true;
        self.files_changed = true;
        self.options_changed = true;
        self.folder = Folder::Unknown;
        self.old_folder = Folder::Unknown;
        self.positional = None;
    }

    /// Whether exactly the same is known.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        let same_funcs = Rc::ptr_eq(&self.funcs, &other.funcs)
            || (self.funcs.len() == other.funcs.len()
                && self.funcs.iter().zip(other.funcs.iter()).all(
                    |((left_name, left), (right_name, right))| {
                        left_name == right_name && left.same_as(right)
                    },
                ));
        same_funcs
            && (Rc::ptr_eq(&self.vars, &other.vars) || self.vars == other.vars)
            && self.base == other.base
            && self.names_changed == other.names_changed
            && self.files_changed == other.files_changed
            && self.options_changed == other.options_changed
            && self.folder == other.folder
            && self.old_folder == other.old_folder
            && self.positional == other.positional
            && self.descriptors == other.descriptors
            && self.outputs == other.outputs
    }

    /// What is known where the shell may be in either state. `base` answers for variables that one of the
    /// two has not touched.
    pub(super) fn join(mut self, other: &Self, base: &mut dyn FnMut(Base, &[u8]) -> Var) -> Self {
        if !Rc::ptr_eq(&self.vars, &other.vars) || self.base != other.base {
            // Most of them are the same on both sides: only the others are touched.
            let mut changed: Vec<(Vec<u8>, Var)> = Vec::new();
            for (name, right) in other.vars.iter() {
                match self.vars.get(name) {
                    Some(left) if left == right => {}
                    Some(left) => changed.push((name.clone(), left.join(right))),
                    None => changed.push((name.clone(), base(self.base, name).join(right))),
                }
            }
            for (name, left) in self.vars.iter() {
                if !other.vars.contains_key(name) {
                    changed.push((name.clone(), left.join(&base(other.base, name))));
                }
            }
            if self.base != other.base {
                self.base = Base::Lost;
            }
            for (name, var) in changed {
                self.set_var(&name, var);
            }
        }
        if !Rc::ptr_eq(&self.funcs, &other.funcs) {
            let names: BTreeSet<Vec<u8>> = self
                .funcs
                .keys()
                .chain(other.funcs.keys())
                .cloned()
                .collect();
            for name in names {
                let same = match (self.funcs.get(&name), other.funcs.get(&name)) {
                    (Some(left), Some(right)) => left.same_as(right),
                    (Some(_), None) | (None, Some(_)) | (None, None) => false,
                };
                if !same {
                    self.set_func(&name, Func::Unsure);
                }
            }
        }
        self.names_changed |= other.names_changed;
        self.files_changed |= other.files_changed;
        self.options_changed |= other.options_changed;
        if self.folder != other.folder {
            self.folder = Folder::Unknown;
        }
        if self.old_folder != other.old_folder {
            self.old_folder = Folder::Unknown;
        }
        if self.positional != other.positional {
            self.positional = None;
        }
        self.descriptors &= other.descriptors;
        self.outputs &= other.outputs;
        self
    }
}

/// Something that a stretch of text did to the state, kept so that a loop or a jump can take it into
/// account wherever it may happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A variable was given this.
    Var(Vec<u8>, Var),
    /// A function was defined or unset.
    Func(Vec<u8>),
    /// `cd` and its kin.
    Folder,
    /// `set --`, `shift`.
    Positional,
    /// PATH, hash.
    Files,
    /// Aliases, builtins.
    Names,
    /// `set`, `shopt`.
    Options,
    /// All of these at once.
    Everything,
    /// The text may leave the function here.
    Return,
}

//! Path patterns, and the places that a word may lead to.
//!
//! `*`, `?` and `[…]` stop at a slash, `**` does not. A path is compared in two forms: as it is written
//! (made absolute, `.` and `..` taken out) and as it really is (links resolved). What allows must match
//! the real one; what forbids may match either.

use crate::action::{ActionWord, Count, Folder, Piece, WordState};
use crate::pattern::{
    Class, Match, PatternChar, PatternError, Symbol, expand_braces, first_char, read_class, split,
};
use crate::world::{Known, Variable, World};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A pattern for paths.
#[derive(Clone, Debug)]
pub struct PathPattern {
    text: String,
    root: Root,
    /// One for each way to read the braces. Of [`Root::Absolute`] they begin with the slash; of the
    /// others with what follows the root.
    tails: Vec<Tail>,
}

/// Where a pattern begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    /// `/`
    Absolute,
    /// `~`
    Home,
    /// `.`
    Start,
    /// `**/`
    Floating,
}

/// Where a pattern begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatternKind {
    /// At the root.
    Absolute,
    /// At a home.
    Home,
    /// At the session's folder.
    Start,
    /// Anywhere.
    Floating,
}

#[derive(Clone, Debug)]
struct Tail {
    tokens: Vec<Token>,
    /// The literal bytes that the tail begins with, without the slash of a `/**` behind them: `x/**` is
    /// `x` itself too, where it protects.
    stem: Vec<u8>,
}

#[derive(Clone, Debug)]
enum Token {
    Literal(Vec<u8>),
    Question,
    Star,
    Class(Class),
    /// `**`
    Everything,
    /// `**/` behind a slash: no folder or several.
    Folders,
}

/// What is wrong with a path pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathPatternError {
    /// Bad quotes, brackets or braces.
    #[error(transparent)]
    Word(#[from] PatternError),
    /// Blanks that are not quoted.
    #[error("a path pattern is one word; quote blanks that belong to it")]
    SeveralWords,
    /// It is not said where the path begins.
    #[error(
        "a path pattern begins with `/`, `~/`, `./` or `**/`; `{0}` does not say which folder it means (perhaps `**/{0}`)"
    )]
    NoRoot(String),
    /// `~name/…`
    #[error("`{0}`: another user's home has to be written out")]
    OtherHome(String),
    /// `..` in a pattern never matches, because paths are compared without it.
    #[error("`{0}`: `..` never matches; write the folder out")]
    Parent(String),
}

/// Whether a match has to be certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certainty {
    /// Whatever the symbols become.
    Sure,
    /// Something that the symbols may become.
    Possible,
}

/// How many symbols of partly known words one submission may have compared with the protected paths: some tenths
/// of a second at most.
const MOST_LOOKED_AT: usize = 30_000;

/// The folders that `~` and `./` stand for, found when first needed.
#[derive(Debug, Default)]
pub(crate) struct Ground {
    start_folder: Option<PathBuf>,
    known: Option<Roots>,
    looked_at: usize,
}

#[derive(Debug)]
struct Roots {
    /// For allow: the home of the user database, and what it really is.
    home: Vec<Vec<u8>>,
    /// For deny, ask and protect: those and `$HOME`.
    homes: Vec<Vec<u8>>,
    /// The session's folder, and what it really is.
    start: Vec<Vec<u8>>,
    /// The session's folder, really.
    start_real: Vec<Vec<u8>>,
    /// `*` may match names that begin with a dot.
    dotglob: bool,
}

impl Ground {
    /// `start_folder`: where the session began, if it is not where the submission begins.
    pub(crate) fn new(start_folder: Option<PathBuf>) -> Self {
        Self {
            start_folder,
            known: None,
            looked_at: 0,
        }
    }

    /// Counts work; `false` once there was too much of it.
    pub(crate) fn look_at(&mut self, symbols: &[Symbol]) -> bool {
        self.looked_at = self.looked_at.saturating_add(symbols.len());
        self.looked_at <= MOST_LOOKED_AT
    }

    fn roots(&mut self, world: &mut dyn World) -> &Roots {
        let Self {
            start_folder,
            known,
            looked_at: _,
        } = self;
        known.get_or_insert_with(|| {
            let database = world.home();
            let mut home = Vec::new();
            add_root(&mut home, &database);
            if let Some(real) = world.real_path(&database) {
                add_root(&mut home, &real);
            }
            let mut homes = home.clone();
            if let Known::Yes(Variable::Scalar { value, .. }) = world.variable(b"HOME")
                && value.first() == Some(&b'/')
            {
                let typed = PathBuf::from(OsStr::from_bytes(&value));
                if let Some(real) = world.real_path(&typed) {
                    add_root(&mut homes, &real);
                }
                add_root(&mut homes, &typed);
            }
            let mut start = Vec::new();
            let mut start_real = Vec::new();
            let folder = match start_folder {
                Some(folder) => Some(folder.clone()),
                None => match world.folder() {
                    Folder::Known(folder) => Some(folder),
                    Folder::Unknown => None,
                },
            };
            if let Some(folder) = folder {
                add_root(&mut start, &folder);
                if let Some(real) = world.real_path(&folder) {
                    add_root(&mut start, &real);
                    add_root(&mut start_real, &real);
                }
            }
            // Unknown counts as on: it only makes more globs reach protected names.
            let dotglob = world.option("dotglob") != Known::Yes(false);
            Roots {
                home,
                homes,
                start,
                start_real,
                dotglob,
            }
        })
    }

    /// The homes that `~` means where something is forbidden.
    pub(crate) fn homes(&mut self, world: &mut dyn World) -> &[Vec<u8>] {
        &self.roots(world).homes
    }

    /// The home that `~` means where something is allowed.
    pub(crate) fn home(&mut self, world: &mut dyn World) -> &[Vec<u8>] {
        &self.roots(world).home
    }

    /// The session's folder.
    pub(crate) fn start(&mut self, world: &mut dyn World) -> &[Vec<u8>] {
        &self.roots(world).start
    }
}

fn add_root(roots: &mut Vec<Vec<u8>>, path: &Path) {
    let root = normalized(path.as_os_str().as_bytes());
    if !roots.contains(&root) {
        roots.push(root);
    }
}

/// One place that a word may lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Known.
    Path(KnownPath),
    /// Partly known: an absolute path of symbols, or one that begins with [`Symbol::Unknown`].
    Partly(Vec<Symbol>),
}

/// A path that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownPath {
    /// Absolute, without `.` and `..`.
    pub(crate) written: Vec<u8>,
    /// With links resolved; `None` where that cannot be told.
    pub(crate) real: Option<Vec<u8>>,
}

impl KnownPath {
    /// The forms in which what forbids looks at it.
    pub(crate) fn forms(&self) -> impl Iterator<Item = &[u8]> {
        let real = self.real.as_deref().filter(|real| *real != self.written);
        std::iter::once(self.written.as_slice()).chain(real)
    }
}

/// Whether to ask the world what a path really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    /// Yes.
    Resolve,
    /// The text alone is looked at.
    Leave,
}

/// The places that a word may lead to from a folder.
pub(crate) fn places(
    word: &ActionWord,
    folder: &Folder,
    ground: &mut Ground,
    world: &mut dyn World,
) -> Vec<Place> {
    match &word.state {
        WordState::Literal(value) => {
            vec![place_of_bytes(value, folder, world, Links::Resolve)]
        }
        WordState::Resolved(values) => values
            .iter()
            .map(|value| place_of_bytes(value, folder, world, Links::Resolve))
            .collect(),
        WordState::Pattern(pieces) => {
            let dotglob = ground.roots(world).dotglob;
            vec![Place::Partly(absolute_symbols(
                glob_symbols(pieces, dotglob),
                folder,
            ))]
        }
        WordState::Dynamic(pieces) => {
            let symbols = crate::pattern::symbols(pieces);
            let first = symbols.iter().position(|s| *s == Symbol::Unknown);
            let last = symbols.iter().rposition(|s| *s == Symbol::Unknown);
            let (Some(first), Some(last), Count::Any) = (first, last, word.count) else {
                return vec![Place::Partly(absolute_symbols(symbols, folder))];
            };
            // Split into words, what stands before belongs to the first and what stands behind to the last.
            let begin = symbols.get(..=first).unwrap_or_default().to_vec();
            let end = symbols.get(last..).unwrap_or_default().to_vec();
            vec![
                Place::Partly(absolute_symbols(begin, folder)),
                Place::Partly(absolute_symbols(end, folder)),
            ]
        }
    }
}

/// The place that a known path leads to.
pub(crate) fn place_of_bytes(
    value: &[u8],
    folder: &Folder,
    world: &mut dyn World,
    links: Links,
) -> Place {
    let joined = if value.first() == Some(&b'/') {
        value.to_vec()
    } else {
        match folder {
            Folder::Known(folder) => {
                [folder.as_os_str().as_bytes(), b"/".as_slice(), value].concat()
            }
            Folder::Unknown => {
                let symbols = [Symbol::Unknown, Symbol::Byte(b'/')]
                    .into_iter()
                    .chain(value.iter().copied().map(Symbol::Byte))
                    .collect();
                return Place::Partly(symbols);
            }
        }
    };
    let real = match links {
        // Not the normalized form: `link/..` is not the folder of the link.
        Links::Resolve => world
            .real_path(Path::new(OsStr::from_bytes(&joined)))
            .map(|path| path.as_os_str().as_bytes().to_vec()),
        Links::Leave => None,
    };
    Place::Path(KnownPath {
        written: normalized(&joined),
        real,
    })
}

/// An absolute path without empty parts, `.` and `..`.
pub(crate) fn normalized(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    if parts.is_empty() {
        return b"/".to_vec();
    }
    let mut whole = Vec::with_capacity(path.len());
    for part in parts {
        whole.push(b'/');
        whole.extend_from_slice(part);
    }
    whole
}

/// The symbols of a glob. Without dotglob a name that begins with a wildcard does not begin with a dot.
fn glob_symbols(pieces: &[Piece], dotglob: bool) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let begins_name = matches!(symbols.last(), None | Some(Symbol::Byte(b'/')));
        match piece {
            Piece::Known(bytes) => symbols.extend(bytes.iter().copied().map(Symbol::Byte)),
            Piece::Unknown => symbols.push(Symbol::Unknown),
            Piece::Question if begins_name && !dotglob => symbols.push(Symbol::Visible),
            Piece::Question => symbols.push(Symbol::Character),
            Piece::Bracket(_) if begins_name && !dotglob => symbols.push(Symbol::Visible),
            Piece::Bracket(_) => symbols.push(Symbol::Character),
            Piece::Star => {
                // The star may stand for nothing where other text follows, unless that is a dot.
                let begins_visible = match pieces.get(index + 1) {
                    None => true,
                    Some(Piece::Known(next)) => matches!(next.first(), Some(b'/' | b'.')),
                    Some(Piece::Star | Piece::Question | Piece::Bracket(_) | Piece::Unknown) => {
                        false
                    }
                };
                if begins_name && !dotglob {
                    symbols.push(if begins_visible {
                        Symbol::Visible
                    } else {
                        Symbol::VisibleOrNothing
                    });
                }
                symbols.push(Symbol::Segment);
            }
        }
    }
    symbols
}

/// Makes symbols absolute and takes out what can be taken out of `.` and `..`.
fn absolute_symbols(symbols: Vec<Symbol>, folder: &Folder) -> Vec<Symbol> {
    let mut whole = match symbols.first() {
        Some(Symbol::Byte(b'/') | Symbol::Unknown) => symbols,
        Some(
            Symbol::Byte(_)
            | Symbol::Character
            | Symbol::Visible
            | Symbol::VisibleOrNothing
            | Symbol::Segment,
        )
        | None => {
            let mut whole: Vec<Symbol> = match folder {
                Folder::Known(folder) => folder
                    .as_os_str()
                    .as_bytes()
                    .iter()
                    .copied()
                    .map(Symbol::Byte)
                    .collect(),
                Folder::Unknown => vec![Symbol::Unknown],
            };
            whole.push(Symbol::Byte(b'/'));
            whole.extend(symbols);
            whole
        }
    };
    let rooted = whole.first() == Some(&Symbol::Byte(b'/'));
    let mut parts: Vec<Vec<Symbol>> = Vec::new();
    for part in whole.split(|symbol| *symbol == Symbol::Byte(b'/')) {
        match part {
            [] | [Symbol::Byte(b'.')] => {}
            [Symbol::Byte(b'.'), Symbol::Byte(b'.')] => match parts.last() {
                Some(last) if !last.contains(&Symbol::Unknown) => {
                    parts.pop();
                }
                Some(_) => parts.push(part.to_vec()),
                None => {}
            },
            _ => parts.push(part.to_vec()),
        }
    }
    whole = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 || rooted {
            whole.push(Symbol::Byte(b'/'));
        }
        whole.extend(part);
    }
    if whole.is_empty() {
        whole.push(Symbol::Byte(b'/'));
    }
    whole
}

impl PathPattern {
    /// Reads a pattern. What is quoted or escaped in it means itself.
    pub fn parse(text: &str) -> Result<Self, PathPatternError> {
        let words = split(text)?;
        let word = match words.as_slice() {
            [] => return Err(PatternError::Empty.into()),
            [one] => one,
            [..] => return Err(PathPatternError::SeveralWords),
        };
        let begins = |prefix: &str| {
            word.len() >= prefix.len()
                && word
                    .iter()
                    .zip(prefix.chars())
                    .all(|(c, wanted)| c.char == wanted)
        };
        let exactly = |text: &str| begins(text) && word.len() == text.len();
        let (root, skip) = if begins("/") {
            (Root::Absolute, 0)
        } else if begins("~/") || exactly("~") {
            (Root::Home, 1)
        } else if begins("./") || exactly(".") {
            (Root::Start, 1)
        } else if begins("**/") {
            (Root::Floating, 2)
        } else if begins("~") {
            return Err(PathPatternError::OtherHome(text.to_owned()));
        } else {
            return Err(PathPatternError::NoRoot(text.to_owned()));
        };
        let tail = word.get(skip..).unwrap_or_default();
        let mut expanded = Vec::new();
        expand_braces(tail, &mut expanded)?;
        let mut tails = Vec::new();
        for chars in expanded {
            tails.push(Tail::parse(&chars, text)?);
        }
        Ok(Self {
            text: text.to_owned(),
            root,
            tails,
        })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// For allow: whether the path, really, matches in each of the places the word may lead to.
    pub(crate) fn allows(
        &self,
        places: &[Place],
        below: bool,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Match {
        let roots = ground.roots(world);
        all_of(places.iter().map(|place| match place {
            Place::Path(path) => match &path.real {
                Some(real) => {
                    let symbols = bytes_as_symbols(real);
                    let itself = self.meets(&symbols, roots, Side::Allow, Certainty::Sure);
                    let rest =
                        !below || self.meets(&child(&symbols), roots, Side::Allow, Certainty::Sure);
                    Match::from(itself && rest)
                }
                None => Match::Maybe,
            },
            Place::Partly(symbols) => {
                if self.meets(symbols, roots, Side::Forbid, Certainty::Possible) {
                    Match::Maybe
                } else {
                    Match::No
                }
            }
        }))
    }

    /// For deny, ask and protect: whether the path matches in either form.
    pub(crate) fn forbids(
        &self,
        places: &[Place],
        below: bool,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Match {
        let roots = ground.roots(world);
        all_of(places.iter().map(|place| match place {
            Place::Path(path) => {
                let matches = |certainty: Certainty, child_too: bool| {
                    path.forms().any(|form| {
                        let symbols = bytes_as_symbols(form);
                        let symbols = if child_too { child(&symbols) } else { symbols };
                        self.meets(&symbols, roots, Side::Forbid, certainty)
                    })
                };
                if matches(Certainty::Sure, false) {
                    Match::Yes
                } else if below && matches(Certainty::Possible, true) {
                    Match::Maybe
                } else {
                    Match::No
                }
            }
            Place::Partly(symbols) => {
                if self.meets(symbols, roots, Side::Forbid, Certainty::Sure) {
                    Match::Yes
                } else if self.meets(symbols, roots, Side::Forbid, Certainty::Possible)
                    || (below
                        && self.meets(&child(symbols), roots, Side::Forbid, Certainty::Possible))
                {
                    Match::Maybe
                } else {
                    Match::No
                }
            }
        }))
    }

    /// For protect: whether this path is, or is below, what the pattern names.
    pub(crate) fn touches(&self, path: &[u8], ground: &mut Ground, world: &mut dyn World) -> bool {
        let roots = ground.roots(world);
        self.each_tail(path, roots, Side::Forbid, |tail, rest| tail.touches(rest))
    }

    /// For protect: whether a partly known path may be, or be below, what the pattern names. Where
    /// nothing is known of how the path begins, only floating patterns can answer, and only by what is
    /// known of the last name.
    pub(crate) fn may_touch(
        &self,
        symbols: &[Symbol],
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> bool {
        let known_root = symbols.first() == Some(&Symbol::Byte(b'/'));
        match self.root {
            Root::Absolute | Root::Home | Root::Start => {
                if !known_root {
                    return false;
                }
                let roots = ground.roots(world);
                let bases = self.bases(roots, Side::Forbid).unwrap_or_default();
                self.tails.iter().any(|tail| {
                    let named = tail.itself();
                    [Some(tail.tokens.as_slice()), named.as_deref()]
                        .into_iter()
                        .flatten()
                        .any(|tokens| {
                            bases
                                .iter()
                                .any(|base| meet_below(base, tokens, symbols, Certainty::Possible))
                        })
                })
            }
            Root::Floating => self.tails.iter().any(|tail| tail.may_float(symbols)),
        }
    }

    /// For protect: whether what the pattern names lies below this folder, as far as the pattern is
    /// anchored.
    pub(crate) fn lies_below(
        &self,
        folder: &[u8],
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> bool {
        let roots = ground.roots(world);
        let bases: Vec<&[u8]> = match self.root {
            Root::Floating => return false,
            Root::Absolute => vec![b""],
            Root::Home => roots.homes.iter().map(Vec::as_slice).collect(),
            Root::Start => roots.start.iter().map(Vec::as_slice).collect(),
        };
        bases.iter().any(|base| {
            let base = trim_slash(base);
            self.tails.iter().any(|tail| {
                // Above the root, or between the root and what the pattern names.
                (!base.is_empty() && is_at_or_below(base, folder))
                    || folder.strip_prefix(base).is_some_and(|rest| {
                        (rest.is_empty() || rest.first() == Some(&b'/'))
                            && is_at_or_below(&tail.stem, rest)
                    })
            })
        })
    }

    /// The first bytes that a path, or what is left of it behind a home, must have to be touched: the
    /// slash and what follows. `None`: any.
    pub(crate) fn second_bytes(&self) -> Vec<Option<u8>> {
        self.tails
            .iter()
            .map(|tail| tail.stem.get(1).copied())
            .collect()
    }

    /// Where the pattern begins, for sorting patterns by it.
    pub(crate) fn kind(&self) -> PatternKind {
        match self.root {
            Root::Absolute => PatternKind::Absolute,
            Root::Home => PatternKind::Home,
            Root::Start => PatternKind::Start,
            Root::Floating => PatternKind::Floating,
        }
    }

    /// The pattern for a path and everything below it.
    pub(crate) fn of_path(path: &Path) -> Self {
        let mut folder = normalized(path.as_os_str().as_bytes());
        if folder.last() != Some(&b'/') {
            folder.push(b'/');
        }
        Self {
            text: path.display().to_string(),
            root: Root::Absolute,
            tails: vec![Tail::new(vec![Token::Literal(folder), Token::Everything])],
        }
    }

    fn meets(&self, symbols: &[Symbol], roots: &Roots, side: Side, certainty: Certainty) -> bool {
        let bases = match self.bases(roots, side) {
            Some(bases) => bases,
            None => {
                return self
                    .tails
                    .iter()
                    .any(|tail| tail.meets_floating(symbols, certainty));
            }
        };
        bases.into_iter().any(|base| {
            self.tails
                .iter()
                .any(|tail| meet_below(base, &tail.tokens, symbols, certainty))
        })
    }

    fn bases<'r>(&self, roots: &'r Roots, side: Side) -> Option<Vec<&'r [u8]>> {
        let of = |list: &'r [Vec<u8>]| Some(list.iter().map(Vec::as_slice).collect());
        match (self.root, side) {
            (Root::Floating, _) => None,
            (Root::Absolute, _) => Some(vec![b"".as_slice()]),
            (Root::Home, Side::Allow) => of(&roots.home),
            (Root::Home, Side::Forbid) => of(&roots.homes),
            (Root::Start, Side::Allow) => of(&roots.start_real),
            (Root::Start, Side::Forbid) => of(&roots.start),
        }
    }

    /// Calls `test` with what is left of the path behind the pattern's root.
    fn each_tail(
        &self,
        path: &[u8],
        roots: &Roots,
        side: Side,
        test: impl Fn(&Tail, &[u8]) -> bool,
    ) -> bool {
        match self.bases(roots, side) {
            None => self.tails.iter().any(|tail| {
                // Each slash can be where the floating part begins.
                path.iter().enumerate().any(|(index, byte)| {
                    *byte == b'/'
                        && path
                            .get(index..)
                            .is_some_and(|rest| rest.starts_with(&tail.stem) && test(tail, rest))
                })
            }),
            Some(bases) => bases.into_iter().any(|base| {
                let base = trim_slash(base);
                match path.strip_prefix(base) {
                    Some(rest) if rest.is_empty() || rest.first() == Some(&b'/') => {
                        self.tails.iter().any(|tail| test(tail, rest))
                    }
                    Some(_) | None => false,
                }
            }),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Allow,
    Forbid,
}

impl Tail {
    fn parse(chars: &[PatternChar], text: &str) -> Result<Self, PathPatternError> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut literal: Vec<u8> = Vec::new();
        let mut rest = chars;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            let token = match first.char {
                '*' if first.special => match after {
                    [star, slash, beyond @ ..]
                        if star.special
                            && star.char == '*'
                            && slash.char == '/'
                            && matches!(literal.last(), None | Some(b'/')) =>
                    {
                        rest = beyond;
                        Token::Folders
                    }
                    [star, beyond @ ..] if star.special && star.char == '*' => {
                        rest = beyond;
                        Token::Everything
                    }
                    _ => Token::Star,
                },
                '?' if first.special => Token::Question,
                '[' if first.special => match read_class(after) {
                    Some((class, beyond)) => {
                        rest = beyond;
                        Token::Class(class)
                    }
                    None => {
                        literal.push(b'[');
                        continue;
                    }
                },
                plain => {
                    let mut buffer = [0; 4];
                    literal.extend_from_slice(plain.encode_utf8(&mut buffer).as_bytes());
                    continue;
                }
            };
            if !literal.is_empty() {
                tokens.push(Token::Literal(std::mem::take(&mut literal)));
            }
            tokens.push(token);
        }
        if !literal.is_empty() {
            tokens.push(Token::Literal(literal));
        }
        for token in &mut tokens {
            if let Token::Literal(bytes) = token {
                if bytes.windows(4).any(|part| part == b"/../") || bytes.ends_with(b"/..") {
                    return Err(PathPatternError::Parent(text.to_owned()));
                }
                // Paths are compared without `//` and `/./`.
                while let Some(at) = bytes.windows(2).position(|part| part == b"//") {
                    bytes.remove(at);
                }
                while let Some(at) = bytes.windows(3).position(|part| part == b"/./") {
                    bytes.drain(at..at + 2);
                }
            }
        }
        // A slash at the end means the folder, which is compared without it.
        if let [.., Token::Literal(last)] = tokens.as_mut_slice()
            && last.len() > 1
            && last.last() == Some(&b'/')
        {
            last.pop();
        }
        Ok(Self::new(tokens))
    }

    fn new(tokens: Vec<Token>) -> Self {
        let head = match tokens.first() {
            Some(Token::Literal(head)) => head.clone(),
            Some(
                Token::Question
                | Token::Star
                | Token::Class(_)
                | Token::Everything
                | Token::Folders,
            )
            | None => Vec::new(),
        };
        let stem = match tokens.as_slice() {
            [Token::Literal(_), Token::Everything] => trim_slash(&head).to_vec(),
            _ => head,
        };
        Self { tokens, stem }
    }

    /// Whether the path is, or is below, what the tail names.
    fn touches(&self, rest: &[u8]) -> bool {
        let Some(behind) = rest.strip_prefix(self.stem.as_slice()) else {
            return false;
        };
        // The common shapes without a walk.
        match self.tokens.as_slice() {
            [Token::Literal(_)] => return behind.is_empty(),
            [Token::Literal(_), Token::Star] => return !behind.contains(&b'/'),
            [Token::Literal(head), Token::Everything] => {
                return rest.starts_with(head) || behind.is_empty();
            }
            _ => {}
        }
        let symbols = bytes_as_symbols(rest);
        if meet(&self.tokens, &symbols, Certainty::Sure) {
            return true;
        }
        match self.itself() {
            Some(tokens) => meet(&tokens, &symbols, Certainty::Sure),
            None => false,
        }
    }

    /// Of `…/x/**`: `…/x`.
    fn itself(&self) -> Option<Vec<Token>> {
        match self.tokens.as_slice() {
            [front @ .., Token::Literal(last), Token::Everything] => {
                let last = last.strip_suffix(b"/")?;
                let mut tokens = front.to_vec();
                tokens.push(Token::Literal(last.to_vec()));
                Some(tokens)
            }
            _ => None,
        }
    }

    fn meets_floating(&self, symbols: &[Symbol], certainty: Certainty) -> bool {
        let tokens: Vec<Token> = std::iter::once(Token::Everything)
            .chain(self.tokens.iter().cloned())
            .collect();
        meet(&tokens, symbols, certainty)
    }

    /// Whether a partly known path may end in what a floating pattern names, going by a name of which
    /// something is known.
    fn may_float(&self, symbols: &[Symbol]) -> bool {
        // Each name of the path that is not wholly open is tried as the beginning of the floating part.
        let mut start = 0;
        let names: Vec<&[Symbol]> = symbols
            .split(|symbol| *symbol == Symbol::Byte(b'/'))
            .collect();
        for name in names {
            let begin = start;
            start += name.len() + 1;
            let something_known = name.iter().any(|s| matches!(s, Symbol::Byte(_)));
            if !something_known {
                continue;
            }
            let behind = symbols.get(begin..).unwrap_or_default();
            // An unknown beginning of a name may end in a slash, so the rest may be a name of its own.
            let known_from = name
                .iter()
                .rposition(|s| *s == Symbol::Unknown)
                .map(|at| at + 1);
            let mut tries = vec![behind];
            if let Some(at) = known_from
                && at < name.len()
            {
                tries.push(behind.get(at..).unwrap_or_default());
            }
            for rest in tries {
                // Were an unknown part to stand for folders too, or for a dot at the beginning, it could
                // be any protected path, and every line with a variable would ask.
                let mut whole = vec![Symbol::Byte(b'/')];
                for symbol in rest {
                    let begins_name = whole.last() == Some(&Symbol::Byte(b'/'));
                    match symbol {
                        Symbol::Unknown if begins_name => {
                            whole.extend([Symbol::Visible, Symbol::Segment]);
                        }
                        Symbol::Unknown => whole.push(Symbol::Segment),
                        Symbol::Byte(_)
                        | Symbol::Character
                        | Symbol::Visible
                        | Symbol::VisibleOrNothing
                        | Symbol::Segment => whole.push(*symbol),
                    }
                }
                if self.may_touch_symbols(&whole) {
                    return true;
                }
            }
        }
        false
    }

    fn may_touch_symbols(&self, symbols: &[Symbol]) -> bool {
        if meet(&self.tokens, symbols, Certainty::Possible) {
            return true;
        }
        match self.itself() {
            Some(tokens) => meet(&tokens, symbols, Certainty::Possible),
            None => false,
        }
    }
}

fn trim_slash(path: &[u8]) -> &[u8] {
    path.strip_suffix(b"/").unwrap_or(path)
}

/// Whether `path` is `folder` or lies below it.
pub(crate) fn is_at_or_below(path: &[u8], folder: &[u8]) -> bool {
    let folder = trim_slash(folder);
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
}

fn bytes_as_symbols(bytes: &[u8]) -> Vec<Symbol> {
    bytes.iter().copied().map(Symbol::Byte).collect()
}

/// Anything below.
fn child(symbols: &[Symbol]) -> Vec<Symbol> {
    let mut child = symbols.to_vec();
    if child.last() != Some(&Symbol::Byte(b'/')) {
        child.push(Symbol::Byte(b'/'));
    }
    child.push(Symbol::Segment);
    child.push(Symbol::Unknown);
    child
}

/// All yes: yes. All no: no. Anything else: maybe.
pub(crate) fn all_of(matches: impl Iterator<Item = Match>) -> Match {
    let mut found: Option<Match> = None;
    for this in matches {
        match found {
            None => found = Some(this),
            Some(before) if before == this => {}
            Some(_) => return Match::Maybe,
        }
    }
    found.unwrap_or(Match::Maybe)
}

/// [`meet`] with a folder before the tokens.
fn meet_below(base: &[u8], tokens: &[Token], symbols: &[Symbol], certainty: Certainty) -> bool {
    let base = trim_slash(base);
    let known = symbols.get(..base.len()).is_some_and(|front| {
        front
            .iter()
            .zip(base)
            .all(|(symbol, byte)| *symbol == Symbol::Byte(*byte))
    });
    if known {
        return meet(
            tokens,
            symbols.get(base.len()..).unwrap_or_default(),
            certainty,
        );
    }
    if symbols.iter().all(|s| matches!(s, Symbol::Byte(_))) {
        return false;
    }
    let tokens: Vec<Token> = std::iter::once(Token::Literal(base.to_vec()))
        .chain(tokens.iter().cloned())
        .collect();
    meet(&tokens, symbols, certainty)
}

/// Whether tokens and symbols meet: surely (every path of the symbols matches) or possibly (some path does).
///
/// Goes through the symbols once for each token; there is no going back.
fn meet(tokens: &[Token], symbols: &[Symbol], certainty: Certainty) -> bool {
    let mut reached = vec![false; symbols.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    spread(&mut reached, symbols, certainty);
    for token in tokens {
        let mut next = vec![false; symbols.len() + 1];
        match token {
            Token::Literal(bytes) => {
                let mut states = reached;
                for byte in bytes {
                    states = after_byte(&states, symbols, *byte, certainty);
                    if !states.contains(&true) {
                        return false;
                    }
                }
                next = states;
            }
            Token::Everything => {
                let mut carried = false;
                for (was, slot) in reached.iter().zip(next.iter_mut()) {
                    carried |= *was;
                    *slot = carried;
                }
            }
            Token::Folders => {
                let mut carried = false;
                let mut before: Option<Symbol> = None;
                for (index, (was, slot)) in reached.iter().zip(next.iter_mut()).enumerate() {
                    let ends_name = match before {
                        Some(Symbol::Byte(b'/')) => true,
                        Some(Symbol::Unknown) => certainty == Certainty::Possible,
                        Some(
                            Symbol::Byte(_)
                            | Symbol::Character
                            | Symbol::Visible
                            | Symbol::VisibleOrNothing
                            | Symbol::Segment,
                        )
                        | None => false,
                    };
                    *slot = *was || (carried && ends_name);
                    carried |= *was;
                    before = symbols.get(index).copied();
                }
            }
            Token::Star => {
                let mut carried = false;
                let mut before: Option<Symbol> = None;
                for (index, (was, slot)) in reached.iter().zip(next.iter_mut()).enumerate() {
                    let passes = match before {
                        Some(Symbol::Byte(byte)) => byte != b'/',
                        Some(
                            Symbol::Character
                            | Symbol::Visible
                            | Symbol::VisibleOrNothing
                            | Symbol::Segment,
                        ) => true,
                        Some(Symbol::Unknown) => certainty == Certainty::Possible,
                        None => false,
                    };
                    carried = *was || (carried && passes);
                    *slot = carried;
                    before = symbols.get(index).copied();
                }
            }
            Token::Question | Token::Class(_) => {
                for (index, was) in reached.iter().enumerate() {
                    if !*was {
                        continue;
                    }
                    match symbols.get(index) {
                        Some(Symbol::Byte(_)) => {
                            if let Some((c, width)) = char_at(symbols, index) {
                                let fits = c != '/'
                                    && match token {
                                        Token::Class(class) => class.holds(c),
                                        Token::Question
                                        | Token::Literal(_)
                                        | Token::Star
                                        | Token::Everything
                                        | Token::Folders => true,
                                    };
                                if fits && let Some(slot) = next.get_mut(index + width) {
                                    *slot = true;
                                }
                            } else if certainty == Certainty::Possible
                                && let Some(slot) = next.get_mut(index + 1)
                            {
                                // No text: whether this byte is a character cannot be told.
                                *slot = true;
                            }
                        }
                        Some(Symbol::Character | Symbol::Visible | Symbol::VisibleOrNothing) => {
                            let sure = matches!(token, Token::Question);
                            if (sure || certainty == Certainty::Possible)
                                && let Some(slot) = next.get_mut(index + 1)
                            {
                                *slot = true;
                            }
                        }
                        Some(Symbol::Segment | Symbol::Unknown) => {
                            if certainty == Certainty::Possible
                                && let Some(slot) = next.get_mut(index)
                            {
                                *slot = true;
                            }
                        }
                        None => {}
                    }
                }
            }
        }
        spread(&mut next, symbols, certainty);
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// The character that the byte symbols at `index` spell, and how many they are.
fn char_at(symbols: &[Symbol], index: usize) -> Option<(char, usize)> {
    let mut head = Vec::with_capacity(4);
    for symbol in symbols.get(index..)?.iter().take(4) {
        match symbol {
            Symbol::Byte(byte) => head.push(*byte),
            Symbol::Character
            | Symbol::Visible
            | Symbol::VisibleOrNothing
            | Symbol::Segment
            | Symbol::Unknown => break,
        }
    }
    let (c, rest) = first_char(&head)?;
    Some((c, head.len() - rest.len()))
}

fn after_byte(reached: &[bool], symbols: &[Symbol], byte: u8, certainty: Certainty) -> Vec<bool> {
    let mut next = vec![false; symbols.len() + 1];
    for (index, was) in reached.iter().enumerate() {
        if !*was {
            continue;
        }
        let (stay, go) = match symbols.get(index) {
            Some(Symbol::Byte(is)) => (false, *is == byte),
            None => (false, false),
            Some(_) if certainty == Certainty::Sure => (false, false),
            // A character may be several bytes.
            Some(Symbol::Character) => (!byte.is_ascii(), byte != b'/'),
            Some(Symbol::Visible | Symbol::VisibleOrNothing) => {
                (!byte.is_ascii(), byte != b'/' && byte != b'.')
            }
            Some(Symbol::Segment) => (byte != b'/', false),
            Some(Symbol::Unknown) => (true, false),
        };
        if stay && let Some(slot) = next.get_mut(index) {
            *slot = true;
        }
        if go && let Some(slot) = next.get_mut(index + 1) {
            *slot = true;
        }
    }
    spread(&mut next, symbols, certainty);
    next
}

/// A segment or an unknown part may stand for nothing (more).
fn spread(reached: &mut [bool], symbols: &[Symbol], certainty: Certainty) {
    if certainty == Certainty::Sure {
        return;
    }
    let (mut next, mut after_next) = (false, false);
    for (index, slot) in reached.iter_mut().enumerate() {
        *slot |= next;
        next = after_next;
        after_next = false;
        if !*slot {
            continue;
        }
        match symbols.get(index) {
            Some(Symbol::Segment | Symbol::Unknown) => next = true,
            Some(Symbol::VisibleOrNothing) => after_next = true,
            Some(Symbol::Byte(_) | Symbol::Character | Symbol::Visible) | None => {}
        }
    }
}

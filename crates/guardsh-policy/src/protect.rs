//! Paths that no rule opens: secrets, start-up files, guardsh's own.
//!
//! Every word of every call is looked at, with what follows its `=`, `:`, `@` or a short option, and every
//! path that is read or written. Touching a protected path asks, whatever the rules allow; only
//! `unprotect` in the deciding file takes a path off the list, and never one of guardsh's own.

use crate::action::{ActionWord, Folder, Piece, WordState};
use crate::paths::PatternKind;
use crate::paths::{
    Ground, KnownPath, Links, PathPattern, Place, is_at_or_below, normalized, place_of_bytes,
    places,
};
use crate::pattern::Symbol;
use crate::world::World;
use std::path::PathBuf;
use std::sync::OnceLock;

/// What is protected: the built-in list, what the configuration adds, guardsh's own files.
#[derive(Clone, Debug)]
pub(crate) struct Protected {
    added: PatternSet,
    lifted: Vec<PathPattern>,
    own: Vec<PathPattern>,
}

/// A protected path that a word leads to, or may lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Touch {
    /// The word, or the part of it, that leads there.
    pub(crate) word: Vec<u8>,
    /// The pattern that names the path.
    pub(crate) pattern: String,
    /// How sure, and what kind.
    pub(crate) kind: TouchKind,
}

/// The ways in which a word meets a protected path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TouchKind {
    /// It is that path.
    Is,
    /// It may become that path.
    May,
    /// That path lies below it, and everything below is read.
    Below,
    /// It is one of guardsh's own files.
    Own,
}

/// Patterns, sorted by where they begin, with a filter before each kind: most paths are looked at no further.
#[derive(Clone, Debug, Default)]
struct PatternSet {
    absolute: Filtered,
    home: Filtered,
    start: Filtered,
    floating: Filtered,
}

#[derive(Clone, Debug, Default)]
struct Filtered {
    patterns: Vec<PathPattern>,
    /// Which bytes can stand behind the slash where a pattern begins.
    second: Bytes,
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Bytes([u64; 4]);

/// No path is longer (`PATH_MAX`), so a longer word is none.
const LONGEST_PATH: usize = 4096;
/// So many places inside a word are tried: behind `=`, `:`, `@`, `,`.
const MAX_PARTS: usize = 16;
/// A cluster of short options before an attached value is not longer.
const MAX_CLUSTER: usize = 6;

impl Protected {
    pub(crate) fn new(added: &[PathPattern], lifted: &[PathPattern], own: &[PathBuf]) -> Self {
        Self {
            added: PatternSet::new(added.iter().cloned()),
            lifted: lifted.to_vec(),
            own: own.iter().map(|path| PathPattern::of_path(path)).collect(),
        }
    }

    /// The first protected path that the words of a call lead to.
    pub(crate) fn in_call(
        &self,
        words: &[ActionWord],
        folder: &Folder,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        let mut options_ended = false;
        for word in words {
            let touch = match &word.state {
                WordState::Literal(value) => {
                    let touch = self.in_value(value, options_ended, folder, ground, world);
                    options_ended |= value == b"--";
                    touch
                }
                WordState::Resolved(values) => values
                    .iter()
                    .find_map(|value| self.in_value(value, options_ended, folder, ground, world)),
                WordState::Pattern(pieces) | WordState::Dynamic(pieces) => {
                    self.in_partly_known(word, pieces, folder, ground, world)
                }
            };
            if touch.is_some() {
                return touch;
            }
        }
        None
    }

    /// The protected path that a path used by redirection, `source` or a known operand is.
    pub(crate) fn in_path(
        &self,
        path: &ActionWord,
        below: bool,
        folder: &Folder,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        for place in places(path, folder, ground, world) {
            let touch = match &place {
                Place::Path(known) => {
                    let shown = path.value().unwrap_or(&known.written);
                    self.at(shown, shown, known, ground, world)
                        .or_else(|| self.below(shown, known, below, ground, world))
                }
                Place::Partly(symbols) => {
                    if nothing_known(symbols) {
                        None
                    } else {
                        self.near(&path.source, symbols, ground, world)
                    }
                }
            };
            if touch.is_some() {
                return touch;
            }
        }
        None
    }

    /// The protected path below an operand whose contents are read with everything below it.
    pub(crate) fn below_operand(
        &self,
        operand: &ActionWord,
        folder: &Folder,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        places(operand, folder, ground, world)
            .iter()
            .find_map(|place| match place {
                Place::Path(known) => self.below(&operand.source, known, true, ground, world),
                // What is read below a folder that is not known may be anything. An operand that is not
                // known itself is the rules' matter: it may be no operand at all.
                Place::Partly(symbols)
                    if operand.values().is_some()
                        || symbols.first() == Some(&Symbol::Byte(b'/')) =>
                {
                    self.partly_above(&operand.source, symbols, ground, world)
                }
                Place::Partly(_) => None,
            })
    }

    fn in_value(
        &self,
        value: &[u8],
        options_ended: bool,
        folder: &Folder,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        let option = value.first() == Some(&b'-') && !options_ended;
        if !value.is_empty() && value.len() <= LONGEST_PATH {
            let links = if option { Links::Leave } else { Links::Resolve };
            let touch = self.value_at(value, value, links, folder, ground, world);
            if touch.is_some() {
                return touch;
            }
        }
        if option && value.get(1) != Some(&b'-') {
            // `-f/path`, `-xzf/path`
            let last = value.len().min(2 + MAX_CLUSTER);
            for at in 2..last {
                let part = value.get(at..).unwrap_or_default();
                if part.len() <= LONGEST_PATH {
                    let links = if at == 2 {
                        Links::Resolve
                    } else {
                        Links::Leave
                    };
                    let touch = self.value_at(value, part, links, folder, ground, world);
                    if touch.is_some() {
                        return touch;
                    }
                }
            }
        }
        for part in parts(value) {
            let touch = self.value_at(value, part, Links::Resolve, folder, ground, world);
            if touch.is_some() {
                return touch;
            }
        }
        None
    }

    fn value_at(
        &self,
        word: &[u8],
        part: &[u8],
        links: Links,
        folder: &Folder,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        let place = place_of_bytes(part, folder, world, links);
        let touch = match &place {
            Place::Path(known) => self.at(word, part, known, ground, world),
            Place::Partly(symbols) => self.near(word, symbols, ground, world),
        };
        if touch.is_some() {
            return touch;
        }
        // A program may expand a tilde that the shell left alone.
        let behind_tilde = part.strip_prefix(b"~/")?;
        for home in ground.homes(world).to_vec() {
            let path = [home.as_slice(), b"/", behind_tilde].concat();
            let known = KnownPath {
                written: normalized(&path),
                real: None,
            };
            let touch = self.at(word, &path, &known, ground, world);
            if touch.is_some() {
                return touch;
            }
        }
        None
    }

    /// A path that is known. `raw` is how it was given: `..` in it matters.
    fn at(
        &self,
        word: &[u8],
        raw: &[u8],
        known: &KnownPath,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        if is_own_descriptor(raw, &known.written) {
            return None;
        }
        for form in known.forms() {
            for own in &self.own {
                if own.touches(form, ground, world) {
                    return Some(touch(word, own, TouchKind::Own));
                }
            }
            let found = builtin()
                .touching(form, ground, world)
                .or_else(|| self.added.touching(form, ground, world));
            if let Some(pattern) = found
                && !self.is_lifted(known, ground, world)
            {
                return Some(touch(word, pattern, TouchKind::Is));
            }
        }
        None
    }

    /// Protected paths below a known folder.
    fn below(
        &self,
        word: &[u8],
        known: &KnownPath,
        below: bool,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        if !below {
            return None;
        }
        for form in known.forms() {
            let mut all = self
                .own
                .iter()
                .chain(builtin().anchored())
                .chain(self.added.anchored());
            if let Some(pattern) = all.find(|pattern| pattern.lies_below(form, ground, world)) {
                return Some(touch(word, pattern, TouchKind::Below));
            }
        }
        None
    }

    /// A path that is partly known.
    fn near(
        &self,
        word: &[u8],
        symbols: &[Symbol],
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        if nothing_known(symbols) || symbols.len() > LONGEST_PATH {
            return None;
        }
        if !ground.look_at(symbols) {
            return Some(Touch {
                word: word.to_vec(),
                pattern: "among more words than can be looked at".to_owned(),
                kind: TouchKind::May,
            });
        }
        for own in &self.own {
            if own.may_touch(symbols, ground, world) {
                return Some(touch(word, own, TouchKind::May));
            }
        }
        let found = builtin()
            .near(symbols, ground, world)
            .or_else(|| self.added.near(symbols, ground, world))?;
        Some(touch(word, found, TouchKind::May))
    }

    fn partly_above(
        &self,
        word: &[u8],
        symbols: &[Symbol],
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        if symbols.first() != Some(&Symbol::Byte(b'/')) {
            return Some(Touch {
                word: word.to_vec(),
                pattern: "a folder that is not known".to_owned(),
                kind: TouchKind::Below,
            });
        }
        let mut with_child = symbols.to_vec();
        with_child.extend([Symbol::Byte(b'/'), Symbol::Unknown]);
        let pattern = self
            .own
            .iter()
            .chain(builtin().anchored())
            .chain(self.added.anchored())
            .find(|pattern| pattern.may_touch(&with_child, ground, world))?;
        Some(touch(word, pattern, TouchKind::Below))
    }

    /// Words that are not wholly known, and the parts of them that may be paths.
    fn in_partly_known(
        &self,
        word: &ActionWord,
        pieces: &[Piece],
        folder: &Folder,
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<Touch> {
        let written;
        let pieces = match pieces {
            // Where splitting is in the way nothing may be left of the pieces; the text still tells how
            // the first word begins.
            [] | [Piece::Unknown] => {
                written = pieces_as_written(&word.source, &self.home_text(ground, world));
                written.as_slice()
            }
            pieces => pieces,
        };
        for part in partly_known_parts(pieces) {
            let part = ActionWord {
                source: word.source.clone(),
                state: match word.state {
                    WordState::Pattern(_) => WordState::Pattern(part),
                    WordState::Literal(_) | WordState::Resolved(_) | WordState::Dynamic(_) => {
                        WordState::Dynamic(part)
                    }
                },
                count: word.count,
            };
            for place in places(&part, folder, ground, world) {
                let touch = match &place {
                    Place::Path(_) => None,
                    Place::Partly(symbols) => self.near(&word.source, symbols, ground, world),
                };
                if touch.is_some() {
                    return touch;
                }
            }
        }
        None
    }

    fn home_text(&self, ground: &mut Ground, world: &mut dyn World) -> Vec<u8> {
        ground.home(world).first().cloned().unwrap_or_default()
    }

    /// Whether `unprotect` names the path in both of its forms.
    fn is_lifted(&self, known: &KnownPath, ground: &mut Ground, world: &mut dyn World) -> bool {
        known.forms().all(|form| {
            builtin_exceptions()
                .iter()
                .chain(&self.lifted)
                .any(|pattern| pattern.touches(form, ground, world))
        })
    }
}

impl Bytes {
    fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    fn contains(&self, byte: u8) -> bool {
        self.0
            .get(usize::from(byte >> 6))
            .is_some_and(|word| word & (1 << (byte & 63)) != 0)
    }
}

impl Filtered {
    fn push(&mut self, pattern: PathPattern) {
        for byte in pattern.second_bytes() {
            match byte {
                Some(byte) => self.second.insert(byte),
                None => self.second = Bytes([u64::MAX; 4]),
            }
        }
        self.patterns.push(pattern);
    }

    /// Whether a path that goes on so could be one of these.
    fn may_begin(&self, rest: &[u8]) -> bool {
        match rest {
            [b'/', second, ..] => self.second.contains(*second),
            _ => !self.patterns.is_empty(),
        }
    }

    fn touching(
        &self,
        path: &[u8],
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<&PathPattern> {
        self.patterns
            .iter()
            .find(|pattern| pattern.touches(path, ground, world))
    }
}

impl PatternSet {
    fn new(patterns: impl Iterator<Item = PathPattern>) -> Self {
        let mut set = Self::default();
        for pattern in patterns {
            match pattern.kind() {
                PatternKind::Absolute => set.absolute.push(pattern),
                PatternKind::Home => set.home.push(pattern),
                PatternKind::Start => set.start.push(pattern),
                PatternKind::Floating => set.floating.push(pattern),
            }
        }
        set
    }

    fn anchored(&self) -> impl Iterator<Item = &PathPattern> {
        [&self.absolute, &self.home, &self.start]
            .into_iter()
            .flat_map(|filtered| &filtered.patterns)
    }

    fn touching(
        &self,
        path: &[u8],
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<&PathPattern> {
        let behind = |roots: &[Vec<u8>], filtered: &Filtered| {
            roots.iter().any(|root| {
                path.strip_prefix(root.strip_suffix(b"/").unwrap_or(root))
                    .is_some_and(|rest| filtered.may_begin(rest))
            })
        };
        if self.absolute.may_begin(path)
            && let Some(found) = self.absolute.touching(path, ground, world)
        {
            return Some(found);
        }
        if !self.home.patterns.is_empty()
            && behind(ground.homes(world), &self.home)
            && let Some(found) = self.home.touching(path, ground, world)
        {
            return Some(found);
        }
        if let Some(found) = self.start.touching(path, ground, world) {
            return Some(found);
        }
        let floats = path.windows(2).any(|pair| match pair {
            [b'/', second] => self.floating.second.contains(*second),
            _ => false,
        });
        if floats {
            self.floating.touching(path, ground, world)
        } else {
            None
        }
    }

    fn near(
        &self,
        symbols: &[Symbol],
        ground: &mut Ground,
        world: &mut dyn World,
    ) -> Option<&PathPattern> {
        self.anchored()
            .chain(&self.floating.patterns)
            .find(|pattern| pattern.may_touch(symbols, ground, world))
    }
}

fn touch(word: &[u8], pattern: &PathPattern, kind: TouchKind) -> Touch {
    Touch {
        word: word.to_vec(),
        pattern: pattern.text().to_owned(),
        kind,
    }
}

/// Whether the symbols say nothing at all.
fn nothing_known(symbols: &[Symbol]) -> bool {
    symbols
        .iter()
        .all(|symbol| matches!(symbol, Symbol::Unknown | Symbol::Byte(b'/')))
        && symbols.contains(&Symbol::Unknown)
        && symbols.first() == Some(&Symbol::Unknown)
}

/// What stands behind `=`, `:`, `@` and `,`: each part, and all that follows each of the first ones.
fn parts(value: &[u8]) -> Vec<&[u8]> {
    let separator = |byte: &u8| matches!(byte, b'=' | b':' | b'@' | b',');
    let mut found = Vec::new();
    if !value.iter().any(separator) {
        return found;
    }
    let mut begin = 0;
    for (index, byte) in value.iter().enumerate() {
        if !separator(byte) {
            continue;
        }
        if let Some(part) = value.get(begin..index) {
            found.push(part);
        }
        begin = index + 1;
        if found.len() <= MAX_PARTS
            && let Some(rest) = value.get(begin..)
        {
            found.push(rest);
        }
    }
    if let Some(part) = value.get(begin..) {
        found.push(part);
    }
    found.retain(|part| !part.is_empty() && part.len() <= LONGEST_PATH);
    found.dedup();
    found
}

/// What the text of a word says by itself: plain characters, quotes taken away, the home for `~` and `$HOME`,
/// and one unknown piece for every expansion. Coarse: it only finds protected paths, it never excuses one.
fn pieces_as_written(source: &[u8], home: &[u8]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let add = |pieces: &mut Vec<Piece>, bytes: &[u8]| match pieces.last_mut() {
        Some(Piece::Known(known)) => known.extend_from_slice(bytes),
        Some(Piece::Star | Piece::Question | Piece::Bracket(_) | Piece::Unknown) | None => {
            pieces.push(Piece::Known(bytes.to_vec()));
        }
    };
    let mut rest = source;
    if let Some(after) = rest.strip_prefix(b"~")
        && (after.is_empty() || after.starts_with(b"/"))
    {
        add(&mut pieces, home);
        rest = after;
    }
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\'' | b'"' | b'\\' => {}
            b'$' => {
                let named = [b"HOME".as_slice(), b"{HOME}"].iter().find_map(|name| {
                    let behind = rest.strip_prefix(*name)?;
                    let ends = !behind
                        .first()
                        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
                    ends.then_some(behind)
                });
                match named {
                    Some(behind) => {
                        add(&mut pieces, home);
                        rest = behind;
                    }
                    None => {
                        pieces.push(Piece::Unknown);
                        // Names end where other characters begin; what is in brackets is left in, which
                        // only makes the text longer.
                        let end = rest
                            .iter()
                            .position(|b| !b.is_ascii_alphanumeric() && *b != b'_')
                            .unwrap_or(rest.len());
                        rest = rest.get(end..).unwrap_or_default();
                    }
                }
            }
            b'`' | b'(' | b'{' | b')' | b'}' => {
                if pieces.last() != Some(&Piece::Unknown) {
                    pieces.push(Piece::Unknown);
                }
            }
            b'*' => pieces.push(Piece::Star),
            b'?' => pieces.push(Piece::Question),
            plain => add(&mut pieces, &[*plain]),
        }
    }
    pieces
}

/// The word, and what stands behind a separator or a short option in its known pieces.
fn partly_known_parts(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut found = vec![pieces.to_vec()];
    if let Some((Piece::Known(first), rest)) = pieces.split_first()
        && first.first() == Some(&b'-')
        && first.get(1) != Some(&b'-')
    {
        for at in 2..=first.len().min(2 + MAX_CLUSTER) {
            let mut part = Vec::new();
            match first.get(at..) {
                Some([]) | None => {}
                Some(behind) => part.push(Piece::Known(behind.to_vec())),
            }
            part.extend_from_slice(rest);
            found.push(part);
        }
    }
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Known(bytes) = piece else {
            continue;
        };
        for (at, byte) in bytes.iter().enumerate() {
            if found.len() > MAX_PARTS {
                return found;
            }
            if matches!(byte, b'=' | b':' | b'@' | b',') {
                let mut part = Vec::new();
                match bytes.get(at + 1..) {
                    Some([]) | None => {}
                    Some(behind) => part.push(Piece::Known(behind.to_vec())),
                }
                part.extend_from_slice(pieces.get(index + 1..).unwrap_or_default());
                found.push(part);
            }
        }
    }
    found.retain(|part| !part.is_empty());
    found
}

/// `/proc/self/fd`, `/proc/thread-self/fd`, `/dev/fd`, one number in them, and `/dev/std*`: the command's
/// own descriptors. What lies below a number may be anything.
pub(crate) fn is_own_descriptor(raw: &[u8], written: &[u8]) -> bool {
    if raw.split(|byte| *byte == b'/').any(|part| part == b"..") {
        return false;
    }
    if matches!(written, b"/dev/stdin" | b"/dev/stdout" | b"/dev/stderr") {
        return true;
    }
    [
        b"/proc/self/fd".as_slice(),
        b"/proc/thread-self/fd",
        b"/dev/fd",
    ]
    .iter()
    .any(|folder| match written.strip_prefix(*folder) {
        Some([]) => true,
        Some([b'/', number @ ..]) => !number.is_empty() && number.iter().all(u8::is_ascii_digit),
        Some(_) | None => false,
    })
}

/// Whether writing here changes a process: `/proc/*/{mem,fd}` and the same below `task`.
pub(crate) fn changes_a_process(raw: &[u8], written: &[u8]) -> bool {
    if is_own_descriptor(raw, written) || !is_at_or_below(written, b"/proc") {
        return false;
    }
    let mut parts = written.split(|byte| *byte == b'/').skip(2);
    let _process = parts.next();
    match parts.next() {
        Some(b"mem" | b"fd") => true,
        Some(b"task") => {
            let _thread = parts.next();
            matches!(parts.next(), Some(b"mem" | b"fd"))
        }
        Some(_) | None => false,
    }
}

/// The built-in list.
fn builtin() -> &'static PatternSet {
    static SET: OnceLock<PatternSet> = OnceLock::new();
    SET.get_or_init(|| {
        PatternSet::new(
            BUILTIN
                .iter()
                .flat_map(|text| without_braces(text))
                .filter_map(|text| PathPattern::parse(&text).ok()),
        )
    })
}

/// The list is short to read with braces; a reason names the one pattern that was met.
fn without_braces(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('{') else {
        return vec![text.to_owned()];
    };
    let Some((inside, after)) = rest.split_once('}') else {
        return vec![text.to_owned()];
    };
    inside
        .split(',')
        .flat_map(|one| without_braces(&format!("{before}{one}{after}")))
        .collect()
}

fn builtin_exceptions() -> &'static [PathPattern] {
    static LIST: OnceLock<Vec<PathPattern>> = OnceLock::new();
    LIST.get_or_init(|| {
        BUILTIN_EXCEPTIONS
            .iter()
            .filter_map(|text| PathPattern::parse(text).ok())
            .collect()
    })
}

/// The built-in protected paths, for `policy show` and the reference.
pub fn builtin_protected() -> &'static [&'static str] {
    BUILTIN
}

/// Templates that hold no secrets.
const BUILTIN_EXCEPTIONS: &[&str] = &["**/.env.{example,sample,template,dist,defaults,schema}"];

const BUILTIN: &[&str] = &[
    // Keys and credentials, wherever they lie.
    "**/.ssh/**",
    "**/.gnupg/**",
    "**/.aws/**",
    "**/.azure/**",
    "**/.kube/**",
    "**/.docker/config.json",
    "**/.git-credentials",
    "**/.netrc",
    "**/.pgpass",
    "**/.my.cnf",
    "**/.mylogin.cnf",
    "**/.npmrc",
    "**/.pypirc",
    "**/.vault-token",
    "**/.htpasswd",
    "**/.env",
    "**/.env.*",
    "**/.envrc",
    "**/id_{rsa,dsa,ecdsa,ed25519,ecdsa_sk,ed25519_sk}",
    // The same where recursive reading from the home folder would reach them, and more that is only there.
    "~/.ssh/**",
    "~/.gnupg/**",
    "~/.aws/**",
    "~/.azure/**",
    "~/.kube/**",
    "~/.docker/**",
    "~/.git-credentials",
    "~/.netrc",
    "~/.pgpass",
    "~/.config/{gcloud,gh,hub,glab-cli,op,doctl,containers,age,sops,fly,hcloud,linode-cli,rclone,stripe,netlify,vercel,configstore}/**",
    "~/.config/git/credentials",
    "~/.config/composer/auth.json",
    "~/.cargo/credentials{,.toml}",
    "~/.gem/credentials",
    "~/.m2/settings{,-security}.xml",
    "~/.gradle/gradle.properties",
    "~/.terraform.d/**",
    "~/.terraformrc",
    "~/.databrickscfg",
    "~/.snowflake/**",
    "~/.s3cfg",
    "~/.boto",
    "~/.password-store/**",
    "~/.local/share/keyrings/**",
    "~/.mozilla/**",
    "~/.config/{google-chrome,chromium,BraveSoftware}/**",
    "~/.{Xauthority,ICEauthority}",
    "~/.{bash,zsh,sh,ash,psql,mysql,sqlite,python,node_repl,rediscli,dbshell}_history",
    // What shells, the login and common programs run or obey when they start.
    "**/.{bashrc,bash_profile,bash_login,bash_logout,bash_aliases,profile,shrc,kshrc,mkshrc,inputrc}",
    "**/.{zshrc,zshenv,zprofile,zlogin,zlogout}",
    "**/.gitconfig",
    "**/.git/config",
    "**/.git/config.worktree",
    "**/.git/commondir",
    "**/.git/hooks/**",
    "**/.git/modules/**",
    "~/.config/git/**",
    "~/.config/{fish,environment.d,systemd,autostart,direnv}/**",
    "~/.{pam_environment,xprofile,xinitrc,xsession,xsessionrc,forward,procmailrc}",
    "~/.{vimrc,gvimrc,exrc,lesskey,lessfilter,psqlrc,sqliterc,gdbinit,screenrc,tmux.conf,curlrc,wgetrc,pythonrc,irbrc,Rprofile}",
    "~/.{vim,emacs.d}/**",
    "~/.emacs",
    "~/.config/{nvim,tmux,less}/**",
    "/etc/{profile,bash.bashrc,bashrc,environment,inputrc,zshenv,zprofile,zshrc,zlogin}",
    "/etc/{profile.d,zsh,security,pam.d}/**",
    "/etc/{crontab,anacrontab}",
    "/etc/cron.{d,hourly,daily,weekly,monthly}/**",
    "/var/spool/cron/**",
    "/etc/ld.so.{preload,conf}",
    "/etc/ld.so.conf.d/**",
    // The machine's own secrets.
    "/etc/{shadow,shadow-,gshadow,gshadow-,sudoers}",
    "/etc/sudoers.d/**",
    "/etc/ssh/ssh_host_*_key",
    "/etc/ssl/private/**",
    "/etc/kubernetes/**",
    "/etc/rancher/**",
    "/{run,var/run}/secrets/**",
    "/{run,var/run}/{docker.sock,crio/crio.sock,containerd/containerd.sock,podman/podman.sock}",
    "/dev/{mem,kmem,port}",
    "/dev/{sd,nvme,vd,xvd,dm-,mmcblk,loop}*",
    "/dev/{disk,mapper}/**",
    // Other processes, and one's own memory and environment.
    "/proc/*/{mem,environ}",
    "/proc/*/{fd,root,cwd,map_files}/**",
    "/proc/*/task/*/{mem,environ}",
    "/proc/*/task/*/{fd,root,cwd}/**",
    "/proc/{kcore,kmem,sysrq-trigger}",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_pattern_is_one() {
        for text in BUILTIN.iter().chain(BUILTIN_EXCEPTIONS) {
            for one in without_braces(text) {
                assert!(!one.contains(['{', '}']), "{one}");
                PathPattern::parse(&one).unwrap_or_else(|error| panic!("{one}: {error}"));
            }
        }
    }

    #[test]
    fn only_the_commands_own_descriptors_are_free() {
        for path in [
            "/proc/self/fd",
            "/proc/self/fd/3",
            "/dev/fd/63",
            "/dev/stdin",
            "/proc/thread-self/fd/1",
        ] {
            assert!(
                is_own_descriptor(path.as_bytes(), path.as_bytes()),
                "{path}"
            );
        }
        for path in [
            "/proc/self/fd/3/x",
            "/proc/1/fd/3",
            "/dev/fd/x",
            "/dev/fdx",
            "/proc/self/mem",
        ] {
            assert!(
                !is_own_descriptor(path.as_bytes(), path.as_bytes()),
                "{path}"
            );
        }
        assert!(!is_own_descriptor(b"/dev/fd/3/../4", b"/dev/fd/4"));
    }

    #[test]
    fn parts_of_a_word_are_few_and_none_is_lost_at_the_ends() {
        assert_eq!(parts(b"a=b:c"), [b"a".as_slice(), b"b:c", b"b", b"c"]);
        assert!(parts(b"plain").is_empty());
        let long = b"a:".repeat(100_000);
        assert!(parts(&long).len() < 110_000);
    }
}

//! The tree of a submission: what the shell would run, with the place of every part.
//!
//! Every node carries the bytes it came from as a [`Span`] into the text that was read, so that a
//! reviewer can be shown the very characters and so that nothing has to be re-edited.

/// A half-open range of byte offsets into the text that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A sequence of statements: a whole submission, or the inside of a group, loop or substitution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// In the order in which they stand.
    pub statements: Vec<Statement>,
    /// From the first byte of the first statement to the last of the last.
    pub span: Span,
}

/// One and-or list and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What runs.
    pub list: AndOr,
    /// `;`, `&`, a newline, or the end of the text.
    pub end: StatementEnd,
    /// Without the terminator.
    pub span: Span,
}

/// What ends a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementEnd {
    /// `;`
    Semicolon,
    /// `&`: runs in the background.
    Background,
    /// A newline.
    Newline,
    /// The end of the text or of the surrounding construct.
    End,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Pipeline,
    /// Those that follow, with the operator before each.
    pub rest: Vec<(AndOrOp, Pipeline)>,
}

/// `&&` or `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AndOrOp {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands joined by `|` and `|&`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// bash's `time` reserved word before the pipeline.
    pub timed: Option<Timed>,
    /// How many `!` stand before it (bash takes several).
    pub bangs: usize,
    /// At least one, except after `time` alone or `!` alone in bash.
    pub stages: Vec<Stage>,
    /// The whole pipeline.
    pub span: Span,
}

/// The `time` reserved word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timed {
    /// `time`
    Plain,
    /// `time -p`
    Posix,
}

/// A command in a pipeline and the pipe behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What runs.
    pub command: Command,
    /// The operator that joins it to the next stage; `None` for the last.
    pub pipe: Option<Pipe>,
}

/// `|` or `|&`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pipe {
    /// `|`
    Output,
    /// `|&`: standard error too.
    OutputAndError,
}

/// Anything that can be a stage of a pipeline.
#[expect(
    clippy::large_enum_variant,
    reason = "most commands are simple ones, and are not moved about"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Assignments, words, redirections.
    Simple(Simple),
    /// A group, loop, condition ... with redirections of its own.
    Compound(Compound),
    /// `f() { …; }`
    Function(Function),
    /// bash's `coproc`.
    Coproc(Coproc),
}

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Simple {
    /// Those before the first word.
    pub assignments: Vec<Assignment>,
    /// Command name and arguments.
    pub words: Vec<Word>,
    /// In the order in which they stand.
    pub redirects: Vec<Redirect>,
    /// The whole command, redirections included.
    pub span: Span,
}

/// A compound command and the redirections behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    /// What it is.
    pub kind: CompoundKind,
    /// They hold for the whole command.
    pub redirects: Vec<Redirect>,
    /// With the redirections.
    pub span: Span,
}

/// The compound commands.
#[expect(clippy::large_enum_variant, reason = "few of them stand in a text")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompoundKind {
    /// `{ …; }`
    Group(Script),
    /// `( … )`
    Subshell(Script),
    /// `if … then … elif … else … fi`
    If {
        /// Condition and body of `if` and of each `elif`.
        branches: Vec<(Script, Script)>,
        /// The body of `else`.
        otherwise: Option<Script>,
    },
    /// `while`/`until … do … done`
    Loop {
        /// Which of the two.
        kind: LoopKind,
        /// Run before each round.
        condition: Script,
        /// Run in each round.
        body: Script,
    },
    /// `for x in …; do …; done`
    For(ForLoop),
    /// bash's `select x in …; do …; done`
    Select(ForLoop),
    /// bash's `for ((a; b; c)); do …; done`
    ArithFor {
        /// The three expressions; an empty one has no parts.
        header: [Arith; 3],
        /// Run in each round.
        body: Script,
    },
    /// `case … in … esac`
    Case {
        /// What is compared.
        subject: Word,
        /// The arms.
        arms: Vec<CaseArm>,
    },
    /// `[[ … ]]`
    Test(TestExpr),
    /// `(( … ))`
    Arith(Arith),
}

/// `while` or `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// `while`
    While,
    /// `until`
    Until,
}

/// `for NAME in WORDS` or `select NAME in WORDS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForLoop {
    /// The variable.
    pub name: Vec<u8>,
    /// Where it stands.
    pub name_span: Span,
    /// `None`: the positional parameters.
    pub words: Option<Vec<Word>>,
    /// Run in each round.
    pub body: Script,
}

/// One `pattern | pattern) … ;;` of a `case`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseArm {
    /// At least one.
    pub patterns: Vec<Word>,
    /// What runs on a match.
    pub body: Script,
    /// How it ends.
    pub end: CaseEnd,
}

/// What ends a `case` arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseEnd {
    /// `;;`
    Break,
    /// `;&`
    FallThrough,
    /// `;;&`
    TestNext,
    /// `esac` without a terminator.
    Esac,
}

/// The inside of `[[ … ]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestExpr {
    /// One word: true unless empty.
    Word(Word),
    /// `-f x`, `-v a[1]`, … (the operator with its dash).
    Unary(Vec<u8>, Word),
    /// `a == b`, `a =~ b`, `a -eq b`, `a < b`, …
    Binary(Word, Vec<u8>, Word),
    /// `! e`
    Not(Box<TestExpr>),
    /// `a && b`
    And(Box<TestExpr>, Box<TestExpr>),
    /// `a || b`
    Or(Box<TestExpr>, Box<TestExpr>),
    /// `( e )`
    Paren(Box<TestExpr>),
}

/// An arithmetic expression, as the text it is plus what expands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arith {
    /// Literal text and expansions, in order. Literal text may hold names, which the shell evaluates
    /// *as expressions again*: see [`Arith::names`].
    pub parts: Vec<WordPart>,
    /// Every identifier that the literal text names, in order, once each.
    pub names: Vec<Vec<u8>>,
    /// Those of `names` that are assigned to (`x=1`, `x+=1`, `x++`).
    pub assigned: Vec<Vec<u8>>,
    /// Whether any name has a subscript (`a[i]`), which is evaluated again.
    pub subscripts: bool,
    /// Inside the brackets.
    pub span: Span,
}

/// A function definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The name as written.
    pub name: Vec<u8>,
    /// Where the name stands.
    pub name_span: Span,
    /// Whether the reserved word `function` introduced it.
    pub keyword: bool,
    /// Always a [`Compound`].
    pub body: Box<Compound>,
    /// The whole definition.
    pub span: Span,
}

/// bash's `coproc [NAME] command`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coproc {
    /// `None`: `COPROC`.
    pub name: Option<Vec<u8>>,
    /// What runs.
    pub body: Box<Command>,
    /// The whole command.
    pub span: Span,
}

/// `NAME=value`, `NAME+=value`, `NAME[sub]=value`, `NAME=(…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: Vec<u8>,
    /// bash's `[…]`, which is evaluated as arithmetic or as a key.
    pub subscript: Option<Word>,
    /// `+=`
    pub append: bool,
    /// What is assigned.
    pub value: AssignValue,
    /// The whole assignment.
    pub span: Span,
}

/// The right side of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignValue {
    /// One word; empty parts for `x=`.
    Scalar(Word),
    /// bash's `(…)`.
    Array(Vec<ArrayElement>),
}

/// One element of `( … )`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayElement {
    /// `[sub]=`
    pub subscript: Option<Word>,
    /// `[sub]+=`
    pub append: bool,
    /// The value.
    pub value: Word,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// What stands before the operator.
    pub fd: Option<RedirectFd>,
    /// The operator.
    pub op: RedirectOp,
    /// What stands behind it. For here-documents: the delimiter word, and the body apart.
    pub target: Word,
    /// The body of `<<` and `<<-`.
    pub here_doc: Option<HereDoc>,
    /// Descriptor, operator and target; not the body.
    pub span: Span,
}

/// The descriptor a redirection acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectFd {
    /// `2>`
    Number(u32),
    /// bash's `{name}>`
    Variable(Vec<u8>),
}

/// The redirection operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectOp {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>>`
    Append,
    /// `>|`
    Clobber,
    /// `<>`
    ReadWrite,
    /// `<&`
    DupIn,
    /// `>&` (in bash with a word that is no number: as `&>`)
    DupOut,
    /// `&>`
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<<`
    HereDoc,
    /// `<<-`
    HereDocTabs,
    /// `<<<`
    HereString,
}

/// The body of a here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HereDoc {
    /// Delimiter after quote removal.
    pub delimiter: Vec<u8>,
    /// A quoted delimiter: nothing in the body expands (`body` is one literal part).
    pub quoted: bool,
    /// Literal text and expansions, as inside double quotes.
    pub body: Word,
    /// `body` ends at the end of the text instead of at its delimiter (bash warns and goes on). Only
    /// where [`crate::Options::here_doc_at_end`] allows it.
    pub unterminated: bool,
}

/// A word: parts side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// In order; none for an empty word in places that allow one.
    pub parts: Vec<WordPart>,
    /// Where it stands.
    pub span: Span,
}

/// A part of a word and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordPart {
    /// What it is.
    pub kind: WordPartKind,
    /// With its quotes or brackets.
    pub span: Span,
}

/// The parts of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPartKind {
    /// Unquoted bytes that mean themselves.
    Literal(Vec<u8>),
    /// `\x`: this byte (inside double quotes and here-documents only where the backslash is special).
    /// A backslash-newline is no part at all.
    Escaped(u8),
    /// `'…'`
    SingleQuoted(Vec<u8>),
    /// `"…"`: literal, escaped and expanding parts.
    DoubleQuoted(Vec<WordPart>),
    /// bash's `$'…'`, decoded as bash does (a NUL ends the string there).
    AnsiC(Vec<u8>),
    /// bash's `$"…"`, which may be translated.
    Localized(Vec<WordPart>),
    /// `$x`, `${x…}`
    Param(Param),
    /// `$(…)`
    Command(Script),
    /// `` `…` ``: the tree of the text with one level of backslashes removed. Spans inside are those of
    /// that inner text, moved to begin where the backquote opens.
    Backquoted(Script),
    /// `$((…))` and bash's `$[…]`
    Arith(Arith),
    /// bash's `<(…)` and `>(…)`
    Process(ProcessDirection, Script),
    /// Unquoted `*`
    Star,
    /// Unquoted `?`
    Question,
    /// Unquoted `[…]`: the text between the brackets, quotes removed.
    Bracket(Vec<u8>),
    /// bash's `@(a|b)` and its kin: the operator byte and the alternatives.
    ExtGlob(u8, Vec<Word>),
    /// bash's `{a,b}`: at least two alternatives.
    BraceList(Vec<Word>),
    /// bash's `{1..9}`, `{a..e..2}`: the text between the braces.
    BraceRange(Vec<u8>),
    /// `~` or `~user` where it expands: the user, empty for one's own home. bash's `~+`, `~-` too.
    Tilde(Vec<u8>),
    /// A compound array assignment as operand of `declare` and its kin: `declare -a x=(…)`. It is the last
    /// part, behind a literal `x=`.
    ArrayLiteral(Vec<ArrayElement>),
}

/// `<(…)` or `>(…)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessDirection {
    /// `<(…)`
    Read,
    /// `>(…)`
    Write,
}

/// A parameter expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Name, digits, or one special character (`@*#?-$!0`).
    pub name: Vec<u8>,
    /// bash's `[…]`: a key or arithmetic (evaluated again), or `@`/`*`.
    pub subscript: Option<Word>,
    /// What is done with it.
    pub op: ParamOp,
    /// Whether it was written with braces.
    pub braced: bool,
}

/// What a parameter expansion does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamOp {
    /// `$x`, `${x}`
    Value,
    /// `${#x}`
    Length,
    /// bash's `${!x}`: indirection (with any further operator inside).
    Indirect(Box<ParamOp>),
    /// bash's `${!x*}`, `${!x@}`, `${!x[@]}`, `${!x[*]}`: names or keys.
    Names,
    /// `${x:-w}`, `${x-w}`
    Default(Colon, Word),
    /// `${x:=w}`, `${x=w}`: assigns.
    Assign(Colon, Word),
    /// `${x:?w}`, `${x?w}`
    Error(Colon, Word),
    /// `${x:+w}`, `${x+w}`
    Alternative(Colon, Word),
    /// `${x#p}`, `${x##p}`, `${x%p}`, `${x%%p}`: the operator as written.
    Strip(&'static str, Word),
    /// bash's `${x/p/r}`: the operator (`/`, `//`, `/#`, `/%`), pattern, replacement.
    Replace(&'static str, Word, Option<Word>),
    /// bash's `${x:a:b}`: two arithmetic expressions.
    Slice(Arith, Option<Arith>),
    /// bash's `${x^p}`, `${x^^p}`, `${x,p}`, `${x,,p}`: operator and pattern.
    Case(&'static str, Word),
    /// bash's `${x@Q}`: the letter. `P` expands the value as a prompt, which may run commands.
    Transform(u8),
}

/// Whether the operator was written with a colon, and so treats empty as unset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colon {
    /// `:-`
    With,
    /// `-`
    Without,
}

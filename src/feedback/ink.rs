//! The colours of the words that guardsh prints, where they go to a terminal that wants them.

use crossterm::style::{Attribute, Color, ContentStyle};
use std::fmt::Display;
use std::io::IsTerminal;

/// What a word is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// It does not run.
    Refused,
    /// A person has to decide.
    Asks,
    /// It runs.
    Runs,
    /// A label: less important than what stands beside it.
    Label,
}

/// Whether words are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inks {
    coloured: bool,
}

impl Inks {
    /// As somebody has decided.
    pub(crate) fn when(coloured: bool) -> Self {
        Self { coloured }
    }

    /// Coloured on a terminal that can, unless `NO_COLOR` is set to anything at all.
    pub(crate) fn of(stream: &impl IsTerminal) -> Self {
        let able = std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb");
        Self::when(able && std::env::var_os("NO_COLOR").is_none() && stream.is_terminal())
    }

    /// Whether there are any.
    pub(crate) fn coloured(self) -> bool {
        self.coloured
    }

    /// The text, in its colour.
    pub(crate) fn paint(self, ink: Ink, text: impl Display) -> String {
        if self.coloured {
            style(ink).apply(text).to_string()
        } else {
            text.to_string()
        }
    }
}

fn style(ink: Ink) -> ContentStyle {
    let (foreground_color, attribute) = match ink {
        Ink::Refused => (Some(Color::DarkRed), Attribute::Bold),
        Ink::Asks => (Some(Color::DarkYellow), Attribute::Bold),
        Ink::Runs => (Some(Color::DarkGreen), Attribute::Bold),
        Ink::Label => (None, Attribute::Dim),
    };
    ContentStyle {
        foreground_color,
        attributes: attribute.into(),
        ..ContentStyle::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ink_has_its_own_codes_and_ends_them() {
        // Whoever runs the tests may have NO_COLOR set, which crossterm looks at by itself.
        crossterm::style::force_color_output(true);
        let inks = Inks::when(true);
        let painted =
            [Ink::Refused, Ink::Asks, Ink::Runs, Ink::Label].map(|ink| inks.paint(ink, "x"));
        assert_eq!(
            painted,
            [
                "\x1b[38;5;1m\x1b[1mx\x1b[0m",
                "\x1b[38;5;3m\x1b[1mx\x1b[0m",
                "\x1b[38;5;2m\x1b[1mx\x1b[0m",
                "\x1b[2mx\x1b[0m",
            ]
        );
    }

    #[test]
    fn without_colour_the_text_is_left_alone() {
        assert_eq!(Inks::when(false).paint(Ink::Refused, "x"), "x");
    }
}

//! Colours. One table of tokens, for light and for dark ground; on sixteen colours the terminal's own, and none at all
//! where none are wished. Nothing is said by colour alone.

mod oklch;

use huis_proto::AccountId;
use ratatui::style::{Color, Modifier, Style};

use oklch::colour;

pub(crate) use oklch::luminance;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// None: weights and lines alone.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// All.
    True,
}

/// What the terminal's own background is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Dark text on light ground.
    Light,
    /// Light text on dark ground.
    Dark,
}

/// What a text is, by which it gets its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Text,
    Strong,
    Muted,
    Accent,
    /// A key that can be pressed.
    Key,
    Waiting,
    Danger,
    Good,
    Link,
    Mention,
    /// Words that a search looked for.
    Match,
    Border,
    BorderActive,
    Author(u8),
}

/// Which colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// How many.
    pub depth: Depth,
    /// On which ground.
    pub ground: Ground,
    /// Whether the person chose the ground, whatever the terminal says of its own.
    pub is_fixed: bool,
}

impl Theme {
    /// What the environment says. `COLORFGBG` tells the ground before the terminal does.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
        let depth = if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) || is("TERM", "dumb") {
            Depth::None
        } else if is("COLORTERM", "truecolor") || is("COLORTERM", "24bit") {
            Depth::True
        } else {
            Depth::Sixteen
        };
        let ground = match variable("COLORFGBG").and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok()) {
            Some(7 | 9..=15) => Ground::Light,
            _ => Ground::Dark,
        };
        Self { depth, ground, is_fixed: false }
    }

    pub(crate) fn style(self, role: Role) -> Style {
        let style = match self.depth {
            Depth::None => Style::new(),
            Depth::Sixteen => self.sixteen(role),
            Depth::True => self.full(role),
        };
        style.add_modifier(weight(role, self.depth))
    }

    /// What is chosen.
    pub(crate) fn selected(self) -> Style {
        match (self.depth, self.ground) {
            (Depth::None | Depth::Sixteen, _) => Style::new().add_modifier(Modifier::REVERSED),
            (Depth::True, Ground::Light) => Style::new().bg(colour(92.0, 0.02, 195.0)),
            (Depth::True, Ground::Dark) => Style::new().bg(colour(29.0, 0.03, 220.0)),
        }
    }

    /// A strip across the screen.
    pub(crate) fn strip(self) -> Style {
        match (self.depth, self.ground) {
            (Depth::None | Depth::Sixteen, _) => Style::new().add_modifier(Modifier::REVERSED),
            (Depth::True, Ground::Light) => Style::new().bg(colour(93.0, 0.05, 85.0)).fg(colour(35.0, 0.07, 70.0)),
            (Depth::True, Ground::Dark) => Style::new().bg(colour(30.0, 0.04, 75.0)).fg(colour(88.0, 0.09, 85.0)),
        }
    }

    fn full(self, role: Role) -> Style {
        let light = self.ground == Ground::Light;
        let pick = |on_light: (f64, f64, f64), on_dark: (f64, f64, f64)| {
            let (l, c, h) = if light { on_light } else { on_dark };
            colour(l, c, h)
        };
        let fg = match role {
            // The terminal's own text is the one that its owner chose.
            Role::Text | Role::Strong => return Style::new(),
            Role::Muted => pick((48.0, 0.02, 260.0), (72.0, 0.02, 260.0)),
            Role::Accent | Role::Key | Role::Link | Role::BorderActive => {
                pick((50.0, 0.09, 195.0), (78.0, 0.11, 190.0))
            }
            Role::Waiting | Role::Mention => pick((49.0, 0.10, 70.0), (82.0, 0.13, 80.0)),
            Role::Danger => pick((49.0, 0.18, 25.0), (74.0, 0.14, 25.0)),
            Role::Good => pick((48.0, 0.11, 150.0), (78.0, 0.13, 150.0)),
            Role::Match => {
                let (bg, fg) = if light { (88.0, 24.0) } else { (82.0, 17.0) };
                return Style::new().bg(colour(bg, 0.13, 90.0)).fg(colour(fg, 0.02, 260.0));
            }
            Role::Border => pick((80.0, 0.01, 260.0), (38.0, 0.02, 260.0)),
            Role::Author(hue) => {
                let hue = f64::from(hue % HUES) * 30.0 + 15.0;
                pick((46.0, 0.09, hue), (79.0, 0.09, hue))
            }
        };
        Style::new().fg(fg)
    }

    fn sixteen(self, role: Role) -> Style {
        let light = self.ground == Ground::Light;
        let pick = |on_light, on_dark| if light { on_light } else { on_dark };
        let fg = match role {
            Role::Text | Role::Strong => return Style::new(),
            Role::Muted | Role::Border => return Style::new().add_modifier(Modifier::DIM),
            Role::Accent | Role::Key | Role::Link | Role::BorderActive => pick(Color::Blue, Color::Cyan),
            Role::Waiting | Role::Mention => pick(Color::Magenta, Color::Yellow),
            Role::Danger => pick(Color::Red, Color::LightRed),
            Role::Good => pick(Color::Green, Color::LightGreen),
            Role::Match => return Style::new().fg(Color::Black).bg(Color::Yellow),
            Role::Author(hue) => {
                let on_light = [Color::Blue, Color::Red, Color::Green, Color::Magenta];
                let on_dark =
                    [Color::LightBlue, Color::LightRed, Color::LightGreen, Color::LightMagenta, Color::LightCyan];
                let among: &[Color] = if light { &on_light } else { &on_dark };
                among.get(usize::from(hue) % among.len()).copied().unwrap_or(Color::Reset)
            }
        };
        Style::new().fg(fg)
    }
}

/// The hues of people.
const HUES: u8 = 12;

/// The hue of an account, the same everywhere.
pub(crate) fn hue(account: AccountId) -> Role {
    let sum = account.as_bytes().iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(*byte)));
    Role::Author(u8::try_from(sum % u32::from(HUES)).unwrap_or(0))
}

fn weight(role: Role, depth: Depth) -> Modifier {
    match role {
        Role::Strong | Role::Key | Role::Author(_) => Modifier::BOLD,
        Role::Link => Modifier::UNDERLINED,
        Role::Mention => Modifier::BOLD,
        Role::Match if depth == Depth::None => Modifier::REVERSED,
        Role::BorderActive if depth == Depth::None => Modifier::BOLD,
        Role::Danger if depth == Depth::None => Modifier::BOLD,
        _ => Modifier::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::oklch::contrast;
    use super::*;

    const GROUNDS: [(Ground, [Color; 2]); 2] = [
        (Ground::Light, [Color::Rgb(255, 255, 255), Color::Rgb(246, 244, 240)]),
        (Ground::Dark, [Color::Rgb(0, 0, 0), Color::Rgb(40, 42, 54)]),
    ];

    #[test]
    fn every_text_can_be_read_on_light_and_on_dark_ground() {
        let mut roles =
            vec![Role::Muted, Role::Accent, Role::Waiting, Role::Danger, Role::Good, Role::Link, Role::Mention];
        roles.extend((0..HUES).map(Role::Author));
        for (ground, grounds) in GROUNDS {
            let theme = Theme { depth: Depth::True, ground, is_fixed: false };
            for role in &roles {
                let fg = theme.style(*role).fg.unwrap();
                for bg in grounds.into_iter().chain(theme.selected().bg) {
                    assert!(contrast(fg, bg) >= 4.5, "{role:?} on {bg:?}, {ground:?}: {}", contrast(fg, bg));
                }
            }
            for style in [theme.strip(), theme.style(Role::Match)] {
                assert!(contrast(style.fg.unwrap(), style.bg.unwrap()) >= 4.5, "{style:?}");
            }
        }
    }

    #[test]
    fn the_environment_chooses_depth_and_ground() {
        let theme = |pairs: &'static [(&str, &str)]| {
            Theme::from_environment(|name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.to_owned()))
        };
        assert_eq!(theme(&[]).depth, Depth::Sixteen);
        assert_eq!(theme(&[("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(theme(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]).depth, Depth::None);
        assert_eq!(theme(&[("TERM", "dumb")]).depth, Depth::None);
        assert_eq!(theme(&[("COLORFGBG", "0;default;15")]).ground, Ground::Light);
        assert_eq!(theme(&[("COLORFGBG", "15;0")]).ground, Ground::Dark);
    }

    #[test]
    fn without_colours_nothing_is_coloured() {
        let theme = Theme { depth: Depth::None, ground: Ground::Dark, is_fixed: false };
        for role in [Role::Text, Role::Muted, Role::Danger, Role::Match, Role::Author(3), Role::Link] {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None));
        }
    }
}

//! Numbers that people can say on the phone: R3, M5, I12, K4, E7, C9. The log's order gives them.

use std::fmt;
use std::str::FromStr;

/// Text that should have been a number such as `E7` and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an id: R3 (report), M5 (mention), I12 (item), K4 (capture), E7 (exhibit) or C9 (claim) is expected")]
pub struct ParseNumberError(pub String);

fn parse(text: &str, letter: char) -> Result<u64, ParseNumberError> {
    let wrong = || ParseNumberError(text.chars().take(80).collect());
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first.to_ascii_uppercase() == letter => {}
        _ => return Err(wrong()),
    }
    let digits = chars.as_str();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(number) if plain && number > 0 && !digits.starts_with('0') => Ok(number),
        _ => Err(wrong()),
    }
}

macro_rules! number {
    ($($(#[$meta:meta])* $name:ident = $letter:literal),+ $(,)?) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub u64);

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.pad(&format!("{}{}", $letter, self.0))
                }
            }

            impl FromStr for $name {
                type Err = ParseNumberError;
                fn from_str(text: &str) -> Result<Self, ParseNumberError> {
                    parse(text, $letter).map($name)
                }
            }
        )+
    };
}

number! {
    /// A report, `R3`.
    ReportNo = 'R',
    /// One reference in a report, `M5` (a mention).
    MentionNo = 'M',
    /// The media thing meant, `I12`.
    ItemNo = 'I',
    /// One attempt to obtain an item, `K4`.
    CaptureNo = 'K',
    /// An object admitted to the case, `E7`.
    ExhibitNo = 'E',
    /// What somebody asserts, `C9`.
    ClaimNo = 'C',
}

/// Any of the numbers, as a person types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Report(ReportNo),
    Mention(MentionNo),
    Item(ItemNo),
    Capture(CaptureNo),
    Exhibit(ExhibitNo),
    Claim(ClaimNo),
}

impl Subject {
    /// The letter and the number: `('E', 7)`.
    pub fn parts(self) -> (char, u64) {
        match self {
            Subject::Report(ReportNo(no)) => ('R', no),
            Subject::Mention(MentionNo(no)) => ('M', no),
            Subject::Item(ItemNo(no)) => ('I', no),
            Subject::Capture(CaptureNo(no)) => ('K', no),
            Subject::Exhibit(ExhibitNo(no)) => ('E', no),
            Subject::Claim(ClaimNo(no)) => ('C', no),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (letter, no) = self.parts();
        f.pad(&format!("{letter}{no}"))
    }
}

impl FromStr for Subject {
    type Err = ParseNumberError;
    fn from_str(text: &str) -> Result<Self, ParseNumberError> {
        match text.chars().next().map(|letter| letter.to_ascii_uppercase()) {
            Some('R') => text.parse().map(Subject::Report),
            Some('M') => text.parse().map(Subject::Mention),
            Some('I') => text.parse().map(Subject::Item),
            Some('K') => text.parse().map(Subject::Capture),
            Some('E') => text.parse().map(Subject::Exhibit),
            Some('C') => text.parse().map(Subject::Claim),
            _ => Err(ParseNumberError(text.chars().take(80).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_said_and_read_back() {
        for text in ["R3", "M5", "I12", "K4", "E7", "C9"] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
        assert_eq!("e7".parse::<ExhibitNo>().unwrap(), ExhibitNo(7));
    }

    #[test]
    fn what_is_not_a_number_is_quoted_back() {
        for text in ["", "E", "E0", "E07", "E-1", "E+1", "Z3", "7", "E7x", "E99999999999999999999"] {
            let error = text.parse::<Subject>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}

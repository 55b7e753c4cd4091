//! `$formatInteger` and `$parseInteger`: integers as digits, letters, Roman numerals or English words.
//!
//! Source: XPath and XQuery Functions and Operators 3.1, "Formatting integers", as JSONata 2.0.6 reads it.

use super::{Error, MAX_DIGITS, number::regular};

/// An integer picture, understood.
pub(super) struct Format {
    pub(super) style: Style,
    ordinal: bool,
}

/// How an integer is written.
pub(super) enum Style {
    Digits(Digits),
    Letters { first: char },
    Roman { upper: bool },
    Words(Case),
}

/// A decimal digit pattern.
pub(super) struct Digits {
    /// The zero of the ten digits in use.
    zero: char,
    pub(super) mandatory: usize,
    pub(super) optional: usize,
    /// What stands between digits and how many digits are to its right, from the right.
    separators: Vec<(usize, char)>,
    /// The one separator, and the size of all groups, where they are regular.
    pub(super) every: Option<(usize, char)>,
}

/// The letters of words.
pub(super) enum Case {
    Lower,
    Upper,
    Title,
}

/// Writes an integer by a picture; a fraction is cut off downwards.
pub(crate) fn format_integer(value: f64, picture: &str) -> Result<String, Error> {
    Format::parse(picture)?.write(value.floor())
}

/// Reads an integer that a picture describes. What it does not describe is not a number.
pub(crate) fn parse_integer(text: &str, picture: &str) -> Result<f64, Error> {
    Ok(Format::parse(picture)?.read(text))
}

impl Format {
    pub(super) fn parse(picture: &str) -> Result<Format, Error> {
        let (primary, modifier) = picture.rsplit_once(';').unwrap_or((picture, ""));
        let style = match primary {
            "A" => Style::Letters { first: 'A' },
            "a" => Style::Letters { first: 'a' },
            "I" => Style::Roman { upper: true },
            "i" => Style::Roman { upper: false },
            "W" => Style::Words(Case::Upper),
            "w" => Style::Words(Case::Lower),
            "Ww" => Style::Words(Case::Title),
            digits => Style::Digits(Digits::parse(digits)?),
        };
        Ok(Format { style, ordinal: modifier.starts_with('o') })
    }

    /// Writes an integer.
    pub(super) fn write(&self, value: f64) -> Result<String, Error> {
        // A thousand is one `M`, so a large number would be a text without measure.
        let most = if matches!(self.style, Style::Roman { .. }) { 1e7 } else { f64::MAX };
        if value.is_nan() || value.abs() > most {
            return Err(Error::out_of_range(value));
        }
        let size = value.abs();
        let text = match &self.style {
            Style::Letters { first } => letters(size, *first),
            Style::Roman { upper: true } => roman(size),
            Style::Roman { upper: false } => roman(size).to_lowercase(),
            Style::Words(case) => {
                let words = words(size, self.ordinal);
                match case {
                    Case::Lower => words.to_lowercase(),
                    Case::Upper => words.to_uppercase(),
                    Case::Title => words,
                }
            }
            Style::Digits(digits) => digits.write(size, self.ordinal),
        };
        Ok(if value < 0.0 { format!("-{text}") } else { text })
    }

    pub(super) fn is_ordinal(&self) -> bool {
        self.ordinal
    }

    /// The value of a text; not a number where it is not of the picture.
    pub(super) fn read(&self, text: &str) -> f64 {
        match &self.style {
            Style::Letters { first } => {
                let letters: Vec<u16> = text.encode_utf16().collect();
                let value = |letter: &u16| f64::from(*letter) - f64::from(u32::from(*first)) + 1.0;
                let places = letters.iter().rev().enumerate();
                places.map(|(place, letter)| value(letter) * 26_f64.powf(place as f64)).sum()
            }
            Style::Roman { upper: true } => read_roman(text),
            Style::Roman { upper: false } => read_roman(&text.to_uppercase()),
            Style::Words(_) => read_words(text),
            Style::Digits(digits) => digits.read(text, self.ordinal),
        }
    }
}

impl Digits {
    fn parse(primary: &str) -> Result<Digits, Error> {
        let mut digits = Digits { zero: '0', mandatory: 0, optional: 0, separators: Vec::new(), every: None };
        for character in primary.chars().rev() {
            if let Some(zero) = zero_of(character) {
                if digits.mandatory > 0 && digits.zero != zero {
                    let message =
                        "In a decimal digit pattern, all digits must be from the same decimal group";
                    return Err(Error::plain("D3131", message));
                }
                digits.zero = zero;
                digits.mandatory += 1;
            } else if character == '#' {
                digits.optional += 1;
            } else {
                digits.separators.push((digits.mandatory + digits.optional, character));
            }
        }
        if digits.mandatory == 0 {
            return Err(Error::about(
                "D3130",
                "Formatting or parsing an integer as a sequence starting with ",
                primary,
                " is not supported by this implementation",
            ));
        }
        let length = primary.chars().count();
        if length > MAX_DIGITS {
            return Err(Error::too_long(length));
        }
        let positions: Vec<usize> = digits.separators.iter().map(|&(position, _)| position).collect();
        digits.every = digits
            .separators
            .first()
            .filter(|(_, first)| digits.separators.iter().all(|(_, other)| other == first))
            .and_then(|&(_, separator)| regular(&positions).map(|size| (size, separator)));
        Ok(digits)
    }

    fn write(&self, size: f64, ordinal: bool) -> String {
        let plain = format!("{size:0>width$}", width = self.mandatory);
        let mut text: Vec<char> = plain.chars().map(|digit| self.localize(digit)).collect();
        let end = text.len();
        match self.every {
            Some((size, separator)) => {
                for group in 1..=end.saturating_sub(1) / size {
                    text.insert(end - group * size, separator);
                }
            }
            // From the left, as in 2.0.6. There a separator to the left of all digits counts its place from the
            // other end, and cuts off what is before that.
            None => {
                for &(position, separator) in self.separators.iter().rev() {
                    match text.len().checked_sub(position) {
                        Some(at) => text.insert(at, separator),
                        None => {
                            let kept = position - text.len();
                            text.drain(..text.len().saturating_sub(kept));
                            text.insert(0, separator);
                        }
                    }
                }
            }
        }
        if ordinal {
            let mut last = text.iter().rev();
            let suffix = match (last.next(), last.next()) {
                (_, Some('1')) => "th",
                (Some('1'), _) => "st",
                (Some('2'), _) => "nd",
                (Some('3'), _) => "rd",
                _ => "th",
            };
            text.extend(suffix.chars());
        }
        text.into_iter().collect()
    }

    fn localize(&self, digit: char) -> char {
        let value = digit.to_digit(10).unwrap_or(0);
        char::from_u32(u32::from(self.zero) + value).unwrap_or(digit)
    }

    fn read(&self, text: &str, ordinal: bool) -> f64 {
        let mut characters: Vec<char> = text.chars().collect();
        if ordinal {
            characters.truncate(characters.len().saturating_sub(2));
        }
        characters.retain(|character| match self.every {
            // Whatever the picture has: so does 2.0.6.
            Some(_) => *character != ',',
            None => !self.separators.iter().any(|(_, separator)| separator == character),
        });
        if self.zero == '0' {
            return super::date::parse_int(&characters.into_iter().collect::<String>());
        }
        let digits = characters.into_iter().map_while(|character| {
            let digit = u32::from(character).checked_sub(u32::from(self.zero))?;
            char::from_digit(digit, 10)
        });
        super::date::parse_int(&digits.collect::<String>())
    }
}

/// The zero of the ten digits that a character is one of.
fn zero_of(character: char) -> Option<char> {
    let code = u32::from(character);
    let zero = ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code))?;
    char::from_u32(*zero)
}

/// The zeros of the decimal digits of the Basic Multilingual Plane.
const ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// `a`, `b` .. `z`, `aa`; zero is empty.
fn letters(mut value: f64, first: char) -> String {
    let mut letters = Vec::new();
    while value > 0.0 {
        // A remainder of 26 fits.
        let letter = ((value - 1.0) % 26.0) as u32;
        letters.push(char::from_u32(u32::from(first) + letter).unwrap_or(first));
        value = ((value - 1.0) / 26.0).floor();
    }
    letters.into_iter().rev().collect()
}

/// Upper case; zero is empty.
fn roman(value: f64) -> String {
    // The caller bounds it.
    let mut left = value as u32;
    let mut text = String::new();
    for &(size, numeral) in ROMAN {
        while left >= size {
            text.push_str(numeral);
            left -= size;
        }
    }
    text
}

fn read_roman(text: &str) -> f64 {
    let (mut value, mut most) = (0.0, 1.0);
    for letter in text.chars().rev() {
        let numeral = ROMAN.iter().find(|(_, numeral)| numeral.chars().eq([letter]));
        let size = numeral.map_or(f64::NAN, |&(size, _)| f64::from(size));
        if size < most {
            value -= size;
        } else {
            most = size;
            value += size;
        }
    }
    value
}

const ROMAN: &[(u32, &str)] = &[
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

/// English words, each with a capital: `One Thousand and Twenty-First`.
fn words(value: f64, ordinal: bool) -> String {
    let mut text = String::new();
    push_words(&mut text, value, false, ordinal);
    text
}

/// Recurses once for each trillion, at most 26 times. `after` says that words stand before these.
fn push_words(text: &mut String, value: f64, after: bool, ordinal: bool) {
    // Below 1000 the value fits, and so do the quotients by which the tables are read.
    let small = if value < 1000.0 { value as usize } else { 1000 };
    let word = |table: &'static [&'static str], at: usize| table.get(at).copied().unwrap_or_default();
    match small {
        0..20 => {
            text.push_str(if after { " and " } else { "" });
            text.push_str(word(if ordinal { ORDINALS } else { FEW }, small));
        }
        20..100 => {
            text.push_str(if after { " and " } else { "" });
            let ten = word(TENS, small / 10 - 2);
            match small % 10 {
                0 if ordinal => {
                    text.push_str(ten.trim_end_matches('y'));
                    text.push_str("ieth");
                }
                0 => text.push_str(ten),
                unit => {
                    text.push_str(ten);
                    text.push('-');
                    push_words(text, unit as f64, false, ordinal);
                }
            }
        }
        100..1000 => {
            text.push_str(if after { ", " } else { "" });
            text.push_str(word(FEW, small / 100));
            text.push_str(" Hundred");
            push_rest(text, (small % 100) as f64, ordinal);
        }
        _ => {
            let power = ((value.log10() / 3.0).floor() as usize).min(MAGNITUDES.len());
            let factor = 10_f64.powi(3 * power as i32);
            let count = (value / factor).floor();
            text.push_str(if after { ", " } else { "" });
            push_words(text, count, false, false);
            text.push(' ');
            text.push_str(word(MAGNITUDES, power.saturating_sub(1)));
            push_rest(text, value - count * factor, ordinal);
        }
    }
}

fn push_rest(text: &mut String, rest: f64, ordinal: bool) {
    if rest > 0.0 {
        push_words(text, rest, true, ordinal);
    } else if ordinal {
        text.push_str("th");
    }
}

/// Adds words up: those below 100 are added, the others multiply what stands before them.
fn read_words(text: &str) -> f64 {
    let mut sums = vec![0.0];
    let text = text.to_lowercase().replace(", ", " ").replace(" and ", " ");
    for word in text.split([' ', '\t', '\n', '\r', '-', '\\']) {
        let value = value_of(word);
        let last = sums.pop().unwrap_or(0.0);
        if value < 100.0 {
            if last >= 1000.0 {
                sums.push(last);
                sums.push(value);
            } else {
                sums.push(last + value);
            }
        } else {
            sums.push(last * value);
        }
    }
    sums.into_iter().sum()
}

fn value_of(word: &str) -> f64 {
    let is = |other: &&str| other.eq_ignore_ascii_case(word);
    if let Some(value) = FEW.iter().position(is).or_else(|| ORDINALS.iter().position(is)) {
        return value as f64;
    }
    let ten = word.strip_suffix("ieth").map(|stem| format!("{stem}y"));
    let ten = ten.as_deref().unwrap_or(word);
    if let Some(value) = TENS.iter().position(|other| other.eq_ignore_ascii_case(ten)) {
        return (value as f64 + 2.0) * 10.0;
    }
    let large = word.strip_suffix("th").unwrap_or(word);
    if large == "hundred" {
        return 100.0;
    }
    match MAGNITUDES.iter().position(|other| other.eq_ignore_ascii_case(large)) {
        Some(power) => 1000_f64.powi(power as i32 + 1),
        None => f64::NAN,
    }
}

/// A regular expression of words that make a number.
pub(super) fn word_pattern() -> String {
    let mut pattern = String::from("(?:[-, ]|and|hundred(?:th)?");
    for (words, suffix) in [(FEW, ""), (ORDINALS, ""), (TENS, ""), (MAGNITUDES, "(?:th)?")] {
        for word in words {
            pattern.push('|');
            pattern.push_str(word);
            pattern.push_str(suffix);
        }
    }
    for ten in TENS {
        pattern.push('|');
        pattern.push_str(ten.trim_end_matches('y'));
        pattern.push_str("ieth");
    }
    pattern.push_str(")+");
    pattern
}

const FEW: &[&str] = &[
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
];

const ORDINALS: &[&str] = &[
    "Zeroth",
    "First",
    "Second",
    "Third",
    "Fourth",
    "Fifth",
    "Sixth",
    "Seventh",
    "Eighth",
    "Ninth",
    "Tenth",
    "Eleventh",
    "Twelfth",
    "Thirteenth",
    "Fourteenth",
    "Fifteenth",
    "Sixteenth",
    "Seventeenth",
    "Eighteenth",
    "Nineteenth",
];

const TENS: &[&str] = &["Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"];

const MAGNITUDES: &[&str] = &["Thousand", "Million", "Billion", "Trillion"];

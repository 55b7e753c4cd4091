//! `$formatNumber`: decimal pictures such as `#,##0.00;(#,##0.00)`.
//!
//! Source: XPath and XQuery Functions and Operators 3.1, "Formatting numbers", and where it leaves the
//! specification JSONata 2.0.6.

use super::{Error, MAX_DIGITS};

/// The characters and words that pictures and results are made of.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) decimal_separator: char,
    pub(crate) grouping_separator: char,
    pub(crate) exponent_separator: char,
    pub(crate) infinity: String,
    pub(crate) minus_sign: String,
    pub(crate) not_a_number: String,
    pub(crate) percent: String,
    pub(crate) per_mille: String,
    /// The first of ten digits in a row.
    pub(crate) zero_digit: char,
    /// An optional digit in a picture.
    pub(crate) digit: char,
    pub(crate) pattern_separator: char,
}

/// Writes a number by a picture. With a second sub-picture, that one is for negative numbers.
///
/// Rounds half to even. Of several faults in a picture the last in the order of the codes is reported.
pub(crate) fn format_number(value: f64, picture: &str, options: &Options) -> Result<String, Error> {
    let parts: Vec<&str> = picture.split(options.pattern_separator).collect();
    let (positive, negative) = match parts.as_slice() {
        [only] => (Picture::parse(only, options)?, None),
        [first, second] => (Picture::parse(first, options)?, Some(Picture::parse(second, options)?)),
        _ => {
            let message = "The picture string must only contain a maximum of two sub-pictures";
            return Err(Error::plain("D3080", message));
        }
    };
    Ok(match negative {
        _ if value.is_nan() => options.not_a_number.clone(),
        Some(negative) if value < 0.0 => negative.write(value.abs(), "", options),
        None if value < 0.0 => positive.write(value.abs(), &options.minus_sign, options),
        _ => positive.write(value.abs(), "", options),
    })
}

/// A sub-picture, understood.
struct Picture {
    prefix: String,
    suffix: String,
    /// 1, or 100 and 1000 with a percent or per-mille sign.
    factor: f64,
    min_integer: usize,
    min_fraction: usize,
    max_fraction: usize,
    /// Digits before the point when there is an exponent.
    scale: usize,
    /// The least digits of the exponent.
    min_exponent: Option<usize>,
    grouping: Grouping,
    /// After so many digits of the fraction comes a separator.
    fraction_groups: Vec<usize>,
    has_point: bool,
}

/// Where separators stand in the integer part, in digits from its end.
enum Grouping {
    Every(usize),
    At(Vec<usize>),
}

/// The pieces of a sub-picture, not yet checked.
struct Pieces {
    whole: Vec<char>,
    prefix: usize,
    suffix: usize,
    active: Vec<char>,
    mantissa: Vec<char>,
    exponent: Option<Vec<char>>,
    integer: Vec<char>,
    fraction: Vec<char>,
}

impl Picture {
    fn parse(text: &str, options: &Options) -> Result<Picture, Error> {
        let pieces = Pieces::of(text, options).ok_or_else(no_digit)?;
        if let Some(fault) = pieces.fault(text, options) {
            return Err(fault);
        }
        let length = pieces.active.len();
        if length > MAX_DIGITS {
            return Err(Error::too_long(length));
        }
        let digits = |part: &[char]| part.iter().filter(|&&next| options.is_digit(next)).count();
        let places = |part: &[char]| part.iter().filter(|&&next| options.is_place(next)).count();
        let mut picture = Picture {
            prefix: pieces.whole.iter().take(pieces.prefix).collect(),
            suffix: pieces.whole.iter().skip(pieces.whole.len() - pieces.suffix).collect(),
            factor: match text {
                _ if text.contains(&options.percent) => 100.0,
                _ if text.contains(&options.per_mille) => 1000.0,
                _ => 1.0,
            },
            min_integer: digits(&pieces.integer),
            min_fraction: digits(&pieces.fraction),
            max_fraction: places(&pieces.fraction),
            scale: digits(&pieces.integer),
            min_exponent: pieces.exponent.as_ref().map(Vec::len),
            grouping: Grouping::of(&pieces.integer, options),
            fraction_groups: pieces.fraction_groups(options),
            has_point: text.contains(options.decimal_separator),
        };
        if picture.min_integer == 0 && picture.max_fraction == 0 {
            if picture.min_exponent.is_some() {
                (picture.min_fraction, picture.max_fraction) = (1, 1);
            } else {
                picture.min_integer = 1;
            }
        }
        if picture.min_exponent.is_some()
            && picture.min_integer == 0
            && pieces.integer.contains(&options.digit)
        {
            picture.min_integer = 1;
        }
        if picture.min_integer == 0 && picture.min_fraction == 0 {
            picture.min_fraction = 1;
        }
        Ok(picture)
    }

    /// `value` is not negative.
    fn write(&self, value: f64, sign: &str, options: &Options) -> String {
        let value = value * self.factor;
        if value.is_infinite() {
            return format!("{sign}{}{}{}", self.prefix, options.infinity, self.suffix);
        }
        let (mantissa, exponent) = match self.min_exponent {
            Some(_) => normalize(value, self.scale),
            None => (value, 0),
        };
        let fixed = format!("{:.*}", self.max_fraction, round_half_even(mantissa, self.max_fraction));
        let (integer, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let mut text: Vec<char> = format!("{integer:0>width$}", width = self.min_integer).chars().collect();
        let mut point = text.len();
        text.push('.');
        text.extend(format!("{fraction:0<width$}", width = self.min_fraction).chars());
        let mut text: Vec<char> = text.into_iter().map(|next| options.localize(next)).collect();
        self.group_integer(&mut text, &mut point, options.grouping_separator);
        let mark = options.localize('.');
        let point = text.iter().position(|&next| next == mark).unwrap_or(point);
        for position in &self.fraction_groups {
            text.insert((point + 1 + position).min(text.len()), options.grouping_separator);
        }
        // Without a point in the picture the last character goes, be it a point or not: so does 2.0.6.
        if !self.has_point || point + 1 == text.len() {
            text.pop();
        }
        let digits: String = text.into_iter().collect();
        let exponent = self.exponent(exponent, options);
        format!("{sign}{}{digits}{exponent}{}", self.prefix, self.suffix)
    }

    fn group_integer(&self, text: &mut Vec<char>, point: &mut usize, separator: char) {
        match &self.grouping {
            Grouping::Every(size) => {
                let end = *point;
                for group in 1..=end.saturating_sub(1) / size {
                    text.insert(end - group * size, separator);
                    *point += 1;
                }
            }
            // Where there are too few digits, 2.0.6 counts on from the end of the whole text.
            Grouping::At(positions) => {
                for &position in positions {
                    let at = match point.checked_sub(position) {
                        Some(at) => at,
                        None => (text.len() + *point).saturating_sub(position),
                    };
                    text.insert(at.min(text.len()), separator);
                    *point += 1;
                }
            }
        }
    }

    fn exponent(&self, exponent: i32, options: &Options) -> String {
        let Some(least) = self.min_exponent else { return String::new() };
        let digits: String = format!("{:0>least$}", exponent.unsigned_abs())
            .chars()
            .map(|next| options.localize(next))
            .collect();
        let sign = if exponent < 0 { options.minus_sign.as_str() } else { "" };
        format!("{}{sign}{digits}", options.exponent_separator)
    }
}

impl Pieces {
    /// How many digits stand in front of each separator of the fraction. Those after the first are looked for in
    /// the integer part: so they are in 2.0.6.
    fn fraction_groups(&self, options: &Options) -> Vec<usize> {
        let separator = |&next: &char| next == options.grouping_separator;
        let mut groups = Vec::new();
        let mut found = self.fraction.iter().position(separator);
        while let Some(at) = found {
            groups.push(self.fraction.iter().take(at).filter(|&&next| options.is_place(next)).count());
            let later = self.integer.iter().skip(at + 1).position(separator);
            found = later.map(|later| later + at + 1);
        }
        groups
    }

    /// `None` where no character is an active one.
    fn of(text: &str, options: &Options) -> Option<Pieces> {
        let whole: Vec<char> = text.chars().collect();
        let active = |next: &char| options.is_active(*next) && *next != options.exponent_separator;
        let prefix = whole.iter().position(active)?;
        let suffix = whole.iter().rev().position(active)?;
        let body: Vec<char> = whole.get(prefix..whole.len() - suffix)?.to_vec();
        let exponent_at = whole
            .iter()
            .skip(prefix)
            .position(|&next| next == options.exponent_separator)
            .map(|at| at + prefix)
            .filter(|&at| at <= whole.len() - suffix);
        let (mantissa, exponent) = match exponent_at {
            // The offset is one in the sub-picture, used in its active part: with a prefix 2.0.6 cuts too
            // late, and refuses the picture for its exponent.
            Some(at) => (
                body.get(..at.min(body.len())).unwrap_or_default().to_vec(),
                Some(body.get(at + 1..).unwrap_or_default().to_vec()),
            ),
            None => (body.clone(), None),
        };
        let mut halves = mantissa.splitn(2, |&next| next == options.decimal_separator);
        let integer = halves.next().unwrap_or_default().to_vec();
        let fraction = halves.next().unwrap_or_default().to_vec();
        Some(Pieces { whole, prefix, suffix, active: body, mantissa, exponent, integer, fraction })
    }

    fn fault(&self, text: &str, options: &Options) -> Option<Error> {
        let count = |part: &str| text.matches(part).count();
        let percents = count(&options.percent);
        let per_milles = count(&options.per_mille);
        let points = self.whole.iter().filter(|&&next| next == options.decimal_separator).count();
        let separator = options.grouping_separator;
        let mut fault = None;
        if points > 1 {
            fault = Some((
                "D3081",
                "The sub-picture must not contain more than one instance of the 'decimal-separator' character",
            ));
        }
        if percents > 1 {
            fault = Some((
                "D3082",
                "The sub-picture must not contain more than one instance of the 'percent' character",
            ));
        }
        if per_milles > 1 {
            fault = Some((
                "D3083",
                "The sub-picture must not contain more than one instance of the 'per-mille' character",
            ));
        }
        if percents > 0 && per_milles > 0 {
            fault = Some((
                "D3084",
                "The sub-picture must not contain both a 'percent' and a 'per-mille' character",
            ));
        }
        if !self.mantissa.iter().any(|&next| options.is_place(next)) {
            fault = Some(("D3085", NO_DIGIT));
        }
        if self.active.iter().any(|&next| !options.is_active(next)) {
            fault = Some((
                "D3086",
                "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
            ));
        }
        if let Some(at) = self.whole.iter().position(|&next| next == options.decimal_separator) {
            let before = at.checked_sub(1).and_then(|before| self.whole.get(before));
            if before == Some(&separator) || self.whole.get(at + 1) == Some(&separator) {
                fault = Some((
                    "D3087",
                    "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a 'decimal-separator' character",
                ));
            }
        } else if self.integer.last() == Some(&separator) {
            fault = Some((
                "D3088",
                "The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
            ));
        }
        if self.whole.windows(2).any(|pair| pair == [separator, separator]) {
            fault = Some((
                "D3089",
                "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
            ));
        }
        let optional = |next: &char| *next == options.digit;
        let (integer, fraction) = (&self.integer, &self.fraction);
        let first = integer.iter().position(optional).and_then(|first| integer.get(..first));
        if first.is_some_and(|before| before.iter().any(|&next| options.is_digit(next))) {
            fault = Some((
                "D3090",
                "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed by an instance of the 'optional digit character'",
            ));
        }
        let last = fraction.iter().rposition(optional).and_then(|last| fraction.get(last..));
        if last.is_some_and(|after| after.iter().any(|&next| options.is_digit(next))) {
            fault = Some((
                "D3091",
                "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is followed by a member of the 'decimal digit family'",
            ));
        }
        if let Some(exponent) = &self.exponent {
            if percents > 0 || per_milles > 0 {
                fault = Some((
                    "D3092",
                    "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an 'exponent-separator'",
                ));
            }
            if exponent.is_empty() || exponent.iter().any(|&next| !options.is_digit(next)) {
                fault = Some((
                    "D3093",
                    "The exponent part of the sub-picture must comprise only of one or more characters that are members of the 'decimal digit family'",
                ));
            }
        }
        fault.map(|(code, message)| Error::plain(code, message))
    }
}

const NO_DIGIT: &str = "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'";

fn no_digit() -> Error {
    Error::plain("D3085", NO_DIGIT)
}

impl Grouping {
    fn of(integer: &[char], options: &Options) -> Grouping {
        let mut positions = Vec::new();
        let mut places = 0;
        for &next in integer.iter().rev() {
            if next == options.grouping_separator {
                positions.push(places);
            } else {
                places += usize::from(options.is_place(next));
            }
        }
        match regular(&positions) {
            Some(size) => Grouping::Every(size),
            None => Grouping::At(positions.into_iter().rev().collect()),
        }
    }
}

/// The distance of positions that are the multiples 1, 2, 3 and so on of one number.
pub(super) fn regular(positions: &[usize]) -> Option<usize> {
    let first = *positions.first().filter(|&&first| first > 0)?;
    positions.iter().zip(1..).all(|(&position, count)| position == first * count).then_some(first)
}

/// A mantissa with so many digits before the point, and the power of ten that it stands for.
fn normalize(value: f64, scale: usize) -> (f64, i32) {
    let (mut mantissa, mut exponent) = (value, 0);
    let most = 10_f64.powi(i32::try_from(scale).unwrap_or(i32::MAX));
    let least = most / 10.0;
    // Zero has no such mantissa, and a picture of 300 digits no finite bound.
    if value == 0.0 || !most.is_finite() {
        return (value, 0);
    }
    while mantissa < least {
        mantissa *= 10.0;
        exponent -= 1;
    }
    while mantissa > most {
        mantissa /= 10.0;
        exponent += 1;
    }
    (mantissa, exponent)
}

/// Rounds the shortest decimal text of a number, half to even: 2.345 to 2.34, although the double is larger.
fn round_half_even(value: f64, places: usize) -> f64 {
    let shift = |value: f64, by: i64| -> f64 {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        format!("{digits}e{}", exponent.saturating_add(by)).parse().unwrap_or(value)
    };
    let places = i64::try_from(places).unwrap_or(i64::MAX);
    let shifted = shift(value, places);
    // Beyond 2^53 there is no fraction to round.
    if shifted.is_infinite() || shifted >= 9_007_199_254_740_992.0 {
        return value;
    }
    shift(shifted.round_ties_even(), -places)
}

impl Options {
    fn is_digit(&self, character: char) -> bool {
        let first = u32::from(self.zero_digit);
        (first..first.saturating_add(10)).contains(&u32::from(character))
    }

    fn is_place(&self, character: char) -> bool {
        character == self.digit || self.is_digit(character)
    }

    fn is_active(&self, character: char) -> bool {
        self.is_place(character)
            || character == self.decimal_separator
            || character == self.exponent_separator
            || character == self.grouping_separator
            || character == self.pattern_separator
    }

    /// The digit or point of a result for an ASCII one.
    fn localize(&self, character: char) -> char {
        match character.to_digit(10) {
            Some(digit) => {
                char::from_u32(u32::from(self.zero_digit).saturating_add(digit)).unwrap_or(character)
            }
            None => self.decimal_separator,
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            decimal_separator: '.',
            grouping_separator: ',',
            exponent_separator: 'e',
            infinity: "Infinity".into(),
            minus_sign: "-".into(),
            not_a_number: "NaN".into(),
            percent: "%".into(),
            per_mille: "\u{2030}".into(),
            zero_digit: '0',
            digit: '#',
            pattern_separator: ';',
        }
    }
}

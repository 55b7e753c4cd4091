//! Texts to times.

use super::super::{Error, integer::word_pattern};
use super::calendar::{Moment, utc};
use super::{Case, Form, Marker, Part, Style, names, no_name, parse, parse_int};
use crate::expr::jsonata::regex::{Budget, Offset, Regex};
use std::collections::{BTreeMap, btree_map::Entry};

/// How many steps matching may take: a picture of many numbers with nothing between them can be matched in
/// very many ways.
const STEPS: usize = 1_000_000;

/// Reads a time, in milliseconds since 1970 UTC: by a picture, or as ISO 8601.
///
/// What the picture says nothing of, and is larger than all that it says, is taken from `now`; the smaller
/// is the first. `None` where the text is not of the picture. A date that does not exist, such as month 13 in
/// ISO 8601, is not a number.
pub(crate) fn to_millis(text: &str, picture: Option<&str>, now: f64) -> Result<Option<f64>, Error> {
    let Some(picture) = picture else {
        return match iso_8601(text) {
            Some(millis) => Ok(Some(millis)),
            None => Err(Error::about(
                "D3110",
                "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given ",
                text,
                "",
            )),
        };
    };
    let parts = parse(picture)?;
    let Some(components) = components(text, &parts)? else { return Ok(None) };
    if !parts.iter().any(|part| matches!(part, Part::Marker(_))) {
        return Ok(None);
    }
    assemble(components, now).map(Some)
}

/// The values of the components that the text holds; `None` where it is not of the picture.
fn components(text: &str, parts: &[Part]) -> Result<Option<BTreeMap<char, f64>>, Error> {
    let mut pattern = String::from("^");
    for part in parts {
        pattern.push('(');
        pattern.push_str(&match part {
            Part::Literal(literal) => escaped(literal),
            Part::Marker(marker) => marker.pattern()?,
        });
        pattern.push(')');
    }
    pattern.push('$');
    // Well formed by construction, unless there are too many parts for any text.
    let Ok(regex) = Regex::compile(&pattern, "i") else { return Ok(None) };
    let mut budget = Budget::new(STEPS);
    let Ok(Some(found)) = regex.find_at(text, Offset::default(), &mut budget) else { return Ok(None) };
    let mut components = BTreeMap::new();
    for (part, group) in parts.iter().zip(found.groups) {
        if let Part::Marker(marker) = part {
            let held = group.and_then(|range| text.get(range)).unwrap_or_default();
            match marker.read(held) {
                Some(value) => components.insert(marker.component, value),
                None => components.remove(&marker.component),
            };
        }
    }
    Ok(Some(components))
}

impl Marker {
    /// The regular expression of what the marker matches.
    fn pattern(&self) -> Result<String, Error> {
        if matches!(self.component, 'C' | 'E') {
            return Err(no_name(self.component));
        }
        // However it is to be written.
        if matches!(self.component, 'Z' | 'z') {
            let greenwich = if self.component == 'z' { "GMT" } else { "" };
            let minutes = match self.zone_separator() {
                Some(separator) => format!("{}[0-9]+", escaped(separator.encode_utf8(&mut [0; 4]))),
                None => String::new(),
            };
            return Ok(format!("{greenwich}[-+][0-9]+{minutes}"));
        }
        let format = match &self.form {
            Form::Refused(error) => return Err(error.clone()),
            Form::Name(_) | Form::Fixed => {
                if names(self.component).is_none() && self.component != 'P' {
                    return Err(no_name(self.component));
                }
                return Ok("[a-zA-Z]+".into());
            }
            Form::Integer(format) => format,
        };
        Ok(match &format.style {
            Style::Letters { .. } => "[a-z]+".into(),
            Style::Roman { .. } => "[MDCLXVI]+".into(),
            Style::Words(_) => word_pattern(),
            Style::Digits(digits) => {
                let suffix = if format.is_ordinal() { "(?:th|st|nd|rd)" } else { "" };
                let optional = u32::try_from(digits.optional).unwrap_or(u32::MAX);
                match self.digits.filter(|count| *count > 0) {
                    Some(most) => format!("[0-9]{{{},{most}}}{suffix}", most.saturating_sub(optional)),
                    None => format!("[0-9]+{suffix}"),
                }
            }
        })
    }

    fn zone_separator(&self) -> Option<char> {
        match &self.form {
            Form::Integer(format) => match &format.style {
                Style::Digits(digits) => digits.every.map(|(_, separator)| separator),
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of what has matched; `None` for a name that is none.
    fn read(&self, held: &str) -> Option<f64> {
        match &self.form {
            _ if matches!(self.component, 'Z' | 'z') => Some(self.read_zone(held)),
            Form::Integer(format) => Some(format.read(held)),
            Form::Name(_) if self.component != 'P' => self.read_name(held),
            _ => match held {
                "am" | "AM" => Some(0.0),
                "pm" | "PM" => Some(1.0),
                _ => None,
            },
        }
    }

    /// The last name wins that is the same when it is cut. Whatever letters the picture asks for, names have one
    /// capital: so have they in 2.0.6.
    fn read_name(&self, held: &str) -> Option<f64> {
        let is = |name: &&str| self.cased(name, &Case::Title) == held;
        let found = names(self.component)?.iter().rposition(is)?;
        Some((found + 1) as f64)
    }

    /// Minutes. Those after the hours count forwards even behind Greenwich: so they do in 2.0.6.
    fn read_zone(&self, held: &str) -> f64 {
        let held = if self.component == 'z' { held.get(3..).unwrap_or_default() } else { held };
        let (hours, minutes) = match self.zone_separator() {
            Some(separator) => held.split_once(separator).unwrap_or((held, "0")),
            None if held.len() <= 3 => (held, "0"),
            None => held.split_at_checked(3).unwrap_or((held, "0")),
        };
        parse_int(hours) * 60.0 + parse_int(minutes)
    }
}

/// A time from its components.
fn assemble(mut found: BTreeMap<char, f64>, now: f64) -> Result<f64, Error> {
    let missing = || {
        let message = "The date/time picture string is missing specifiers required to parse the timestamp";
        Error::plain("D3136", message)
    };
    // Zero says as little as nothing at all, and what goes beyond one way to tell a date or time is disregarded: so
    // it is in 2.0.6.
    let has = |component: &char| found.get(component).is_some_and(|&value| value != 0.0 && !value.is_nan());
    let only = |all: &str, these: &str| {
        let mut told = all.chars().filter(has).peekable();
        told.peek().is_some() && told.all(|component| these.contains(component))
    };
    let only_in_date = |these: &str| only("YXMxWwdD", these);
    let by_day_of_year = !only_in_date("YMD") && only_in_date("Yd");
    // A date by its week cannot be read.
    if only_in_date("Xxw") || only_in_date("XW") {
        return Err(missing());
    }
    let by_half = !only("PHhmsf", "Hmsf") && only("PHhmsf", "Phmsf");
    let zone = ['Z', 'z'].into_iter().find(has).and_then(|zone| found.get(&zone).copied()).unwrap_or(0.0);
    let current = Moment::of(now).ok_or_else(|| Error::out_of_range(now))?;
    let date = if by_day_of_year { "YD" } else { "YMD" };
    let time = if by_half { "Phmsf" } else { "Hmsf" };
    let (mut started, mut ended) = (false, false);
    for component in date.chars().chain(time.chars()) {
        match found.entry(component) {
            Entry::Occupied(_) if ended => return Err(missing()),
            Entry::Occupied(_) => started = true,
            Entry::Vacant(place) if started => {
                place.insert(if "MD".contains(component) { 1.0 } else { 0.0 });
                ended = true;
            }
            Entry::Vacant(place) => _ = place.insert(fragment(&current, component)),
        }
    }
    let value = |component: char| found.get(&component).copied().unwrap_or(0.0);
    let (month, day) = if by_day_of_year {
        // In the year that is told, also where there are more days than it has.
        let date = Moment::of(utc(value('Y'), 0.0, value('d'), 0.0));
        date.map_or((f64::NAN, f64::NAN), |date| (date.month as f64 - 1.0, date.day as f64))
    } else {
        ((value('M') - 1.0).max(0.0), value('D'))
    };
    let hour = if by_half {
        (if value('h') == 12.0 { 0.0 } else { value('h') }) + 12.0 * value('P')
    } else {
        value('H')
    };
    let time = ((hour * 60.0 + value('m')) * 60.0 + value('s')) * 1_000.0 + value('f');
    Ok(utc(value('Y'), month, day, time) - zone * 60_000.0)
}

fn fragment(now: &Moment, component: char) -> f64 {
    let value = match component {
        'Y' => now.year,
        'M' => now.month,
        'D' => now.day,
        'H' => now.hour,
        'P' => i64::from(now.hour >= 12),
        'h' => (now.hour + 11) % 12 + 1,
        'm' => now.minute,
        's' => now.second,
        _ => now.millisecond,
    };
    value as f64
}

/// A text as a regular expression of itself.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if "-.*+?^${}()|[]\\".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A time in ISO 8601, by its own syntax: `2018`, `2018-03`, `2018-03-23`, with `T10:33:36.617`, with a zone.
///
/// `None` where the text is not of that form, not a number where it names no time. UTC if there is no zone.
fn iso_8601(text: &str) -> Option<f64> {
    let shape = Regex::compile(
        r"^(\d{4})((?:-[01]\d)*)((?:-[0-3]\d)*)((?:T[0-2]\d:[0-5]\d:[0-5]\d)*)(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$",
        "",
    )
    .ok()?;
    let mut budget = Budget::new(64 * (text.len() + 64));
    let found = shape.find_at(text, Offset::default(), &mut budget).ok()??;
    let mut groups =
        found.groups.into_iter().map(|group| group.and_then(|range| text.get(range)).unwrap_or(""));
    let mut next = || groups.next().unwrap_or("");
    let (year, month, day, time, fraction, zone) = (next(), next(), next(), next(), next(), next());
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    // The form allows each part to be repeated, and days without months; those are no times.
    let one = |part: &str, least: f64, most: f64| match part.len() {
        0 => least,
        3 => Some(number(part.get(1..).unwrap_or_default()))
            .filter(|value| (least..=most).contains(value))
            .unwrap_or(f64::NAN),
        _ => f64::NAN,
    };
    let (month, day) = match (month.len(), day.len()) {
        // Two parts that fit a month are a month and a day.
        (6, 0) => month.split_at(3),
        // A day without a month is no time.
        (0, 3) => ("?", day),
        _ => (month, day),
    };
    let (month_value, day_value) = (one(month, 1.0, 12.0), one(day, 1.0, 31.0));
    let clock = match time.len() {
        0 if fraction.is_empty() => 0.0,
        9 => {
            let part = |range: std::ops::Range<usize>| number(time.get(range).unwrap_or_default());
            let seconds = part(1..3) * 3_600.0 + part(4..6) * 60.0 + part(7..9);
            let millis: String = fraction.chars().skip(1).chain("000".chars()).take(3).collect();
            let whole = seconds * 1_000.0 + number(&millis);
            if part(1..3) < 24.0 || (part(1..3) == 24.0 && whole == 86_400_000.0) { whole } else { f64::NAN }
        }
        _ => f64::NAN,
    };
    let offset = match zone {
        "" | "Z" => 0.0,
        // A zone without a time is not known.
        _ if time.is_empty() => f64::NAN,
        zone => {
            let hours = number(zone.get(1..3).unwrap_or_default());
            let minutes = number(zone.get(zone.len() - 2..).unwrap_or_default());
            let size = if hours < 24.0 { hours * 60.0 + minutes } else { f64::NAN };
            if zone.starts_with('-') { -size } else { size }
        }
    };
    Some(calendar_time(number(year), month_value, day_value, clock) - offset * 60_000.0)
}

/// As [`utc`], with the year as it is.
fn calendar_time(year: f64, month: f64, day: f64, clock: f64) -> f64 {
    // Four hundred years are a whole number of days.
    utc(year + 400.0, month - 1.0, day, clock) - 146_097.0 * 86_400_000.0
}

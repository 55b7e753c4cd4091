//! `$fromMillis` and `$toMillis`: dates by pictures such as `[D1o] of [MNn], [Y]`, and ISO 8601.
//!
//! Source: XPath and XQuery Functions and Operators 3.1, "Formatting dates and times", as JSONata 2.0.6 reads
//! it. That includes its time zones: `-0530` counts as six hours behind and thirty minutes more.

mod calendar;
mod read;

pub(crate) use read::to_millis;

use super::integer::{Format, Style};
use super::{Error, Value};
use calendar::{DAYS, MONTHS, Moment};

/// Writes a time, in milliseconds since 1970 UTC, by a picture: ISO 8601 if there is none.
///
/// `timezone` is an offset from UTC such as `+0530`; UTC if there is none.
pub(crate) fn from_millis(
    millis: f64,
    picture: Option<&str>,
    timezone: Option<&str>,
) -> Result<String, Error> {
    let parts = parse(picture.unwrap_or(ISO_8601))?;
    let offset = timezone.map_or(0.0, parse_int);
    // Not an offset, or one beyond any date: 2.0.6 prints `NaN`.
    if !offset.is_finite() {
        let zone = timezone.unwrap_or_default();
        return Err(Error::about("D1001", "Number out of range: ", zone, ""));
    }
    let (hours, minutes) = ((offset / 100.0).floor(), offset % 100.0);
    let local = millis.trunc() + (60.0 * hours + minutes) * 60_000.0;
    let moment = Moment::of(local).ok_or_else(|| Error::out_of_range(millis))?;
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(&literal),
            Part::Marker(marker) if matches!(marker.component, 'Z' | 'z') => {
                text.push_str(&marker.zone(hours, minutes)?);
            }
            Part::Marker(marker) => text.push_str(&marker.write(&moment)?),
        }
    }
    Ok(text)
}

const ISO_8601: &str = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]";

/// A piece of a picture.
enum Part {
    Literal(String),
    Marker(Marker),
}

/// A component in brackets.
struct Marker {
    component: char,
    form: Form,
    /// The second modifier is `t`: UTC is written `Z`.
    zulu: bool,
    /// The least and the most characters.
    width: (Option<usize>, Option<usize>),
    /// How many digits a year, month or day has exactly: of a year so many of the last are written.
    digits: Option<u32>,
}

/// How a component is written.
enum Form {
    Name(Case),
    Integer(Format),
    /// Of components that are written in one way only.
    Fixed,
    /// In no way that is known: said when the picture is used, so that the first marker's fault counts.
    Refused(Error),
}

enum Case {
    Lower,
    Upper,
    Title,
}

/// Takes a picture apart.
fn parse(picture: &str) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = picture;
    while let Some(at) = rest.find('[') {
        let (before, after) = rest.split_at(at);
        literal.push_str(&before.replace("]]", "]"));
        let after = after.get(1..).unwrap_or_default();
        if let Some(after) = after.strip_prefix('[') {
            literal.push('[');
            rest = after;
            continue;
        }
        let Some((marker, after)) = after.split_once(']') else {
            let message = "No matching closing bracket ']' in date/time picture string";
            return Err(Error::plain("D3135", message));
        };
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        let marker: String = marker.chars().filter(|next| !next.is_whitespace()).collect();
        parts.push(Part::Marker(Marker::parse(&marker)?));
        rest = after;
    }
    literal.push_str(&rest.replace("]]", "]"));
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

impl Marker {
    fn parse(text: &str) -> Result<Marker, Error> {
        let mut characters = text.chars();
        let component = characters.next().unwrap_or_default();
        let unknown = || {
            let name = text.get(..component.len_utf8()).unwrap_or_default();
            let before = "Unknown component specifier ";
            Error::about("D3132", before, name, " in date/time picture string")
        };
        let rest = characters.as_str();
        let (presentation, width) = match rest.rsplit_once(',') {
            Some((presentation, width)) => (presentation, parse_width(width)),
            None => (rest, (None, None)),
        };
        // A component that is not known is refused only where it says not how: so it is in 2.0.6.
        let mut first = match presentation {
            "" => default_presentation(component).ok_or_else(unknown)?,
            presentation => presentation,
        };
        let mut second = None;
        if first.chars().count() > 1 && first.ends_with(['a', 't', 'c', 'o']) {
            second = first.chars().next_back();
            first = first.get(..first.len() - 1).unwrap_or_default();
        }
        let mut marker =
            Marker { component, form: Form::Fixed, zulu: second == Some('t'), width, digits: None };
        marker.form = match first.strip_prefix('N') {
            _ if first.starts_with(['n', 'N'])
                && "YDdWwXHhmsf".contains(component)
                && names(component).is_none() =>
            {
                Form::Refused(no_name(component))
            }
            Some(rest) if rest.starts_with('n') => Form::Name(Case::Title),
            Some(_) => Form::Name(Case::Upper),
            None if first.starts_with('n') => Form::Name(Case::Lower),
            None if default_presentation(component).is_none() || "CEP".contains(component) => Form::Fixed,
            None => {
                let zone = matches!(component, 'Z' | 'z');
                let modifier = second.filter(|_| !zone).map_or(String::new(), |second| format!(";{second}"));
                match Format::parse(&format!("{first}{modifier}")) {
                    Err(error) if error.code != "D3130" => return Err(error),
                    Err(_) if zone => Form::Refused(long_zone(None)),
                    Err(error) => Form::Refused(error),
                    Ok(format) if zone => Form::Integer(format),
                    Ok(mut format) => {
                        marker.fit(&mut format);
                        Form::Integer(format)
                    }
                }
            }
        };
        Ok(marker)
    }

    /// Applies the width to an integer. Only the parts of a date heed the most: so does 2.0.6.
    fn fit(&mut self, format: &mut Format) {
        let (least, most) = self.width;
        let Style::Digits(digits) = &mut format.style else {
            self.digits = most.filter(|_| self.component == 'Y').and_then(|most| u32::try_from(most).ok());
            return;
        };
        digits.mandatory = digits.mandatory.max(least.unwrap_or(0));
        if "YMD".contains(self.component) {
            digits.mandatory = most.unwrap_or(digits.mandatory);
            let kept = most.or(Some(digits.mandatory + digits.optional).filter(|&kept| kept >= 2));
            self.digits = kept.and_then(|kept| u32::try_from(kept).ok());
        }
    }

    fn write(&self, moment: &Moment) -> Result<String, Error> {
        let value = self.value(moment);
        match &self.form {
            Form::Refused(error) => Err(error.clone()),
            Form::Fixed | Form::Name(_) if default_presentation(self.component).is_none() => {
                Ok("undefined".into())
            }
            Form::Fixed if matches!(self.component, 'C' | 'E') => Ok("ISO".into()),
            Form::Fixed => Ok(half_of_day(value).into()),
            Form::Integer(format) => format.write(value),
            Form::Name(case) => {
                let name = match self.component {
                    'C' | 'E' => return Ok("ISO".into()),
                    // Never cut.
                    'P' if matches!(case, Case::Upper) => return Ok(half_of_day(value).to_uppercase()),
                    'P' => return Ok(half_of_day(value).into()),
                    component => {
                        let table = names(component).ok_or_else(|| no_name(component))?;
                        // Within the table: months and days count from 1.
                        table.get(value as usize - 1).copied().unwrap_or_default()
                    }
                };
                Ok(self.cased(name, case))
            }
        }
    }

    /// A name as the picture wants it: its letters, and not too long.
    fn cased(&self, name: &str, case: &Case) -> String {
        let name = match case {
            Case::Lower => name.to_lowercase(),
            Case::Upper => name.to_uppercase(),
            Case::Title => name.to_owned(),
        };
        name.chars().take(self.width.1.unwrap_or(usize::MAX)).collect()
    }

    fn value(&self, moment: &Moment) -> f64 {
        let early = (0..=99).contains(&moment.year);
        let value = match self.component {
            'Y' => moment.year,
            'M' => moment.month,
            'D' => moment.day,
            'F' => moment.weekday(),
            // Weeks of such years are looked up in the 20th century, to which the date itself is too early: so are
            // they in 2.0.6.
            'X' if early => moment.year - 1,
            'x' if early => (moment.month + 10) % 12 + 1,
            'd' | 'W' | 'w' if early => return self.value(&moment.in_the_20th_century()),
            'd' => moment.day_of_year(),
            'X' => moment.thursday().year,
            'x' => moment.thursday().month,
            'W' => (moment.thursday().day_of_year() - 1) / 7 + 1,
            'w' => (moment.thursday().day - 1) / 7 + 1,
            'h' => (moment.hour + 11) % 12 + 1,
            'm' => moment.minute,
            's' => moment.second,
            'f' => moment.millisecond,
            // `H`, and `P`, which is morning or afternoon by the hour.
            _ => moment.hour,
        } as f64;
        match self.digits.filter(|_| self.component == 'Y') {
            Some(digits) => value % 10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX)),
            None => value,
        }
    }

    fn zone(&self, hours: f64, minutes: f64) -> Result<String, Error> {
        let offset = hours * 100.0 + minutes;
        let format = match &self.form {
            Form::Integer(format) => format,
            Form::Refused(error) => return Err(error.clone()),
            Form::Name(_) | Form::Fixed => return Err(long_zone(None)),
        };
        let Style::Digits(digits) = &format.style else { return Err(long_zone(None)) };
        let text = match digits.mandatory {
            _ if digits.every.is_some() => format.write(offset)?,
            1 | 2 if minutes == 0.0 => format.write(hours)?,
            1 | 2 => {
                format!("{}:{}", format.write(hours)?, super::integer::format_integer(minutes, "00")?)
            }
            3 | 4 => format.write(offset)?,
            count => return Err(long_zone(Some(Value::Number(count as f64)))),
        };
        if self.zulu && offset == 0.0 {
            return Ok("Z".into());
        }
        let greenwich = if self.component == 'z' { "GMT" } else { "" };
        let sign = if offset >= 0.0 { "+" } else { "" };
        Ok(format!("{greenwich}{sign}{text}"))
    }
}

fn default_presentation(component: char) -> Option<&'static str> {
    Some(match component {
        'Y' | 'M' | 'D' | 'd' | 'W' | 'w' | 'X' | 'x' | 'H' | 'h' | 'f' => "1",
        'F' | 'P' | 'C' | 'E' => "n",
        'm' | 's' => "01",
        'Z' | 'z' => "01:01",
        _ => return None,
    })
}

/// `2-4`, `*-4`, `2`; what is no number is no bound.
fn parse_width(text: &str) -> (Option<usize>, Option<usize>) {
    let bound = |text: &str| {
        let digits = text.get(..text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len()));
        // Wider than any name or date: a picture may not ask for a text without measure.
        digits.and_then(|digits| digits.parse().ok()).filter(|&bound: &usize| bound <= 1_000)
    };
    match text.split_once('-') {
        Some((least, most)) => (bound(least), bound(most)),
        None => (bound(text), None),
    }
}

fn names(component: char) -> Option<&'static [&'static str]> {
    match component {
        'M' | 'x' => Some(MONTHS),
        'F' => Some(DAYS),
        _ => None,
    }
}

fn no_name(component: char) -> Error {
    let before =
        "The 'name' modifier can only be applied to months and days in the date/time picture string, not ";
    Error::about("D3133", before, component.encode_utf8(&mut [0; 4]), "")
}

fn long_zone(value: Option<Value>) -> Error {
    let message = "The timezone integer format specifier cannot have more than four digits";
    Error { code: "D3134", message: message.into(), value }
}

fn half_of_day(hour: f64) -> &'static str {
    if hour < 12.0 { "am" } else { "pm" }
}

/// The integer at the start of a text, as JavaScript's `parseInt` finds it; not a number if there is none.
pub(super) fn parse_int(text: &str) -> f64 {
    let text = text.trim_start();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let digits = hex.chars().map_while(|digit| digit.to_digit(16));
        let value = digits.fold(None, |value, digit| Some(value.unwrap_or(0.0) * 16.0 + f64::from(digit)));
        return sign * value.unwrap_or(f64::NAN);
    }
    let end = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
    sign * text.get(..end).and_then(|digits| digits.parse().ok()).unwrap_or(f64::NAN)
}

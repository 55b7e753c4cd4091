//! The Gregorian calendar, extended into the past, over the range of JavaScript's dates.

/// A time of a day, without a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// Days since 1970-01-01.
    days: i64,
    pub(super) year: i64,
    /// The first is 1.
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) millisecond: i64,
}

pub(super) const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Weeks begin on Monday.
pub(super) const DAYS: &[&str] =
    &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// How far a date may be from 1970, in milliseconds. Source: ECMA-262, time values.
const FARTHEST: f64 = 8.64e15;

const DAY: i64 = 86_400_000;

impl Moment {
    /// `None` beyond the range, and for what is not a number.
    pub(super) fn of(millis: f64) -> Option<Moment> {
        if millis.is_nan() || millis.abs() > FARTHEST {
            return None;
        }
        // In range: it fits.
        let millis = millis as i64;
        let time = millis.rem_euclid(DAY);
        let date = Moment::of_day(millis.div_euclid(DAY));
        Some(Moment {
            hour: time / 3_600_000,
            minute: time / 60_000 % 60,
            second: time / 1_000 % 60,
            millisecond: time % 1_000,
            ..date
        })
    }

    fn of_day(days: i64) -> Moment {
        // Years that begin in March, in cycles of 400: the leap day is the last of its year.
        let shifted = days + 719_468;
        let (cycle, in_cycle) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
        let in_year = in_cycle - (365 * year + year / 4 - year / 100);
        let month = (5 * in_year + 2) / 153;
        let day = in_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = year + 400 * cycle + next;
        Moment { days, year, month, day, hour: 0, minute: 0, second: 0, millisecond: 0 }
    }

    /// The day of the same name 1900 years later.
    pub(super) fn in_the_20th_century(&self) -> Moment {
        Moment::of_day(days_before(self.year + 1900, self.month - 1) + self.day - 1)
    }

    pub(super) fn day_of_year(&self) -> i64 {
        self.days - days_before(self.year, 0) + 1
    }

    /// Monday is 1.
    pub(super) fn weekday(&self) -> i64 {
        (self.days + 3).rem_euclid(7) + 1
    }

    /// The Thursday of the same week: a week belongs to the month and the year of its Thursday (ISO 8601).
    pub(super) fn thursday(&self) -> Moment {
        Moment::of_day(self.days + 4 - self.weekday())
    }
}

/// Days from 1970-01-01 to the first of a month; months count from 0 and may run over.
fn days_before(year: i64, month: i64) -> i64 {
    let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12));
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let (cycle, in_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    cycle * 146_097 + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + (153 * month + 2) / 5 - 719_468
}

/// The time of a date whose month (from 0), day (from 1) and so on may run over, in milliseconds.
///
/// Not a number beyond the range. Years 0 to 99 are those of the 20th century. Source: ECMA-262, `Date.UTC`.
pub(super) fn utc(year: f64, month: f64, day: f64, time: f64) -> f64 {
    let year = if (0.0..=99.0).contains(&year) { year + 1900.0 } else { year };
    // Keeps the sums below from overflowing; what is farther is no date.
    if !(year.abs() < 1e6 && month.abs() < 1e7 && day.abs() < 1e10 && time.abs() < 1e18) {
        return f64::NAN;
    }
    let days = days_before(year as i64, month as i64) as f64 + day - 1.0;
    let millis = days * DAY as f64 + time;
    if millis.abs() <= FARTHEST { millis } else { f64::NAN }
}

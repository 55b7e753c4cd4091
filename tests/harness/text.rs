//! What differs from run to run, taken out of answers; long runs of a character, written short.
//!
//! In the files of cases `{{a*81}}` stands for 81 times `a`, so that a limit can be read in its test.

/// The shortest run that is written short.
const LONG: usize = 30;

/// A text with its `{{a*81}}` written out.
#[must_use]
pub fn expand(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let run = after.split_once("}}").and_then(|(run, after)| {
            let (what, times) = run.rsplit_once('*')?;
            Some((what, times.parse::<usize>().ok()?, after))
        });
        out.push_str(before);
        let Some((what, times, after)) = run else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        out.push_str(&what.repeat(times));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The reverse of [`expand`]: runs of one character are written short. Not blanks: they indent.
#[must_use]
pub fn shorten(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let mut times = 1;
        while characters.next_if_eq(&character).is_some() {
            times += 1;
        }
        if times < LONG || character == ' ' {
            out.extend(std::iter::repeat_n(character, times));
        } else {
            out.push_str(&format!("{{{{{character}*{times}}}}}"));
        }
    }
    out
}

/// An answer without what no two runs share: UUIDs, dates, how long something took.
#[must_use]
pub fn settle(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let begins =
            |what: &str| rest.get(..what.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(what));
        if let Some(after) = uuid(rest) {
            out.push_str("<uuid>");
            rest = after;
        } else if let Some((_, mark)) = VARYING.iter().find(|(end, _)| begins(end)) {
            let (name, after) = rest.split_at(rest.find(':').unwrap_or(0) + 1);
            out.push_str(name);
            let number = after.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
            if number.len() < after.len() {
                out.push_str(mark);
            }
            rest = number;
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// A text of an execution without what no two runs share: UUIDs, dates, points in time with
/// milliseconds, what was said about the call of a service, and a task token.
#[must_use]
pub fn mask(text: &str, token: Option<&str>) -> String {
    let text = token.map_or_else(|| text.to_owned(), |token| text.replace(token, "<token>"));
    let text = ["SdkHttpMetadata", "SdkResponseMetadata"].into_iter().fold(text, mask_object);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        match time(rest) {
            Some(after) => {
                out.push_str("<time>");
                rest = after;
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    settle(&out)
}

/// Replaces the object that a JSON text has at each member of this name.
fn mask_object(text: String, name: &str) -> String {
    let member = format!("\"{name}\":{{");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once(&member) {
        let mut depth = 1;
        let end = after.find(|character| {
            depth += i32::from(character == '{') - i32::from(character == '}');
            depth == 0
        });
        let Some(end) = end else { break };
        out.push_str(&format!("{before}\"{name}\":\"<masked>\""));
        rest = &after[end + 1..];
    }
    out + rest
}

/// What follows the point in time, in UTC with milliseconds, that the text begins with.
fn time(text: &str) -> Option<&str> {
    const FORM: &[u8] = b"0000-00-00T00:00:00.000Z";
    let (time, after) = text.split_at_checked(FORM.len())?;
    let fits = time.bytes().zip(FORM).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == *form,
    });
    fits.then_some(after)
}

/// How the names of members end whose numbers vary, and what stands for such a number.
const VARYING: [(&str, &str); 3] =
    [("Date\":", "<date>"), ("timestamp\":", "<date>"), ("billedDurationInMilliseconds\":", "<duration>")];

/// What follows the UUID that the text begins with.
fn uuid(text: &str) -> Option<&str> {
    let (uuid, after) = text.split_at_checked(36)?;
    let fits = uuid.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    fits.then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_written_short_and_out_again() {
        for (long, short) in [
            ("", ""),
            ("aaa {} {{ }}", "aaa {} {{ }}"),
            (&"a".repeat(29), &"a".repeat(29)),
            (&format!("'{}'", "a".repeat(81)), "'{{a*81}}'"),
            (&"é".repeat(30), "{{é*30}}"),
        ] {
            assert_eq!(shorten(long), short);
            assert_eq!(expand(short), long);
        }
        assert_eq!(expand("{{ab*2}}{{x}}"), "abab{{x}}");
    }

    #[test]
    fn texts_of_executions_are_masked() {
        for (text, token, expected) in [
            ("plain", None, "plain"),
            ("a t b", Some("t"), "a <token> b"),
            ("2026-11-22T05:00:00.123Z", None, "<time>"),
            ("2026-11-22T05:00:00Z é", None, "2026-11-22T05:00:00Z é"),
            (r#"{"SdkHttpMetadata":{"a":{}},"b":1}"#, None, r#"{"SdkHttpMetadata":"<masked>","b":1}"#),
            (r#"{"SdkHttpMetadata":{"a":{"#, None, r#"{"SdkHttpMetadata":{"a":{"#),
            (r#"{"StartDate":17}"#, None, r#"{"StartDate":<date>}"#),
        ] {
            assert_eq!(mask(text, token), expected);
        }
    }

    #[test]
    fn what_differs_from_run_to_run_is_taken_out() {
        let id = "0b8a7c1e-7a33-4b57-9d0c-0f0d3a3b1c2d";
        for (text, expected) in [
            ("plain", "plain"),
            (&format!("x{id}y"), "x<uuid>y"),
            ("{\"startDate\":1790199918.14,\"n\":1}", "{\"startDate\":<date>,\"n\":1}"),
            ("{\"timestamp\":1}", "{\"timestamp\":<date>}"),
            ("{\"billedDurationInMilliseconds\":100}", "{\"billedDurationInMilliseconds\":<duration>}"),
            ("{\"date\":\"text\"}", "{\"date\":\"text\"}"),
        ] {
            assert_eq!(settle(text), expected);
        }
    }
}

//! Sentences for doc comments: the model's HTML as Markdown, and constraints in words.

use crate::service::{Constraints, Member};

/// The model's documentation as Markdown, one line a paragraph or list item.
///
/// Keeps code, emphasis and the text of links; drops every other tag. A tag that is not closed ends the text.
pub(crate) fn markdown(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((text, after)) = rest.split_once('<') {
        out.push_str(text);
        let Some((tag, after)) = after.split_once('>') else { return tidy(&out) };
        out.push_str(mark(tag));
        rest = after;
    }
    out.push_str(rest);
    tidy(&out)
}

fn mark(tag: &str) -> &'static str {
    let name = tag.split_whitespace().next().unwrap_or_default();
    match name {
        "code" | "/code" => "`",
        "b" | "/b" | "strong" | "/strong" => "**",
        "i" | "/i" | "em" | "/em" => "*",
        "li" => "\n- ",
        "p" | "/p" | "br" | "br/" | "/li" | "/ul" | "/ol" | "note" | "/note" | "important" | "/important" => {
            "\n"
        }
        _ => "",
    }
}

/// Inner white space folded, blank lines dropped, entities resolved, brackets kept from becoming links.
fn tidy(text: &str) -> String {
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines = lines.filter(|line| !matches!(line.as_str(), "" | "-"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let text = entities.iter().fold(text, |text, (entity, plain)| text.replace(entity, plain));
    text.replace('[', "\\[").replace(']', "\\]")
}

/// A member's sentence, its constraints and units, in one paragraph.
pub(crate) fn member(member: &Member) -> String {
    let meaning = member.doc.clone().unwrap_or_else(|| format!("`{}`.", member.wire));
    let mut parts = vec![meaning];
    parts.extend(words(&member.constraints).map(|words| sentence(&words)));
    if let Some(elements) = member.ty.element_constraints() {
        parts.extend(words(elements).map(|words| format!("Each {words}.")));
    }
    if let Some(default) = member.default.as_ref().filter(|_| member.is_optional()) {
        parts.push(format!("Default: `{default}`."));
    }
    if member.idempotency_token {
        parts.push("The client fills in a UUID.".to_owned());
    }
    if member.sensitive {
        parts.push("Sensitive: `Debug` hides it.".to_owned());
    }
    parts.join(" ")
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

/// `1 to 80 characters` and so on; `None` where nothing is constrained.
fn words(constraints: &Constraints) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(length) = &constraints.length {
        let unit = match (constraints.bytes, constraints.counted) {
            (true, _) => "bytes of UTF-8",
            (false, Some(unit)) => unit,
            (false, None) => "characters",
        };
        parts.extend(interval(length.min.filter(|min| *min > 0), length.max, unit));
    }
    if let Some(range) = &constraints.range {
        parts.extend(interval(range.min.as_ref(), range.max.as_ref(), ""));
    }
    if let Some(pattern) = &constraints.pattern {
        parts.push(format!("pattern `{}`", pattern.text));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn interval<T: std::fmt::Display>(min: Option<T>, max: Option<T>, unit: &str) -> Option<String> {
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}{unit}")),
        (Some(min), None) => Some(format!("at least {min}{unit}")),
        (None, Some(max)) => Some(format!("up to {max}{unit}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[test]
    fn html_becomes_markdown() {
        let cases = [
            (
                "<p>Starts a  <i>state machine</i>.</p> <p>See <a href=\"x\">there</a>.</p>",
                "Starts a *state machine*.\nSee there.",
            ),
            ("<ul> <li> <p> <code>A</code> one</p> </li><li>two</li></ul>", "`A` one\n- two"),
            ("a &lt;b&gt; [c]", "a <b> \\[c\\]"),
            ("cut <p", "cut"),
        ];
        for (html, expected) in cases {
            assert_eq!(markdown(html), expected);
        }
    }
}

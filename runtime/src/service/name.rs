//! The characters that names of state machines, activities and executions are made of.
//!
//! Their length is a constraint of the model and has been checked before.

use gradus_api::errors::InvalidName;

/// Checks the characters of a name. Everything is allowed that is not forbidden.
///
/// Source: the API reference; each forbidden ASCII character and some control characters were recorded.
pub(crate) fn check(name: &str) -> Result<(), InvalidName> {
    if name.chars().any(is_forbidden) {
        return Err(InvalidName::new(format!("Invalid Name: '{name}'")));
    }
    Ok(())
}

fn is_forbidden(character: char) -> bool {
    const SIGNS: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    const NON_CHARACTERS: [char; 3] = ['\u{fffe}', '\u{ffff}', '\u{10ffff}'];
    character.is_whitespace()
        || character.is_control()
        || SIGNS.contains(character)
        || NON_CHARACTERS.contains(&character)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names() {
        for name in ["a", "A.b-c_9", "é", "日本", "+=@!()'", "-", "🙂"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let forbidden =
            " \t\n\u{a0}\u{2003}<>{}[]?*\"#%\\^|~`$&,;:/\0\u{1f}\u{7f}\u{80}\u{9f}\u{fffe}\u{ffff}\u{10ffff}";
        for character in forbidden.chars() {
            let name = format!("a{character}b");
            let message = check(&name).unwrap_err().message;
            assert_eq!(message, Some(format!("Invalid Name: '{name}'")), "{character:?}");
        }
    }
}

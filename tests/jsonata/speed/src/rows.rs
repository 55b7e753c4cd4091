//! The expressions, and what they look at.

use std::fmt::Write;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    /// `@` stands for the input.
    expression: &'static str,
    pub(crate) input: String,
}

impl Row {
    /// The expression, over its context or over `$states.input`.
    pub(crate) fn expression(&self, mode: crate::Mode) -> String {
        let bound = mode != crate::Mode::Plain;
        self.expression.replace('@', if bound { "$states.input." } else { "" })
    }
}

const SMALL: &[(&str, &str)] = &[
    ("path", "@a.b.c"),
    ("arithmetic", "(@x + @y) * 2 - @x / 4"),
    ("string concatenation", "@first & ' ' & @last & ', ' & @city"),
    ("object construction", "{'id': @id, 'total': @x * @y, 'name': @first & ' ' & @last}"),
];

const MANY: &[(&str, &str)] = &[
    ("map", "$map(@items, function($i) { $i.price * $i.count })"),
    ("filter", "$filter(@items, function($i) { $i.price > 50 })"),
    ("reduce", "$reduce(@items, function($sum, $i) { $sum + $i.price * $i.count }, 0)"),
    ("path map", "@items.(price * count)"),
    ("path filter", "@items[price > 50].name"),
    ("path objects", "@items.{'name': name, 'total': price * count}"),
];

const LARGE: &[(&str, &str)] = &[
    ("sort", "$sort(@items, function($a, $b) { $a.price > $b.price })"),
    ("order by", "@items^(price, >name)"),
    ("group by", "@items{city: $sum(price)}"),
];

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |list: &[(&str, &'static str)], count: usize, suffix: &str| {
        for (name, expression) in list {
            rows.push(Row { name: format!("{name}{suffix}"), expression, input: input(count) });
        }
    };
    add(SMALL, 100, "");
    add(MANY, 100, ", 100");
    add(MANY, 10_000, ", 10,000");
    add(LARGE, 10_000, ", 10,000");
    rows
}

/// A document with some members, and `count` objects of five.
fn input(count: usize) -> String {
    let mut text = String::from(
        r#"{"a":{"b":{"c":"here"}},"x":12,"y":7.5,"first":"Ada","last":"Lovelace","city":"London","id":"o-1","items":["#,
    );
    for index in 0..count {
        let comma = if index > 0 { "," } else { "" };
        // Spread, but the same in each run.
        let price = (index * 7919) % 10_007;
        let city = ["Porto", "Turin", "Lyon", "Graz", "Cork"][index % 5];
        write!(
            text,
            r#"{comma}{{"id":{index},"name":"item {index}","city":"{city}","price":{}.{},"count":{}}}"#,
            price / 100,
            price % 100,
            index % 9
        )
        .expect("a string");
    }
    text.push_str("]}");
    text
}

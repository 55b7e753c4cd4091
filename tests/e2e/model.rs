//! The model as it was published, read without the generator: what operations take and which errors they have.

use serde_json::{Map, Value, json};

use crate::cases;

/// A member of an input, or of a structure in it, or the first element of a list.
pub(crate) struct Place {
    /// The way to it, each step with the shape that it is taken in.
    pub(crate) steps: Vec<(Step, String)>,
    pub(crate) shape: String,
    pub(crate) required: bool,
    pub(crate) secret: bool,
}

#[derive(Clone)]
pub(crate) enum Step {
    Member(String),
    Element,
}

impl Place {
    /// As messages name it.
    pub(crate) fn path(&self) -> String {
        let steps = self.steps.iter().map(|(step, _)| match step {
            Step::Member(name) => name,
            Step::Element => "1.member",
        });
        steps.collect::<Vec<_>>().join(".")
    }
}

pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) errors: Vec<String>,
}

impl Operation {
    pub(crate) fn first_text(&self, model: &Model) -> Option<String> {
        let members = model.shape(&self.input)["members"].as_object()?;
        let is_text = |member: &Value| model.shape(member["target"].as_str().unwrap())["type"] == "string";
        members.iter().find(|(_, member)| is_text(member)).map(|(name, _)| name.clone())
    }
}

/// The model as it was published, and what the service does beyond it.
pub(crate) struct Model {
    shapes: Map<String, Value>,
    overlay: Value,
}

impl Model {
    pub(crate) fn read() -> Model {
        let read = |file: &str| -> Value {
            let path = cases("../model").join(file);
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
        };
        let mut model = read("step-functions-2016-11-23.json");
        let Value::Object(shapes) = model["shapes"].take() else { panic!("the model has no shapes") };
        Model { shapes, overlay: read("overlay.json") }
    }

    pub(crate) fn operations(&self) -> Vec<Operation> {
        let operations = self.shapes.iter().filter(|(_, shape)| shape["type"] == "operation");
        let targets = |list: &Value| -> Vec<String> {
            list.as_array()
                .into_iter()
                .flatten()
                .map(|it| short(it["target"].as_str().unwrap()).to_owned())
                .collect()
        };
        let operations: Vec<_> = operations
            .map(|(id, shape)| Operation {
                name: short(id).to_owned(),
                input: shape["input"]["target"].as_str().unwrap().to_owned(),
                output: shape["output"]["target"].as_str().unwrap().to_owned(),
                errors: targets(&shape["errors"]),
            })
            .collect();
        assert_eq!(operations.len(), 37);
        operations
    }

    pub(crate) fn operation(&self, name: &str) -> Option<Operation> {
        self.operations().into_iter().find(|operation| operation.name == name)
    }

    pub(crate) fn shape(&self, id: &str) -> &Value {
        static PRELUDE: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| {
            json!({
                "String": {"type": "string"}, "Boolean": {"type": "boolean"}, "PrimitiveBoolean": {"type": "boolean"},
                "Integer": {"type": "integer"}, "Long": {"type": "long"}, "Float": {"type": "float"},
                "Timestamp": {"type": "timestamp"},
            })
        });
        self.shapes.get(id).or_else(|| PRELUDE.get(short(id))).unwrap_or_else(|| panic!("no shape {id}"))
    }

    /// Whether an operation may fail so: by its own list, or by what every operation may answer.
    pub(crate) fn has_error(&self, operation: &Operation, kind: &str) -> bool {
        let Some((namespace, name)) = kind.split_once('#') else { return false };
        let is_own = operation.errors.iter().any(|error| error == name) || name == "ValidationException";
        let namespaces = &self.overlay["errors"]["namespace"];
        is_own && namespaces.as_str().unwrap() == format!("{namespace}#")
    }

    /// What of a value is not as its shape says.
    pub(crate) fn differences(&self, id: &str, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.compare(id, value, "", &mut found);
        found
    }

    fn compare(&self, id: &str, value: &Value, path: &str, found: &mut Vec<String>) {
        let shape = self.shape(id);
        let target = |member: &Value| member["target"].as_str().unwrap().to_owned();
        let fits = match (shape["type"].as_str().unwrap(), value) {
            ("string", Value::String(_))
            | ("boolean", Value::Bool(_))
            | ("float" | "timestamp", Value::Number(_)) => true,
            ("integer" | "long", Value::Number(number)) => number.is_i64(),
            ("enum", Value::String(name)) => self.names(id).contains(name),
            ("list", Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    self.compare(&target(&shape["member"]), element, &format!("{path}[{index}]"), found);
                }
                true
            }
            ("map", Value::Object(entries)) => {
                for (key, entry) in entries {
                    self.compare(&target(&shape["value"]), entry, &format!("{path}[{key}]"), found);
                }
                true
            }
            ("structure", Value::Object(members)) => {
                let known = shape["members"].as_object().unwrap();
                let is_absent =
                    |(name, member): &(&String, &Value)| is_required(member) && !members.contains_key(*name);
                found.extend(
                    known.iter().filter(is_absent).map(|(name, _)| format!("{path}.{name} is absent")),
                );
                for (name, value) in members {
                    match known.get(name) {
                        Some(member) => {
                            self.compare(&target(member), value, &format!("{path}.{name}"), found)
                        }
                        None => found.push(format!("{path}.{name} is not of the model")),
                    }
                }
                true
            }
            _ => false,
        };
        if !fits {
            found.push(format!("{path} is no {}: {value}", short(id)));
        }
    }

    pub(crate) fn places(&self, operation: &Operation) -> Vec<Place> {
        let mut places = Vec::new();
        self.descend(&operation.input, &[], &mut places);
        places
    }

    pub(crate) fn descend(&self, id: &str, steps: &[(Step, String)], places: &mut Vec<Place>) {
        let shape = self.shape(id);
        let mut found = |step: Step, target: &str, required: bool| {
            let steps = [steps, &[(step, id.to_owned())]].concat();
            let secret = self.shape(target)["traits"].get("smithy.api#sensitive").is_some();
            places.push(Place { steps: steps.clone(), shape: target.to_owned(), required, secret });
            self.descend(target, &steps, places);
        };
        match shape["type"].as_str().unwrap() {
            "structure" => {
                for (name, member) in shape["members"].as_object().into_iter().flatten() {
                    let target = member["target"].as_str().unwrap();
                    found(Step::Member(name.clone()), target, is_required(member));
                }
            }
            "list" => found(Step::Element, shape["member"]["target"].as_str().unwrap(), false),
            _ => {}
        }
    }

    /// A structure with what it must have.
    pub(crate) fn structure(&self, id: &str, known: &dyn Fn(&str) -> Option<Value>) -> Value {
        let members = self.shape(id)["members"].as_object().into_iter().flatten();
        let required = members.filter(|(_, member)| is_required(member));
        let sampled = required.map(|(name, member)| {
            let value = known(name).unwrap_or_else(|| self.sample(member["target"].as_str().unwrap(), known));
            (name.clone(), value)
        });
        Value::Object(sampled.collect())
    }

    /// A value that keeps all constraints.
    pub(crate) fn sample(&self, id: &str, known: &dyn Fn(&str) -> Option<Value>) -> Value {
        let shape = self.shape(id);
        match shape["type"].as_str().unwrap() {
            "string" => json!("a"),
            "enum" => json!(self.names(id)[0]),
            "boolean" => json!(true),
            "integer" | "long" | "float" => json!(bound(shape, "range", "min").unwrap_or(1)),
            "list" => json!([self.sample(shape["member"]["target"].as_str().unwrap(), known)]),
            "structure" => self.structure(id, known),
            other => panic!("{id}: no sample of the type {other}"),
        }
    }

    /// Puts a value where a place is, and makes what has to be around it.
    pub(crate) fn put(&self, input: &mut Value, place: &Place, value: Value) {
        let mut at = input;
        for (step, around) in &place.steps {
            if at.is_null() {
                *at = self.sample(around, &|_| None);
            }
            at = match step {
                Step::Member(name) => &mut at[name.as_str()],
                Step::Element => &mut at[0],
            };
        }
        *at = value;
    }

    /// The names of an enum in the order in which the service lists them.
    pub(crate) fn names(&self, id: &str) -> Vec<String> {
        let strings = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let orders = self.overlay["enum_orders"].as_array().into_iter().flatten();
        if let Some(order) = orders.into_iter().find(|order| order["shape"] == short(id)) {
            return strings(&order["values"]);
        }
        let members = self.shape(id)["members"].as_object().unwrap().values();
        members.map(|member| member["traits"]["smithy.api#enumValue"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn counts_bytes(&self, id: &str) -> bool {
        let entries = self.overlay["bytes"].as_array().into_iter().flatten();
        entries.flat_map(|entry| entry["shapes"].as_array().unwrap()).any(|shape| shape == short(id))
    }

    pub(crate) fn most(&self, id: &str, most: usize) -> String {
        match self.counts_bytes(id) {
            true => format!("Member must have size less than or equal to {most} bytes in UTF-8 encoding"),
            false => format!("Member must have length less than or equal to {most}"),
        }
    }

    /// All rules of a text, as they are listed for an element.
    pub(crate) fn rules(&self, id: &str) -> Vec<String> {
        let shape = self.shape(id);
        let pattern =
            pattern(shape).map(|text| format!("Member must satisfy regular expression pattern: {text}"));
        let most = bound(shape, "length", "max").map(|most| self.most(id, usize::try_from(most).unwrap()));
        let least = bound(shape, "length", "min").filter(|least| *least > 0);
        let least = least.map(|least| format!("Member must have length greater than or equal to {least}"));
        [pattern, most, least].into_iter().flatten().collect()
    }
}

fn short(id: &str) -> &str {
    id.split_once('#').map_or(id, |(_, name)| name)
}

fn is_required(member: &Value) -> bool {
    member["traits"].get("smithy.api#required").is_some()
}

pub(crate) fn bound(shape: &Value, of: &str, which: &str) -> Option<i64> {
    shape["traits"][format!("smithy.api#{of}")][which].as_i64()
}

pub(crate) fn pattern(shape: &Value) -> Option<&str> {
    shape["traits"]["smithy.api#pattern"].as_str()
}

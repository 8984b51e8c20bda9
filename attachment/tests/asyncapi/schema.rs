//! As much of JSON Schema as the description uses.

use serde_json::Value;

/// An object of an example, and the schema of it.
pub(crate) struct Place<'a> {
    /// Where it is in the example.
    pub(crate) pointer: String,
    pub(crate) schema: &'a Value,
}

/// The schema itself, or what it refers to.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let Some(target) = schema.get("$ref").and_then(Value::as_str) else {
        return schema;
    };
    let target = target
        .strip_prefix('#')
        .and_then(|target| document.pointer(target));
    resolve(
        document,
        target.unwrap_or_else(|| panic!("{schema} leads nowhere")),
    )
}

/// Every object of an example.
///
/// # Panics
/// When something of the example is not as its schema says.
pub(crate) fn places<'a>(document: &'a Value, schema: &'a Value, example: &Value) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    walk(document, schema, example, String::new(), &mut places)
        .unwrap_or_else(|error| panic!("{error}: {example}"));
    places
}

fn walk<'a>(
    document: &'a Value,
    schema: &'a Value,
    value: &Value,
    pointer: String,
    places: &mut Vec<Place<'a>>,
) -> Result<(), String> {
    let schema = resolve(document, schema);
    if let Some(options) = schema["oneOf"].as_array() {
        let fits = |option: &&Value| walk(document, option, value, pointer.clone(), &mut Vec::new()).is_ok();
        let fitting: Vec<_> = options.iter().filter(fits).collect();
        let [option] = fitting[..] else {
            return Err(format!("{pointer} fits {} of {schema}", fitting.len()));
        };
        return walk(document, option, value, pointer, places);
    }
    let right = match (schema["type"].as_str(), value) {
        (Some("string"), Value::String(text)) => {
            let bound = |name: &str| {
                schema[name]
                    .as_u64()
                    .and_then(|bound| usize::try_from(bound).ok())
            };
            let length = text.chars().count();
            bound("minLength").is_none_or(|min| length >= min)
                && bound("maxLength").is_none_or(|max| length <= max)
        }
        (Some("integer"), Value::Number(number)) => number.as_u64().is_some(),
        (Some("boolean"), Value::Bool(_)) => true,
        (Some("array"), Value::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                walk(
                    document,
                    &schema["items"],
                    item,
                    format!("{pointer}/{place}"),
                    places,
                )?;
            }
            true
        }
        (Some("object"), Value::Object(fields)) => {
            for (name, field) in fields {
                let Some(schema) = schema["properties"].get(name) else {
                    return Err(format!("{pointer}/{name} is not described"));
                };
                walk(document, schema, field, format!("{pointer}/{name}"), places)?;
            }
            places.push(Place {
                pointer: pointer.clone(),
                schema,
            });
            true
        }
        _ => false,
    };
    let listed = schema["enum"]
        .as_array()
        .is_none_or(|values| values.contains(value));
    let constant = schema.get("const").is_none_or(|constant| constant == value);
    if right && listed && constant {
        Ok(())
    } else {
        Err(format!("{pointer} is not {schema}"))
    }
}

//! Calculates with the saved variables: what a `set` saves, and which path a `when` takes.

use minijinja::value::{ValueKind, merge_maps};
use minijinja::{Error, ErrorKind, Value};

use crate::flow::script::step::{Assignment, Case, Formula, Then};
use crate::flow::script::templates::Templates;
use crate::flow::turn::state::State;

/// Saves the new value of a variable. `program` has the variables that the program sets, like `today`.
///
/// # Errors
/// If the template or expression fails with these variables.
pub(crate) fn set(
    templates: &Templates,
    state: &mut State,
    assignment: &Assignment,
    program: &Value,
) -> Result<(), Error> {
    let variable = &assignment.variable;
    match &assignment.formula {
        Formula::Template(id) => {
            let text = templates.render(id, merge_maps([program.clone(), state.words()]))?;
            state.save(variable, &text);
        }
        Formula::Expression(id) => {
            let values = merge_maps([program.clone(), state.values().into()]);
            let value = templates.evaluate(id, values)?;
            match value.kind() {
                ValueKind::Number => state.save_number(variable, &number(&value)?),
                // Saved as a text: {% if %} takes an empty one as false.
                ValueKind::Bool if !value.is_true() => state.save(variable, ""),
                ValueKind::None | ValueKind::Undefined => state.save(variable, ""),
                _ => state.save(variable, &value.to_string()),
            }
        }
    }
    Ok(())
}

/// The path of the first case whose condition holds, if any.
///
/// # Errors
/// If a condition fails with these variables.
pub(crate) fn path<'s>(
    templates: &Templates,
    state: &State,
    cases: &'s [Case],
    program: &Value,
) -> Result<Option<&'s Then>, Error> {
    let values = merge_maps([program.clone(), state.values().into()]);
    for case in cases {
        if templates
            .evaluate(&case.condition, values.clone())?
            .is_true()
        {
            return Ok(Some(&case.then));
        }
    }
    Ok(None)
}

/// A number in its normal form: half of 4 is "2", not "2.0".
fn number(value: &Value) -> Result<String, Error> {
    let float = f64::try_from(value.clone())?;
    if !float.is_finite() {
        let message = "the result is not a finite number";
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    Ok(match value.is_integer() {
        true => value.to_string(),
        false => float.to_string(),
    })
}

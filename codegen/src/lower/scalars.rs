use serde_json::Number;

use super::constraints;
use crate::ir::{Constraints, IntegerFormat, NumberFormat, StringFormat, Type, TypeUse};

/// The type of an integer; formats narrower than ours become limits.
pub(super) fn integer(format: Option<&str>, mut limits: Constraints) -> TypeUse {
    let mut between = |least: i64, most: i64| {
        let own =
            Constraints { minimum: Some(least.into()), maximum: Some(most.into()), ..Constraints::default() };
        limits = constraints::both(own, std::mem::take(&mut limits));
    };
    let format = match format {
        Some("int8") => {
            between(i8::MIN.into(), i8::MAX.into());
            IntegerFormat::I32
        }
        Some("int16") => {
            between(i16::MIN.into(), i16::MAX.into());
            IntegerFormat::I32
        }
        Some("uint8") => {
            between(0, u8::MAX.into());
            IntegerFormat::U32
        }
        Some("uint16") => {
            between(0, u16::MAX.into());
            IntegerFormat::U32
        }
        format if beyond_64_bits(&limits) || (format.is_none() && beyond_both(&limits)) => {
            let whole = Constraints { multiple_of: Some(1.into()), ..Constraints::default() };
            let constraints = constraints::both(limits, whole);
            return TypeUse { ty: Type::Number(NumberFormat::Decimal), nullable: false, constraints };
        }
        Some("int32") => IntegerFormat::I32,
        Some("uint32") => IntegerFormat::U32,
        Some("uint" | "uint64") => IntegerFormat::U64,
        Some("int64") => IntegerFormat::I64,
        _ if beyond_i64(&limits) && is_unsigned(&limits) => IntegerFormat::U64,
        _ => IntegerFormat::I64,
    };
    TypeUse { ty: Type::Integer(format), nullable: false, constraints: limits }
}

/// Whether a bound lies where neither width reaches.
fn beyond_64_bits(limits: &Constraints) -> bool {
    let low = [&limits.minimum, &limits.exclusive_minimum].into_iter().flatten().filter_map(Number::as_f64);
    let high = [&limits.maximum, &limits.exclusive_maximum].into_iter().flatten().filter_map(Number::as_f64);
    low.into_iter().any(|low| low < i64::MIN as f64) || high.into_iter().any(|high| high > u64::MAX as f64)
}

/// Whether a signed number is allowed to be greater than the greatest signed one of 64 bits.
fn beyond_both(limits: &Constraints) -> bool {
    beyond_i64(limits) && !is_unsigned(limits)
}

fn beyond_i64(limits: &Constraints) -> bool {
    // As a float, the largest of them is one more than it is.
    limits
        .maximum
        .as_ref()
        .is_some_and(|number| number.as_i64().is_none() && number.as_f64() >= Some(i64::MAX as f64))
}

fn is_unsigned(limits: &Constraints) -> bool {
    limits.minimum.as_ref().is_some_and(|number| number.as_f64() >= Some(0.0))
}

/// The width of a number.
pub(super) fn number_format(format: Option<&str>) -> NumberFormat {
    match format {
        Some("decimal") => NumberFormat::Decimal,
        _ => NumberFormat::F64,
    }
}

/// The type of a string.
pub(super) fn string_format(format: Option<&str>) -> StringFormat {
    match format {
        Some("date") => StringFormat::Date,
        Some("date-time") => StringFormat::DateTime,
        Some("uuid") => StringFormat::Uuid,
        Some("byte") => StringFormat::Byte,
        Some("binary") => StringFormat::Binary,
        _ => StringFormat::Plain,
    }
}

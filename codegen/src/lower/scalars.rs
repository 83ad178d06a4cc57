use super::constraints;
use crate::ir::{Constraints, IntegerFormat, StringFormat, Type, TypeUse};

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
        Some("int32") => IntegerFormat::I32,
        Some("uint32") => IntegerFormat::U32,
        Some("uint" | "uint64") => IntegerFormat::U64,
        _ if beyond_i64(&limits) => IntegerFormat::U64,
        _ => IntegerFormat::I64,
    };
    TypeUse { ty: Type::Integer(format), nullable: false, constraints: limits }
}

fn beyond_i64(limits: &Constraints) -> bool {
    let big = limits.maximum.as_ref().is_some_and(|number| number.as_f64() > Some(i64::MAX as f64));
    let unsigned = limits.minimum.as_ref().is_some_and(|number| number.as_f64() >= Some(0.0));
    big && unsigned
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

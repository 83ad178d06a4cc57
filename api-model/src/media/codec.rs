use crate::parameter::{Styled, read_form, read_form_strict, write_form};
use crate::{DecodeError, EncodeError, Json};

/// How a value becomes octets and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// JSON.
    Json,
    /// YAML, as far as it is JSON in other clothes.
    #[cfg(feature = "yaml")]
    Yaml,
    /// `application/x-www-form-urlencoded`; how the fields are written that have a style of their own.
    Form(&'static [Styled]),
}

impl Codec {
    /// Reads a value that fills `bytes`.
    ///
    /// # Errors
    /// If it isn't well-formed, or not of this type.
    pub fn read<T: Json>(self, bytes: &[u8]) -> Result<T, DecodeError> {
        match self {
            Self::Json => T::read_json(bytes),
            #[cfg(feature = "yaml")]
            Self::Yaml => super::yaml::read(bytes),
            Self::Form(fields) => read_form(text(bytes)?, fields),
        }
    }

    /// Reads a value as [`read`](Self::read) does, and refuses what the document forbids about its shape.
    ///
    /// # Errors
    /// Those of `read`, and what is forbidden.
    pub fn read_strict<T: Json>(self, bytes: &[u8]) -> Result<T, DecodeError> {
        match self {
            Self::Json => T::read_json_strict(bytes),
            #[cfg(feature = "yaml")]
            Self::Yaml => super::yaml::read_strict(bytes),
            Self::Form(fields) => read_form_strict(text(bytes)?, fields),
        }
    }

    /// Appends a value to `out`.
    ///
    /// # Errors
    /// If the value has no such form: only objects are forms.
    pub fn write<T: Json>(self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Json => value.write_json(out),
            #[cfg(feature = "yaml")]
            Self::Yaml => super::yaml::write(value, out),
            Self::Form(fields) => {
                out.extend_from_slice(write_form(value, fields)?.as_bytes());
                Ok(())
            }
        }
    }
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes)
        .map_err(|error| DecodeError::malformed("the text is not UTF-8", Some(error.valid_up_to())))
}

#![allow(missing_docs)]
pub use serde_json::Error as DecodeError;
pub trait Json: Sized {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), DecodeError>;
    fn read_json(bytes: &[u8]) -> Result<Self, DecodeError>;
}
impl Json for serde_json::Value {
    fn write_json(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        serde_json::to_writer(out, self)
    }
    fn read_json(bytes: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(bytes)
    }
}

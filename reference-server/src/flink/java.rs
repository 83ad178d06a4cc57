//! A few values in the form in which Java writes objects, because Flink's own clients read them in that form only.
//!
//! The form is that of the Java Object Serialization Specification, chapter 6. Whoever gets such a text decodes the base64 and reads
//! the object; the class of a failure need not exist there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const END: u8 = 0x78;
const LONG_STRING: u8 = 0x7c;

/// The class has fields that Java writes by itself.
const SERIALIZABLE: u8 = 0x02;
/// The class writes them, and maybe more, with a method of its own.
const WRITE_METHOD: u8 = 0x01;

/// An `org.apache.flink.util.SerializedThrowable`, in base64: a failure of which the class is known by name.
pub(super) fn serialized_throwable(class: &str, stack_trace: &str) -> String {
    // Java puts the name of the class before the message by itself.
    let message = stack_trace.lines().next().unwrap_or_default();
    let message = message.strip_prefix(class).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message);
    let mut out = Writer::new();
    out.byte(OBJECT);
    // What has been written can be referred to by its place: the first class is 0, the name of its first field's type 1.
    out.class("org.apache.flink.util.SerializedThrowable", 0x6516_9df5_1fa7_13f3, SERIALIZABLE, 3);
    out.field(b'L', "fullStringifiedStackTrace");
    out.string("Ljava/lang/String;");
    out.field(b'L', "originalErrorClassName");
    out.reference(1);
    out.field(b'[', "serializedException");
    out.string("[B");
    out.byte(END);
    out.class("java.lang.Exception", 0xd0fd_1f3e_1a3b_1cc4, SERIALIZABLE, 0);
    out.byte(END);
    out.class("java.lang.Throwable", 0xd5c6_3527_3977_b8cb, SERIALIZABLE | WRITE_METHOD, 4);
    out.field(b'L', "cause");
    out.string("Ljava/lang/Throwable;");
    out.field(b'L', "detailMessage");
    out.reference(1);
    out.field(b'[', "stackTrace");
    out.string("[Ljava/lang/StackTraceElement;");
    out.field(b'L', "suppressedExceptions");
    out.string("Ljava/util/List;");
    out.byte(END);
    out.byte(NULL);
    // The values, those of the superclass first: cause, message, stack trace, suppressed exceptions.
    out.byte(NULL);
    out.string(message);
    out.byte(NULL);
    out.byte(NULL);
    out.byte(END);
    out.string(stack_trace);
    out.string(class);
    out.byte(NULL);
    out.base64()
}

/// An `org.apache.flink.util.OptionalFailure` of a boxed whole number, in base64; `None` for accumulators of another kind.
pub(super) fn serialized_count(kind: &str, value: &str) -> Option<String> {
    let is_long = match kind {
        "LongCounter" | "LongMinimum" | "LongMaximum" => true,
        "IntCounter" | "IntMinimum" | "IntMaximum" => false,
        _ => return None,
    };
    let mut out = Writer::new();
    out.byte(OBJECT);
    out.class("org.apache.flink.util.OptionalFailure", 1, SERIALIZABLE | WRITE_METHOD, 1);
    out.field(b'L', "failureCause");
    out.string("Ljava/lang/Throwable;");
    out.byte(END);
    out.byte(NULL);
    // No failure, but a value.
    out.byte(NULL);
    out.byte(OBJECT);
    if is_long {
        out.class("java.lang.Long", 0x3b8b_e490_cc8f_23df, SERIALIZABLE, 1);
        out.field(b'J', "value");
    } else {
        out.class("java.lang.Integer", 0x12e2_a0a4_f781_8738, SERIALIZABLE, 1);
        out.field(b'I', "value");
    }
    out.byte(END);
    out.class("java.lang.Number", 0x86ac_951d_0b94_e08b, SERIALIZABLE, 0);
    out.byte(END);
    out.byte(NULL);
    if is_long {
        out.0.extend(value.parse::<i64>().ok()?.to_be_bytes());
    } else {
        out.0.extend(value.parse::<i32>().ok()?.to_be_bytes());
    }
    out.byte(END);
    Some(out.base64())
}

struct Writer(Vec<u8>);

impl Writer {
    fn new() -> Self {
        Self(vec![0xac, 0xed, 0x00, 0x05])
    }

    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn class(&mut self, name: &str, version: u64, flags: u8, fields: u16) {
        self.byte(CLASS);
        self.short_text(name);
        self.0.extend(version.to_be_bytes());
        self.byte(flags);
        self.0.extend(fields.to_be_bytes());
    }

    fn field(&mut self, kind: u8, name: &str) {
        self.byte(kind);
        self.short_text(name);
    }

    fn reference(&mut self, place: u32) {
        const FIRST: u32 = 0x007e_0000;
        self.byte(REFERENCE);
        self.0.extend((FIRST + place).to_be_bytes());
    }

    fn string(&mut self, text: &str) {
        let text = modified_utf8(text);
        match u16::try_from(text.len()) {
            Ok(length) => {
                self.byte(STRING);
                self.0.extend(length.to_be_bytes());
            }
            Err(_) => {
                self.byte(LONG_STRING);
                self.0.extend((text.len() as u64).to_be_bytes());
            }
        }
        self.0.extend(text);
    }

    /// A name of ours, which is short.
    fn short_text(&mut self, text: &str) {
        self.0.extend((text.len() as u16).to_be_bytes());
        self.0.extend(text.as_bytes());
    }

    fn base64(self) -> String {
        STANDARD.encode(self.0)
    }
}

/// Java's UTF-8: NUL takes two bytes, and what needs four is written as two surrogates of three.
fn modified_utf8(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let low = |shift: u32| 0x80 | (unit >> shift & 0x3f) as u8;
        match unit {
            0x01..=0x7f => out.push(unit as u8),
            0 | 0x80..=0x7ff => out.extend([0xc0 | (unit >> 6) as u8, low(0)]),
            _ => out.extend([0xe0 | (unit >> 12) as u8, low(6), low(0)]),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_written_as_by_a_real_cluster() {
        assert_eq!(
            serialized_count("LongCounter", "5000").unwrap(),
            "rO0ABXNyACVvcmcuYXBhY2hlLmZsaW5rLnV0aWwuT3B0aW9uYWxGYWlsdXJlAAAAAAAAAAEDAAFMAAxmYWlsdXJlQ2\
             F1c2V0ABVMamF2YS9sYW5nL1Rocm93YWJsZTt4cHBzcgAOamF2YS5sYW5nLkxvbmc7i+SQzI8j3wIAAUoABXZhbHVl\
             eHIAEGphdmEubGFuZy5OdW1iZXKGrJUdC5TgiwIAAHhwAAAAAAAAE4h4"
        );
        assert_eq!(serialized_count("Histogram", "{}"), None);
        assert_eq!(serialized_count("LongCounter", "many"), None);
    }

    #[test]
    fn text_is_written_as_java_does() {
        assert_eq!(modified_utf8("a\0é€"), b"a\xc0\x80\xc3\xa9\xe2\x82\xac");
        assert_eq!(modified_utf8("\u{1f600}"), b"\xed\xa0\xbd\xed\xb8\x80");
    }

    #[test]
    fn a_failure_is_what_flinks_own_class_has_read() {
        // `org.apache.flink.util.SerializedThrowable` of Flink 2.3.0 has read this text and shown class and trace.
        let text = serialized_throwable("org.example.E", "org.example.E: boom\n\tat x\n");
        assert_eq!(
            text,
            "rO0ABXNyAClvcmcuYXBhY2hlLmZsaW5rLnV0aWwuU2VyaWFsaXplZFRocm93YWJsZWUWnfUfpxPzAgADTAAZZnVsbF\
             N0cmluZ2lmaWVkU3RhY2tUcmFjZXQAEkxqYXZhL2xhbmcvU3RyaW5nO0wAFm9yaWdpbmFsRXJyb3JDbGFzc05hbWVx\
             AH4AAVsAE3NlcmlhbGl6ZWRFeGNlcHRpb250AAJbQnhyABNqYXZhLmxhbmcuRXhjZXB0aW9u0P0fPho7HMQCAAB4cg\
             ATamF2YS5sYW5nLlRocm93YWJsZdXGNSc5d7jLAwAETAAFY2F1c2V0ABVMamF2YS9sYW5nL1Rocm93YWJsZTtMAA1k\
             ZXRhaWxNZXNzYWdlcQB+AAFbAApzdGFja1RyYWNldAAeW0xqYXZhL2xhbmcvU3RhY2tUcmFjZUVsZW1lbnQ7TAAUc3\
             VwcHJlc3NlZEV4Y2VwdGlvbnN0ABBMamF2YS91dGlsL0xpc3Q7eHBwdAAEYm9vbXBweHQAGm9yZy5leGFtcGxlLkU6\
             IGJvb20KCWF0IHgKdAANb3JnLmV4YW1wbGUuRXA="
        );
    }

    #[test]
    fn long_traces_are_written_whole() {
        let trace = "x".repeat(70_000);
        let bytes = STANDARD.decode(serialized_throwable("E", &trace)).unwrap();
        assert!(bytes.len() > 140_000);
    }
}

//! JSON as a page and its worker write it to each other: without a space. `serde_json` reads it as well, but the code that it
//! makes for each type, with arrays in place of objects and a message for each error, is much of what travels to a browser.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// The text is not what the other side writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unreadable")
    }
}

impl std::error::Error for Unreadable {}

impl serde::de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
    fn invalid_type(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }
    fn invalid_value(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }
    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        Self
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }
    fn missing_field(_: &'static str) -> Self {
        Self
    }
    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

/// Reads one value, and nothing behind it.
///
/// # Errors
/// [`Unreadable`].
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let mut reader = Reader { text, at: 0 };
    let value = T::deserialize(&mut reader)?;
    if reader.at == text.len() { Ok(value) } else { Err(Unreadable) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte; 0, which stands nowhere in JSON, at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline(never)]
    fn take(&mut self, byte: u8) -> Result<(), Unreadable> {
        if self.peek() != byte {
            return Err(Unreadable);
        }
        self.at += 1;
        Ok(())
    }

    #[inline(never)]
    fn takes_word(&mut self, word: &str) -> bool {
        let is_here = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        if is_here {
            self.at += word.len();
        }
        is_here
    }

    #[inline(never)]
    fn number(&mut self) -> &'a str {
        let from = self.at;
        while matches!(self.peek(), b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
            self.at += 1;
        }
        self.text.get(from..self.at).unwrap_or_default()
    }

    #[inline(never)]
    fn unsigned(&mut self) -> Result<u64, Unreadable> {
        self.number().parse().map_err(|_| Unreadable)
    }

    #[inline(never)]
    fn signed(&mut self) -> Result<i64, Unreadable> {
        self.number().parse().map_err(|_| Unreadable)
    }

    #[inline(never)]
    fn string(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        self.take(b'"')?;
        let mut whole = String::new();
        loop {
            let from = self.at;
            while !matches!(self.peek(), b'"' | b'\\' | 0) {
                self.at += 1;
            }
            let part = self.text.get(from..self.at).ok_or(Unreadable)?;
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    if whole.is_empty() {
                        return Ok(Cow::Borrowed(part));
                    }
                    whole.push_str(part);
                    return Ok(Cow::Owned(whole));
                }
                b'\\' => {
                    whole.push_str(part);
                    self.at += 1;
                    whole.push(self.escaped()?);
                }
                _ => return Err(Unreadable),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Unreadable> {
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.digits()?;
                // Beyond the first plane a character stands there in two halves (RFC 8259, section 7).
                let code = if (0xd800..0xdc00).contains(&high) && self.takes_word("\\u") {
                    let low = self.digits()?.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(Unreadable)?;
                    0x10000 + ((high - 0xd800) << 10) + low
                } else {
                    high
                };
                char::from_u32(code).ok_or(Unreadable)?
            }
            _ => return Err(Unreadable),
        })
    }

    fn digits(&mut self) -> Result<u32, Unreadable> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Unreadable)?;
        self.at += 4;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Unreadable);
        }
        u32::from_str_radix(digits, 16).map_err(|_| Unreadable)
    }

    /// Passes over a value of any kind.
    #[inline(never)]
    fn skip(&mut self) -> Result<(), Unreadable> {
        let mut depth = 0_u32;
        loop {
            match self.peek() {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    // What is empty ends at once, and all else goes on with a value or a key.
                    if !matches!(self.peek(), b'}' | b']') {
                        continue;
                    }
                }
                b't' | b'f' | b'n'
                    if self.takes_word("true") || self.takes_word("false") || self.takes_word("null") => {}
                _ if !self.number().is_empty() => {}
                _ => return Err(Unreadable),
            }
            while depth > 0 && matches!(self.peek(), b'}' | b']') {
                depth -= 1;
                self.at += 1;
            }
            if depth == 0 {
                return Ok(());
            }
            if !matches!(self.peek(), b',' | b':') {
                return Err(Unreadable);
            }
            self.at += 1;
        }
    }
}

/// What stands between two brackets.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    end: u8,
    is_first: bool,
    has_ended: bool,
}

impl<'r, 'a> Items<'r, 'a> {
    #[inline(never)]
    fn begin(reader: &'r mut Reader<'a>, begin: u8, end: u8) -> Result<Self, Unreadable> {
        reader.take(begin)?;
        Ok(Self { reader, end, is_first: true, has_ended: false })
    }

    #[inline(never)]
    fn has_more(&mut self) -> Result<bool, Unreadable> {
        if self.reader.peek() == self.end {
            self.reader.at += 1;
            self.has_ended = true;
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            self.reader.take(b',')?;
        }
        Ok(true)
    }

    /// Whoever knows how many there are does not look for the end.
    #[inline(never)]
    fn finish(self) -> Result<(), Unreadable> {
        if self.has_ended { Ok(()) } else { self.reader.take(self.end) }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unreadable> {
        if self.has_more()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Items<'_, '_> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unreadable> {
        if self.has_more()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unreadable> {
        self.reader.take(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant by its name, with or without what it holds.
struct Choice<'r, 'a> {
    reader: &'r mut Reader<'a>,
    holds_something: bool,
}

impl<'de> EnumAccess<'de> for Choice<'_, '_> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Unreadable> {
        let variant = seed.deserialize(&mut *self.reader)?;
        if self.holds_something {
            self.reader.take(b':')?;
        }
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_, '_> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        if self.holds_something { Err(Unreadable) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Unreadable> {
        if self.holds_something { seed.deserialize(self.reader) } else { Err(Unreadable) }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        if self.holds_something { self.reader.deserialize_seq(visitor) } else { Err(Unreadable) }
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Unreadable> {
        if self.holds_something { self.reader.deserialize_map(visitor) } else { Err(Unreadable) }
    }
}

macro_rules! numbers {
    ($($method:ident $read:ident $visit:ident,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            visitor.$visit(self.$read()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = Unreadable;

    // Nothing that is said leaves open of what kind it is.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Unreadable> {
        Err(Unreadable)
    }

    forward_to_deserialize_any! { f32 f64 i128 u128 bytes byte_buf unit unit_struct }

    numbers! {
        deserialize_u8 unsigned visit_u64,
        deserialize_u16 unsigned visit_u64,
        deserialize_u32 unsigned visit_u64,
        deserialize_u64 unsigned visit_u64,
        deserialize_i8 signed visit_i64,
        deserialize_i16 signed visit_i64,
        deserialize_i32 signed visit_i64,
        deserialize_i64 signed visit_i64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let is_true = self.takes_word("true");
        if is_true || self.takes_word("false") { visitor.visit_bool(is_true) } else { Err(Unreadable) }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_str(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.takes_word("null") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let mut items = Items::begin(self, b'[', b']')?;
        let value = visitor.visit_seq(&mut items)?;
        items.finish()?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        let mut items = Items::begin(self, b'{', b'}')?;
        let value = visitor.visit_map(&mut items)?;
        items.finish()?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        let holds_something = self.peek() == b'{';
        if holds_something {
            self.at += 1;
        }
        let value = visitor.visit_enum(Choice { reader: &mut *self, holds_something })?;
        if holds_something {
            self.take(b'}')?;
        }
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.skip()?;
        visitor.visit_unit()
    }
}

#[cfg(test)]
mod tests;

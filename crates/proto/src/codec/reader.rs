//! CBOR read for serde. What the bytes say is `ciborium`'s to know; the way from there to a type is here, as the one that comes
//! with it makes much code anew for each type, and a browser has to fetch it. What is written here is read alike, which the tests
//! try. Of what nobody writes it reads a little more (a tag before what a variant holds, text in portions where a name is
//! expected) and a little less (a variant with named fields as an array, a name as bytes, an array or bytes with more in them than
//! the type holds).

use ciborium_ll::{Decoder, Header, simple};
use serde::de::value::SeqDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use zeroize::Zeroize;

/// Why bytes are not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("it ends too early")]
    Ends,
    #[error("a syntax error at byte {0}")]
    Syntax(usize),
    #[error("nested too deeply")]
    Nested,
    #[error("not of the expected shape")]
    Shape,
    #[error("an unknown variant")]
    Variant,
    #[error("{0} is missing")]
    Missing(&'static str),
}

impl<T> From<ciborium_ll::Error<T>> for Fault {
    fn from(error: ciborium_ll::Error<T>) -> Self {
        match error {
            ciborium_ll::Error::Io(_) => Self::Ends,
            ciborium_ll::Error::Syntax(offset) => Self::Syntax(offset),
        }
    }
}

/// One word for all that a type refuses: what it says would be made anew for each type as well.
impl serde::de::Error for Fault {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self::Shape
    }
    fn invalid_type(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self::Shape
    }
    fn invalid_value(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self::Shape
    }
    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        Self::Shape
    }
    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Variant
    }
    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Shape
    }
    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
    fn duplicate_field(_: &'static str) -> Self {
        Self::Shape
    }
}

/// Reads the first value, nested at most so deep, and leaves what follows it.
pub(super) fn read<T: DeserializeOwned>(bytes: &mut &[u8], nesting: usize) -> Result<T, Fault> {
    T::deserialize(&mut Reader { decoder: bytes.into(), taken: Vec::new(), nesting })
}

struct Reader<'r, 'b> {
    decoder: Decoder<&'r mut &'b [u8]>,
    /// The bytes or the text that was read last. It may be a secret.
    taken: Vec<u8>,
    nesting: usize,
}

impl Drop for Reader<'_, '_> {
    fn drop(&mut self) {
        self.taken.zeroize();
    }
}

impl Reader<'_, '_> {
    /// What begins here; tags say nothing to us.
    #[inline(never)]
    fn header(&mut self) -> Result<Header, Fault> {
        loop {
            match self.decoder.pull()? {
                Header::Tag(_) => {}
                header => return Ok(header),
            }
        }
    }

    #[inline(never)]
    fn enter(&mut self) -> Result<(), Fault> {
        self.nesting = self.nesting.checked_sub(1).ok_or(Fault::Nested)?;
        Ok(())
    }

    /// Within a value that is nested; a fault ends everything.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.enter()?;
        let value = read(self)?;
        self.nesting += 1;
        Ok(value)
    }

    /// Reads an array to its end. What a type leaves of it would be taken for what comes behind it.
    fn array<'de, V: Visitor<'de>>(&mut self, left: Option<usize>, visitor: V) -> Result<V::Value, Fault> {
        self.within(|reader| {
            let mut items = Items { reader, left };
            let value = visitor.visit_seq(&mut items)?;
            if items.left == Some(0) { Ok(value) } else { Err(Fault::Shape) }
        })
    }

    #[inline(never)]
    fn map(&mut self) -> Result<Option<usize>, Fault> {
        match self.header()? {
            Header::Map(length) => Ok(length),
            _ => Err(Fault::Shape),
        }
    }

    /// An array's length, or a byte string, which is taken.
    #[inline(never)]
    fn array_or_bytes(&mut self) -> Result<Option<Option<usize>>, Fault> {
        match self.header()? {
            Header::Array(length) => Ok(Some(length)),
            Header::Bytes(length) => self.take_bytes(length).map(|()| None),
            _ => Err(Fault::Shape),
        }
    }

    #[inline(never)]
    fn take_bytes(&mut self, length: Option<usize>) -> Result<(), Fault> {
        self.taken.clear();
        let mut portion = [0; 512];
        let mut segments = self.decoder.bytes(length);
        while let Some(mut segment) = segments.pull()? {
            while let Some(chunk) = segment.pull(&mut portion)? {
                self.taken.extend_from_slice(chunk);
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn take_text(&mut self, length: Option<usize>) -> Result<(), Fault> {
        self.taken.clear();
        let mut portion = [0; 512];
        let mut segments = self.decoder.text(length);
        while let Some(mut segment) = segments.pull()? {
            while let Some(chunk) = segment.pull(&mut portion)? {
                self.taken.extend_from_slice(chunk.as_bytes());
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn text(&mut self) -> Result<&str, Fault> {
        match self.header()? {
            Header::Text(length) => self.take_text(length)?,
            _ => return Err(Fault::Shape),
        }
        self.taken_text()
    }

    #[inline(never)]
    fn taken_text(&self) -> Result<&str, Fault> {
        std::str::from_utf8(&self.taken).map_err(|_| Fault::Shape)
    }

    #[inline(never)]
    fn owned_text(&mut self) -> Result<String, Fault> {
        self.text()?;
        String::from_utf8(std::mem::take(&mut self.taken)).map_err(|_| Fault::Shape)
    }

    #[inline(never)]
    fn unsigned(&mut self) -> Result<u64, Fault> {
        match self.header()? {
            Header::Positive(number) => Ok(number),
            _ => Err(Fault::Shape),
        }
    }

    #[inline(never)]
    fn signed(&mut self) -> Result<i64, Fault> {
        let (number, is_negative) = match self.header()? {
            Header::Positive(number) => (number, false),
            Header::Negative(number) => (number, true),
            _ => return Err(Fault::Shape),
        };
        let number = i64::try_from(number).map_err(|_| Fault::Shape)?;
        Ok(if is_negative { !number } else { number })
    }

    #[inline(never)]
    fn float(&mut self) -> Result<f64, Fault> {
        match self.header()? {
            Header::Float(number) => Ok(number),
            _ => Err(Fault::Shape),
        }
    }

    #[inline(never)]
    fn truth(&mut self) -> Result<bool, Fault> {
        match self.header()? {
            Header::Simple(simple::TRUE) => Ok(true),
            Header::Simple(simple::FALSE) => Ok(false),
            _ => Err(Fault::Shape),
        }
    }

    #[inline(never)]
    fn nothing(&mut self) -> Result<(), Fault> {
        match self.header()? {
            Header::Simple(simple::NULL | simple::UNDEFINED) => Ok(()),
            _ => Err(Fault::Shape),
        }
    }

    /// Whether there is nothing here; what there is is left.
    #[inline(never)]
    fn is_nothing(&mut self) -> Result<bool, Fault> {
        match self.decoder.pull()? {
            Header::Simple(simple::NULL | simple::UNDEFINED) => Ok(true),
            header => {
                self.decoder.push(header);
                Ok(false)
            }
        }
    }

    /// A variant's name, or a map of it and what it holds.
    #[inline(never)]
    fn variant(&mut self) -> Result<(), Fault> {
        match self.header()? {
            Header::Map(Some(1)) => Ok(()),
            header @ Header::Text(_) => {
                self.decoder.push(header);
                Ok(())
            }
            _ => Err(Fault::Shape),
        }
    }

    /// Whether another one follows.
    #[inline(never)]
    fn follows(&mut self, left: &mut Option<usize>) -> Result<bool, Fault> {
        match left {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None => match self.decoder.pull()? {
                Header::Break => {
                    *left = Some(0);
                    Ok(false)
                }
                header => {
                    self.decoder.push(header);
                    Ok(true)
                }
            },
        }
    }
}

impl<'de> Deserializer<'de> for &mut Reader<'_, '_> {
    type Error = Fault;

    fn is_human_readable(&self) -> bool {
        false
    }

    /// For what is passed over, and for types that take several forms.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.header()? {
            Header::Positive(number) => visitor.visit_u64(number),
            Header::Negative(number) => match i64::try_from(number) {
                Ok(number) => visitor.visit_i64(!number),
                Err(_) => visitor.visit_i128(!i128::from(number)),
            },
            Header::Float(number) => visitor.visit_f64(number),
            Header::Simple(simple::TRUE) => visitor.visit_bool(true),
            Header::Simple(simple::FALSE) => visitor.visit_bool(false),
            Header::Simple(simple::NULL | simple::UNDEFINED) => visitor.visit_none(),
            Header::Bytes(length) => {
                self.take_bytes(length)?;
                visitor.visit_byte_buf(std::mem::take(&mut self.taken))
            }
            Header::Text(length) => {
                self.take_text(length)?;
                visitor.visit_str(self.taken_text()?)
            }
            Header::Array(left) => self.array(left, visitor),
            Header::Map(left) => self.within(|reader| visitor.visit_map(Items { reader, left })),
            Header::Simple(_) | Header::Break | Header::Tag(_) => Err(Fault::Shape),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.truth()?)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_u64(self.unsigned()?)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_i64(self.signed()?)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_f64(self.float()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_string(self.owned_text()?)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.array_or_bytes()? {
            Some(left) => self.array(left, visitor),
            None => visitor.visit_bytes(&self.taken),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.array_or_bytes()? {
            Some(left) => self.array(left, visitor),
            None => visitor.visit_byte_buf(std::mem::take(&mut self.taken)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.is_nothing()? { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.nothing()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.array_or_bytes()? {
            Some(left) => self.array(left, visitor),
            None => {
                let bytes = std::mem::take(&mut self.taken).into_iter();
                let mut items = SeqDeserializer::<_, Fault>::new(bytes);
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let left = self.map()?;
        self.within(|reader| visitor.visit_map(Items { reader, left }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.variant()?;
        self.within(|reader| visitor.visit_enum(Items { reader, left: None }))
    }

    /// A field or a variant by its name. No type here has names as numbers.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text()?)
    }

    forward_to_deserialize_any! { ignored_any }
}

/// What stands in an array, a map or a variant.
struct Items<'a, 'r, 'b> {
    reader: &'a mut Reader<'r, 'b>,
    /// How many are left; unknown where an end says so.
    left: Option<usize>,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, '_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if self.reader.follows(&mut self.left)? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        self.left
    }
}

impl<'de> MapAccess<'de> for Items<'_, '_, '_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if self.reader.follows(&mut self.left)? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        self.left
    }
}

impl<'de> EnumAccess<'de> for Items<'_, '_, '_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        Ok((seed.deserialize(&mut *self.reader)?, self))
    }
}

impl<'de> VariantAccess<'de> for Items<'_, '_, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.reader.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Fault> {
        self.reader.deserialize_map(visitor)
    }
}

//! Column types that both databases share and that refuse NULL. SQLite would read NULL into an `i64` as 0 and into a `String`
//! as "", without a word; a newtype made here fails on both.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type, ValueRef};

use crate::clock::Millis;

/// Lets a newtype over `Uuid` or `i64` be bound and read: `newtype_column!(Millis(i64));`.
macro_rules! newtype_column {
    ($name:ident($inner:ty)) => {
        impl<D: ::sqlx::Database> ::sqlx::Type<D> for $name
        where
            $inner: ::sqlx::Type<D>,
        {
            fn type_info() -> D::TypeInfo {
                <$inner as ::sqlx::Type<D>>::type_info()
            }

            fn compatible(ty: &D::TypeInfo) -> bool {
                <$inner as ::sqlx::Type<D>>::compatible(ty)
            }
        }

        impl<'q, D: ::sqlx::Database> ::sqlx::Encode<'q, D> for $name
        where
            $inner: ::sqlx::Encode<'q, D>,
        {
            fn encode_by_ref(
                &self,
                buf: &mut D::ArgumentBuffer,
            ) -> Result<::sqlx::encode::IsNull, ::sqlx::error::BoxDynError> {
                <$inner as ::sqlx::Encode<'q, D>>::encode_by_ref(&self.0, buf)
            }
        }

        impl<'r, D: ::sqlx::Database> ::sqlx::Decode<'r, D> for $name
        where
            $inner: ::sqlx::Decode<'r, D>,
        {
            fn decode(value: D::ValueRef<'r>) -> Result<Self, ::sqlx::error::BoxDynError> {
                $crate::db::types::not_null::<D>(&value)?;
                Ok($name(<$inner as ::sqlx::Decode<'r, D>>::decode(value)?))
            }
        }
    };
}
pub(crate) use newtype_column;

newtype_column!(Millis(i64));

/// Refuses NULL with the error that `Option` is meant for.
pub(crate) fn not_null<'r, D: Database>(value: &D::ValueRef<'r>) -> Result<(), BoxDynError> {
    if value.is_null() { Err(Box::new(sqlx::error::UnexpectedNullError)) } else { Ok(()) }
}

/// A TEXT column that holds the serde name of an enum without data, e.g. `Text<EndReason>` holds `no_answer`: one name in
/// Rust, SQL and JSON. Give the column a CHECK with the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<T>(pub T);

impl<T, D: Database> Type<D> for Text<T>
where
    String: Type<D>,
{
    fn type_info() -> D::TypeInfo {
        <String as Type<D>>::type_info()
    }

    fn compatible(ty: &D::TypeInfo) -> bool {
        <String as Type<D>>::compatible(ty)
    }
}

impl<'q, T: Serialize, D: Database> Encode<'q, D> for Text<T>
where
    String: Encode<'q, D>,
{
    fn encode_by_ref(&self, buf: &mut D::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match serde_json::to_value(&self.0)? {
            serde_json::Value::String(name) => <String as Encode<'q, D>>::encode(name, buf),
            other => Err(format!("not an enum without data: {other}").into()),
        }
    }
}

impl<'r, T: DeserializeOwned, D: Database> Decode<'r, D> for Text<T>
where
    String: Decode<'r, D>,
{
    fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
        not_null::<D>(&value)?;
        let name = <String as Decode<'r, D>>::decode(value)?;
        Ok(Text(serde_json::from_value(serde_json::Value::String(name))?))
    }
}

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

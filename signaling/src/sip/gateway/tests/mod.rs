//! Whole calls between apps, telephones and a PBX.

mod from_phone;
mod hold;
mod phones;
mod to_phone;
mod transfer;
mod world;

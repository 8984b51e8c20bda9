//! Contacts: whom a person wants to see in the list of a client.

use rvp::Principal;

/// Contacts of one list. As many as entries of an access list, which can be made of them.
///
/// A bound for whoever lets somebody set a list; the store takes what it is given.
pub const CONTACT_LIST_MAX: usize = 2000;

/// Characters of a contact's name, and of a group's.
pub const CONTACT_TEXT_CHARS_MAX: usize = 256;

/// One entry of a contact list. Its place is its place in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// Who.
    pub principal: Principal,
    /// The name the list's owner gave, empty for none.
    pub name: String,
    /// The group the list's owner put it into, empty for none.
    pub group: String,
}

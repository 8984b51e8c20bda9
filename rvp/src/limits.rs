//! The bounds on input, in one place, each with its reason; but for a few that one form alone has, which are beside it.

/// Octets of a request body. RVP states no limit (spec 5.7); clients of the time cut text at a few
/// hundred characters, so this leaves room for any invitation or conversation list.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Nested elements of a document. The deepest real one, an access list, has seven.
pub const XML_DEPTH_MAX: usize = 16;

/// Elements and attributes of one document together, so that a small body cannot make a large tree.
pub const XML_NODES_MAX: usize = 4096;

/// Elements of a document that this side asked for, an access list or the answer of a server: a full
/// access list with every right in each entry has about 36,000.
pub const XML_NODES_ANSWER_MAX: usize = 64 * 1024;

/// Characters of a host name (RFC 1035), with its port.
pub const DOMAIN_CHARS_MAX: usize = 259;

/// Characters of the name in a principal's URL.
pub const NAME_CHARS_MAX: usize = 64;

/// Characters of the path in a client's call-back. Clients announce none (spec 7.1).
pub const CALL_BACK_PATH_CHARS_MAX: usize = 1024;

/// Characters of any header value that is read, but for [`NEGOTIATE_CHARS_MAX`].
pub const HEADER_CHARS_MAX: usize = 2048;

/// Characters of `Authorization: Negotiate`. A client may begin with a Kerberos ticket, which for somebody
/// in many groups has thousands of octets; it is skipped to find out whether NTLM would do.
pub const NEGOTIATE_CHARS_MAX: usize = 24 * 1024;

/// Characters of a message's id. Room for a UUID with a prefix; every id is remembered for a while.
pub const MESSAGE_ID_CHARS_MAX: usize = 64;

/// Access control entries of one list: a person's contacts, with room.
pub const ACCESS_ENTRIES_MAX: usize = 2000;

/// Contacts in one `notification-to`: the participants of a conversation.
pub const CONTACTS_MAX: usize = 256;

/// Properties named by one PROPFIND or PROPPATCH.
pub const PROPERTIES_MAX: usize = 64;

/// Characters of a text property.
pub const TEXT_CHARS_MAX: usize = 1024;

/// Hops a notification may make before it is taken for a loop (spec 8.3).
pub const HOPS_MAX: u8 = 8;

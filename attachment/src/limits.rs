//! Every bound of an attachment, in one place, with its reason.

use std::time::Duration;

/// Octets of a frame from a client: a text of the largest size, each of its characters escaped, with room.
pub const CLIENT_FRAME_BYTES_MAX: usize = 64 * 1024;

/// Octets of a frame from a client that has not shown who it is. A proof needs a few hundred.
pub const FIRST_FRAME_BYTES_MAX: usize = 4 * 1024;

/// Octets of a frame from a router: a message of an RVP client is up to 64 KiB, and JSON may double it.
pub const SERVER_FRAME_BYTES_MAX: usize = 256 * 1024;

/// Octets of a text that a client sends, in UTF-8. RVP doubles all that are not ASCII, and its messages are at most
/// 64 KiB.
pub const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Characters of an address: a name of 64, `@`, and a host of 259.
pub const ADDRESS_CHARS_MAX: usize = 324;

/// Characters of a message's id, visible ASCII.
pub const MESSAGE_ID_CHARS_MAX: usize = 64;

/// Characters of a conversation's name. RVP's are GUIDs in braces.
pub const CONVERSATION_CHARS_MAX: usize = 64;

/// Other people of a conversation that a message names.
pub const PARTICIPANTS_MAX: usize = 64;

/// Characters of a contact's name, and of a group's.
pub const CONTACT_TEXT_CHARS_MAX: usize = 256;

/// Characters of a font's name.
pub const FONT_CHARS_MAX: usize = 64;

/// Items of one frame that answers with a part of a list.
pub const PIECE_MAX: usize = 100;

/// Requests of one attachment that may be open. One more is refused as [`crate::Why::Busy`].
pub const REQUESTS_MAX: usize = 32;

/// People whom one attachment may watch: the entries of a contact list.
pub const WATCHED_MAX: usize = 2000;

/// People of one `watch_many`: with addresses of the greatest length they fit into a frame of a client.
pub const WATCH_MANY_MAX: usize = 128;

/// Messages that were sent to a client and that it may leave without an acknowledgement; further ones wait.
pub const UNACKNOWLEDGED_MAX: usize = 16;

/// Messages by whose sender and id a client should know what comes again.
pub const REMEMBERED_MAX: usize = 256;

/// How long a connection has to show who it is. What its home is asked then may take longer.
pub const AUTHENTICATE_WITHIN: Duration = Duration::from_secs(10);

/// The longest that either side may be silent. A client that has nothing to say sends a `ping`, which is answered.
pub const HEARTBEAT: Duration = Duration::from_secs(20);

/// After this much silence the other side is taken for gone.
pub const SILENCE_MAX: Duration = Duration::from_secs(28);

/// How long a client has to acknowledge a message, before the message is kept for it instead.
pub const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(10);

/// How long a session outlives its connection, unless a router is set otherwise.
pub const RESUME_WITHIN: Duration = Duration::from_secs(60);

/// How long a token is good.
pub const TOKEN_LIFETIME: Duration = Duration::from_secs(3_600);

/// Characters of a token.
pub const TOKEN_CHARS_MAX: usize = 1_024;

/// Characters of a SCRAM message.
pub const SCRAM_CHARS_MAX: usize = 2_048;

/// Characters of a nonce of one side.
pub const NONCE_CHARS_MAX: usize = 128;

/// Rounds of PBKDF2 that a client computes: fewer would weaken the password, more would let a server keep the client
/// busy.
pub const ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=1_000_000;

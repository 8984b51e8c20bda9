//! What must be equal in every process of a cluster and is therefore code, not configuration.

/// Which way of placing people this code computes. Two processes that place differently would both be home
/// to one person, so a member with another version is not let in.
///
/// Placement is a persistent format: raise this with every change to the hash of a principal, the number of
/// slots, the virtual nodes, the room or the order in which slots are dealt. `tests/placement.golden` notices.
///
/// History: 1 is the first, XXH3 over the canonical URL, 16,384 slots evenly around the ring, 512 virtual nodes
/// per unit of capacity and 5 % of headroom. 2 adds the slots that members lend to each other; without loans it
/// places as 1 did.
pub const PLACEMENT_VERSION: u32 = 2;

/// Which language the links between processes speak.
///
/// Raise it when a process of the version before could misunderstand a frame; additions that it may ignore do
/// not count.
///
/// History: 1 is the first. 2: deliveries and changes are taken from a person's home only, by its epoch.
/// 4: clients are reached at listeners or by attachments. 5: several people are watched by one question.
/// 6: several changes are told by one. 7: a router tells senders itself what it sees their messages come to.
/// 8: attached clients are told of changes by their connections alone.
pub const PROTOCOL_VERSION: u32 = 8;

//! What is wrong with a frame.

/// Why octets are not a frame. Holds no text that came from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// More octets than a frame may have.
    #[error("the frame is too large")]
    TooLarge,
    /// Not a JSON object with a `type`, or one whose fields are not those of its type.
    #[error("the frame is malformed")]
    Malformed,
    /// A field holds what it may not.
    #[error("field {0} is not valid")]
    Field(&'static str),
}

//! The first frame of each end: who it is, and which version of the contract it speaks.

use super::{Error, Peer, Role};
use crate::{PROTOCOL, v1};

/// The first frame of an end.
pub(crate) fn hello(me: &Peer) -> v1::Frame {
    let role = match me.role {
        Role::Router => v1::Role::Router,
        Role::Home => v1::Role::Home,
        Role::Operator => v1::Role::Operator,
    };
    let hello = v1::Hello {
        name: me.name.clone(),
        role: role.into(),
        protocol: PROTOCOL,
    };
    v1::Frame {
        id: 0,
        body: Some(v1::frame::Body::Hello(hello)),
    }
}

/// Reads the first frame of the other end.
///
/// # Errors
/// [`Error::Contract`] with a reason that reads the same at both ends, since a home tells its caller.
pub(crate) fn read_hello(frame: Option<v1::Frame>) -> Result<Peer, Error> {
    let Some(v1::frame::Body::Hello(hello)) = frame.and_then(|frame| frame.body) else {
        return Err(Error::Contract("the first frame is not a hello".into()));
    };
    let (name, theirs) = (hello.name, hello.protocol);
    if theirs != PROTOCOL {
        let reason =
            format!("{name} speaks version {theirs}, its peer version {PROTOCOL}: run the same release");
        return Err(Error::Contract(reason));
    }
    let role = match v1::Role::try_from(hello.role) {
        Ok(v1::Role::Router) => Role::Router,
        Ok(v1::Role::Home) => Role::Home,
        Ok(v1::Role::Operator) => Role::Operator,
        Ok(v1::Role::Unspecified) | Err(_) => {
            return Err(Error::Contract(format!("{name} has no role")));
        }
    };
    Ok(Peer { name, role })
}

//! A change of somebody whom this person watches: it goes to every client of this person.

use super::Presentity;
use proto::ClientLogin;

impl Presentity {
    /// The clients that are told, each with the router of its login. Nothing here is another for it, so this is no
    /// command: there are more of these than of all commands together. A property change that cannot be delivered is
    /// dropped: the state is read again with the next watch (spec 7.4).
    pub(crate) fn clients(&self) -> impl Iterator<Item = (&str, ClientLogin)> {
        self.logins.each_client(self.principal())
    }
}

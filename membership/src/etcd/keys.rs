//! Where things are in etcd: a persistent format, described in the text of [`crate::EtcdMembership`].

use crate::MemberId;

/// The keys of one Homeport cluster.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    root: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            root: format!("{prefix}/v1/"),
        }
    }

    /// What all of them begin with.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// A member's record.
    pub(crate) fn member(&self, id: &MemberId) -> String {
        format!("{}members/{id}", self.root)
    }

    /// Put anew, and empty, with every change that a process makes on purpose.
    pub(crate) fn changed(&self) -> String {
        format!("{}changed", self.root)
    }

    /// What epochs are ahead of revisions, in decimal; nothing means 0.
    pub(crate) fn ahead(&self) -> String {
        format!("{}ahead", self.root)
    }

    /// The id that a key is the record of.
    pub(crate) fn id_of<'k>(&self, key: &'k str) -> Option<&'k str> {
        key.strip_prefix(&self.root)?.strip_prefix("members/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_where_the_format_says() {
        let keys = Keys::new("/homeport");
        assert_eq!(keys.member(&"home-1".into()), "/homeport/v1/members/home-1");
        assert_eq!(keys.changed(), "/homeport/v1/changed");
        assert_eq!(keys.ahead(), "/homeport/v1/ahead");
        assert_eq!(keys.id_of("/homeport/v1/members/home-1"), Some("home-1"));
        assert_eq!(keys.id_of("/homeport/v1/changed"), None);
        assert_eq!(keys.id_of("/homeport/v10/members/home-1"), None);
    }
}

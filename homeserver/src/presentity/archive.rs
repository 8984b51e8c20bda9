//! Archives a message before anybody is handed it: what is not in the archive was not delivered.

use super::deliveries::Accepted;
use super::kept::own_id;
use super::{Context, Presentity};
use crate::command::{DeliveryId, Effect};
use rvp::notification::AckType;
use rvp::{Domain, Identity, MessageId};
use std::time::SystemTime;
use store::ArchiveEntry;

impl Presentity {
    /// The domains that archive a message from this sender.
    pub(super) fn archives_for(&self, from: &Identity) -> Vec<Domain> {
        let Some(archives) = &self.archives else {
            return Vec::new();
        };
        archives.domains_for(from, self.principal())
    }

    /// Accepts a message, and has it archived, unless it was a moment ago.
    pub(super) fn archive(
        &mut self,
        context: &mut Context<'_>,
        (delivery, message): (DeliveryId, Accepted),
        id: Option<MessageId>,
        domains: Vec<Domain>,
    ) {
        let to = self.principal().clone();
        let id = id.unwrap_or_else(|| own_id(delivery));
        let entry = |domain| ArchiveEntry {
            domain,
            at: message.at,
            id: id.clone(),
            from: message.from.clone(),
            to: to.clone(),
            document: message.document.clone(),
        };
        let entries: Vec<ArchiveEntry> = domains.into_iter().map(entry).collect();
        let (now, effects) = (context.now, &mut context.effects);
        let (deliveries, mut around) = self.under_way(now, effects);
        deliveries.begin_to_archive(delivery, message, entries, &mut around);
        self.hand_on(now, effects);
    }

    /// Goes on with what is archived.
    pub(super) fn hand_on(&mut self, now: SystemTime, effects: &mut Vec<Effect>) {
        for id in self.deliveries.archived() {
            let Some(message) = self.deliveries.message(id) else {
                continue;
            };
            if self.logins.is_empty() || self.goes_behind(message) {
                let (deliveries, mut around) = self.under_way(now, effects);
                deliveries.keep_archived(id, &mut around);
                continue;
            }
            let count = self.hand(now, id, message, effects);
            if self.deliveries.hand_archived(id, count) == Some(AckType::SingleHop) {
                effects.push(Effect::HandedOn(id));
            }
        }
    }
}

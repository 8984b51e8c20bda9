//! The answering end of a process that asks and is not asked.

use super::{Asker, Serve};
use crate::op::{Answer, Call, Refusal};
use async_trait::async_trait;
use rvp::Fault;

/// Refuses every call: nobody who keeps the contract makes one on such a link.
#[derive(Clone, Copy, Debug)]
pub struct NotCalled;

#[async_trait]
impl Serve for NotCalled {
    async fn serve(&self, _: Asker, _: Call) -> Result<Answer, Refusal> {
        Err(Fault::BadRequest.into())
    }
}

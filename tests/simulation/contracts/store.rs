//! The suite of stores.

#[macro_use]
#[expect(clippy::unwrap_used, reason = "in a test it is an assertion")]
#[path = "../../../store/tests/contract/suite.rs"]
mod suite;

use crate::faults::Faults;
use crate::store::Kept;
use async_trait::async_trait;
use std::sync::Arc;
use store::Store;
use suite::Stage;

#[async_trait]
impl Stage for Kept {
    async fn open(&self) -> Arc<dyn Store> {
        self.of("home-1", &Faults::default())
    }
}

macro_rules! contract {
    ($($suite:ident::$test:ident,)*) => {
        mod simulated {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::suite::$suite::$test(&crate::store::Kept::default()).await;
                }
            )*
        }
    };
}

promises!(contract);

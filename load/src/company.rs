//! People who are logged on for one measurement after another: more of them come, they talk at a rate, many go and come
//! back at once, they talk while something happens to the cluster. What is asked of them, and what it means, is for
//! whoever certifies a cluster to say.
//!
//! Futures may be dropped at any time; what was under way then is not counted.

mod arrivals;
mod talk;

pub use arrivals::{Arrivals, Return};
pub use talk::{Spell, Talk, Through, Until};

use crate::floor::Floor;
use crate::run::FAREWELL;
use crate::usage::{Moment, Watched};
use crate::user::{Doors, Order, Proving};
use crate::world::{Made, World};
use crate::{Error, Plan, files, floor};
use daemon::Tasks;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};

/// People who are logged on, and who may come.
pub struct Company {
    plan: Plan,
    world: Arc<World>,
    doors: Arc<Doors>,
    watched: Watched,
    tasks: Tasks,
    floor: Floor,
    /// Whoever is there, by number.
    seats: Vec<Seat>,
    /// Grows with each measurement, so that others write to each other each time.
    turns: u64,
}

/// Somebody who is logged on.
struct Seat {
    orders: mpsc::Sender<Order>,
    /// Told when they have logged off.
    left: oneshot::Receiver<Proving>,
}

impl Company {
    /// Finds the cluster and measures the floor. Nobody is logged on yet. Scenario and pace of the plan are of no account;
    /// its seconds are how long everything takes at most.
    ///
    /// # Errors
    /// [`Error`]: nothing can be measured.
    pub async fn gather(mut plan: Plan) -> Result<Self, Error> {
        plan.check()?;
        files::allow(plan.people.count(), plan.files_each())?;
        let addresses: Vec<SocketAddr> = plan.routers.iter().map(crate::Router::address).collect();
        for router in &plan.routers {
            drop(router.connect().await?);
        }
        let watched = Watched::find(&plan.server, &addresses).await?;
        let tasks = Tasks::new();
        let command = std::mem::replace(&mut plan.floor, Command::new(""));
        let floor = Box::pin(floor::measure(command, &tasks)).await?;
        let world = Arc::new(World::new(
            plan.people.clone(),
            Made {
                text_bytes: plan.text_bytes,
                contacts: plan.contacts,
                seed: plan.seed,
                goers: plan.goers(),
                under_way: None,
            },
        ));
        let doors = Arc::new(Doors::open(&plan, &world, &tasks).await?);
        Ok(Self {
            plan,
            world,
            doors,
            watched,
            tasks,
            floor,
            seats: Vec::new(),
            turns: 0,
        })
    }

    /// How many are logged on.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.seats.len()).unwrap_or(u32::MAX)
    }

    /// What bare servers cost.
    #[must_use]
    pub fn floor(&self) -> Floor {
        self.floor
    }

    /// Octets of memory that the server's processes have made; none where they are not known.
    ///
    /// # Errors
    /// [`Error::Usage`]: one of them does not tell.
    pub async fn server_memory(&self) -> Result<Option<u64>, Error> {
        let now = self.now().await?;
        Ok(now.map(|now| now.all.anonymous))
    }

    async fn now(&self) -> Result<Option<Moment>, Error> {
        if self.watched.is_known() {
            self.watched.now().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// Logs everybody off.
    pub async fn part(mut self) {
        self.dismiss(0).await;
        if !self.tasks.drain(FAREWELL).await.is_empty() {
            self.tasks.abort();
        }
    }

    /// Everybody is gone at once, without a word: the cluster is to be stopped as well.
    pub fn abandon(self) {
        self.tasks.abort();
    }
}

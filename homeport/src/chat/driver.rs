//! Carries out what a session wants, and tells it what happened.

use super::connection::{Connecting, Connection, Heard};
use super::servers::Servers;
use super::session::{Action, Ended, Event, Session};
use anyhow::Result;
use std::future::pending;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::Instant;

/// How a person meets the session.
pub(super) trait Face {
    /// What a person does.
    type Input;

    /// Shows an event. Once this returns it counts as seen.
    ///
    /// # Errors
    /// It cannot be shown, and the session is to end.
    fn show(&mut self, session: &mut Session, now: Duration, event: Event) -> Result<()>;

    /// What the person does next, when there is room for it. May be dropped at any time.
    ///
    /// # Errors
    /// The person cannot be heard any more.
    async fn input(&mut self, room: bool) -> Result<Self::Input>;

    /// Does what the person wants.
    ///
    /// # Errors
    /// As [`Face::show`].
    fn act(&mut self, session: &mut Session, now: Duration, input: Self::Input) -> Result<()>;

    /// Called before each wait.
    ///
    /// # Errors
    /// As [`Face::show`].
    fn before_wait(&mut self, _session: &Session, _now: Duration) -> Result<()> {
        Ok(())
    }
}

/// Drives a session until it is over.
pub(super) struct Driver<'r> {
    session: Session,
    servers: Servers,
    connecting: &'r Connecting,
    began: Instant,
    attempt: Option<Attempt<'r>>,
    connection: Option<Box<Connection>>,
}

type Attempt<'r> = Pin<Box<dyn Future<Output = Result<Box<Connection>, Ended>> + 'r>>;

/// What happened.
enum Happened<I> {
    Connected(Result<Box<Connection>, Ended>),
    Heard(Result<Heard, Ended>),
    Time,
    Input(I),
    Stop,
}

impl<'r> Driver<'r> {
    /// The session must have begun at time zero.
    pub(super) fn new(session: Session, servers: Servers, connecting: &'r Connecting) -> Self {
        Self {
            session,
            servers,
            connecting,
            began: Instant::now(),
            attempt: None,
            connection: None,
        }
    }

    /// Returns the session when it is over, or once the process was asked to stop and it has logged off.
    ///
    /// # Errors
    /// As the methods of the face.
    pub(super) async fn run<F: Face>(mut self, face: &mut F, stop: &daemon::Shutdown) -> Result<Session> {
        let mut stopping = false;
        loop {
            let now = self.began.elapsed();
            self.session.tick(now);
            self.carry_out(face).await?;
            if self.session.is_over() {
                return Ok(self.session);
            }
            face.before_wait(&self.session, self.began.elapsed())?;
            let happened = self.wait(face, stop, stopping).await?;
            let now = self.began.elapsed();
            match happened {
                Happened::Connected(Ok(connection)) => {
                    self.attempt = None;
                    self.connection = Some(connection);
                    self.session.connected(now);
                }
                Happened::Connected(Err(ended)) => {
                    self.attempt = None;
                    self.session.ended(now, ended);
                }
                Happened::Heard(Ok(Heard::Text(text))) => self.session.frame(now, &text),
                Happened::Heard(Ok(Heard::Life)) => self.session.heard(now),
                Happened::Heard(Err(ended)) => {
                    self.connection = None;
                    self.session.ended(now, ended);
                }
                Happened::Time => {}
                Happened::Input(input) => face.act(&mut self.session, now, input)?,
                Happened::Stop => {
                    stopping = true;
                    self.session.leave(now);
                }
            }
        }
    }

    async fn wait<F: Face>(
        &mut self,
        face: &mut F,
        stop: &daemon::Shutdown,
        stopping: bool,
    ) -> Result<Happened<F::Input>> {
        let wake = self.session.next_tick().map(|at| self.began + at);
        let room = self.session.has_room();
        let happened = tokio::select! {
            connected = first(self.attempt.as_mut()) => Happened::Connected(connected),
            heard = next(self.connection.as_deref_mut()) => Happened::Heard(heard),
            () = at(wake) => Happened::Time,
            input = face.input(room) => Happened::Input(input?),
            () = stop.requested(), if !stopping => Happened::Stop,
        };
        Ok(happened)
    }

    async fn carry_out<F: Face>(&mut self, face: &mut F) -> Result<()> {
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Connect => {
                    let server = self.servers.next().clone();
                    let connecting = self.connecting;
                    self.attempt = Some(Box::pin(async move {
                        connecting.connect(&server).await.map(Box::new)
                    }));
                }
                Action::Send(text) => {
                    if let Some(connection) = &mut self.connection
                        && let Err(ended) = connection.send(text).await
                    {
                        self.connection = None;
                        self.session.ended(self.began.elapsed(), ended);
                    }
                }
                Action::Close => {
                    self.attempt = None;
                    if let Some(connection) = self.connection.take() {
                        connection.close().await;
                    }
                }
                Action::Show(event) => {
                    let now = self.began.elapsed();
                    face.show(&mut self.session, now, event)?;
                }
            }
        }
        Ok(())
    }
}

async fn first(attempt: Option<&mut Attempt<'_>>) -> Result<Box<Connection>, Ended> {
    match attempt {
        Some(attempt) => attempt.await,
        None => pending().await,
    }
}

async fn next(connection: Option<&mut Connection>) -> Result<Heard, Ended> {
    match connection {
        Some(connection) => connection.next().await,
        None => pending().await,
    }
}

async fn at(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => pending().await,
    }
}

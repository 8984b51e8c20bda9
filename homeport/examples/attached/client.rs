//! A client that holds a connection open: one task, which goes on with its session when the connection is lost.

use crate::seen::Seen;
use crate::server::PASSWORD;
use anyhow::{Context, Result, bail};
use attachment::scram::Conversation;
use attachment::{ClientFrame, Message, PATH, Proof, Receipt, SUBPROTOCOL, ServerFrame, State, Welcome};
use futures_util::{SinkExt, StreamExt};
use rvp::Principal;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Octets;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest first wait before a lost connection is opened again.
const SPREAD_MILLIS: u64 = 1_000;
/// Messages by which what comes again is known.
const KNOWN_MAX: usize = 256;
/// Octets of the buffers: thousands of clients share this process.
const BUFFER_BYTES: usize = 2_048;
/// Messages that wait for their receipts.
const OPEN_MAX: usize = 24;
/// Often enough to be a sign of life.
const PING_EVERY: Duration = Duration::from_secs(15);

/// What a client is told to do.
pub(crate) enum Order {
    /// Send the message of this number, which was due then.
    Send {
        number: u64,
        to: Principal,
        due: Instant,
    },
    /// Log off and end.
    LogOff,
}

/// A client from outside.
pub(crate) struct Client {
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) task: tokio::task::JoinHandle<Result<()>>,
}

struct Attached {
    me: Principal,
    routers: Vec<SocketAddr>,
    seen: Arc<Seen>,
    socket: WebSocketStream<TcpStream>,
    welcome: Welcome,
    last: u64,
    /// Sent and not answered.
    open: BTreeMap<u64, (Principal, Instant)>,
    known: VecDeque<(String, String)>,
}

impl Client {
    /// Logs a person on at the first of the routers; the others are for when it is lost.
    pub(crate) async fn log_on(me: Principal, routers: Vec<SocketAddr>, seen: Arc<Seen>) -> Result<Self> {
        let mut socket = open(routers[0]).await?;
        let welcome = with_password(&mut socket, &me).await?;
        say(
            &mut socket,
            &ClientFrame::State {
                request: 3,
                state: State::Online,
            },
        )
        .await?;
        let ServerFrame::Done { .. } = next(&mut socket).await? else {
            bail!("the state was not set");
        };
        let (orders, taken) = mpsc::channel(16);
        let attached = Attached {
            me,
            routers,
            seen,
            socket,
            welcome,
            last: 0,
            open: BTreeMap::new(),
            known: VecDeque::new(),
        };
        let task = tokio::spawn(attached.run(taken));
        Ok(Self { orders, task })
    }
}

impl Attached {
    async fn run(mut self, mut orders: mpsc::Receiver<Order>) -> Result<()> {
        let mut ping = tokio::time::interval(PING_EVERY);
        loop {
            let went = tokio::select! {
                order = orders.recv(), if self.open.len() < OPEN_MAX => match order {
                    Some(Order::Send { number, to, due }) => {
                        self.open.insert(number, (to, due));
                        self.send(number).await
                    }
                    Some(Order::LogOff) | None => {
                        say(&mut self.socket, &ClientFrame::LogOff { request: u32::MAX }).await?;
                        // It answers, and hangs up.
                        while let Ok(Some(Ok(_))) = timeout(PATIENCE, self.socket.next()).await {}
                        return Ok(());
                    }
                },
                _ = ping.tick() => say(&mut self.socket, &ClientFrame::Ping {}).await,
                came = self.socket.next() => match came {
                    Some(Ok(Octets::Text(text))) => self.hear(ServerFrame::read(&text)?).await,
                    Some(Ok(Octets::Close(_)) | Err(_)) | None => Err(anyhow::anyhow!("the connection was lost")),
                    Some(Ok(_)) => Ok(()),
                },
            };
            if went.is_err() {
                self.come_back().await?;
            }
        }
    }

    async fn send(&mut self, number: u64) -> Result<()> {
        let Some((to, _)) = self.open.get(&number) else {
            return Ok(());
        };
        let frame = ClientFrame::Message(Message {
            request: u32::try_from(number % 0xffff_ff00)? + 10,
            id: number.to_string(),
            to: to.address(),
            text: format!("This is message {number}, as long as messages are."),
            ..Message::default()
        });
        say(&mut self.socket, &frame).await
    }

    async fn hear(&mut self, frame: ServerFrame) -> Result<()> {
        if let ServerFrame::Message(received) = frame {
            self.last = received.sequence;
            let sequence = received.sequence;
            let key = (received.from, received.id);
            if !self.known.contains(&key) {
                self.seen.heard(key.1.parse()?);
                self.known.push_back(key);
                if self.known.len() > KNOWN_MAX {
                    self.known.pop_front();
                }
            }
            say(
                &mut self.socket,
                &ClientFrame::Acknowledge {
                    sequence,
                    left: false,
                },
            )
            .await
        } else if let ServerFrame::Receipt { id, result, .. } = frame {
            let number = id.parse()?;
            if matches!(result, Receipt::Refused { why, .. } if why.may_pass()) {
                // Said again with its id, a little later.
                sleep(Duration::from_millis(200)).await;
                return self.send(number).await;
            }
            if let Some((_, due)) = self.open.remove(&number) {
                self.seen.answered(number, due.elapsed(), result);
            }
            Ok(())
        } else {
            if let ServerFrame::Token { token, .. } = frame {
                self.welcome.token = token;
            }
            Ok(())
        }
    }

    /// Goes on with the session at whichever router is there, and says again what was not answered.
    async fn come_back(&mut self) -> Result<()> {
        let lost = Instant::now();
        let mut wait = Duration::from_millis(rand::random_range(0..SPREAD_MILLIS));
        for router in self.routers.clone().into_iter().rev().cycle() {
            sleep(wait).await;
            wait = (wait * 2).clamp(Duration::from_millis(100), PATIENCE);
            let Ok(mut socket) = open(router).await else {
                anyhow::ensure!(lost.elapsed() < 4 * PATIENCE, "no router is there");
                continue;
            };
            let proof = Proof::Resume {
                token: self.welcome.token.clone(),
                session: self.welcome.session.clone(),
                last: self.last,
            };
            match authenticate(&mut socket, 1, proof).await {
                Ok(ServerFrame::Welcome(welcome)) => {
                    self.seen.back(welcome.resumed);
                    (self.socket, self.welcome) = (socket, welcome);
                    break;
                }
                _ => anyhow::ensure!(lost.elapsed() < 4 * PATIENCE, "{} is not let in", self.me),
            }
        }
        let open: Vec<u64> = self.open.keys().copied().collect();
        for number in open {
            self.send(number).await?;
        }
        Ok(())
    }
}

async fn open(router: SocketAddr) -> Result<WebSocketStream<TcpStream>> {
    let mut request = format!("ws://{router}{PATH}").into_client_request()?;
    let protocol = SUBPROTOCOL.parse()?;
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(0);
    let opening = async {
        let stream = TcpStream::connect(router).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
        Ok(socket)
    };
    timeout(PATIENCE, opening).await.context("open a WebSocket")?
}

async fn with_password(socket: &mut WebSocketStream<TcpStream>, me: &Principal) -> Result<Welcome> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let conversation = Conversation::new(&me.address(), PASSWORD, &nonce);
    let challenge = authenticate(socket, 1, Proof::ScramFirst(conversation.first())).await?;
    let ServerFrame::Challenge { scram, .. } = challenge else {
        bail!("{challenge:?}");
    };
    let (last, unproved) = conversation.answer(&scram)?;
    let answer = authenticate(socket, 2, Proof::ScramFinal(last)).await?;
    let ServerFrame::Welcome(welcome) = answer else {
        bail!("{answer:?}");
    };
    unproved.verify(welcome.scram.as_deref().context("the server proves nothing")?)?;
    Ok(welcome)
}

async fn authenticate(
    socket: &mut WebSocketStream<TcpStream>,
    request: u32,
    proof: Proof,
) -> Result<ServerFrame> {
    say(socket, &ClientFrame::Authenticate { request, proof }).await?;
    next(socket).await
}

async fn say(socket: &mut WebSocketStream<TcpStream>, frame: &ClientFrame) -> Result<()> {
    Ok(socket.send(Octets::text(frame.write())).await?)
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<ServerFrame> {
    loop {
        match timeout(PATIENCE, socket.next())
            .await
            .context("wait for a frame")?
        {
            Some(Ok(Octets::Text(text))) => return Ok(ServerFrame::read(&text)?),
            Some(Ok(Octets::Close(close))) => bail!("closed: {close:?}"),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
            None => bail!("the connection was lost"),
        }
    }
}

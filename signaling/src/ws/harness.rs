//! Real sockets for tests: a pair on loopback whose server side is upgraded as the portal does it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, client};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Identity, Socket, accept_key};
use crate::ids::{LoginId, PersonId};
use crate::wire::call::PersonCard;

/// A test that hears nothing for so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A WebSocket client on loopback.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: WebSocketStream<S>,
}

/// The number of a test person or log-in as its id.
pub(crate) fn identity(person: u128, login: u128) -> Identity {
    Identity {
        person: PersonId(uuid::Uuid::from_u128(person)),
        login: LoginId(uuid::Uuid::from_u128(login)),
        card: card(person),
        address: "127.0.0.1".into(),
    }
}

/// Card of a test person.
pub(crate) fn card(person: u128) -> PersonCard {
    PersonCard {
        person: PersonId(uuid::Uuid::from_u128(person)),
        name: format!("同仁{person}"),
        unit: "資訊局".into(),
        post: "工程師".into(),
        extension: None,
        line: false,
    }
}

/// A connected pair. `window` sets the receive buffer of the client in bytes, 0 leaves the default.
pub(crate) async fn pair(window: u32) -> (Client, Socket) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    if window > 0 {
        socket.set_recv_buffer_size(window).unwrap();
    }
    let (client, server) = tokio::join!(socket.connect(address), listener.accept());
    let (client, mut server) = (client.unwrap(), server.unwrap().0);
    let client = upgraded(client, &mut server).await;
    (client, Socket::Plain(server))
}

/// The HTTP upgrade between both ends.
async fn upgraded<C, S>(client: C, server: &mut S) -> Client<C>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let upgrade = async {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(server.read_u8().await.unwrap());
        }
        let request = String::from_utf8(request).unwrap();
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let reply = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            accept_key(key)
        );
        server.write_all(reply.as_bytes()).await.unwrap();
    };
    let (stream, ()) = tokio::join!(client_async("ws://localhost/ws", client), upgrade);
    Client { stream: stream.unwrap().0 }
}

/// A connected pair over TLS, with a certificate made for it.
pub(crate) async fn tls_pair() -> (Client<client::TlsStream<TcpStream>>, Socket) {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(vec![cert.der().clone()], key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accept =
        async { TlsAcceptor::from(Arc::new(server)).accept(listener.accept().await.unwrap().0).await };
    let connect = async {
        let tcp = TcpStream::connect(address).await.unwrap();
        TlsConnector::from(Arc::new(client)).connect("localhost".try_into().unwrap(), tcp).await
    };
    let (client, server) = tokio::join!(connect, accept);
    let mut server = server.unwrap();
    let client = upgraded(client.unwrap(), &mut server).await;
    (client, Socket::Tls(Box::new(server)))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// Sends a text message.
    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.unwrap();
    }

    /// The next message or the end, whatever it is.
    pub(crate) async fn message(&mut self) -> Option<Result<Message, Error>> {
        timeout(PATIENCE, self.stream.next()).await.expect("a message")
    }

    /// The next text as JSON; pings are passed over (they are answered by the library).
    pub(crate) async fn json(&mut self) -> Value {
        loop {
            match self.message().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected text, got {other:?}"),
            }
        }
    }

    /// Reads to the close frame and gives its code; texts before it are given to `seen`.
    pub(crate) async fn close_code(&mut self, mut seen: impl FnMut(Value)) -> u16 {
        loop {
            match self.message().await {
                Some(Ok(Message::Text(text))) => seen(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("expected a close frame, got {other:?}"),
            }
        }
    }

    /// Sends bytes under the codec.
    pub(crate) async fn raw(&mut self, bytes: Bytes) {
        self.stream.get_mut().write_all(&bytes).await.unwrap();
    }
}

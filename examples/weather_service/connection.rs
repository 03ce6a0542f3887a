//! A connection of an HTTP client. It sends one request after another.

use crate::Failure;
use axum::body::Bytes;
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

pub(crate) struct Connection {
    host: String,
    requests: SendRequest<Empty<Bytes>>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Result<Self, Failure> {
        let socket = TcpStream::connect(server).await?;
        let (requests, driver) = handshake(TokioIo::new(socket)).await?;
        // If the driver fails, the request that waits for it fails too.
        tokio::spawn(driver);
        Ok(Self { host: server.to_string(), requests })
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }

    /// The status and the body of the answer.
    pub(crate) async fn get(&mut self, path: &str) -> Result<(StatusCode, String), Failure> {
        let request = Request::get(path).header(header::HOST, &self.host).body(Empty::new())?;
        self.requests.ready().await?;
        let (head, body) = self.requests.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok((head.status, String::from_utf8(body.into())?))
    }
}

//! The network of `sinew run --allow-net`.

use std::io::Read;
use std::thread;

use sinew::{FetchHead, FetchReply, FetchRequest};
use ureq::http::{Request, Response};
use ureq::{Agent, Body};
use url::Url;

/// How many bytes of a body are handed over at once, at most.
const PART: usize = 64 << 10;

/// What a server and its connection are told is not the program's to say
/// (<https://fetch.spec.whatwg.org/#forbidden-request-header>).
const FORBIDDEN: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Makes requests of the servers that the user allows.
pub struct Network {
    agent: Agent,
    /// `HOST` or `HOST:PORT`; all when empty.
    allowed: Vec<String>,
}

impl Network {
    pub fn new(allowed: Vec<String>) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .proxy(None)
            .build();
        Self {
            agent: config.new_agent(),
            allowed,
        }
    }

    /// Makes one request, on a thread of its own.
    pub fn fetch(&self, request: FetchRequest, reply: FetchReply) {
        if let Err(why) = self.check(&request.url) {
            return reply.fail(why);
        }
        let agent = self.agent.clone();
        // A thread that cannot be started drops the reply, which then has failed.
        let _ = thread::Builder::new()
            .name("fetch".to_owned())
            .spawn(move || exchange(&agent, request, reply));
    }

    /// Whether the user allows it, and this program can do it.
    fn check(&self, url: &str) -> Result<(), String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        match url.scheme() {
            "http" => {}
            "https" => {
                return Err(
                    "this build has no TLS, only plain http: it is compiled without ureq's cargo \
                     feature `rustls`"
                        .to_owned(),
                );
            }
            scheme => return Err(format!("there is no network for {scheme}: URLs")),
        }
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        let with_port = format!("{host}:{port}");
        let matches =
            |allowed: &String| allowed.eq_ignore_ascii_case(host) || *allowed == with_port;
        if self.allowed.is_empty() || self.allowed.iter().any(matches) {
            return Ok(());
        }
        Err(format!("--allow-net does not name {with_port}"))
    }
}

fn exchange(agent: &Agent, request: FetchRequest, reply: FetchReply) {
    if reply.is_cancelled() {
        return;
    }
    let response = match send(agent, request) {
        Ok(response) => response,
        Err(error) => return reply.fail(error.to_string()),
    };
    let (head, body) = response.into_parts();
    let headers = head.headers.iter();
    let mut parts = reply.start(FetchHead {
        status: head.status.as_u16(),
        status_text: head
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned(),
        headers: headers
            .map(|(name, value)| (name.as_str().into(), value.as_bytes().to_vec()))
            .collect(),
    });
    let mut body = body.into_reader();
    let mut buffer = vec![0; PART];
    loop {
        match body.read(&mut buffer) {
            Ok(0) => return parts.finish(),
            Ok(read) => {
                if !parts.chunk(buffer[..read].to_vec()) {
                    return;
                }
            }
            Err(error) => return parts.fail(error.to_string()),
        }
    }
}

fn send(agent: &Agent, request: FetchRequest) -> Result<Response<Body>, ureq::Error> {
    let mut builder = Request::builder()
        .method(request.method.as_str())
        .uri(request.url);
    for (name, value) in request.headers {
        let forbidden = FORBIDDEN.iter();
        let mut forbidden = forbidden.map(|forbidden| forbidden.as_bytes());
        if !forbidden.any(|forbidden| name.eq_ignore_ascii_case(forbidden)) {
            builder = builder.header(name, value);
        }
    }
    match request.body {
        Some(body) => agent.run(builder.body(body)?),
        None => agent.run(builder.body(())?),
    }
}

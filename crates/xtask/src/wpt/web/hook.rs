//! The server of the tests as the network of a runtime.

use std::path::Path;

use sinew::{FetchHead, FetchReply, FetchRequest};
use url::Url;

use super::server::{Answer, Asked, Headers, answer};

/// Answers what `fetch` asks for with the files in `root`.
pub fn hook(root: &Path) -> impl Fn(FetchRequest, FetchReply) + 'static {
    let root = root.to_owned();
    move |request, reply| {
        let answered = asked(request).and_then(|asked| answer(&root, &asked));
        match answered {
            Ok(answer) => respond(reply, answer),
            Err(why) => reply.fail(why),
        }
    }
}

fn asked(request: FetchRequest) -> Result<Asked, String> {
    let headers = request.headers.into_iter();
    Ok(Asked {
        method: request.method,
        url: Url::parse(&request.url).map_err(|error| error.to_string())?,
        headers: headers
            .map(|(name, value)| (text(name), text(value)))
            .collect::<Headers>(),
        body: request.body.unwrap_or_default(),
    })
}

fn respond(reply: FetchReply, answer: Answer) {
    let headers = answer.headers.iter();
    let head = FetchHead {
        status: answer.status,
        status_text: answer.status_text,
        headers: headers
            .map(|(name, value)| (bytes(name), bytes(value)))
            .collect(),
    };
    reply.respond(head, answer.body);
}

/// A character for each byte, as headers are read.
fn text(bytes: Vec<u8>) -> String {
    bytes.into_iter().map(char::from).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(c).unwrap_or(b'?'))
        .collect()
}

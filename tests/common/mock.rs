//! A small HTTP server on this machine that answers as scripted and remembers what it was asked, and
//! a clock that only runs when somebody sleeps.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use leaktrace::http::Clock;
use serde_json::Value;

/// A request as it came.
#[derive(Clone)]
pub struct Seen {
    /// `GET /path?query`.
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON was sent")
    }
}

/// An answer.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Bytes of the body after which the connection breaks off.
    pub cut: Option<usize>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply { status, headers: Vec::new(), body: body.into(), cut: None }
    }

    pub fn json(body: &Value) -> Reply {
        Reply::new(200, body.to_string()).header("content-type", "application/json")
    }

    pub fn refused(status: u16, message: &str) -> Reply {
        Reply::new(status, serde_json::json!({ "message": message }).to_string())
    }

    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Names the next page, on this server.
    pub fn next(self, path: &str) -> Reply {
        self.header("link", &format!("<{path}>; rel=\"next\", </last>; rel=\"last\""))
    }

    pub fn cut_after(mut self, bytes: usize) -> Reply {
        self.cut = Some(bytes);
        self
    }
}

type Answers = dyn FnMut(&Seen) -> Reply + Send;

/// The server. It stops when it is dropped.
pub struct Mock {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Mock {
    /// Answers by a function.
    pub fn with(answers: impl FnMut(&Seen) -> Reply + Send + 'static) -> Mock {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, flag) = (Arc::clone(&seen), Arc::clone(&stop));
        let mut answers: Box<Answers> = Box::new(answers);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    return;
                }
                // A client that goes away early is part of some tests.
                let _ = stream.and_then(|stream| serve(stream, &log, &mut *answers));
            }
        });
        Mock { address, seen, stop, thread: Some(thread) }
    }

    /// Answers each request line (`GET /path?query`) with its replies in turn, the last one for ever;
    /// everything else is 404.
    pub fn scripted(routes: Vec<(&str, Vec<Reply>)>) -> Mock {
        let mut routes: BTreeMap<String, (usize, Vec<Reply>)> =
            routes.into_iter().map(|(line, replies)| (line.to_owned(), (0, replies))).collect();
        Mock::with(move |seen| match routes.get_mut(&seen.line) {
            Some((turn, replies)) => {
                let reply = replies[(*turn).min(replies.len() - 1)].clone();
                *turn += 1;
                reply
            }
            None => Reply::refused(404, "Not Found"),
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    /// The request lines, in order.
    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// How often a request line came.
    pub fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|seen| *seen == line).count()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    answers: &mut Answers,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.trim().split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let line = line.trim().trim_end_matches(" HTTP/1.1").to_owned();
    let seen = Seen { line, headers, body };
    log.lock().expect("no panic").push(seen.clone());
    let reply = answers(&seen);
    write!(stream, "HTTP/1.1 {} Scripted\r\nconnection: close\r\n", reply.status)?;
    write!(stream, "content-length: {}\r\n", reply.body.len())?;
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    let cut = reply.cut.unwrap_or(reply.body.len());
    stream.write_all(&reply.body[..cut])
}

/// A clock that stands still but for sleep.
pub struct StillClock {
    now: AtomicI64,
    slept: Mutex<Vec<Duration>>,
}

impl StillClock {
    pub fn at(now: i64) -> Arc<StillClock> {
        Arc::new(StillClock { now: AtomicI64::new(now), slept: Mutex::new(Vec::new()) })
    }

    /// How long each sleep was, in seconds.
    pub fn slept(&self) -> Vec<u64> {
        self.slept.lock().expect("no panic").iter().map(Duration::as_secs).collect()
    }
}

impl Clock for StillClock {
    fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn sleep(&self, time: Duration) {
        self.slept.lock().expect("no panic").push(time);
        let seconds = i64::try_from(time.as_secs()).expect("a short time");
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

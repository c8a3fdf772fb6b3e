//! The physical limit: a thread that does nothing but send trains to sockets that are drained.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::load;
use super::process::cpu_of;
use super::round::Contender;

/// Sends one train to every receiver for each frame it is told of.
pub(super) struct BareSender {
    frames: Sender<()>,
    schedstat: PathBuf,
    receivers: Vec<UdpSocket>,
    /// Bytes of a datagram.
    size: usize,
}

impl BareSender {
    /// `packets` of `size` bytes per train, `count` receivers.
    pub(super) fn start(count: usize, packets: usize, size: usize) -> io::Result<BareSender> {
        let receivers: Vec<UdpSocket> = (0..count).map(|_| receiver()).collect::<io::Result<_>>()?;
        let addresses: Vec<SocketAddr> =
            receivers.iter().map(UdpSocket::local_addr).collect::<io::Result<_>>()?;
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        load::send_in_segments(&socket, size)?;
        let (frames, inbox) = channel();
        let (tell, told) = channel();
        thread::Builder::new().name("limit".into()).spawn(move || {
            // SAFETY: the call has no arguments and cannot fail.
            let id = unsafe { libc::gettid() };
            // The starter waits for it.
            let _ = tell.send(id);
            send_frames(&socket, &addresses, &vec![0x80; packets * size], &inbox);
        })?;
        let id = told.recv().map_err(io::Error::other)?;
        Ok(BareSender {
            frames,
            schedstat: format!("/proc/self/task/{id}/schedstat").into(),
            receivers,
            size,
        })
    }
}

impl Contender for BareSender {
    fn prepare(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn frame(&mut self) -> io::Result<()> {
        self.frames.send(()).map_err(io::Error::other)
    }

    fn arrived(&mut self) -> usize {
        self.receivers.iter().map(|socket| load::drain(socket).bytes).sum::<usize>() / self.size
    }

    fn cpu(&self) -> io::Result<u64> {
        cpu_of(&self.schedstat)
    }
}

fn receiver() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_nonblocking(true)?;
    load::receive_joined(&socket)?;
    Ok(socket)
}

fn send_frames(socket: &UdpSocket, addresses: &[SocketAddr], train: &[u8], frames: &Receiver<()>) {
    while frames.recv().is_ok() {
        for address in addresses {
            // A full buffer loses packets; a round counts what arrives.
            let _ = socket.send_to(train, address);
        }
    }
}

use super::*;
use crate::client::Received;

/// The real server, where it is installed: packets reach a viewer and can be opened with the negotiated keys.
#[test]
fn a_viewer_gets_what_is_published() {
    let (process, mut api) = match own_address().and_then(Api::start) {
        Ok(started) => started,
        Err(error) => {
            assert!(!process::is_installed() || own_address().is_err(), "{error}");
            return;
        }
    };
    let folder = process.folder().to_owned();
    let port = create_mountpoint(&mut api).unwrap();
    let publisher = UdpSocket::bind("127.0.0.1:0").unwrap();
    publisher.connect(("127.0.0.1", port)).unwrap();
    load::send_in_segments(&publisher, HEADER + PAYLOAD).unwrap();
    let mut viewers = vec![view(&mut api, own_address().unwrap(), 0).unwrap()];
    connect(&mut viewers).unwrap();
    let mut janus = Janus { process, api, publisher, viewers, stream: Stream::default() };
    janus.prepare().unwrap();
    janus.frame().unwrap();
    let received = janus.viewers[0].next(Duration::from_secs(5)).unwrap();
    assert!(matches!(received, Received::Rtp(header, packet) if header.payload(&packet).len() == PAYLOAD));
    assert!(janus.cpu().unwrap() > 0);
    drop(janus);
    assert!(!folder.exists());
}

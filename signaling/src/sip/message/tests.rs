use super::*;

#[test]
fn addresses_are_read_and_written() {
    let text = "\"王 \\\"小\\\" 明\" <sip:1001@[::1]:5070;transport=tcp?Replaces=a%40b>;tag=x1";
    let address: NameAddr = text.parse().unwrap();
    assert_eq!(address.display.as_deref(), Some("王 \"小\" 明"));
    assert_eq!(address.uri.host, "[::1]");
    assert_eq!(address.uri.port, Some(5070));
    assert_eq!(address.uri.params.get("Transport"), Some("tcp"));
    assert_eq!(address.uri.header("replaces").as_deref(), Some("a@b"));
    assert_eq!(address.tag(), Some("x1"));
    assert_eq!(address.to_string(), text);
    let plain: NameAddr = "sip:1001@pbx.example;tag=9".parse().unwrap();
    assert_eq!((plain.tag(), plain.uri.params.is_empty()), (Some("9"), true));
    let tel: NameAddr = "<tel:+886227208889>".parse().unwrap();
    assert_eq!(
        (tel.uri.user.as_deref(), tel.to_string().as_str()),
        (Some("+886227208889"), "<tel:+886227208889>")
    );
    for broken in [
        "",
        "<sip:>",
        "\"a <sip:a@b>",
        "sip:a b@c",
        "http://a",
        "<sip:a@b> x",
        "sip:%0d%0a@b",
        "<sip:a@b:0>",
        "tel:%4",
        "tel:a b",
        "tel:1@h",
        "tel:",
    ] {
        assert!(broken.parse::<NameAddr>().is_err(), "{broken}");
    }
}

#[test]
fn what_is_encoded_is_decoded_once() {
    for text in ["tel:*21%23", "sip:a%3Fb@h", "sip:a%2523@h", "sip:%E7%8E%8B@h", "sip:a;b=c@h;lr"] {
        assert_eq!(text.parse::<Uri>().unwrap().to_string(), text);
    }
    let service: Uri = "tel:*21%23".parse().unwrap();
    assert_eq!(service.user.as_deref(), Some("*21#"));
}

#[test]
fn lists_split_outside_quotes_and_brackets() {
    let mut headers = Headers::default();
    headers.push("Contact", "\"a, b\" <sip:1@h;x=1,2>, <sip:2@h>");
    headers.push("m", "<sip:3@h>");
    assert_eq!(headers.list("contact").count(), 3);
    headers.push("Supported", "timer, 100rel");
    assert!(headers.lists("k", "100REL"));
}

#[test]
fn a_value_cannot_begin_another_header() {
    let mut headers = Headers::default();
    headers.push("Subject", "a\r\nEvil: b");
    assert_eq!(headers.get("s"), Some("a  Evil: b"));
    assert_eq!(headers.get("Evil"), None);
}

#[test]
fn a_response_carries_what_ties_it_to_its_request() {
    let mut request = Request::new(Method::Invite, "sip:1@h".parse().unwrap());
    for (name, value) in [("f", "<sip:a@h>;tag=1"), ("t", "<sip:b@h>"), ("i", "c"), ("CSeq", "7 INVITE")] {
        request.headers.push(name, value);
    }
    let response = Response::to(&request, 486, Some("mine"));
    assert_eq!(response.headers.get("To"), Some("<sip:b@h>;tag=mine"));
    assert_eq!((response.headers.cseq(), response.reason.as_str()), (Ok(7), "Busy Here"));
}

//! Whatever a telephone writes: nothing panics, and what is read can be written and read again as the same.

use proptest::prelude::*;

use super::*;

/// Text that is often nearly right.
fn nearly() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("sip:".to_owned()),
        Just("sips:".to_owned()),
        Just("tel:".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("<".to_owned()),
        Just(">".to_owned()),
        Just(";tag=".to_owned()),
        Just(";lr".to_owned()),
        Just("@".to_owned()),
        Just("%4".to_owned()),
        Just("%00".to_owned()),
        Just("?a=b&c".to_owned()),
        Just("[::1]".to_owned()),
        Just(":5060".to_owned()),
        Just(",".to_owned()),
        Just("=".to_owned()),
        Just(" ".to_owned()),
        "[a-z0-9.+-]{1,6}",
        "\\PC{1,3}",
        ".{1,2}",
    ];
    proptest::collection::vec(word, 0..14).prop_map(|words| words.concat())
}

/// What is read is written, and that is read as the same again.
fn holds(text: &str) -> Result<(), TestCaseError> {
    // As they come out of a message.
    let mut headers = Headers::default();
    headers.push("Contact", text);
    let text = headers.get("Contact").unwrap_or_default();
    if let Ok(uri) = text.parse::<Uri>() {
        prop_assert_eq!(uri.to_string().parse(), Ok(uri.clone()), "{}", uri);
        let _ = uri.header("Replaces");
    }
    if let Ok(address) = text.parse::<NameAddr>() {
        prop_assert_eq!(address.to_string().parse(), Ok(address.clone()), "{}", address);
        prop_assert!(!address.to_string().contains(['\r', '\n']));
    }
    let params = Params::parse(text);
    let written = params.to_string();
    prop_assert_eq!(Params::parse(written.trim_start_matches(';')), params, "{}", written);
    for element in headers.list("m") {
        prop_assert!(!element.is_empty() && text.len() >= element.len());
    }
    let _ = (headers.address("Contact"), headers.cseq());
    Ok(())
}

proptest! {
    #[test]
    fn what_is_nearly_right_is_read_and_written(text in nearly()) {
        holds(&text)?;
    }

    #[test]
    fn what_is_right_is_read(
        name in "[^\\pC\\\\\"]{0,12}",
        user in "[^\\pC]{1,12}",
        host in "[a-z][a-z0-9.-]{0,12}",
        port in proptest::option::of(1..65_535u16),
        value in proptest::option::of("[^\\pC]{0,8}"),
    ) {
        let mut address = NameAddr::new(Uri::sip(Some(&user), &host, port));
        address.display = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        address.params.set("tag", value.as_deref());
        prop_assert_eq!(address.to_string().parse(), Ok(address));
    }
}

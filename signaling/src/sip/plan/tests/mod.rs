//! The number plan as tables: what is typed, what is allowed, what it becomes.

mod limits;

use super::*;
use crate::sip::config::PrefixRule;

/// A city hall in Taipei: four-digit extensions, `9` for the operator, calls within the country but not abroad.
fn taipei() -> PlanConfig {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    PlanConfig {
        patterns: list(&["[1-8]XXX", "0[2-8]XXXXXXX.", "09XXXXXXXX", "1999", "*[67]X", "+81.", "1922"]),
        short_codes: vec![
            ("9".into(), "1000".into()),
            ("*1".into(), "(02) 2720-8889".into()),
            ("112".into(), "119".into()),
        ],
        emergency: list(&["110", "119"]),
        emergency_trunks: Vec::new(),
        country: "886".into(),
        national_prefix: "0".into(),
        direct_prefix: "+88622720".into(),
    }
}

fn resolve(plan: &NumberPlan, text: &str) -> String {
    match plan.parse(text).map(|number| plan.resolve(&number)) {
        Ok(Routed::Allowed { number, emergency: true }) => format!("emergency {number}"),
        Ok(Routed::Allowed { number, emergency: false }) => number.to_string(),
        Ok(Routed::Denied) => "denied".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

#[test]
fn what_people_type_is_read() {
    let table = [
        ("1234", "1234"),
        (" 12 34 ", "1234"),
        ("(02) 2720-8889", "0227208889"),
        ("02.2720.8889", "0227208889"),
        ("02/2720/8889", "0227208889"),
        ("+886 2 2720 8889", "+886227208889"),
        ("+886 (0)2 2720 8889", "+886227208889"),
        ("+886-(0)2-2720-8889", "+886227208889"),
        ("[02] 2720\u{2013}8889", "0227208889"),
        ("02\u{2212}2720\u{2010}8889", "0227208889"),
        ("１２３４", "1234"),
        ("（０２）２７２０－８８８９", "0227208889"),
        ("＋８８６　２　２７２０", "+88622720"),
        ("＊６１", "*61"),
        ("#31#1234", "#31#1234"),
        ("tel:+886227208889", "+886227208889"),
        ("TEL:1234;phone-context=city", "1234"),
        ("\u{202a}+886 2 2720 8889\u{202c}", "+886227208889"),
        ("\u{feff}1234\u{200b}", "1234"),
        ("1234\t", "1234"),
        ("12345678901234567890123456789012", "12345678901234567890123456789012"),
        ("", "Empty"),
        ("  - ", "Empty"),
        ("tel:", "Empty"),
        ("+", "NotANumber"),
        ("++1", "NotANumber"),
        ("1+2", "NotANumber"),
        ("12a4", "NotANumber"),
        ("0800-FLOWERS", "NotANumber"),
        ("sip:1234@evil.example", "NotANumber"),
        ("1234@evil.example", "NotANumber"),
        ("1234;phone-context=x", "NotANumber"),
        ("1234,,5", "NotANumber"),
        ("王小明", "NotANumber"),
        ("一二三", "NotANumber"),
        ("123456789012345678901234567890123", "TooLong"),
        ("1\r\nX: y", "NotANumber"),
    ];
    for (typed, read) in table {
        let found =
            Number::parse(typed).map_or_else(|error| format!("{error:?}"), |number| number.to_string());
        assert_eq!(found, read, "{typed:?}");
    }
    assert_eq!(Number::parse(&"1 ".repeat(100)), Err(NumberError::TooLong));
    assert_eq!(
        crate::wire::error::ErrorCode::from(NumberError::Empty),
        crate::wire::error::ErrorCode::BadNumber
    );
}

#[test]
fn what_is_dialled_becomes_one_number_or_is_denied() {
    let table = [
        // Extensions, also as they are dialled from outside.
        ("1234", "1234"),
        ("8889", "8889"),
        ("9123", "denied"),
        ("123", "denied"),
        ("12345", "denied"),
        ("02-2720-8889", "8889"),
        ("+886 2 2720 8889", "8889"),
        ("+886 (0)2 2720 8889", "8889"),
        // The country.
        ("02 2345 6789", "+886223456789"),
        ("+886 2 2345 6789", "+886223456789"),
        ("+886 02 2345 6789", "+886223456789"),
        ("0912-345-678", "+886912345678"),
        ("+886 912 345 678", "+886912345678"),
        ("09123456789", "denied"),
        ("091234567", "denied"),
        ("01 2345 6789", "denied"),
        // Abroad: one country only, and no way round it.
        ("+81 3 1234 5678", "+81312345678"),
        ("+1 555 123 4567", "denied"),
        ("+81", "denied"),
        ("001 1 555 123 4567", "denied"),
        ("+886 00 1 555 123 4567", "denied"),
        ("81312345678", "denied"),
        // Services.
        ("1999", "1999"),
        ("1922", "1922"),
        ("*61", "*61"),
        ("*81", "denied"),
        ("*6", "denied"),
        ("#61", "denied"),
        // Short codes.
        ("9", "1000"),
        ("*1", "8889"),
        ("99", "denied"),
        // Emergency.
        ("110", "emergency 110"),
        ("１１９", "emergency 119"),
        ("1-1-9", "emergency 119"),
        ("112", "emergency 119"),
        ("1100", "1100"),
        ("0110", "denied"),
        // Digits that only look like a national number.
        ("0", "denied"),
        ("0123", "denied"),
    ];
    let plan = NumberPlan::new(&taipei());
    for (typed, becomes) in table {
        assert_eq!(resolve(&plan, typed), becomes, "{typed}");
    }
}

#[test]
fn without_a_plan_nothing_is_dialled() {
    let plan = NumberPlan::new(&PlanConfig::default());
    for typed in ["1", "1234", "110", "+886227208889", "*1", "0227208889"] {
        assert_eq!(resolve(&plan, typed), "denied", "{typed}");
    }
    let broken = PlanConfig { patterns: vec!["[1".into(), "1.2".into()], ..PlanConfig::default() };
    assert_eq!(resolve(&NumberPlan::new(&broken), "1"), "denied");
}

#[test]
fn without_a_country_numbers_stay_as_they_are() {
    let config = PlanConfig { country: String::new(), direct_prefix: String::new(), ..taipei() };
    let plan = NumberPlan::new(&config);
    for (typed, becomes) in [("02 2345 6789", "0223456789"), ("+886 2 2345 6789", "denied"), ("1234", "1234")]
    {
        assert_eq!(resolve(&plan, typed), becomes, "{typed}");
    }
}

#[test]
fn patterns_fit_from_end_to_end() {
    let table = [
        ("1234", "1234", true),
        ("1234", "123", false),
        ("1234", "12345", false),
        ("XXX", "123", true),
        ("xxx", "12*", false),
        ("[2-57]X", "70", true),
        ("[2-57]X", "40", true),
        ("[2-57]X", "60", false),
        ("[2-57]X", "10", false),
        ("0.", "01", true),
        ("0.", "0", false),
        ("0.", "01*", false),
        (".", "1", true),
        (".", "+1", false),
        ("+.", "+1", true),
        ("+886 2-XXXX XXXX", "+886227208889", true),
        ("+886.", "886227208889", false),
        ("*X", "*1", true),
        ("#31#.", "#31#1", true),
        ("X", "１", false),
        ("1XX", "1王", false),
    ];
    for (pattern, number, fits) in table {
        assert_eq!(Pattern::parse(pattern).unwrap().matches(number), fits, "{pattern} {number}");
    }
    for broken in
        ["", "+", "1.2", "..", "[", "[]", "[1", "1]", "[5-2]", "[a]", "[1-]", "a", "1+", "[-1]", "^1$"]
    {
        assert!(Pattern::parse(broken).is_err(), "{broken}");
    }
    assert!(Pattern::parse(&"X".repeat(65)).is_err());
}

#[test]
fn a_broken_plan_is_named() {
    let change = |change: fn(&mut PlanConfig)| {
        let mut config = taipei();
        change(&mut config);
        NumberPlan::check(&config)
    };
    assert_eq!(change(|_| ()), Ok(()));
    assert_eq!(change(|plan| plan.patterns.push("[1".into())), Err("[1".into()));
    assert_eq!(change(|plan| plan.short_codes.push(("x".into(), "1".into()))), Err("x".into()));
    assert_eq!(change(|plan| plan.emergency.push("police".into())), Err("police".into()));
    assert_eq!(change(|plan| plan.direct_prefix = "?".into()), Err("?".into()));
    assert_eq!(NumberPlan::check(&PlanConfig::default()), Ok(()));
}

#[test]
fn prefix_rules_work_both_ways() {
    let rule = |prefix: &str, strip, add: &str| PrefixRule { prefix: prefix.into(), strip, add: add.into() };
    let out = [rule("+886", 4, "00"), rule("+", 1, "0002"), rule("1999", 0, "0")];
    let back = [rule("00", 2, "+886"), rule("90", 9, ""), rule("", 0, "8")];
    let table: &[(&[PrefixRule], &str, &str)] = &[
        (&out, "+886227208889", "00227208889"),
        (&out, "+81312345678", "000281312345678"),
        (&out, "1234", "1234"),
        (&out, "1999", "01999"),
        (&out, "", ""),
        (&back, "00227208889", "+886227208889"),
        (&back, "1234", "81234"),
        // Nothing would be left.
        (&back, "90", "90"),
        (&back, "00", "+886"),
        (&back, "王", "8王"),
        (&[], "1234", "1234"),
    ];
    for (rules, number, becomes) in table {
        assert_eq!(apply(rules, number), *becomes, "{number}");
    }
    let there = apply(&out, "+886227208889");
    assert_eq!(apply(&back, &there), "+886227208889");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic_and_reads_the_same_again(text in ".{0,60}") {
        if let Ok(number) = Number::parse(&text) {
            proptest::prop_assert_eq!(Number::parse(number.as_str()), Ok(number.clone()));
            let plan = NumberPlan::new(&taipei());
            if let Routed::Allowed { number: allowed, .. } = plan.resolve(&number) {
                proptest::prop_assert_eq!(plan.canonical(&allowed), allowed);
            }
        }
        let _ = Pattern::parse(&text).map(|pattern| pattern.matches(&text));
    }

    #[test]
    fn any_digits_are_resolved_to_one_form(text in r"\+?[0-9*#]{1,16}") {
        let plan = NumberPlan::new(&taipei());
        let number = Number::parse(&text).unwrap();
        if let Routed::Allowed { number: allowed, emergency: false } = plan.resolve(&number) {
            // What is allowed stays allowed in its one form.
            let again = matches!(plan.resolve(&allowed), Routed::Allowed { .. });
            proptest::prop_assert!(again, "{} became {}", text, allowed);
        }
    }
}

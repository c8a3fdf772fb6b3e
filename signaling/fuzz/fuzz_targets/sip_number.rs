//! Any text as what a person dials, and as a pattern: what is allowed is digits, and has one form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signaling::sip::config::PlanConfig;
use signaling::sip::plan::{Number, NumberPlan, Pattern, Routed};

fuzz_target!(|text: &str| {
    let _ = Pattern::parse(text).map(|pattern| pattern.matches(text));
    let Ok(number) = Number::parse(text) else { return };
    assert!(number.as_str().bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte)));
    assert_eq!(Number::parse(number.as_str()).as_ref(), Ok(&number));
    let plan = NumberPlan::new(&PlanConfig {
        patterns: ["[1-8]XXX", "0[2-8]XXXXXXX.", "+81."].map(String::from).to_vec(),
        emergency: vec!["110".into()],
        country: "886".into(),
        national_prefix: "0".into(),
        direct_prefix: "+88622720".into(),
        ..PlanConfig::default()
    });
    if let Routed::Allowed { number, .. } = plan.resolve(&number) {
        assert_eq!(plan.canonical(&number), number);
        assert!(matches!(plan.resolve(&number), Routed::Allowed { .. }));
    }
});

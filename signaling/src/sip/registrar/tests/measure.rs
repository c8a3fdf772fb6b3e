//! What registrations cost: run with `cargo test --release -p signaling registrations_cost -- --ignored --nocapture`.

use super::*;

#[test]
#[ignore = "measures; says nothing in a debug build"]
#[expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it is for a person to read, and measures time"
)]
fn registrations_cost() {
    const PHONES: usize = 10_000;
    let mut world = World::new();
    let mut phones: Vec<Phone> = (0..PHONES)
        .map(|n| {
            let user: &'static str = format!("phone{n}").leak();
            let port = 1024 + n % 60_000;
            Phone::new(user, &format!("10.1.{}.{}:{port}", n / 250, n % 250))
        })
        .collect();
    for phone in &mut phones {
        assert_eq!(world.register(phone, &[("Contact", "<sip:x@10.0.0.1>;expires=60")]).status, 200);
    }
    // The telephones' own work is not counted.
    let uri = format!("sip:{DOMAIN}");
    let mut spent = Duration::ZERO;
    for _ in 0..3 {
        world.pass(50 * SECOND);
        let requests: Vec<(Hop, Request)> = phones
            .iter_mut()
            .map(|phone| {
                let mut request =
                    phone.request(Method::Register, &uri, &[("Contact", "<sip:x@10.0.0.1>;expires=60")]);
                phone.answer(&mut request);
                (phone.at, request)
            })
            .collect();
        let begin = Instant::now();
        for (from, request) in requests {
            assert_eq!(world.send(from, request).map(|response| response.status), Some(200));
        }
        spent += begin.elapsed();
    }
    world.out.clear();
    assert_eq!(world.registrar.views().len(), PHONES);
    let each = spent / u32::try_from(3 * PHONES).unwrap();
    let share = each.as_secs_f64() * 100.0 * PHONES as f64 / 60.0;
    println!("{PHONES} registrations: {each:?} per refresh, {share:.2} % of a core at one a minute each");
    world.pass(61 * SECOND);
    assert!(world.registrar.views().is_empty());
}

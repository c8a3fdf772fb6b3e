use super::*;

fn at(address: &str) -> IpAddr {
    address.parse().expect("address")
}

fn from(account: &'static str, address: &str) -> Attempt<'static> {
    Attempt { account, address: at(address), known_device: None }
}

fn seconds(n: i64) -> Millis {
    Millis(1_000_000 + n * 1_000)
}

/// Tries a wrong password as soon as it may, from `start` on, and gives the times of the attempts that were let through.
fn hammer(throttle: &mut Throttle, attempt: &Attempt<'_>, start: i64, until: i64) -> Vec<i64> {
    let mut times = Vec::new();
    for second in start..until {
        if let Ok(charge) = throttle.charge(seconds(second), attempt) {
            drop(charge);
            times.push(second);
        }
    }
    times
}

#[test]
fn delays_grow_after_three_free_tries() {
    let mut throttle = Throttle::default();
    let times = hammer(&mut throttle, &from("lin", "192.0.2.1"), 0, 200);
    assert_eq!(times[..8], [0, 1, 2, 3, 4, 6, 10, 18]);
    let gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap <= 60), "{gaps:?}");
}

#[test]
fn many_at_once_cannot_slip_through() {
    let mut throttle = Throttle::default();
    let passed =
        (0..1_000).filter(|_| throttle.charge(seconds(0), &from("lin", "192.0.2.1")).is_ok()).count();
    assert_eq!(passed, 4);
}

#[test]
fn the_first_refusal_of_each_delay_says_so() {
    let mut throttle = Throttle::default();
    let mut firsts = Vec::new();
    for n in 0..40 {
        if let Err(held) = throttle.charge(Millis(1_000_000 + n * 250), &from("lin", "192.0.2.1")) {
            firsts.push((n, held.first));
        }
    }
    let told: Vec<i64> = firsts.iter().filter(|(_, first)| *first).map(|(n, _)| *n).collect();
    // Four tries, then delays of 1, 2, 4 and 8 seconds; each ends with a try.
    assert_eq!(told, [4, 8, 16, 32]);
    assert!(firsts.len() > 25, "{firsts:?}");
}

#[test]
fn a_right_password_clears_the_own_count_only() {
    let mut throttle = Throttle::default();
    for n in 0..4 {
        drop(throttle.charge(seconds(n), &from("lin", "192.0.2.1")));
    }
    let charge = throttle.charge(seconds(100), &from("lin", "192.0.2.1")).expect("waited long enough");
    throttle.forgive(charge, true);
    let free = (0..4).filter(|_| throttle.charge(seconds(101), &from("lin", "192.0.2.1")).is_ok()).count();
    assert_eq!(free, 4);
}

#[test]
fn an_own_account_does_not_clear_the_count_of_an_attackers_host() {
    let mut throttle = Throttle::default();
    let mut refused = false;
    for n in 0..60 {
        let own = throttle.charge(seconds(0), &Attempt { account: "own", ..from("own", "192.0.2.1") });
        if let Ok(charge) = own {
            throttle.forgive(charge, true);
        }
        let name: &'static str = Box::leak(format!("victim{n}").into_boxed_str());
        refused |= throttle.charge(seconds(0), &from(name, "192.0.2.1")).is_err();
    }
    assert!(refused, "spraying many accounts from one host is slowed");
}

/// Attack A18: locking a colleague out. Many hosts try all the time.
#[test]
fn a_lock_ends_by_itself_and_leaves_time_to_log_in() {
    let mut throttle = Throttle::default();
    let hosts: Vec<String> = (1..=40).map(|n| format!("198.51.{n}.7")).collect();
    let mut longest_out = 0;
    let mut out_since = None;
    for second in 0..7_200 {
        for host in &hosts {
            drop(throttle.charge(seconds(second), &from("lin", host)));
        }
        // The owner, on a device never used before, at an address of her own.
        match throttle.charge(seconds(second), &from("lin", "203.0.113.5")) {
            Ok(charge) => {
                throttle.forgive(charge, true);
                out_since = None;
            }
            Err(_) => {
                let since = *out_since.get_or_insert(second);
                longest_out = longest_out.max(second - since);
            }
        }
    }
    assert!(longest_out >= 800, "the attack did lock the account: {longest_out} s");
    assert!(longest_out <= 900, "out for {longest_out} s, more than 15 minutes");
}

#[test]
fn a_known_device_is_never_locked_out_by_others() {
    let mut throttle = Throttle::default();
    for n in 0..100 {
        drop(throttle.charge(seconds(0), &from("lin", &format!("198.51.100.{n}"))));
    }
    assert!(throttle.charge(seconds(1), &from("lin", "203.0.113.5")).is_err(), "locked for strangers");
    let known = Attempt { known_device: Some(&[7; 32]), ..from("lin", "203.0.113.5") };
    let charge = throttle.charge(seconds(1), &known).expect("the usual device gets in");
    throttle.forgive(charge, true);
    assert!(hammer(&mut throttle, &known, 2, 62).len() < 10, "but it cannot guess either");
}

#[test]
fn a_busy_server_does_not_count_as_a_wrong_password() {
    let mut throttle = Throttle::default();
    for _ in 0..50 {
        let charge = throttle.charge(seconds(0), &from("lin", "192.0.2.1")).expect("never held back");
        throttle.forgive(charge, false);
    }
}

#[test]
fn counts_are_forgotten_and_bounded() {
    let mut throttle = Throttle::default();
    for n in 0..(MAX_BUCKETS as u32) {
        let address = IpAddr::V4((0x0a00_0000 + n * 256).into());
        drop(
            throttle
                .charge(seconds(i64::from(n / 100)), &Attempt { account: "x", address, known_device: None }),
        );
        assert!(throttle.len() <= MAX_BUCKETS);
    }
    assert!(!throttle.is_empty());
    throttle.make_room(seconds(1_000_000));
    let kept = throttle.len();
    assert!(kept <= MAX_BUCKETS, "{kept}");
}

#[test]
fn ipv6_neighbours_are_one_host() {
    let mut throttle = Throttle::default();
    let passed = (1..50)
        .filter(|n| throttle.charge(seconds(0), &from("lin", &format!("2001:db8::{n}"))).is_ok())
        .count();
    assert_eq!(passed, 4);
}

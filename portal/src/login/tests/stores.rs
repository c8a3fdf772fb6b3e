//! Store functions on both databases, where the stories do not reach.

use std::time::Duration;

use signaling::ids::{LoginId, PersonId};
use uuid::Uuid;

use crate::db::with_dbs::{START, with_dbs};
use crate::db::{Db, Scope, Tx};
use crate::login::model::{EndReason, Factor, Login, NewAccount, Proof};
use crate::login::store;

const PERSON: PersonId = PersonId(Uuid::from_u128(7));

fn account(n: u128, name: &str) -> NewAccount {
    NewAccount { person: PersonId(Uuid::from_u128(n)), name: name.into(), password_hash: "hash".into() }
}

fn login(n: u128) -> Login {
    Login {
        id: LoginId(Uuid::from_u128(n)),
        person: PERSON,
        proofs: vec![Proof { factor: Factor::Password, at: START }],
        device: "Chrome · Windows".into(),
        address: "203.0.113.5".into(),
        created_at: START,
        last_seen_at: START,
    }
}

async fn write(db: &Db) -> Tx<'static> {
    db.write(Scope::slice("login")).await.expect("write")
}

#[tokio::test]
async fn a_name_belongs_to_one_account() {
    with_dbs(async |db| {
        let mut tx = write(&db).await;
        store::insert_accounts(&mut tx, &[account(7, "lin"), account(8, "chen")], START)
            .await
            .expect("accounts");
        let found = store::account_by_name(&mut tx, "chen").await.expect("read").expect("chen");
        assert_eq!((found.person, found.enabled), (PersonId(Uuid::from_u128(8)), true));
        let taken = store::insert_accounts(&mut tx, &[account(9, "lin")], START).await;
        assert!(taken.is_err_and(|error| error.violates("account_name_key")));
    })
    .await;
}

#[tokio::test]
async fn a_password_changed_meanwhile_is_not_put_back() {
    with_dbs(async |db| {
        let mut tx = write(&db).await;
        store::insert_accounts(&mut tx, &[account(7, "lin")], START).await.expect("accounts");
        assert_eq!(store::set_password(&mut tx, PERSON, "other", "new").await.expect("update"), 0);
        assert_eq!(store::set_password(&mut tx, PERSON, "hash", "new").await.expect("update"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_log_in_round_trips_and_its_device_is_known() {
    with_dbs(async |db| {
        let mut tx = write(&db).await;
        store::insert_accounts(&mut tx, &[account(7, "lin")], START).await.expect("accounts");
        assert!(!store::is_known_device(&mut tx, PERSON, &[2; 32]).await.expect("read"));
        store::insert_login(&mut tx, &login(1), &[1; 32], &[2; 32]).await.expect("insert");
        assert!(store::is_known_device(&mut tx, PERSON, &[2; 32]).await.expect("read"));
        let found = store::login_by_secret(&mut tx, &[1; 32]).await.expect("read");
        assert_eq!(found, Some(login(1)));
        store::end_login(&mut tx, login(1).id, PERSON, EndReason::LoggedOut, START).await.expect("end");
        assert_eq!(store::login_by_secret(&mut tx, &[1; 32]).await.expect("read"), None);
        assert!(
            store::is_known_device(&mut tx, PERSON, &[2; 32]).await.expect("read"),
            "after the log-out, too"
        );
    })
    .await;
}

#[tokio::test]
async fn signs_of_life_only_move_forward() {
    with_dbs(async |db| {
        let mut tx = write(&db).await;
        store::insert_accounts(&mut tx, &[account(7, "lin")], START).await.expect("accounts");
        store::insert_login(&mut tx, &login(1), &[1; 32], &[2; 32]).await.expect("insert");
        let later = START.after(Duration::from_secs(9));
        let seen = [(login(1).id, later), (login(1).id, START), (LoginId(Uuid::nil()), later)];
        store::write_seen(&mut tx, &seen).await.expect("write");
        let open = store::open_logins(&mut tx, PERSON, 50).await.expect("read");
        assert_eq!(open[0].last_seen_at, later);
    })
    .await;
}

#[tokio::test]
async fn expired_log_ins_end_in_bounded_batches_and_are_pruned_later() {
    with_dbs(async |db| {
        let mut tx = write(&db).await;
        store::insert_accounts(&mut tx, &[account(7, "lin")], START).await.expect("accounts");
        for n in 1..=3 {
            store::insert_login(&mut tx, &login(n), &[n as u8; 32], &[9; 32]).await.expect("insert");
        }
        let before = START.before(Duration::from_secs(1));
        let now = START.after(Duration::from_secs(60));
        assert!(store::end_expired(&mut tx, before, before, 10, now).await.expect("end").is_empty());
        assert_eq!(store::end_expired(&mut tx, START, before, 2, now).await.expect("end").len(), 2);
        assert_eq!(store::end_expired(&mut tx, before, START, 2, now).await.expect("end").len(), 1);
        assert_eq!(store::prune_ended(&mut tx, now, 10).await.expect("prune"), 0, "not yet");
        let much_later = now.after(Duration::from_secs(1));
        assert_eq!(store::prune_ended(&mut tx, much_later, 2).await.expect("prune"), 2);
        assert_eq!(store::end_all(&mut tx, PERSON, EndReason::LoggedOut, now).await.expect("end"), []);
    })
    .await;
}

#[tokio::test]
async fn of_too_many_open_log_ins_the_oldest_end() {
    with_dbs(async |db| {
        let mut tx = write(&db).await;
        store::insert_accounts(&mut tx, &[account(7, "lin")], START).await.expect("accounts");
        for n in 1..=4 {
            let at = START.after(Duration::from_secs(n));
            let login = Login { created_at: at, last_seen_at: at, ..login(n.into()) };
            store::insert_login(&mut tx, &login, &[n as u8; 32], &[9; 32]).await.expect("insert");
        }
        assert!(store::end_beyond(&mut tx, PERSON, 4, START).await.expect("end").is_empty());
        let mut ended = store::end_beyond(&mut tx, PERSON, 2, START).await.expect("end");
        ended.sort();
        assert_eq!(ended, [login(1).id, login(2).id]);
        assert_eq!(store::open_logins(&mut tx, PERSON, 50).await.expect("read").len(), 2);
    })
    .await;
}

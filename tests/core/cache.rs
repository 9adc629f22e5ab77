//! Data-key caching: when an entry serves, and when it is gone. Values are counted references, so
//! that a test sees whether the cache still holds one.

use std::rc::Rc;

use kmseal::{Cache, CacheLimits};

const LIMITS: CacheLimits = CacheLimits { max_age_ms: 1000.0, max_messages: 3, max_bytes: 100, capacity: 2 };

fn cache(limits: CacheLimits) -> Cache<&'static str, Rc<()>> {
    Cache::new(limits)
}

/// A cache with one entry, of 10 bytes, born at 0.
fn filled(limits: CacheLimits) -> (Cache<&'static str, Rc<()>>, Rc<()>) {
    let (mut cache, value) = (cache(limits), Rc::new(()));
    cache.insert("a", Rc::clone(&value), 10, 0.0);
    assert!(held(&value));
    (cache, value)
}

/// Whether the cache still has the value; what it has lost is wiped.
fn held(value: &Rc<()>) -> bool {
    Rc::strong_count(value) > 1
}

#[test]
fn a_cache_serves_the_same_key_and_not_another_one() {
    let (mut cache, value) = filled(LIMITS);
    assert!(cache.reserve(&"b", 1, 1.0).is_none());
    assert!(cache.reserve(&"a", 1, 1.0).is_some_and(|found| Rc::ptr_eq(&found, &value)));
}

#[test]
fn an_entry_ends_at_its_maximum_age_however_often_it_is_used() {
    let (mut cache, value) = filled(LIMITS);
    assert!(cache.reserve(&"a", 1, 999.9).is_some());
    // Age counts from birth: the use just now does not prolong it.
    assert!(cache.reserve(&"a", 1, 1000.0).is_none());
    assert!(!held(&value));

    let (mut cache, value) = filled(LIMITS);
    assert_eq!(cache.expire(400.0), Some(600.0));
    assert!(held(&value));
    assert_eq!(cache.expire(1000.0), None);
    assert!(!held(&value));
}

#[test]
fn the_next_to_expire_is_the_oldest() {
    let (mut cache, first) = filled(LIMITS);
    let second = Rc::new(());
    cache.insert("b", Rc::clone(&second), 10, 300.0);
    // Use does not put it off.
    assert!(cache.reserve(&"a", 1, 500.0).is_some());
    assert_eq!(cache.expire(500.0), Some(500.0));
    assert_eq!(cache.expire(1100.0), Some(200.0));
    assert_eq!((held(&first), held(&second)), (false, true));
}

#[test]
fn a_clock_set_back_or_lost_ends_an_entry() {
    for now in [-0.1, f64::NEG_INFINITY, f64::NAN, f64::INFINITY] {
        let (mut cache, value) = filled(LIMITS);
        assert!(cache.reserve(&"a", 1, now).is_none(), "{now}");
        assert!(!held(&value), "{now}");
    }
}

#[test]
fn an_entry_ends_after_its_last_message() {
    let (mut cache, value) = filled(LIMITS);
    assert!(cache.reserve(&"a", 0, 1.0).is_some());
    assert!(cache.reserve(&"a", 0, 1.0).is_some());
    assert!(cache.reserve(&"a", 0, 1.0).is_none(), "a fourth message");
    assert!(!held(&value));

    let (mut cache, _) = filled(CacheLimits { max_messages: 1, ..LIMITS });
    assert!(cache.reserve(&"a", 0, 1.0).is_none(), "the first was the only one");
}

#[test]
fn an_entry_ends_after_its_last_byte() {
    let (mut cache, value) = filled(LIMITS);
    assert!(cache.reserve(&"a", 90, 1.0).is_some(), "100 bytes in all");
    assert!(cache.reserve(&"a", 1, 1.0).is_none(), "101 bytes");
    assert!(!held(&value));

    let (mut cache, value) = filled(LIMITS);
    assert!(cache.reserve(&"a", u64::MAX, 1.0).is_none());
    assert!(!held(&value));
}

#[test]
fn a_first_message_over_the_limit_is_not_kept() {
    for (bytes, kept) in [(100, true), (101, false)] {
        let (mut cache, value) = (cache(LIMITS), Rc::new(()));
        cache.insert("a", Rc::clone(&value), bytes, 0.0);
        assert_eq!(held(&value), kept, "{bytes} bytes");
        assert_eq!(cache.reserve(&"a", 0, 0.0).is_some(), kept, "{bytes} bytes");
    }
}

#[test]
fn room_is_made_by_what_was_not_used_for_longest() {
    let mut cache = cache(LIMITS);
    let [a, b, c] = [0, 1, 2].map(|_| Rc::new(()));
    cache.insert("a", Rc::clone(&a), 1, 0.0);
    cache.insert("b", Rc::clone(&b), 1, 1.0);
    assert!(cache.reserve(&"a", 1, 2.0).is_some());
    cache.insert("c", Rc::clone(&c), 1, 3.0);
    assert_eq!([&a, &b, &c].map(held), [true, false, true]);
}

#[test]
fn a_second_value_for_a_key_takes_the_place_of_the_first() {
    let (mut cache, first) = filled(LIMITS);
    let [other, second] = [0, 1].map(|_| Rc::new(()));
    cache.insert("b", Rc::clone(&other), 1, 1.0);
    // The first was used last, so it does not leave to make room.
    assert!(cache.reserve(&"a", 1, 1.5).is_some());
    cache.insert("a", Rc::clone(&second), 20, 2.0);
    assert_eq!([&first, &other, &second].map(held), [false, true, true]);
    // Its own messages, bytes and age count from zero.
    assert!(cache.reserve(&"a", 80, 1001.0).is_some_and(|found| Rc::ptr_eq(&found, &second)));
    assert!(cache.reserve(&"a", 1, 1001.0).is_none());
}

#[test]
fn nothing_is_kept_without_room_or_time() {
    for limits in [
        CacheLimits { capacity: 0, ..LIMITS },
        CacheLimits { max_age_ms: 0.0, ..LIMITS },
        CacheLimits { max_age_ms: f64::NAN, ..LIMITS },
    ] {
        let (mut cache, value) = (cache(limits), Rc::new(()));
        cache.insert("a", Rc::clone(&value), 1, 0.0);
        assert!(cache.reserve(&"a", 1, 0.0).is_none(), "{limits:?}");
        assert!(!held(&value), "{limits:?}");
    }
}

#[test]
fn clearing_a_cache_drops_every_entry() {
    let (mut cache, value) = filled(LIMITS);
    cache.clear();
    assert!(!held(&value));
    assert_eq!(cache.expire(0.0), None);
}

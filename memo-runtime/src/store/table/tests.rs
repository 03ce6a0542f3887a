use super::*;
use crate::entry::entry::EntryPtr;
use crate::key::hash::SEEN;
use crate::scope::scope::Thread;

/// A random sequence of steps, compared with a list. Most hashes belong to the last bucket and overflow to the first.
#[test]
fn an_entry_is_found_until_it_is_taken_out() {
    let owner = OwnedTable::with_room_for(40);
    let table = owner.buckets();
    let (mut owners, mut model) = (Vec::new(), Vec::<FaceRef>::new());
    let mut random = 1_u64;
    for _ in 0..if cfg!(miri) { 80 } else { 20_000 } {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let hash = ((random >> 33) % 12) << 58 | SEEN | 0xFFFF << 32;
        if model.len() < table.room() && random >> 63 == 0 {
            let entry = EntryPtr::<Thread>::without_key(hash);
            table.insert(entry.entry_ref().face());
            model.push(entry.entry_ref().face());
            owners.push(entry);
        } else if !model.is_empty() {
            table.remove(model.swap_remove((random >> 40) as usize % model.len()));
        }
        for filed_entry in &model {
            let mut filed = Vec::new();
            table.for_each(filed_entry.hash(), |it| filed.push(it));
            assert!(filed.contains(filed_entry));
            assert!(filed.iter().all(|it| model.contains(it) && it.hash() == filed_entry.hash()));
            assert!(
                table.find(filed_entry.hash(), |it| (it == *filed_entry).then_some(())).is_some()
            );
        }
        let mut count = 0;
        table.for_all(|_| count += 1);
        assert_eq!(count, model.len());
        assert!(!model.is_empty() || table.from(0).all(|it| it.fingerprints.load(Relaxed) == 0));
    }
}

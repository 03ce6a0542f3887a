//! Which entry expires next.

use crate::clock::Time;
use crate::head::Place;
use std::collections::VecDeque;

/// Entries in the order of their deadlines, which is that of their storing, all being of equal lives.
#[derive(Debug, Default)]
pub(crate) struct Ages {
    /// One that was taken out leaves nothing in its place.
    queue: VecDeque<(Time, Option<Place>)>,
    /// The number of the first one; they go on from there, and around.
    first: u32,
    len: usize,
}

impl Ages {
    /// So much room is never worth giving back.
    const SLACK: usize = 64;

    /// Adds one that expires last of all.
    #[expect(clippy::cast_possible_truncation, reason = "there are fewer than memory has room for")]
    pub(crate) fn push_last(&mut self, deadline: Time, place: Place) {
        if self.queue.len() == self.queue.capacity() && self.queue.len() > 2 * self.len {
            self.close_ranks();
        }
        place.set_age(self.first.wrapping_add(self.queue.len() as u32));
        self.queue.push_back((deadline, Some(place)));
        self.len += 1;
    }

    /// When the next one expires.
    pub(crate) fn next(&self) -> Option<(Time, Place)> {
        // The first is never nothing.
        self.queue.front().and_then(|(deadline, place)| place.map(|place| (*deadline, place)))
    }

    /// Takes out one that was put in.
    pub(crate) fn remove(&mut self, place: Place) {
        let at = place.age().wrapping_sub(self.first) as usize;
        if let Some((_, filed)) = self.queue.get_mut(at) {
            debug_assert_eq!(*filed, Some(place));
            *filed = None;
            self.len -= 1;
        }
        while let Some((_, None)) = self.queue.front() {
            self.queue.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        if self.queue.capacity() > 8 * self.len + 2 * Self::SLACK {
            self.close_ranks();
            self.queue.shrink_to(2 * self.len);
        }
    }

    fn close_ranks(&mut self) {
        self.queue.retain(|(_, place)| place.is_some());
        for ((_, place), age) in self.queue.iter().zip(0..) {
            if let Some(place) = place {
                place.set_age(age);
            }
        }
        self.first = 0;
    }
}

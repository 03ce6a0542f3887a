//! Finds the name that the user may have meant.

/// The candidate that differs from `written` in the fewest letters; `None` if all differ in too many.
pub(crate) fn nearest<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let (distance, candidate) = candidates
        .map(|candidate| (edit_distance(written, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= candidate.len().max(written.len()) / 3).then_some(candidate)
}

/// The Levenshtein distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_letters() {
        assert_eq!(edit_distance("maxsize", "maxsize"), 0);
        assert_eq!(edit_distance("maxsise", "maxsize"), 1);
        assert_eq!(edit_distance("", "ttl"), 3);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}

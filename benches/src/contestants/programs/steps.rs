//! The programs without a cache: one step of each, and its input. A step is given the memoized function.

/// Numbers that are engraved on stones.
const STONES: [u64; 8] = [5_910_927, 0, 1, 47, 261_223, 94_788, 545, 7_771];

/// The number of stones that one becomes. See Advent of Code 2024, day 11.
pub(super) fn stones_step(stone: u64, blinks: usize, stones: impl Fn(u64, usize) -> u64) -> u64 {
    if blinks == 0 {
        return 1;
    }
    if stone == 0 {
        return stones(1, blinks - 1);
    }
    let digits = stone.ilog10() + 1;
    if digits % 2 == 1 {
        return stones(stone * 2024, blinks - 1);
    }
    let half = 10_u64.pow(digits / 2);
    stones(stone / half, blinks - 1) + stones(stone % half, blinks - 1)
}

pub(super) fn all_stones(blinks: u64, stones: impl Fn(u64, usize) -> u64) -> u64 {
    let blinks = usize::try_from(blinks).unwrap_or(0);
    STONES.iter().map(|stone| stones(*stone, blinks)).sum()
}

/// The ways to fill in a row of springs, some of them unknown, so that it has these groups of damaged ones. See Advent of
/// Code 2023, day 12.
pub(super) fn springs_step(
    row: &str,
    groups: &[usize],
    springs: impl Fn(&str, &[usize]) -> u64,
) -> u64 {
    let Some(first) = row.bytes().next() else {
        return u64::from(groups.is_empty());
    };
    let works = || springs(&row[1..], groups);
    let damaged = || {
        let Some((&group, others)) = groups.split_first() else { return 0 };
        let bytes = row.as_bytes();
        if group > bytes.len() || bytes[..group].contains(&b'.') {
            return 0;
        }
        match bytes.get(group) {
            None => u64::from(others.is_empty()),
            Some(b'#') => 0,
            Some(_) => springs(&row[group + 1..], others),
        }
    };
    match first {
        b'.' => works(),
        b'#' => damaged(),
        _ => works().wrapping_add(damaged()),
    }
}

/// Rows of springs, the same in each run.
pub(super) fn all_springs(rows: u64, springs: impl Fn(&str, &[usize]) -> u64) -> u64 {
    const UNFOLDED: usize = 5;
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    let mut sum = 0_u64;
    for _ in 0..rows {
        let row: String = (0..16).map(|_| ['?', '?', '?', '.', '#'][next(5)]).collect();
        let groups: Vec<usize> = (0..3).map(|_| 1 + next(3)).collect();
        let row = [row.as_str(); UNFOLDED].join("?");
        sum = sum.wrapping_add(springs(&row, &groups.repeat(UNFOLDED)));
    }
    sum
}

/// In how many universes the player whose turn is 0 wins. Each player has a place, and a score that is yet to be reached.
/// The numbers wrap around. See Advent of Code 2021, day 21.
pub(super) fn dice_step(
    [place, left, other_place, other_left, turn]: [i64; 5],
    dice: impl Fn(i64, i64, i64, i64, i64) -> i64,
) -> i64 {
    /// The sums of three dice, and how often each occurs.
    const ROLLS: [(i64, i64); 7] = [(3, 1), (4, 3), (5, 6), (6, 7), (7, 6), (8, 3), (9, 1)];
    let wins = ROLLS.map(|(roll, times)| {
        let place = (place + roll - 1) % 10 + 1;
        let wins = if place >= left {
            1 - turn
        } else {
            dice(other_place, other_left, place, left - place, 1 - turn)
        };
        wins.wrapping_mul(times)
    });
    wins.into_iter().fold(0, i64::wrapping_add)
}

pub(super) fn all_dice(goal: u64, dice: impl Fn(i64, i64, i64, i64, i64) -> i64) -> u64 {
    let goal = goal.cast_signed();
    dice(4, goal, 8, goal, 0).cast_unsigned()
}

pub(super) fn all_entries(keys: u64, table: impl Fn(u64) -> u64) -> u64 {
    (0..keys).fold(0, |sum, key| sum.wrapping_add(table(key)))
}

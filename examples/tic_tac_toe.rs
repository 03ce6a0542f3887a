//! A game search: the best play of tic-tac-toe, with a struct as the key.
//!
//! ```text
//! cargo run --release --example tic_tac_toe
//! ```
//!
//! A search without a cache visits 549 946 boards. This one searches 5478, each once.

use memofn::memoize;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Mark {
    X,
    O,
}

/// `Clone`, `Eq` and `Hash` make it a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Board {
    fields: [Option<Mark>; 9],
    turn: Mark,
}

const LINES: [[usize; 3]; 8] =
    [[0, 1, 2], [3, 4, 5], [6, 7, 8], [0, 3, 6], [1, 4, 7], [2, 5, 8], [0, 4, 8], [2, 4, 6]];

impl Board {
    const EMPTY: Self = Self { fields: [None; 9], turn: Mark::X };

    fn moves(self) -> impl Iterator<Item = usize> {
        (0..9).filter(move |&at| self.fields[at].is_none())
    }

    fn play(mut self, at: usize) -> Self {
        self.fields[at] = Some(self.turn);
        self.turn = if self.turn == Mark::X { Mark::O } else { Mark::X };
        self
    }

    /// Whether the last move has won.
    fn is_won(self) -> bool {
        LINES.iter().any(|&[a, b, c]| {
            let line = [self.fields[a], self.fields[b], self.fields[c]];
            line[0].is_some() && line.iter().all(|&mark| mark == line[0])
        })
    }

    /// The best that the player to move can reach: 1 is a win, 0 a draw, -1 a loss.
    ///
    /// All boards stay, because a search returns to them in any order.
    #[memoize(maxsize = unbounded)]
    fn value(self) -> i8 {
        if self.is_won() {
            return -1;
        }
        self.moves().map(|at| -self.play(at).value()).max().unwrap_or(0)
    }

    fn best_move(self) -> Option<usize> {
        self.moves().min_by_key(|&at| self.play(at).value())
    }
}

impl fmt::Display for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in self.fields.chunks(3) {
            let marks = row.iter().map(|mark| mark.map_or(".".into(), |mark| format!("{mark:?}")));
            writeln!(f, "{}", marks.collect::<Vec<_>>().join(" "))?;
        }
        Ok(())
    }
}

fn main() {
    assert_eq!(Board::EMPTY.value(), 0, "nobody wins if both play well");
    let info = Board::value_cache().info();
    println!("the empty board is a draw: {info}");
    assert_eq!(info.misses, 5478);

    // X took a corner and O the edge beside it, which is a mistake.
    let board = [0, 1].into_iter().fold(Board::EMPTY, Board::play);
    let winning = board.best_move().expect("seven fields are free");
    assert_eq!(board.value(), 1);
    assert_eq!(board.play(winning).value(), -1);
    println!("X wins here:\n{board}with\n{}", board.play(winning));
    assert_eq!(Board::value_cache().info().misses, 5478, "all of these boards were known");
}

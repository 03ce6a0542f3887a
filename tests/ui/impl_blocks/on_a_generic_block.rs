use memofn::memoize;

struct Stack<T>(Vec<T>);

#[memoize]
impl<T: Default> Stack<T> {
    #[memoize]
    fn filled(size: usize) -> Vec<T> {
        (0..size).map(|_| T::default()).collect()
    }
}

fn main() {
    let _ = Stack(Stack::<u8>::filled(3)).0;
}

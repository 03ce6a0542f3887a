#![forbid(unsafe_code)]
mod reentry;
use reentry::{Program, run};

#[test]
fn smoke() {
    let text = std::env::var("P").unwrap_or_else(|_| "get 1 10 11; get 1 @eq { get 12 4 3 4 2; get 2 @eq { get 3 2; get 1 @eq { get 13 3 }; get 14 0 15 } }; get 16 17 4 18; remove 2; get 1 19; get 20..60".into());
    let program = Program::parse(&text);
    println!("{program}");
    assert_eq!(Program::parse(&program.to_string()), program);
    println!("{:?}", run(&program));
}

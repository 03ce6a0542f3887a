use memofn::memoize;
use std::sync::Arc;

trait Logger {
    fn log(&self, text: &str);
}

#[memoize]
fn square(n: u64, logger: Arc<dyn Logger + Send + Sync>) -> u64 {
    logger.log("square");
    n * n
}

fn main() {}

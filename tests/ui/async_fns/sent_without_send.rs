use memofn::memoize;
use std::rc::Rc;

#[memoize(skip(log))]
async fn page(id: u64, log: Rc<str>) -> String {
    std::future::ready(()).await;
    format!("{log}{id}")
}

fn spawn(_: impl Future<Output = String> + Send) {}

fn main() {
    spawn(page(3, "log".into()));
}

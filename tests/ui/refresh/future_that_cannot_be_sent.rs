fn spawn<T>(_task: impl Future<Output = T> + Send + 'static) {}

use memofn::memoize;

#[memoize(ttl = "10m", refresh_after = "8m", refresh_on = spawn)]
async fn rate(currency: &str) -> f64 {
    let length = std::rc::Rc::new(currency.len());
    std::future::ready(()).await;
    *length as f64
}

fn main() {
    drop(rate("EUR"));
}

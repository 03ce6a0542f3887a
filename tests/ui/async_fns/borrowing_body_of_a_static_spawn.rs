use memofn::memoize;

#[memoize]
async fn page(path: &str) -> String {
    path.to_owned()
}

fn spawn(_: impl Future<Output = String> + Send + 'static) {}

fn main() {
    let path = String::from("/");
    spawn(page(&path));
}

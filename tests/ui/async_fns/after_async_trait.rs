use memofn::memoize;
use std::pin::Pin;

struct Client;

trait Load {
    fn load<'a, 'async_trait>(
        &'a self,
        id: u64,
    ) -> Pin<Box<dyn Future<Output = String> + Send + 'async_trait>>
    where
        'a: 'async_trait;
}

// The output of `#[async_trait]`.
#[memoize]
impl Load for Client {
    #[memoize(skip(self))]
    fn load<'a, 'async_trait>(
        &'a self,
        id: u64,
    ) -> Pin<Box<dyn Future<Output = String> + Send + 'async_trait>>
    where
        'a: 'async_trait,
    {
        Box::pin(async move { id.to_string() })
    }
}

fn main() {
    drop(Client.load(3));
}

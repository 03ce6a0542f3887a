use memofn::memoize;

struct Pages;

#[memoize(disk)]
impl Pages {
    #[memoize]
    fn page(url: String) -> String {
        url
    }

    #[memoize]
    fn size(url: String) -> usize {
        url.len()
    }
}

fn main() {}

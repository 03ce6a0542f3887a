use memofn::memoize;

struct Client;

#[memoize(skip(databse))]
impl Client {
    #[memoize]
    fn user(id: u64, database: &str) -> String {
        format!("{database}/{id}")
    }

    #[memoize]
    fn group(id: u64, database: &str) -> String {
        format!("{database}/{id}")
    }
}

fn main() {
    Client::user(3, "db");
    Client::group(3, "db");
}

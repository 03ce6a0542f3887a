use memofn::memoize;

struct Database;

#[memoize(skip(databse))]
fn load(database: &Database, id: u64) -> String {
    let _ = database;
    id.to_string()
}

fn main() {
    load(&Database, 3);
}

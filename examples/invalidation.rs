//! Tags: what has changed is forgotten in all functions, and nothing else is.
//!
//! ```text
//! cargo run --release --example invalidation
//! ```
//!
//! A site shows articles and lists of articles. Both are rendered from a database and memoized. Each names by `tags` what
//! it was made of. The code that changes the database says what has changed. It need not know which pages show it.
//!
//! A page that is being rendered meanwhile shows the old text. Its reader gets it, and it is not stored.

use memofn::{invalidate_tag, memoize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

struct Article {
    author: &'static str,
    title: String,
}

type Articles = BTreeMap<u32, Article>;

/// Imagine a database.
static DATABASE: LazyLock<Mutex<Articles>> = LazyLock::new(|| {
    let article =
        |(id, author, title): (u32, _, &str)| (id, Article { author, title: title.into() });
    Mutex::new([(1, "Ada", "Engines"), (2, "Ada", "Notes"), (3, "Bo", "Trees")].map(article).into())
});

static RENDERED: AtomicUsize = AtomicUsize::new(0);

fn database() -> MutexGuard<'static, Articles> {
    DATABASE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[memoize(tags = [format!("article:{id}")])]
fn article_page(id: u32) -> Option<Arc<str>> {
    RENDERED.fetch_add(1, Ordering::Relaxed);
    let page = database().get(&id).map(|article| format!("<h1>{}</h1>", article.title).into());
    if id == 2 && page.as_deref() == Some("<h1>Notes</h1>") {
        rename(2, "Notes by the translator"); // while this page is being rendered
    }
    page
}

/// The titles of an author. Any change of an article may change any list.
#[memoize(tags = [format!("author:{author}"), "lists".into()])]
fn author_page(author: &str) -> Arc<str> {
    RENDERED.fetch_add(1, Ordering::Relaxed);
    let database = database();
    let of_author = database.values().filter(|article| article.author == author);
    of_author.map(|article| article.title.as_str()).collect::<Vec<_>>().join(", ").into()
}

fn rename(id: u32, title: &str) -> usize {
    let Some(author) = database().get_mut(&id).map(|article| {
        title.clone_into(&mut article.title);
        article.author
    }) else {
        return 0;
    };
    invalidate_tag(&format!("article:{id}")) + invalidate_tag(&format!("author:{author}"))
}

fn main() {
    let rendered = || RENDERED.swap(0, Ordering::Relaxed);
    for _ in 0..100 {
        assert_eq!(article_page(1).as_deref(), Some("<h1>Engines</h1>"));
        assert_eq!(article_page(3).as_deref(), Some("<h1>Trees</h1>"));
        assert_eq!(&*author_page("Ada"), "Engines, Notes");
        assert_eq!(&*author_page("Bo"), "Trees");
    }
    assert_eq!(rendered(), 4);

    let outdated = rename(1, "The Analytical Engine");
    assert_eq!(outdated, 2, "the article, and the list of its author");
    assert_eq!(article_page(1).as_deref(), Some("<h1>The Analytical Engine</h1>"));
    assert_eq!(&*author_page("Ada"), "The Analytical Engine, Notes");
    assert_eq!((&*author_page("Bo"), article_page(3).is_some()), ("Trees", true));
    println!("one article was renamed: {} pages were rendered anew, of 4", rendered());

    // This one changes while it is being rendered.
    assert_eq!(article_page(2).as_deref(), Some("<h1>Notes</h1>"), "it began before the change");
    assert_eq!(article_page(2).as_deref(), Some("<h1>Notes by the translator</h1>"));
    assert_eq!(article_page::cache_info().outdated, 1);
    assert_eq!(rendered(), 2);

    assert_eq!(&*author_page("Ada"), "The Analytical Engine, Notes by the translator");
    assert_eq!(invalidate_tag("lists"), 2, "all lists, in whatever function");
    println!("{}", memofn::report());
}

use memofn::memoize;

// `#[wasm_bindgen]` copies the attributes below it to a function of its own.
macro_rules! wasm_bindgen {
    ($(#[$attr:meta])* fn $name:ident($n:ident: u32) -> u32 $body:block, $generated:ident) => {
        $(#[$attr])*
        fn $name($n: u32) -> u32 $body

        $(#[$attr])*
        extern "C" fn $generated($n: u32) -> u32 {
            $name($n)
        }
    };
}

wasm_bindgen! {
    #[memoize]
    fn square(n: u32) -> u32 {
        n * n
    },
    __wasm_bindgen_generated_square
}

fn main() {
    square(3);
}

//! The cities of the weather examples.

/// The cities that an upstream knows, with their temperatures in °C.
pub(crate) const CITIES: [(&str, f64); 20] = [
    ("Amsterdam", 11.4),
    ("Athens", 21.0),
    ("Berlin", 12.8),
    ("Bern", 10.1),
    ("Cairo", 28.3),
    ("Dublin", 9.9),
    ("Hanoi", 31.2),
    ("Helsinki", 4.6),
    ("Lagos", 29.5),
    ("Lima", 19.7),
    ("Lisbon", 18.2),
    ("Madrid", 20.4),
    ("Nairobi", 22.9),
    ("Oslo", 7.5),
    ("Paris", 14.0),
    ("Quito", 15.3),
    ("Reykjavik", 1.2),
    ("Rome", 19.1),
    ("Seoul", 16.6),
    ("Tokyo", 17.8),
];

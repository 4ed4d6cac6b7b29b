//! What must hold for every input of every reader.

use exhibit::reading::{Hints, read as read_report, refer};

/// Reads `data` as the report `origin`. Every quote stands at its position, word for word.
#[allow(dead_code)]
pub fn read(data: &[u8], origin: &str) {
    let hints = Hints { origin: origin.to_owned(), published: Some("2015-10-05".to_owned()), ..Hints::default() };
    let Ok(document) = read_report(data, &hints) else { return };
    let references = refer(&document);
    let letters: Vec<char> = document.text().chars().collect();
    for reference in &references {
        let range = reference.locator.rsplit("char=").next().unwrap_or_default();
        let (start, end) = range.split_once(',').expect("a range");
        let (start, end): (usize, usize) = (start.parse().expect("a number"), end.parse().expect("a number"));
        let said: String = letters[start..end].iter().collect();
        assert_eq!(said, reference.quote.exact, "{}", reference.locator);
    }
}

/// The same for a reader whose library panics: `exhibit` contains that, and so does this.
#[allow(dead_code)]
pub fn read_contained(data: &[u8], origin: &str) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    let hints = Hints { origin: origin.to_owned(), ..Hints::default() };
    let extracted = std::panic::catch_unwind(|| exhibit::reading::extract(data));
    let Ok(Ok(extracted)) = extracted else { return };
    if exhibit::reading::read_with(data, &hints, &|_| Ok(extracted.clone())).map(|document| refer(&document)).is_err() {
        return;
    }
    std::hint::black_box(&hints);
}

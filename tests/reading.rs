//! Reports in their formats: references, positions, claims.

use exhibit::evidence::{Form, MediaKind, Reference};
use exhibit::reading::{Document, Hints, canonical_url, read, refer};
use proptest::prelude::*;

fn hints(origin: &str) -> Hints {
    Hints { origin: origin.into(), published: Some("2015-10-05".into()), ..Hints::default() }
}

fn references(origin: &str, text: &str) -> (Document, Vec<Reference>) {
    let document = read(text.as_bytes(), &hints(origin)).unwrap();
    let references = refer(&document);
    (document, references)
}

/// Every quote stands in the text at its position, word for word, with what is around it.
fn positions_hold(document: &Document, references: &[Reference]) {
    let letters: Vec<char> = document.text().chars().collect();
    for reference in references {
        let range = reference.locator.rsplit("char=").next().unwrap();
        let (start, end) = range.split_once(',').unwrap();
        let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
        let quote = &reference.quote;
        assert_eq!(letters[start..end].iter().collect::<String>(), quote.exact, "{}", reference.locator);
        assert!(letters[..start].iter().collect::<String>().ends_with(&quote.prefix));
        assert!(letters[end..].iter().collect::<String>().starts_with(&quote.suffix));
    }
}

fn claim<'a>(reference: &'a Reference, property: &str) -> &'a str {
    reference.claims.iter().find(|claim| claim.property == property).map_or("", |claim| &claim.value)
}

#[test]
fn a_table_carries_its_columns_as_claims() {
    let table = "id,location,date,video_url,channel,weapon\n\
        1,Idlib,2015-10-04,https://www.youtube.com/watch?v=abcdefghijk,Civil Defense,barrel bomb\n\
        2,\"Homs, Old City\",04/05/2015,https://files.example/clip.mp4,,\n\
        3,Hama,,,A witness,\n";
    let (document, found) = references("table.csv", table);
    positions_hold(&document, &found);
    assert_eq!(found.len(), 3);
    assert_eq!((found[0].kind, found[0].form), (MediaKind::Video, Form::Linked));
    assert_eq!(found[0].canonical.as_deref(), Some("https://www.youtube.com/watch?v=abcdefghijk"));
    assert_eq!(
        (claim(&found[0], "location"), claim(&found[0], "uploader"), claim(&found[0], "weapon")),
        ("Idlib", "Civil Defense", "barrel bomb")
    );
    assert_eq!(found[0].quote.exact, table.lines().nth(1).unwrap());
    let date = |reference: &Reference| reference.claims.iter().find(|claim| claim.property == "date").unwrap().reading.clone();
    assert_eq!(date(&found[0]).unwrap().edtf.as_deref(), Some("2015-10-04"));
    assert_eq!(date(&found[1]), None, "an ambiguous day and month stay ambiguous");
    assert_eq!(claim(&found[1], "location"), "Homs, Old City");
    assert_eq!((found[2].form, found[2].url.as_deref(), claim(&found[2], "uploader")), (Form::Described, None, "A witness"));
    let (_, tabs) = references("table.tsv", &table.replace("\"Homs, Old City\"", "Homs").replace(',', "\t"));
    assert_eq!(tabs.len(), 3);
}

#[test]
fn markdown_and_text_give_embedded_linked_and_described_references() {
    let markdown = "# A title of some words\n\nOne video shows a street near Idlib on Sunday.\n\n![The street](media/street.jpg)\n\n\
        See [the clip](https://youtu.be/abcdefghijk) posted by the Civil Defense on Facebook.\n";
    let (document, found) = references("report.md", markdown);
    positions_hold(&document, &found);
    let forms: Vec<Form> = found.iter().map(|reference| reference.form).collect();
    assert_eq!(forms, [Form::Described, Form::Embedded, Form::Linked]);
    assert_eq!(found[1].url.as_deref(), Some("media/street.jpg"));
    assert_eq!(
        (claim(&found[2], "uploader"), found[2].canonical.as_deref()),
        ("Civil Defense", Some("https://www.youtube.com/watch?v=abcdefghijk"))
    );
    let sunday = found[0].claims.iter().find(|claim| claim.property == "date").unwrap();
    assert_eq!(sunday.reading.as_ref().unwrap().edtf.as_deref(), Some("2015-10-04"));

    let text = "Notes from the field\n\nThe clip (https://example.org/a/b.mp4) was filmed in Homs.\nhttps://example.org/page\nRead more at https://example.org/about.\n";
    let (document, found) = references("notes.txt", text);
    positions_hold(&document, &found);
    let urls: Vec<&str> = found.iter().filter_map(|reference| reference.url.as_deref()).collect();
    assert_eq!(urls, ["https://example.org/a/b.mp4", "https://example.org/page"]);
    assert_eq!(claim(&found[0], "location"), "Homs");
}

#[test]
fn an_embed_is_quoted_by_the_words_it_stands_behind() {
    let page = "<article><p>Alpha strike in Idlib: <video src=a.mp4></video></p><p>Bravo strike in Aleppo: <video src=b.mp4></video></p>\
        <p>Charlie text. <img src=c.jpg> Delta text.</p><p><img src=d.jpg></p></article>";
    let (document, found) = references("page.html", page);
    positions_hold(&document, &found);
    let quotes: Vec<(&str, &str)> =
        found.iter().map(|reference| (reference.url.as_deref().unwrap(), reference.quote.exact.as_str())).collect();
    assert_eq!(
        quotes,
        [
            ("a.mp4", "Alpha strike in Idlib:"),
            ("b.mp4", "Bravo strike in Aleppo:"),
            ("c.jpg", "Charlie text."),
            ("d.jpg", "Delta text.")
        ]
    );
    assert_eq!((claim(&found[0], "location"), claim(&found[1], "location")), ("Idlib", "Aleppo"));
}

#[test]
fn what_belongs_to_the_site_is_left_out_and_named() {
    let page = "<body><header><img src=/logo.png></header><article><p>Words of the report.</p><img src=street.jpg width=640>\
        <img src=/icons/share.png><img src=dot.gif width=1 height=1></article><aside class=related><img src=other.jpg></aside>";
    let (document, found) = references("page.html", page);
    assert_eq!(found.iter().filter_map(|reference| reference.url.as_deref()).collect::<Vec<_>>(), ["street.jpg"]);
    let left: Vec<(&str, &str)> = document.excluded.iter().map(|left| (left.url.as_str(), left.rule.0.as_str())).collect();
    assert_eq!(
        left,
        [
            ("/logo.png", "html/site-image@1"),
            ("/icons/share.png", "html/site-image@1"),
            ("dot.gif", "html/small-image@1"),
            ("other.jpg", "html/site-part@1")
        ]
    );
}

#[test]
fn one_item_embedded_twice_is_one_reference_and_a_saved_page_knows_its_address() {
    let page = "<p>A clip.</p><iframe src='//www.youtube.com/embed/abcdefghijk?rel=0'></iframe><iframe src='https://www.youtube-nocookie.com/embed/abcdefghijk'></iframe><img src='../a/b.jpg'>";
    let document =
        read(page.as_bytes(), &Hints { url: Some("https://news.example/2015/10/story".into()), ..hints("saved.html") }).unwrap();
    let found = refer(&document);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].url.as_deref(), Some("//www.youtube.com/embed/abcdefghijk?rel=0"), "exactly as printed");
    assert_eq!(found[0].canonical.as_deref(), Some("https://www.youtube.com/watch?v=abcdefghijk"));
    assert_eq!(found[1].canonical.as_deref(), Some("https://news.example/2015/a/b.jpg"));
}

fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("<p>".into()),
        Just("</p>".into()),
        Just("<div class='x'>".into()),
        Just("</div>".into()),
        Just("<figure>".into()),
        Just("</figure>".into()),
        Just("<figcaption>".into()),
        Just("</figcaption>".into()),
        Just("<video src=a.mp4>".into()),
        Just("<img src='b.jpg' srcset='c.jpg 2x, d.jpg 3x'>".into()),
        Just("<a href='https://youtu.be/abcdefghijk'>".into()),
        Just("</a>".into()),
        Just("One video shows a village southwest of Idlib. ".into()),
        Just("صورة من قرية جنوب غرب إدلب، 12 نيسان 2019. ".into()),
        Just("Foto via YouTube/Ein Name\n".into()),
        Just("<li>".into()),
        Just("<table><tr><td>".into()),
        Just("<br>".into()),
        Just("&amp;&#x202e;".into()),
        "\\PC{0,12}",
        "[<>/a-z\"'= ]{0,10}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_page_is_its_quotes_stand_where_they_say(parts in proptest::collection::vec(fragment(), 0..40)) {
        let page = format!("<html><body>{}", parts.concat());
        for origin in ["page.html", "page.txt", "page.md", "page.csv"] {
            if let Ok(document) = read(page.as_bytes(), &hints(origin)) {
                let found = refer(&document);
                positions_hold(&document, &found);
            }
        }
        if let Ok(document) = read(parts.concat().as_bytes(), &hints("page.csv")) {
            let found = refer(&document);
            positions_hold(&document, &found);
        }
    }

    #[test]
    fn a_canonical_address_is_its_own(text in "(https?://)?(www\\.|m\\.)?(youtube\\.com/watch\\?v=|youtu\\.be/|vimeo\\.com/|t\\.me/|news\\.example/)[a-zA-Z0-9_/?&=.#%-]{0,40}") {
        if let Ok(url) = url::Url::parse(&text) {
            let once = canonical_url(&url);
            let again = url::Url::parse(&once).unwrap();
            prop_assert_eq!(canonical_url(&again), once);
        }
    }

    #[test]
    fn what_stands_around_a_report_changes_nothing(before in 0usize..4, after in 0usize..4, turned in any::<bool>()) {
        const PARTS: [&str; 3] = [
            "<nav><ul><li><a href=/a>One</a></li><li><a href=/b><img src=/n.jpg></a></li></ul></nav>",
            "<div class='newsletter'><p>Sign up for our news of the day, every morning in your own mail box, free of charge.</p><img src=/m.jpg></div>",
            "<aside class='related'><h2>Related</h2><a href=/c><img src=/o.jpg><h3>Another video shows something else</h3></a></aside>",
        ];
        let text = "<p>The night was long in the town, and nobody slept before the morning came over the hills, they said.</p>";
        let report = format!(
            "<article><h1>A title</h1><p>One video shows a street near Idlib on Sunday, says a witness who was there.</p>{}<figure><img src=/street.jpg width=640><figcaption>A street. Photo: Anna Karam</figcaption></figure></article>",
            text.repeat(4)
        );
        let mut parts: Vec<&str> = PARTS.to_vec();
        if turned {
            parts.reverse();
        }
        let page = format!("<html><body>{}{report}{}</body></html>", parts[..before.min(3)].concat(), parts[..after.min(3)].concat());
        let plain = format!("<html><body>{report}</body></html>");
        let of = |page: &str| {
            let (_, found) = references("page.html", page);
            let told = |found: Reference| (found.kind, found.form, found.url, found.quote.exact, found.caption, found.credit, found.claims);
            found.into_iter().map(told).collect::<Vec<_>>()
        };
        prop_assert_eq!(of(&page), of(&plain));
    }
}

#[test]
fn what_fuzzing_found_is_read_without_harm() {
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let mut read_all = 0;
    for file in walkdir::WalkDir::new(&seeds).sort_by_file_name().into_iter().flatten().filter(|file| file.file_type().is_file())
    {
        let bytes = std::fs::read(file.path()).unwrap();
        let target = file.path().parent().unwrap().file_name().unwrap().to_str().unwrap();
        let origin = match target {
            "html" => "page.html",
            "markdown" => "notes.md",
            "table" => "rows.csv",
            "mail" => "message.eml",
            "pdf" => "report.pdf",
            "office" => "report.docx",
            "sheet" => "rows.xlsx",
            _ => "notes.txt",
        };
        if let Ok(document) = read(&bytes, &hints(origin)) {
            positions_hold(&document, &refer(&document));
        }
        read_all += 1;
    }
    assert!(read_all > 60, "{read_all} seeds in {}", seeds.display());
}

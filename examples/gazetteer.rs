//! Builds `config/places/names.fst` and `places.bin` from the lines of `config/places/build.py`:
//!
//! `python3 config/places/build.py … | cargo run --release --example gazetteer`

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use exhibit::reading::fold_name;

/// Places of one name beyond so many are left out.
const MOST: usize = 24;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut records, mut texts, mut known): (Vec<u8>, Vec<u8>, HashMap<String, u32>) = Default::default();
    let mut names: BTreeMap<String, Vec<(u32, u32)>> = BTreeMap::new();
    let mut text = |words: &str| -> u32 {
        *known.entry(words.to_owned()).or_insert_with(|| {
            let at = texts.len() as u32;
            let mut end = words.len().min(255);
            while !words.is_char_boundary(end) {
                end -= 1;
            }
            texts.push(end as u8);
            texts.extend(&words.as_bytes()[..end]);
            at
        })
    };
    let mut count = 0u32;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let fields: Vec<&str> = line.split('\t').collect();
        let [kind, name, country, region, lat, lon, population, all] = fields[..] else { return Err(line.into()) };
        let degrees = |text: &str| text.parse::<f64>().map(|degrees| (degrees * 100_000.0).round() as i32);
        let population: u32 = population.parse().unwrap_or(0);
        records.extend(text(name).to_le_bytes());
        records.extend(text(region).to_le_bytes());
        records.extend(degrees(lat)?.to_le_bytes());
        records.extend(degrees(lon)?.to_le_bytes());
        records.extend(country.as_bytes());
        records.extend([kind.as_bytes()[0], 0]);
        records.extend(population.to_le_bytes());
        for name in all.split('|') {
            let key = fold_name(name);
            if key.chars().count() > 1 {
                names.entry(key).or_default().push((population, count));
            }
        }
        count += 1;
    }
    let (mut lists, mut map): (Vec<u32>, _) = (Vec::new(), fst::MapBuilder::memory());
    for (name, mut places) in names {
        places.sort_by_key(|(population, id)| (std::cmp::Reverse(*population), *id));
        places.dedup();
        places.truncate(MOST);
        match places[..] {
            [(_, id)] => map.insert(&name, u64::from(id) << 1)?,
            _ => {
                map.insert(&name, (lists.len() as u64) << 1 | 1)?;
                lists.push(places.len() as u32);
                lists.extend(places.iter().map(|(_, id)| id));
            }
        }
    }
    let mut table = Vec::new();
    table.extend(count.to_le_bytes());
    table.extend((lists.len() as u32).to_le_bytes());
    table.extend(records);
    lists.iter().for_each(|number| table.extend(number.to_le_bytes()));
    table.extend(texts);
    std::fs::write("config/places/names.fst", map.into_inner()?)?;
    std::fs::write("config/places/places.bin", table)?;
    Ok(())
}

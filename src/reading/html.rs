//! HTML reports: the text of the article, and the media that its markup embeds or links to.

use std::sync::LazyLock;

use url::Url;

use super::block::{Block, BlockKind, Blocks, Place};
use super::encoding::Decoded;
use super::linked_data::{self, Described, LinkedData};
use super::outline::{Outline, outline};
use super::pattern::Regex;
use super::player::{Played, played};
use super::prose::claim;
use super::region::Region;
use super::sentence::{self, Sentences};
use super::srcset::largest;
use super::tree::{Tree, parse};
use super::{Document, Excluded, Find, HashMap, HashSet, Hints, caption, chrome, identity, page, pattern, platform};
use crate::evidence::{Claim, Form, MediaKind, Reading, Report};

/// References beyond this many are not read, and the report says so.
const MOST: usize = 20_000;
/// Of the media in one range of nodes, so many are looked at: no picture's own box has more.
const FEW: usize = 12;

/// Reads an HTML report.
pub(super) fn read(decoded: &Decoded, bytes: &[u8], hints: &Hints) -> Document {
    read_as(&decoded.text, decoded, bytes, hints, ("html", "text/html"))
}

/// Reads HTML that another format became. Such a report has no site around it.
pub(super) fn read_as(
    html: &str,
    decoded: &Decoded,
    bytes: &[u8],
    hints: &Hints,
    (reader, media_type): (&str, &str),
) -> Document {
    let tree = parse(html);
    let data = linked_data::read(&tree);
    let page = page::read(&tree, &data);
    let base = base(hints, page.base.as_deref(), tree.saved_from.as_deref());
    let outline = outline(&tree);
    let region = match reader {
        "html" => Region::find(&tree, &outline, page.title.as_deref()),
        _ => Region::whole(&tree),
    };
    let mut walk = Walk {
        tree: &tree,
        outline: &outline,
        region: &region,
        data: &data,
        base: base.as_deref().and_then(|base| Url::parse(base).ok()),
        finds: Vec::new(),
        excluded: Vec::new(),
        seen: HashMap::default(),
        media: media(&tree),
        described: HashMap::default(),
        primary: HashSet::default(),
        cut: false,
    };
    walk.index();
    walk.all();
    walk.credits();
    walk.cards(&page.videos);
    let Walk { mut finds, excluded, cut, seen, .. } = walk;
    let blocks = outline.runs.iter().map(|run| {
        let outside = region.is_chrome(run.node) || !region.contains(run.node);
        let kind = if outside && run.kind != BlockKind::Caption { BlockKind::Aside } else { run.kind };
        Block { start: run.start, end: run.end, kind, place: Place::Node(run.element) }
    });
    let blocks: Vec<Block> = blocks.collect();
    let mut problems = Vec::new();
    if tree.cut {
        problems.push("the page has more elements than are read: what stands after the first 3 million is not read".to_owned());
    }
    if cut {
        problems.push(format!("the page names more media than are read: what stands after the first {MOST} is not read"));
    }
    let mut blocks = Blocks::new(outline.text, blocks);
    let mut sentences = Sentences::default();
    for find in &mut finds {
        complete(find, &blocks, &mut sentences);
    }
    // Addresses that are only printed, and are no link.
    let known = |find: &Find| {
        find.kind != MediaKind::Page
            && Url::parse(&find.url).is_ok_and(|url| !seen.contains_key(&key_of(&url, find.kind)))
            && blocks.block_at(find.quote.0).is_some_and(|block| block.kind != BlockKind::Aside)
    };
    let printed: Vec<Find> = super::plain::addresses(&blocks, &mut sentences).into_iter().filter(known).collect();
    finds.extend(printed.into_iter().map(|find| Find { rule: "html/address@1".into(), ..find }));
    blocks.tree = Some(tree);
    let bare = super::bare_report(decoded, bytes, hints, reader, media_type);
    let report = Report {
        title: page.title,
        publisher: page.publisher,
        authors: page.authors,
        published: page.published.or(bare.published),
        published_as_written: page.published_as_written,
        language: page.language,
        problems,
        ..bare
    };
    Document { report, base, blocks, finds, excluded, parts: Default::default() }
}

fn base(hints: &Hints, stated: Option<&str>, saved: Option<&str>) -> Option<String> {
    let outer =
        hints.url.as_deref().or(saved).and_then(|url| Url::parse(url).ok()).filter(|url| url.scheme().starts_with("http"));
    match (outer, stated) {
        (Some(outer), Some(stated)) => outer.join(stated).map(|url| url.to_string()).ok(),
        (Some(outer), None) => Some(outer.to_string()),
        (None, Some(stated)) => Url::parse(stated).ok().filter(|url| url.scheme().starts_with("http")).map(|url| url.to_string()),
        (None, None) => None,
    }
}

/// Chooses the words that a reference is quoted by: its caption, else the sentence it stands in or
/// behind.
fn complete(find: &mut Find, blocks: &Blocks, sentences: &mut Sentences) {
    if find.own && find.form == Form::Embedded {
        return;
    }
    // An embed stands behind the words before it, whichever block they are in; a link among its own.
    let (start, end) = find.quote;
    let at = if find.form == Form::Linked { start } else { start.saturating_sub(1) };
    let Some(block) = blocks.block_at(at).or(blocks.blocks.first()) else { return };
    let text = &blocks.text[block.start..block.end];
    let within = |at: usize| at.saturating_sub(block.start).min(text.len());
    let sentence = if find.form == Form::Linked {
        sentence::around(sentences.of(block.start, text), within(start), within(end), text.len())
    } else {
        let split = sentences.of(block.start, text);
        let before = split.partition_point(|(from, _)| *from < within(start).max(1));
        before.checked_sub(1).map_or((0, text.len()), |last| split[last])
    };
    find.quote = (block.start + sentence.0, block.start + sentence.1);
}

/// What an absolute address stands for.
fn key_of(url: &Url, kind: MediaKind) -> String {
    if kind == MediaKind::Image { identity::of(url) } else { platform::canonical_url(url) }
}

fn is_picture(name: &str) -> bool {
    matches!(name, "img" | "picture" | "amp-img")
}

/// The nodes that show media, in order.
fn media(tree: &Tree) -> Vec<usize> {
    let shows = |at: &usize| tree.is_media(*at) && !matches!(tree.name(tree.parent(*at)), "picture" | "noscript");
    (1..tree.len()).filter(shows).collect()
}

struct Walk<'a> {
    tree: &'a Tree,
    outline: &'a Outline,
    region: &'a Region,
    data: &'a LinkedData,
    base: Option<Url>,
    finds: Vec<Find>,
    excluded: Vec<Excluded>,
    /// What is found already, by what it is.
    seen: HashMap<String, usize>,
    media: Vec<usize>,
    /// What the page tells machines, by what it is of.
    described: HashMap<String, &'a Described>,
    primary: HashSet<String>,
    cut: bool,
}

/// Addresses inside short scripts, which write a player into the page.
static IN_SCRIPT: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern::regex(r#"["'](?P<url>(?:https?:)?(?:\\?/){2}[^"'\s<>]{6,})["']"#).ok());
/// Scripts longer than this are programs.
const SCRIPT: usize = 4000;

impl Walk<'_> {
    fn index(&mut self) {
        let data = self.data;
        self.primary = data.primary.iter().take(MOST).map(|url| self.key(url, MediaKind::Image)).collect();
        for (all, kind) in [(&data.videos, MediaKind::Video), (&data.images, MediaKind::Image)] {
            for described in all.iter().take(MOST) {
                for url in std::iter::once(&described.url).chain(&described.others) {
                    self.described.insert(self.key(url, kind), described);
                }
            }
        }
    }

    fn all(&mut self) {
        let mut at = 1;
        while at < self.tree.len() {
            if self.finds.len() + self.excluded.len() >= MOST {
                self.cut = true;
                return;
            }
            at = if self.tree.is_element(at) { self.element(at) } else { at + 1 };
        }
    }

    /// Looks at an element, and says which node is next.
    fn element(&mut self, at: usize) -> usize {
        let tree = self.tree;
        let (name, past) = (tree.name(at), tree.end(at));
        match name {
            "head" | "template" | "svg" | "textarea" => return past,
            "video" | "audio" | "amp-video" | "amp-audio" => {
                let kind = if name.ends_with("video") { MediaKind::Video } else { MediaKind::Audio };
                if let Some(url) = self.film(at) {
                    self.embed(at, kind, url, &format!("html/{name}@1"));
                    return past;
                }
                if let Some(Played::Id(url) | Played::Address(url) | Played::Media(url)) = self.played(at) {
                    self.embed(at, kind, url, "html/player@1");
                }
                return past;
            }
            "picture" => {
                if let Some(url) = self.picture(at) {
                    self.image(at, url, "html/picture@1");
                }
                return past;
            }
            "img" | "amp-img" => {
                if let Some(url) = self.picture(at) {
                    self.image(at, url, "html/img@1");
                }
                return past;
            }
            "iframe" | "embed" | "object" | "amp-iframe" => return self.frame(at),
            "blockquote" => {
                if let Some(url) = self.post(at) {
                    let kind = self.known(&url).unwrap_or(MediaKind::Post);
                    let claims = quoted_post(tree, at);
                    self.found(at, (kind, Form::Embedded, url, "html/blockquote@1"), claims);
                    return past;
                }
            }
            "script" => {
                self.script(at);
                return past;
            }
            "a" => {
                self.link(at);
                return at + 1;
            }
            _ => {}
        }
        if let Some(next) = self.by_attributes(at) {
            return next;
        }
        at + 1
    }

    fn played(&self, at: usize) -> Option<Played> {
        played(self.tree, at, &|url| self.recognised(url).is_some())
    }

    /// Players built by script, and pictures that are loaded late into elements of other names.
    fn by_attributes(&mut self, at: usize) -> Option<usize> {
        let tree = self.tree;
        match self.played(at)? {
            Played::Id(url) => {
                let kind = self.known(&url).unwrap_or(MediaKind::Video);
                self.embed(at, kind, url, "html/player@1");
                Some(tree.end(at))
            }
            Played::Address(url) => {
                let on = self.recognised(&url)?;
                self.embed(at, on.kind, url, "html/data-address@1");
                Some(tree.end(at))
            }
            Played::Media(url) => {
                let kind = self.known(&url).filter(|kind| *kind != MediaKind::Page).unwrap_or(MediaKind::Video);
                self.embed(at, kind, url, "html/data-media@1");
                Some(tree.end(at))
            }
        }
    }

    /// The address of a film or sound: its own, or its first source's.
    fn film(&self, at: usize) -> Option<String> {
        const NAMES: &[&str] = &["src", "data-src", "data-lazy-src", "data-video-src"];
        let usable = |url: &&str| !url.starts_with("blob:") && !url.starts_with("about:");
        let own = self.tree.first(at, NAMES).filter(usable);
        let source = || {
            self.tree
                .below(at)
                .filter(|node| self.tree.name(*node) == "source")
                .find_map(|node| self.tree.first(node, NAMES).filter(usable))
        };
        own.or_else(source).map(str::to_owned)
    }

    /// The largest address of a picture.
    fn picture(&self, at: usize) -> Option<String> {
        const SETS: &[&str] = &["data-srcset", "srcset", "data-lazy-srcset"];
        const LATE: &[&str] = &[
            "data-src",
            "data-original",
            "data-lazy-src",
            "data-lazy",
            "data-url",
            "data-image-src",
            "data-hi-res-src",
            "data-full-src",
            "data-large-file",
            "data-orig-file",
            "data-img-src",
        ];
        let tree = self.tree;
        let of = || tree.below(at).filter(|node| matches!(tree.name(*node), "img" | "source" | "amp-img"));
        let best = of().filter_map(|node| largest(tree.first(node, SETS)?)).max_by_key(|(size, _)| *size);
        let image = |names: &[&str]| {
            of().filter(|node| tree.name(*node) != "source")
                .find_map(|node| tree.first(node, names))
                .filter(|url| !url.starts_with("data:") && !url.starts_with("about:"))
        };
        let sized = best.filter(|(_, url)| !url.starts_with("data:")).map(|(_, url)| url);
        sized
            .or_else(|| image(LATE).or_else(|| image(&["src"])).map(str::to_owned))
            .or_else(|| of().find_map(|node| tree.first(node, &["src"])).map(str::to_owned))
    }

    fn recognised(&self, url: &str) -> Option<platform::OnPlatform> {
        platform::recognise(&self.resolve(url)?)
    }

    /// The kind of a platform's address, or of a file's by its ending.
    fn known(&self, url: &str) -> Option<MediaKind> {
        let parsed = self.resolve(url);
        let on = parsed.as_ref().and_then(platform::recognise).map(|found| found.kind);
        let path = parsed.as_ref().map_or(url, |url| url.path());
        on.or_else(|| platform::media_kind_of_path(path))
    }

    fn resolve(&self, url: &str) -> Option<Url> {
        match &self.base {
            Some(base) => base.join(url.trim()).ok(),
            None if url.contains("//") => {
                Url::parse(url.trim()).ok().or_else(|| Url::parse(&format!("https:{}", url.trim())).ok())
            }
            None => None,
        }
    }

    /// What an address stands for, whatever its spelling and, of pictures, its size.
    fn key(&self, url: &str, kind: MediaKind) -> String {
        match self.resolve(url) {
            Some(parsed) => key_of(&parsed, kind),
            None => url.to_owned(),
        }
    }

    fn frame(&mut self, at: usize) -> usize {
        let tree = self.tree;
        let past = tree.end(at);
        let late = tree.first(
            at,
            &[
                "src",
                "data-src",
                "data",
                "data-lazy-src",
                "data-cmp-src",
                "data-src-cmplz",
                "data-ot-src",
                "data-litespeed-src",
                "data-rocket-src",
                "data-orig-src",
            ],
        );
        let inner = || {
            tree.below(at)
                .skip(1)
                .find_map(|node| tree.first(node, &["src", "value", "data"]).filter(|url| self.recognised(url).is_some()))
        };
        let Some(url) =
            late.filter(|url| !url.starts_with("about:") && !url.starts_with("javascript:")).or_else(inner).map(str::to_owned)
        else {
            return self.by_attributes(at).unwrap_or(past);
        };
        let rule = format!("html/{}@1", tree.name(at));
        let on = self.recognised(&url);
        let file = self.resolve(&url).and_then(|url| platform::media_kind_of_path(url.path()));
        match (on, file) {
            // A profile or an advertisement is no footage, whoever's frame it is in.
            (Some(on), _) => self.embed(at, on.kind, url, &rule),
            (None, Some(kind)) => self.embed(at, kind, url, &rule),
            (None, None) => match inside(&url).filter(|inner| self.recognised(inner).is_some()) {
                Some(inner) => {
                    let kind = self.known(&inner).unwrap_or(MediaKind::Post);
                    self.embed(at, kind, inner, "html/frame-within@1");
                }
                None if chrome::is_frame(&url) => self.exclude(url, "html/frame-other@1"),
                None if chrome::is_player(&url) => self.embed(at, MediaKind::Video, url, "html/frame-player@1"),
                None => self.exclude(url, "html/frame-unknown@1"),
            },
        }
        past
    }

    /// The address of an embedded post.
    fn post(&self, at: usize) -> Option<String> {
        let tree = self.tree;
        let class = tree.get(at, "class").unwrap_or("");
        let named = tree.first(
            at,
            &["data-instgrm-permalink", "cite", "data-href", "data-url", "data-bluesky-uri", "data-text-post-permalink"],
        );
        let embeds = [
            "twitter-",
            "instagram-media",
            "tiktok-embed",
            "reddit-",
            "bluesky-embed",
            "text-post-media",
            "telegram",
            "fb-",
            "vk",
            "mastodon",
        ];
        if !embeds.iter().any(|word| class.contains(word)) && named.is_none_or(|url| self.recognised(url).is_none()) {
            return None;
        }
        let links: Vec<&str> =
            tree.below(at).filter_map(|node| tree.get(node, "href")).filter(|url| self.recognised(url).is_some()).collect();
        named.filter(|url| self.recognised(url).is_some()).or(links.last().copied()).map(str::to_owned)
    }

    /// An address that a short script writes into the page.
    fn script(&mut self, at: usize) {
        let tree = self.tree;
        if tree.get(at, "type").is_some_and(|of| of.contains("json")) || !self.region.contains(at) {
            return;
        }
        if let Some(url) = tree.first(at, &["data-telegram-post"]) {
            return self.embed(at, MediaKind::Post, format!("https://t.me/{url}"), "html/script-embed@1");
        }
        if let Some(url) = tree.first(at, &["src"]).map(str::to_owned) {
            if self.recognised(&url).is_some() {
                let kind = self.known(&url).unwrap_or(MediaKind::Video);
                self.embed(at, kind, url, "html/script-embed@1");
            } else if let Some(Played::Id(url) | Played::Address(url)) = self.played(at) {
                self.embed(at, MediaKind::Video, url, "html/player@1");
            }
            return;
        }
        let script = tree.script(at);
        if script.len() > SCRIPT {
            return;
        }
        let found = IN_SCRIPT.iter().flat_map(|pattern| pattern.captures_iter(&script));
        for found in found.filter(|found| found["url"].len() <= 500).take(20) {
            let url = found["url"].replace("\\/", "/");
            if let Some(on) = self.recognised(&url).filter(|on| on.kind != MediaKind::Page) {
                self.embed(at, on.kind, url, "html/script-embed@1");
            } else if matches!(self.known(&url), Some(MediaKind::Video | MediaKind::Audio)) {
                let kind = self.known(&url).unwrap_or(MediaKind::Video);
                self.embed(at, kind, url, "html/script-embed@1");
            }
        }
    }

    fn embed(&mut self, at: usize, kind: MediaKind, url: String, rule: &str) {
        self.found(at, (kind, Form::Embedded, url, rule), Vec::new());
    }

    fn image(&mut self, at: usize, url: String, rule: &str) {
        let tree = self.tree;
        let inside: Vec<usize> =
            tree.below(at).filter(|node| matches!(tree.name(*node), "img" | "amp-img" | "picture")).collect();
        let small = inside.iter().any(|node| {
            let side = |name: &str| tree.get(*node, name).and_then(|text| text.trim().trim_end_matches("px").parse::<u32>().ok());
            side("width").is_some_and(|width| width <= 100 && side("height").is_none_or(|height| height <= 100))
                || (side("width").is_none() && side("height").is_some_and(|height| height <= 40))
        });
        let around = || tree.ancestors(at).take(3).filter_map(|node| tree.get(node, "class"));
        let marked = inside.iter().any(|node| {
            tree.get(*node, "class").is_some_and(chrome::is_image_word)
                || tree.get(*node, "alt").is_some_and(|alt| alt.split_whitespace().count() <= 3 && chrome::is_image_word(alt))
        }) || around().any(chrome::is_image_word);
        let resolved = self.resolve(&url).map_or_else(|| url.clone(), |url| url.to_string());
        if small {
            return self.exclude(url, "html/small-image@1");
        }
        // A large picture, or one that is spoken of, is not the site's for a word in its name.
        let wide = inside.iter().any(|node| {
            tree.get(*node, "width")
                .and_then(|width| width.trim().trim_end_matches("px").parse::<u32>().ok())
                .is_some_and(|width| width >= 300)
        });
        let told = || inside.iter().any(|node| tree.get(*node, "alt").is_some_and(|alt| alt.split_whitespace().count() >= 5));
        let named = chrome::is_image(&resolved)
            && !(self.region.body.contains(&at)
                && (wide || self.captioned(at) || told())
                && self.known(&url) == Some(MediaKind::Image));
        if marked || named {
            return self.exclude(url, "html/site-image@1");
        }
        // The link around a picture leads to its larger self, or to another report.
        let mut url = url;
        if let Some(link) = tree.ancestors(at).take(6).find(|node| tree.name(*node) == "a")
            && let Some(target) = tree.first(link, &["href"])
        {
            if self.known(target) == Some(MediaKind::Image)
                && self.key(target, MediaKind::Image) == self.key(&url, MediaKind::Image)
            {
                url = target.to_owned();
            } else if self.elsewhere(target) && !self.captioned(at) {
                return self.exclude(url, "html/teaser@1");
            }
        }
        if self.in_list_of_links(at) {
            return self.exclude(url, "html/teaser@1");
        }
        if self.in_playlist(at) {
            return self.exclude(url, "html/playlist@1");
        }
        self.found(at, (MediaKind::Image, Form::Embedded, url, rule), Vec::new());
    }

    /// Whether an address is that of another page.
    fn elsewhere(&self, target: &str) -> bool {
        let target = target.trim();
        if target.is_empty() || target.starts_with('#') || target.starts_with("javascript:") || self.known(target).is_some() {
            return false;
        }
        match (self.resolve(target), &self.base) {
            (Some(mut there), Some(here)) => {
                there.set_fragment(None);
                let (mut plain, mut own) = (there.clone(), here.clone());
                plain.set_query(None);
                own.set_query(None);
                own.set_fragment(None);
                // A gallery or attachment page of the same report is not another one.
                plain != own
                    && !plain.path().starts_with(own.path().trim_end_matches(".html"))
                    && !there.query().is_some_and(|query| query.contains("attachment"))
            }
            _ => true,
        }
    }

    /// Whether a figure with a caption of its own is around a picture.
    fn captioned(&self, at: usize) -> bool {
        let tree = self.tree;
        let figure = tree.ancestors(at).take(5).find(|node| tree.name(*node) == "figure");
        figure.is_some_and(|figure| {
            let link = tree.ancestors(at).take(6).find(|node| tree.name(*node) == "a").map(|link| tree.below(link));
            tree.below(figure).take(2000).any(|node| {
                tree.name(node) == "figcaption"
                    && !tree.text(node).is_empty()
                    && link.as_ref().is_none_or(|link| !link.contains(&node))
            })
        })
    }

    /// Whether the text beside a picture is the link to another report.
    fn in_list_of_links(&self, at: usize) -> bool {
        let (tree, outline) = (self.tree, self.outline);
        if self.captioned(at) {
            return false;
        }
        for around in tree.ancestors(at).take(5) {
            if !self.region.body.contains(&around) && !self.region.lead.contains(&around) || around == self.region.body.start {
                return false;
            }
            let range = tree.below(around);
            let (from, to) = (outline.at[range.start] as usize, outline.at[range.end] as usize);
            let first = outline.runs.partition_point(|run| run.end <= from);
            let runs: Vec<_> = outline.runs[first..].iter().take(12).take_while(|run| run.start < to).collect();
            let (all, linked) = runs.iter().fold((0, 0), |(all, linked), run| (all + run.len(), linked + run.linked));
            if all >= 15 {
                return linked * 10 > all * 6 && runs.len() < 12;
            }
        }
        false
    }

    /// A link to a platform, a media file, an archive, or a page about one film.
    fn link(&mut self, at: usize) {
        let tree = self.tree;
        let Some(url) = tree.first(at, &["href"]).map(str::to_owned) else { return };
        let kind = match self.known(&url) {
            Some(kind) => kind,
            None if self.is_film_page(at, &url) => MediaKind::Video,
            None => return,
        };
        // A picture that links to its larger self is read by itself.
        let inner = self.media.partition_point(|node| *node < at);
        if self.media.get(inner).is_some_and(|node| *node < tree.end(at)) {
            return;
        }
        self.found(at, (kind, Form::Linked, url, "html/link@1"), Vec::new());
    }

    /// Whether a link among running text leads to a page about one film.
    fn is_film_page(&self, at: usize, url: &str) -> bool {
        if !self.region.body.contains(&at) || !url.contains('/') {
            return false;
        }
        let Some(parsed) = self.resolve(url).filter(|parsed| matches!(parsed.scheme(), "http" | "https")) else { return false };
        if !chrome::is_video_page(parsed.path()) {
            return false;
        }
        let start = self.outline.at[at] as usize;
        let run = self.outline.runs.partition_point(|run| run.end <= start);
        self.outline.runs.get(run).is_some_and(|run| run.start <= start && run.len() - run.linked >= 40)
    }

    fn exclude(&mut self, url: String, rule: &str) {
        self.excluded.push(Excluded { url: url.chars().take(2000).collect(), rule: rule.into() });
    }

    fn found(&mut self, at: usize, (kind, form, url, rule): (MediaKind, Form, String, &str), claims: Vec<Claim>) {
        let url = url.trim().to_owned();
        match () {
            () if self.region.is_chrome(at) => return self.exclude(url, "html/site-part@1"),
            () if url.starts_with("data:") => return self.exclude(url, "html/data-uri@1"),
            () if ["blob:", "javascript:", "about:", "#"].iter().any(|start| url.starts_with(start)) || url.is_empty() => {
                return self.exclude(url, "html/no-address@1");
            }
            () if url.len() > 8192 => return self.exclude(url, "html/address-too-long@1"),
            () => {}
        }
        let key = self.key(&url, kind);
        let lead = kind == MediaKind::Image && at < self.region.body.start && self.primary.contains(&key);
        if !lead && !self.region.contains(at) {
            return self.exclude(url, "html/outside-report@1");
        }
        let said = match form {
            Form::Embedded => {
                let image = kind == MediaKind::Image;
                let alone = |from, to| {
                    if image { self.alone(from, to, &key) } else { self.pictures(from, to) <= 1 && self.films(from, to) <= 1 }
                };
                caption::of(self.tree, self.outline, at, self.region.body.start, &alone)
            }
            _ => caption::Said::default(),
        };
        let described = self.described.get(&key).copied();
        let said = with(said, described);
        // One medium shown twice is one reference; what is said of it beside the second is kept.
        if let Some(before) = self.seen.get(&key).copied() {
            let before = &mut self.finds[before];
            if before.form == Form::Linked && form == Form::Embedded {
                before.form = form;
                before.rule = rule.into();
            }
            before.caption = before.caption.take().or(said.caption);
            before.credit = before.credit.take().or(said.credit);
            return;
        }
        self.seen.insert(key, self.finds.len());
        self.push(at, (kind, form, url, rule), said, claims);
    }

    fn push(
        &mut self,
        at: usize,
        (kind, form, url, rule): (MediaKind, Form, String, &str),
        said: caption::Said,
        claims: Vec<Claim>,
    ) {
        let here = self.outline.at[at] as usize;
        let (quote, own) = match (form, said.range) {
            (Form::Linked, _) => ((here, self.outline.at[self.tree.end(at)] as usize), true),
            (_, Some(range)) => (range, true),
            (_, None) if self.outline.at[self.tree.end(at)] as usize > here && self.tree.name(at) == "blockquote" => {
                let end = self.outline.at[self.tree.end(at)] as usize;
                ((here, here + self.outline.text[here..end].trim_end().len()), true)
            }
            (_, None) => ((here, here), false),
        };
        let quote = trimmed(&self.outline.text, quote);
        self.finds.push(Find {
            kind,
            form,
            url,
            quote,
            place: Place::Node(at),
            caption: said.caption,
            credit: said.credit,
            own,
            claims,
            columns: Vec::new(),
            rule: rule.into(),
        });
    }

    /// Whether a range of nodes shows no other medium than this.
    fn alone(&self, from: usize, to: usize, key: &str) -> bool {
        let first = self.media.partition_point(|node| *node < from);
        let crowd = self.media.get(first + FEW).is_some_and(|node| *node < to);
        !crowd
            && self.media[first..].iter().take_while(|node| **node < to).all(|node| {
                let tree = self.tree;
                // A film's poster is the film's.
                let url = if is_picture(tree.name(*node)) { self.picture(*node) } else { None };
                url.filter(|url| !chrome::is_image(url)).is_none_or(|url| self.key(&url, MediaKind::Image) == key)
            })
            && self.films(from, to) <= 1
    }

    /// The first few nodes in a range that show media.
    fn few(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.media.partition_point(|node| *node < from);
        self.media[first..].iter().copied().take_while(move |node| *node < to).take(FEW)
    }

    fn films(&self, from: usize, to: usize) -> usize {
        self.few(from, to).filter(|node| !is_picture(self.tree.name(*node))).count()
    }

    /// Different pictures in a range of nodes: a film has its poster.
    fn pictures(&self, from: usize, to: usize) -> usize {
        let urls = self.few(from, to).filter(|node| is_picture(self.tree.name(*node))).filter_map(|node| self.picture(node));
        urls.filter(|url| !chrome::is_image(url)).map(|url| self.key(&url, MediaKind::Image)).collect::<HashSet<_>>().len()
    }

    /// Whether a picture is one of a playlist's cards: several elements of one kind, each with a picture and
    /// a film's length.
    fn in_playlist(&self, at: usize) -> bool {
        let tree = self.tree;
        for card in tree.ancestors(at).take(6) {
            let parent = tree.parent(card);
            let class = tree.get(card, "class");
            if parent == 0 || class.is_none() {
                continue;
            }
            let is_card = |node: usize| {
                let length = self.outline.at[tree.end(node)] - self.outline.at[node];
                length < 300 && chrome::is_playlist(&tree.text(node)) && self.pictures(node, tree.end(node)) == 1
            };
            if !is_card(card) {
                continue;
            }
            let alike = tree
                .children(parent)
                .take(60)
                .filter(|other| tree.name(*other) == tree.name(card) && tree.get(*other, "class") == class);
            let cards = alike.filter(|other| is_card(*other));
            if cards.take(4).count() == 4 {
                return true;
            }
        }
        false
    }

    /// A line that is nothing but a credit belongs to the picture before it that has none.
    fn credits(&mut self) {
        for find in &mut self.finds {
            if find.kind != MediaKind::Image || find.credit.is_some() || find.form != Form::Embedded {
                continue;
            }
            let Place::Node(at) = find.place else { continue };
            let here = self.outline.at[at] as usize;
            let behind = self.outline.runs.partition_point(|run| run.end <= here);
            let next = self.media.partition_point(|node| *node <= at);
            let until = self.media[next..]
                .iter()
                .take(FEW)
                .find(|node| !tree_is_small(self.tree, **node))
                .map_or(usize::MAX, |node| *node);
            let line = self.outline.runs[behind..].iter().take(12).take_while(|run| run.node < until).find(|run| {
                let text = &self.outline.text[run.start..run.end];
                run.linked * 2 <= run.len()
                    && text.contains(':')
                    && super::credit::is_only_credit(text)
                    && super::credit::name(text).len() < text.len()
            });
            find.credit = line.map(|run| super::credit::name(&self.outline.text[run.start..run.end]));
        }
    }

    /// What only the page's cards and JSON-LD name: its film, or its picture where the text shows none.
    fn cards(&mut self, videos: &[String]) {
        let films: Vec<Described> = self.data.videos.clone();
        for film in films {
            let playable = std::iter::once(&film.url).chain(&film.others).find(|url| {
                self.recognised(url).is_some()
                    || matches!(self.known(url), Some(MediaKind::Video | MediaKind::Audio))
                    || chrome::is_player(url)
            });
            let Some(url) = playable.cloned() else { continue };
            let all: Vec<String> =
                std::iter::once(&film.url).chain(&film.others).map(|url| self.key(url, MediaKind::Video)).collect();
            let kind = self.known(&url).filter(|kind| *kind != MediaKind::Image).unwrap_or(MediaKind::Video);
            if !all.iter().any(|key| self.seen.contains_key(key)) && !self.shows_film() {
                all.into_iter().for_each(|key| {
                    self.seen.insert(key, self.finds.len());
                });
                self.card((kind, url, "html/json-ld@1"), Some(&film));
            }
        }
        for url in videos {
            if !self.shows_film() && self.recognised(url).is_some_and(|on| on.kind != MediaKind::Page) {
                self.card((MediaKind::Video, url.clone(), "html/card@1"), None);
            }
        }
        let shown = self.finds.iter().any(|find| find.form == Form::Embedded);
        let text = self.outline.runs.iter().filter(|run| self.region.contains(run.node)).map(|run| run.len()).sum::<usize>();
        if !shown && text > 600 {
            let first = self.data.primary.iter().find(|url| {
                let resolved = self.resolve(url).map_or_else(|| (*url).clone(), |url| url.to_string());
                !chrome::is_image(&resolved) && !chrome::is_image_word(&resolved.replace(['/', '.'], " "))
            });
            if let Some(url) = first.cloned() {
                let key = self.key(&url, MediaKind::Image);
                let described = self.data.images.iter().find(|image| self.key(&image.url, MediaKind::Image) == key).cloned();
                self.card((MediaKind::Image, url, "html/card@1"), described.as_ref());
            }
        }
    }

    fn shows_film(&self) -> bool {
        self.finds.iter().any(|find| matches!(find.kind, MediaKind::Video | MediaKind::Audio) && find.form == Form::Embedded)
    }

    /// A medium that stands nowhere in the text: its place is the headline.
    fn card(&mut self, (kind, url, rule): (MediaKind, String, &str), described: Option<&Described>) {
        let heading = self.outline.runs.iter().find(|run| run.kind == BlockKind::Heading && !self.region.is_chrome(run.node));
        let at = heading.map_or(0, |run| run.element);
        let mut said = with(caption::Said::default(), described);
        said.range = heading.map(|run| (run.start, run.end));
        self.push(at, (kind, Form::Embedded, url, rule), said, Vec::new());
        if let Some(find) = self.finds.last_mut() {
            find.own = false;
        }
    }
}

fn tree_is_small(tree: &Tree, at: usize) -> bool {
    !["img", "picture"].contains(&tree.name(at)) || tree.get(at, "class").is_some_and(chrome::is_image_word)
}

fn trimmed(text: &str, (start, end): (usize, usize)) -> (usize, usize) {
    let inner = text.get(start..end.max(start)).unwrap_or("");
    let from = start + (inner.len() - inner.trim_start().len());
    if inner.trim().is_empty() { (start, start) } else { (from, from + inner.trim().len()) }
}

/// What the page says in text, and for the rest what it tells machines.
fn with(mut said: caption::Said, described: Option<&Described>) -> caption::Said {
    if let Some(described) = described {
        if let Some((caption, credit)) = described.caption.as_deref().map(super::credit::split) {
            said.credit = said.credit.or(credit);
            said.caption = said.caption.or_else(|| (!caption.is_empty()).then(|| caption.to_owned()));
        }
        said.credit = said.credit.or_else(|| described.credit.as_deref().map(super::credit::name));
    }
    said
}

/// Percent-encoded addresses within an address: players of posts carry the post's.
fn inside(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let values =
        url::form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| value.starts_with("http") || value.starts_with("//"));
    values.map(|(_, value)| value.into_owned()).next()
}

static HANDLE: LazyLock<Option<Regex>> = LazyLock::new(|| pattern::regex(r"\((?P<handle>@[A-Za-z0-9_.]{2,40})\)").ok());

/// What an embedded post says of itself: `— Name (@handle) November 18, 2019`.
fn quoted_post(tree: &Tree, at: usize) -> Vec<Claim> {
    let text = tree.text(at);
    let mut claims = Vec::new();
    let handles: Vec<_> = HANDLE.iter().flat_map(|pattern| pattern.captures_iter(&text)).collect();
    if let Some(handle) = handles.last().and_then(|found| found.name("handle")) {
        claims.push(claim("uploader", handle.as_str(), handle.as_str(), "post/handle@1"));
        // The date behind the handle is the post's.
        let tail = text[handle.end()..].trim_start_matches(')').trim();
        if let Some(edtf) = super::date::read(tail, None).filter(|_| tail.len() < 60) {
            let reading = Some(Reading { place: None, edtf: Some(edtf) });
            claims.push(Claim { reading, ..claim("date", tail, tail, "post/date@1") });
        }
    }
    claims
}

#!/usr/bin/env python3
"""What exhibit and its neighbours find in labelled pages: F1 of media references, and CPU a page, in one run.

usage: peers.py CORPUS EXHIBIT [ROUNDS]
CORPUS   a directory with pages/ and labels/ and, two above, bench/score_pages.py (see the scorer for the form of labels)
EXHIBIT  the program
ROUNDS   how often the pages are read for the CPU figure, after a first time that is not counted (default 5)

Needs the PyPI packages trafilatura, newspaper4k (with lxml_html_clean) and yt-dlp. Each peer gives what it calls images,
films and links of the article; links that are no media are left out for all by the same rule, in their favour.
"""
import json, os, re, resource, subprocess, sys, time

corpus, exhibit = sys.argv[1:3]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
sys.path.insert(0, os.path.join(corpus, "..", "bench"))
import score_pages

labels = score_pages.load_labels(os.path.join(corpus, "labels"))
page = lambda label: os.path.join(corpus, "pages", label["page"])
MEDIA = re.compile(r"\.(?:mp4|mp3|m3u8|webm|mov|m4a|jpe?g|png|gif|webp)(?:$|\?)|youtu|vimeo\.com|dailymotion|twitter\.com/.+/status|instagram\.com/p/|tiktok\.com|facebook\.com/.+/(?:videos|posts)|t\.me/\w+/\d", re.I)


def by_trafilatura(label, html):
    import trafilatura
    xml = trafilatura.extract(html, url=label["url"], include_images=True, include_links=True, output_format="xml") or ""
    return re.findall(r'<graphic[^>]* src="([^"]+)"', xml) + [u for u in re.findall(r'<ref target="([^"]+)"', xml) if MEDIA.search(u)]


def by_newspaper(label, html):
    import newspaper
    article = newspaper.Article(label["url"], fetch_images=False)
    article.download(input_html=html)
    article.parse()
    return list(article.images) + list(article.movies) + ([article.top_image] if article.top_image else [])


def by_ytdlp(label, html, state={}):
    import yt_dlp
    if not state:
        state["ydl"] = yt_dlp.YoutubeDL({"quiet": True, "no_warnings": True, "logger": type("Q", (), {n: (lambda *a, **k: None) for n in ("debug", "info", "warning", "error")})()})
        state["ies"] = [ie for ie in yt_dlp.extractor.gen_extractor_classes() if ie.ie_key() != "Generic"]
    found = []
    for ie in state["ies"]:
        try:
            found += [e.get("url") or e.get("webpage_url") or "" for e in ie.extract_from_webpage(state["ydl"], label["url"], html)]
        except Exception:
            pass
    return found


def f1(predictions):
    out, _ = score_pages.score(labels, {l["page"][:-5]: [{"url": u} for u in dict.fromkeys(predictions[l["page"]])] for l in labels})
    p, r = out["precision"] or 0, out["recall_all"] or 0
    return out, (2 * p * r / (p + r) if p + r else 0)


html = {l["page"]: open(page(l), "rb").read().decode("utf-8", "replace") for l in labels}
print(f"{'':14} recall precision F1     ms CPU a page")
for name, peer in (("trafilatura", by_trafilatura), ("newspaper4k", by_newspaper), ("yt-dlp embeds", by_ytdlp)):
    predictions = {l["page"]: peer(l, html[l["page"]]) for l in labels}
    turns = 1 if peer is by_ytdlp else rounds
    begun = time.process_time()
    for _ in range(turns):
        for l in labels:
            peer(l, html[l["page"]])
    cpu = (time.process_time() - begun) / turns / len(labels) * 1000
    out, score = f1(predictions)
    print(f"{name:14} {out['recall_all']:.3f}  {out['precision'] or 0:.3f}     {score:.3f}  {cpu:8.2f}")
predictions = {}
for l in labels:
    more = ["--url", l["url"]] if l["url"].startswith("http") else []
    told = json.loads(subprocess.run([exhibit, "refs", page(l), "--json", *more], capture_output=True).stdout)[0]
    predictions[l["page"]] = [r["canonical"] or r["url"] for r in told["references"] if r.get("url")]


def cpu_of(rounds):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([exhibit, "refs", "--json", *[page(l) for l in labels] * rounds], stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# The peers' figures are without the start of their process: so is this one, and what the start costs stands beside it.
once, all_rounds = cpu_of(1), cpu_of(1 + rounds)
cpu = (all_rounds - once) / rounds / len(labels) * 1000
out, score = f1(predictions)
print(f"{'exhibit':14} {out['recall_all']:.3f}  {out['precision']:.3f}     {score:.3f}  {cpu:8.2f}   and {once * 1000 - cpu * len(labels):.0f} ms once a run")

-- Stable views for people with sqlite3. Their names and columns stay; columns may be added at the end.

CREATE VIEW reports AS
SELECT 'R' || r.no AS id, r.sha256, coalesce(r.url, r.name, '-') AS origin, r.title, r.publisher, r.language,
       r.published, r.received,
       (SELECT count(*) FROM mention m WHERE m.report = r.no) AS mentions, r.entry
FROM report r;

CREATE VIEW mentions AS
SELECT 'M' || m.no AS id, 'R' || m.report AS report, 'I' || m.item AS item, m.kind, m.form, m.url, m.canonical,
       m.exact AS quote, m.caption, m.credit, m.hedges, m.locator, m.rule, m.entry
FROM mention m;

CREATE VIEW claims AS
SELECT 'C' || c.no AS id, c.subject_kind || c.subject_no AS subject, c.property, c.value, c.via, c.hedges,
       c.exact AS quote, c.reading, c.by, c.person, c.status, c.rule, c.entry
FROM claim c;

CREATE VIEW items AS
SELECT 'I' || i.no AS id, i.key, i.kind, i.url, i.platform, i.platform_id,
       (SELECT count(*) FROM mention m WHERE m.item = i.no) AS mentions,
       (SELECT count(*) FROM capture k WHERE k.item = i.no) AS captures, i.entry
FROM item i;

CREATE VIEW captures AS
SELECT 'K' || k.no AS id, 'I' || k.item AS item, k.url, k.outcome, k.completeness, k.because, k.started, k.finished,
       k.status, k.redirects, k.final_url, k.address, k.declared, k.received, k.declared_type, k.version,
       k.object AS sha256, k.method, k.route, k.entry
FROM capture k;

CREATE VIEW exhibits AS
SELECT 'E' || e.no AS id, e.object AS sha256, o.blake3, o.size, o.media_type, 'I' || e.item AS item,
       coalesce(k.url, i.url) AS url, k.outcome, k.completeness, k.started AS captured, 'K' || e.capture AS capture,
       k.version, e.role, e.name, e.admitted, e.entry
FROM exhibit e
JOIN object o ON o.sha256 = e.object
JOIN item i ON i.no = e.item
JOIN capture k ON k.no = e.capture;

CREATE VIEW examinations AS
SELECT x.object AS sha256, x.probe, x.probe_version, x.facts, x.location, x.device, x.problems, x.entry
FROM examination x;

CREATE VIEW custody AS
SELECT c.entry, c.kind, c.time, c.tool, c.person,
       (SELECT group_concat(t.subject_kind || t.subject_no, ' ') FROM touches t WHERE t.entry = c.entry) AS subjects
FROM custody_event c;


#!/usr/bin/env python3
"""Writes one report in every format that exhibit reads, by the libraries that people write them with.

usage: make_reports.py DIR      (needs python-docx, odfpy, openpyxl, ebooklib, weasyprint, pypdf; see tests/run)
"""
import base64, csv, gzip, os, sys
from email.message import EmailMessage
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
path = lambda name: os.path.join(out, name)
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
TITLE = "What the videos of Tell Amara show"
TOLD = "One video, posted by the Amara Rescue Team on Telegram, shows a convoy near Idlib on Sunday."
BEFORE, LINK, AFTER = "The whole clip is ", "on its channel", ", the team says."
URL = "https://www.youtube.com/watch?v=abcdefghijk"
ARABIC = "يظهر مقطع فيديو نشره الدفاع المدني على يوتيوب قصف قرية جنوب غرب إدلب."
PAGE = f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>
<meta name="date" content="2015-10-05"></head><body><article><h1>{TITLE}</h1><p>{TOLD}</p>
<p>{BEFORE}<a href="{URL}">{LINK}</a>{AFTER}</p><p dir="rtl" lang="ar">{ARABIC}</p></article></body></html>"""

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

document = docx.Document()
document.core_properties.title = TITLE
document.add_heading(TITLE, 1)
document.add_paragraph(TOLD)
paragraph = document.add_paragraph(BEFORE)
link = OxmlElement("w:hyperlink")
link.set(qn("r:id"), document.part.relate_to(URL, docx.opc.constants.RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
run = OxmlElement("w:r")
text = OxmlElement("w:t")
text.text = LINK
run.append(text)
link.append(run)
paragraph._p.append(link)
paragraph.add_run(AFTER)
document.add_paragraph(ARABIC)
open(path("dot.png"), "wb").write(PNG)
document.add_picture(path("dot.png"))
document.add_paragraph("The market street.")
document.save(path("report.docx"))

from odf import draw, text as odf_text
from odf.opendocument import OpenDocumentText

odt = OpenDocumentText()
odt.text.addElement(odf_text.H(outlinelevel=1, text=TITLE))
odt.text.addElement(odf_text.P(text=TOLD))
paragraph = odf_text.P(text=BEFORE)
paragraph.addElement(odf_text.A(href=URL, text=LINK))
paragraph.addText(AFTER)
odt.text.addElement(paragraph)
odt.text.addElement(odf_text.P(text=ARABIC))
paragraph = odf_text.P()
frame = draw.Frame(width="1cm", height="1cm")
frame.addElement(draw.Image(href=odt.addPicture(path("dot.png"))))
paragraph.addElement(frame)
odt.text.addElement(paragraph)
odt.save(path("report.odt"))

from ebooklib import epub

book = epub.EpubBook()
book.set_title(TITLE)
book.set_language("en")
book.add_author("Anna Karam")
chapter = epub.EpubHtml(title="One", file_name="text/one.xhtml", lang="en")
chapter.content = PAGE.replace("</article>", '<p><img src="../media/dot.png"/></p></article>').split("<body>")[1].split("</body>")[0]
book.add_item(chapter)
book.add_item(epub.EpubItem(uid="dot", file_name="media/dot.png", media_type="image/png", content=PNG))
book.spine = [chapter]
book.toc = [chapter]
book.add_item(epub.EpubNcx())
book.add_item(epub.EpubNav())
epub.write_epub(path("report.epub"), book)

import datetime
import openpyxl

book = openpyxl.Workbook()
sheet = book.active
sheet.title = "October"
sheet.append(["id", "location", "date", "video", "channel"])
sheet.append([1, "Idlib", datetime.date(2015, 10, 4), "the clip", "Civil Defense"])
sheet["D2"].hyperlink = URL
sheet.append([2, "Homs", "4 October 2015", "https://files.example/b.mp4", ""])
second = book.create_sheet("November")
second.append(["place", "link"])
second.append(["Hama", "https://youtu.be/bcdefghijkl"])
book.save(path("rows.xlsx"))

from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow

ods = OpenDocumentSpreadsheet()
table = Table(name="October")
for values in (["location", "url"], ["Idlib", URL]):
    row = TableRow()
    for value in values:
        cell = TableCell(valuetype="string")
        cell.addElement(odf_text.P(text=value))
        row.addElement(cell)
    table.addElement(row)
ods.spreadsheet.addElement(table)
ods.save(path("rows.ods"))

message = EmailMessage()
message["Subject"] = TITLE
message["From"] = "Anna Karam <anna@desk.example>"
message["To"] = "desk@desk.example"
message["Date"] = "Mon, 05 Oct 2015 09:00:00 +0000"
message.set_content(f"{TOLD}\n\n{BEFORE}here: {URL}\n\n{ARABIC}\n")
message.add_alternative(PAGE.replace("</article>", '<img src="cid:dot@x"></article>'), subtype="html")
message.get_payload()[1].add_related(PNG, "image", "png", cid="<dot@x>")
open(path("message.eml"), "wb").write(bytes(message))

saved = MIMEMultipart("related", type="text/html")
saved["From"] = "<Saved by Blink>"
saved["Snapshot-Content-Location"] = "https://news.example/2015/10/story.html"
saved["Subject"] = TITLE
saved["Date"] = "Mon, 05 Oct 2015 09:00:00 -0000"
part = MIMEText(PAGE.replace("</article>", '<figure><img src="/lead.png" width="640"><figcaption>A street. Photo: Anna Karam</figcaption></figure></article>'), "html", "utf-8")
part["Content-Location"] = "https://news.example/2015/10/story.html"
saved.attach(part)
picture = MIMEImage(PNG, "png")
picture["Content-Location"] = "https://news.example/lead.png"
saved.attach(picture)
open(path("page.mhtml"), "wb").write(saved.as_bytes())

gzip.open(path("page.html.gz"), "wb").write(PAGE.encode())
open(path("page-1256.html"), "wb").write(PAGE.replace("utf-8", "windows-1256").encode("windows-1256"))
open(path("page-utf16.html"), "wb").write(b"\xff\xfe" + PAGE.encode("utf-16-le"))

import pypdf, weasyprint

weasyprint.HTML(string=PAGE).write_pdf(path("report.pdf"))
locked = pypdf.PdfWriter(clone_from=path("report.pdf"))
locked.encrypt("secret")
locked.write(path("locked.pdf"))

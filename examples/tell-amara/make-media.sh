#!/bin/sh
# Makes the example's media anew, from test pictures and tones: nothing in them was ever filmed.
# Needs ffmpeg and exiftool. What it makes is in the public domain (CC0).
set -eu
cd "$(dirname "$0")/media"
quiet="-hide_banner -loglevel error -y -fflags +bitexact"
ffmpeg $quiet -f lavfi -i testsrc2=size=320x180:rate=12:duration=3 -f lavfi -i sine=frequency=330:duration=3 \
  -c:v libx264 -preset veryslow -crf 34 -pix_fmt yuv420p -c:a aac -b:a 24k -shortest \
  -metadata creation_time=2019-04-12T03:41:07Z -metadata location=+35.4021+036.5512/ -movflags +faststart convoy.mp4
ffmpeg $quiet -f lavfi -i mandelbrot=size=240x136:rate=8 -t 2 -f lavfi -i anoisesrc=d=2:a=0.05 \
  -c:v libvpx-vp9 -b:v 60k -c:a libopus -b:a 16k -shortest smoke.webm
ffmpeg $quiet -f lavfi -i smptebars=size=240x136:rate=10:duration=3 -c:v libx264 -crf 36 -pix_fmt yuv420p whole.mp4
# Cut before the index: the kind of file that a broken transfer leaves.
head -c $(( $(stat -c %s whole.mp4) * 6 / 10 )) whole.mp4 > market.mp4
rm whole.mp4
ffmpeg $quiet -f lavfi -i testsrc=size=480x320 -frames:v 1 -q:v 9 street.jpg
exiftool -q -overwrite_original -Make=Example -Model="Field Phone" -DateTimeOriginal="2019:04:12 06:58:20" \
  -OffsetTimeOriginal=+03:00 -GPSLatitude=35.4009 -GPSLatitudeRef=N -GPSLongitude=36.5498 -GPSLongitudeRef=E -Orientation#=1 street.jpg
ffmpeg $quiet -f lavfi -i color=c=gray:size=320x200 -vf "drawgrid=w=40:h=40:c=white" -frames:v 1 rubble.png
ffmpeg $quiet -f lavfi -i sine=frequency=440:duration=2 -c:a aac -b:a 24k radio.m4a

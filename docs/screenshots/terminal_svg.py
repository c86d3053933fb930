#!/usr/bin/env python3
"""Draws what `tmux capture-pane -e -p` tells of a terminal as SVG: standard input to standard output."""

import html
import re
import sys
import unicodedata

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, MARGIN = 8.4, 18, 14, 14
FOREGROUND, BACKGROUND = "#d8dee9", "#1f2430"
COLOURS = ["#3b4252", "#f07178", "#a6cc70", "#ffcc66", "#6cb6ff", "#d4a5ff", "#5ccfe6", "#e5e9f0"]


def cells_of(line):
    """The characters of a line, each with its look."""
    colour, bold, dim, reverse = None, False, False, False
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if not piece.startswith("\x1b"):
            yield from ((c, colour, bold, dim, reverse) for c in piece)
            continue
        for number in (int(n or 0) for n in piece[2:-1].split(";")):
            if number == 0:
                colour, bold, dim, reverse = None, False, False, False
            elif number == 1:
                bold = True
            elif number == 2:
                dim = True
            elif number == 7:
                reverse = True
            elif number == 22:
                bold = dim = False
            elif number == 27:
                reverse = False
            elif 30 <= number <= 37:
                colour = COLOURS[number - 30]
            elif 90 <= number <= 97:
                colour = COLOURS[number - 90]
            elif number == 39:
                colour = None


def draw_text(text, column, row, look):
    colour, bold, dim, reverse = look
    x, y = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT
    width = sum(width_of(c) for c in text) * CELL_WIDTH
    fill = colour or FOREGROUND
    if reverse:
        print(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT}" fill="{fill}"/>')
        fill = BACKGROUND
    if not text.strip():
        return
    style = (' font-weight="bold"' if bold else "") + (' opacity="0.6"' if dim else "")
    print(f'<text x="{x:.1f}" y="{y + CELL_HEIGHT - 5}" fill="{fill}" textLength="{width:.1f}"{style}>'
          f"{html.escape(text).replace(' ', '&#160;')}</text>")


def width_of(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def draw_line(line, row):
    run, look, begin, column = "", None, 0, 0
    for character, *its_look in cells_of(line):
        if its_look != look:
            if run:
                draw_text(run, begin, row, look)
            run, look, begin = "", its_look, column
        run += character
        column += width_of(character)
    if run:
        draw_text(run, begin, row, look)


def main():
    columns = int(sys.argv[1])
    lines = sys.stdin.read().rstrip("\n").split("\n")
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}"'
          f' font-family="ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT_SIZE}"'
          '>')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>')
    for row, line in enumerate(lines):
        draw_line(line, row)
    print("</svg>")


main()

"""Judges SVG documents from outside: prints a line for each fault of each file given; nothing where all are well."""

import sys
import xml.parsers.expat

ELEMENTS = {"svg", "title", "rect", "path", "text", "tspan"}
ATTRIBUTES = {
    "xmlns", "width", "height", "viewBox", "role", "font-family", "x", "y", "rx", "fill", "stroke", "stroke-width",
    "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "d", "transform", "font-size", "font-weight", "font-style",
    "letter-spacing", "text-anchor", "direction", "unicode-bidi",
}


def judge(path):
    def start(name, attributes):
        if name not in ELEMENTS:
            print(f"{path}: element {name}")
        for attribute, value in attributes.items():
            if attribute not in ATTRIBUTES:
                print(f"{path}: attribute {attribute}")
            if attribute != "xmlns" and ":" in value or "url(" in value:
                print(f"{path}: {attribute} refers to {value}")

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = lambda *_: print(f"{path}: has a doctype")
    parser.ProcessingInstructionHandler = lambda *_: print(f"{path}: has an instruction")
    try:
        with open(path, "rb") as file:
            parser.ParseFile(file)
    except xml.parsers.expat.ExpatError as error:
        print(f"{path}: {error}")


for one in sys.argv[1:]:
    judge(one)

"""The plots are well-formed and put larger numbers further right and further up."""

from xml.etree import ElementTree

import pytest

from voice_server.bench.plots import Curve, Point, line_plot

pytestmark = pytest.mark.pure

SVG = "{http://www.w3.org/2000/svg}"


def test_a_plot_is_xml_with_a_dot_per_point() -> None:
    points = [Point(300, 5, "a < b"), Point(900, 1)]
    root = ElementTree.fromstring(line_plot("T", "x", "y", [Curve("ours & theirs", points)]))
    dots = root.findall(f"{SVG}circle")
    assert float(dots[0].attrib["cx"]) < float(dots[1].attrib["cx"])
    assert float(dots[0].attrib["cy"]) < float(dots[1].attrib["cy"])
    words = [text.text for text in root.findall(f"{SVG}text")]
    assert "a < b" in words and "ours & theirs" in words


def test_a_plot_of_nothing_is_a_frame() -> None:
    root = ElementTree.fromstring(line_plot("T", "x", "y", []))
    assert root.findall(f"{SVG}circle") == []

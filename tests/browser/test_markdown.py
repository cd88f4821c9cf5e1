"""web/markdown.js: what becomes structure, what stays text, and what has sounded."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

RENDER = """async ([source, spoken]) => {
  const { markdown } = await import("/markdown.js");
  const box = document.createElement("div");
  box.append(...markdown(source, spoken));
  return box.innerHTML.replaceAll(' class="stable"', "").replace(/<\\/?span>/g, "");
}"""

SHAPE = """async (source) => {
  const { markdown } = await import("/markdown.js");
  const box = document.createElement("div");
  box.append(...markdown(source));
  document.body.append(box);
  const nodes = [...box.querySelectorAll("*")];
  const attributes = nodes.flatMap((node) => [...node.attributes]);
  box.remove();
  return {
    tags: [...new Set(nodes.map((node) => node.localName))],
    attributes: [...new Set(attributes.map((attribute) => attribute.name))],
    links: nodes.filter((node) => node.href).map((node) => node.protocol),
    text: box.textContent,
  };
}"""

TAGS = {"p", "blockquote", "strong", "em", "del", "h3", "a", "span", "br", "hr", "pre", "code"}
TAGS |= {"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"class", "href", "target", "rel", "start"}


def _html(modules: Page, source: str, spoken: int | None = None) -> str:
    html: str = modules.evaluate(RENDER, [source, spoken])
    return html


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("It is **very** _late_.", "<p>It is <strong>very</strong> <em>late</em>.</p>"),
        (
            "# Soup\n1. Onions\n2. Salt",
            "<h3>Soup</h3><ol start='1'><li>Onions</li><li>Salt</li></ol>",
        ),
        ("- a\n- b & c", "<ul><li>a</li><li>b &amp; c</li></ul>"),
        ("`x < 1`", "<p><code>x &lt; 1</code></p>"),
        ("```js\nf(1)\n```", "<pre><code>f(1)</code></pre>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        (
            "|a|b|\n|-|-|\n|1|2|",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
            "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
        ),
        ("2 \\* 3", "<p>2 * 3</p>"),
    ],
)
def test_structure(modules: Page, source: str, html: str) -> None:
    assert _html(modules, source) == html.replace("'", '"')


@pytest.mark.parametrize(
    "source", ["a **bo", "see [the", "```js\nf(1", "- a\n- ", "|a|b|\n|-|", "<im", "a `co", "1."]
)
def test_half_of_something_is_shown_all_the_same(modules: Page, source: str) -> None:
    words = [word for word in ("a", "bo", "see", "the", "f(1", "co", "<im") if word in source]
    text = modules.evaluate(SHAPE, source)["text"]
    assert all(word in text for word in words)


@pytest.mark.parametrize(
    "source",
    [
        '<img src=x onerror="document.title=1">',
        "<script>document.title=2</script>",
        "a <b onclick='x()'>b</b> <iframe src=/>",
        "<div>\n\n<style>*{display:none}</style>",
        "![picture](https://example.org/track.png)",
    ],
)
def test_html_and_pictures_are_shown_as_they_were_written(modules: Page, source: str) -> None:
    shape = modules.evaluate(SHAPE, source)
    assert set(shape["tags"]) <= {"p", "span"}
    assert "".join(shape["text"].split()) == "".join(source.split())


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "/metrics",
        "//x",
    ],
)
def test_links_lead_to_the_web_or_nowhere(modules: Page, address: str) -> None:
    shape = modules.evaluate(SHAPE, f"[here]({address}) and [there](https://example.org/)")
    assert shape["links"] == ["https:"]
    assert shape["text"] == "here and there"


def test_what_has_sounded_ends_inside_a_word_of_the_source(modules: Page) -> None:
    html = _html(modules, "It is **very late** now.", len("It is **very"))
    assert html == (
        '<p>It is <strong>very<span class="coming"> late</strong><span class="coming"> now.</p>'
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(alphabet="ab<>/=\"'`*_[]()!|-#\n \\&;:javscript", max_size=80))
def test_nothing_but_harmless_nodes_ever(modules: Page, source: str) -> None:
    shape = modules.evaluate(SHAPE, source)
    assert set(shape["tags"]) <= TAGS
    assert set(shape["attributes"]) <= ATTRIBUTES
    assert set(shape["links"]) <= {"http:", "https:", "mailto:"}


def test_what_is_very_long_stays_plain(modules: Page) -> None:
    assert modules.evaluate(SHAPE, "**a** " * 5000)["tags"] == ["span"]

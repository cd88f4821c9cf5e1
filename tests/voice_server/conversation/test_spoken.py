"""The voice gets words in any language, no markup, and knows where each character was written."""

import re
import unicodedata
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.conversation.spoken import spoken

pytestmark = pytest.mark.pure

MARKUP = (
    *("**", "__", "*", "_", "`", "~~", "# ", "- ", "> ", "| ", " | ", "|---|---|", "---"),
    *("[here](https://example.com/a?b=c)", "![cat](cat.png)", "https://a.example/x", "<b>", "</b>"),
    *("🙂", "👍🏽", "👨‍👩‍👧", "🇦🇹", "1️⃣", "\ud83d", "\x00"),
)
texts = st.lists(
    st.one_of(st.sampled_from(MARKUP), st.sampled_from(("word", "it", " ", "\n", ". ")), st.text()),
    max_size=30,
).map("".join)


@given(texts)
def test_every_character_has_its_place(written: str) -> None:
    said = spoken(written)
    assert len(said.places) == len(said.text)
    assert all(place <= after for place, after in pairwise(said.places))
    assert all(0 <= place < len(written) for place in said.places)
    for char, place in zip(said.text, said.places, strict=True):
        assert char in (written[place], " ", ",")


@given(texts)
def test_nothing_that_cannot_be_said_is_left(written: str) -> None:
    text = spoken(written).text
    for markup in ("**", "__", "~~", "`", "|", "://", "\n", "  "):
        assert markup not in text
    assert not re.search(r"[\ud800-\udfff\u200d\ufe0f]|[\U0001f300-\U0001faff]", text)
    assert text == text.strip()
    assert not text or any(char.isalnum() for char in text)


@given(texts, st.integers(0, 200), st.integers(0, 200))
def test_a_span_lies_in_the_written_text(written: str, start: int, length: int) -> None:
    first, end = spoken(written).written_span(start, start + length)
    assert 0 <= first <= end <= len(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**bold**, *it* and _em_", "bold, it and em"),
        ("***both***", "both"),
        ("# Title", "Title"),
        ("- item", "item"),
        ("> quote", "quote"),
        ("`code`", "code"),
        ("~~no~~", "no"),
        ("snake_case and 2 * 3 * 4", "snake_case and 2 * 3 * 4"),
        ("[the page](https://example.com/a)", "the page"),
        ('[the page](https://example.com/a_(b) "Title")', "the page"),
        ("![a cat](cat.png)", "a cat"),
        ("See https://www.example.com/a/b?c=d.", "See example.com."),
        ("See https://example.com:8080/a, then", "See example.com, then"),
        ("(https://example.com/a)", "(example.com)"),
        ("<https://example.com/a>", "example.com"),
        ("https://user:word@example.com/a", "example.com"),
        ("www.example.com", "example.com"),
        ("|---|:--:|", ""),
        ("|---|:--:|\nword", "word"),
        ("* * *", ""),
        ("<b>loud</b>", "loud"),
        ('<a href="x">there</a>', "there"),
        ("if x<y and z>w", "if x<y and z>w"),
        ("3 <4 and 5> 2", "3 <4 and 5> 2"),
        ("25 °C, 2^3 = 8, 5 €, № 7", "25 °C, 2^3 = 8, 5 €, № 7"),
        ("Good 👍🏽!", "Good!"),
        ("Family 👨‍👩‍👧 and flags 🇦🇹🏴󠁧󠁢󠁥󠁮󠁧󠁿.", "Family and flags."),
        ("🙂", ""),
        ("…", ""),
        ("", ""),
        ("half \ud83d an emoji", "half an emoji"),
    ],
)
def test_what_is_said(written: str, said: str) -> None:
    assert spoken(written).text == said


@pytest.mark.parametrize("written", ["-", "|-", "<a ", "[", "*", "_", "`", "![", "www.", " "])
def test_an_endless_mark_is_no_work(written: str) -> None:
    """Each pattern looks at a clause a few times, not once for every way to divide it."""
    assert spoken((written * 3000)[:3000] + "x").text.endswith("x")


def test_a_word_after_markup_is_found_where_it_was_written() -> None:
    written = "**Look** [here](https://example.com) 🙂 now."
    said = spoken(written)
    for word in ("Look", "here", "now"):
        start = said.text.index(word)
        first, end = said.written_span(start, start + len(word))
        assert written[first:end] == word


def test_spans_out_of_range_stay_inside() -> None:
    said = spoken("*one* two")
    assert said.written_span(0, 99) == (1, 9)
    assert said.written_span(99, 120) == (8, 9)
    assert spoken("🙂").written_span(0, 5) == (0, 0)


LANGUAGES = {
    "am": "እንደምን አደሩ፣ ዛሬ ጥሩ ቀን ነው።",
    "ar": "صَبَاحُ الْخَيْر، كيف حالك اليوم؟",
    "az": "Sabahınız xeyir, necəsiniz?",
    "be": "Добрай раніцы, як справы?",
    "bg": "Добро утро, как сте днес?",
    "bn": "সুপ্রভাত, আপনি কেমন আছেন?",
    "bo": "བཀྲ་ཤིས་བདེ་ལེགས།",
    "ca": "Bon dia, col·lega, com estàs?",
    "cs": "Dobré ráno, příliš žluťoučký kůň.",
    "cy": "Bore da, sut mae'r tŷ?",
    "da": "Godmorgen, rødgrød med fløde.",
    "de": "Guten Morgen, schöne Grüße aus der Straße.",
    "el": "Καλημέρα, τι κάνετε σήμερα;",
    "en": "Good morning, it's a naïve café.",
    "eo": "Bonan matenon, ĉu ĝi ŝanĝiĝis ĵaŭde?",
    "es": "¡Buenos días! ¿Cómo está el niño?",
    "et": "Tere hommikust, jäääär on õues.",
    "eu": "Egun on, zer moduz?",
    "fa": "صبح بخیر، می‌خواهم کتاب‌ها را ببینم.",
    "fi": "Hyvää huomenta, mitä kuuluu?",
    "fr": "Bonjour, l'œuf où ça, garçon ?",
    "ga": "Maidin mhaith, conas atá tú?",
    "gu": "સુપ્રભાત, તમે કેમ છો?",
    "he": "בֹּקֶר טוֹב, מה שלומך?",
    "hi": "नमस्ते, आप कैसे हैं? ज़िन्दगी अच्छी है।",
    "hr": "Dobro jutro, đak uči čitati.",
    "hu": "Jó reggelt, árvíztűrő tükörfúrógép.",
    "hy": "Բարի լույս, ինչպե՞ս եք։",
    "id": "Selamat pagi, apa kabar?",
    "is": "Góðan daginn, það er þú.",
    "it": "Buongiorno, perché no?",
    "ja": "おはようございます。がっこうへ行きます。ラーメン！",
    "ka": "დილა მშვიდობისა, როგორ ხართ?",
    "km": "អរុណសួស្តី តើអ្នកសុខសប្បាយទេ?",
    "kn": "ಶುಭೋದಯ, ನೀವು ಹೇಗಿದ್ದೀರಿ?",
    "ko": "안녕하세요, 오늘 날씨가 좋네요.",
    "lo": "ສະບາຍດີຕອນເຊົ້າ ເຈົ້າເປັນແນວໃດ?",
    "lt": "Labas rytas, kaip sekasi šįryt?",
    "lv": "Labrīt, kā jums klājas?",
    "ml": "സുപ്രഭാതം, നിങ്ങൾക്ക് സുഖമാണോ?",
    "mr": "शुभ प्रभात, तुम्ही कसे आहात?",
    "my": "မင်္ဂလာနံနက်ခင်းပါ။ နေကောင်းလား။",
    "ne": "शुभ प्रभात, तपाईंलाई कस्तो छ?",
    "nl": "Goedemorgen, één zeeën coördinatie.",
    "no": "God morgen, blåbærsyltetøy.",
    "pl": "Dzień dobry, zażółć gęślą jaźń.",
    "pt": "Bom dia, a ação não é ão.",
    "ru": "Доброе утро, съешь ещё этих булок.",
    "si": "සුභ උදෑසනක්, ඔබට කොහොමද?",
    "sw": "Habari za asubuhi, ng'ombe wako?",
    "ta": "காலை வணக்கம், எப்படி இருக்கிறீர்கள்?",
    "te": "శుభోదయం, మీరు ఎలా ఉన్నారు?",
    "th": "สวัสดีตอนเช้า คุณเป็นอย่างไรบ้าง",
    "tr": "Günaydın, ığdır şişesi nasıl?",
    "uk": "Доброго ранку, їжак ґаву з'їв.",
    "ur": "صبح بخیر، آپ کیسے ہیں؟",
    "vi": "Chào buổi sáng, bạn có khỏe không?",
    "yi": "גוט מאָרגן, ווי גייט עס?",
    "zh": "早上好，今天天气怎么样？",
}


def letters(text: str) -> list[str]:
    """Letters, the marks that combine with them, and numbers."""
    return [char for char in text if unicodedata.category(char)[0] in "LMN"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_language_keeps_its_letters(language: str, form: Literal["NFC", "NFD"]) -> None:
    sentence = unicodedata.normalize(form, LANGUAGES[language])
    assert letters(spoken(sentence).text) == letters(sentence)
    assert letters(spoken(f"- **{sentence}** 🙂").text) == letters(sentence)


def test_words_are_not_shown() -> None:
    assert "secret" not in repr(spoken("secret"))

"""Which opening is a person's, which click counts, and how an invitation travels."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from ugc.referrals import rules as referrals_rules
from ugc.referrals.rules import Click, Owner

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
AGENTS = Path(__file__).with_name("agents.txt")

PREVIEWERS = (
    "WhatsApp/2.23.20.0",
    "WhatsApp/2.24.1.78 A",
    "TelegramBot (like TwitterBot)",
    "Twitterbot/1.0",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "facebookexternalhit/1.1;line-poker/1.0",
    "facebookcatalog/1.0",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko)"
    " Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)",
    "Pinterest/0.2 (+https://www.pinterest.com/bot.html)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5"
    " skype-url-preview@microsoft.com",
    "Mozilla/5.0 (compatible; MicrosoftPreview/2.0; +https://aka.ms/MicrosoftPreview)",
    "Viber/13.3.0.7 CFNetwork/1121.2.2 Darwin/19.3.0",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)",
    "Iframely/1.3.1 (+https://iframely.com/docs/about)",
    "Mozilla/5.0 (compatible; Cardyb/1.1; +mailto:support@bsky.app)",
    "http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.social/)",
    "Mastodon/4.3.1 (http.rb/5.2.0; +https://mastodon.social/) Bot",
    "Misskey/2024.5.0",
    "SummalyBot/5.1.0",
    "Pleroma 2.6.0; https://social.example.org",
    "Akkoma 3.10.4-0-gebfb617; https://social.example.org",
    "Synapse (bot; +https://github.com/matrix-org/synapse)",
    "Rocket.Chat/6.5",
    "Nextcloud Server Crawler",
    "kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
    "Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots",
    "Mozilla/5.0 (compatible; Google-PageRenderer Google"
    " (+https://developers.google.com/+/web/snippet/))",
    "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
    "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36"
    " (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
    " (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " HeadlessChrome/131.0.0.0 Safari/537.36",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    "axios/1.7.7",
    "got (https://github.com/sindresorhus/got)",
    "Go-http-client/2.0",
    "okhttp/4.12.0",
    "python-requests/2.32.3",
    "python-httpx/0.27.2",
    "curl/8.5.0",
    "Wget/1.21.4",
    "Java/17.0.1",
    "Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A.220624.014)",
    "",
)  # fmt: skip
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko)"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36"
    " (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.58 Mobile Safari/537.36"
)
PEOPLE = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.1 Safari/605.1.15",
    f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1",
    f"{IPHONE} CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0"
    " Chrome/125.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 11; Cubot X50) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0.0.0 Mobile Safari/537.36",
    # Inside of apps.
    f"{IPHONE} Mobile/22B83 Instagram 356.0.0.29.90 (iPhone16,2; iOS 18_1; es_ES; es; scale=3.00;"
    " 1290x2796; 655455233)",
    f"{ANDROID} Instagram 356.0.0.41.101 Android (34/14; 450dpi; 1080x2109; samsung; SM-S918B;"
    " dm3q; qcom; es_ES; 655455444)",
    f"{ANDROID} [FB_IAB/FB4A;FBAV/488.0.0.74.80;]",
    f"{IPHONE} Mobile/21G80 [FBAN/FBIOS;FBAV/480.0.0.32.106;FBDV/iPhone15,3;FBSN/iOS;FBLC/es_ES]",
    f"{ANDROID} WhatsApp/2.24.20.89",
    f"{IPHONE} Mobile/22B83 WhatsApp/24.22.83",
    f"{ANDROID} Telegram-Android/11.2.3 (Samsung SM-S918B; Android 14; SDK 34; HIGH)",
    f"{IPHONE} Version/17.5 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
    " Chrome/124.0.0.0 Mobile DuckDuckGo/5 Safari/537.36",
    f"{IPHONE} Mobile/15E148 Safari Line/14.4.0",
    f"{IPHONE} Mobile/15E148 Twitter for iPhone/10.60",
    f"{ANDROID} TwitterAndroid",
    f"{IPHONE} Mobile/21G93 [Pinterest/iOS]",
    f"{ANDROID} Snapchat/12.60.0.37 (SM-S918B; Android 14#S918BXXU3; gzip; )",
    f"{IPHONE} Mobile/15E148 LinkedInApp/9.30.1234",
    f"{IPHONE} Mobile/15E148 musical_ly_33.1.0 JsSdk/2.0 NetType/WIFI ByteLocale/es Region/ES"
    " BytedanceWebview/d8a21c6",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Slack/4.41.96 Chrome/130.0.0.0 Electron/33.0.2 Safari/537.36",
)  # fmt: skip


@pytest.mark.parametrize("agent", PREVIEWERS)
def test_machines_are_told_from_people(agent: str) -> None:
    assert referrals_rules.is_machine(agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_count_in_whatever_browser(agent: str) -> None:
    assert not referrals_rules.is_machine(agent)


def agents_of(kind: str) -> list[str]:
    """The user agents of `people` or `machines` in agents.txt."""
    found: list[str] = []
    inside = False
    for line in AGENTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            inside = line.startswith(f"## {kind}: ")
        elif line and inside:
            found.append(line)
    return found


def test_agents_of_both_sides_that_the_library_does_not_bring() -> None:
    """The target is all of them: the sets name what is wrong."""
    people, machines = agents_of("people"), agents_of("machines")
    known = {agent for each in CRAWLER_USER_AGENTS_DATA for agent in each["instances"]}
    assert len(people) >= 100
    assert len(machines) >= 90
    assert not known & {*people, *machines}
    assert {agent for agent in people if referrals_rules.is_machine(agent)} == set()
    assert {agent for agent in machines if not referrals_rules.is_machine(agent)} == set()


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (Linux; Android 9; SomeBot/1.0) AppleWebKit/537.36 (KHTML, like Gecko)",
        "Mozilla/5.0 (Linux; Android 9; Cubot/1.0) AppleWebKit/537.36 (KHTML, like Gecko)",
        "Mozilla/5.0 (Linux; Android 9; CUBOT X18; +http://a.example/bot) AppleWebKit/537.36",
        "Mozilla/5.0 (compatible; Anything/2.0)",
    ],
)
def test_the_name_of_a_telephone_hides_no_machine(agent: str) -> None:
    assert referrals_rules.is_machine(agent)


def test_every_machine_that_the_list_knows_is_one() -> None:
    known = {agent for each in CRAWLER_USER_AGENTS_DATA for agent in each["instances"]}
    assert len(known) > 1000
    taken_for_people = {agent for agent in known if not referrals_rules.is_machine(agent)}
    # Of the apps whose names are taken out of real browsers.
    assert taken_for_people == set()


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "preview"])
def test_what_is_fetched_ahead(purpose: str) -> None:
    assert referrals_rules.is_ahead(purpose)
    assert not referrals_rules.is_ahead("")


@pytest.mark.parametrize(
    ("by", "source", "channel"),
    [
        ("", "", "link"),
        ("qr", "", "qr"),
        ("qr", "newsletter", "qr"),
        ("", "Newsletter", "mail"),
        ("", "E-Mail", "mail"),
        ("", "twitter", "x"),
        ("whatsapp", "", "whatsapp"),
        ("", "WA", "whatsapp"),
        ("", "t.me", "telegram"),
        ("", " ig ", "instagram"),
        ("", "fb", "facebook"),
        ("web-share", "", "web_share"),
        ("", "oembed", "embed"),
        ("", "spring-campaign", "other"),
        ("'; DROP TABLE", "", "other"),
    ],
)
def test_channels(by: str, source: str, channel: str) -> None:
    assert referrals_rules.channel(by, source) == channel


@given(st.text(), st.text())
def test_a_channel_is_always_one_of_the_set(by: str, source: str) -> None:
    assert referrals_rules.channel(by, source) in referrals_rules.CHANNELS


def test_only_utm_is_carried_once_each_and_bounded() -> None:
    query = [("utm_campaign", "a" * 300), ("by", "qr"), ("next", "//evil"), ("utm_source", "ig"),
             ("utm_source", "other"), ("utm_term", ""), ("via", "x")]  # fmt: skip
    assert referrals_rules.carried(query) == [("utm_source", "ig"), ("utm_campaign", "a" * 100)]


# Attribution -----------------------------------------------------------------------------------

ANA, BEN, BRAND = Owner(10), Owner(20), None
ME = 100


def click(link: int, days_ago: float, owner: Owner | None) -> Click:
    return Click(link, NOON - days_ago * DAY, owner)


@pytest.mark.parametrize(
    ("clicks", "link"),
    [
        ([], None),
        ([click(1, 5, ANA)], 1),
        ([click(1, 90, ANA)], 1),
        ([click(1, 90.001, ANA)], None),
        ([click(1, 0, ANA)], 1),
        ([click(1, -0.001, ANA)], None),  # a clock that is ahead
        ([click(1, 5, ANA), click(2, 4, BEN)], 2),  # the last one wins,
        ([click(2, 4, BEN), click(1, 5, ANA)], 2),  # in whatever order they are told
        ([click(1, 5, ANA), click(2, 5, BEN)], 2),
        ([click(2, 5, BEN), click(1, 5, ANA)], 2),
        ([click(1, 5, ANA), click(2, 91, BEN)], 1),
        ([click(1, 5, Owner(ME))], None),  # oneself
        ([click(1, 5, Owner(ME + 1))], None),  # who is younger
        ([click(1, 5, BRAND)], None),
        ([click(1, 5, ANA), click(2, 4, BRAND)], 1),  # a brand is nobody's parent
        ([click(1, 5, Owner(10, is_erased=True))], None),
        ([click(1, 5, Owner(10, is_suspended=True))], None),
        ([click(1, 5, Owner(10, is_false=True))], None),
        ([click(1, 5, ANA), click(2, 4, Owner(20, is_suspended=True))], 1),
    ],
)
def test_who_brought_a_newcomer(clicks: list[Click], link: int | None) -> None:
    won = referrals_rules.attributed(clicks, ME, NOON)
    assert (won.link_id if won else None) == link


owners = st.none() | st.builds(
    Owner, st.integers(90, 110), st.booleans(), st.booleans(), st.booleans()
)
clicks_made = st.lists(
    st.builds(
        Click,
        st.integers(1, 6),
        st.integers(-2, 92).map(lambda days: NOON - days * DAY),
        owners,
    ),
    max_size=8,
)


@given(clicks_made, st.randoms(use_true_random=False))
def test_attribution_is_what_an_obvious_reference_says(
    clicks: list[Click], chance: random.Random
) -> None:
    """Go through the days from the newest to the oldest; the first day with a good click has it."""
    expected = None
    for days in range(91):
        that_day = [c for c in clicks if c.clicked_at == NOON - days * DAY]
        for link in range(6, 0, -1):
            for each in that_day:
                owner = each.owner
                if each.link_id != link or owner is None or expected is not None:
                    continue
                if owner.is_erased or owner.is_suspended or owner.is_false:
                    continue
                if owner.member_id >= ME:
                    continue
                expected = (each.link_id, each.clicked_at)
    chance.shuffle(clicks)
    won = referrals_rules.attributed(clicks, ME, NOON)
    assert (won and (won.link_id, won.clicked_at)) == expected


# Marks -----------------------------------------------------------------------------------------


def test_marks_tell_visitors_of_a_day_apart_and_nothing_else() -> None:
    salt, other = b"a" * 32, b"b" * 32
    shown = ("192.0.2.7", "Firefox", "es")
    mark = referrals_rules.visitor_key(salt, *shown, 1)
    assert len(mark) == referrals_rules.MARK_BYTES
    assert referrals_rules.visitor_key(salt, *shown, 1) == mark
    others = {
        referrals_rules.visitor_key(other, *shown, 1),
        referrals_rules.visitor_key(salt, *shown, 2),
        referrals_rules.visitor_key(salt, "192.0.2.8", "Firefox", "es", 1),
        referrals_rules.visitor_key(salt, "192.0.2.7", "Safari", "es", 1),
        referrals_rules.visitor_key(salt, "192.0.2.7", "Firefox", "en", 1),
        referrals_rules.visitor_key(salt, "192.0.2.7F", "irefox", "es", 1),
    }
    assert len(others | {mark}) == 7


# Travelling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "carried"),
    [
        ("/", "/?via=x.1"),
        ("/places?q=a", "/places?q=a&via=x.1"),
        ("/reviews/1#comments", "/reviews/1?via=x.1#comments"),
        ("/places?via=y.2#a", "/places?via=y.2#a"),
    ],
)
def test_an_address_carries_an_invitation_once(address: str, carried: str) -> None:
    assert referrals_rules.with_via(address, "x.1") == carried


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("/?via=x.1", "/"),
        ("/places?q=a&via=x.1&page=2#b", "/places?q=a&page=2#b"),
        ("/places?q=via", "/places?q=via"),
        ("/?", "/"),
    ],
)
def test_and_loses_it_again(address: str, plain: str) -> None:
    assert referrals_rules.without_via(address) == plain


PAGE = """
<link rel="canonical" href="/places/1"><link rel="stylesheet" href="/static/build/a.css">
<a class="x" href="/">Map</a><a href="/places?a=1&amp;b=2#c" data-x="1">P</a><a href="?page=2">N</a>
<a href="https://elsewhere.example/">E</a><a href="//elsewhere.example/">E</a><a href="#top">T</a>
<a href="mailto:a@example.org">M</a><a href="/static/build/a.js">S</a>
<a href="/x?a=1&amp;via=y.2">V</a>
<form method="get" action="/search" role="search"><input name="q"></form>
<form class="card" method="post" action="/join">x</form><p>a href="/text"</p>
"""


def test_a_page_carries_it_in_its_own_links_and_forms_only() -> None:
    page = referrals_rules.carry(PAGE, "x.1")
    assert re.findall(r'(?:href|action)="([^"]*x\.1[^"]*)"', page) == [
        "/?via=x.1", "/places?a=1&amp;b=2&amp;via=x.1#c", "?page=2&amp;via=x.1",
        "/search?via=x.1", "/join?via=x.1",
    ]  # fmt: skip
    # A form that is asked by GET makes its own query.
    assert page.count('<input type="hidden" name="via" value="x.1">') == 1
    assert 'role="search"><input type="hidden"' in page
    assert len(page) - len(PAGE) == sum(
        len(added)
        for added in ("?via=x.1", "&amp;via=x.1", "&amp;via=x.1", "?via=x.1", "?via=x.1",
                      '<input type="hidden" name="via" value="x.1">')
    )  # fmt: skip


def test_months_and_their_partitions() -> None:
    day = dt.date(2026, 11, 28)
    months = [referrals_rules.month_of(day, ahead) for ahead in (-13, 0, 1, 2)]
    assert [referrals_rules.partition_name(first) for first in months] == [
        "visits_2025_10", "visits_2026_11", "visits_2026_12", "visits_2027_01",
    ]  # fmt: skip
